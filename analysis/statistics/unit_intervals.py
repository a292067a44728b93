"""How sure is a mean over units that each hold several values, or over two crossed kinds of unit?

Nested: whole units are drawn, never the values within them: the mean of a unit carries their
noise already, and drawing both counts it twice (Davison and Hinkley, Bootstrap Methods, 1997,
section 3.8). From 10 units on a studentised bootstrap, below Student's t, below 3 nothing.
Crossed (every repetition in every language): analysis of variance with both random; degrees of
freedom by Satterthwaite. The percentile bootstrap is nowhere used: at 10 units it covers 90 %.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.distributions import t_above, t_quantile
from analysis.statistics.intervals import LEVEL, MIN_SEEDS, Interval, t_interval

Array = NDArray[np.float64]
MIN_BOOTSTRAP = 10
"""Units from which on they are resampled."""
DRAWS = 1999


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceInDifferences:
    """How much more a difference is in some languages than in others.

    n counts repetitions, or the languages of both classes.
    """

    over_seeds: Interval
    """For these languages: what other seeds would give."""
    over_languages: Interval
    """For these seeds: what other languages of the two classes would give."""
    over_both: Interval
    """For other seeds and other languages at once."""
    p_value: float | None
    """That `over_both` is an interval around 0; None where there is no interval."""


def unit_interval(
    samples: Mapping[Hashable, Sequence[float]],
    *,
    rng: np.random.Generator,
    unit: str = "seeds",
    level: float = LEVEL,
) -> Interval:
    """Mean over units of the means of their values.

    Args:
        samples: values by unit, at least one each; units are independent, values need not be.
        rng: draws the bootstrap.
        unit: what a unit is, for people.
        level: chance that the interval holds the mean.
    """
    means = [fmean(values) for values in samples.values() if len(values)]
    if len(means) < MIN_BOOTSTRAP or len(set(means)) == 1:
        return t_interval(means, level=level, unit=unit)
    low, high = _studentised(np.asarray(means), rng, level)
    note = f"{level:.0%} studentised bootstrap interval over {len(means)} {unit}"
    return Interval(mean=fmean(means), low=low, high=high, n=len(means), unit=unit, note=note)


def crossed_interval(
    table: Array, *, units: tuple[str, str] = ("seeds", "languages"), level: float = LEVEL
) -> Interval:
    """Mean of a complete table of two crossed random units; n is the smaller number.

    Args:
        table: (first unit, second unit).
        units: names of the two, for people.
        level: chance that the interval holds the mean.
    """
    rows, columns = table.shape
    mean, n, unit = float(table.mean()), min(rows, columns), " x ".join(units)
    if n < MIN_SEEDS:
        return _none(mean, n, unit, f"{rows} {units[0]} and {columns} {units[1]}")
    residual = table - table.mean(1, keepdims=True) - table.mean(0) + mean
    of_rows = (float(table.mean(1).var(ddof=1)) / rows, rows - 1)
    of_columns = (float(table.mean(0).var(ddof=1)) / columns, columns - 1)
    free = (rows - 1) * (columns - 1)
    both = (float((residual**2).sum()) / free / (rows * columns), free)
    counts = f"{rows} {units[0]} and {columns} {units[1]}"
    return _satterthwaite(mean, [of_rows, of_columns], [both], n, unit, counts, level)


def difference_in_differences(
    table: Array, inside: Sequence[bool], *, level: float = LEVEL, unit: str = "seeds"
) -> DifferenceInDifferences:
    """Mean difference in one class of languages minus that in all others.

    Args:
        table: (seeds, languages): what is compared between the classes, for example the score
            with a morphological stage minus that with another stage, paired by seed.
        inside: which languages are of the class.
        level: chance that each interval holds its truth.
        unit: what a row is, for people.

    Raises:
        ValueError: if a class has no language.
    """
    mask = np.asarray(inside, dtype=bool)
    if not 0 < mask.sum() < len(mask):
        raise ValueError(
            f"{int(mask.sum())} of {len(mask)} languages are of the class; "
            "wanted some in it and some not"
        )
    classes = (table[:, mask], table[:, ~mask])
    by_seed = classes[0].mean(1) - classes[1].mean(1)
    mean, seeds = float(by_seed.mean()), len(table)
    counts = f"{classes[0].shape[1]} and {classes[1].shape[1]} languages"
    fewest = min(part.shape[1] for part in classes)
    over_seeds = t_interval([float(v) for v in by_seed], level=level, unit=unit)
    if fewest < MIN_SEEDS:
        none = _none(mean, fewest, "languages", counts)
        return DifferenceInDifferences(
            over_seeds=over_seeds, over_languages=none, over_both=none, p_value=None
        )
    welch = [_of_mean(part.mean(0)) for part in classes]
    over_languages = _satterthwaite(mean, welch, [], len(mask), "languages", counts, level)
    p_value = None
    if seeds < MIN_SEEDS:
        both = _none(mean, seeds, unit, f"{seeds} {unit}")
    else:
        shared = [_interaction(part) for part in classes]
        terms = [_of_mean(by_seed), *welch]
        counts = f"{seeds} {unit} and {counts}"
        both = _satterthwaite(mean, terms, shared, seeds, f"{unit} x languages", counts, level)
        p_value = _p_of_zero(mean, *_variance(terms, shared))
    return DifferenceInDifferences(
        over_seeds=over_seeds, over_languages=over_languages, over_both=both, p_value=p_value
    )


_Term = tuple[float, int]
"""Variance of a mean, and the degrees of freedom of its estimate."""


def _of_mean(values: Array) -> _Term:
    return float(values.var(ddof=1)) / len(values), len(values) - 1


def _interaction(table: Array) -> _Term:
    rows, columns = table.shape
    residual = table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()
    free = (rows - 1) * (columns - 1)
    return float((residual**2).sum()) / free / (rows * columns), free


def _satterthwaite(
    mean: float,
    added: Sequence[_Term],
    counted_twice: Sequence[_Term],
    n: int,
    unit: str,
    counts: str,
    level: float,
) -> Interval:
    """T interval of a variance that is a sum of estimates less what two of them both hold.

    Args:
        mean: of which it is the interval.
        added: that of seeds first, then those of languages; each holds the interaction too.
        counted_twice: the interaction, empty if there is only one kind of unit.
        n: number of units.
        unit: their name.
        counts: how many of what, for people.
        level: of the interval.
    """
    variance, degrees = _variance(added, counted_twice)
    half = t_quantile((1 + level) / 2, degrees) * sqrt(variance)
    note = f"{level:.0%} t interval over {counts}, {degrees:.1f} degrees of freedom (Satterthwaite)"
    return Interval(mean=mean, low=mean - half, high=mean + half, n=n, unit=unit, note=note)


def _variance(added: Sequence[_Term], counted_twice: Sequence[_Term]) -> tuple[float, float]:
    """Of a mean, with the degrees of freedom of its estimate."""
    terms = _terms(added, counted_twice)
    variance = sum(sign * v for sign, (v, _) in terms)
    squares = sum(v**2 / free for _, (v, free) in terms)
    return variance, variance**2 / squares if squares else 1.0


def _p_of_zero(mean: float, variance: float, degrees: float) -> float:
    """Two-sided."""
    if variance == 0:
        return float(mean == 0)
    return float(2 * t_above(abs(mean) / sqrt(variance), degrees))


def _terms(added: Sequence[_Term], counted_twice: Sequence[_Term]) -> list[tuple[float, _Term]]:
    """Signed terms of the variance; a unit that varies less than the interaction is left out."""
    if not counted_twice:
        return [(1.0, term) for term in added]
    both = sum(v for v, _ in counted_twice)
    seeds, languages = added[:1], added[1:]
    kept = [own for own in (seeds, languages) if sum(v for v, _ in own) > both]
    signed = [(1.0, term) for own in kept for term in own]
    if len(kept) == 1:
        return signed
    return [*signed, *(((-1.0 if kept else 1.0), term) for term in counted_twice)]


def _none(mean: float, n: int, unit: str, counts: str) -> Interval:
    note = f"no interval: {counts}, at least {MIN_SEEDS} of each are needed"
    return Interval(mean=mean, low=None, high=None, n=n, unit=unit, note=note)


def _studentised(means: Array, rng: np.random.Generator, level: float) -> tuple[float, float]:
    n, mean = len(means), float(means.mean())
    error = float(means.std(ddof=1)) / sqrt(n)
    drawn = means[rng.integers(n, size=(DRAWS, n))]
    errors = drawn.std(axis=1, ddof=1) / sqrt(n)
    usable = errors > 0
    pivots = (drawn.mean(1)[usable] - mean) / errors[usable]
    high, low = np.quantile(pivots, [(1 - level) / 2, (1 + level) / 2])
    return mean - float(low) * error, mean - float(high) * error
