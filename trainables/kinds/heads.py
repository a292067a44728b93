"""What stands on the encoder? Two forms of head, those of the Hugging Face task models.

Equal forms, so that `trainables/head_export.py` can hand a trained head to transformers.
Weights are N(0, 0.02) and biases 0, as transformers draws them.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from trainables.encoder import Encoder
from trainables.tasks.task import Task

_INITIALIZER_RANGE = 0.02


class NewHead(Protocol):
    """Makes the fresh head of a task."""

    def __call__(self, task: Task, encoder: Encoder, generator: torch.Generator, /) -> nn.Module:
        """A head on the CPU for the encoder, drawn from the generator alone."""


class SentenceHead(nn.Module):
    """First token -> dense, tanh -> `num_outputs` scores (RobertaClassificationHead)."""

    def __init__(
        self, hidden_size: int, num_outputs: int, dropout: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.dense = _linear(hidden_size, hidden_size, generator)
        self.out = _linear(hidden_size, num_outputs, generator)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        """(sequences, tokens, hidden) -> (sequences, outputs)."""
        pooled = torch.tanh(self.dense(self.dropout(hidden[:, 0])))
        return self.out(self.dropout(pooled)).float()


class TokenHead(nn.Module):
    """Every token -> `num_outputs` scores (RobertaForTokenClassification)."""

    def __init__(
        self, hidden_size: int, num_outputs: int, dropout: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.out = _linear(hidden_size, num_outputs, generator)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        """(sequences, tokens, hidden) -> (sequences, tokens, outputs)."""
        return self.out(self.dropout(hidden)).float()


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    # skip_init: the usual constructor would draw from torch's global generator.
    linear: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)
    with torch.no_grad():
        linear.weight.normal_(0.0, _INITIALIZER_RANGE, generator=generator)
        linear.bias.zero_()
    return linear
