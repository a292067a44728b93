"""How far is a search? Counts, costs and the best so far, from trial events and observations.

The same numbers for the live table, the plain lines and `curriculum status`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.observations import CONTENDER, CROWDED_PREFIX
from spaces.curriculum import EMPTY_TEXT
from spaces.standings import Standings

if TYPE_CHECKING:
    from search.floor import TrialEvent
from trainables.assignment import Assignment

Row = Mapping[str, Any]
Identity = tuple[str, str, str, int, int]


@dataclass(slots=True)
class Running:
    """A trial that was handed out and has not ended."""

    assignment: Assignment
    rung: int = 0
    """The one it works on."""
    detail: str = ""


@dataclass(slots=True)
class Spending:
    """Nodes of the tree of everything computed that trials asked for, and their examples."""

    nodes: int = 0
    hits: int = 0
    """Those that were there already, or that another trial computed."""
    needed: float = 0.0
    paid: float = 0.0

    def add(self, rows: Iterable[Row]) -> None:
        """Count the rows of a trial; each node is in one of them."""
        for row in rows:
            self.nodes += row["examples_needed"] > 0
            self.hits += row["examples_needed"] > 0 and row["examples_paid"] == 0
            self.needed += row["examples_needed"]
            self.paid += row["examples_paid"]


@dataclass(slots=True)
class Tally:
    """Where all trials of a study stand.

    Args:
        value: the objective of a trial's rows at one rung.
        standings: empty; of the search.
    """

    value: Callable[[list[dict[str, Any]]], float | None]
    standings: Standings = field(default_factory=Standings)
    phase: str = "search"
    running: dict[Identity, Running] = field(default_factory=dict)
    completed: dict[Identity, str] = field(default_factory=dict)
    """Role by trial that reached its last rung."""
    stopped: set[Identity] = field(default_factory=set)
    failed: set[Identity] = field(default_factory=set)
    spent: Spending = field(default_factory=Spending)

    def recall(
        self,
        rows: Iterable[dict[str, Any]],
        *,
        stopped: Iterable[Identity] = (),
        failed: Iterable[Identity] = (),
    ) -> None:
        """Count the observations of earlier launches, and how trials ended before their end."""
        self.stopped |= set(stopped)
        self.failed |= set(failed)
        by_rung: dict[tuple[Identity, int], list[dict[str, Any]]] = {}
        for row in rows:
            by_rung.setdefault((identity_of(row), row["rung"]), []).append(row)
        for (identity, rung), own in by_rung.items():
            self.spent.add(own)
            if rung == own[0]["num_rungs"] - 1:
                self._complete(identity, own[0]["role"], self.value(own))

    def take(self, event: TrialEvent) -> None:
        """Count what a trial reported."""
        assignment, identity = event.assignment, event.assignment.identity
        self.phase = assignment.phase
        self.spent.add(event.rows)
        here = self.running.setdefault(identity, Running(assignment))
        here.detail = event.detail
        if event.kind == "failed":
            self.failed.add(identity)
        elif event.kind == "rung" and event.verdict is not None:
            here.rung = (event.rung or 0) + 1
            here.detail = ""
            if event.verdict.stopped:
                self.stopped.add(identity)
            elif event.verdict.ends:
                self._complete(identity, assignment.role, event.verdict.value)
        if event.verdict is not None and event.verdict.ends:
            self.running.pop(identity, None)

    def ended(self, phase: str) -> int:
        """Trials of a phase that ended, however they did."""
        ended = {*self.completed, *self.stopped, *self.failed}
        return sum(identity[0] == phase for identity in ended)

    def num_completed(self, phase: str) -> int:
        """Trials of a phase that reached their last rung."""
        return sum(identity[0] == phase for identity in self.completed)

    def num_failed(self, phase: str) -> int:
        """Trials of a phase that failed for good."""
        return sum(identity[0] == phase for identity in self.failed)

    @property
    def best(self) -> tuple[str, float] | None:
        """Curriculum and score, of the sampled trials and the baselines that ran to the end."""
        best = self.standings.best
        return None if best is None else (best, self.standings.mean(best))

    @property
    def doubt(self) -> str:
        """A clause for people where others have a higher score than the best."""
        best, ranked = self.standings.best, self.standings.ranked(1)
        return "" if [best] == ranked or best != EMPTY_TEXT else " (nothing clearly beats it yet)"

    @property
    def num_stopped(self) -> int:
        """Trials that were stopped early."""
        return len(self.stopped)

    @property
    def num_candidates(self) -> int:
        """Curricula that ran to the end of the search, besides the empty one."""
        found = {
            text
            for (phase, text, *_), role in self.completed.items()
            if phase == "search" and role != "noise"
        }
        return len(found - {EMPTY_TEXT})

    @property
    def num_further(self) -> int:
        """Contenders and crowded prefixes so far, which come on top of the planned trials."""
        begun = {*self.running, *self.completed, *self.failed}
        return sum(variant in (CONTENDER, CROWDED_PREFIX) for _, _, variant, _, _ in begun)

    def _complete(self, identity: Identity, role: str, value: float | None) -> None:
        self.completed[identity] = role
        self.stopped.discard(identity)
        self.failed.discard(identity)
        if identity[0] == "search" and value is not None:
            self.standings.record(identity[1], identity[3], value, repeat=role == "noise")


def identity_of(row: Row) -> Identity:
    """The trial that a row belongs to."""
    return (
        row["phase"],
        row["curriculum"],
        row["variant"],
        row["stage_seed"],
        row["target_seed"],
    )
