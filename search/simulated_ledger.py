"""What has a simulated search found and spent so far?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.savings import PARTS
from search.floor import TrialEvent
from search.recorded_table import RecordedTable
from search.recorded_work import Row
from search.simulated import Moment, Spent
from spaces.standings import Standings
from trainables.assignment import SEARCH


def _nothing() -> dict[str, float]:
    return dict.fromkeys(PARTS, 0.0)


@dataclass(slots=True)
class Ledger:
    """Kept while the search goes on.

    Args:
        table: that is replayed.
        papers_factors: by part, as `search/recorded_table.py` gives them.
        standings: empty; of the search.
    """

    table: RecordedTable
    papers_factors: Mapping[str, float]
    standings: Standings
    examples: dict[str, float] = field(default_factory=_nothing)
    """Computed by all workers, by part."""
    moments: list[Moment] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    confirmed_rows: list[Row] = field(default_factory=list)
    num_failed: int = 0

    @property
    def finals(self) -> dict[str, float]:
        """Mean by curriculum that ran to the end, best first."""
        return {text: self.standings.mean(text) for text in self.standings.ranked()}

    def spent(self, clock: float) -> Spent:
        """Until now, which is so many simulated seconds after the start."""
        papers = sum(self.papers_factors[part] * n for part, n in self.examples.items())
        return Spent(clock_seconds=clock, by_part=dict(self.examples), papers=papers)

    def take(self, event: TrialEvent, clock: float) -> None:
        """What the study would show: a new best, who was stopped, who failed."""
        self.num_failed += event.kind == "failed"
        verdict = event.verdict
        if event.kind != "rung" or verdict is None or not verdict.ends:
            return
        assignment, value = event.assignment, verdict.value
        if assignment.phase != SEARCH:
            self.confirmed_rows += event.rows
        elif verdict.stopped:
            self.stopped.append(assignment.curriculum)
        elif value is not None:
            repeat = assignment.role == "noise"
            seed = assignment.stage_seed
            self.standings.record(assignment.curriculum, seed, value, repeat=repeat)
            self._look(clock)

    def _look(self, clock: float) -> None:
        """Whether another curriculum is the best now."""
        best = self.standings.best
        if best is None or (self.moments and self.moments[-1].curriculum == best):
            return
        found = Moment(
            spent=self.spent(clock),
            curriculum=best,
            value=self.standings.mean(best),
            truth=self.table.true_value(best),
        )
        self.moments.append(found)
