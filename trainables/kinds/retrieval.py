"""Which sentence translates this one? Neighbours in a hidden layer, without training.

The metric decides what is asked: as XTREME's Tatoeba, the nearest foreign sentence of each English
one by cosine similarity; or as its BUCC, which sentences of two pools are pairs at all
(`bitext.py`). How a sentence is read is the encoder's business (`sentence_views.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.encoder import Encoder
from trainables.kinds.bitext import kept_pairs, mined_pairs, pair_scores, tuned_threshold
from trainables.kinds.kind import Batch, Kind, Outputs, Rows, Tuning
from trainables.kinds.tokens import collate_tokens, encode_texts, label_tensor
from trainables.ragged import Features
from trainables.scorers import accuracy, nearest
from trainables.scorers.tatoeba import Vectors
from trainables.sentence_views import Pooling, pooled
from trainables.tasks.task import Task

_FOREIGN, _ENGLISH = 0, 1


class PooledHead(nn.Module):
    """A hidden layer -> one vector per sequence; nothing to train."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.pooling = pooling


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> dict[str, list[Any]]:
    sides = zip(rows["row"], rows["source"], rows["target"], strict=True)
    sentences = [
        (row, side, text)
        for row, *texts in sides
        for side, text in zip((_FOREIGN, _ENGLISH), texts, strict=True)
        if text
    ]
    numbers, sides_of, texts = (list(column) for column in zip(*sentences, strict=True))
    tokens = encode_texts(tokenizer, texts, [""] * len(texts), max_length)
    return {"row": numbers, "side": sides_of, **tokens}


def _collate(features: Features, pad_id: int) -> Batch:
    return {**collate_tokens(features, pad_id), "side": label_tensor(features, "side")}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return PooledHead(encoder.view(task.name).pooling)


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    raise ValueError("a retrieval task is never trained: it has no loss")


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    assert isinstance(head, PooledHead)
    return {"embedding": pooled(hidden, batch["attention_mask"], head.pooling)}


@dataclass(frozen=True, slots=True)
class _Sentences:
    """The vectors of one pool and the rows that they belong to."""

    vectors: Vectors
    rows: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metric:
    """What is asked of the two pools, and how the answer is scored."""

    decode: Callable[[Rows, _Sentences, _Sentences], list[Any]]
    """(rows, foreign, English) -> one prediction per row."""
    score: Callable[[Rows, Sequence[Any]], dict[str, float]]


def _nearest(rows: Rows, foreign: _Sentences, english: _Sentences) -> list[Any]:
    found: list[int] = nearest(english.vectors, foreign.vectors).tolist()
    return found


def _mined(rows: Rows, foreign: _Sentences, english: _Sentences) -> list[Any]:
    return list(mined_pairs(rows, foreign.vectors, english.vectors, foreign.rows, english.rows))


_METRICS = {
    "retrieval_accuracy": _Metric(
        decode=_nearest,
        score=lambda rows, found: {"retrieval_accuracy": accuracy(range(len(rows["id"])), found)},
    ),
    "bucc_f1": _Metric(decode=_mined, score=pair_scores),
}


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[Any]:
    vectors = np.stack([np.asarray(vector) for vector in outputs["embedding"]])
    row, side = np.asarray(features["row"]), np.asarray(features["side"])
    foreign, english = (
        _Sentences(vectors[side == which], row[side == which]) for which in (_FOREIGN, _ENGLISH)
    )
    return _METRICS[task.metric].decode(rows, foreign, english)


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    return _METRICS[task.metric].score(rows, predictions)


def _majority(task: Task, rows: Rows, features: Features) -> float:
    """One pair right, as when sentences are paired at random."""
    return 1 / len(rows["id"])


RETRIEVAL = Kind(
    name="retrieval",
    trains=False,
    encode=_encode,
    collate=_collate,
    new_head=_new_head,
    loss=_loss,
    outputs=_outputs,
    decode=_decode,
    score=_score,
    majority=_majority,
    tunings={"bucc_f1": Tuning(best=tuned_threshold, keep=kept_pairs)},
    sides=2,
)
