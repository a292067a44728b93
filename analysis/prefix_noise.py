"""What noise do curricula share through their prefixes, and what else might it have been?

Within a repetition the noise of a curriculum is a sum: one draw per stage node on its way, of a
variance that depends on the node's depth alone, one of its own run, one of the repetition. Three
repetitions of many curricula tell these few variances, though never a free covariance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from spaces.curriculum import Curriculum

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixNoise:
    """Independent parts of the noise within a repetition; what moves all alike is left out."""

    nodes: tuple[Array, ...]
    """For each depth at which nodes are shared, (curricula, nodes): 1 where a curriculum stands
    on a node."""
    variances: Array
    """(depths + 1,), none below 0; that of runs, and of nodes that nobody shares, last."""
    degrees: Array
    """Degrees of freedom of each."""
    num_curricula: int


def fit_noise(y: Array, curricula: Sequence[Curriculum]) -> PrefixNoise:
    """Least squares of the covariance over repetitions on its parts.

    Args:
        y: (repetitions, curricula), at least two of each.
        curricula: the columns.
    """
    nodes = [own for own in _nodes_by_depth(curricula) if own.sum(0).max() > 1]
    count, free = y.shape[1], len(y) - 1
    patterns = [*(own @ own.T for own in nodes), np.eye(count), np.ones((count, count))]
    rest = y - y.mean(0)
    gram = np.array([[float((a * b).sum()) for b in patterns] for a in patterns])
    moments = np.array([float(((rest @ a) * rest).sum()) / free for a in patterns])
    root = np.linalg.cholesky(gram + 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram)))
    variances = optimize.nnls(root.T, np.linalg.solve(root, moments))[0][:-1]
    counts = [own.shape[1] - 1 for own in nodes]
    degrees = [free * max(k, 1) for k in (*counts, count - 1 - sum(counts))]
    return PrefixNoise(
        nodes=tuple(nodes), variances=variances, degrees=np.array(degrees, dtype=np.float64),
        num_curricula=count,
    )  # fmt: skip


def shared_by_nodes(noise: PrefixNoise, seeds: float) -> float:
    """Share of the variance over repetitions that shared nodes carry, in [0, 1].

    Args:
        noise: as fitted.
        seeds: mean variance of a curriculum around what moves all alike.
    """
    own = float(noise.variances[-1]) * (1 - 1 / noise.num_curricula)
    return float(np.clip(1 - own / seeds, 0.0, 1.0)) if seeds > 0 else 0.0


def simulated_noise(noise: PrefixNoise, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Draws of what might have been, (draws, repetitions, curricula).

    The fitted variances are uncertain themselves (a depth of few nodes in few repetitions): each
    draw has its own, by the inverse chi-squared distribution of a variance given its estimate.

    Args:
        noise: as fitted.
        shape: draws, repetitions.
        rng: draws.
    """
    chance = rng.chisquare(noise.degrees, (shape[0], len(noise.degrees)))
    sizes = np.sqrt(noise.variances * noise.degrees / chance).astype(np.float32)
    runs = rng.standard_normal((*shape, noise.num_curricula), dtype=np.float32)
    found = sizes[:, -1, None, None] * runs
    for i, nodes in enumerate(noise.nodes):
        drawn = rng.standard_normal((*shape, nodes.shape[1]), dtype=np.float32)
        found += sizes[:, i, None, None] * (drawn @ nodes.T.astype(np.float32))
    return found.astype(np.float64)


def _nodes_by_depth(curricula: Sequence[Curriculum]) -> list[Array]:
    texts = [[str(prefix) for prefix in curriculum.prefixes()[1:]] for curriculum in curricula]
    found = []
    for depth in range(max(len(own) for own in texts)):
        names = sorted({own[depth] for own in texts if len(own) > depth})
        on_node = [[len(own) > depth and own[depth] == name for name in names] for own in texts]
        found.append(np.array(on_node, dtype=np.float64))
    return found
