"""Which share of the predictions is right? XNLI, PAWS-X and XCOPA, as XTREME evaluate.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def accuracy(gold: Sequence[Any], predicted: Sequence[Any]) -> float:
    """Share of equal pairs, in [0, 1].

    Raises:
        ValueError: if there are no items, or not as many predictions as gold labels.
    """
    if len(gold) != len(predicted) or not len(gold):
        raise ValueError(f"got {len(predicted)} predictions for {len(gold)} gold labels")
    return sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)
