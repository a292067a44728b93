"""Is what a simulated search found really good? Its best few on fresh seeds, as in a real run.

Only the first pass of `search/confirm.py` is simulated, which fixes the winner; a table has neither
a report split nor controls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.confirmation import winner_of
from analysis.objective import Objective
from analysis.observations import as_frame
from search.assignments import Planner
from search.confirm import GivenTrials, candidates_of
from search.recorded_work import Row
from search.study_fields import StudyConfig
from spaces.curriculum import parse_curriculum


def to_confirm(ranked: Iterable[str], config: StudyConfig, planner: Planner) -> GivenTrials:
    """The trials of the best few, each at every seed of the confirmation.

    Args:
        ranked: curricula that ran to the end, best first.
        config: the study.
        planner: of the study.
    """
    candidates = candidates_of(map(parse_curriculum, ranked), config, planner)
    trials = [
        planner.confirm(candidate, "candidate", seed, split="search")
        for seed in config.seeds.confirm
        for candidate in candidates
    ]
    return GivenTrials(trials, lambda rows: rows)


def confirmed(rows: Sequence[Row], objective: Objective) -> str | None:
    """The winner among what was confirmed; None without any."""
    return winner_of(as_frame(list(rows)), objective) if rows else None
