"""Which hidden layer, pooled how, is the vector of a sentence? Data per encoder and target.

Published scores of sentence retrieval hang on it: XTREME's scripts read XLM-R Large at
hidden_states[14] by the mean for Tatoeba, and (since commit 287a7b7; by the mean before) at
hidden_states[20] by the first token for BUCC. jiant reads both at 14 by the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from torch import Tensor

Pooling = Literal["mean", "cls"]


@dataclass(frozen=True, slots=True)
class SentenceView:
    """How a sentence is read as one vector."""

    layer: int
    """Index into hidden_states; 0 is the embeddings."""
    pooling: Pooling = "mean"
    """mean: over the attention mask, special tokens included; cls: the first token."""

    def __post_init__(self) -> None:
        if self.pooling not in get_args(Pooling):
            raise ValueError(f"pooling is {self.pooling!r}, wanted mean or cls")


Views = Mapping[str, SentenceView]
"""Target to its view; under `ANY` the view of all other targets."""
ANY = "*"

VIEWS: dict[str, Views] = {
    "xlm-roberta-large": {ANY: SentenceView(14), "bucc2018": SentenceView(20, "cls")},
    "xlm-roberta-base": {ANY: SentenceView(8), "bucc2018": SentenceView(8, "cls")},
    "xlmr-micro": {ANY: SentenceView(3)},
}
"""Last part of an encoder's name to its views. Large: XTREME's `run_tatoeba.sh` (as jiant) and
`run_bucc2018.sh`; base: what `specific_layer 7` means for 12 layers there (literature.md 2.3)."""


def pooled(hidden: Tensor, attention_mask: Tensor, pooling: Pooling) -> Tensor:
    """(sequences, tokens, hidden) -> (sequences, hidden), float32."""
    if pooling == "cls":
        return hidden[:, 0].float()
    return mean_pooled(hidden, attention_mask)


def mean_pooled(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    """(sequences, tokens, hidden) -> (sequences, hidden), the mean over real tokens."""
    mask = attention_mask.unsqueeze(-1).float()
    return (hidden.float() * mask).sum(dim=1) / mask.sum(dim=1)


def at_layer(views: Views, layer: int) -> Views:
    """The same poolings, all at one layer."""
    return {target: replace(view, layer=layer) for target, view in views.items()}
