"""How well do fixed features explain labels? LogME and the H-score, without any training.

LogME: You, Liu, Wang and Long 2021 (arXiv 2102.11005), fixed points as in their algorithm 1.
H-score: Bao et al. 2019 ("An Information-Theoretic Approach to Transferability in Task Transfer
Learning", ICIP); with a shrunk covariance as Ibrahim et al. 2022 (arXiv 2110.06893).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.features.distances import product

Array = NDArray[np.float64]

_ROUNDS = 200
_CLOSE = 1e-6
"""Relative change of the ratio of the two precisions at which the fixed point is reached."""
_LARGEST_RATIO = 1e12
"""Of the precisions, prior to noise: beyond it the features say nothing of the label."""
_TINY = 1e-12


def logme(features: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> float:
    """Log evidence per item, averaged over classes; the higher, the better the features fit.

    For each class c the targets y = [label is c] are explained as y = F w + noise, w ~ N(0, 1/a),
    noise ~ N(0, 1/b), and a and b maximise the evidence

        log p(y | F) = n/2 log b + D/2 log a - n/2 log 2pi
                       - b/2 |F m - y|^2 - a/2 m'm - 1/2 log |a I + b F'F|,
        m = b (a I + b F'F)^-1 F'y

    It is divided by n (equations 2 and 4 of the paper). Not normalised: comparable only between
    features of equal items and labels.

    Args:
        features: (n, D).
        labels: (n,), class numbers.

    Raises:
        ValueError: if there are fewer than two classes.
    """
    f = np.asarray(features, dtype=np.float64)
    classes = _classes(labels)
    left, values = _singular(f)
    there = values > _TINY * max(1.0, float(values.max(initial=0.0)))
    left, squares = left[:, there], values[there] ** 2
    return float(
        np.mean(
            [_evidence(left, squares, f.shape[1], (labels == c).astype(float)) for c in classes]
        )
    )


def _evidence(left: Array, squares: Array, dimensions: int, y: Array) -> float:
    """Maximal log evidence per item of one target column.

    `left` (n, k) and `squares` (k,) are left singular vectors and squared singular values.
    """
    n = len(y)
    along = product(left.T, y[:, None])[:, 0] ** 2  # energy of y along each singular direction
    outside = max(float(y @ y - along.sum()), 0.0)
    ratio = 1.0  # prior precision over noise precision, a / b
    for _ in range(_ROUNDS):
        explained = float((squares / (squares + ratio)).sum())
        weights = float((squares * along / (squares + ratio) ** 2).sum())
        residual = float((along * (ratio / (squares + ratio)) ** 2).sum()) + outside
        prior = max(explained, _TINY) / max(weights, _TINY)
        noise = max(n - explained, _TINY) / max(residual, _TINY)
        new = min(prior / noise, _LARGEST_RATIO)
        if abs(new - ratio) <= _CLOSE * ratio:
            break
        ratio = new
    spread = np.log(prior + noise * squares).sum() + (dimensions - len(squares)) * np.log(prior)
    evidence = (
        n * np.log(noise)
        + dimensions * np.log(prior)
        - n * np.log(2 * np.pi)
        - noise * residual
        - prior * weights
        - spread
    )
    return float(evidence) / 2 / n


def h_score(features: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> float:
    """tr(cov(f)^-1 cov(E[f | label])), in [0, classes - 1]; higher: classes lie further apart.

    Definition 2 of Bao et al. With no more items than dimensions it is classes - 1 whatever the
    labels are: use `shrunk_h_score` there.

    Args:
        features: (n, D).
        labels: (n,), class numbers.

    Raises:
        ValueError: if there are fewer than two classes.
    """
    f, between = _centred(features, labels)
    inverse = torch.linalg.pinv(torch.from_numpy(product(f.T, f) / len(f)), hermitian=True)
    return float(torch.trace(inverse @ torch.from_numpy(between)))


def shrunk_h_score(features: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> float:
    """The H-score with the covariance of Ledoit and Wolf: (1 - s) tr(S_s^-1 cov(E[f | label])).

    S_s = (1 - s) cov(f) + s tr(cov(f)) / D I with their optimal s (2004, J. Multivariate Analysis
    88); equation 6 of Ibrahim et al. 2022. Stable where items are few.
    """
    f, between = _centred(features, labels)
    covariance = product(f.T, f) / len(f)
    dimensions = len(covariance)
    scale = float(np.trace(covariance)) / dimensions
    away = float(((covariance - scale * np.eye(dimensions)) ** 2).sum())
    noise = float(((f**2).sum(axis=1) ** 2).sum()) / len(f) - float((covariance**2).sum())
    shrinkage = min(noise / len(f) / away, 1.0) if away > 0 else 1.0
    shrunk = (1 - shrinkage) * covariance + shrinkage * scale * np.eye(dimensions)
    if not scale:
        return 0.0
    solved = torch.linalg.solve(torch.from_numpy(shrunk), torch.from_numpy(between))
    return (1 - shrinkage) * float(torch.trace(solved))


def _centred(
    features: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> tuple[Array, Array]:
    """Features around their mean (n, D), and the covariance of the class means (D, D)."""
    f = np.asarray(features, dtype=np.float64)
    f = f - f.mean(axis=0)
    means = np.stack([f[labels == c].mean(axis=0) for c in _classes(labels)])
    shares = np.array([(labels == c).mean() for c in _classes(labels)])
    return f, product(np.ascontiguousarray((means * shares[:, None]).T), means)


def _singular(f: Array) -> tuple[Array, Array]:
    """Left singular vectors (n, k) and singular values (k,), largest first."""
    left, values, _ = torch.linalg.svd(torch.from_numpy(f), full_matrices=False)
    return left.numpy(), values.numpy()


def _classes(labels: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    found = np.unique(labels)
    if len(found) < 2:
        raise ValueError(f"all {len(labels)} items have one label; wanted at least two")
    return found
