"""What noise do curricula share through their prefixes, and what else might it have been?

Within a repetition the noise of a curriculum is a sum: one draw per stage node that it shares, of a
variance that depends on the node's depth alone; its own, of a variance that depends on its number
of stages (the run, and the nodes that nobody shares); and one of the repetition. Three repetitions
of many curricula tell these few variances, though never a free covariance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spaces.curriculum import Curriculum

Array = NDArray[np.float64]
LEAST_DEGREES = 3.0
"""Below, an inverse chi-squared variance has hardly a mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixNoise:
    """Independent parts of the noise within a repetition; what moves all alike is left out."""

    nodes: tuple[Array, ...]
    """For each depth at which nodes are shared, (curricula, nodes): 1 where a curriculum stands
    on a node."""
    lengths: Array
    """(curricula, lengths): 1 where a curriculum has that many stages."""
    variances: Array
    """(depths + lengths,), none below 0."""
    degrees: Array
    """Degrees of freedom of each."""


def fit_noise(y: Array, curricula: Sequence[Curriculum]) -> PrefixNoise:
    """Least squares of the covariance over repetitions on its parts.

    Args:
        y: (repetitions, curricula), at least two of each.
        curricula: the columns.
    """
    nodes = [own for own in _nodes_by_depth(curricula) if own.sum(0).max() > 1]
    stages = np.array([len(own) for own in curricula])
    lengths = (stages[:, None] == np.unique(stages)).astype(np.float64)
    count, free = y.shape[1], len(y) - 1
    own_parts = [np.diag(own) for own in lengths.T]
    patterns = [*(own @ own.T for own in nodes), *own_parts, np.ones((count, count))]
    rest = y - y.mean(0)
    gram = np.array([[float((a * b).sum()) for b in patterns] for a in patterns])
    moments = np.array([float(((rest @ a) * rest).sum()) / free for a in patterns])
    root = np.linalg.cholesky(gram + 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram)))
    from scipy.optimize import nnls  # here since it takes longer to import than all of this

    variances = nnls(root.T, np.linalg.solve(root, moments))[0]
    degrees = _degrees(patterns, gram, variances, free)
    return PrefixNoise(
        nodes=tuple(nodes), lengths=lengths, variances=variances[:-1], degrees=degrees[:-1]
    )


def _degrees(patterns: Sequence[Array], gram: Array, variances: Array, free: int) -> Array:
    """Degrees of freedom of a chi-squared variance as uncertain as each fitted one (Satterthwaite).

    The moments are products with a Wishart matrix, so their covariance is 2 tr(A C B C) / free;
    variances that came out 0 are simulated as 0 and need none.
    """
    covariance = sum((v * a for v, a in zip(variances, patterns, strict=True)), 0 * patterns[0])
    moved = [a @ covariance for a in patterns]
    of_moments = np.array([[2 * float((a * b.T).sum()) / free for b in moved] for a in moved])
    inverse = np.linalg.pinv(gram)
    uncertain = np.diag(inverse @ of_moments @ inverse)
    return np.clip(2 * variances**2 / np.maximum(uncertain, 1e-300), LEAST_DEGREES, None)


def shared_by_nodes(noise: PrefixNoise, seeds: float) -> float:
    """Share of the variance over repetitions that shared nodes carry, in [0, 1].

    Args:
        noise: as fitted.
        seeds: mean variance of a curriculum around what moves all alike.
    """
    of_lengths = noise.lengths.mean(0) @ noise.variances[len(noise.nodes) :]
    own = float(of_lengths) * (1 - 1 / len(noise.lengths))
    return float(np.clip(1 - own / seeds, 0.0, 1.0)) if seeds > 0 else 0.0


def simulated_noise(noise: PrefixNoise, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Draws of what might have been, (draws, repetitions, curricula).

    The parts' variances are uncertain themselves (a depth of few nodes in few repetitions): each
    draw has its own, by the inverse chi-squared distribution of a variance given its estimate. All
    draws have the same variance on the whole: what is compared with them is a ratio to it.

    Args:
        noise: as fitted.
        shape: draws, repetitions.
        rng: draws.
    """
    chance = rng.chisquare(noise.degrees, (shape[0], len(noise.degrees)))
    variances = noise.variances * noise.degrees / chance
    of_parts = _mean_variances(noise)
    whole = np.maximum(variances @ of_parts, 1e-300)[:, None]
    variances = variances * (noise.variances @ of_parts) / whole
    sizes = np.sqrt(variances).astype(np.float32)
    own = sizes[:, len(noise.nodes) :] @ noise.lengths.T.astype(np.float32)
    runs = rng.standard_normal((*shape, len(noise.lengths)), dtype=np.float32)
    found = own[:, None, :] * runs
    for i, nodes in enumerate(noise.nodes):
        drawn = rng.standard_normal((*shape, nodes.shape[1]), dtype=np.float32)
        found += sizes[:, i, None, None] * (drawn @ nodes.T.astype(np.float32))
    return found.astype(np.float64)


def _mean_variances(noise: PrefixNoise) -> Array:
    """What a unit of each variance adds to a curriculum's, around what moves all alike."""
    count = len(noise.lengths)
    nodes = [own.sum() / count - (own.sum(0) ** 2).sum() / count**2 for own in noise.nodes]
    return np.array([*nodes, *(noise.lengths.mean(0) * (1 - 1 / count))])


def _nodes_by_depth(curricula: Sequence[Curriculum]) -> list[Array]:
    texts = [[str(prefix) for prefix in curriculum.prefixes()[1:]] for curriculum in curricula]
    found = []
    for depth in range(max(len(own) for own in texts)):
        names = sorted({own[depth] for own in texts if len(own) > depth})
        on_node = [[len(own) > depth and own[depth] == name for name in names] for own in texts]
        found.append(np.array(on_node, dtype=np.float64))
    return found
