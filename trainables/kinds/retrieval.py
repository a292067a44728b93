"""Which sentence translates this one? Nearest neighbour in a hidden layer, without training.

As XTREME's Tatoeba: mean over the attention mask, special tokens included; queries are the
English sentences, the index the foreign ones; cosine similarity (literature.md 1.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.encoder import Encoder
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import collate_tokens, encode_texts, label_tensor
from trainables.ragged import Features
from trainables.scorers import accuracy, nearest
from trainables.tasks.task import Task

_FOREIGN, _ENGLISH = 0, 1


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> Features:
    pairs = zip(rows["source"], rows["target"], strict=True)
    texts = [text for pair in pairs for text in pair]
    tokens = encode_texts(tokenizer, texts, [""] * len(texts), max_length)
    sides = np.tile([_FOREIGN, _ENGLISH], len(rows["row"]))
    return {"row": np.repeat(np.array(rows["row"]), 2), "side": sides, **tokens}


def _collate(features: Features, pad_id: int) -> Batch:
    return {**collate_tokens(features, pad_id), "side": label_tensor(features, "side")}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return nn.Identity()


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    raise ValueError("a retrieval task is never trained: it has no loss")


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    return {"embedding": mean_pooled(hidden, batch["attention_mask"])}


def mean_pooled(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    """(sequences, tokens, hidden) -> (sequences, hidden), the mean over real tokens."""
    mask = attention_mask.unsqueeze(-1).float()
    return (hidden.float() * mask).sum(dim=1) / mask.sum(dim=1)


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[int]:
    vectors = np.stack([np.asarray(vector) for vector in outputs["embedding"]])
    side = np.asarray(features["side"])
    found: list[int] = nearest(vectors[side == _ENGLISH], vectors[side == _FOREIGN]).tolist()
    return found


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    return {"retrieval_accuracy": accuracy(range(len(rows["id"])), predictions)}


def _majority(task: Task, rows: Rows, features: Features) -> float:
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
)
