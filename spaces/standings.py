"""Who is best so far, when a value is noisy and some curricula ran on several seeds?

By the mean over the seeds on which each ran. Who looks best after one seed is lucky more often
than not, so nobody is believed to be the best before all seeds have been heard (the race of an
incumbent in ROAR: Hutter, Hoos and Leyton-Brown 2011, "Sequential Model-Based Optimization for
General Algorithm Configuration").
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection
from statistics import fmean


class Standings:
    """Curricula that ran to the end, best first.

    Args:
        repeats: seeds on which the best ran too before it is believed; none: one seed is enough.
    """

    def __init__(self, repeats: Collection[int] = ()) -> None:
        self._repeats = frozenset(repeats)
        self._values: dict[str, dict[int, float]] = {}
        self._entered: dict[str, float] = {}
        """Mean by curriculum that ran on the study's own seed."""
        self._ranked: list[tuple[float, str]] = []
        """Minus the mean, and the curriculum."""
        self.best: str | None = None
        """Who is believed to be the best: once that was heard on all seeds, nobody else is before
        being heard on them too."""

    def record(self, curriculum: str, seed: int, value: float, *, repeat: bool = False) -> None:
        """Keep a curriculum's last value on a seed; a second one on the same seed is ignored.

        Args:
            curriculum: its text form.
            seed: of its stages.
            value: higher is better.
            repeat: on another seed than the study's own, which alone does not rank it.
        """
        values = self._values.setdefault(curriculum, {})
        known = seed in values
        values.setdefault(seed, value)
        if curriculum in self._entered:
            if known:
                return
            del self._ranked[bisect_left(self._ranked, (-self._entered[curriculum], curriculum))]
        elif repeat:
            return
        self._entered[curriculum] = fmean(values.values())
        insort(self._ranked, (-self._entered[curriculum], curriculum))
        self.best = self._believed()

    def ranked(self, most: int | None = None) -> list[str]:
        """The best so many, or all."""
        return [curriculum for _, curriculum in self._ranked[:most]]

    def seeds(self, curriculum: str) -> frozenset[int]:
        """Those on which it has a value."""
        return frozenset(self._values.get(curriculum, ()))

    def mean(self, curriculum: str) -> float:
        """Over its seeds."""
        return self._entered[curriculum]

    def _believed(self) -> str:
        if self.best is not None and self._heard(self.best):
            return next(text for _, text in self._ranked if self._heard(text))
        return self._ranked[0][1]

    def _heard(self, curriculum: str) -> bool:
        return self._repeats <= self._values[curriculum].keys()
