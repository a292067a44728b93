"""Which tag has each word? One of a set; `words.py` says which token stands for a word.

A word without any token is predicted "O".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainables.encoder import Encoder
from trainables.kinds.heads import TokenHead
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import as_ragged, collate_tokens
from trainables.kinds.words import NOT_SCORED, encode_words, places, said_of_words
from trainables.ragged import Features, Ragged, ragged
from trainables.scorers import accuracy, span_f1
from trainables.tasks.task import Task

_OUTSIDE = "O"
_CONSTANTS_TRIED = 5


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> Features:
    columns, words = encode_words(rows, tokenizer, max_length)
    tags = ragged(rows["tags"]).values[words]
    return {**columns, "tag": Ragged(tags, as_ragged(columns["word"]).offsets)}


def _collate(features: Features, pad_id: int) -> Batch:
    batch = collate_tokens(features, pad_id)
    labels = np.full(batch["input_ids"].shape, NOT_SCORED, dtype=np.int64)
    labels[places(features)] = as_ragged(features["tag"]).flat
    return {**batch, "tag": torch.from_numpy(labels)}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return TokenHead(encoder.hidden_size, len(task.labels), encoder.dropout, generator)


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    tags = batch["tag"].flatten()
    total = cross_entropy(
        head(hidden).flatten(0, 1), tags, ignore_index=NOT_SCORED, reduction="sum"
    )
    return total / (tags != NOT_SCORED).sum().clamp(min=1)


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    return {"tag": head(hidden).argmax(dim=-1)}


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[list[str]]:
    predictions = [[_OUTSIDE] * len(tokens) for tokens in rows["tokens"]]
    for row, word, tag in said_of_words(features, outputs["tag"]):
        predictions[row][word] = task.labels[tag]
    return predictions


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    gold = _gold(task, rows)
    words = [[tag for tags in sentences for tag in tags] for sentences in (gold, predictions)]
    return {"f1": span_f1(gold, predictions), "accuracy": accuracy(*words)}


def _majority(task: Task, rows: Rows, features: Features) -> float:
    gold = _gold(task, rows)
    frequent = Counter(tag for tags in gold for tag in tags).most_common(_CONSTANTS_TRIED)
    constants = ([[tag] * len(tags) for tags in gold] for tag, _ in frequent)
    return max(_score(task, "en", rows, constant)[task.metric] for constant in constants)


def _gold(task: Task, rows: Rows) -> list[list[str]]:
    return [[task.labels[tag] for tag in tags] for tags in rows["tags"]]


TAGGING = Kind(
    name="tagging",
    trains=True,
    encode=_encode,
    collate=_collate,
    new_head=_new_head,
    loss=_loss,
    outputs=_outputs,
    decode=_decode,
    score=_score,
    majority=_majority,
)
