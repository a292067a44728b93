"""Which token stands for which word? The first sub-word of a word is labelled and read.

As XTREME does. A sentence longer than `max_length` is split into windows, as XTREME's
preprocessing does: cutting it would cost languages that need many sub-words most. A word without
any token stands nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.kinds.tokens import as_ragged, token_columns
from trainables.ragged import Features, Ragged, ends_of

NOT_SCORED = -100
"""The label of a token that stands for no word, as in transformers."""
_NO_WORD = -1


def encode_words(
    rows: Mapping[str, Sequence[Any]], tokenizer: Any, max_length: int
) -> tuple[dict[str, NDArray[Any] | Ragged], NDArray[np.int64]]:
    """The columns of all windows of the sentences, and which words these are.

    Returns:
        Columns `row`, `first` (positions of the first sub-words), `word` (the words they stand
        for, numbers in their sentence) and those of the tokens; then per such word its place
        among the words of all sentences of this batch.
    """
    encoding = tokenizer(
        list(rows["tokens"]),
        is_split_into_words=True,
        truncation=True,
        max_length=max_length,
        return_overflowing_tokens=True,
        return_attention_mask=False,
    )
    tokens = token_columns(encoding)
    sources = np.array(encoding["overflow_to_sample_mapping"], dtype=np.int64)
    lengths = tokens["input_ids"].lengths
    sizes = np.fromiter(map(len, rows["tokens"]), dtype=np.int64, count=len(rows["tokens"]))
    # Of every token: its word's place among the words of all sentences, or -1.
    ids = [word for window in range(len(sources)) for word in encoding.word_ids(window)]
    words = pa.array(ids, pa.int32()).fill_null(_NO_WORD).to_numpy(zero_copy_only=False)
    begins = np.repeat(ends_of(sizes)[sources], lengths)
    there = np.where(words == _NO_WORD, _NO_WORD, words + begins)
    # A word may begin in the window before: it is new where its place is beyond all earlier ones.
    before = np.maximum.accumulate(np.concatenate([[_NO_WORD], there[:-1]]))
    new = np.flatnonzero(there > before)
    starts = ends_of(lengths)
    offsets = np.searchsorted(new, starts)
    columns: dict[str, NDArray[Any] | Ragged] = {
        "row": np.array(rows["row"])[sources],
        "first": Ragged((new - np.repeat(starts[:-1], np.diff(offsets))).astype(np.int32), offsets),
        "word": Ragged(words[new], offsets),
        **tokens,
    }
    return columns, there[new]


def places(features: Features) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Feature and position of the first sub-words of a batch: both (words,)."""
    first = as_ragged(features["first"])
    return np.repeat(np.arange(len(first)), first.lengths), first.flat


def said_of_words(
    features: Features, outputs: Sequence[Any]
) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Row, word and what was said of it, for every word that has a token.

    Args:
        features: of `encode_words`.
        outputs: per feature an array whose first axis is the token.
    """
    first, word = as_ragged(features["first"]), as_ragged(features["word"])
    for feature, row in enumerate(np.asarray(features["row"])):
        said = np.asarray(outputs[feature])[first[feature]]
        for position, value in zip(word[feature], said, strict=True):
            yield int(row), int(position), value
