"""How much of the variance between curricula is their set of tasks, their order, or seeds?

Curricula share stage nodes, so their noise at one seed is correlated and an analysis of variance
that takes them as independent is wrong. Repetitions are independent of each other: the mean over
pairs of different repetitions s, t of y_s' A y_t has expectation mu' A mu whatever the covariance
within one, so it estimates any variance between true scores without bias. It equals
mean' A mean - trace(A S) / n, S the covariance over repetitions (a repeated-measures analysis of
variance with the repetitions as subjects). Intervals and tests need the covariance itself, which
three repetitions do not give freely: there the noise of prefixes is modelled and simulated
(`analysis/statistics/prefix_noise.py`), and an interval holds the shares under which the observed
one is no surprise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.repetitions import SeedTable
from analysis.statistics.intervals import LEVEL, MIN_SEEDS, Interval
from analysis.statistics.prefix_noise import (
    PrefixNoise,
    fit_noise,
    shared_by_nodes,
    simulated_noise,
)
from spaces.curriculum import Curriculum, parse_curriculum

Array = NDArray[np.float64]
DRAWS = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A source of variance of the score of one trial."""

    name: str
    variance: float
    """Unbiased, so that it may come out below 0 when it is small."""
    share: Interval
    """Of the variance of one trial around the grand mean, in [0, 1]."""
    p_value: float | None
    """That there is none of it, for set and order; None without a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderVariance:
    """Where the differences between curricula come from."""

    set_of_tasks: Component
    """Between means of sets; a set is the stages without their order, sizes included."""
    order: Component
    """Between orders of the same set."""
    seeds: Component
    """Of one curriculum over repetitions, without what moves all curricula alike."""
    shift: float
    """Variance of what a repetition adds to all curricula alike; no part of the shares, since
    curricula are compared within repetitions."""
    shared_nodes: float
    """Share of the seeds' variance that stage nodes carry, as fitted; in [0, 1]."""
    n: int
    """Repetitions."""
    num_curricula: int
    num_sets: int
    left_out: tuple[str, ...]
    """Curricula of which no other order was measured, and `none`."""
    note: str


def order_variance(
    table: SeedTable, *, rng: np.random.Generator, level: float = LEVEL
) -> OrderVariance | str:
    """Variance components, or why there are none, for people.

    Args:
        table: scores or gains, repetitions by curricula.
        rng: draws the simulated noise.
        level: of the intervals of shares.
    """
    scores, left_out = with_other_orders(table.scores)
    if not scores.shape[1]:
        return "no set of stages was repeated in two orders on fresh seeds"
    if len(scores) < 2:
        return f"not estimable: {len(scores)} {table.unit}, at least 2 are needed to see the seeds"
    curricula = [parse_curriculum(text) for text in scores.columns]
    y, sets = scores.to_numpy(), _sets(curricula)
    fitted = _estimate(y, sets)
    n, num_sets = y.shape[0], sets.shape[1]
    if n < MIN_SEEDS:
        note = f"no interval: {n} {table.unit}, at least {MIN_SEEDS} are needed"
        drawn, nodes = None, float("nan")
    else:
        noise = fit_noise(y, curricula)
        nodes = shared_by_nodes(noise, fitted.variances[2])
        drawn = _draws(noise, n, sets, _directions(y, sets), rng)
        note = f"{level:.0%} interval over {n} {table.unit}; noise of shared prefixes as fitted"
    names = ("set of tasks", "order", "seeds")
    parts = [_component(i, name, fitted, drawn, n, table.unit, note, level)
             for i, name in enumerate(names)]  # fmt: skip
    return OrderVariance(
        set_of_tasks=parts[0], order=parts[1], seeds=parts[2], shift=fitted.shift,
        shared_nodes=nodes, n=n, num_curricula=len(curricula), num_sets=num_sets,
        left_out=left_out, note=note,
    )  # fmt: skip


def set_of(curriculum: Curriculum) -> tuple[str, ...]:
    """The stages of a curriculum without their order."""
    return tuple(sorted(str(stage) for stage in curriculum.stages))


def members_of_sets(curricula: Sequence[Curriculum]) -> list[list[int]]:
    """For each set of stages, the places of its curricula."""
    sets: dict[tuple[str, ...], list[int]] = {}
    for i, curriculum in enumerate(curricula):
        sets.setdefault(set_of(curriculum), []).append(i)
    return list(sets.values())


