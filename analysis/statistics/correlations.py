"""Do gains go with a similarity? Over (task, language) pairs, or over languages alone.

Pairs of the same task, or of the same language, are not independent. So task and language means are
removed, and chance is what remains when the tasks and the languages of the similarity are permuted
(a two-way Mantel test; with controls by double semi-partialling: Dekker, Krackhardt and Snijders,
Psychometrika 2007). The interval of a slope holds the values that the same test does not reject.
Languages count as exchangeable: kinship among them is not modelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.distributions import normal_quantile, ranks
from analysis.statistics.intervals import LEVEL, Interval

Array = NDArray[np.float64]
MIN_LANGUAGES = 5
"""5! = 120 permutations: the smallest p-value is under 0.02."""
MIN_TASKS = 3
MIN_FISHER = 10
"""Languages from which on a rank correlation has an interval."""
DRAWS = 1999


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """How one thing goes with another."""

    spearman: Interval
    """Rank correlation; partial if there are controls."""
    slope: Interval
    """Gain per unit of the similarity; with controls, given them."""
    p_value: float | None
    """Of the rank correlation, two-sided, by permutation; None where too few remain."""
    tasks: int
    """1 for a correlation over languages alone."""
    languages: int
    left_out: tuple[str, ...]
    """Languages with a value missing."""
    note: str


def pair_correlation(
    gains: Array,
    similarity: Array,
    *,
    languages: Sequence[str],
    rng: np.random.Generator,
    controls: Sequence[Array] = (),
    level: float = LEVEL,
) -> Correlation:
    """Over pairs of task and language, with the means of tasks and languages removed.

    Args:
        gains: (tasks, languages), NaN where missing.
        similarity: (tasks, languages); a number per language alone has nothing left here.
        languages: names of the columns.
        rng: draws permutations.
        controls: others of the same shape that are held equal.
        level: of the intervals.
    """
    tables, left_out = _where_known([gains, similarity, *controls], languages)
    return _correlation([_centred(table) for table in tables], left_out, rng, level)


def language_correlation(
    gains: Array,
    covariate: Array,
    *,
    languages: Sequence[str],
    rng: np.random.Generator,
    controls: Sequence[Array] = (),
    level: float = LEVEL,
) -> Correlation:
    """Over languages: gains are means over tasks, and the tasks are taken as given.

    Args:
        gains: (languages,), NaN where missing.
        covariate: (languages,).
        languages: their names.
        rng: draws permutations.
        controls: others of the same shape that are held equal.
        level: of the intervals.
    """
    rows = [values[None, :] for values in (gains, covariate, *controls)]
    tables, left_out = _where_known(rows, languages)
    centred = [table - table.mean() if table.size else table for table in tables]
    return _correlation(centred, left_out, rng, level)


def _where_known(
    tables: Sequence[Array], languages: Sequence[str]
) -> tuple[list[Array], tuple[str, ...]]:
    """The columns of the languages that have every value, and the names of the others."""
    known = np.asarray(np.isfinite(tables).all(axis=(0, 1)))
    left_out = tuple(name for name, there in zip(languages, known, strict=True) if not there)
    return [table[:, known] for table in tables], left_out


def _correlation(
    tables: Sequence[Array], left_out: tuple[str, ...], rng: np.random.Generator, level: float
) -> Correlation:
    """Tables are centred: gains, similarity, controls."""
    tasks, languages = tables[0].shape
    unit = "languages" if tasks == 1 else "(task, language) pairs"
    n = tasks * languages
    if problem := _problem(tables):
        none = Interval(mean=float("nan"), low=None, high=None, n=n, unit=unit, note=problem)
        return Correlation(
            spearman=none, slope=none, p_value=None,
            tasks=tasks, languages=languages, left_out=left_out, note=problem,
        )  # fmt: skip
    orders = _permutations(tasks, languages, rng)
    by_rank = [_centred_ranks(table) for table in tables]
    rank_gains, rank_own, rank_moved = _moved(by_rank, orders)
    observed, chance = rank_own @ rank_gains, rank_moved @ rank_gains
    scale = np.sqrt((rank_gains @ rank_gains) * np.array(rank_own @ rank_own))
    scales = np.sqrt((rank_gains @ rank_gains) * (rank_moved**2).sum(1))
    rho, chances = float(observed / scale), chance / scales
    p = (1 + int((np.abs(chances) >= abs(rho) - 1e-12).sum())) / (1 + len(chances))
    permuted = "languages" if tasks == 1 else "tasks and of languages"
    note = f"p-value from {len(orders)} permutations of {permuted}"
    return Correlation(
        spearman=_fisher(rho, tasks, languages, len(tables) - 2, level),
        slope=_slope(tables, orders, n, unit, level),
        p_value=p, tasks=tasks, languages=languages, left_out=left_out, note=note,
    )  # fmt: skip


def _problem(tables: Sequence[Array]) -> str:
    """Why nothing can be estimated; empty if it can."""
    tasks, languages = tables[0].shape
    if languages < MIN_LANGUAGES:
        return f"not estimable: {languages} languages, at least {MIN_LANGUAGES} are needed"
    if 1 < tasks < MIN_TASKS:
        return f"not estimable: {tasks} tasks, at least {MIN_TASKS} are needed"
    flat = [table.ravel() for table in tables]
    left = _residual(flat[1], np.array(flat[2:]).T) if len(flat) > 2 else flat[1]
    if np.ptp(flat[0]) < 1e-12 or np.abs(left).max() < 1e-9 * max(1.0, np.abs(flat[1]).max()):
        return "not estimable: nothing varies once means and controls are removed"
    return ""


def _permutations(tasks: int, languages: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places in the flattened table after permuting tasks and languages; (permutations, pairs)."""
    wanted = min(DRAWS, 4 * factorial(languages) * factorial(tasks))
    rows = np.argsort(rng.random((wanted, tasks)), axis=1)
    columns = np.argsort(rng.random((wanted, languages)), axis=1)
    places = rows[:, :, None] * languages + columns[:, None, :]
    return places.reshape(wanted, tasks * languages)


