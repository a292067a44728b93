"""What does a prediction alone find? Tasks ranked beforehand, and the few curricula that it says.

The k best tasks for every length k, the most helpful last: it is nearest to the target, as in
"least representative to most typical" (Li & Hiratani 2025, arXiv 2502.03350) and from easy to
hard. Each at every size level, the largest first. That is max_stages x levels curricula; then it
ends, whatever budget is left. Scores are features of a table (`benchmarks/tables/features.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from analysis.features import read_features
from benchmarks.rivals.asking import Asked, Report
from search.assignments import Planner
from search.simulated_search import Decides, NewSearch
from search.study_fields import StudyConfig
from spaces.curriculum import Curriculum, Part, Stage
from spaces.space import CurriculumSpace

PREDICTIONS: dict[str, tuple[str, str]] = {
    "TextEmb": ("textemb_cosine", "tasks whose text is nearest to the targets', nearest last"),
    "LogME": ("logme", "tasks after which the targets' labels are told best, the best last"),
}
"""Feature and what it follows, for people; both end early."""


class Listed:
    """Curricula in a fixed order, whatever their values."""

    def __init__(self, curricula: Iterator[Curriculum]) -> None:
        self._left = deque(curricula)

    def propose(self, trial: int) -> Curriculum | None:
        """The next of the list."""
        return self._left.popleft() if self._left else None

    def take(self, report: Report) -> bool:
        """Nothing is stopped."""
        return False

    def fail(self, trial: int) -> None:
        """The list goes on."""

    def exhausted(self) -> bool:
        """Whether the list is at its end."""
        return not self._left


def predicted(scores: Mapping[str, float]) -> NewSearch:
    """A search that follows scores of tasks.

    Args:
        scores: by task, higher is better; every task of the space has one.
    """

    def search(config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]) -> Asked:
        if absent := sorted(set(planner.space.usable) - set(scores)):
            raise ValueError(f"no score of {', '.join(absent)}; wanted one for every task")
        return Asked(config, planner, Listed(_by_score(scores, planner.space)))

    return search


def by_feature(features: Path, feature: str) -> NewSearch:
    """A search that follows a feature alone.

    Args:
        features: a file of them.
        feature: its name; higher values promise more.
    """

    def search(
        config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]
    ) -> Decides:
        scores = scores_of(features, feature, config.targets)
        return predicted(scores)(config, planner, elapsed_hours)

    return search


def scores_of(features: Path, feature: str, targets: Sequence[str]) -> dict[str, float]:
    """Mean over targets by task; a task without a value for each measured target has none."""
    if not features.exists():
        return {}
    frame = read_features(features)
    target = frame["target"].where(frame["target"] != "", frame["other"])
    own = frame[(frame["feature"] == feature) & target.isin(targets) & frame["value"].notna()]
    wide = own.assign(target=target).pivot_table(index="task", columns="target", values="value")
    return {str(task): float(row.mean()) for task, row in wide.dropna().iterrows()}


def by_size(*, ascending: bool) -> NewSearch:
    """All curricula of as many tasks as fit, in the order of their rows: short or long first.

    Every size level alone, the largest first; of tasks with equally many rows the study's order.
    """

    def search(config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]) -> Asked:
        space = planner.space
        ordered = sorted(space.usable, key=planner.train_size, reverse=not ascending)
        return Asked(config, planner, Listed(_windows(tuple(ordered), space)))

    return search


def _by_score(scores: Mapping[str, float], space: CurriculumSpace) -> Iterator[Curriculum]:
    best_first = sorted(space.usable, key=lambda task: -scores[task])
    for length in range(1, min(space.max_stages, len(best_first)) + 1):
        yield from _at_levels(tuple(reversed(best_first[:length])), space)


def _windows(ordered: tuple[str, ...], space: CurriculumSpace) -> Iterator[Curriculum]:
    """Neighbours in the order, as many as a curriculum may have."""
    length = min(space.max_stages, len(ordered))
    for start in range(len(ordered) - length + 1):
        yield from _at_levels(ordered[start : start + length], space)


def _at_levels(tasks: tuple[str, ...], space: CurriculumSpace) -> Iterator[Curriculum]:
    """The same tasks at every level of size, the largest first."""
    levels = max(len(space.sizes_of(task)) for task in tasks)
    for level in reversed(range(levels)):
        parts = [Part(task, space.sizes_of(task)[: level + 1][-1]) for task in tasks]
        yield Curriculum(tuple(Stage((part,)) for part in parts))
