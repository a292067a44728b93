"""How far apart are two languages of the embedded world? Exactly, by construction.

One number in [0, 1] per pair and kind, as URIEL+ and lang2vec give for human languages
(`lang2vec.distance("syntactic", a, b)`). 0: equal in everything of that kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from trainables.miniworld.languages import LANGUAGES, Language
from trainables.miniworld.lexicon import lexicon

DISTANCE_KINDS = ("syntactic", "morphological", "lexical", "featural")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far `language` is from `source`; symmetric."""

    source: str
    language: str
    syntactic: float
    """Share of the seven word-order properties that differ."""
    morphological: float
    """Share of the seven things said by a suffix, a particle or not at all that differ."""
    lexical: float
    """Share of concepts whose forms differ."""
    featural: float
    """Mean of the three."""


def distances() -> tuple[Distance, ...]:
    """Every ordered pair of languages, a language with itself included."""
    return tuple(_distance(a, b) for a, b in product(LANGUAGES.values(), repeat=2))


def _distance(a: Language, b: Language) -> Distance:
    syntactic = _differing(_syntax(a), _syntax(b))
    morphological = _differing(_morphology(a), _morphology(b))
    lexical = _differing(tuple(lexicon(a).values()), tuple(lexicon(b).values()))
    return Distance(
        source=a.code,
        language=b.code,
        syntactic=syntactic,
        morphological=morphological,
        lexical=lexical,
        featural=(syntactic + morphological + lexical) / 3,
    )


def _syntax(language: Language) -> tuple[object, ...]:
    order = language.order
    return (
        order.index("S") < order.index("V"),
        order.index("S") < order.index("O"),
        order.index("V") < order.index("O"),
        order[-1] == "V",
        language.adjective_first,
        language.preposition,
        language.negation_first,
    )


def _morphology(language: Language) -> tuple[object, ...]:
    return (
        language.article,
        bool(language.plural),
        bool(language.accusative),
        bool(language.locative),
        bool(language.instrumental),
        bool(language.passive),
        bool(language.negative),
    )


def _differing(a: tuple[object, ...], b: tuple[object, ...]) -> float:
    return sum(x != y for x, y in zip(a, b, strict=True)) / len(a)
