"""How is a study run? First launch, resume and extension are this one act.

    search    trials until the budget is spent          (`search/trials.py`)
    confirm   the best again on fresh seeds             (`search/confirm.py`)
    export    the best as files and models              (`search/export.py`)

The truth of a study is in its run folder and in the store, written in this order: store entry,
line in `observations.jsonl`, Optuna's study. Each can be rebuilt from the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from analysis.observations import TRIAL, append, identity, read_rows
from search.assignments import Planner, setup_of
from search.clock import Clock
from search.cluster import cluster, cluster_capacity
from search.config import check_resources
from search.confirm import Confirmation, InTurn
from search.execution import run_trials
from search.floor import Resources, TrialEvent
from search.interrupts import interruptible
from search.new_search import new_search
from search.objectives import Values, objective_from
from search.places import places_of
from search.run_folder import RunFolder, opened_for_writing
from search.study_fields import StudyConfig
from search.suggestions import Suggestions
from search.trials import Trials
from spaces.curriculum import Curriculum

Row = Mapping[str, Any]
PIN_BEST_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    repairs: list[str]
    exhausted: bool
    """The space has no more curricula."""
    num_trials: int
    """Sampled trials so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a launch finds in its run folder, for progress."""

    repairs: list[str]
    rows: list[dict[str, Any]]
    """Observations of earlier launches."""
    stopped: list[Curriculum]
    """Sampled curricula that earlier launches stopped early."""
    failed: list[Curriculum]
    """And those that failed."""
    value: Values
    """The objective of a trial's rows at one rung."""
    baselines: int
    """Trials that run besides the sampled ones; noise seeds included."""
    resources: Resources


class Recorder:
    """The observations of a run: each is written once, on disk before anything is decided on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: list[dict[str, Any]] = read_rows(path)
        self._known = {identity(row) for row in self.rows}

    def record(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Write the rows that are new, and give them back."""
        new = [dict(row) for row in rows if identity(row) not in self._known]
        if new:
            append(self._path, new)
            self._known.update(identity(row) for row in new)
            self.rows += new
        return new


def run_study(
    config: StudyConfig,
    folder: RunFolder,
    *,
    mirror: Path | None = None,
    address: str | None = None,
    on_event: Callable[[TrialEvent], None],
    on_open: Callable[[Opening], None] = lambda _: None,
) -> Outcome:
    """Search until the budget is spent, then confirm.

    Args:
        config: the study.
        folder: new, or that of an earlier launch of the same study.
        mirror: folder that stands in for the hub.
        address: a Ray cluster to join; None starts a local one.
        on_event: told of everything that trials report.
        on_open: told once what earlier launches left.

    Raises:
        RunFolderError: if another process writes to the run folder.
        StudyError: if the cluster has less than the study's resources.
        Interrupted: on SIGINT or SIGTERM; call again to resume.
        SearchStopped: if it cannot go on; call again to resume.
    """
    with interruptible(), opened_for_writing(folder) as repairs:
        places = places_of(config, folder, mirror)
        planner = Planner(config, places)
        objective = objective_from(config, planner.languages("search"))
        recorder = Recorder(folder.observations)
        clock = Clock(folder.clock)
        with cluster(address, store=places.store):
            cpus, gpus = cluster_capacity()
            check_resources(config, cpus=cpus, gpus=gpus)
            setup = setup_of(config, places)
            resources = resources_of(config)

            def report(event: TrialEvent) -> None:
                clock.take(event)
                if event.trace:
                    folder.keep_failure(f"{event.assignment.identity}\n{event.trace}\n")
                on_event(event)

            trials, suggestions = open_search(config, folder, planner, recorder, clock)
            on_open(
                Opening(
                    repairs=repairs,
                    rows=list(recorder.rows),
                    stopped=suggestions.ended_as(TrialState.PRUNED),
                    failed=suggestions.ended_as(TrialState.FAIL),
                    value=Values(objective),
                    baselines=planner.given().num_trials,
                    resources=resources,
                )
            )
            with clock.running("search", workers=resources.workers):
                run_trials(trials, setup=setup, resources=resources, on_event=report)
            confirmation = Confirmation(config, planner, recorder, objective)
            with clock.running("confirm", workers=resources.workers):
                passes = InTurn(confirmation.passes())
                run_trials(passes, setup=setup, resources=resources, on_event=report)
    return Outcome(repairs=repairs, exhausted=trials.exhausted, num_trials=suggestions.num_sampled)


def open_search(
    config: StudyConfig, folder: RunFolder, planner: Planner, recorder: Recorder, clock: Clock
) -> tuple[Trials, Suggestions]:
    """The state of a search, rebuilt from its run folder."""
    trials, suggestions = new_search(
        config,
        planner,
        study=open_optuna(config, folder),
        record=recorder.record,
        elapsed_hours=clock.hours,
    )
    for rows in _searched_rungs(recorder.rows):
        trials.recall(rows)
    trials.reconcile()
    return trials, suggestions


def _searched_rungs(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each trial at each rung, in the order in which the rungs were completed.

    A rung whose write was cut short comes twice in the file: its rest was written later.
    """
    rungs: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["phase"] == "search":
            key = (*(row[column] for column in TRIAL), row["rung"])
            rungs[key] = [*rungs.pop(key, []), row]
    return list(rungs.values())


def open_optuna(config: StudyConfig, folder: RunFolder) -> optuna.Study:
    """Optuna's study, in the run folder's journal or in the database of `storage`."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage: BaseStorage
    if config.storage is None:
        storage = JournalStorage(JournalFileBackend(str(folder.journal)))
    else:
        storage = RDBStorage(config.storage)
    return optuna.create_study(
        storage=storage,
        study_name=config.study.name,
        direction="maximize",
        load_if_exists=True,
    )


def resources_of(config: StudyConfig) -> Resources:
    """What trials may use."""
    resources = config.resources
    return Resources(
        workers=resources.workers,
        cpus=resources.cpus,
        gpus=resources.gpus,
        max_failures=resources.max_failures,
    )
