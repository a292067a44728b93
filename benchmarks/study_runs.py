"""Tiny studies that run in processes of their own, to be compared and killed.

    python -m benchmarks.study_runs STUDY.json RUN [ADDRESS]

One line per event on the standard output, with the time. Used by `tests/test_exactness.py`,
`tests/test_faults.py`, `tests/test_kill.py` and `benchmarks/kill_test.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from analysis.observations import TRIAL, identity, read_rows
from search.assignments import Planner, setup_of
from search.clock import Clock
from search.confirm import Confirmation
from search.endings import SearchStopped
from search.floor import Director
from search.objectives import objective_from
from search.places import places_of
from search.run_folder import RunFolder, RunFolderError, opened_for_writing
from search.study import (
    Recorder,
    open_optuna,
    open_search,
    run_study,
)
from search.study_fields import StudyConfig
from spaces.stopping import RungTable
from trainables.assignment import Assignment, Setup
from trainables.leases import NoLeases
from trainables.store import Store
from trainables.train import RungReached, run_assignment
from trainables.workbench import Workbench

REPOSITORY = Path(__file__).resolve().parent.parent
COSTS = ("examples_paid", "seconds")
"""Columns that may differ between two runs of a study."""
STOPPED, REFUSED = 1, 2
"""Exit codes of a run that could not go on, and of one that was not started."""


def tiny_study(store: Path | None, **changes: Any) -> StudyConfig:
    """Two tasks, two targets, a few trials: about 10 s of training on one core.

    Args:
        store: None = no store.
        changes: sections of the study that differ.
    """
    recipe = {"learning_rate": 1e-3, "epochs": 1}
    study: dict[str, Any] = {
        "study": {"name": "tiny"},
        "encoder": {"name": "miniworld"},
        "space": {"tasks": ["mini-paraphrase", "mini-pos"], "sizes": [100, 300], "max_stages": 2},
        "targets": ["mini-udpos", "mini-tatoeba"],
        "languages": {"proxy": ["ane"], "report": ["bor"]},
        "probe": {"train": 90, "eval": 30},
        "full": {"train": 100, "eval": 30},
        "stopping": {},
        "budget": {"trials": 3},
        "confirm": {"top": 1, "controls": False, "learning_rates": []},
        "seeds": {"noise": [2], "confirm": [11]},
        "recipe": {"stage": recipe, "target": recipe},
        "store": {"enabled": False} if store is None else {"path": str(store)},
    }
    return StudyConfig.model_validate(study | changes)


def start(config: StudyConfig, run: Path, *, log: Path, address: str | None = None) -> Any:
    """A process that runs the study; its output goes to `log`."""
    study = log.with_suffix(".json")
    study.write_text(config.model_dump_json())
    command = [sys.executable, "-m", "benchmarks.study_runs", str(study), str(run)]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*command, *([address] if address else [])],
            cwd=REPOSITORY,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def run_alone(
    config: StudyConfig, run: Path, *, after_rung: Callable[[Assignment, int], None] | None = None
) -> tuple[list[str], RungTable]:
    """The same study in this process, one trial after the other, without Ray.

    Args:
        config: the study.
        run: its folder.
        after_rung: called when a rung is recorded; what it raises ends the run.

    Returns:
        What had to be repaired, and the rungs that ASHA compares at.
    """
    folder = RunFolder(run)
    with opened_for_writing(folder) as repairs:
        planner = Planner(config, places := places_of(config, folder, None))
        recorder = Recorder(folder.observations)
        trials, _ = open_search(config, folder, planner, recorder, Clock(folder.clock))
        objective = objective_from(config, planner.languages("search"))
        confirmation = Confirmation(config, planner, recorder, objective)
        bench = Workbench(setup_of(config, places))
        directors: Iterable[Director] = chain((trials,), confirmation.passes())
        for director in directors:
            while (assignment := director.next()) is not None:
                _drive(director, assignment, bench, after_rung or (lambda *_: None))
    return repairs, trials._rungs


def _drive(
    director: Director,
    assignment: Assignment,
    bench: Workbench,
    after_rung: Callable[[Assignment, int], None],
) -> None:
    for event in run_assignment(assignment, bench, NoLeases()):
        if isinstance(event, RungReached):
            verdict = director.on_rung(assignment, event.rung, event.rows)
            after_rung(assignment, event.rung)
            if verdict.ends:
                return


def run_trial(setup: Setup, assignment: Assignment) -> tuple[list[str], list[dict[str, Any]]]:
    """One curriculum in this process, outside any study.

    Returns:
        What it said on the way, and its observations.
    """
    said, rows = [], []
    for event in run_assignment(assignment, Workbench(setup), NoLeases()):
        said.append(event.detail)
        rows += event.rows if isinstance(event, RungReached) else []
    return said, rows


def values(run: Path) -> dict[tuple[str | int, ...], dict[str, Any]]:
    """All columns of every observation that must be the same bits in every run, by identity."""
    rows = read_rows(RunFolder(run).observations)
    found = bits(rows)
    assert len(found) == len(rows), "an observation was written twice"
    return found


def bits(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str | int, ...], dict[str, Any]]:
    """The columns of rows that do not say what was paid, by identity."""
    return {
        identity(row): {column: row[column] for column in row if column not in COSTS}
        for row in rows
    }


def by_trial(run: Path) -> dict[tuple[Any, ...], int]:
    """The highest rung of every trial in a run folder."""
    rungs: dict[tuple[Any, ...], int] = {}
    for row in read_rows(RunFolder(run).observations):
        key = tuple(row[column] for column in TRIAL)
        rungs[key] = max(row["rung"], rungs.get(key, 0))
    return rungs


def optuna_trials(config: StudyConfig, run: Path) -> list[tuple[Any, ...]]:
    """What Optuna knows, in its order: parameters, state, values; without what was never told."""
    return [
        (trial.params, trial.state.name, trial.value, trial.intermediate_values, trial.user_attrs)
        for trial in open_optuna(config, RunFolder(run)).get_trials(deepcopy=False)
        if "curriculum" in trial.user_attrs
    ]


def weights(store: Path) -> dict[str, str]:
    """SHA-256 of the weights of every finished stage and target: finer than any score."""
    return {
        f"{entry.key} {entry.numerics}": entry.weights["sha256"]
        for entry in Store(str(store)).entries()
        if entry.weights is not None
    }


def made_by(store: Path) -> dict[str, tuple[str, float]]:
    """Trial that paid for every finished node, and the seconds it took, by the node's name."""
    return {
        f"{entry.key} {entry.numerics}": (entry.creator, entry.seconds)
        for entry in Store(str(store)).entries()
    }


def main(study: str, run: str, address: str | None = None) -> int:
    config = StudyConfig.model_validate_json(Path(study).read_text())

    def tell(event: Any) -> None:
        assignment = event.assignment
        about = f"{assignment.phase} {assignment.role} {assignment.curriculum!r}"
        print(f"{time.time():.3f}", event.kind, about, event.rung, event.detail)

    try:
        print(run_study(config, RunFolder(Path(run)), address=address, on_event=tell))
    except RunFolderError as error:
        print(f"refused: {error}")
        return REFUSED
    except SearchStopped as error:
        print(f"stopped: {error}")
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
