"""From which passages is a question of a multilingual task answered? From those of all languages.

LAReQA asks that the answers in every language stand before all other sentences, whatever their
language: a question's candidates are those of its item in all languages.
"""

from __future__ import annotations

from collections.abc import Iterable

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
