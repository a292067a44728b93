"""Who is best so far, when a value is noisy and some curricula ran on several seeds?

By the mean over the seeds on which each ran. Who looks best after one seed is lucky more often
than not, so nobody is believed to be the best before all seeds have been heard (the race of an
incumbent in ROAR: Hutter, Hoos and Leyton-Brown 2011, "Sequential Model-Based Optimization for
General Algorithm Configuration"). And since stages cost something, no stages at all are believed to
be the best until a curriculum beats them by more than luck: of many that all do nothing the highest
mean is always one of theirs.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection
from math import sqrt
from statistics import fmean

from spaces.curriculum import EMPTY_TEXT
from spaces.stopping import pooled_sd

CLEARLY = 2.0
"""Standard errors of the difference by which a curriculum must beat no stages at all."""


class Standings:
    """Curricula that ran to the end, best first.

    Args:
        repeats: seeds on which the best ran too before it is believed; none: one seed is enough.
    """

    def __init__(self, repeats: Collection[int] = ()) -> None:
        self._repeats = frozenset(repeats)
        self._values: dict[str, dict[int, float]] = {}
        self._several: dict[str, Collection[float]] = {}
        """Values of curricula that ran on more than one seed."""
        self._entered: dict[str, float] = {}
        """Mean by curriculum that ran on the study's own seed."""
        self._ranked: list[tuple[float, str]] = []
        """Minus the mean, and the curriculum."""
        self.best: str | None = None
        """Who is believed to be the best: once that was heard on all seeds, nobody else is before
        being heard on them too. Where there are repeats, the empty curriculum as long as nobody is
        clearly better."""

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
        if len(values) > 1:
            self._several[curriculum] = values.values()
        entered = curriculum in self._entered
        if known and (entered or repeat):
            return
        if entered:
            del self._ranked[bisect_left(self._ranked, (-self._entered[curriculum], curriculum))]
        if entered or not repeat:
            self._entered[curriculum] = fmean(values.values())
            insort(self._ranked, (-self._entered[curriculum], curriculum))
        if self._ranked:  # luck may be known better also where nobody's mean has changed
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
        best = self._ranked[0][1]
        if self.best is not None and self._heard(self.best):
            best = next(text for _, text in self._ranked if self._heard(text))
        return best if not self._repeats or self._beats_empty(best) else EMPTY_TEXT

    def _beats_empty(self, best: str) -> bool:
        """By more than luck, as soon as that is known.

        Luck is what all curricula of several seeds differ by within themselves; those that were
        chosen for a high first value make it rather too large than too small.
        """
        if best == EMPTY_TEXT or EMPTY_TEXT not in self._entered:
            return True
        noise = pooled_sd(self._several.values()) or 0.0
        error = noise * sqrt(sum(1 / len(self._values[text]) for text in (best, EMPTY_TEXT)))
        return self.mean(best) - self.mean(EMPTY_TEXT) > CLEARLY * error

    def _heard(self, curriculum: str) -> bool:
        return self._repeats <= self._values[curriculum].keys()
