"""Does a curriculum go on after a rung? Asynchronous successive halving as a table to replay.

The stopping variant (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", as
in Ray's AsyncHyperBandScheduler): at each rung a curriculum goes on if it is among the best
1 / eta of those that came before it. Two rules of our own keep noise from deciding: the score must
miss the cut by more than z * sqrt(2) * s, where s is the noise of the rung, and a rung that noise
explains to more than half stops nothing. Higher values are better.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
        self._eta = reduction_factor
        self._z = z
        self._baselines = frozenset(baselines)
        self._rungs: list[dict[str, float]] = [{} for _ in range(num_rungs)]

    def record(self, rung: int, curriculum: str, value: float) -> None:
        """Keep a curriculum's value at a rung; a second one of the same curriculum is ignored.

        Raises:
            ValueError: if the value is not finite, or there is no such rung.
        """
        if not isfinite(value):
            raise ValueError(f"value of {curriculum} at rung {rung} is {value}; wanted a number")
        self._at(rung).setdefault(curriculum, value)

    def values(self, rung: int) -> dict[str, float]:
        """Value by curriculum at a rung, in the order of arrival; a copy."""
        return dict(self._at(rung))

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
        value, earlier = self._own_and_earlier(rung, curriculum)
        cutoff = cut(earlier, self._eta) if earlier else None
        if reason := self._exemption(rung, curriculum, [*earlier, value], noise):
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
        self, rung: int, curriculum: str, so_far: Sequence[float], noise: float | None
    ) -> str | None:
        """Why nothing is stopped here, wherever the cut lies; None if the cut decides.

        `so_far` are the values of the rung up to this curriculum's own, which is the last.
        """
        if rung == len(self._rungs) - 1:
            return "the last rung stops nothing"
        if curriculum in self._baselines:
            return "a baseline runs to the end"
        if len(so_far) == 1:
            return "the first at its rung goes on"
        if noise is None:
            return "the noise of this rung is not known yet"
        reliable = reliability(noise, so_far)
        if reliable is None:
            return "all values of this rung are equal"
        if reliable < MIN_RELIABILITY:
            return (
                f"reliability {reliable:.2f} of this rung is under {MIN_RELIABILITY}: noise rules"
            )
        return None

    def _own_and_earlier(self, rung: int, curriculum: str) -> tuple[float, list[float]]:
        arrivals = self._at(rung)
        if curriculum not in arrivals:
            raise ValueError(f"{curriculum} has no value at rung {rung}; record it first")
        position = list(arrivals).index(curriculum)
        return arrivals[curriculum], list(arrivals.values())[:position]

    def _at(self, rung: int) -> dict[str, float]:
        if not 0 <= rung < len(self._rungs):
            raise ValueError(f"rung is {rung}, but there are rungs 0 to {len(self._rungs) - 1}")
        return self._rungs[rung]


def pooled_sd(groups: Sequence[Sequence[float]]) -> float | None:
    """Standard deviation within groups, pooled over them with n - 1 each.

    Args:
        groups: values of one curriculum over seeds, for each curriculum; single values add nothing.

    Returns:
        None if no group has two values.
    """
    degrees = sum(len(group) - 1 for group in groups if group)
    if degrees == 0:
        return None
    squares = sum((v - fmean(group)) ** 2 for group in groups if group for v in group)
    return sqrt(squares / degrees)


def reliability(noise: float, values: Sequence[float]) -> float | None:
    """Share of the variance between curricula at a rung that is not noise, at most 1.

    `1 - s ** 2 / observed variance`; below 0 where the noise is larger than the whole spread.
    None for fewer than two values or values without spread.
    """
    observed = variance(values) if len(values) > 1 else 0.0
    return 1 - noise**2 / observed if observed else None


def cut(values: Sequence[float], reduction_factor: int) -> float:
    """What the best `1 / reduction_factor` of the values reach, interpolated as `numpy.quantile`.

    The position is computed in whole numbers: a value equal to the cut never falls below it.
    """
    ordered = sorted(values)
    below, rest = divmod((len(ordered) - 1) * (reduction_factor - 1), reduction_factor)
    if rest == 0:
        return ordered[below]
    return ordered[below] + rest / reduction_factor * (ordered[below + 1] - ordered[below])
