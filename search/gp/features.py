"""What of a curriculum may matter to its score? Numbers of the tasks, their order and their sizes.

    presence  per task: 1 if it is there
    size      per task: log examples of all its stages, -1 and 1 at the space's extremes
    together  per pair: 1 if both are there
    order     per pair: 1 if the first is before the second, -1 after it; between, of mixtures and
              of tasks that come again, the share of their stages in order less that out of order
    next      per ordered pair: 1 if a stage of the second follows one of the first directly
    recent    per task: 1 in the last stage, half as much with every stage after it
    mixed     per pair: 1 if a stage mixes both
    again     per task: stages beyond its first
Kendall features of orders as in BOPS (Deshwal et al., AAAI 2022), here of ordered subsets: a pair
of which one is absent has the 0 halfway between both orders.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from spaces.curriculum import Curriculum
from spaces.space import CurriculumSpace

Array = NDArray[np.float64]

GROUPS = ("presence", "size", "together", "order", "next", "recent", "mixed", "again")
FORGOTTEN = 0.5
"""What is left of a task's recency after every further stage."""
DRAWN = 128
"""Curricula drawn from the space to see how much each group of features varies in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Some curricula, side by side; one row each."""

    linear: Mapping[str, Array]
    """(curricula, features) by group, centred and scaled: the mean squared norm of a curriculum
    drawn from the space is 1."""
    order: Array
    """(curricula, pairs): squared distances are discordant pairs, in units of the mean."""
    content: Array
    """(curricula, tasks): squared distances are differences of presence and size, likewise."""
    prior: Array
    """(curricula,): what the prior says, mean 0 and variance 1 in the space; 0 without one."""

    def __len__(self) -> int:
        return len(self.prior)


class Features:
    """Describes curricula of a space; each is looked at once.

    Args:
        space: its tasks and sizes are the scale.
        prior: a number per task, higher for tasks that should help more; absent tasks count 0.
    """

    def __init__(self, space: CurriculumSpace, prior: Mapping[str, float] | None = None) -> None:
        self._tasks = space.usable
        self._index = {task: i for i, task in enumerate(self._tasks)}
        self._pairs = list(combinations(range(len(self._tasks)), 2))
        sizes = [size for task in self._tasks for size in space.sizes_of(task)] or [1]
        self._log_sizes = log(min(sizes)), log(max(sizes))
        self._prior = np.array([(prior or {}).get(task, 0.0) for task in self._tasks])
        self._raw = cache(self._described_one)
        rng = random.Random(0)
        stacked = self._stack([space.draw(rng) for _ in range(DRAWN)])
        self._centre = {group: matrix.mean(axis=0) for group, matrix in stacked.items()}
        spread = {g: np.sum((m - self._centre[g]) ** 2, axis=1).mean() for g, m in stacked.items()}
        self.groups = tuple(group for group in GROUPS if spread[group] > 0)
        """Those that differ between curricula of the space."""
        self._scale = {group: spread[group] ** -0.5 for group in self.groups}
        content = _content(stacked["presence"], stacked["size"])
        self._order_scale = _distance_scale(stacked["order"])
        self._content_scale = _distance_scale(content)
        says = stacked["presence"] @ self._prior
        self._prior_centre, self._prior_scale = says.mean(), says.std()
        self.has_prior = bool(self._prior_scale > 0)
        """Whether the prior tells curricula of the space apart."""

    def describe(self, curricula: Sequence[Curriculum]) -> Described:
        """Their features; sizes may lie outside the space, tasks may not."""
        stacked = self._stack(curricula)
        says = stacked["presence"] @ self._prior - self._prior_centre
        return Described(
            linear={
                group: (stacked[group] - self._centre[group]) * self._scale[group]
                for group in self.groups
            },
            order=stacked["order"] * self._order_scale,
            content=_content(stacked["presence"], stacked["size"]) * self._content_scale,
            prior=says / self._prior_scale if self.has_prior else np.zeros(len(curricula)),
        )

    def _stack(self, curricula: Sequence[Curriculum]) -> dict[str, Array]:
        """(curricula, features) by group, neither centred nor scaled."""
        rows = [self._raw(curriculum) for curriculum in curricula]
        return {group: np.array([row[group] for row in rows]) for group in GROUPS}

    def _described_one(self, curriculum: Curriculum) -> dict[str, Array]:
        places: dict[int, list[int]] = {}
        examples = dict.fromkeys(range(len(self._tasks)), 0)
        for place, stage in enumerate(curriculum.stages):
            for part in stage.parts:
                task = self._index[part.task]
                places.setdefault(task, []).append(place)
                examples[task] += part.num_examples
        num_tasks, last = len(self._tasks), len(curriculum) - 1
        found = {group: np.zeros(num_tasks) for group in ("presence", "size", "recent", "again")}
        for task, own in places.items():
            found["presence"][task] = 1.0
            found["size"][task] = self._size(examples[task])
            found["recent"][task] = FORGOTTEN ** (last - own[-1])
            found["again"][task] = len(own) - 1
        return found | self._of_pairs(places) | {"next": self._following(curriculum)}

    def _of_pairs(self, places: Mapping[int, list[int]]) -> dict[str, Array]:
        found = {group: np.zeros(len(self._pairs)) for group in ("together", "order", "mixed")}
        for k, (first, second) in enumerate(self._pairs):
            if first in places and second in places:
                steps = [j - i for i in places[first] for j in places[second]]
                found["together"][k] = 1.0
                found["order"][k] = sum((s > 0) - (s < 0) for s in steps) / len(steps)
                found["mixed"][k] = float(0 in steps)
        return found

    def _following(self, curriculum: Curriculum) -> Array:
        found = np.zeros((len(self._tasks), len(self._tasks)))
        for before, after in pairwise(curriculum.stages):
            for one in before.tasks:
                for other in after.tasks:
                    found[self._index[one], self._index[other]] = 1.0
        return found.ravel()

    def _size(self, examples: int) -> float:
        low, high = self._log_sizes
        return 2 * (log(examples) - low) / (high - low) - 1 if high > low else 0.0


def _content(presence: Array, size: Array) -> Array:
    """0 for an absent task, 1 to 2 for one that is there, by its size."""
    return np.asarray(presence * (1.5 + size / 2))


def _distance_scale(rows: Array) -> float:
    """With which factor the mean squared distance of two rows is 1."""
    mean = 2 * float(rows.var(axis=0).sum())
    return mean**-0.5 if mean > 0 else 1.0
