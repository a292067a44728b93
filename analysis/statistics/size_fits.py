"""Which curve do gains follow over the number of examples? Fits, their errors and their bands.

Three shapes with an offset (what any training does, however short): none; a power law
a + b n^c with 0 < c <= 1, its limit a + b log n among them; saturating, a + b n / (n + h). Given
c or h a curve is linear in a and b, so the fit is least squares over a grid of shapes: no start
values, no local optimum. Bands carry each repetition's own gains through the fit by its derivative
(an infinitesimal jackknife) and use Student's t over repetitions: what a repetition adds to all
sizes alike, as the noise of `none` does, is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.distributions import t_quantile
from analysis.statistics.intervals import LEVEL, MIN_SEEDS

Array = NDArray[np.float64]
SHAPES = ("none", "power", "saturating")
MIN_SIZES = {"none": 1, "power": 3, "saturating": 3}
"""Sizes without which a curve is not fitted; a held-out fit may have one less."""
_POWERS = np.concatenate([[0.0], np.linspace(0.05, 1.0, 20)])
_GRID = 41


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A fitted curve: offset + scale * f(n)."""

    kind: str
    """none, power or saturating."""
    offset: float
    scale: float
    shape: float
    """power: c, where 0 stands for log n; saturating: h, in examples; none: NaN."""
    derivative: Array
    """(2 or 3 parameters, sizes): of the parameters by the gain at each size fitted."""


def fit(kind: str, examples: Array, gains: Array) -> Curve:
    """Least squares on the mean gains.

    Args:
        kind: one of SHAPES.
        examples: (sizes,), at least one.
        gains: (sizes,).
    """
    shapes = _grid(kind, examples)
    columns = np.array([_column(kind, shape, examples) for shape in shapes])
    centred = columns - columns.mean(1, keepdims=True)
    squares = np.maximum((centred**2).sum(1), 1e-300)
    scales = centred @ (gains - gains.mean()) / squares
    if kind == "none":
        scales = np.zeros(1)
    offsets = gains.mean() - scales * columns.mean(1)
    errors = ((gains - offsets[:, None] - scales[:, None] * columns) ** 2).sum(1)
    best = int(np.argmin(errors))
    found = (kind, float(offsets[best]), float(scales[best]), float(shapes[best]))
    inner = 0 < best < len(shapes) - 1
    slopes = _slopes(*found, examples, inner=inner)
    return Curve(
        kind=kind, offset=found[1], scale=found[2], shape=found[3],
        derivative=np.asarray(np.linalg.pinv(slopes, rcond=1e-6), dtype=np.float64),
    )  # fmt: skip


def predict(curve: Curve, examples: Array) -> Array:
    """The curve at numbers of examples, (points,)."""
    return np.asarray(curve.offset + curve.scale * _column(curve.kind, curve.shape, examples))


def band(
    curve: Curve, gains: Array, points: Array, *, level: float = LEVEL
) -> tuple[Array, Array] | None:
    """Pointwise limits of a curve; None with fewer than 3 repetitions.

    Args:
        curve: as fitted to the mean of the gains.
        gains: (repetitions, sizes).
        points: numbers of examples at which the limits are wanted.
        level: chance that the limits at one point hold the curve there.
    """
    n = len(gains)
    if n < MIN_SEEDS:
        return None
    inner = len(curve.derivative) == 3
    slopes = _slopes(curve.kind, curve.offset, curve.scale, curve.shape, points, inner=inner)
    moved = (gains - gains.mean(0)) @ (slopes @ curve.derivative).T
    error = moved.std(axis=0, ddof=1) / np.sqrt(n)
    half = t_quantile((1 + level) / 2, n - 1) * error
    middle = predict(curve, points)
    return middle - half, middle + half


def held_out_error(kind: str, examples: Array, gains: Array) -> float | None:
    """Root mean square error at each size of the fit to all others; None with too few sizes.

    The smallest and the largest size are left out too: there the error is one of extrapolation.
    """
    if len(examples) <= MIN_SIZES[kind]:
        return None
    errors = []
    for i, size in enumerate(examples):
        others = np.arange(len(examples)) != i
        curve = fit(kind, examples[others], gains[others])
        errors.append(gains[i] - predict(curve, np.array([size]))[0])
    return float(np.sqrt(np.mean(np.square(errors))))


def _grid(kind: str, examples: Array) -> Array:
    if kind == "power":
        return np.asarray(_POWERS)
    if kind == "saturating":
        return np.geomspace(examples.min() / 10, examples.max() * 10, _GRID)
    return np.array([np.nan])


def _column(kind: str, shape: float, examples: Array) -> Array:
    """f(n), about 1 in size so that least squares is well conditioned."""
    if kind == "power":
        scaled = np.log(examples / 1000)
        return np.asarray(np.expm1(shape * scaled) / shape if shape else scaled)
    if kind == "saturating":
        return np.asarray(examples / (examples + shape))
    return np.zeros_like(examples)


def _slopes(
    kind: str, offset: float, scale: float, shape: float, examples: Array, *, inner: bool
) -> Array:
    """Derivatives of the curve by its parameters, (points, parameters).

    A shape at the edge of its grid is taken as given.
    """
    ones = np.ones_like(examples)
    if kind == "none":
        return ones[:, None]
    column = _column(kind, shape, examples)
    if not inner:
        return np.column_stack([ones, column])
    step = 1e-4 * shape
    by_shape = (_column(kind, shape + step, examples) - column) / step * shape
    return np.column_stack([ones, column, scale * by_shape])


def crossings(values: Sequence[float]) -> list[int]:
    """Places i at which the sign turns between i and i + 1; exact zeros count as no sign."""
    signs = np.sign(values)
    known = np.flatnonzero(signs)
    return [int(a) for a, b in pairwise(known) if signs[a] != signs[b]]
