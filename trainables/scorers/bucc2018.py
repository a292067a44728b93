"""Which sentence pairs are translations? BUCC 2018 bitext mining and its F1, as XTREME.

Source: google-research/xtreme third_party/utils_retrieve.py `mine_bitext`, `bucc_optimize`,
`bucc_extract` (Apache-2.0, after LASER; margin: Artetxe and Schwenk 2019). Where the best
cut is after the very last pair the official script fails with an IndexError; here the threshold is
then that pair's score.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainables.scorers.tatoeba import Vectors, normalised

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Pair = tuple[int, int]
Mined = list[tuple[int, int, float]]
_BLOCK = 1 << 25
"""Similarities held at a time, 256 MiB of them."""

MARGINS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "absolute": lambda similarity, mean: similarity,
    "distance": lambda similarity, mean: similarity - mean,
    "ratio": lambda similarity, mean: similarity / mean,
}


def mine(
    source: Vectors, target: Vectors, *, neighborhood: int = 4, margin: str = "ratio"
) -> Mined:
    """Pairs (source row, target row, margin score) above 0, best first, one to one.

    Forward and backward candidates compete (`retrieval: max`): the best pair whose two
    sentences are both free is taken next.
    """
    x, y = (_unit(vectors) for vectors in (source, target))
    forward, forward_similarity = _neighbours(x, y, neighborhood)
    backward, backward_similarity = _neighbours(y, x, neighborhood)
    means = forward_similarity.mean(axis=1), backward_similarity.mean(axis=1)
    relate = _margin(margin)
    forward_scores = relate(forward_similarity, (means[0][:, None] + means[1][forward]) / 2)
    backward_scores = relate(backward_similarity, (means[1][:, None] + means[0][backward]) / 2)
    best_target, of_source = _best(forward_scores, forward)
    best_source, of_target = _best(backward_scores, backward)
    rows = np.concatenate((np.arange(len(source)), best_source))
    columns = np.concatenate((best_target, np.arange(len(target))))
    return _one_to_one(rows, columns, np.concatenate((of_source, of_target)))


def mining_scores(mined: Mined, gold: Collection[Pair]) -> dict[str, float]:
    """`threshold` that is best for F1 on `gold`, and `precision`, `recall`, `f1` at it."""
    wanted = {(int(i), int(j)) for i, j in gold}
    threshold = best_threshold(mined, wanted)
    kept = {(i, j) for i, j, score in mined if score >= threshold}
    right = len(kept & wanted)
    if not right:
        return {"threshold": threshold, "precision": 0.0, "recall": 0.0, "f1": 0.0}
    precision, recall = right / len(kept), right / len(wanted)
    f1 = 2 * precision * recall / (precision + recall)
    return {"threshold": threshold, "precision": precision, "recall": recall, "f1": f1}


def best_threshold(mined: Sequence[tuple[int, int, float]], gold: set[Pair]) -> float:
    """Score from which on pairs (best first) count, for the best F1; 0 without a right pair.

    It is the middle between the last pair of the best cut and the next one.
    """
    threshold = best = 0.0
    right = 0
    for count, (i, j, score) in enumerate(mined, start=1):
        right += (i, j) in gold
        if right:
            precision, recall = right / count, right / len(gold)
            f1 = 2 * precision * recall / (precision + recall)
            if f1 > best:
                following = mined[count][2] if count < len(mined) else score
                best, threshold = f1, (score + following) / 2
    return threshold


def score_bucc2018(case: Mapping[str, Any]) -> dict[str, Any]:
    """Score one case: `source`, `target` (vectors), `gold` pairs, `neighborhood`, `margin`."""
    if case["retrieval"] != "max":
        raise ValueError(f"retrieval is {case['retrieval']!r}, only 'max' is scored")
    mined = mine(
        np.asarray(case["source"]),
        np.asarray(case["target"]),
        neighborhood=case["neighborhood"],
        margin=case["margin"],
    )
    return {"mined": [list(pair) for pair in mined], **mining_scores(mined, case["gold"])}


def _margin(name: str) -> Callable[[Floats, Floats], Floats]:
    if name not in MARGINS:
        raise ValueError(f"margin is {name!r}, wanted one of: {', '.join(MARGINS)}")
    return MARGINS[name]


def _unit(vectors: Vectors) -> Floats:
    return np.asarray(normalised(vectors.astype(np.float64)), dtype=np.float64)


def _neighbours(x: Floats, y: Floats, neighborhood: int) -> tuple[Indices, Floats]:
    """Per row of x its most similar rows of y, best first, and how similar they are.

    In blocks of x, since BUCC has up to 400,000 sentences a side; equal ones: the first.
    """
    count, size = min(neighborhood, len(y)), max(1, _BLOCK // len(y))
    nearest = np.empty((len(x), count), dtype=np.int64)
    similarities = np.empty((len(x), count))
    for start in range(0, len(x), size):
        block = x[start : start + size] @ y.T
        rows = np.arange(len(block))
        for place in range(count):
            best = block.argmax(axis=1)
            nearest[start : start + size, place] = best
            similarities[start : start + size, place] = block[rows, best]
            block[rows, best] = -np.inf
    return nearest, similarities


def _best(scores: Floats, neighbours: Indices) -> tuple[Indices, Floats]:
    """Per row the neighbour of the highest margin score, and that score."""
    best = scores.argmax(axis=1)[:, None]
    chosen = np.take_along_axis(neighbours, best, axis=1), np.take_along_axis(scores, best, axis=1)
    return chosen[0][:, 0], chosen[1][:, 0]


def _one_to_one(rows: Indices, columns: Indices, scores: Floats) -> Mined:
    mined: Mined = []
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    for k in np.argsort(-scores, kind="stable"):
        i, j = int(rows[k]), int(columns[k])
        if i not in used_rows and j not in used_columns:
            used_rows.add(i)
            used_columns.add(j)
            if scores[k] > 0:
                mined.append((i, j, float(scores[k])))
    return mined
