"""How well does an encoder, as it is, tell the labels of a target's English rows apart?

LogME and the H-score of its vectors. What is a labelled sample depends on the kind: an item
(classification), an answer that is offered, right or wrong (multiple choice), a word (tagging).
Kinds whose labels are no classes have no samples: `KINDS_WITH_LABELS`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.encoded import EncodedRows
from trainables.encoder import Encoder, load_tensors
from trainables.evaluate import length_batches
from trainables.features.evidence import h_score, logme, shrunk_h_score
from trainables.features.vectors import BATCH
from trainables.keys import feature_node
from trainables.kinds import KINDS
from trainables.kinds.kind import Batch
from trainables.kinds.words import NOT_SCORED
from trainables.nodes import Computed, Event, Progress, Result, Trial, weights_of
from trainables.precision import autocast_dtype
from trainables.recipe import Precision
from trainables.sentence_views import mean_pooled
from trainables.steps import FORWARD_SHARE
from trainables.tasks.task import KindName
from trainables.workbench import Selection

Samples = tuple[Tensor, Tensor]
"""Vectors (samples, hidden) and labels (samples,)."""

MOST_SAMPLES = 4000
"""Words of a tagging task at most, the first ones of a random order."""
WELL_POSED = 2
"""Samples per dimension from which on the plain H-score is told."""


def label_evidence(trial: Trial, encoder: Computed, rows: Selection) -> Computed:
    """`logme`, `h_score_shrunk`, `h_score` (None where samples are too few) and counts.

    Args:
        trial: who asks.
        encoder: pretrained or after a stage.
        rows: English training rows of a target of one of `KINDS_WITH_LABELS`.
    """
    bench = trial.bench
    recipe = bench.setup.target_recipe
    node = feature_node(
        [encoder.node],
        purpose="label evidence 1",
        inputs={
            "task": rows.task.name,
            "rows": rows.hash,
            "max_length": bench.encoder.max_length(rows.task),
        },
        numerics=bench.numerics(recipe),
    )
    name = f"labels of {rows.task.name} by {encoder.name}"

    def compute() -> Generator[Event, None, Result]:
        weights = yield from weights_of(trial, encoder)
        load_tensors(bench.encoder.model, weights)
        yield Progress(name)
        data = bench.encoded(rows)
        vectors, labels = samples(bench.encoder, rows, data, recipe.precision)
        return Result(values=_measured(vectors, labels), examples=FORWARD_SHARE * len(data))

    return Computed(node, compute, name)


def _measured(vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    classes = len(np.unique(labels))
    values: dict[str, Any] = {"samples": len(labels), "classes": classes}
    if classes < 2:
        return {**values, "logme": None, "h_score": None, "h_score_shrunk": None}
    well_posed = len(labels) >= WELL_POSED * vectors.shape[1]
    return {
        **values,
        "logme": logme(vectors, labels),
        "h_score": h_score(vectors, labels) if well_posed else None,
        "h_score_shrunk": shrunk_h_score(vectors, labels),
    }


@torch.inference_mode()
def samples(
    encoder: Encoder, rows: Selection, encoded: EncodedRows, precision: Precision
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors of the last layer (samples, hidden) with their labels (samples,).

    The mean over the tokens of a sequence, since the first token of an encoder that was never
    fine-tuned says little; for words the first sub-word, which a tagging head reads.
    """
    kind, device = KINDS[rows.task.kind], encoder.device
    dtype = autocast_dtype(precision, device)
    encoder.model.eval()
    found: list[Samples] = []
    for features in length_batches(encoded, BATCH):
        batch = kind.collate(encoded.take(features), encoder.pad_id)
        batch = {name: tensor.to(device) for name, tensor in batch.items()}
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            hidden = encoder.read(batch)
        vectors, labels = KINDS_WITH_LABELS[rows.task.kind](hidden, batch)
        found.append((vectors.float().cpu(), labels.cpu()))
    all_vectors = torch.cat([vectors for vectors, _ in found])
    all_labels = torch.cat([labels for _, labels in found])
    order = torch.randperm(len(all_labels), generator=torch.Generator().manual_seed(0))
    kept = order[:MOST_SAMPLES].sort().values
    return all_vectors[kept].numpy(), all_labels[kept].numpy()


def _items(hidden: Tensor, batch: Batch) -> Samples:
    return mean_pooled(hidden, batch["attention_mask"]), batch["label"]


def _choices(hidden: Tensor, batch: Batch) -> Samples:
    """Every answer offered, of class 1 if it is the right one."""
    vectors = mean_pooled(hidden, batch["attention_mask"])
    right = torch.zeros(len(batch["label"]), len(vectors) // len(batch["label"]), dtype=torch.int64)
    right = right.to(vectors.device).scatter_(1, batch["label"][:, None], 1)
    return vectors, right.flatten()


def _words(hidden: Tensor, batch: Batch) -> Samples:
    scored = batch["tag"] != NOT_SCORED
    return hidden[scored], batch["tag"][scored]


KINDS_WITH_LABELS: dict[KindName, Callable[[Tensor, Batch], Samples]] = {
    "classification": _items,
    "multiple_choice": _choices,
    "tagging": _words,
}
"""Kinds of which labelled samples are read, each with how."""
