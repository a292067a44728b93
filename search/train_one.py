"""How is one curriculum trained outside a study? To an encoder, or to a target's model.

No Ray: the same nodes as in a study, from its store where they are there. So at equal seeds the
scores are those of the study's observations.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import torch

from analysis.tables import plain
from search.assignments import Planner, setup_of
from search.in_place import folder_in_place
from search.places import Places, cache_of, store_of
from search.study_fields import StudyConfig
from search.study_values import nearest
from search.trial_file import TrialChoice, TrialFileError, assignment_of, trial_text
from trainables.assignment import SEARCH, Assignment, Setup
from trainables.head_export import save_encoder, save_with_head, task_model_class
from trainables.leases import NoLeases
from trainables.nodes import Event, Trial
from trainables.tasks import Catalogue
from trainables.tasks.task import Task
from trainables.train import RungReached, run_assignment
from trainables.trained import take_encoder, take_target
from trainables.workbench import Workbench

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 5.0
"""Lines about one step of the work come no more often than this."""
_RUN_ID = "curriculum train"
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What `curriculum train` made."""

    folder: Path
    """A Hugging Face folder, with the curriculum.yaml that makes it again."""
    scores: list[dict[str, Any]]
    """Evaluation rows of the target in the columns of observations; none for an encoder."""
    loader: str
    """Name of the transformers class that loads it."""


def train_one(
    config: StudyConfig,
    choice: TrialChoice,
    *,
    target: str | None,
    out: Path | None,
    mirror: Path | None,
    on_progress: Callable[[str], None],
) -> Trained:
    """Train a curriculum's stages, and a target on them if one is named.

    Args:
        config: the study that says encoder, recipes and languages.
        choice: what to train.
        target: any task that can be a target and is trained; the study need not have it.
        out: a folder that is not there yet; None: `trained/<study>/<target or encoder>`.
        mirror: folder that stands in for the hub.
        on_progress: takes a line every few seconds.

    Raises:
        ValueError: for a target without a model of its own, a folder that is there, or a choice
            that cannot be trained.
    """
    scored = config
    if target is not None:
        name = _trained_target(target, config.catalogue).name
        scored = config.model_copy(update={"targets": (name,)})
    folder = out or Path("trained") / config.study.name / (target or "encoder")
    if folder.exists():
        raise TrialFileError(f"{folder} is there already; name another folder with --out")
    places = Places(
        run_id=_RUN_ID,
        cache=cache_of(config),
        store=store_of(config),
        mirror=None if mirror is None else mirror.resolve(),
    )
    assignment = assignment_of(choice, Planner(scored, places))
    on_progress(_beginning(choice, assignment, target))
    bench = Workbench(setup_here(config, places))
    with folder_in_place(folder) as new:
        scores = _train(bench, assignment, target, new, on_progress)
        (new / "curriculum.yaml").write_text(trial_text(config, choice), encoding="utf-8")
    loader = "AutoModel"
    if target is not None:
        loader = task_model_class(bench.catalogue.get(target))
    return Trained(folder=folder, scores=scores, loader=loader)


def score_table(scores: Sequence[dict[str, Any]]) -> str:
    """Evaluation rows as plain text: one line per language and split, one column per metric."""
    frame = pd.DataFrame(scores)
    metrics = list(dict.fromkeys(frame["metric"]))
    wide = frame.pivot(index=["split", "language", "items"], columns="metric", values="value")
    order = list(dict.fromkeys(frame[["split", "language", "items"]].itertuples(index=False)))
    return plain(wide.loc[order, metrics].reset_index())


def setup_here(config: StudyConfig, places: Places) -> Setup:
    """The study's setup; without its GPU, a CPU that takes what the GPU left in the store."""
    setup = setup_of(config, places)
    if setup.device == "cpu" or torch.cuda.is_available():
        return setup
    log.warning(
        "the study ran on a GPU (resources.gpus %g), but there is none here: what is not in the "
        "store is trained on the CPU, and differs in its last digits",
        config.resources.gpus,
    )
    return replace(setup, device="cpu", accept_other_numerics=True)


def driven(events: Generator[Event, None, _Found], on_progress: Callable[[str], None]) -> _Found:
    """Run to the end, telling what is done now and then; gives what the generator returns."""
    teller = _Teller(on_progress)
    while True:
        try:
            teller.tell(next(events).detail)
        except StopIteration as end:
            found: _Found = end.value
            return found


def _train(
    bench: Workbench,
    assignment: Assignment,
    target: str | None,
    folder: Path,
    on_progress: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Fill the folder, and give the scores of a target."""
    trial = Trial(assignment=assignment, bench=bench, leases=NoLeases())
    (work,) = assignment.rungs
    if target is None:
        driven(take_encoder(trial, work), on_progress)
        save_encoder(folder, bench.encoder)
        return []
    scores = _scores(assignment, bench, on_progress)
    task = bench.catalogue.get(target)
    head = driven(take_target(trial, work, task), on_progress)
    save_with_head(folder, bench.encoder, head, task)
    return scores


def _scores(
    assignment: Assignment, bench: Workbench, on_progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    teller = _Teller(on_progress)
    rows: list[dict[str, Any]] = []
    for event in run_assignment(assignment, bench, NoLeases()):
        if isinstance(event, RungReached):
            rows = event.rows
        else:
            teller.tell(event.detail)
    return [row for row in rows if row["part"] == "evaluation"]


class _Teller:
    """Passes on the first line about each step, then one every few seconds."""

    def __init__(self, on_progress: Callable[[str], None]) -> None:
        self._on_progress = on_progress
        self._topic = ""
        self._told = 0.0

    def tell(self, line: str) -> None:
        """A line; what stands before its colon names the step."""
        topic = re.split(r": step ", line)[0]
        if topic != self._topic or time.monotonic() - self._told > PROGRESS_SECONDS:
            self._topic, self._told = topic, time.monotonic()
            self._on_progress(line)


def _beginning(choice: TrialChoice, assignment: Assignment, target: str | None) -> str:
    """What is going to be trained."""
    seeds = f"stage seed {choice.stage_seed}, target seed {choice.target_seed}"
    if target is None:
        return f"encoder after {choice.curriculum}, stage seed {choice.stage_seed}"
    examples = assignment.rungs[-1].train_examples[target]
    full = "as in the search; trial.phase: confirm trains it in full"
    how = f" ({full})" if choice.phase == SEARCH else ""
    return f"{target} on {examples:,} examples{how} after {choice.curriculum}, {seeds}"


def _trained_target(name: str, catalogue: Catalogue) -> Task:
    """A target that has a model of its own."""
    tasks = catalogue.tasks
    targets = [task for task in tasks.values() if task.role in ("target", "both")]
    trained = [task.name for task in targets if task.kind != "retrieval"]
    if name in trained:
        return tasks[name]
    if name in tasks and tasks[name].kind == "retrieval":
        raise TrialFileError(
            f"--target {name} is a retrieval task: it is scored on the encoder as it is and has "
            "no head; leave --target out to get that encoder"
        )
    raise TrialFileError(f"--target {name} is no target; {nearest(name, trained)}")
