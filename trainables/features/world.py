"""How far are the embedded world's languages from English? Known exactly, in the rows of features.

They stand for no human language; every row says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from trainables.features.wanted import ENGLISH, Row, feature_row
from trainables.miniworld.distances import DISTANCE_KINDS, distances
from trainables.miniworld.languages import Language, get_language

NOTE = "embedded world, by construction"
_SUFFIXES = ("plural", "accusative", "locative", "instrumental", "passive", "negative")


def world_rows(languages: Sequence[str]) -> list[Row]:
    """`distance_*` to English, `family` and `agglutinative` of the languages."""
    rows: list[Row] = []
    to_english = {d.language: d for d in distances() if d.source == ENGLISH}
    for code in languages:
        for kind in DISTANCE_KINDS:
            value = getattr(to_english[code], kind)
            where = {"language": code, "other": ENGLISH}
            rows.append(feature_row(f"distance_{kind}", where, value, note=NOTE))
        agglutinative = float(is_agglutinative(get_language(code)))
        rows.append(feature_row("agglutinative", {"language": code}, agglutinative, note=NOTE))
    return rows


def is_agglutinative(language: Language) -> bool:
    """Whether most of the six things that a suffix may say are said by one."""
    return sum(bool(getattr(language, name)) for name in _SUFFIXES) > len(_SUFFIXES) / 2
