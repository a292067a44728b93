"""Is what a simulated search found really good? Its best few on fresh seeds, as in a real run.

Only the first pass of `search/confirm.py` is simulated, which fixes the winner; a table has neither
a report split nor controls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.best import best_curricula
from analysis.objective import Objective
from analysis.observations import as_frame
from search.assignments import Planner
from search.confirm import GivenTrials, candidates_of, to_compare
from search.recorded_work import Row
from search.study_fields import StudyConfig
from spaces.curriculum import parse_curriculum


def to_confirm(ranked: Iterable[str], config: StudyConfig, planner: Planner) -> GivenTrials:
    """The trials of the best few and of the empty curriculum, at every seed of the confirmation.

    Args:
        ranked: curricula that ran to the end, best first.
        config: the study.
        planner: of the study.
    """
    candidates = candidates_of(map(parse_curriculum, ranked), config, planner)
    trials = to_compare(candidates, config.seeds.confirm, planner, split="search")
    return GivenTrials(trials, lambda rows: rows)


def confirmed(rows: Sequence[Row], objective: Objective) -> str | None:
    """The best of what was confirmed, as an export names it: without stages, where none beat that.

    None without any rows.
    """
    best = best_curricula(as_frame(list(rows)), objective) if rows else []
    return best[0].curriculum if best else None
