"""Which rows of a target are also in the rows of a stage? Found by hashes of normalised text.

A row has several texts (premise, hypothesis, both together, context, question, sentence ...). Texts
shorter than `MIN_LETTERS` letters or digits are passed over: "yes" in two data sets is no overlap.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import datasets

MIN_LETTERS = 20
_BATCH = 1000
_TEXT_COLUMNS = ("text", "text_pair", "context", "question", "source", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How much of a target's rows a stage has seen."""

    whole: int
    """Target rows of which every text is in the stage: the item itself has been seen."""
    part: int
    """Target rows of which some text is in the stage, the whole ones included."""
    rows: int
    """Target rows."""

    @property
    def share(self) -> float:
        """Share of the target rows that were seen in part or as a whole, in [0, 1]."""
        return self.part / self.rows if self.rows else 0.0


def overlap(stage: datasets.Dataset, target: datasets.Dataset) -> Overlap:
    """Overlap of canonical rows of any two kinds; what is seen counts once per target row."""
    return overlap_with(text_hashes(stage), target)


def overlap_with(seen: frozenset[bytes], target: datasets.Dataset) -> Overlap:
    """The same for hashes of a stage's texts that are at hand already."""
    whole = part = 0
    for hashes in _row_hashes(target):
        found = sum(text in seen for text in hashes)
        part += found > 0
        whole += 0 < found == len(hashes)
    return Overlap(whole=whole, part=part, rows=len(target))


def text_hashes(rows: datasets.Dataset) -> frozenset[bytes]:
    """Hashes (8 bytes each) of all texts of the rows."""
    return frozenset(text for hashes in _row_hashes(rows) for text in hashes)


def normalised(text: str) -> str:
    """Letters, marks and digits of the text alone, case-folded, in Unicode form NFKC."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum() or unicodedata.category(c)[0] == "M")


def _row_hashes(rows: datasets.Dataset) -> Iterator[frozenset[bytes]]:
    columns = [c for c in (*_TEXT_COLUMNS, "tokens") if c in rows.column_names]
    arrow = rows.select_columns(columns).with_format("arrow")
    for start in range(0, len(rows), _BATCH):
        batch = arrow[start : start + _BATCH].to_pydict()
        for values in zip(*(batch[column] for column in columns), strict=True):
            yield frozenset(_hashes(values))


def _hashes(values: tuple[Any, ...]) -> Iterator[bytes]:
    for value in values:
        letters = normalised(value if isinstance(value, str) else "".join(value))
        if len(letters) >= MIN_LETTERS:
            yield hashlib.blake2b(letters.encode(), digest_size=8).digest()
