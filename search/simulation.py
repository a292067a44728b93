"""How would a search have gone? Replayed on a recorded table with a simulated clock.

Everything that decides is the real thing: the floor between Ray and the director
(`search/floor.py`), trials, Optuna's suggestions, ASHA's rungs, the planner. Only the training
is looked up, so that hours pass in milliseconds.

Workers behave as in `trainables/nodes.py`: a node that the store has costs the loading of its
weights; one that another worker computes is waited for; any other is computed under a lease. A
worker that is lost takes its unfinished node with it (a partial checkpoint would save some of it)
and its lease expires after half a minute; its trial starts again, from the store.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import optuna

from search.assignments import Planner, setup_of
from search.endings import SearchStopped
from search.floor import Director, Floor, Resources, TrialEvent
from search.objectives import objective_from
from search.places import Places, cache_of
from search.recorded_table import RecordedTable, papers_factors
from search.recorded_work import Cell, Name, Node
from search.simulated import Simulated
from search.simulated_confirmation import confirmed, to_confirm
from search.simulated_ledger import Ledger
from search.simulated_search import NewSearch, as_in_a_run
from search.simulated_trial import Running, observe
from search.study_fields import StudyConfig
from spaces.standings import Standings
from trainables.assignment import SEARCH, Assignment, assignment_from_json
from trainables.leases import EXPIRY_SECONDS

MAX_WORKERS = 1024


def simulate(
    table: RecordedTable,
    config: StudyConfig,
    *,
    workers: int = 1,
    failures: float = 0.0,
    failure_seed: int = 1,
    mirror: Path | None = None,
    search: NewSearch = as_in_a_run,
) -> Simulated:
    """Run a study on a table.

    Args:
        table: of the study's space, targets, probe and rungs, at its seeds.
        config: the study; its resources' workers are not read.
        workers: trials at the same time.
        failures: chance that a worker is lost on its way to a rung.
        failure_seed: draws who is lost, and when.
        mirror: folder that stands in for the hub, where rows are counted.
        search: makes what decides; another way to search than a study's is compared like this.

    Raises:
        ValueError: for workers or failures out of range.
        TableError: if the search asks for what is not recorded.
    """
    if not 1 <= workers <= MAX_WORKERS or not 0 <= failures < 1:
        raise ValueError(
            f"{workers} workers and failures at a rate of {failures:g}; "
            f"wanted 1 to {MAX_WORKERS} workers, and a rate of at least 0 and below 1"
        )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return _Simulation(table, config, workers, failures, failure_seed, mirror).run(search)


def planner_on(table: RecordedTable, config: StudyConfig, mirror: Path | None = None) -> Planner:
    """The planner of a study that is searched on a table; there is no store on disk.

    Args:
        table: knows how many rows its tasks have.
        config: the study.
        mirror: folder that stands in for the hub, where rows of other tasks are counted.
    """
    places = Places(run_id="simulated", cache=cache_of(config), store=None, mirror=mirror)
    return Planner(config, places, table.facts.rows)


class _Simulation:
    """One simulated study."""

    def __init__(
        self,
        table: RecordedTable,
        config: StudyConfig,
        workers: int,
        failures: float,
        failure_seed: int,
        mirror: Path | None,
    ) -> None:
        self._table, self._config, self._num_workers = table, config, workers
        self._failures, self._failure_seed = failures, failure_seed
        self._probe = table.fraction_of(config.probe.train)
        self._planner = planner_on(table, config, mirror)
        self._setup = setup_of(config, self._planner.places)
        self._objective = objective_from(config, self._planner.languages("search"))
        self._ledger = Ledger(
            table,
            papers_factors(table, config.seeds.stage),
            Standings(config.seeds.of_contenders),
        )
        self._floor: Floor
        self._clock = 0.0
        self._ids = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = count()
        self._idle = workers
        self._news = True
        """Whether something was told since there was nothing to start."""
        self._stored: dict[Name, tuple[Any, ...]] = {}
        """Who computed a node that is there."""
        self._leased: set[Name] = set()
        self._waiting: dict[Name, list[Running]] = {}
        self._attempts: dict[tuple[Any, ...], int] = {}
        self._order: list[tuple[str, str, int]] = []
        self._busy_seconds = 0.0
        self._proposing_seconds = 0.0
        self._num_lost = 0

    def run(self, search: NewSearch) -> Simulated:
        """The search, then the confirmation of its best."""
        decides = search(self._config, self._planner, lambda: self._clock / 3600)
        stopped_by = self._until_done(decides)
        spent, ledger = self._ledger.spent(self._clock), self._ledger
        searched = Simulated(
            moments=tuple(ledger.moments),
            winner=ledger.moments[-1].curriculum if ledger.moments else None,
            finals=ledger.finals,
            order=tuple(self._order),
            num_sampled=decides.num_sampled,
            stopped=tuple(ledger.stopped),
            num_failed=ledger.num_failed,
            num_lost=self._num_lost,
            spent=spent,
            utilisation=self._busy_seconds / (self._num_workers * self._clock or 1.0),
            proposing_seconds=self._proposing_seconds,
            exhausted=decides.exhausted,
            ended_by="" if stopped_by is None else str(stopped_by),
        )
        if stopped_by is not None or not (self._config.confirm.top and searched.finals):
            return searched
        self._until_done(to_confirm(searched.finals, self._config, self._planner))
        return replace(
            searched,
            confirmed=confirmed(ledger.confirmed_rows, self._objective),
            confirmation=ledger.spent(self._clock) - spent,
        )

    def _until_done(self, director: Director) -> SearchStopped | None:
        """Until nothing runs and nothing comes; what stopped it before, if anything did."""
        failures = self._config.resources.max_failures
        resources = Resources(workers=self._num_workers, cpus=1, gpus=0, max_failures=failures)
        self._floor, self._news = Floor(director, self._setup, resources, self._took), True
        while self._floor.stopped_by is None:
            self._start_idle()
            if self._idle == self._num_workers:
                break
            self._clock, _, happens = heappop(self._events)
            happens()
        assert self._floor.stopped_by is not None or director.finished(), "it waits for nothing"
        return self._floor.stopped_by

    def _start_idle(self) -> None:
        while self._idle and self._news:
            trial_id = str(next(self._ids))
            started = perf_counter()
            config = self._floor.start(trial_id)
            self._proposing_seconds += perf_counter() - started
            if config is None:
                self._news = False
                return
            self._idle -= 1
            assignment = assignment_from_json(json.loads(config["assignment"]))
            self._order.append((assignment.curriculum, assignment.variant, assignment.stage_seed))
            running = Running(
                trial_id=trial_id, assignment=assignment, cell=self._cell(assignment, 0)
            )
            self._attempts[assignment.identity] = 1 + self._attempts.get(assignment.identity, 0)
            self._begin_rung(running)
            self._go_on(running)

    def _begin_rung(self, running: Running) -> None:
        running.position, running.rows = 0, []
        own = running.assignment.identity
        rng = random.Random(f"{self._failure_seed} {own} {running.rung} {self._attempts[own]}")
        lost = rng.random() < self._failures
        running.lost_at = rng.randrange(len(running.cell.rows)) if lost else None

    def _go_on(self, running: Running) -> None:
        """Until something takes time, is waited for, or the trial ends."""
        while True:
            if running.position == len(running.cell.rows):
                if running.lost_at is not None:  # all that was left had been done before
                    return self._lose(running, None)
                if self._report(running):
                    return None
            elif self._takes_time(running, running.cell.nodes[running.position]):
                return None

    def _takes_time(self, running: Running, node: Node) -> bool:
        """Do the next node, or begin to."""
        key = node.name if self._config.store.enabled else (running.trial_id, *node.name)
        if node.name in running.met:
            observe(running, paid=False)
            return False
        if key in self._stored:
            seconds = 0.0 if node.part == "evaluation" else self._table.facts.load_seconds
            paid = self._stored[key] == running.assignment.identity
            done = partial(self._had, running, paid)
        elif key in self._leased:
            self._waiting.setdefault(key, []).append(running)
            return True
        else:
            self._leased.add(key)
            seconds, done = node.seconds, partial(self._computed, running, node, key)
        if running.lost_at is not None and running.position >= running.lost_at:
            self._break_off(running, node, key, seconds)
            return True
        if seconds == 0 and key in self._stored:
            observe(running, paid=paid)
            return False
        self._busy_seconds += seconds
        self._at(self._clock + seconds, done)
        return True

    def _computed(self, running: Running, node: Node, key: Name) -> None:
        self._ledger.examples[node.part] += node.examples
        self._stored[key] = running.assignment.identity
        self._release(key)
        self._had(running, True)

    def _had(self, running: Running, paid: bool) -> None:
        observe(running, paid=paid)
        self._go_on(running)

    def _break_off(self, running: Running, node: Node, key: Name, seconds: float) -> None:
        """The worker is lost within this node, and what it did of it is lost too."""
        share = random.Random(f"{self._failure_seed} {running.trial_id}").random()
        leased = None if key in self._stored else key
        self._busy_seconds += share * seconds
        if leased is not None:
            self._ledger.examples[node.part] += share * node.examples
        self._at(self._clock + share * seconds, partial(self._lose, running, leased))

    def _lose(self, running: Running, leased: Name | None) -> None:
        if leased is not None:
            self._at(self._clock + EXPIRY_SECONDS, partial(self._release, leased))
        self._num_lost += 1
        self._idle, self._news = self._idle + 1, True
        self._floor.on_error(running.trial_id, "the worker was lost (simulated)")

    def _release(self, key: Name) -> None:
        self._leased.discard(key)
        for running in self._waiting.pop(key, []):
            self._at(self._clock, partial(self._go_on, running))

    def _report(self, running: Running) -> bool:
        """Tell the floor of a rung; true if the trial ends."""
        rows = json.dumps(running.rows)
        result = {"event": "rung", "rung": running.rung, "rows": rows, "detail": ""}
        if self._floor.on_result(running.trial_id, result):
            self._idle, self._news = self._idle + 1, True
            return True
        running.rung += 1
        running.cell = self._cell(running.assignment, running.rung)
        self._begin_rung(running)
        return False

    def _took(self, event: TrialEvent) -> None:
        self._ledger.take(event, self._clock)

    def _cell(self, assignment: Assignment, rung: int) -> Cell:
        return self._table.cell(
            assignment.rungs[rung],
            stage_seed=assignment.stage_seed,
            target_seed=assignment.target_seed,
            probe=self._probe if assignment.phase == SEARCH else 1.0,
        )

    def _at(self, clock: float, happens: Callable[[], None]) -> None:
        heappush(self._events, (clock, next(self._ticket), happens))
