"""Which label has a sentence or a pair? First token, one score per label, cross-entropy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainables.encoder import Encoder
from trainables.kinds.heads import SentenceHead
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import collate_tokens, encode_texts, label_tensor
from trainables.ragged import Features
from trainables.scorers import accuracy
from trainables.tasks.task import Task


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> Features:
    tokens = encode_texts(tokenizer, rows["text"], rows["text_pair"], max_length)
    return {"row": np.array(rows["row"]), "label": np.array(rows["label"]), **tokens}


def _collate(features: Features, pad_id: int) -> Batch:
    return {**collate_tokens(features, pad_id), "label": label_tensor(features)}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return SentenceHead(encoder.hidden_size, len(task.labels), encoder.dropout, generator)


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    return cross_entropy(head(hidden), batch["label"])


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    return {"label": head(hidden).argmax(dim=-1)}


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[int]:
    return [int(label) for label in outputs["label"]]


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    return {"accuracy": accuracy(rows["label"], predictions)}


def most_frequent_share(task: Task, rows: Rows, features: Features) -> float:
    """Accuracy of always answering the most frequent label."""
    labels = list(rows["label"])
    return max(Counter(labels).values()) / len(labels)


CLASSIFICATION = Kind(
    name="classification",
    trains=True,
    encode=_encode,
    collate=_collate,
    new_head=_new_head,
    loss=_loss,
    outputs=_outputs,
    decode=_decode,
    score=_score,
    majority=most_frequent_share,
)
