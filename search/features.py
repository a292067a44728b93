"""Which similarities and task embeddings belong to a study? Measured into `features.parquet`.

No Ray: the same store as in the study, so that single stages and fine-tuned targets which its
baselines trained are read, and what an earlier call measured is not measured again. Nothing here
guides a search: text of the search split is read in every language, its labels are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.features import as_features, write_features
from search.assignments import SOURCE_LANGUAGE, Planner
from search.config import StudyConfig, differences, load_study
from search.in_place import write_in_place
from search.language_features import language_rows
from search.launch import RUNS, launch, study_in
from search.places import Places, places_of
from search.run_folder import RunFolder, RunFolderError
from search.train_one import driven, setup_here
from spaces.curriculum import Curriculum
from trainables.data import available_languages
from trainables.features.rows import PARTS, measured
from trainables.features.text_rows import text_rows
from trainables.features.vectors import LAST
from trainables.features.wanted import Amounts, Row, Wanted
from trainables.leases import NoLeases
from trainables.nodes import Trial
from trainables.tasks.task import MiniworldSource, SplitName
from trainables.workbench import Workbench

log = logging.getLogger(__name__)


NEEDED: Mapping[str, tuple[str, ...]] = {
    "order": ("TextEmb", "TaskEmb", "evidence"),
    "morphology": (),
    "semantic": ("texts", "translations"),
    "linguistic": ("sub-words",),
}
"""By what a study may ask that needs more than its scores: what is measured for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What `curriculum features` made."""

    path: Path
    frame: pd.DataFrame
    """As `analysis/features.py` describes it."""


def study_for_features(
    source: str, *, run: Path | None, mirror: Path | None
) -> tuple[StudyConfig, RunFolder]:
    """A study and its run folder, which is made if it is not there yet; a finished one stays so.

    Args:
        source: preset, study file, or run folder.
        run: the run folder; None: `source` itself if it is one, else runs/<study.name>.
        mirror: folder that stands in for the hub.

    Raises:
        StudyError, RunFolderError: if the study is wrong, or the folder holds another one.
    """
    own = RunFolder(Path(source))
    if run is None and own.facts.is_file() and own.study_file.is_file():
        return study_in(own), own
    config = load_study(source, mirror=mirror)
    folder = RunFolder(RUNS / config.study.name if run is None else run)
    if not (folder.facts.is_file() and folder.study_file.is_file()):
        launched = launch(source, run=folder.path, mirror=mirror)
        return launched.config, launched.folder
    if changed := differences(study_in(folder), config):
        raise RunFolderError(
            "\n  ".join([f"the run folder {folder.path} holds another study:", *changed])
            + f"\nname another folder with --run, or type: curriculum features {folder.path}"
        )
    return config, folder


def features_of(
    config: StudyConfig,
    folder: RunFolder,
    *,
    mirror: Path | None = None,
    amounts: Amounts | None = None,
    parts: Iterable[str] = tuple(PARTS),
    sentence_encoder: str | None = None,
    on_progress: Callable[[str], None] = log.info,
) -> Written:
    """Measure the features of a study and write them into its run folder, in place of earlier ones.

    Args:
        config: the study.
        folder: its run folder.
        mirror: folder that stands in for the hub; None: the one of the last launch.
        amounts: how much is read for each; None: the defaults.
        parts: of PARTS; languages, sizes and what is declared always come too.
        sentence_encoder: hub id or folder of another encoder, by whose last layer texts are
            compared too, as sentence encoders are made to be read.
        on_progress: takes a line every few seconds.

    Raises:
        DataError, EncoderError, StoreError: all are ValueErrors.
    """
    places = places_of(config, folder, mirror or folder.mirror)
    planner, bench = Planner(config, places), Workbench(setup_here(config, places))
    wanted = _wanted(config, planner, places, amounts or Amounts())
    assignment = replace(planner.search(Curriculum(), "baseline", None), variant="features")
    trial = Trial(assignment=assignment, bench=bench, leases=NoLeases())
    rows = driven(measured(trial, wanted, parts), on_progress)
    invented, human = _languages(config, wanted)
    rows += driven(language_rows(trial, invented=invented, human=human), on_progress)
    if sentence_encoder is not None:
        rows += _by_another(sentence_encoder, trial, wanted, on_progress)
    frame = as_features(rows)
    write_in_place(folder.features, lambda new: write_features(frame, new))
    return Written(path=folder.features, frame=frame)


def summary(frame: pd.DataFrame) -> Iterator[str]:
    """Lines about what was measured and what was not."""
    counted = frame["value"].notna() | (frame["label"] != "")
    yield f"{int(counted.sum()):,} values of {frame['feature'].nunique()} features"
    lacks = frame[~counted]
    for (feature, note), rows in lacks.groupby(["feature", "note"], sort=False):
        columns = ("task", "target", "language")
        where = [" ".join(filter(None, row)) for row in rows[list(columns)].itertuples(index=False)]
        shown = ", ".join(where[:5]) + (f" and {len(where) - 5} more" if len(where) > 5 else "")
        yield f"  not measured: {feature} of {shown} ({note})"


def _by_another(
    encoder: str, trial: Trial, wanted: Wanted, on_progress: Callable[[str], None]
) -> list[Row]:
    """`sentence_cosine` and `sentence_mmd2`, with the encoder's name as their note."""
    changes: dict[str, Any] = {"encoder": encoder, "revision": None, "retrieval_layer": None}
    bench = Workbench(replace(trial.bench.setup, **changes))
    other = Trial(assignment=trial.assignment, bench=bench, leases=NoLeases())
    rows = driven(text_rows(other, wanted, prefix="sentence", reading=LAST), on_progress)
    return [{**row, "note": row["note"] or f"by {encoder}"} for row in rows]


def _wanted(config: StudyConfig, planner: Planner, places: Places, amounts: Amounts) -> Wanted:
    """Tasks at their largest sizes, and every language that the study scores."""
    given = planner.given()
    singles = {single.tasks[0]: str(single) for single in given.singles}
    targets: dict[str, dict[str, SplitName]] = {}
    for name in config.targets:
        task = config.catalogue.get(name)
        readable = available_languages(task, "search", places.mirror)
        scored = {*planner.languages("report")[name], *planner.languages("search")[name]}
        here = [x for x in task.languages if x in scored]
        targets[name] = {x: "search" if x in readable else "report" for x in here}
    work = planner.search(Curriculum(), "baseline", None).rungs[-1]
    return Wanted(singles=singles, targets=targets, work=work, amounts=amounts)


def _languages(config: StudyConfig, wanted: Wanted) -> tuple[list[str], list[str]]:
    """Languages of the embedded world and human ones, English with each."""
    found: dict[bool, dict[str, None]] = {True: {}, False: {}}
    for name, languages in wanted.targets.items():
        is_world = isinstance(config.catalogue.get(name).source, MiniworldSource)
        found[is_world].update(dict.fromkeys([SOURCE_LANGUAGE, *languages]))
    return list(found[True]), list(found[False])
