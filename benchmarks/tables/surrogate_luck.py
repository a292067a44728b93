"""How much do seeds move what was recorded, and which part of a trial draws it? Least squares.

Between two curricula at equal seeds the covariance of a target's score is what they share: stage
nodes, and what a target seed does to all. So the observed covariance over seeds is fitted with
patterns that say who shares what, as in `analysis/statistics/prefix_noise.py`, here over targets
too and with seeds missing anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.planted import nodes_of
from search.computed_cells import Luck
from search.recorded_scores import Array, Output, Recorded
from spaces.curriculum import parse_curriculum

MOST = 200
"""Curricula whose covariance is looked at: those of most seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedLuck:
    """Luck, and its unit."""

    luck: Luck
    units: Mapping[str, Mapping[float, float]]
    """By target and scale: between-seed standard deviation of the mean over languages."""


def fit_luck(recorded: Recorded, untuned: Sequence[str]) -> FittedLuck:
    """Luck as it was at the highest scale, in units of every scale's own.

    Args:
        recorded: at least two curricula at two seeds.
        untuned: targets that are scored without training.

    Raises:
        ValueError: if no two curricula have two seeds.
    """
    targets = list(dict.fromkeys(target for target, _ in recorded.outputs))
    units: dict[str, dict[float, float]] = {
        target: {
            scale: _pooled(_means(scores, recorded.outputs, target)[..., None])
            for scale, scores in recorded.scores.items()
        }
        for target in targets
    }
    last = max(recorded.scores)
    whole = recorded.scores[last]
    seeds = np.isfinite(whole).all(axis=2).sum(axis=0)
    several = np.argsort(-seeds, kind="stable")[: min(MOST, int((seeds > 1).sum()))]
    if len(several) < 2:
        raise ValueError(
            f"{len(several)} curricula are recorded at two seeds; wanted at least 2, to know the "
            "noise: record another seed"
        )
    texts = [recorded.texts[i] for i in several]
    scores = whole[:, several]
    scale_of = {target: max(units[target][last], 1e-9) for target in targets}
    stacked = np.concatenate(
        [_means(scores, recorded.outputs, target) / scale_of[target] for target in targets], axis=1
    )
    tuned = np.array([target not in untuned for target in targets])
    language = _language(scores, recorded.outputs, scale_of)
    found = _shares(stacked, texts, tuned)
    many = np.mean([sum(t == target for t, _ in recorded.outputs) for target in targets])
    luck = Luck(
        stage=found[0] ** 0.5,
        stage_target=found[1] ** 0.5,
        run=max(0.0, found[2] - language**2 / float(many)) ** 0.5,
        seed=found[3] ** 0.5,
        language=language,
    )
    return FittedLuck(luck=luck, units=units)


def _shares(stacked: Array, texts: Sequence[str], tuned: Array) -> list[float]:
    """Variances of a stage node, of one in a target, of a run, of a target seed.

    Args:
        stacked: (seeds, targets * texts), NaN where missing.
        texts: curricula.
        tuned: (targets,).
    """
    on_node = nodes_of([parse_curriculum(text) for text in texts])
    shared = on_node @ on_node.T
    same = np.eye(len(tuned))
    trains = np.outer(tuned, tuned).astype(float)
    draws = (tuned[:, None] | (on_node.sum(axis=1) > 0)).astype(float).ravel()
    patterns = [
        np.kron(np.ones_like(same), shared),
        np.kron(same, shared),
        np.diag(draws),
        np.kron(same * trains, np.ones_like(shared)),
    ]
    there = np.isfinite(stacked).astype(float)
    n = there.sum(axis=0)
    rest = np.where(there > 0, stacked - np.nansum(stacked, axis=0) / n, 0.0)
    both = there.T @ there
    # what centring each by its own mean leaves of a covariance, summed over common seeds
    left = both * (1 - 1 / n[:, None] - 1 / n + both / np.outer(n, n))
    products = rest.T @ rest
    gram = np.array([[float((left * a * b).sum()) for b in patterns] for a in patterns])
    moments = np.array([float((products * a).sum()) for a in patterns])
    from scipy.optimize import nnls  # here since it takes longer to import than all of this

    root = np.linalg.cholesky(gram + 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram)))
    return [float(v) for v in nnls(root.T, np.linalg.solve(root, moments))[0]]


def _language(scores: Array, outputs: Sequence[Output], scale_of: Mapping[str, float]) -> float:
    """Of one evaluation, in units of its target; 0 where each target has one language."""
    squares, degrees = 0.0, 0.0
    for target, unit in scale_of.items():
        own = scores[..., [t == target for t, _ in outputs]]
        if own.shape[2] > 1:
            apart = own - own.mean(axis=2, keepdims=True)
            share = 1 - 1 / own.shape[2]
            squares += (_pooled(apart) / unit) ** 2 / share
            degrees += 1
    return float((squares / degrees) ** 0.5) if degrees else 0.0


def _means(scores: Array, outputs: Sequence[Output], target: str) -> Array:
    """(seeds, texts): mean over the target's languages."""
    return np.asarray(scores[..., [t == target for t, _ in outputs]].mean(axis=2))


def _pooled(values: Array) -> float:
    """Standard deviation over seeds, pooled over texts and the last axis; 0 without two seeds."""
    there = np.isfinite(values)
    n = there.sum(axis=0)
    means = np.where(there, values, 0.0).sum(axis=0) / np.maximum(n, 1)
    squares = np.where(there, values - means, 0.0) ** 2
    degrees = np.maximum(n - 1, 0).sum()
    return float((squares.sum() / degrees) ** 0.5) if degrees else 0.0
