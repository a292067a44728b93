"""Which texts of a data set are read, one sentence per row? From canonical columns of any kind.

A pair of sentences, or a question with its passage, is read as one text. Rows without text are left
out. Translations of one item have one id in every language (`trainables/tasks/adapters.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trainables.keys import digest
from trainables.kinds.kind import Rows
from trainables.tasks.task import KindName

View = Literal["whole", "item", "english"]
"""whole: all that a model reads of a row. item: what no other row has, to find its translation by:
a question without the passage that many questions share. english: the translation that a row of a
retrieval task brings with it."""

_WHOLE: dict[KindName, tuple[str, ...]] = {
    "classification": ("text", "text_pair"),
    "multiple_choice": ("context", "question", "choices"),
    "span_qa": ("context", "question"),
    "tagging": ("tokens",),
    "feature_tagging": ("tokens",),
    "retrieval": ("source",),
    "dual_encoder": ("question",),  # its candidates may be of all languages
    "mlm": ("text",),
}
_COLUMNS: dict[View, dict[KindName, tuple[str, ...]]] = {
    "whole": _WHOLE,
    "item": {**_WHOLE, "span_qa": ("question",)},
    "english": {"retrieval": ("target",)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Texts to be read, with the ids of their rows."""

    name: str
    """For people."""
    ids: tuple[str, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def hash(self) -> str:
        """Names their content: part of every key that depends on them."""
        return digest(list(self.texts))

    def of(self, ids: Sequence[str]) -> Texts:
        """Those of some rows, in the order of the ids."""
        at = dict(zip(self.ids, self.texts, strict=True))
        return Texts(name=self.name, ids=tuple(ids), texts=tuple(at[i] for i in ids))


def texts_of(rows: Rows, kind: KindName, view: View, *, name: str) -> Texts:
    """One text per row that has one."""
    columns = [rows[column][:] for column in _COLUMNS[view][kind]]
    joined = [" ".join(filter(None, map(_as_text, row))) for row in zip(*columns, strict=True)]
    kept = [(i, text) for i, text in zip(rows["id"][:], joined, strict=True) if text.strip()]
    return Texts(name=name, ids=tuple(i for i, _ in kept), texts=tuple(text for _, text in kept))


def shared_ids(a: Texts, b: Texts) -> list[str]:
    """Ids that both have, in the order of the first: translations of each other."""
    there = set(b.ids)
    return [i for i in a.ids if i in there]


def _as_text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)
