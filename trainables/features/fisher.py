"""What does a task ask of each part of an encoder? The diagonal of its Fisher information.

    F = mean over examples of (d log p(gold label | example) / d weight)^2

As TaskEmb (Vu et al. 2020, arXiv 2005.00770) and Task2Vec (Achille et al. 2019, arXiv 1902.03545):
the empirical one, with gold labels, one example at a time, without dropout, in float32. Of each
weight matrix of each layer the mean over its inputs, as Task2Vec takes the mean of a filter: one
number per output. Biases, LayerNorms and embeddings are left out. The numbers of a layer are
concatenated and scaled to length 1, and so are the layers: the cosine of two tasks is the mean of
the cosines of their layers, so that no layer drowns the others.
"""

from __future__ import annotations

import re
from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor, nn

from trainables.batches import TrainingPart
from trainables.encoded import EncodedRows
from trainables.encoder import Encoder
from trainables.kinds import KINDS
from trainables.recipe import Recipe
from trainables.stage import FineTuning
from trainables.tasks.task import KindName, Task

WITHOUT_FISHER: frozenset[KindName] = frozenset({"retrieval", "dual_encoder"})
"""Kinds without a likelihood of one example: negatives are the others of its batch, or none."""
_LAYER = re.compile(r"\.(?:layer|layers|h)\.(\d+)\.")


def trained_head(
    encoder: Encoder, task: Task, data: EncodedRows, *, recipe: Recipe, seed: int
) -> Generator[tuple[int, int], None, nn.Module]:
    """A fresh head, trained while the encoder is held still; yields (step, steps)."""
    parts = [TrainingPart(task=task, encoded=data)]
    tuning = FineTuning(encoder, parts, recipe=recipe, seed=seed, stage=f"head of {task.name}")
    encoder.model.requires_grad_(False)
    try:
        for step in tuning:
            yield step.number, step.num_steps
    finally:
        encoder.model.requires_grad_(True)
    return tuning.heads[0]


def fisher_vector(
    encoder: Encoder, head: nn.Module, task: Task, data: EncodedRows, num_examples: int
) -> Generator[tuple[int, int], None, Tensor]:
    """(layers x outputs,), from the first features; yields (example, examples).

    Raises:
        ValueError: if the encoder has no numbered layers.
    """
    kind, device = KINDS[task.kind], encoder.device
    encoder.model.eval()
    head.eval()
    matrices = _matrices(encoder.model)
    sums = [torch.zeros(len(weight), dtype=torch.float64) for _, weight in matrices]
    features = np.arange(min(num_examples, len(data)))
    for feature in features:
        batch = kind.collate(data.take(features[feature : feature + 1]), encoder.pad_id)
        batch = {key: tensor.to(device) for key, tensor in batch.items()}
        loss = kind.loss(head, encoder.read(batch), batch)
        gradients = torch.autograd.grad(loss, [weight for _, weight in matrices])
        for total, gradient in zip(sums, gradients, strict=True):
            total += gradient.double().square().mean(dim=1).cpu()
        yield int(feature) + 1, len(features)
    layers: dict[int, list[Tensor]] = {}
    for (layer, _), total in zip(matrices, sums, strict=True):
        layers.setdefault(layer, []).append(total)
    joined = [torch.cat(parts) for _, parts in sorted(layers.items())]
    return torch.cat([nn.functional.normalize(each, dim=0) for each in joined]).float()


def _matrices(model: nn.Module) -> list[tuple[int, Tensor]]:
    """The weight matrices of all layers, with the numbers of their layers."""
    named: list[tuple[int, Tensor]] = [
        (int(found[1]), parameter)
        for name, parameter in model.named_parameters()
        if parameter.ndim == 2 and (found := _LAYER.search(f".{name}"))
    ]
    if not named:
        raise ValueError("the encoder has no numbered layers with weight matrices")
    return named
