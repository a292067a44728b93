"""How often does each task of a joint stage take its turn? Batches of an epoch, by task.

The modes of jiant's multi-task samplers (`jiant/proj/main/components/task_sampler.py`). Whatever
the mode, an epoch has as many batches as if every example came once: only their shares change.
"""

from __future__ import annotations

from collections.abc import Sequence

from trainables.recipe import Recipe


def batches_per_pass(num_examples: int, recipe: Recipe) -> int:
    """Batches that use every example of one task once."""
    return -(-num_examples // recipe.batch_size)


def batches_per_epoch(sizes: Sequence[int], recipe: Recipe) -> list[int]:
    """Batches of each task in every epoch, at least one each.

    Args:
        sizes: examples of each task of the stage.
        recipe: `sampling` says by what their shares are.
    """
    passes = [batches_per_pass(size, recipe) for size in sizes]
    if recipe.sampling == "proportional":
        return passes
    return _apportioned([_weight(size, recipe) for size in sizes], sum(passes))


def _weight(size: int, recipe: Recipe) -> float:
    if recipe.sampling == "capped":
        assert recipe.sampling_cap is not None
        return min(size, recipe.sampling_cap)
    if recipe.sampling == "temperature":
        assert recipe.sampling_temperature is not None
        return float(size ** (1 / recipe.sampling_temperature))
    return 1.0


def _apportioned(weights: Sequence[float], total: int) -> list[int]:
    """Whole numbers that sum to the total, by largest remainder (Hamilton); none is 0."""
    shares = [weight / sum(weights) * total for weight in weights]
    counts = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (counts[i] - shares[i], i))
    for i in by_remainder[: total - sum(counts)]:
        counts[i] += 1
    while 0 in counts:  # a task that never came would be scored, but not trained
        counts[counts.index(max(counts))] -= 1
        counts[counts.index(0)] += 1
    return counts
