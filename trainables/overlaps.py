"""Which rows of a target are also in the rows of a stage? Found by hashes of normalised text.

A row has several texts (premise, hypothesis, context, question, sentence ...) and is whole when all
of them together are the same. Texts shorter than `MIN_LETTERS` letters or digits are passed over:
"yes" in two data sets is no overlap.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import datasets

MIN_LETTERS = 20
_BATCH = 1000
_NO_LETTERS = re.compile(r"[\W_]+")
_PARTS = ("text", "text_pair", "context", "question", "source", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How much of a target's rows a stage has seen."""

    whole: int
    """Target rows that are in the stage as they are, labels aside."""
    part: int
    """Target rows of which some text is in the stage, the whole ones included."""
    rows: int
    """Target rows."""

    @property
    def share(self) -> float:
        """Share of the target rows that were seen in part or as a whole, in [0, 1]."""
        return self.part / self.rows if self.rows else 0.0


def overlap(stage: datasets.Dataset, target: datasets.Dataset) -> Overlap:
    """Overlap of canonical rows of any two kinds."""
    return overlap_with(text_hashes(stage), target)


def overlap_with(seen: frozenset[bytes], target: datasets.Dataset) -> Overlap:
    """The same for the hashes of a stage's texts, when several targets are compared with it."""
    whole = part = 0
    for texts in _texts(target):
        hashes = [_hash(text) for text in texts]
        whole += hashes[0] in seen
        part += any(text in seen for text in hashes)
    return Overlap(whole=whole, part=part, rows=len(target))


def text_hashes(rows: datasets.Dataset) -> frozenset[bytes]:
    """Hashes (8 bytes each) of all texts of the rows, each alone and those of a row together."""
    hashes = {_hash(text) for texts in _texts(rows) for text in texts}
    return frozenset(hashes - {b""})


def normalised(text: str) -> str:
    """Letters and digits of the text alone, case-folded, in Unicode form NFKC."""
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _texts(rows: datasets.Dataset) -> Iterator[tuple[str, ...]]:
    """Texts of each row: first all together, then each alone where there are several."""
    names = set(rows.column_names)
    if "candidates" in names:
        columns = ["question", "candidates"]
    elif "tokens" in names:
        columns = ["tokens"]
    elif "choices" in names:
        columns = ["context", "question", "choices"]
    else:
        columns = [name for name in _PARTS if name in names]
    arrow = rows.select_columns(columns).with_format("arrow")
    for start in range(0, len(rows), _BATCH):
        batch = arrow[start : start + _BATCH].to_pydict()
        for values in zip(*(batch[column] for column in columns), strict=True):
            texts = [v if isinstance(v, str) else " ".join(v) for v in values]
            yield " ".join(texts), *_alone(texts, choices="choices" in names)


def _alone(texts: list[str], *, choices: bool) -> list[str]:
    """A multiple-choice question may be a template and its choices mean little by themselves."""
    return [texts[0] or texts[1]] if choices else texts[1:] and texts


@lru_cache(maxsize=1 << 14)
def _hash(text: str) -> bytes:
    """Hash of the normalised text, b"" for a short one. Cached: contexts come several times."""
    letters = normalised(text)
    if len(letters) < MIN_LETTERS:
        return b""
    return hashlib.blake2b(letters.encode(), digest_size=8).digest()
