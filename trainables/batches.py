"""Which features are trained on together, and in which order? A plan per epoch.

A plan is a function of (parts, recipe, seed, epoch) alone, so that a resumed training finds its
place again without any saved state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.encoded import EncodedRows
from trainables.recipe import Recipe
from trainables.sampling import batches_per_epoch, batches_per_pass
from trainables.streams import stream
from trainables.tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPart:
    """One task of a stage with the rows drawn for it."""

    task: Task
    encoded: EncodedRows
    rows: NDArray[np.int64] | None = None
    """Indices of the rows to train on, in any order; None: all that were encoded."""

    @property
    def features(self) -> NDArray[np.int64]:
        """Features of those rows, ascending."""
        if self.rows is None:
            return np.arange(len(self.encoded))
        return self.encoded.features_of(self.rows)


def joint_name(parts: Sequence[TrainingPart]) -> str:
    """What the random streams of a stage call it: `squad`, or `hellaswag+squad`."""
    return "+".join(part.task.name for part in parts)


def steps_per_epoch(parts: Sequence[TrainingPart], recipe: Recipe) -> int:
    """Optimizer steps that use every feature once; a batch never mixes tasks."""
    return sum(batches_per_pass(len(part.features), recipe) for part in parts)


def num_trained(parts: Sequence[TrainingPart], recipe: Recipe, seed: int) -> int:
    """Features of all batches of all epochs, repeats counted."""
    sizes = [len(part.features) for part in parts]
    total = 0
    for part, size, batches in zip(parts, sizes, batches_per_epoch(sizes, recipe), strict=True):
        passes, rest = divmod(recipe.epochs * batches, batches_per_pass(size, recipe))
        begun = _pass(part, recipe, seed, passes)[:rest] if rest else []
        total += passes * size + sum(map(len, begun))
    return total


def epoch_plan(
    parts: Sequence[TrainingPart], recipe: Recipe, seed: int, epoch: int
) -> list[tuple[int, NDArray[np.int64]]]:
    """The epoch's batches: (index of the part, its features).

    Tasks come in random order, each as often as `trainables/sampling.py` says; if in proportion
    to their examples, each feature comes once. A task's batches are those of one shuffled pass
    over its own features after the other: where an epoch ends within a pass, the next goes on.
    """
    counts = batches_per_epoch([len(part.features) for part in parts], recipe)
    batches = [
        _part_batches(part, recipe, seed, range(epoch * count, (epoch + 1) * count))
        for part, count in zip(parts, counts, strict=True)
    ]
    turns = np.repeat(np.arange(len(parts)), [len(part) for part in batches])
    if len(parts) > 1:
        turns = turns[_permutation(len(turns), stream(seed, joint_name(parts), "mixture", epoch))]
    waiting = [iter(part) for part in batches]
    return [(int(turn), next(waiting[turn])) for turn in turns]


def _part_batches(
    part: TrainingPart, recipe: Recipe, seed: int, wanted: range
) -> list[NDArray[np.int64]]:
    """The batches of these numbers, counted from the first of the first pass on."""
    size = batches_per_pass(len(part.features), recipe)
    first, last = wanted.start // size, (wanted.stop - 1) // size
    batches = [
        batch for number in range(first, last + 1) for batch in _pass(part, recipe, seed, number)
    ]
    start = wanted.start - first * size
    return batches[start : start + len(wanted)]


def _pass(part: TrainingPart, recipe: Recipe, seed: int, number: int) -> list[NDArray[np.int64]]:
    """Shuffled windows, each cut into batches of like length, which are shuffled again."""
    generator = stream(seed, part.task.name, "order", number)
    features, lengths = part.features, part.encoded.lengths
    order = features[_permutation(len(features), generator)]
    size, window = recipe.batch_size, recipe.batch_size * recipe.length_window
    batches = []
    for start in range(0, len(order), window):
        chunk = order[start : start + window]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        cut = [chunk[i : i + size] for i in range(0, len(chunk), size)]
        batches += [cut[i] for i in _permutation(len(cut), generator)]
    return batches


def _permutation(size: int, generator: torch.Generator) -> NDArray[np.int64]:
    return torch.randperm(size, generator=generator).numpy()
