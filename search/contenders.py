"""Which curricula look best, and are they? Each runs on the noise seeds before it is believed.

Of a hundred noisy values the highest is luck as much as anything. A second seed for those few that
would be the best costs little of what a second seed for all of them would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from analysis.observations import CONTENDER
from search.noise_trials import Assign
from spaces.curriculum import parse_curriculum
from spaces.standings import Standings
from trainables.assignment import Assignment


class Contenders:
    """Trials of the best so far on the noise seeds, one seed after the other.

    Who falls behind after a seed does not run on the next one. A failed trial is not tried again.

    Args:
        standings: of the search, kept up to date by their owner.
        noise_seeds: on which a contender runs, in this order.
        top: so many of the best are contenders.
        assign: the assignment of a curriculum with a role at a seed.
        is_running: whether a trial runs.
        has_ended: whether a trial ended, however it did.
    """

    def __init__(
        self,
        standings: Standings,
        *,
        noise_seeds: tuple[int, ...],
        top: int,
        assign: Assign,
        is_running: Callable[[Assignment], bool],
        has_ended: Callable[[Assignment], bool],
    ) -> None:
        self._standings = standings
        self._noise_seeds = noise_seeds
        self._top = top
        self._assign = assign
        self._is_running = is_running
        self._has_ended = has_ended

    def pending(self) -> list[Assignment]:
        """Those that can begin now, the best curriculum's first."""
        found = map(self._next_of, self._standings.ranked(self._top) if self._top else [])
        return [assignment for assignment in found if assignment is not None]

    def _next_of(self, curriculum: str) -> Assignment | None:
        """On the first seed that was not heard; None while it runs on one, or without any."""
        heard = self._standings.seeds(curriculum)
        for seed in self._noise_seeds:
            if seed in heard:
                continue
            assignment = self._assign(parse_curriculum(curriculum), "noise", seed)
            assignment = replace(assignment, variant=CONTENDER)
            if self._is_running(assignment):
                return None
            if not self._has_ended(assignment):
                return assignment
        return None
