"""How alike are the scores of two curricula? The covariance, part by part, and its gradient.

    f(c, x)   sum of linear kernels, one per group of features, and a Mallows kernel
              exp(-a * discordant pairs - b * differences of content), times
              exp(g (x + x') - r |x - x'|): low rungs teach about high ones, with a spread of their
              own (x: fidelity, 0 the highest)
    constant  one for all, one per fidelity, one per seed
    stage     variance of a stage node times the nodes that two observations share: a prefix that
              was trained with the same seed has drawn its luck once
    run       of an observation alone: its target's training, and its items
Mallows kernel over orders: BOPS-H (Deshwal et al., AAAI 2022); written from the paper. Each part is
an inner product of features or a product of such, so that the sum is positive definite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.gp.features import GROUPS, Described, Features
from search.gp.observed import Observation

Array = NDArray[np.float64]

LEVEL, LEVEL_OF_FIDELITY, LEVEL_OF_SEED = 1.0, 0.5, 0.25
"""Prior variances of the constants; values have variance about 1."""
PRIOR_WEIGHT = 0.5
"""Weight of a given prior before any data: its mean, and its standard deviation around it. One
observation that contradicts it moves it as far as data do any other weight."""

BELIEFS: Mapping[str, tuple[float, float]] = {
    "presence": (-1.0, 1.0),
    "size": (-1.5, 1.0),
    "together": (-2.5, 1.0),
    "order": (-1.5, 1.0),
    "next": (-2.5, 1.0),
    "recent": (-2.0, 1.0),
    "mixed": (-2.5, 1.0),
    "again": (-2.5, 1.0),
    "mallows": (-2.0, 1.0),
    "order_rate": (0.0, 0.5),
    "content_rate": (0.0, 0.5),
    "fidelity_rate": (-2.0, 0.7),
    "fidelity_growth": (0.0, 0.2),
    "stage": (-4.0, 1.0),
    "run": (-2.5, 1.0),
}
"""Normal priors of hyper-parameters: mean and standard deviation, of logarithms but for the
growth. Variances of values of variance 1, so that a few observations do not decide alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Curricula at fidelities and seeds, described."""

    described: Described
    fidelity: Array
    seeds: NDArray[np.int64]
    nodes: Array
    """(points, distinct prefixes): 1 where the point stands on the prefix."""
    item_noise: float
    """Variance of a value by its finite items."""


def points_of(
    observations: Sequence[Observation], features: Features, *, item_noise: float = 0.0
) -> Points:
    """Observations as points; their values are not looked at."""
    prefixes = [o.curriculum.prefixes()[1:] for o in observations]
    columns = {p: k for k, p in enumerate(dict.fromkeys(p for own in prefixes for p in own))}
    nodes = np.zeros((len(observations), len(columns)))
    for row, own in enumerate(prefixes):
        nodes[row, [columns[prefix] for prefix in own]] = 1.0
    return Points(
        described=features.describe([o.curriculum for o in observations]),
        fidelity=np.array([o.fidelity for o in observations]),
        seeds=np.array([o.seed for o in observations], dtype=np.int64),
        nodes=nodes,
        item_noise=item_noise,
    )


def names_of(groups: Sequence[str]) -> tuple[str, ...]:
    """Hyper-parameters of a model with these groups of features, in the order of its vector."""
    return (*groups, *(name for name in BELIEFS if name not in GROUPS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the covariance of points is put together from, whatever the hyper-parameters."""

    linear: Array
    """(groups, points * points)."""
    discordant: Array
    content: Array
    prior: Array
    apart: Array
    """|x - x'|."""
    height: Array
    """x + x'."""
    shared_nodes: Array
    constant: Array
    """Constants and what finite items add to the diagonal."""


def parts_of(points: Points) -> Parts:
    """The parts of the covariance among points."""
    described, x, size = points.described, points.fidelity, len(points.fidelity)
    same_seed = points.seeds[:, None] == points.seeds
    linear = [rows @ rows.T for rows in described.linear.values()]
    same_fidelity = x[:, None] == x
    levels = LEVEL + LEVEL_OF_FIDELITY * same_fidelity + LEVEL_OF_SEED * same_seed
    return Parts(
        linear=np.array(linear).reshape(len(linear), size * size),
        discordant=squared_distances(described.order, described.order),
        content=squared_distances(described.content, described.content),
        prior=PRIOR_WEIGHT**2 * np.outer(described.prior, described.prior),
        apart=np.abs(x[:, None] - x),
        height=x[:, None] + x,
        shared_nodes=(points.nodes @ points.nodes.T) * same_seed,
        constant=levels + points.item_noise * np.eye(size),
    )


