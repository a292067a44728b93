"""What has a simulated search found and spent so far?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.savings import PARTS
from search.execution import TrialEvent
from search.recorded_table import RecordedTable
from search.recorded_work import Row
from search.simulated import Moment, Spent
from trainables.assignment import SEARCH


def _nothing() -> dict[str, float]:
    return dict.fromkeys(PARTS, 0.0)


@dataclass(slots=True)
class Ledger:
    """Kept while the search goes on.

    Args:
        table: that is replayed.
        papers_factors: by part, as `search/recorded_table.py` gives them.
    """

    table: RecordedTable
    papers_factors: Mapping[str, float]
    examples: dict[str, float] = field(default_factory=_nothing)
    """Computed by all workers, by part."""
    moments: list[Moment] = field(default_factory=list)
    finals: dict[str, float] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    confirmed_rows: list[Row] = field(default_factory=list)
    num_failed: int = 0

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
        elif assignment.role != "noise" and value is not None:
            self._final(assignment.curriculum, value, clock)

    def _final(self, curriculum: str, value: float, clock: float) -> None:
        self.finals[curriculum] = value
        if not self.moments or value > self.moments[-1].value:
            truth = self.table.true_value(curriculum)
            found = Moment(spent=self.spent(clock), curriculum=curriculum, value=value, truth=truth)
            self.moments.append(found)
