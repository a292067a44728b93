"""Which token stands for which word? The first sub-word of a word is labelled and read.

As XTREME does. A sentence longer than `max_length` is split into windows, as XTREME's
preprocessing does: cutting it would cost languages that need many sub-words most. A word without
any token stands nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.kinds.tokens import as_ragged, token_columns
from trainables.ragged import Features

NOT_SCORED = -100
"""The label of a token that stands for no word, as in transformers."""


def encode_words(
    rows: Mapping[str, Sequence[Any]], tokenizer: Any, max_length: int
) -> tuple[dict[str, list[Any]], Iterator[tuple[int, list[int]]]]:
    """The columns of all windows of the sentences, and what stands in each of them.

    Returns:
        Columns `row`, `first` (positions of the first sub-words), `word` (the words they stand
        for, numbers in their sentence) and those of the tokens; then per window the place of its
        sentence in this batch, and its words.
    """
    encoding = tokenizer(
        list(rows["tokens"]),
        is_split_into_words=True,
        truncation=True,
        max_length=max_length,
        return_overflowing_tokens=True,
        return_attention_mask=False,
    )
    sources = encoding["overflow_to_sample_mapping"]
    columns: dict[str, list[Any]] = {"row": [], "first": [], "word": []}
    last = (-1, -1)  # row and word of the previous token: a word may begin in the window before
    for window, source in enumerate(sources):
        first, words = [], []
        for position, word in enumerate(encoding.word_ids(window)):
            if word is not None and (source, word) > last:
                first.append(position)
                words.append(word)
                last = (source, word)
        for name, value in zip(columns, (rows["row"][source], first, words), strict=True):
            columns[name].append(value)
    return {**columns, **token_columns(encoding)}, zip(sources, columns["word"], strict=True)


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
