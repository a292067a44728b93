"""Is the mentioned entity on top? Mewsli-X mean average precision at 20, as XTREME-R.

Source: google-research/xtreme third_party/utils_mewslix.py `evaluate` (Apache-2.0). One entity is
right per mention, so the average precision is the reciprocal rank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def reciprocal_rank_at_k(ranked: Sequence[str], entity: str, k: int = 20) -> float:
    """1 / rank of the entity among the first k, 0 if it is not there."""
    head = list(ranked[:k])
    return 1 / (head.index(entity) + 1) if entity in head else 0.0


def score_mewslix(case: Mapping[str, Any]) -> dict[str, Any]:
    """Score one case: `gold`, mention to [entity], and `predicted`, mention to ranked entities.

    A mention without prediction counts as wrong.
    """
    gold, predicted = case["gold"], case["predicted"]
    ranks = [
        reciprocal_rank_at_k(predicted.get(mention, ()), entity)
        for mention, (entity,) in gold.items()
    ]
    return {"map_at_20": sum(ranks) / len(ranks)}
