"""What would the curricula that nobody trained have scored? A regression on those that were.

Extremely randomized trees (Geurts, Ernst and Wehenkel 2006; scikit-learn's), as surrogates of
benchmarks are ensembles of trees (Eggensperger, Hutter, Hoos and Leyton-Brown 2015, "Efficient
Benchmarking of Hyperparameter Optimizers via Surrogates"), on what is written in a curriculum and
nothing else: with the features of our own sampler (`search/gp/features.py`) it would be easiest for
that one. Settings are usual ones, nothing was tuned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from search.recorded_scores import Array, Recorded, means_of
from spaces.curriculum import parse_curriculum
from spaces.space import CurriculumSpace

FOLDS = 5
FOLD_SEED = 0


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


def held_out(recorded: Recorded, space: CurriculumSpace, scale: float) -> Fold:
    """Every curriculum as predicted without it, in folds of curricula: all seeds of one together.

    The luck of a shared prefix is in both halves of a fold, as long as they share seeds.
    """
    means, count = means_of(recorded.scores[scale])
    used = np.flatnonzero(count)
    texts = [recorded.texts[i] for i in used]
    x, y, seeds = written(texts, space), means[used], count[used]
    folds = np.random.default_rng(FOLD_SEED).permutation(len(used)) % FOLDS
    predicted = np.empty_like(y)
    for fold in range(FOLDS):
        test, rest = folds == fold, folds != fold
        predicted[test] = _fitted(x[rest], y[rest], seeds[rest]).predict(x[test])
    return Fold(texts=texts, predicted=predicted, found=y, seeds=seeds)


def predicted(
    recorded: Recorded, space: CurriculumSpace, texts: Sequence[str], scale: float
) -> Array:
    """Scores of curricula, (texts, outputs)."""
    means, count = means_of(recorded.scores[scale])
    used = np.flatnonzero(count)
    known = written([recorded.texts[i] for i in used], space)
    model = _fitted(known, means[used], count[used])
    return np.asarray(model.predict(written(texts, space)))


def written(texts: Sequence[str], space: CurriculumSpace) -> Array:
    """What stands in curricula, (texts, features).

    Log examples of each task in each stage, and in all of them (0: it is not there); after how many
    stages from the end each task last came (-1: it did not); the number of stages.
    """
    index = {task: i for i, task in enumerate(space.usable)}
    rows = np.zeros((len(texts), (space.max_stages + 2) * len(index) + 1))
    for row, text in zip(rows, texts, strict=True):
        curriculum = parse_curriculum(text)
        stages = row[: space.max_stages * len(index)].reshape(space.max_stages, len(index))
        total, last = row[stages.size : -1].reshape(2, len(index))
        last[:] = -1.0
        row[-1] = len(curriculum)
        for place, stage in enumerate(curriculum.stages):
            for part in stage.parts:
                task = index[part.task]
                stages[place, task] = np.log(part.num_examples)
                total[task] += part.num_examples
                last[task] = len(curriculum) - 1 - place
        total[total > 0] = np.log(total[total > 0])
    return rows


def _fitted(x: Array, y: Array, seeds: NDArray[np.int64]) -> ExtraTreesRegressor:
    """A mean over more seeds is less noisy, so it counts more."""
    model = ExtraTreesRegressor(300, min_samples_leaf=2, max_features=0.5, random_state=0)
    return model.fit(x, y, sample_weight=seeds)
