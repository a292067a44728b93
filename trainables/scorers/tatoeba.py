"""Is the nearest sentence the translation? Tatoeba accuracy, as XTREME.

Source: google-research/xtreme third_party/utils_retrieve.py `similarity_search` (Apache-2.0,
after LASER): L2-normalised vectors, nearest by Euclidean distance, hence by cosine. Row i of
the candidates translates row i of the queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32] | npt.NDArray[np.float64]
_BLOCK = 1024


def nearest(queries: Vectors, candidates: Vectors) -> npt.NDArray[np.int64]:
    """Index of the most cosine-similar candidate per query; equal ones: the first.

    Args:
        queries: shape (queries, dimensions).
        candidates: shape (candidates, dimensions).
    """
    queries, candidates = normalised(queries), normalised(candidates)
    blocks = [queries[i : i + _BLOCK] @ candidates.T for i in range(0, len(queries), _BLOCK)]
    return np.concatenate([block.argmax(axis=1) for block in blocks]).astype(np.int64)


def retrieval_accuracy(queries: Vectors, candidates: Vectors) -> float:
    """Share of queries whose nearest candidate has their own row number, in [0, 1].

    Raises:
        ValueError: if the two are not of one shape with at least one row.
    """
    if queries.shape != candidates.shape or queries.ndim != 2 or not len(queries):
        raise ValueError(f"got queries {queries.shape}, candidates {candidates.shape}")
    return float((nearest(queries, candidates) == np.arange(len(queries))).mean())


def normalised(vectors: Vectors) -> Vectors:
    """Rows divided by their Euclidean length; a row of zeros stays as it is (as faiss)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def score_tatoeba(case: Mapping[str, Any]) -> dict[str, Any]:
    """Score one case: `queries` and `candidates`, lists of vectors."""
    queries, candidates = np.asarray(case["queries"]), np.asarray(case["candidates"])
    score = retrieval_accuracy(queries, candidates)
    return {"nearest": nearest(queries, candidates).tolist(), "accuracy": score}
