"""Which tag has each word? The first sub-word of a word is labelled and read, as XTREME does.

A sentence longer than `max_length` is split into windows, as XTREME's preprocessing does: cutting
it would cost languages that need many sub-words most. Words without any token are predicted "O".
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
from trainables.kinds.tokens import as_ragged, collate_tokens, token_columns
from trainables.ragged import Features
from trainables.scorers import accuracy, span_f1
from trainables.tasks.task import Task

_NOT_SCORED = -100
_OUTSIDE = "O"
_CONSTANTS_TRIED = 5


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> dict[str, list[Any]]:
    encoding = tokenizer(
        list(rows["tokens"]),
        is_split_into_words=True,
        truncation=True,
        max_length=max_length,
        return_overflowing_tokens=True,
        return_attention_mask=False,
    )
    sources = encoding["overflow_to_sample_mapping"]
    columns: dict[str, list[Any]] = {"row": [], "first": [], "word": [], "tag": []}
    last = (-1, -1)  # row and word of the previous token: a word may begin in the window before
    for window, source in enumerate(sources):
        first, words = [], []
        for position, word in enumerate(encoding.word_ids(window)):
            if word is not None and (source, word) > last:
                first.append(position)
                words.append(word)
                last = (source, word)
        tags = rows["tags"][source]
        values = (rows["row"][source], first, words, [tags[word] for word in words])
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return {**columns, **token_columns(encoding)}


def _collate(features: Features, pad_id: int) -> Batch:
    batch = collate_tokens(features, pad_id)
    first = as_ragged(features["first"])
    labels = np.full(batch["input_ids"].shape, _NOT_SCORED, dtype=np.int64)
    items = np.repeat(np.arange(len(first)), first.lengths)
    labels[items, first.flat] = as_ragged(features["tag"]).flat
    return {**batch, "tag": torch.from_numpy(labels)}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return TokenHead(encoder.hidden_size, len(task.labels), encoder.dropout, generator)


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    tags = batch["tag"].flatten()
    total = cross_entropy(
        head(hidden).flatten(0, 1), tags, ignore_index=_NOT_SCORED, reduction="sum"
    )
    return total / (tags != _NOT_SCORED).sum().clamp(min=1)


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    return {"tag": head(hidden).argmax(dim=-1)}


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[list[str]]:
    first, word = as_ragged(features["first"]), as_ragged(features["word"])
    predictions = [[_OUTSIDE] * len(tokens) for tokens in rows["tokens"]]
    for feature, row in enumerate(np.asarray(features["row"])):
        tags = np.asarray(outputs["tag"][feature])[first[feature]]
        for position, tag in zip(word[feature], tags, strict=True):
            predictions[row][position] = task.labels[tag]
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
