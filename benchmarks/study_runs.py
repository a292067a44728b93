"""Tiny studies that run in processes of their own, to be compared and killed.

    python -m benchmarks.study_runs STUDY.json RUN [ADDRESS]

One line per event on the standard output. Used by the tests of section "keeps its promises" and
by `benchmarks/kill_test.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from analysis.observations import identity, read_rows
from search.run_folder import RunFolder, RunFolderError
from search.study import open_optuna, run_study
from search.study_fields import StudyConfig
from search.trials import SearchStopped
from trainables.store import Store

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
        "encoder": {"name": "miniworld-demo"},
        "space": {"tasks": ["mini-paraphrase", "mini-pos"], "sizes": [100, 300], "max_stages": 2},
        "targets": ["mini-xnli", "mini-tatoeba"],
        "languages": {"proxy": ["ane"], "report": ["bor"]},
        "probe": {"train": 90, "eval": 30},
        "full": {"train": 100, "eval": 30},
        "budget": {"trials": 3},
        "confirm": {"top": 1, "controls": False, "learning_rates": []},
        "seeds": {"noise": [1], "confirm": [11]},
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


def values(run: Path) -> dict[tuple[str | int, ...], dict[str, Any]]:
    """All columns of every observation that must be the same bits in every run, by identity."""
    return {
        identity(row): {column: row[column] for column in row if column not in COSTS}
        for row in read_rows(RunFolder(run).observations)
    }


def optuna_trials(config: StudyConfig, run: Path) -> list[tuple[Any, ...]]:
    """What Optuna knows, in its order: parameters, state, values; without what was never told."""
    return [
        (trial.params, trial.state.name, trial.value, trial.intermediate_values, trial.user_attrs)
        for trial in open_optuna(config, RunFolder(run)).get_trials(deepcopy=False)
        if "curriculum" in trial.user_attrs
    ]


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
        print(event.kind, about, event.rung, event.detail)

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
