"""What stands on the encoder? Three forms of head, those of the Hugging Face task models.

Equal forms, so that `trainables/head_export.py` can hand a trained head to transformers.
Weights are N(0, 0.02), biases 0 and LayerNorm the identity, as transformers draws them.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear

from trainables.encoder import Encoder, load_tensors
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


class LanguageModelHead(nn.Module):
    """Any token -> a score for every token of the vocabulary (XLMRobertaLMHead).

    dense, GELU, LayerNorm, then the input embeddings as the decoder, plus a bias. The embeddings
    are the encoder's: they follow its training and are no parameter of this head.
    """

    def __init__(self, encoder: Encoder, generator: torch.Generator) -> None:
        super().__init__()
        embeddings = encoder.model.get_input_embeddings()
        epsilon = float(getattr(encoder.model.config, "layer_norm_eps", 1e-5))
        self.dense = _linear(encoder.hidden_size, encoder.hidden_size, generator)
        self.layer_norm = nn.LayerNorm(encoder.hidden_size, eps=epsilon)
        self.bias = nn.Parameter(torch.zeros(embeddings.num_embeddings))
        self._decoder = (embeddings,)  # in a tuple, so that torch does not register it here
        if encoder.lm_head:
            load_tensors(self, encoder.lm_head)

    def forward(self, hidden: Tensor) -> Tensor:
        """(..., hidden) -> (..., vocabulary)."""
        features = self.layer_norm(gelu(self.dense(hidden)))
        return linear(features, self._decoder[0].weight, self.bias).float()


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    # skip_init: the usual constructor would draw from torch's global generator.
    linear: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)
    with torch.no_grad():
        linear.weight.normal_(0.0, _INITIALIZER_RANGE, generator=generator)
        linear.bias.zero_()
    return linear
