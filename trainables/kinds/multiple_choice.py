"""Which of several answers is right? One sequence and one score per choice, softmax over choices.

As jiant's multiple-choice templates: context as the first text, question and choice as the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainables.encoder import Encoder
from trainables.kinds.classification import most_frequent_share
from trainables.kinds.heads import SentenceHead
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import collate_tokens, encode_texts, grouped, label_tensor
from trainables.ragged import Features
from trainables.scorers import accuracy
from trainables.tasks.task import Task


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> Features:
    num_choices = len(task.labels)
    firsts, seconds = [], []
    for context, question, choices in zip(
        rows["context"], rows["question"], rows["choices"], strict=True
    ):
        if len(choices) != num_choices:
            raise ValueError(
                f"a row of {task.name} has {len(choices)} choices, but its task declares "
                f"{num_choices} labels; every row needs as many choices as labels"
            )
        for choice in choices:
            # Without a context the question is the first text.
            first, *rest = [text for text in (context, question) if text] or [""]
            firsts.append(first)
            seconds.append(" ".join([*rest, choice]))
    tokens = encode_texts(tokenizer, firsts, seconds, max_length)
    labels = np.array(rows["label"])
    return {"row": np.array(rows["row"]), "label": labels, **grouped(tokens, num_choices)}


def _collate(features: Features, pad_id: int) -> Batch:
    return {**collate_tokens(features, pad_id), "label": label_tensor(features)}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return SentenceHead(encoder.hidden_size, 1, encoder.dropout, generator)


def _scores(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    """(features, choices)."""
    return head(hidden).view(len(batch["label"]), -1)


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    return cross_entropy(_scores(head, hidden, batch), batch["label"])


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    return {"label": _scores(head, hidden, batch).argmax(dim=-1)}


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[int]:
    return [int(label) for label in outputs["label"]]


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    return {"accuracy": accuracy(rows["label"], predictions)}


MULTIPLE_CHOICE = Kind(
    name="multiple_choice",
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
