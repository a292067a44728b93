"""How sure is a mean over seeds? Paired differences and simultaneous t intervals.

Student's t on the differences of pairs with equal seeds; several intervals shown together are each
widened to the level 1 - alpha / k (Bonferroni), so that all k hold at once with 95 %. Bonferroni
and not max-t: with three to five seeds a bootstrap of the maximum is not to be trusted.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import TypeVar

from analysis.statistics.distributions import t_quantile

LEVEL = 0.95
Seed = TypeVar("Seed", bound=Hashable)
"""Names one repetition."""
MIN_SEEDS = 3
"""Below this no interval is given: with two seeds t has one degree of freedom and says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with what is known about it."""

    mean: float
    low: float | None
    """None where there are too few repetitions; `note` says so."""
    high: float | None
    n: int
    """How many repetitions the mean is over."""
    unit: str
    """What was repeated."""
    note: str

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval exists and lies on one side of 0."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def t_interval(
    samples: Sequence[float], *, comparisons: int = 1, level: float = LEVEL, unit: str = "seeds"
) -> Interval:
    """Mean of independent repetitions with its t interval.

    Args:
        samples: one value per repetition, at least one.
        comparisons: intervals shown together, that must hold at once.
        level: chance that all of them do, for values that are normal.
        unit: what was repeated.

    Raises:
        ValueError: without samples, or with fewer than one comparison.
    """
    if not samples or comparisons < 1:
        raise ValueError(
            f"an interval of {len(samples)} samples in {comparisons} comparisons; "
            f"wanted at least 1 of each"
        )
    n, mean = len(samples), fmean(samples)
    if n < MIN_SEEDS:
        note = f"no interval: {n} {unit}, at least {MIN_SEEDS} are needed"
        return Interval(mean=mean, low=None, high=None, n=n, unit=unit, note=note)
    quantile = t_quantile(1 - (1 - level) / (2 * comparisons), n - 1)
    half = quantile * stdev(samples) / sqrt(n)
    together = f", {comparisons} at once (Bonferroni)" if comparisons > 1 else ""
    note = f"{level:.0%} t interval over {n} {unit}{together}"
    return Interval(mean=mean, low=mean - half, high=mean + half, n=n, unit=unit, note=note)


def simultaneous(
    families: Mapping[str, Sequence[float]], *, level: float = LEVEL, unit: str = "seeds"
) -> dict[str, Interval]:
    """An interval for each name, all of which hold at once; names without samples are left out."""
    present = {name: samples for name, samples in families.items() if samples}
    return {
        name: t_interval(samples, comparisons=len(present), level=level, unit=unit)
        for name, samples in present.items()
    }


def paired_differences(first: Mapping[Seed, float], second: Mapping[Seed, float]) -> list[float]:
    """First - second for every seed that both have, in the order of the first."""
    return [value - second[seed] for seed, value in first.items() if seed in second]
