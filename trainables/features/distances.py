"""How far apart are two clouds of vectors? Cosine of means, MMD, retrieval of translations.

All of it in float64 on the CPU, so that the bits do not hang on the encoder's device; products by
torch, which keeps to the threads of the trial, where numpy takes all that the machine has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Vectors = NDArray[np.floating[Any]]
"""Shape (items, dimensions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """How well an encoder lays translations beside each other."""

    accuracy: float
    """Share of the English items whose nearest foreign one, by cosine, is their translation."""
    cosine: float
    """Mean cosine of an item and its translation, in [-1, 1]."""
    margin: float
    """The same minus the mean cosine of items that are no translations: free of the direction that
    all vectors of an encoder share."""


def mean_cosine(a: Vectors, b: Vectors) -> float:
    """Cosine of the mean vectors of two clouds, in [-1, 1]."""
    return cosine(a.astype(np.float64).mean(axis=0), b.astype(np.float64).mean(axis=0))


def cosine(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Cosine of two vectors, in [-1, 1]; 0 if one of them is 0."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(a @ b / length, -1.0, 1.0)) if length else 0.0


def squared_mmd(a: Vectors, b: Vectors) -> float:
    """Squared maximum mean discrepancy: 0 in expectation for clouds of one distribution.

    The unbiased estimator MMD_u^2 of Gretton et al. 2012 (JMLR 13, equation 3), which may fall
    below 0; kernel exp(-d^2 / (2 s^2)), where s is the median distance of all pairs of different
    items of both clouds together (the median heuristic, section 8 there).

    Raises:
        ValueError: if a cloud has fewer than two items.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(f"clouds of {len(a)} and {len(b)} items; wanted at least 2 in each")
    squares = _squared_distances(np.concatenate([a, b]).astype(np.float64))
    apart = squares[np.triu_indices(len(squares), k=1)]
    width = float(np.median(np.sqrt(apart))) ** 2 or 1.0  # all items are equal: any width does
    kernel = np.exp(-squares / (2 * width))
    n = len(a)
    within = _mean_of_others(kernel[:n, :n]) + _mean_of_others(kernel[n:, n:])
    return within - 2 * float(kernel[:n, n:].mean())


def parallel(english: Vectors, foreign: Vectors) -> Parallel:
    """What vectors of translations say, row i of one being the translation of row i of the other.

    Raises:
        ValueError: if there are fewer than two pairs.
    """
    if len(english) < 2:
        raise ValueError(f"{len(english)} pairs of translations; wanted at least 2")
    cosines = product(_unit(english), _unit(foreign).T)
    nearest = cosines.argmax(axis=1)  # of equal ones the first, as XTREME's script
    paired = float(np.trace(cosines)) / len(cosines)
    others = (float(cosines.sum()) - float(np.trace(cosines))) / (len(cosines) ** 2 - len(cosines))
    return Parallel(
        accuracy=float((nearest == np.arange(len(english))).mean()),
        cosine=paired,
        margin=paired - others,
    )


def product(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix product on the trial's threads."""
    found: NDArray[np.float64] = (torch.from_numpy(a) @ torch.from_numpy(b)).numpy()
    return found


def _unit(vectors: Vectors) -> NDArray[np.float64]:
    vectors = vectors.astype(np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _squared_distances(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(items, items)."""
    lengths = (vectors**2).sum(axis=1)
    squares = lengths[:, None] + lengths[None, :] - 2 * product(vectors, vectors.T)
    np.fill_diagonal(squares, 0.0)
    return np.maximum(squares, 0.0)


def _mean_of_others(kernel: NDArray[np.float64]) -> float:
    """Mean over all pairs of different items."""
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))