def with_other_orders(scores: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Columns whose set of stages is there in at least two orders, and the others' names."""
    sets = {text: set_of(parse_curriculum(text)) for text in scores.columns}
    times = Counter(sets.values())
    kept = [text for text, own in sets.items() if times[own] > 1]
    return scores[kept], tuple(text for text in sets if text not in set(kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    variances: tuple[float, float, float]
    """Of sets, order, seeds."""
    shift: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draws:
    """Parts of simulated estimates, from which those for true effects of any size follow.

    With effects k times a direction of mean square 1 a component is k^2 + 2 k linear + rest.
    """

    linear: Array
    """(2, draws): for set and order, the direction's product with the mean noise."""
    rest: Array
    """(2, draws)"""
    seeds: Array
    """(draws,): the seeds' variance."""


def _sets(curricula: Sequence[Curriculum]) -> Array:
    """Which curriculum is of which set: 1 or 0, (curricula, sets)."""
    members = members_of_sets(curricula)
    found = np.zeros((len(curricula), len(members)))
    for column, own in enumerate(members):
        found[own, column] = 1.0
    return found


def _estimate(y: Array, sets: Array) -> _Fit:
    """Y is (repetitions, curricula)."""
    n, count = y.shape
    mean, free, sizes = y.mean(0), max(n - 1, 1), sets.sum(0)
    rest = y - mean
    noise = _squares(rest, sets, sizes).sum(1) / free / count
    found = _squares(mean, sets, sizes) / count - noise / n
    shift = float(rest.mean(1) @ rest.mean(1)) / free
    return _Fit(variances=(float(found[0]), float(found[1]), float(noise.sum())), shift=shift)


def _directions(y: Array, sets: Array) -> Array:
    """Effects of set and order as estimated, (2, curricula), scaled to a mean square of 1."""
    mean = y.mean(0)
    of_set = sets @ (mean @ sets / sets.sum(0))
    found = np.array([of_set - mean.mean(), mean - of_set])
    size = np.sqrt((found**2).mean(1, keepdims=True))
    return np.asarray(found / np.where(size > 0, size, 1.0))


def _draws(
    fitted: PrefixNoise, n: int, sets: Array, directions: Array, rng: np.random.Generator
) -> _Draws:
    """Simulate the noise of the estimates; sets is (curricula, sets), one 1 in each row."""
    count, sizes = len(sets), sets.sum(0)
    noise = simulated_noise(fitted, (DRAWS, n), rng)
    mean = noise.mean(1)
    every, of_mean = _squares(noise, sets, sizes), _squares(mean, sets, sizes)
    spread = (every.sum(2) - n * of_mean) / (n - 1) / count
    rest = of_mean / count - spread / n
    return _Draws(linear=directions @ mean.T / count, rest=rest, seeds=spread.sum(0))


def _squares(noise: Array, sets: Array, sizes: Array) -> Array:
    """Sums of squares between sets and within them, (2, ...), of noise (..., curricula)."""
    means = noise @ sets / sizes
    of_sets = (means**2 * sizes).sum(-1)
    overall = noise.shape[-1] * noise.mean(-1) ** 2
    return np.asarray([of_sets - overall, (noise**2).sum(-1) - of_sets])


def _component(
    index: int,
    name: str,
    fit: _Fit,
    draws: _Draws | None,
    n: int,
    unit: str,
    note: str,
    level: float,
) -> Component:
    variance = fit.variances[index]
    share = _share(fit.variances, index)
    if draws is None:
        interval = Interval(mean=share, low=None, high=None, n=n, unit=unit, note=note)
        return Component(name=name, variance=variance, share=interval, p_value=None)
    if index == 2:
        low, high = _share_limits(fit, (0, 1), draws, level)
        low, high = 1 - high, 1 - low
        p_value = None
    else:
        low, high = _share_limits(fit, (index,), draws, level)
        p_value = _p_of_none(fit, index, draws)
    interval = Interval(mean=share, low=low, high=high, n=n, unit=unit, note=note)
    return Component(name=name, variance=variance, share=interval, p_value=p_value)


def _share(variances: Sequence[float], *index: int) -> float:
    """Share of some components, all taken as at least 0."""
    known = [max(v, 0.0) for v in variances]
    return sum(known[i] for i in index) / sum(known) if sum(known) else 0.0


def _p_of_none(fit: _Fit, index: int, draws: _Draws) -> float:
    """Chance that noise alone gives such a ratio of the component to the seeds' variance."""
    observed = fit.variances[index] / max(fit.variances[2], 1e-300)
    chance = draws.rest[index] / np.maximum(draws.seeds, 1e-300)
    return float((1 + int((chance >= observed).sum())) / (1 + len(chance)))


def _share_limits(
    fit: _Fit, index: tuple[int, ...], draws: _Draws, level: float
) -> tuple[float, float]:
    """All shares of set or order (or both) under which the observed one is no surprise.

    The true size of the component is moved, all else stays as estimated.
    """
    base = np.sqrt(np.maximum(np.array(fit.variances[:2]), 0.0))
    moved = np.array([i in index for i in range(2)])
    seeds = max(fit.variances[2], 1e-300)
    observed = _ratio(np.array(fit.variances[:2])[:, None], np.array([seeds]), moved)[0]
    towards = base[moved] if base[moved].any() else np.ones(int(moved.sum()))
    towards = towards / np.sqrt((towards**2).sum())

    def sizes(k: float) -> Array:
        found = base.copy()
        found[moved] = k * towards
        return np.asarray(found)

    def above(k: float) -> float:
        size = sizes(k)[:, None]
        estimates = size**2 + 2 * size * draws.linear + draws.rest
        return float((_ratio(estimates, draws.seeds, moved) >= observed).mean())

    def share(k: float) -> float:
        size = sizes(k) ** 2
        return float(size[moved].sum() / (size.sum() + seeds))

    top = 50 * np.sqrt(float((base**2).sum()) + seeds)
    limits = [_solve(above, wanted, top) for wanted in ((1 - level) / 2, (1 + level) / 2)]
    return share(limits[0]), share(limits[1])


def _ratio(estimates: Array, seeds: Array, moved: NDArray[np.bool_]) -> Array:
    """The moved components over all others; monotone in their share."""
    others = np.maximum(estimates[~moved], 0.0).sum(0) + np.maximum(seeds, 1e-300)
    return np.asarray(estimates[moved].sum(0) / others)


def _solve(above: Callable[[float], float], wanted: float, top: float) -> float:
    """Where a rising chance reaches what is wanted; 0 if it starts above."""
    low, high = 0.0, top
    if above(low) >= wanted:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) >= wanted else (middle, high)
    return high
