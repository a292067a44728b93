"""Does a curriculum go on after a rung? Asynchronous successive halving as a table to replay.

The stopping variant (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", as
in Ray's AsyncHyperBandScheduler): at each rung a curriculum goes on if it is among the best
1 / eta of those that came before it. Two rules of our own keep noise from deciding: the score must
miss the cut by more than z * sqrt(2) * s, where s is the noise of the rung, and a rung that noise
explains to more than half stops nothing. Higher values are better.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite, sqrt
from statistics import fmean, variance

MIN_RELIABILITY = 0.5
"""A rung below this stops nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a rung says about one curriculum."""

    stop: bool
    reason: str
    """A clause for people, with the numbers that decided."""
    cutoff: float | None
    """The value that the best 1 / eta of the earlier arrivals reach; None for the first one."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A curriculum at a rung, and what its decision depends on, as it was when it came."""

    value: float
    cutoff: float | None
    """Of the earlier ones; None for the first."""
    observed: float
    """Variance of the values so far, its own included; 0 for the first."""


@dataclass(slots=True)
class _Rung:
    """Arrivals with their values in order and their sums, so that one more costs the same always.

    The sums are exact: the variance is that of `statistics`, to the last bit.
    """

    arrivals: dict[str, _Arrival] = field(default_factory=dict)
    ordered: list[float] = field(default_factory=list)
    total: Fraction = Fraction()
    squares: Fraction = Fraction()

    def add(self, curriculum: str, value: float, reduction_factor: int) -> None:
        """One more arrival."""
        cutoff = _cut_of_ordered(self.ordered, reduction_factor) if self.ordered else None
        insort(self.ordered, value)
        exact = Fraction(value)
        self.total += exact
        self.squares += exact**2
        size = len(self.ordered)
        spread = size * self.squares - self.total**2
        observed = float(spread / (size * (size - 1))) if spread else 0.0
        self.arrivals[curriculum] = _Arrival(value, cutoff, observed)


