"""How good is an encoder with its head on the rows of one language?

Batches are cut by length at a fixed size per task, so that they depend on the rows alone:
padding changes bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from trainables.encoded import EncodedRows
from trainables.encoder import Encoder
from trainables.kinds import KINDS
from trainables.kinds.kind import Rows
from trainables.precision import autocast_dtype
from trainables.recipe import Precision
from trainables.tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The scores of one task in one language."""

    metrics: dict[str, float]
    """Fractions in [0, 1]; `task.metric` is among them."""
    num_items: int
    predictions: list[Any]
    """One per row, as the kind's `decode` gives them."""


def evaluate(
    encoder: Encoder,
    head: nn.Module | None,
    task: Task,
    language: str,
    rows: Rows,
    encoded: EncodedRows,
    *,
    batch_size: int = 64,
    precision: Precision = "auto",
) -> Evaluation:
    """Predict and score all rows; the model is left in evaluation mode.

    Args:
        encoder: on the device to use.
        head: None for kinds that are not trained.
        task: decides kind and metric.
        language: of the rows.
        rows: canonical rows, those that were encoded.
        encoded: their features.
        batch_size: features per forward pass.
        precision: as in the recipe.
    """
    predictions = predict(
        encoder, head, task, rows, encoded, batch_size=batch_size, precision=precision
    )
    metrics = KINDS[task.kind].score(task, language, rows, predictions)
    return Evaluation(metrics=metrics, num_items=len(predictions), predictions=predictions)


@torch.inference_mode()
def predict(
    encoder: Encoder,
    head: nn.Module | None,
    task: Task,
    rows: Rows,
    encoded: EncodedRows,
    *,
    batch_size: int = 64,
    precision: Precision = "auto",
) -> list[Any]:
    """One prediction per row."""
    kind = KINDS[task.kind]
    head = nn.Identity() if head is None else head
    encoder.model.eval()
    head.eval()
    device = encoder.device
    dtype = autocast_dtype(precision, device)
    layer = None if kind.trains else encoder.retrieval_layer
    outputs: dict[str, list[Any]] = {}
    for features in length_batches(encoded, batch_size):
        batch = kind.collate(encoded.take(features), encoder.pad_id)
        batch = {name: tensor.to(device) for name, tensor in batch.items()}
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            said = kind.outputs(head, encoder.read(batch, layer), batch)
        for name, values in said.items():
            column = outputs.setdefault(name, [None] * len(encoded))
            for feature, value in zip(features, values.cpu().numpy(), strict=True):
                column[feature] = value
    return kind.decode(task, rows, encoded.columns, outputs)


def length_batches(encoded: EncodedRows, batch_size: int) -> list[np.ndarray]:
    """All features, the shortest first, cut at a fixed size."""
    order = np.argsort(encoded.lengths, kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
