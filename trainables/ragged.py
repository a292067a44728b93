"""How are lists of different lengths kept and padded without a Python loop per item?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of different lengths, as in Arrow: item i is `values[offsets[i]:offsets[i + 1]]`."""

    values: NDArray[np.int32]
    """All items one after the other; may be a read-only view of a memory-mapped file."""
    offsets: NDArray[np.int64]
    """Shape (items + 1,); the first need not be 0. A large set has more than 2^31 tokens."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, item: int) -> NDArray[np.int32]:
        return self.values[self.offsets[item] : self.offsets[item + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Shape (items,)."""
        return np.diff(self.offsets)

    @property
    def flat(self) -> NDArray[np.int32]:
        """The values of these items alone."""
        return self.values[self.offsets[0] : self.offsets[-1]]

    def take(self, items: NDArray[np.int64]) -> Ragged:
        """The given items in the given order, copied."""
        starts, lengths = self.offsets[items], self.offsets[items + 1] - self.offsets[items]
        offsets = ends_of(lengths)
        source = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Ragged(self.values[source], offsets)


def ragged(lists: Sequence[Sequence[int]]) -> Ragged:
    """The items of a list of lists."""
    lengths = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    values = np.fromiter(chain.from_iterable(lists), dtype=np.int32, count=lengths.sum())
    return Ragged(values, ends_of(lengths))


def joined(parts: Sequence[Ragged]) -> Ragged:
    """The items of all parts, one part after the other."""
    lengths = np.concatenate([part.lengths for part in parts])
    return Ragged(np.concatenate([part.flat for part in parts]), ends_of(lengths))


def ends_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Offsets of items of these lengths, the first 0: shape (items + 1,)."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


Features = Mapping[str, NDArray | Ragged]
"""Encoded columns, one entry per feature: `row` (index of its row), `input_ids`, a kind's own."""


def padded(
    values: NDArray[np.int32], lengths: NDArray[np.integer], fill: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Flat values as a rectangle, and where it is filled: both (items, longest)."""
    filled = np.arange(int(lengths.max(initial=0))) < lengths[:, None]
    rectangle = np.full(filled.shape, fill, dtype=np.int64)
    rectangle[filled] = values
    return rectangle, filled