class RungTable:
    """Values of curricula at rungs, in the order of arrival.

    A decision depends on what was recorded at the rung up to the curriculum's own value (the cut on
    what came *before* it), so a table refilled in the same order after a crash decides the same at
    equal noise. Without noise and with z = 0 the decisions are Ray's.

    Args:
        num_rungs: rungs of the study; the last one stops nothing.
        reduction_factor: eta, at least 2.
        z: how many standard errors of a difference a score must miss the cut by; 0 for plain ASHA.
        baselines: text forms of curricula that are compared with but never stopped.
    """

    def __init__(
        self,
        *,
        num_rungs: int,
        reduction_factor: int,
        z: float = 1.0,
        baselines: Collection[str] = (),
    ) -> None:
        if num_rungs < 1 or reduction_factor < 2 or not z >= 0:
            raise ValueError(
                f"num_rungs is {num_rungs}, reduction_factor {reduction_factor}, z {z}; "
                f"wanted at least 1, 2 and 0"
            )
        self.num_rungs = num_rungs
        self._eta = reduction_factor
        self._z = z
        self._baselines = frozenset(baselines)
        self._rungs = [_Rung() for _ in range(num_rungs)]

    def record(self, rung: int, curriculum: str, value: float) -> None:
        """Keep a curriculum's value at a rung; a second one of the same curriculum is ignored.

        Raises:
            ValueError: if the value is not finite, or there is no such rung.
        """
        if not isfinite(value):
            raise ValueError(f"value of {curriculum} at rung {rung} is {value}; wanted a number")
        at = self._at(rung)
        if curriculum not in at.arrivals:
            at.add(curriculum, float(value), self._eta)

    def values(self, rung: int) -> dict[str, float]:
        """Value by curriculum at a rung, in the order of arrival; a copy."""
        return {text: found.value for text, found in self._at(rung).arrivals.items()}

    def decide(self, rung: int, curriculum: str, *, noise: float | None) -> Decision:
        """Whether a recorded curriculum stops at this rung.

        Args:
            rung: from 0.
            curriculum: its text form.
            noise: s, the standard deviation of one curriculum's value over seeds at this rung;
                None if it is not known yet, and then nothing stops.

        Raises:
            ValueError: if the curriculum has no value at this rung.
        """
        arrival = self._arrival(rung, curriculum)
        value, cutoff = arrival.value, arrival.cutoff
        if reason := self._exemption(rung, curriculum, arrival, noise):
            return Decision(stop=False, reason=reason, cutoff=cutoff)
        assert cutoff is not None and noise is not None
        margin = self._z * sqrt(2) * noise
        below = cutoff - value
        if below <= 0:
            reason = f"{value:.4f} reaches the cut {cutoff:.4f}"
        elif below <= margin:
            reason = f"{value:.4f} misses the cut {cutoff:.4f} within the noise of {margin:.4f}"
        else:
            reason = f"{value:.4f} misses the cut {cutoff:.4f} by more than the noise {margin:.4f}"
        return Decision(stop=below > margin, reason=reason, cutoff=cutoff)

    def _exemption(
        self, rung: int, curriculum: str, arrival: _Arrival, noise: float | None
    ) -> str | None:
        """Why nothing is stopped here, wherever the cut lies; None if the cut decides."""
        if rung == len(self._rungs) - 1:
            return "the last rung stops nothing"
        if curriculum in self._baselines:
            return "a baseline runs to the end"
        if arrival.cutoff is None:
            return "the first at its rung goes on"
        if noise is None:
            return "the noise of this rung is not known yet"
        reliable = _reliability(noise, arrival.observed)
        if reliable is None:
            return "all values of this rung are equal"
        if reliable < MIN_RELIABILITY:
            return (
                f"reliability {reliable:.2f} of this rung is under {MIN_RELIABILITY}: noise rules"
            )
        return None

    def _arrival(self, rung: int, curriculum: str) -> _Arrival:
        arrivals = self._at(rung).arrivals
        if curriculum not in arrivals:
            raise ValueError(f"{curriculum} has no value at rung {rung}; record it first")
        return arrivals[curriculum]

    def _at(self, rung: int) -> _Rung:
        if not 0 <= rung < len(self._rungs):
            raise ValueError(f"rung is {rung}, but there are rungs 0 to {len(self._rungs) - 1}")
        return self._rungs[rung]


def pooled_sd(groups: Collection[Collection[float]]) -> float | None:
    """Standard deviation within groups, pooled over them with n - 1 each.

    Args:
        groups: values of one curriculum over seeds, for each curriculum; single values add nothing.

    Returns:
        None if no group has two values.
    """
    degrees = sum(len(group) - 1 for group in groups if group)
    if degrees == 0:
        return None
    means = [(group, fmean(group)) for group in groups if group]
    squares = sum((v - mean) ** 2 for group, mean in means for v in group)
    return sqrt(squares / degrees)


def reliability(noise: float, values: Sequence[float]) -> float | None:
    """Share of the variance between curricula at a rung that is not noise, at most 1.

    `1 - s ** 2 / observed variance`; below 0 where the noise is larger than the whole spread.
    None for fewer than two values or values without spread.
    """
    return _reliability(noise, variance(values) if len(values) > 1 else 0.0)


def _reliability(noise: float, observed: float) -> float | None:
    return 1 - noise**2 / observed if observed else None


def cut(values: Sequence[float], reduction_factor: int) -> float:
    """What the best `1 / reduction_factor` of the values reach, interpolated as `numpy.quantile`.

    The position is computed in whole numbers: a value equal to the cut never falls below it.
    """
    return _cut_of_ordered(sorted(values), reduction_factor)


def _cut_of_ordered(ordered: Sequence[float], reduction_factor: int) -> float:
    below, rest = divmod((len(ordered) - 1) * (reduction_factor - 1), reduction_factor)
    if rest == 0:
        return ordered[below]
    return ordered[below] + rest / reduction_factor * (ordered[below + 1] - ordered[below])