def covariance(theta: Array, parts: Parts) -> Array:
    """(points, points), noise included."""
    signal, across, _ = _signal(theta, parts)
    *_, stage, run = theta
    found = signal * across + parts.constant + np.exp(stage) * parts.shared_nodes
    return np.asarray(found + np.exp(run) * np.eye(len(found)))


def gradient(theta: Array, parts: Parts, weights: Array) -> Array:
    """Of the sum of the covariance times `weights`, by each hyper-parameter."""
    signal, across, mallows = _signal(theta, parts)
    num_groups = len(parts.linear)
    _, order_rate, content_rate, fidelity_rate, _, stage, run = np.exp(theta[num_groups:])
    weighted = weights * across
    of_mallows = weighted * mallows
    of_signal = weighted * signal
    return np.array(
        [
            *(np.exp(theta[:num_groups]) * (parts.linear @ weighted.ravel())),
            of_mallows.sum(),
            -order_rate * (of_mallows * parts.discordant).sum(),
            -content_rate * (of_mallows * parts.content).sum(),
            -fidelity_rate * (of_signal * parts.apart).sum(),
            (of_signal * parts.height).sum(),
            stage * (weights * parts.shared_nodes).sum(),
            run * np.trace(weights),
        ]
    )


def across_points(theta: Array, points: Points, asked: Described) -> Array:
    """(points, asked): covariance of observations with noiseless values at the highest fidelity."""
    described, x = points.described, points.fidelity
    num_groups = len(described.linear)
    variances, rest = np.exp(theta[:num_groups]), theta[num_groups:]
    linear = [
        v * (rows @ asked.linear[g].T)
        for v, (g, rows) in zip(variances, described.linear.items(), strict=True)
    ]
    mallows = _mallows(
        rest,
        squared_distances(described.order, asked.order),
        squared_distances(described.content, asked.content),
    )
    prior = PRIOR_WEIGHT**2 * np.outer(described.prior, asked.prior)
    height = np.exp(rest[4] * x - np.exp(rest[3]) * x)[:, None]
    levels = LEVEL + LEVEL_OF_FIDELITY * (x == 0)[:, None]
    return np.asarray((sum(linear) + mallows + prior) * height + levels)


def variances_of(theta: Array, asked: Described) -> Array:
    """(asked,): before any data, of noiseless values at the highest fidelity."""
    num_groups = len(asked.linear)
    squares = [np.sum(rows**2, axis=1) for rows in asked.linear.values()]
    linear = [v * s for v, s in zip(np.exp(theta[:num_groups]), squares, strict=True)]
    prior = PRIOR_WEIGHT**2 * asked.prior**2
    return np.asarray(sum(linear) + np.exp(theta[num_groups]) + prior + LEVEL + LEVEL_OF_FIDELITY)


def squared_distances(rows: Array, others: Array) -> Array:
    """(rows, others)."""
    squares = np.sum(rows**2, axis=1)[:, None] + np.sum(others**2, axis=1)
    return np.asarray(np.maximum(squares - 2 * rows @ others.T, 0.0))


def _signal(theta: Array, parts: Parts) -> tuple[Array, Array, Array]:
    """Covariance at one fidelity, the factor across fidelities, and of the first the Mallows part.

    All (points, points).
    """
    num_groups, shape = len(parts.linear), parts.apart.shape
    rest = theta[num_groups:]
    mallows = _mallows(rest, parts.discordant, parts.content)
    linear = (np.exp(theta[:num_groups]) @ parts.linear).reshape(shape)
    across = np.exp(rest[4] * parts.height - np.exp(rest[3]) * parts.apart)
    return linear + mallows + parts.prior, across, mallows


def _mallows(rest: Array, discordant: Array, content: Array) -> Array:
    """`rest`: hyper-parameters from `mallows` on."""
    return np.asarray(np.exp(rest[0] - np.exp(rest[1]) * discordant - np.exp(rest[2]) * content))
