"""How are lists of different lengths kept and padded without a Python loop per item?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of different lengths, as in Arrow: item i is `values[offsets[i]:offsets[i + 1]]`."""

    values: NDArray[np.int32]
    """All items one after the other; may be a read-only view of a memory-mapped file."""
    offsets: NDArray[np.int32]
    """Shape (items + 1,); the first need not be 0."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, item: int) -> NDArray[np.int32]:
        return self.values[self.offsets[item] : self.offsets[item + 1]]

    @property
    def lengths(self) -> NDArray[np.int32]:
        """Shape (items,)."""
        return np.diff(self.offsets)

    @property
    def flat(self) -> NDArray[np.int32]:
        """The values of these items alone."""
        return self.values[self.offsets[0] : self.offsets[-1]]

    def take(self, items: NDArray[np.int64]) -> Ragged:
        """The given items in the given order, copied."""
        starts, lengths = self.offsets[items], self.offsets[items + 1] - self.offsets[items]
        offsets = np.zeros(len(items) + 1, dtype=np.int32)
        np.cumsum(lengths, out=offsets[1:])
        source = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Ragged(self.values[source], offsets)


Features = Mapping[str, NDArray | Ragged]
"""Encoded columns, one entry per feature: `row` (index of its row), `input_ids`, a kind's own."""


def padded(
    values: NDArray[np.int32], lengths: NDArray[np.int32], fill: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Flat values as a rectangle, and where it is filled: both (items, longest)."""
    filled = np.arange(int(lengths.max(initial=0))) < lengths[:, None]
    rectangle = np.full(filled.shape, fill, dtype=np.int64)
    rectangle[filled] = values
    return rectangle, filled
