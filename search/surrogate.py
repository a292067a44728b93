"""What would the curricula that nobody trained have scored? A regression on those that were.

Kernel ridge regression (Gaussian process with fixed hyper-parameters) of each target's score in
each language, at each scale of its own, on the features of `search/gp/features.py`: linear kernels,
one per group, and the Mallows kernel of `search/gp/kernel.py`. One penalty per scale, chosen on
held-out curricula. What curricula differ by beyond that is measured on the same ones (`misfit`),
and drawn, so that the predicted are neither more alike nor easier to predict than the trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from search.gp.features import Described, Features
from search.gp.kernel import squared_distances
from search.recorded_work import Cell, Key
from search.truths import seed_effects
from spaces.curriculum import parse_curriculum
from spaces.space import CurriculumSpace

Array = NDArray[np.float64]
Output = tuple[str, str]
"""Target and language."""

PENALTIES = (1e-4, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Variance of the noise of one seed, in units of the kernel's mean variance."""
FOLDS = 5
FOLD_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Scores that were recorded."""

    texts: tuple[str, ...]
    """What was trained."""
    seeds: tuple[int, ...]
    outputs: tuple[Output, ...]
    scores: Mapping[float, Array]
    """(seeds, texts, outputs) by scale, ascending; NaN where nothing is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Curricula that were held out, with what the others say of them, at one scale."""

    texts: Sequence[str]
    predicted: Array
    """(texts, outputs)."""
    found: Array
    """(texts, outputs), means over seeds."""
    seeds: NDArray[np.int64]
    """(texts,): how many."""


def recorded_of(cells: Mapping[Key, Cell], space: CurriculumSpace) -> Recorded:
    """Scores of a table's cells; what is trained of tasks outside the space is left out."""
    known = {
        text: set(parse_curriculum(text).tasks) <= set(space.usable)
        for text in dict.fromkeys(key[0] for key in cells)
    }
    own = {key: cell for key, cell in cells.items() if known[key[0]] and key[2] == key[3]}
    texts = {text: i for i, text in enumerate(t for t, usable in known.items() if usable)}
    seeds = {seed: i for i, seed in enumerate(sorted({key[2] for key in own}))}
    scored = [(key, row) for key, cell in own.items() for row in cell.rows if _is_score(row)]
    named = dict.fromkeys((row["target"], row["language"]) for _, row in scored)
    outputs = {output: i for i, output in enumerate(named)}
    shape = len(seeds), len(texts), len(outputs)
    scores = {scale: np.full(shape, np.nan) for scale in sorted({key[1] for key in own})}
    for (text, scale, seed, _), row in scored:
        place = seeds[seed], texts[text], outputs[row["target"], row["language"]]
        scores[scale][place] = row["value"]
    return Recorded(texts=tuple(texts), seeds=tuple(seeds), outputs=tuple(outputs), scores=scores)


def means_of(scores: Array) -> tuple[Array, NDArray[np.int64]]:
    """Means over seeds, (texts, outputs), less what a seed does to all; and seeds of each text.

    A text without any score has NaN and 0.

    Args:
        scores: (seeds, texts, outputs), NaN where missing.
    """
    there = _there(scores)
    count = there.sum(axis=0)
    rest = np.where(there[..., None], scores - seed_effects(scores), 0.0)
    means = rest.sum(axis=0) / np.maximum(count, 1)[:, None]
    means[count == 0] = np.nan
    return means, count


def held_out(recorded: Recorded, features: Features, scale: float, penalty: float) -> Fold:
    """Every curriculum as predicted without it, in folds of curricula: all seeds of one together.

    The luck of a shared prefix is in both halves of a fold, as long as they share seeds.
    """
    means, count = means_of(recorded.scores[scale])
    used = np.flatnonzero(count)
    described = features.describe([parse_curriculum(recorded.texts[i]) for i in used])
    kernel, y, seeds = kernel_of(described, described), means[used], count[used]
    folds = np.random.default_rng(FOLD_SEED).permutation(len(used)) % FOLDS
    predicted = np.empty_like(y)
    for fold in range(FOLDS):
        test, rest = folds == fold, folds != fold
        weights, centre = _solved(kernel[np.ix_(rest, rest)], y[rest], seeds[rest], penalty)
        predicted[test] = centre + kernel[np.ix_(test, rest)] @ weights
    texts = [recorded.texts[i] for i in used]
    return Fold(texts=texts, predicted=predicted, found=y, seeds=seeds)


def chosen_penalty(recorded: Recorded, features: Features, scale: float) -> tuple[float, Fold]:
    """The one with the least held-out error, outputs weighted by their spread, and its folds."""
    tried = {p: held_out(recorded, features, scale, p) for p in PENALTIES}
    error = {p: _relative_error(fold) for p, fold in tried.items()}
    best = min(PENALTIES, key=lambda p: error[p])
    return best, tried[best]


def predicted(
    recorded: Recorded, features: Features, texts: Sequence[str], penalties: Mapping[float, float]
) -> dict[float, Array]:
    """Scores of curricula, (texts, outputs) by scale; of recorded ones their own means.

    Args:
        recorded: what is learnt from.
        features: of the space.
        texts: curricula.
        penalties: by scale.
    """
    place = {text: i for i, text in enumerate(recorded.texts)}
    known = features.describe([parse_curriculum(text) for text in recorded.texts])
    asked = features.describe([parse_curriculum(text) for text in texts])
    among, across = kernel_of(known, known), kernel_of(asked, known)
    found = {}
    for scale, penalty in penalties.items():
        means, count = means_of(recorded.scores[scale])
        used = np.flatnonzero(count)
        weights, centre = _solved(among[np.ix_(used, used)], means[used], count[used], penalty)
        found[scale] = centre + across[:, used] @ weights
        for row, text in enumerate(texts):
            if text in place and count[place[text]]:
                found[scale][row] = means[place[text]]
    return found


def kernel_of(rows: Described, others: Described) -> Array:
    """(rows, others)."""
    linear = sum(own @ others.linear[group].T for group, own in rows.linear.items())
    apart = squared_distances(rows.order, others.order)
    apart += squared_distances(rows.content, others.content)
    return np.asarray(linear + np.exp(-apart))


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's."""
    return float(pd.Series(first).rank().corr(pd.Series(second).rank()))


def _there(scores: Array) -> NDArray[np.bool_]:
    """(seeds, texts): where every output has a score."""
    return np.asarray(np.isfinite(scores).all(axis=2))


def _is_score(row: Mapping[str, object]) -> bool:
    """Tables hold no other evaluations than those of the main metric."""
    return row["part"] == "evaluation" and row["split"] == "search" and row["value"] is not None


def _solved(
    kernel: Array, y: Array, seeds: NDArray[np.int64], penalty: float
) -> tuple[Array, Array]:
    """Weights and centre; a mean over more seeds is less noisy."""
    centre = np.average(y, axis=0, weights=seeds)
    noise = penalty * float(np.diag(kernel).mean()) / seeds
    weights = np.linalg.solve(kernel + np.diag(noise), y - centre)
    return np.asarray(weights), np.asarray(centre)


def _relative_error(fold: Fold) -> float:
    squares = ((fold.predicted - fold.found) ** 2).mean(axis=0)
    return float((squares / np.maximum(fold.found.var(axis=0), 1e-12)).mean())
