"""How far does one task after another get? Greedy forward selection, all trained to the end.

The best single stage first (every task at every size), then the best stage to append to it, until
no extension helps; then the same from the second-best single stage, and so on, so that the budget
is used. What was trained already is not trained again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from benchmarks.rivals.asking import Asked, Report
from search.assignments import Planner
from search.study_fields import StudyConfig
from spaces.curriculum import Curriculum, Part, Stage
from spaces.space import CurriculumSpace


class Greedy:
    """Forward selection; a round waits for all of its trials."""

    def __init__(self, space: CurriculumSpace) -> None:
        self._space = space
        self._round: deque[Curriculum] = deque(_extensions(Curriculum(), space))
        self._trials: dict[int, Curriculum] = {}
        self._open: set[int] = set()
        self._values: dict[Curriculum, float] = {}
        self._failed: set[Curriculum] = set()
        self._starts: deque[Curriculum] | None = None
        """Single stages that were not gone on from, the best first; None in the first round."""
        self._base = Curriculum()

    def propose(self, trial: int) -> Curriculum | None:
        """The next of a round; None while others of it run."""
        while not self._round:
            if self._open or not self._next_round():
                return None
        found = self._round.popleft()
        self._trials[trial] = found
        self._open.add(trial)
        return found

    def take(self, report: Report) -> bool:
        """Nothing is stopped."""
        if report.last:
            self._open.discard(report.trial)
            self._values[self._trials[report.trial]] = report.value
        return False

    def fail(self, trial: int) -> None:
        """It is passed over."""
        self._open.discard(trial)
        self._failed.add(self._trials[trial])

    def exhausted(self) -> bool:
        """Whether every start was gone on from to its end."""
        return not self._round and not self._open and self._starts is not None and not self._starts

    def _next_round(self) -> bool:
        """Fill a round from the best extension, or from the next start; false if none is left."""
        best = self._best_extension()
        if self._starts is None:
            singles = [c for c in _extensions(Curriculum(), self._space) if c in self._values]
            self._starts = deque(sorted(singles, key=lambda c: (-self._values[c], str(c))))
            best = None
        if best is None:
            if not self._starts:
                return False
            best = self._starts.popleft()
        self._base = best
        known = self._values.keys() | self._failed
        self._round.extend(c for c in _extensions(best, self._space) if c not in known)
        return True

    def _best_extension(self) -> Curriculum | None:
        """Of the base; None if none is better than it."""
        found = [c for c in _extensions(self._base, self._space) if c in self._values]
        best = min(found, key=lambda c: (-self._values[c], str(c)), default=None)
        if best is None or self._values[best] <= self._values.get(self._base, float("-inf")):
            return None
        return best


def greedy(config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]) -> Asked:
    """Greedy forward selection."""
    return Asked(config, planner, Greedy(planner.space))


def _extensions(base: Curriculum, space: CurriculumSpace) -> Iterator[Curriculum]:
    if len(base) < space.max_stages:
        for task in space.usable:
            if task not in base.tasks:
                for size in space.sizes_of(task):
                    yield Curriculum((*base.stages, Stage((Part(task, size),))))
