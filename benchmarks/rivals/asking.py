"""How does a rival's package decide in a simulated search? What all of them share.

A rival proposes curricula and is told each of their rungs; the budget, the objective and the
assignments are the study's, as for ours. No rival trains baselines first: a user of its package
would not (only the empty curriculum where the objective is a gain over it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from search.assignments import Planner
from search.endings import MAX_FAILURES_IN_A_ROW, SearchStopped, Verdict
from search.objectives import Values, objective_from
from search.study_fields import StudyConfig
from spaces.curriculum import Curriculum
from trainables.assignment import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A trial's value at a rung."""

    trial: int
    iteration: int
    """Grows with the share of the probe: 1, 3, 9 for rungs at 1/9, 1/3 and 1 of it."""
    value: float
    last: bool


class Proposer(Protocol):
    """A rival's package behind its own interface."""

    def propose(self, trial: int) -> Curriculum | None:
        """The next curriculum; None if there is none before more is reported."""

    def take(self, report: Report) -> bool:
        """Take a value in; true if the trial is to be stopped here."""

    def fail(self, trial: int) -> None:
        """The trial failed for good."""

    def exhausted(self) -> bool:
        """Whether it would propose nothing more, once nothing runs."""


class Asked:
    """Decides what a proposer says.

    A curriculum that is proposed again is another trial of its own, told apart by its variant:
    without a store it is trained again, with one it costs the loading.
    """

    def __init__(self, config: StudyConfig, planner: Planner, proposer: Proposer) -> None:
        if config.budget.trials is None:
            raise ValueError("a rival counts trials; set budget.trials of the study")
        self._max_trials = config.budget.trials
        self._planner, self._proposer = planner, proposer
        self._value = Values(objective_from(config, planner.languages("search")))
        self._needs_empty = config.objective.aggregate == "standardised-gain"
        self._empty_started = False
        self._running: dict[tuple[Any, ...], int] = {}
        """Number of the trial by identity; -1 for the empty curriculum that values are gains on."""
        self._told: dict[int, int] = {}
        """Rungs that were told, by trial: one that lost its worker comes past them again."""
        self._proposed: Counter[str] = Counter()
        self._failures_in_a_row = 0
        self.num_sampled = 0
        self.exhausted = False

    def next(self) -> Assignment | None:
        """The next trial, or None if there is nothing to start now."""
        if self._needs_empty and not self._empty_started:
            self._empty_started = True
            return self._start(self._planner.search(Curriculum(), "baseline", None), -1)
        if self._spent() or -1 in self._running.values():
            return None
        curriculum = self._proposer.propose(self.num_sampled)
        if curriculum is None:
            self.exhausted = not self._running and self._proposer.exhausted()
            return None
        assignment = self._planner.search(curriculum, "sampled", None)
        self._proposed[assignment.curriculum] += 1
        if (times := self._proposed[assignment.curriculum]) > 1:
            assignment = replace(assignment, variant=f"proposal {times}")
        self.num_sampled += 1
        return self._start(assignment, self.num_sampled - 1)

    def finished(self) -> bool:
        """Whether nothing runs and nothing will come."""
        return not self._running and (self.exhausted or self._spent())

    def on_rung(
        self, assignment: Assignment, rung: int, rows: Sequence[Mapping[str, Any]]
    ) -> Verdict:
        """Tell the proposer, and stop what it stops."""
        self._failures_in_a_row = 0
        last = rung == assignment.rungs[-1].index
        value, trial = self._value(rows), self._running[assignment.identity]
        stop = False
        if trial >= 0 and rung >= self._told.get(trial, 0):
            self._told[trial] = rung + 1
            assert value is not None, "a table has every row that the objective reads"
            iteration = round(assignment.rungs[rung].scale / assignment.rungs[0].scale)
            stop = self._proposer.take(
                Report(trial=trial, iteration=iteration, value=value, last=last)
            )
        if stop or last:
            del self._running[assignment.identity]
        return Verdict(ends=stop or last, stopped=stop and not last, value=value)

    def on_failure(self, assignment: Assignment, message: str) -> None:
        """Tell the proposer; several failures in a row end the search, as they do ours."""
        if (trial := self._running.pop(assignment.identity)) >= 0:
            self._proposer.fail(trial)
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            raise SearchStopped(
                f"{self._failures_in_a_row} trials failed one after another; the last: {message}"
            )

    def _start(self, assignment: Assignment, trial: int) -> Assignment:
        self._running[assignment.identity] = trial
        return assignment

    def _spent(self) -> bool:
        return self.num_sampled >= self._max_trials


def halving_of(config: StudyConfig, planner: Planner) -> tuple[int, int]:
    """Iterations of a whole trial, as `Report` counts them, and the factor between rungs."""
    factor = 3 if config.stopping is None else config.stopping.reduction_factor
    rungs = planner.rungs
    return round(rungs[-1].target_scale / rungs[0].target_scale), factor
