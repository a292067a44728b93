"""Which vectors does an encoder give to texts? A node of the store, computed once.

Two readings of one forward pass: the hidden layer and pooling by which the encoder finds
translations (`trainables/sentence_views.py`), and the mean of the last layer, which TextEmb wants.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.encoder import Encoder, load_tensors
from trainables.features.texts import Texts
from trainables.keys import feature_node
from trainables.kinds.tokens import collate_tokens
from trainables.nodes import Computed, Event, Progress, Result, Trial, weights_of
from trainables.precision import autocast_dtype
from trainables.ragged import Ragged
from trainables.recipe import Precision
from trainables.sentence_views import mean_pooled, pooled
from trainables.steps import FORWARD_SHARE

MAX_TOKENS = 128
"""Of a text, special tokens included: the same for all tasks, so that a task of long passages is
not another one by its length alone."""
BATCH = 64
"""Texts of a forward pass, of like lengths."""
SENTENCE, LAST = "sentence", "last"
"""Names of the two readings."""

Vectors = NDArray[np.float32]


def text_vectors(trial: Trial, encoder: Computed, texts: Texts) -> Computed:
    """Vectors of texts by an encoder: tensors `sentence` and `last`, (texts, hidden) float32."""
    bench = trial.bench
    recipe = bench.setup.target_recipe
    view = bench.encoder.view()
    node = feature_node(
        [encoder.node],
        purpose="text vectors 1",
        inputs={
            "texts": texts.hash,
            "layer": view.layer,
            "pooling": view.pooling,
            "max_tokens": min(MAX_TOKENS, bench.encoder.max_tokens),
        },
        numerics=bench.numerics(recipe),
    )
    name = f"vectors of {len(texts)} texts of {texts.name}"

    def compute() -> Generator[Event, None, Result]:
        weights = yield from weights_of(trial, encoder)
        load_tensors(bench.encoder.model, weights)
        yield Progress(name)
        return Result(
            values={"texts": len(texts)},
            examples=FORWARD_SHARE * len(texts),
            tensors=_read(bench.encoder, texts.texts, recipe.precision),
        )

    return Computed(node, compute, name)


def read_vectors(
    trial: Trial, vectors: Computed, reading: str = SENTENCE
) -> Generator[Event, None, Vectors]:
    """The array of a node of `text_vectors`, computed now if it is nowhere."""
    tensors = yield from weights_of(trial, vectors)
    found: Vectors = tensors[reading].numpy()
    return found


@torch.inference_mode()
def _read(encoder: Encoder, texts: Sequence[str], precision: Precision) -> dict[str, torch.Tensor]:
    max_tokens = min(MAX_TOKENS, encoder.max_tokens)
    tokens = tokens_of(encoder.tokenizer, texts, max_tokens)
    view, device = encoder.view(), encoder.device
    dtype = autocast_dtype(precision, device)
    encoder.model.eval()
    order = np.argsort([len(ids) for ids in tokens["input_ids"]], kind="stable")
    found: dict[str, torch.Tensor] = {
        name: torch.zeros(len(texts), encoder.hidden_size) for name in (SENTENCE, LAST)
    }
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        columns = {name: _ragged([lists[i] for i in chosen]) for name, lists in tokens.items()}
        batch = {n: t.to(device) for n, t in collate_tokens(columns, encoder.pad_id).items()}
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            inner, last = encoder.read_all(batch, (view.layer, None))
        mask = batch["attention_mask"]
        found[SENTENCE][chosen] = pooled(inner, mask, view.pooling).cpu()
        found[LAST][chosen] = mean_pooled(last, mask).cpu()
    return found


def tokens_of(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> dict[str, list[list[int]]]:
    """The columns that an encoder reads, a list of token ids per text."""
    encoding = tokenizer(
        list(texts), truncation=True, max_length=max_tokens, return_attention_mask=False
    )
    return {name: encoding[name] for name in ("input_ids", "token_type_ids") if name in encoding}


def _ragged(lists: Sequence[Sequence[int]]) -> Ragged:
    offsets: Any = np.cumsum([0, *map(len, lists)])
    values = np.array([token for tokens in lists for token in tokens], dtype=np.int32)
    return Ragged(values, offsets.astype(np.int32))
