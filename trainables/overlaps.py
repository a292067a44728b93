"""Which rows of a target are also in the rows of a stage? Found by hashes of normalised text.

A row has several texts (premise, hypothesis, context, question, sentence ...) and is whole when all
of them together are the same. Texts shorter than `MIN_LETTERS` letters or digits are passed over:
"yes" in two data sets is no overlap. Where passages are retrieved, what stands around them is the
context of the question; passages with nothing around them are so themselves. Which tasks share
rows: `trainables/task_overlaps.py`.
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import datasets
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

VERSION = 1
"""Part of the name of kept hashes: raised when a text gets another hash, or a row other texts."""

MIN_LETTERS = 20
NO_HASH = 0
"""Stands for a text that is too short."""
Hashes = NDArray[np.uint64]

_BATCH = 10_000
_NO_LETTERS = re.compile(r"[\W_]+")
_NO_ASCII_LETTERS = bytes(set(range(128)) - set((string.ascii_letters + string.digits).encode()))
_PARTS = ("text", "text_pair", "context", "question", "source", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How much of a target's rows a stage has seen."""

    whole: int
    """Target rows that are in the stage as they are, labels aside."""
    part: int
    """Target rows of which some text is in the stage, the whole ones included."""
    rows: int
    """Target rows with a text that is long enough to be compared."""
    short: int = 0
    """The others, of which nothing is said."""

    @property
    def share(self) -> float:
        """Share of `rows` that were seen in part or as a whole, in [0, 1]."""
        return self.part / self.rows if self.rows else 0.0


def overlap(stage: datasets.Dataset, target: datasets.Dataset) -> Overlap:
    """Overlap of canonical rows of any two kinds."""
    return overlap_with(distinct([row_hashes(stage)]), row_hashes(target))


def overlap_with(seen: Hashes, rows: Hashes) -> Overlap:
    """How many rows a stage has seen.

    Args:
        seen: what `distinct` gives for the stage's rows.
        rows: what `row_hashes` gives for the target's.
    """
    found = np.zeros(rows.shape, dtype=bool)
    if len(seen):
        places = np.searchsorted(seen, rows)
        found = seen[np.minimum(places, len(seen) - 1)] == rows
    num_rows = int((rows != NO_HASH).any(axis=1).sum())
    return Overlap(
        whole=int(found[:, 0].sum()),
        part=int(found.any(axis=1).sum()),
        rows=num_rows,
        short=len(rows) - num_rows,
    )


def distinct(rows: Sequence[Hashes]) -> Hashes:
    """All hashes of the rows, each once, in their order; `NO_HASH` is none of them."""
    if not rows:
        return np.empty(0, dtype=np.uint64)
    found = np.unique(np.concatenate([each.ravel() for each in rows]))
    return found[found != NO_HASH]


def row_hashes(rows: datasets.Dataset) -> Hashes:
    """Hashes of every row's texts, `(rows, texts)`: first of all together, then of each alone.

    A row of one text has that column alone. `NO_HASH` for a short text.
    """
    columns = _columns(rows)
    choices, passages = "choices" in columns, "contexts" in columns
    width = 1 if len(columns) == 1 else 2 if choices else 3 if passages else 1 + len(columns)
    hashes = np.full((len(rows), width), NO_HASH, dtype=np.uint64)
    arrow = rows.select_columns(columns).with_format("arrow")
    for start in range(0, len(rows), _BATCH):
        table: pa.Table = arrow[start : start + _BATCH]
        texts = [_passages(table), table["question"]] if passages else map(table.column, columns)
        for place, found in enumerate(_hashed([*map(_letters, texts)], choices=choices)):
            hashes[start : start + len(table), place] = np.fromiter(found, np.uint64, len(table))
    return hashes


def normalised(text: str) -> str:
    """Letters and digits of the text alone, case-folded, in Unicode form NFKC."""
    if text.isascii():  # the same, and many times as fast
        return text.lower().encode().translate(None, _NO_ASCII_LETTERS).decode()
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _columns(rows: datasets.Dataset) -> list[str]:
    """The columns that hold texts."""
    names = set(rows.column_names)
    if "candidates" in names:
        return ["contexts", "candidates", "question"]
    if "tokens" in names:
        return ["tokens"]
    if "choices" in names:
        return ["context", "question", "choices"]
    return [name for name in _PARTS if name in names]


def _passages(table: pa.Table) -> pa.ChunkedArray:
    """What stands around the passages of each row, once; the passages where nothing does."""
    columns = (table[name].to_pylist() for name in ("contexts", "candidates"))
    texts = [
        " ".join(dict.fromkeys(around) if any(around) else passages)
        for around, passages in zip(*columns, strict=True)
    ]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _hashed(texts: list[list[str]], *, choices: bool) -> Iterator[Iterator[int]]:
    """Hashes of all texts of a row together, then of those that mean something alone.

    A multiple-choice question may be a template, and its choices mean little by themselves.
    """
    yield map(_hash, texts[0] if len(texts) == 1 else map("".join, zip(*texts, strict=True)))
    if choices:
        yield (_hash(context or question) for context, question, _ in zip(*texts, strict=True))
    elif len(texts) > 1:
        yield from (map(_hash, column) for column in texts)


def _letters(column: pa.ChunkedArray) -> list[str]:
    """Normalised texts of a column; each distinct one is normalised once: contexts repeat."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return [normalised(" ".join(words)) for words in column.to_pylist()]
    coded = column.combine_chunks().dictionary_encode()
    known = [normalised(text) for text in coded.dictionary.to_pylist()]
    return [known[code] for code in coded.indices.to_pylist()]


def _hash(letters: str) -> int:
    """Hash of a normalised text."""
    if len(letters) < MIN_LETTERS:
        return NO_HASH
    return int.from_bytes(hashlib.blake2b(letters.encode(), digest_size=8).digest(), "little")
