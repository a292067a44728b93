"""What does a user take away from a study? The best curricula as files and models, and its tables.

    best/01/curriculum.yaml    makes it again: `curriculum train`      (`search/trial_file.py`)
    best/01/encoder/           the encoder after the last stage, a Hugging Face folder
    best/01/README.md          its model card                          (`search/model_card.py`)
    leaderboard.csv            every curriculum, best first; scores in [0, 1]
    best_per_target.csv        the best for each target alone, and the average of those bests
    benchmark.csv              confirmed curricula by target, as a benchmark averages
    observations.parquet       every observation

Weights come from the store; what was evicted is trained again, without Ray. The models that were
exported stay in the store longer than others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import filelock
import pandas as pd

from analysis.best import Best, best_curricula
from analysis.leaderboard import Leaderboard, leaderboard
from analysis.observations import read
from analysis.official import FIXED, Official, official
from search.assignments import Planner
from search.config import StudyConfig, load_study
from search.in_place import clear_leftovers, folder_in_place, write_in_place
from search.model_card import Exported, model_card
from search.objectives import objective_from
from search.places import places_of
from search.run_folder import RunFolder, RunFolderError
from search.study import PIN_BEST_SECONDS
from search.train_one import driven, setup_here
from search.trial_file import TrialChoice, assignment_of, trial_text
from trainables.head_export import save_encoder
from trainables.keys import Node
from trainables.leases import NoLeases
from trainables.nodes import Trial
from trainables.steps import target_training
from trainables.trained import Taken, take_encoder
from trainables.workbench import Workbench

log = logging.getLogger(__name__)


def export_run(
    folder: RunFolder,
    *,
    top: int,
    mirror: Path | None = None,
    on_progress: Callable[[str], None] = log.info,
) -> list[Path]:
    """Write the best curricula of a study into `best/`, in the place of an earlier export.

    Args:
        folder: a run folder, of a finished study or of one that goes on.
        top: how many; fewer if the study has fewer.
        mirror: folder that stands in for the hub; None: the one of the last launch.
        on_progress: takes a line every few seconds.

    Returns:
        The folders of the curricula, best first.

    Raises:
        RunFolderError: if there is nothing to export, or another export runs.
        StudyError: if the study's file is wrong.
    """
    if top < 1:
        raise RunFolderError(f"--top is {top}; wanted at least 1 curriculum")
    if not folder.study_file.is_file():
        raise RunFolderError(f"{folder.path} is no run folder: it has no study.yaml")
    try:
        with filelock.FileLock(folder.path / ".export.lock", timeout=0):
            return _export(folder, top, mirror or folder.mirror, on_progress)
    except filelock.Timeout as error:
        raise RunFolderError(f"another export of {folder.path} is running; wait for it") from error


def _export(
    folder: RunFolder, top: int, mirror: Path | None, on_progress: Callable[[str], None]
) -> list[Path]:
    config = load_study(folder.study_file, mirror=mirror)
    frame = read(folder.observations)
    places = places_of(config, folder, mirror)
    planner = Planner(config, places)
    objective = objective_from(config, planner.languages("search"))
    chosen = best_curricula(frame, objective)[:top]
    if not chosen:
        raise RunFolderError(
            f"{folder.path} has nothing to export: no trial has run to its end; "
            f"go on with: curriculum resume {folder.path}"
        )
    board = leaderboard(frame, objective)
    write_in_place(folder.path / "leaderboard.csv", lambda path: _write_csv(board, path))
    write_in_place(folder.path / "best_per_target.csv", lambda path: _write_bests(board, path))
    write_in_place(folder.path / "observations.parquet", frame.to_parquet)
    if (found := official(frame, objective)) is not None:
        write_in_place(folder.path / "benchmark.csv", lambda path: _write_official(found, path))
    clear_leftovers(folder.best)
    bench = Workbench(setup_here(config, places))
    nodes: list[Node] = []
    with folder_in_place(folder.best) as best_folder:
        for place, best in enumerate(chosen, start=1):
            on_progress(f"exporting {place} of {len(chosen)}: {best.curriculum}")
            own = best_folder / f"{place:02d}"
            own.mkdir()
            choice = _choice(best)
            taken = _write_models(own, config, planner, bench, choice, nodes, on_progress)
            exported = Exported(place=place, best=best, choice=choice, taken=taken)
            card = model_card(exported, config, frame, objective, bench)
            (own / "README.md").write_text(card, encoding="utf-8")
    if places.store is not None:
        keys = [node.key for node in nodes]
        bench.store.pin(f"best of {places.run_id}", keys, seconds=PIN_BEST_SECONDS)
    return [folder.best / f"{place:02d}" for place in range(1, len(chosen) + 1)]


def _write_models(
    own: Path,
    config: StudyConfig,
    planner: Planner,
    bench: Workbench,
    choice: TrialChoice,
    nodes: list[Node],
    on_progress: Callable[[str], None],
) -> Taken:
    """Write curriculum.yaml and the encoder; add the nodes to be kept to `nodes`."""
    assignment = assignment_of(choice, planner)
    (work,) = assignment.rungs
    trial = Trial(assignment=assignment, bench=bench, leases=NoLeases())
    taken = driven(take_encoder(trial, work), on_progress)
    nodes += taken.nodes
    nodes += [
        target_training(trial, taken.last, bench.catalogue.get(target), work).node
        for target, num_examples in work.train_examples.items()
        if num_examples
    ]
    save_encoder(own / "encoder", bench.encoder)
    (own / "curriculum.yaml").write_text(trial_text(config, choice), encoding="utf-8")
    return taken


def _choice(best: Best) -> TrialChoice:
    """The first repetition: to take the best of them would be to choose on noise."""
    stage_seed, target_seed = best.seeds[0]
    return TrialChoice(
        phase=best.phase,
        curriculum=best.curriculum,
        stage_seed=stage_seed,
        target_seed=target_seed,
    )


def _write_official(found: Official, path: Path) -> None:
    """One row per curriculum: average, groups, targets."""
    targets = found.tasks.drop(columns=list(FIXED))
    pd.concat([found.groups, targets], axis="columns").to_csv(path, index=False)


def _write_csv(board: Leaderboard, path: Path) -> None:
    """Ranked curricula, then those that were stopped, without a rank."""
    table = pd.concat([board.ranked, board.stopped])
    table = table.astype(dict.fromkeys(("rank", "n", "rung"), "Int64"))
    table.to_csv(path, index=False)


def _write_bests(board: Leaderboard, path: Path) -> None:
    """One row per target; the last is the average of these bests."""
    average = pd.DataFrame({"target": ["average"], "score": [board.average_of_bests]})
    pd.concat([board.best_per_target, average]).to_csv(path, index=False)
