"""How good is an encoder with its head on the rows of one language?

Batches are cut by length at a fixed size per task, so that they depend on the rows alone:
padding changes bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from trainables.encoded import EncodedRows
from trainables.encoder import Encoder
from trainables.kinds import KINDS
from trainables.kinds.kind import Outputs, Rows
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
    by_layer: Mapping[int, dict[str, float]] = field(default_factory=dict)
    """The same metrics read at other hidden layers."""


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Rows of a task with their features."""

    rows: Rows
    encoded: EncodedRows


def evaluate(
    encoder: Encoder,
    head: nn.Module | None,
    task: Task,
    language: str,
    rows: Rows,
    encoded: EncodedRows,
    *,
    tuned_on: LabelledRows | None = None,
    layers: Sequence[int] = (),
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
        tuned_on: rows that choose the threshold of a metric that has one; None: `rows` themselves.
        layers: hidden layers to be read too, in the same forward pass; of tasks that are not
            trained alone.
        batch_size: features per forward pass.
        precision: as in the recipe.
    """
    scored = LabelledRows(rows, encoded)
    how = _Reading(encoder, head, task, tuple(layers), batch_size, precision)
    own, *others = _predictions(how, scored)
    tuning = KINDS[task.kind].tunings.get(task.metric)
    if tuning is not None:
        labels = tuned_on or scored
        chosen = [own, *others] if tuned_on is None else _predictions(how, tuned_on)
        own, *others = (
            tuning.keep(found, tuning.best(labels.rows, choosing))
            for found, choosing in zip([own, *others], chosen, strict=True)
        )
    score = KINDS[task.kind].score
    return Evaluation(
        metrics=score(task, language, rows, own),
        num_items=len(own),
        predictions=own,
        by_layer={
            layer: score(task, language, rows, found)
            for layer, found in zip(layers, others, strict=True)
        },
    )


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
    how = _Reading(encoder, head, task, (), batch_size, precision)
    return _predictions(how, LabelledRows(rows, encoded))[0]


@dataclass(frozen=True, slots=True)
class _Reading:
    """How rows are read: with what, at which layers."""

    encoder: Encoder
    head: nn.Module | None
    task: Task
    layers: tuple[int, ...]
    """Beside the task's own."""
    batch_size: int
    precision: Precision


def _predictions(how: _Reading, scored: LabelledRows) -> list[list[Any]]:
    """Predictions at the task's own layer, and at each other one."""
    decode = KINDS[how.task.kind].decode
    return [
        decode(how.task, scored.rows, scored.encoded.columns, outputs)
        for outputs in _outputs(how, scored.encoded)
    ]


@torch.inference_mode()
def _outputs(how: _Reading, encoded: EncodedRows) -> list[Outputs]:
    """What the head says of every feature, at the task's own layer and at each other one."""
    kind, encoder, device = KINDS[how.task.kind], how.encoder, how.encoder.device
    if kind.trains and how.layers:
        raise ValueError(f"{how.task.name} is trained: its head reads the last layer alone")
    layers = (None if kind.trains else encoder.view(how.task.name).layer, *how.layers)
    # Kinds that are not trained have a head without weights: nothing is drawn for it.
    head = how.head or kind.new_head(how.task, encoder, torch.Generator())
    encoder.model.eval()
    head.eval()
    dtype = autocast_dtype(how.precision, device)
    found: list[dict[str, list[Any]]] = [{} for _ in layers]
    for features in length_batches(encoded, how.batch_size):
        batch = kind.collate(encoded.take(features), encoder.pad_id)
        batch = {name: tensor.to(device) for name, tensor in batch.items()}
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            said = [kind.outputs(head, hidden, batch) for hidden in encoder.read_all(batch, layers)]
        for outputs, values_of in zip(found, said, strict=True):
            for name, values in values_of.items():
                column = outputs.setdefault(name, [None] * len(encoded))
                for feature, value in zip(features, values.cpu().numpy(), strict=True):
                    column[feature] = value
    return list(found)


def length_batches(encoded: EncodedRows, batch_size: int) -> list[np.ndarray]:
    """All features, the shortest first, cut at a fixed size."""
    order = np.argsort(encoded.lengths, kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
