"""How does the gain of an intermediate task grow with its number of examples?

Over curricula of a single task at several sizes, per task and target. The gain is over `none` in
the same repetition. First the question whether there is a trend at all: the slope of the gain on
log examples, one value per repetition, with Student's t, adjusted over all tasks and targets. Only
then a shape: the curve with the smaller error at sizes that it was not fitted to. Where there is no
trend the answer is "no trend", with the mean gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.repetitions import UNIT, seed_table
from analysis.statistics.intervals import LEVEL, MIN_SEEDS, Interval, t_interval
from analysis.statistics.multiplicity import Family, family, p_of_zero
from analysis.statistics.size_fits import Curve, band, crossings, fit, held_out_error, predict
from spaces.curriculum import parts_alone

Array = NDArray[np.float64]
LEVEL_OF_TREND = 0.05
NO_TREND = "no trend"
UNKNOWN = "not estimable"
_POINTS = 101


@dataclass(frozen=True, slots=True, kw_only=True)
class SignChange:
    """Where a gain turns into a loss or the other way."""

    examples: float
    low: float | None
    """Fewest and most examples at which the band still holds 0; None where it holds 0 up to the
    end of the measured sizes on that side, or where there is no band."""
    high: float | None
    rising: bool
    """From loss to gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCurve:
    """The gain of one task on one target."""

    task: str
    target: str
    sizes: tuple[int, ...]
    gains: tuple[Interval, ...]
    """Measured, by size; each interval on its own."""
    slope: Interval
    """Gain per tenfold examples, straight line on log10."""
    p_value: float | None
    p_adjusted: float | None
    verdict: str
    """power, saturating, NO_TREND or UNKNOWN."""
    errors: dict[str, float | None]
    """Held-out error by shape, in score; None where there are too few sizes."""
    mean_gain: Interval
    """Over all sizes: what can be said where there is no trend."""
    curve: Curve | None
    """The chosen one; None without a trend or a shape."""
    band: pd.DataFrame
    """examples, gain, low, high of the curve over the measured range; pointwise limits, the shape
    taken as chosen. Empty without a curve."""
    sign_changes: tuple[SignChange, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeStudy:
    """All tasks and targets."""

    curves: tuple[SizeCurve, ...]
    tests: Family
    unit: str
    left_out: tuple[str, ...]
    """Tasks and targets with fewer than two sizes in the same repetitions, for people."""


def size_study(
    gains: pd.DataFrame, *, targets: Sequence[str], languages: Sequence[str], level: float = LEVEL
) -> SizeStudy:
    """Size curves of all tasks that were trained alone at two sizes or more.

    Args:
        gains: as `analysis.repetitions.gains` gives them.
        targets: in the order wanted.
        languages: over which a gain is the mean; English and proxies are for the caller to leave
            out.
        level: of the intervals and bands.
    """
    tables, left_out = _tables(gains, targets, languages)
    slopes = {key: _slopes(table) for key, table in tables.items()}
    tests = family(
        "a trend of the gain over log examples, by task and target",
        {_name(key): p_of_zero(values) for key, values in slopes.items()},
        method="benjamini-hochberg",
    )
    curves = tuple(
        size_curve(
            table, task=key[0], target=key[1], p_adjusted=tests.adjusted.get(_name(key)),
            level=level,
        )
        for key, table in tables.items()
    )  # fmt: skip
    return SizeStudy(curves=curves, tests=tests, unit=UNIT, left_out=left_out)


def size_curve(
    table: pd.DataFrame,
    *,
    task: str,
    target: str,
    p_adjusted: float | None = None,
    level: float = LEVEL,
) -> SizeCurve:
    """The curve of one task and target.

    Args:
        table: gains, repetitions by sizes, the columns rising and at least two.
        task: its name.
        target: its name.
        p_adjusted: of the slope within its family; by default the test stands alone.
        level: of intervals and band.
    """
    y, sizes = table.to_numpy(dtype=np.float64), table.columns.to_numpy(dtype=np.float64)
    slopes = _slopes(table)
    p_value = p_of_zero(slopes)
    decided = p_value if p_adjusted is None else p_adjusted
    mean = y.mean(0)
    errors = {kind: held_out_error(kind, sizes, mean) for kind in ("none", "power", "saturating")}
    verdict, note = _verdict(decided, errors, len(y), len(sizes))
    curve = None if verdict in (NO_TREND, UNKNOWN) else fit(verdict, sizes, mean)
    limits = _band(curve, y, sizes, level)
    return SizeCurve(
        task=task, target=target, sizes=tuple(int(size) for size in sizes),
        gains=tuple(t_interval([float(v) for v in own], level=level, unit=UNIT) for own in y.T),
        slope=t_interval(slopes, level=level, unit=UNIT), p_value=p_value, p_adjusted=decided,
        verdict=verdict, errors=errors, curve=curve, band=limits,
        mean_gain=t_interval([float(v) for v in y.mean(1)], level=level, unit=UNIT),
        sign_changes=_sign_changes(limits), note=note,
    )  # fmt: skip


def _verdict(
    p_value: float | None, errors: dict[str, float | None], n: int, num_sizes: int
) -> tuple[str, str]:
    if p_value is None:
        return UNKNOWN, f"no trend can be told: {n} repetitions, at least {MIN_SEEDS} are needed"
    if p_value > LEVEL_OF_TREND:
        return NO_TREND, f"no trend over {num_sizes} sizes and {n} repetitions (p = {p_value:.2f})"
    known = {kind: e for kind, e in errors.items() if e is not None and kind != "none"}
    if not known:
        return UNKNOWN, f"a trend, but {num_sizes} sizes do not tell its shape; 4 are needed"
    best = min(known, key=lambda kind: known[kind])
    other = ", ".join(f"{kind} {100 * e:.2f}" for kind, e in known.items())
    return best, f"held-out error in points: {other}"


def _band(curve: Curve | None, y: Array, sizes: Array, level: float) -> pd.DataFrame:
    columns = ["examples", "gain", "low", "high"]
    if curve is None:
        return pd.DataFrame(columns=columns, dtype="float64")
    points = np.unique(np.concatenate([np.geomspace(sizes[0], sizes[-1], _POINTS), sizes]))
    limits = band(curve, y, points, level=level)
    low, high = limits if limits else (np.full_like(points, np.nan),) * 2
    values = (points, predict(curve, points), low, high)
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def _sign_changes(limits: pd.DataFrame) -> tuple[SignChange, ...]:
    """Zeros of the curve, each with the stretch around it over which the band holds 0 (Fieller)."""
    if not len(limits):
        return ()
    points, gain = limits["examples"].to_numpy(), limits["gain"].to_numpy()
    holds = ((limits["low"] <= 0) & (limits["high"] >= 0)).to_numpy()
    found = []
    for i in crossings(list(gain)):
        share = gain[i] / (gain[i] - gain[i + 1])
        where = points[i] * (points[i + 1] / points[i]) ** share
        below = [j for j in range(i, -1, -1) if not holds[j]]
        above = [j for j in range(i + 1, len(points)) if not holds[j]]
        known = holds[i] or holds[i + 1]
        found.append(
            SignChange(
                examples=float(where), rising=bool(gain[i + 1] > gain[i]),
                low=float(points[below[0]]) if below and known else None,
                high=float(points[above[0]]) if above and known else None,
            )
        )  # fmt: skip
    return tuple(found)


def _slopes(table: pd.DataFrame) -> list[float]:
    """Gain per tenfold examples, of each repetition."""
    x = np.log10(table.columns.to_numpy(dtype=np.float64))
    x = x - x.mean()
    return [float(v) for v in table.to_numpy(dtype=np.float64) @ x / (x @ x)]


def _tables(
    gains: pd.DataFrame, targets: Sequence[str], languages: Sequence[str]
) -> tuple[dict[tuple[str, str], pd.DataFrame], tuple[str, ...]]:
    """Gains by task and target, repetitions by sizes; and what has too few sizes."""
    parts = parts_alone(gains["curriculum"].unique())
    names = sorted({part.task for part in parts.values()})
    found, left_out = {}, []
    for task in names:
        own = {text: part.num_examples for text, part in parts.items() if part.task == task}
        for target in targets:
            rows = gains[gains["curriculum"].isin(list(own)) & (gains["target"] == target)]
            table = seed_table(rows, languages=languages).scores.rename(columns=own)
            if table.shape[1] < 2:
                left_out.append(f"{task} on {target}: {table.shape[1]} sizes, 2 are needed")
            else:
                found[task, target] = table.sort_index(axis="columns")
    return found, tuple(left_out)


def _name(key: tuple[str, str]) -> str:
    return f"{key[0]} on {key[1]}"
