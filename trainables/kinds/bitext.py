"""Which sentences of two pools translate each other? BUCC's mining, cut and F1, over rows.

As google-research/xtreme third_party/utils_retrieve.py: equal sentences of a pool are one while
pairs are mined, and a sentence that stands in its pool more than once belongs to no pair in the
end. Pairs count from a threshold on, which is that of the best F1 on the search split; the official
script (`evaluate_retrieval.py`) takes the one of BUCC's dev split to its test split alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.kinds.kind import Rows
from trainables.scorers import best_threshold, mine
from trainables.scorers.tatoeba import Vectors

Found = list[float] | None
"""What is mined for a source sentence: row of its translation, margin score. JSON-able."""


def mined_pairs(
    rows: Rows, sources: Vectors, targets: Vectors, source_rows: Any, target_rows: Any
) -> list[Found]:
    """Per row what its source sentence was mined with, whatever the score; else None.

    Args:
        rows: canonical rows.
        sources: vectors, shape (source sentences, dimensions).
        targets: the same of the other pool.
        source_rows: row of each source vector.
        target_rows: row of each target vector.
    """
    x, x_rows = _unified(rows["source"], sources, source_rows)
    y, y_rows = _unified(rows["target"], targets, target_rows)
    found: list[Found] = [None] * len(rows["id"])
    once = _single(rows["source"]), _single(rows["target"])
    for i, j, score in mine(x, y):
        source, target = int(x_rows[i]), int(y_rows[j])
        if source in once[0] and target in once[1]:
            found[source] = [target, score]
    return found


def tuned_threshold(rows: Rows, found: Sequence[Found]) -> float:
    """The threshold of the best F1 on the gold pairs of the rows."""
    pairs = [(row, int(pair[0]), pair[1]) for row, pair in enumerate(found) if pair]
    return best_threshold(sorted(pairs, key=lambda pair: -pair[2]), _gold(rows))


def kept_pairs(found: Sequence[Found], threshold: float) -> list[Found]:
    """The pairs from the threshold on."""
    return [pair if pair and pair[1] >= threshold else None for pair in found]


def pair_scores(rows: Rows, found: Sequence[Found]) -> dict[str, float]:
    """bucc_f1, precision and recall of the pairs found, each in [0, 1]."""
    gold = _gold(rows)
    pairs = {(row, int(pair[0])) for row, pair in enumerate(found) if pair}
    right = len(pairs & gold)
    precision = right / len(pairs) if pairs else 0.0
    recall = right / len(gold) if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"bucc_f1": f1, "precision": precision, "recall": recall}


def _gold(rows: Rows) -> set[tuple[int, int]]:
    """Rows with both sides are the gold pairs."""
    sides = zip(rows["source"], rows["target"], strict=True)
    return {(row, row) for row, (source, target) in enumerate(sides) if source and target}


def _single(texts: Sequence[str]) -> set[int]:
    """Rows of the sentences that stand in their pool once."""
    counts = Counter(texts)
    return {row for row, text in enumerate(texts) if text and counts[text] == 1}


def _unified(
    texts: Sequence[str], vectors: Vectors, rows: NDArray[np.int64]
) -> tuple[Vectors, NDArray[np.int64]]:
    """Vectors of different sentences in the order of their first row, and that row."""
    texts = list(texts)
    firsts: dict[str, int] = {}
    for place, row in enumerate(rows):
        firsts.setdefault(texts[row], place)
    kept = np.array(list(firsts.values()), dtype=np.int64)
    return vectors[kept], np.asarray(rows)[kept]
