"""Which languages does the embedded world have, and what is their grammar?

English and six invented ones, from near to far. Every property is a field, so how far two
languages lie apart is known exactly (`trainables/miniworld/distances.py`).
The invented languages are a test bed and stand for no human language.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

Order = Literal["SVO", "SOV", "VSO", "VOS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: syntax, morphology, words, and how much parallel text pretraining sees."""

    code: str
    order: Order
    """Of subject, verb and object; the subject of a passive clause is its patient."""
    adjective_first: bool
    """Adjective, number and the city of an organisation stand before the noun."""
    preposition: bool
    """Adpositions before their noun phrase, else after; without effect where a case does it."""
    negation_first: bool
    """The negation particle stands before the verb, else after."""
    article: bool
    plural: str = ""
    """Suffix of a noun after a number; empty: the noun stays bare. So for all that follow."""
    accusative: str = ""
    """Case suffix of the object."""
    locative: str = ""
    """Case suffix of a place, in the stead of the adposition."""
    instrumental: str = ""
    """Case suffix of the agent of a passive clause, in the stead of the adposition."""
    passive: str = ""
    """Verb suffix, in the stead of the particle."""
    negative: str = ""
    """Verb suffix, in the stead of the particle."""
    cognates: float
    """Share of nouns, names, adjectives, numbers and verbs that have the English form."""
    consonants: str
    vowels: str
    parallel: float
    """Weight of its translations, of sentences and of words, in pretraining: the alignment dial."""


ENGLISH = Language(
    code="en",
    order="SVO",
    adjective_first=True,
    preposition=True,
    negation_first=True,
    article=True,
    plural="s",
    cognates=1.0,
    consonants="",
    vowels="",
    parallel=0.0,
)

INVENTED = (
    Language(
        code="ane",
        order="SVO",
        adjective_first=True,
        preposition=True,
        negation_first=False,
        article=True,
        plural="e",
        cognates=0.85,
        consonants="bdfgklmnprst",
        vowels="aeio",
        parallel=1.0,
    ),
    Language(
        code="bor",
        order="SVO",
        adjective_first=False,
        preposition=True,
        negation_first=True,
        article=True,
        plural="is",
        cognates=0.65,
        consonants="bcdlmnprstvz",
        vowels="aeiou",
        parallel=0.5,
    ),
    Language(
        code="cel",
        order="SOV",
        adjective_first=True,
        preposition=True,
        negation_first=True,
        article=True,
        plural="en",
        accusative="o",
        cognates=0.45,
        consonants="bdfghklmnrstw",
        vowels="aeou",
        parallel=0.25,
    ),
    Language(
        code="dun",
        order="VSO",
        adjective_first=False,
        preposition=True,
        negation_first=True,
        article=False,
        cognates=0.3,
        consonants="dfghjklmnrsty",
        vowels="aiu",
        parallel=0.12,
    ),
    Language(
        code="eki",
        order="SOV",
        adjective_first=True,
        preposition=False,
        negation_first=False,
        article=False,
        plural="ar",
        accusative="i",
        locative="ula",
        instrumental="ek",
        negative="ama",
        cognates=0.15,
        consonants="bcdgklmnpstvy",
        vowels="aeiou",
        parallel=0.06,
    ),
    Language(
        code="fos",
        order="VOS",
        adjective_first=False,
        preposition=False,
        negation_first=False,
        article=False,
        plural="ον",
        accusative="ι",
        locative="ασα",
        instrumental="ερ",
        passive="υτα",
        negative="ομι",
        cognates=0.0,
        consonants="βγδζθκλμνξπρστφ",
        vowels="αειου",
        parallel=0.03,
    ),
)
"""From near to far."""

LANGUAGES: dict[str, Language] = {language.code: language for language in (ENGLISH, *INVENTED)}


def get_language(code: str) -> Language:
    """The language of that code.

    Raises:
        ValueError: if there is none, with the nearest code.
    """
    if code not in LANGUAGES:
        near = difflib.get_close_matches(code, LANGUAGES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(LANGUAGES)}"
        raise ValueError(f"the embedded world has no language {code!r}; {hint}")
    return LANGUAGES[code]
