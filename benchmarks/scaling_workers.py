"""Where does the time of many workers go? One simulated search, looked at from its director."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from search.assignments import Planner
from search.endings import Verdict
from search.recorded_table import RecordedTable
from search.simulated_search import Decides, as_in_a_run
from search.simulation import simulate
from search.study_fields import StudyConfig
from trainables.assignment import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """One search; shares are of all workers' time, and sum to 1."""

    workers: int
    trials: int
    stopped: int
    hours: float
    """Simulated."""
    regret: float
    busy: float
    """Computing, or loading what is stored."""
    waiting: float
    """For what another worker computes."""
    idle: float
    """Without a trial, before the last one began."""
    tail: float
    """Without a trial, after that."""

    @property
    def per_hour(self) -> float:
        """Sampled trials."""
        return self.trials / self.hours

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def spent(table: RecordedTable, config: StudyConfig, *, workers: int) -> Spent:
    """Run one search."""
    watched: list[Watched] = []

    def search(own: StudyConfig, planner: Planner, hours: Callable[[], float]) -> Decides:
        watched.append(Watched(as_in_a_run(own, planner, hours), hours))
        return watched[0]

    found = simulate(table, config, workers=workers, search=search)
    assert found.winner is not None and not found.ended_by, found.ended_by
    hours, last = found.spent.clock_seconds / 3600, watched[0].last_start
    whole = workers * hours
    running = sum(end - start for start, end in watched[0].spans)
    before = sum(min(end, last) - start for start, end in watched[0].spans)
    return Spent(
        workers=workers,
        trials=found.num_sampled,
        stopped=found.num_stopped,
        hours=hours,
        regret=table.regret(found.winner),
        busy=found.utilisation,
        waiting=running / whole - found.utilisation,
        idle=max(0.0, workers * last - before) / whole,
        tail=(workers * (hours - last) - (running - before)) / whole,
    )


@dataclass(slots=True)
class Watched:
    """A director, and when its trials began and ended."""

    decides: Decides
    hours: Callable[[], float]
    spans: list[tuple[float, float]] = field(default_factory=list)
    last_start: float = 0.0
    _began: dict[tuple[Any, ...], float] = field(default_factory=dict)

    @property
    def exhausted(self) -> bool:
        return self.decides.exhausted

    @property
    def num_sampled(self) -> int:
        return self.decides.num_sampled

    def next(self) -> Assignment | None:
        found = self.decides.next()
        if found is not None:
            self.last_start = self._began[found.identity] = self.hours()
        return found

    def finished(self) -> bool:
        return self.decides.finished()

    def on_rung(self, assignment: Assignment, rung: int, rows: list[dict[str, Any]]) -> Verdict:
        verdict = self.decides.on_rung(assignment, rung, rows)
        if verdict.ends:
            self.spans.append((self._began[assignment.identity], self.hours()))
        return verdict

    def on_failure(self, assignment: Assignment, message: str) -> None:
        self.decides.on_failure(assignment, message)