def _moved(tables: Sequence[Array], orders: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Gains, similarity, and permuted similarity, all with the controls taken out."""
    gains, own, *controls = (table.ravel() for table in tables)
    if not controls:
        return gains, own, own[orders]
    held = np.array(controls).T
    left = _residual(own, held)
    return _residual(gains, held), left, _residual(left[orders].T, held).T


def _slope(
    tables: Sequence[Array], orders: NDArray[np.int64], n: int, unit: str, level: float
) -> Interval:
    """Least squares, and all slopes that the permutation test does not reject.

    At a slope b the test compares |<g - b x, x>| with |<g - b x, x'>| over permuted x'; gains and
    permuted similarities enter by two inner products each, so that every b is one comparison.
    """
    gains, own, moved = _moved(tables, orders)
    square = float(own @ own)
    slope = float(own @ gains) / square
    norms = np.sqrt(square / np.maximum((moved**2).sum(1), 1e-300))
    across = (moved @ gains - slope * (moved @ own)) * norms
    turn = (moved @ own) * norms
    # at slope + d: observed -d * square against across - d * turn
    low, high = (
        slope + sign * _reach(sign * across, turn, square, 1 - level) for sign in (-1.0, 1.0)
    )
    note = f"{level:.0%} interval: slopes that {len(orders)} permutations do not reject"
    return Interval(mean=slope, low=low, high=high, n=n, unit=unit, note=note)


def _reach(across: Array, turn: Array, square: float, rejected: float) -> float:
    """Largest distance d > 0 from the estimate at which the test does not reject.

    A permutation is as extreme as observed at d while |across - d turn| >= d square; since
    |turn| <= square that holds up to one distance for each permutation.
    """
    up = np.maximum(across, 0.0) / np.maximum(square + turn, 1e-300)
    down = np.maximum(-across, 0.0) / np.maximum(square - turn, 1e-300)
    reach = np.sort(np.maximum(up, down))[::-1]
    return float(reach[int(rejected * (len(reach) + 1)) - 1])


def _fisher(rho: float, tasks: int, languages: int, controls: int, level: float) -> Interval:
    """Interval of a rank correlation over languages (Bonett and Wright, Psychometrika 2000)."""
    if tasks > 1:
        note = "no interval: pairs are not independent; see that of the slope"
        return Interval(
            mean=rho, low=None, high=None, n=tasks * languages,
            unit="(task, language) pairs", note=note,
        )  # fmt: skip
    if languages - controls < MIN_FISHER:
        note = f"no interval: {languages} languages, at least {MIN_FISHER + controls} are needed"
        return Interval(mean=rho, low=None, high=None, n=languages, unit="languages", note=note)
    z = np.arctanh(np.clip(rho, -0.999, 0.999))
    error = np.sqrt((1 + rho**2 / 2) / (languages - controls - 3))
    half = normal_quantile((1 + level) / 2) * error
    return Interval(
        mean=rho, low=float(np.tanh(z - half)), high=float(np.tanh(z + half)), n=languages,
        unit="languages", note=f"{level:.0%} interval over {languages} languages (Bonett–Wright)",
    )  # fmt: skip


def _centred(table: Array) -> Array:
    if not table.size:
        return table
    means = table.mean(1, keepdims=True) + table.mean(0) - table.mean()
    return np.asarray(table - means)


def _centred_ranks(table: Array) -> Array:
    own = ranks(np.round(table, 12))
    return np.asarray(own - own.mean())


def _residual(values: Array, held: Array) -> Array:
    """What least squares on the controls leaves; values (pairs, ...), held (pairs, controls)."""
    return np.asarray(values - held @ np.linalg.lstsq(held, values, rcond=None)[0])
