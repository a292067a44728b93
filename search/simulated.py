"""What came of a simulated search? Records, and what is read off them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from search.recorded_table import RecordedTable

Cost = Literal["examples", "papers", "clock_seconds"]
"""As what spending is counted: a field of `Spent`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """By all workers, lost work included."""

    clock_seconds: float
    """Simulated, from the start."""
    by_part: Mapping[str, float]
    """Examples computed, by part."""
    papers: float
    """The examples if a whole trial cost what it did in Phang et al. 2020."""

    @property
    def examples(self) -> float:
        """Of all parts."""
        return sum(self.by_part.values())

    def __sub__(self, before: Spent) -> Spent:
        """Since then."""
        return Spent(
            clock_seconds=self.clock_seconds - before.clock_seconds,
            by_part={part: n - before.by_part[part] for part, n in self.by_part.items()},
            papers=self.papers - before.papers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Another best curriculum, and what had been spent when it was known."""

    spent: Spent
    curriculum: str
    value: float
    """What the search saw of it: the mean over its seeds."""
    truth: float
    """Its mean over seeds that the search does not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """How a search went."""

    moments: tuple[Moment, ...]
    """One for each change of the best, the first to the last."""
    winner: str | None
    """Whom the search believes to be the best; None if no trial got to the last rung."""
    finals: Mapping[str, float]
    """Mean over its seeds by curriculum that ran to the end, best first."""
    order: tuple[tuple[str, str, int], ...]
    """Curriculum, variant and stage seed of the trials, in the order of their starts."""
    num_sampled: int
    stopped: tuple[str, ...]
    """Curricula that were stopped early, in the order in which that was decided."""
    num_failed: int
    """Trials that failed for good."""
    num_lost: int
    """Workers that were lost."""
    spent: Spent
    """By the search."""
    utilisation: float
    """Share of the workers' time in which they computed or loaded, in [0, 1]."""
    proposing_seconds: float
    """Real time that proposing took, the sampler's above all."""
    exhausted: bool
    """The space has no more curricula."""
    ended_by: str
    """What stopped the search before its budget was spent; empty if nothing."""
    confirmed: str | None = None
    """The best of the confirmation, if there was one; `none`, where no other was better."""
    confirmation: Spent | None = None
    """By the confirmation alone."""

    @property
    def num_stopped(self) -> int:
        """Trials that were stopped early."""
        return len(self.stopped)

    def at(self, amount: float, *, cost: Cost = "examples") -> Moment | None:
        """The best known after so much was spent; None before the first."""
        known = [moment for moment in self.moments if getattr(moment.spent, cost) <= amount]
        return known[-1] if known else None


def distinct(
    tables: Sequence[RecordedTable], runs: Sequence[Simulated]
) -> tuple[tuple[RecordedTable, ...], tuple[Simulated, ...]]:
    """Without searches that went as an earlier one that saw the same seeds.

    What draws nothing at random has nothing else to repeat; counted twice, a search would only make
    intervals narrower.

    Args:
        tables: as each search sees and is judged by it.
        runs: the searches.
    """
    kept: dict[tuple[Any, ...], tuple[RecordedTable, Simulated]] = {}
    for table, run in zip(tables, runs, strict=True):
        kept.setdefault((table.facts.seen, run.order, run.spent.examples), (table, run))
    pairs = list(kept.values())
    return tuple(table for table, _ in pairs), tuple(run for _, run in pairs)


def spent_to_within(
    found: Simulated, table: RecordedTable, *, cost: Cost = "examples"
) -> float | None:
    """What was spent until the best known stayed within the table's tolerance; None if never."""
    reached = None
    for moment in found.moments:
        if table.regret(moment.curriculum) > table.tolerance:
            reached = None
        elif reached is None:
            reached = float(getattr(moment.spent, cost))
    return reached
