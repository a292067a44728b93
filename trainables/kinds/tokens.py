"""How does text become token ids, and token ids a batch? What all kinds share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from trainables.ragged import Features, Ragged, joined, padded, ragged


def token_columns(encoding: Mapping[str, Any]) -> dict[str, Ragged]:
    """The columns of a fast tokenizer's answer that an encoder reads."""
    names = ("input_ids", "token_type_ids")
    return {name: ragged(encoding[name]) for name in names if name in encoding}


def encode_texts(
    tokenizer: Any, texts: Sequence[str], pairs: Sequence[str], max_length: int
) -> dict[str, Ragged]:
    """Texts alone where the second is empty, else pairs cut longest first."""
    parts, order = [], list[int]()
    for wants_pair in (False, True):
        chosen = [i for i, pair in enumerate(pairs) if bool(pair) == wants_pair]
        if not chosen:
            continue
        encoding = tokenizer(
            [texts[i] for i in chosen],
            [pairs[i] for i in chosen] if wants_pair else None,
            truncation=True,
            max_length=max_length,
            return_attention_mask=False,
        )
        parts.append(token_columns(encoding))
        order += chosen
    if len(parts) < 2:
        return parts[0] if parts else {}
    back = np.argsort(order)
    return {name: joined([part[name] for part in parts]).take(back) for name in parts[0]}


def grouped(tokens: Mapping[str, Ragged], size: int) -> dict[str, Ragged]:
    """Each `size` sequences as one feature, one after the other; `lengths` tells them apart."""
    sequences = tokens["input_ids"].lengths.astype(np.int32)
    lengths = Ragged(sequences, np.arange(0, len(sequences) + 1, size))
    columns = {name: Ragged(c.values, c.offsets[::size]) for name, c in tokens.items()}
    return {"lengths": lengths, **columns}


def collate_tokens(features: Features, pad_id: int) -> dict[str, torch.Tensor]:
    """input_ids, attention_mask and, where the encoder has them, token_type_ids.

    Shape (sequences, tokens): one sequence per feature, or `lengths` many (multiple choice).
    """
    ids = as_ragged(features["input_ids"])
    lengths = as_ragged(features["lengths"]).flat if "lengths" in features else ids.lengths
    rectangle, filled = padded(ids.flat, lengths, pad_id)
    batch = {"input_ids": rectangle, "attention_mask": filled.astype(np.int64)}
    if "token_type_ids" in features:
        types = as_ragged(features["token_type_ids"])
        batch["token_type_ids"], _ = padded(types.flat, lengths, 0)
    return {name: torch.from_numpy(values) for name, values in batch.items()}


def label_tensor(features: Features, column: str = "label") -> torch.Tensor:
    """A column of one integer per feature, as int64."""
    return torch.from_numpy(np.asarray(features[column], dtype=np.int64))


def as_ragged(column: Any) -> Ragged:
    """The column, which our own encoding made of lists."""
    assert isinstance(column, Ragged)
    return column
