"""Are the right answers on top? LAReQA mean average precision at 20, as XTREME-R.

Source: google-research/xtreme third_party/utils_lareqa.py `average_precision_at_k` (Apache-2.0).
Candidates are ranked by the dot product of the vectors as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np


def average_precision_at_k(ranked: Sequence[int], relevant: Collection[int], k: int = 20) -> float:
    """Sum of the precisions at the relevant ones among the first k, over min(relevant, k).

    Args:
        ranked: candidates, best first.
        relevant: the right candidates, at least one.
        k: how far down the ranking counts.
    """
    if not relevant:
        raise ValueError("a question has no relevant candidate")
    hits, total = 0, 0.0
    for rank, candidate in enumerate(ranked[:k], start=1):
        if candidate in relevant:
            hits += 1
            total += hits / rank
    return total / min(len(relevant), k)


def score_lareqa(case: Mapping[str, Any]) -> dict[str, Any]:
    """Score one case: `questions`, `candidates` (vectors), `relevant` candidates per question."""
    scores = np.asarray(case["questions"]) @ np.asarray(case["candidates"]).T
    ranked = np.argsort(-scores, axis=1, kind="stable").tolist()
    precisions = [
        average_precision_at_k(order, set(right))
        for order, right in zip(ranked, case["relevant"], strict=True)
    ]
    return {
        "average_precision_at_20": precisions,
        "map_at_20": sum(precisions) / len(precisions),
    }
