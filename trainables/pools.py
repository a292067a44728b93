"""From which passages is a question of a multilingual task answered? From those of all languages.

LAReQA asks that the answers in every language stand before all other sentences, whatever their
language: a question's candidates are those of its item in all languages. So where all languages
have the same items, they have the same passages, which need to be read but once.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import datasets

_PARTS = ("candidates", "contexts")


def with_translations(
    rows: datasets.Dataset, others: Iterable[datasets.Dataset]
) -> datasets.Dataset:
    """The rows of a language, each with the candidates of its translations after its own.

    Args:
        rows: canonical dual_encoder rows; translations of one item have one id.
        others: rows of the other languages, which may lack items.
    """
    joined = {row["id"]: dict(row) for row in rows}
    for translations in others:
        for row in translations:
            own = joined.get(row["id"])
            if own is not None:
                own["relevant"] = [
                    *own["relevant"],
                    *(len(own["candidates"]) + i for i in row["relevant"]),
                ]
                own.update({part: [*own[part], *row[part]] for part in _PARTS})
    return datasets.Dataset.from_list(list(joined.values()), features=rows.features)


def passages_of(rows: datasets.Dataset) -> datasets.Dataset:
    """The different candidates of all rows, sorted: one row for each, without a question.

    A passage that stands in several contexts is read in the first of these by spelling, so that
    the order of the rows does not matter.
    """
    found: dict[str, str] = {}
    texts, contexts = (chain.from_iterable(rows[part]) for part in _PARTS)
    for text, context in zip(texts, contexts, strict=True):
        found[text] = min(found.get(text, context), context)
    passages = sorted(found.items())
    columns = {
        "id": [str(number) for number in range(len(passages))],
        "question": [""] * len(passages),
        "candidates": [[text] for text, _ in passages],
        "contexts": [[context] for _, context in passages],
        "relevant": [[]] * len(passages),
    }
    return datasets.Dataset.from_dict(columns, features=rows.features)


def questions_of(rows: datasets.Dataset) -> datasets.Dataset:
    """The rows without their candidates."""
    columns = {name: rows[name][:] for name in ("id", "question")}
    columns |= {name: [[]] * len(rows) for name in (*_PARTS, "relevant")}
    return datasets.Dataset.from_dict(columns, features=rows.features)
