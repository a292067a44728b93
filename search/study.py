"""How is a study run? First launch, resume and extension are this one act.

    search    trials until the budget is spent          (`search/trials.py`)
    confirm   the best again on fresh seeds             (`search/confirm.py`)
    export    the best as files and models              (`search/export.py`)

The truth of a study is in its run folder and in the store, written in this order: store entry,
line in `observations.jsonl`, Optuna's study. Each can be rebuilt from the one before.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from analysis.objective import Objective, ScoredTarget, target_scores, trial_value
from analysis.observations import append, identity, read_rows
from search.assignments import Places, Planner, setup_of
from search.clock import Clock
from search.confirm import Confirmation
from search.execution import Resources, TrialEvent, cluster, run_trials
from search.run_folder import RunFolder, opened_for_writing
from search.study_fields import StudyConfig
from search.suggestions import Suggestions, sampler_factory
from search.trials import Budget, Trials
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum
from spaces.stopping import RungTable
from trainables.assignment import Assignment
from trainables.store import Store
from trainables.tasks import get_task

Row = Mapping[str, Any]
DEFAULT_CACHE = Path("~/.cache/curriculum-search")
IDENTITY_COLUMNS = ("phase", "curriculum", "variant", "stage_seed", "target_seed")
PIN_BEST_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    repairs: list[str]
    exhausted: bool
    """The space has no more curricula."""
    num_trials: int
    """Sampled trials so far."""


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
) -> Outcome:
    """Search until the budget is spent, then confirm.

    Raises:
        RunFolderError: if another process writes to the run folder.
        SearchStopped: if it cannot go on; call again to resume.
    """
    with opened_for_writing(folder) as repairs:
        places = places_of(config, folder, mirror)
        planner = Planner(config, places)
        recorder = Recorder(folder.observations)
        clock = Clock(folder.clock)
        with cluster(address, store=places.store):
            setup = setup_of(config, places)
            resources = resources_of(config)

            def report(event: TrialEvent) -> None:
                clock.take(event)
                if event.trace:
                    folder.keep_failure(f"{event.assignment.identity}\n{event.trace}\n")
                on_event(event)

            trials, suggestions = open_search(config, folder, planner, recorder, clock)
            with clock.running("search", workers=resources.workers):
                run_trials(trials, setup=setup, resources=resources, on_event=report)
            confirmation = Confirmation(
                config, planner, recorder, Values(objective_of(config, planner))
            )
            with clock.running("confirm", workers=resources.workers):
                for director in confirmation.passes():
                    run_trials(director, setup=setup, resources=resources, on_event=report)
    return Outcome(repairs=repairs, exhausted=trials.exhausted, num_trials=suggestions.num_sampled)


def open_search(
    config: StudyConfig, folder: RunFolder, planner: Planner, recorder: Recorder, clock: Clock
) -> tuple[Trials, Suggestions]:
    """The state of a search, rebuilt from its run folder."""
    given = planner.given()
    suggestions = Suggestions(
        open_optuna(config, folder),
        space=planner.space,
        codec=CODECS[config.sampler.codec](planner.space),
        new_sampler=sampler_factory(config.sampler.name, config.sampler.options),
        seed=config.seeds.sampler,
        enumerate_all=config.enumerate,
    )
    stopping = config.stopping
    table = RungTable(
        num_rungs=planner.num_rungs,
        reduction_factor=3 if stopping is None else stopping.reduction_factor,
        z=0.0 if stopping is None else stopping.z,
        baselines=[str(curriculum) for curriculum in given.baselines],
    )

    @cache
    def assign(curriculum: Curriculum, role: str, seed: int | None) -> Assignment:
        return planner.search(curriculum, role, seed)

    trials = Trials(
        given=given,
        budget=Budget(**config.budget.model_dump()),
        suggestions=suggestions,
        rungs=table,
        assign=assign,
        record=recorder.record,
        objective=Values(objective_of(config, planner)),
        empty_first=config.objective.aggregate == "standardised-gain",
        elapsed_hours=clock.hours,
    )
    searched = [row for row in recorder.rows if row["phase"] == "search"]
    for _, rows in groupby(searched, key=lambda row: [row[c] for c in (*IDENTITY_COLUMNS, "rung")]):
        trials.recall(list(rows))
    trials.reconcile()
    return trials, suggestions


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


def places_of(config: StudyConfig, folder: RunFolder, mirror: Path | None) -> Places:
    """Absolute folders of a run."""
    return places_for(config, run_id=_run_id(folder), mirror=mirror)


def places_for(config: StudyConfig, *, run_id: str, mirror: Path | None) -> Places:
    """Absolute folders; the store's default is shared by all studies of a user."""
    cache_folder = DEFAULT_CACHE.expanduser()
    store = None
    if config.store.enabled:
        store = _absolute(config.store.path or str(cache_folder / "store"))
    if store is not None:
        Store(store).check_usable()
        if "://" not in store:
            cache_folder = Path(store).parent / "cache"
    return Places(
        run_id=run_id,
        cache=cache_folder,
        store=store,
        mirror=None if mirror is None else mirror.resolve(),
    )


def objective_of(config: StudyConfig, planner: Planner) -> Objective:
    """What the search maximises, for `analysis`."""
    languages = planner.languages("search")
    return Objective(
        select=config.objective.select,
        aggregate=config.objective.aggregate,
        proxy_languages=tuple(config.languages.proxy),
        targets=tuple(
            ScoredTarget(
                name=task.name,
                metric=task.metric,
                group=task.group,
                languages=tuple(languages[task.name]),
                trained=task.kind != "retrieval",
            )
            for task in map(get_task, config.targets)
        ),
    )


class Values:
    """The objective's value of a trial's rows; remembers the empty curriculum's scores.

    They are what standardised-gain is measured against, at equal target seed and rung.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._empty: dict[tuple[int, int], Mapping[str, float]] = {}

    def __call__(self, rows: Sequence[Row]) -> float | None:
        """The value of one trial at one rung; None while rows are missing."""
        key = (rows[0]["target_seed"], rows[0]["rung"])
        if rows[0]["curriculum"] == str(Curriculum()):
            self._empty[key] = target_scores(rows, self._objective)
        return trial_value(rows, self._objective, empty=self._empty.get(key))


def resources_of(config: StudyConfig) -> Resources:
    """What trials may use."""
    resources = config.resources
    return Resources(
        workers=resources.workers,
        cpus=resources.cpus,
        gpus=resources.gpus,
        max_failures=resources.max_failures,
    )


def _run_id(folder: RunFolder) -> str:
    """Made once per run folder: entries of the store remember by it who paid for them."""
    path = folder.path / "run.json"
    if not path.exists():
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"run_id": uuid.uuid4().hex}))
        temporary.replace(path)
    return str(json.loads(path.read_text())["run_id"])


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).expanduser().resolve())
