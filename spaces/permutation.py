"""How are orders numbered? Lehmer codes of permutations, and ranks of ordered subsets.

Lehmer code as in the Optuna FAQ, "permutation as a parameter": independent integers, the i-th in
`[0, n - i - 1]`, so that every code is a permutation and every permutation has one code.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import perm


def lehmer_encode(permutation: Sequence[int]) -> tuple[int, ...]:
    """The number of smaller elements after each element of a permutation of `0..n-1`.

    >>> lehmer_encode((3, 1, 4, 2, 0))
    (3, 1, 2, 1, 0)

    Raises:
        ValueError: if it is not a permutation of `0..n-1`.
    """
    if sorted(permutation) != list(range(len(permutation))):
        raise ValueError(f"wanted a permutation of 0..{len(permutation) - 1}, got {permutation!r}")
    return tuple(
        sum(later < element for later in permutation[i + 1 :])
        for i, element in enumerate(permutation)
    )


def lehmer_decode(code: Sequence[int]) -> tuple[int, ...]:
    """The permutation with this Lehmer code; the inverse of `lehmer_encode`.

    >>> lehmer_decode((3, 1, 2, 1, 0))
    (3, 1, 4, 2, 0)

    Raises:
        ValueError: if a digit is outside `[0, n - i - 1]`.
    """
    left = list(range(len(code)))
    permutation = []
    for i, digit in enumerate(code):
        if not 0 <= digit < len(left):
            raise ValueError(f"digit {i} of {code!r} is {digit}, wanted 0..{len(left) - 1}")
        permutation.append(left.pop(digit))
    return tuple(permutation)


def count_ordered_subsets(n: int, max_length: int) -> int:
    """How many ordered choices there are of at most `max_length` of `n` elements.

    >>> count_ordered_subsets(9, 9), count_ordered_subsets(9, 3)
    (986410, 586)
    """
    return sum(perm(n, length) for length in range(min(n, max_length) + 1))


def rank_ordered_subset(chosen: Sequence[int], n: int) -> int:
    """Number of an ordered choice of `0..n-1`: shorter ones first, then lexicographic.

    >>> rank_ordered_subset((), 3), rank_ordered_subset((2,), 3), rank_ordered_subset((0, 1), 3)
    (0, 3, 4)

    Raises:
        ValueError: if an element comes twice or is outside `0..n-1`.
    """
    left = list(range(n))
    rank = count_ordered_subsets(n, len(chosen) - 1) if chosen else 0
    for i, element in enumerate(chosen):
        if element not in left:
            raise ValueError(f"wanted different elements of 0..{n - 1}, got {chosen!r}")
        digit = left.index(element)
        left.pop(digit)
        rank += digit * perm(n - i - 1, len(chosen) - i - 1)
    return rank


def unrank_ordered_subset(rank: int, n: int) -> tuple[int, ...]:
    """The ordered choice with this number; the inverse of `rank_ordered_subset`.

    >>> [unrank_ordered_subset(rank, 2) for rank in range(5)]
    [(), (0,), (1,), (0, 1), (1, 0)]

    Raises:
        ValueError: if there are not so many.
    """
    total = count_ordered_subsets(n, n)
    if not 0 <= rank < total:
        raise ValueError(f"rank is {rank}, wanted 0..{total - 1}")
    length = 0
    while rank >= perm(n, length):
        rank -= perm(n, length)
        length += 1
    left = list(range(n))
    chosen = []
    for i in range(length):
        digit, rank = divmod(rank, perm(n - i - 1, length - i - 1))
        chosen.append(left.pop(digit))
    return tuple(chosen)
