"""How many curricula are there, without listing them? Exact sums over how tasks fall into stages.

A task counts as often as it has sizes. `required` and `optional` hold the number of sizes of each
task; required tasks must be used, optional ones may be.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import comb


@lru_cache(maxsize=100_000)
def count_without_repeats(
    required: tuple[int, ...], optional: tuple[int, ...], *, num_stages: int, joint: int
) -> int:
    """Sequences of exactly `num_stages` disjoint stages of 1 to `joint` tasks."""
    chosen = _choices(required, optional)
    return sum(
        ways * _ordered_blocks(num_tasks, num_stages, joint)
        for num_tasks, ways in enumerate(chosen)
    )


@lru_cache(maxsize=100_000)
def count_with_repeats(
    required: tuple[int, ...], optional: tuple[int, ...], *, num_stages: int, joint: int
) -> int:
    """Sequences of exactly `num_stages` stages of 1 to `joint` tasks, each stage on its own.

    Inclusion and exclusion over the required tasks: 2 ** len(required) terms.
    """
    total = 0
    for num_kept in range(len(required) + 1):
        sign = (-1) ** (len(required) - num_kept)
        for kept in combinations(required, num_kept):
            stages = sum(_choices((), kept + optional)[1 : joint + 1])
            total += int(sign * stages**num_stages)
    return total


def _choices(required: tuple[int, ...], optional: tuple[int, ...]) -> list[int]:
    """Entry m: ways to choose m tasks with sizes, all required among them.

    Coefficients of the product of `s x` over required and `1 + s x` over optional tasks.
    """
    coefficients = [1]
    for num_sizes in required:
        coefficients = [0, *(c * num_sizes for c in coefficients)]
    for num_sizes in optional:
        longer = [0, *(c * num_sizes for c in coefficients)]
        coefficients = [a + b for a, b in zip([*coefficients, 0], longer, strict=True)]
    return coefficients


@lru_cache(maxsize=100_000)
def _ordered_blocks(num_tasks: int, num_stages: int, joint: int) -> int:
    """Ways to put labelled tasks into a row of non-empty stages of at most `joint` tasks."""
    if num_stages == 0:
        return int(num_tasks == 0)
    if num_tasks < num_stages or num_tasks > num_stages * joint:
        return 0
    return sum(
        comb(num_tasks, first) * _ordered_blocks(num_tasks - first, num_stages - 1, joint)
        for first in range(1, min(joint, num_tasks) + 1)
    )
