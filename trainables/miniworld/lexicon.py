"""What is a concept called in a language? The English form for cognates, else an invented one.

Function words are never cognates: one that is shared by chance would decide whole tasks.
Invented roots are consonant-vowel syllables and suffixes begin with a vowel, so that a word
splits into its morphemes in one way only.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache

from trainables.miniworld.concepts import CONCEPTS, FUNCTION_WORDS
from trainables.miniworld.languages import ENGLISH, INVENTED, Language


def lexicon(language: Language) -> Mapping[str, str]:
    """Concept to root in that language; equal in every process."""
    return _lexicons()[language.code]


@cache
def _lexicons() -> dict[str, dict[str, str]]:
    lexicons = {ENGLISH.code: {concept: concept.removesuffix(".v") for concept in CONCEPTS}}
    taken = set(lexicons[ENGLISH.code].values())
    for language in INVENTED:
        lexicons[language.code] = _invent(language, taken)
    return lexicons


def _invent(language: Language, taken: set[str]) -> dict[str, str]:
    """A root for every concept; new ones are added to `taken`, so there are no false friends."""
    rng = random.Random(f"miniworld lexicon {language.code}")
    stems = list(dict.fromkeys(concept.removesuffix(".v") for concept in CONCEPTS))
    content = [stem for stem in stems if stem not in FUNCTION_WORDS]
    cognates = set(rng.sample(content, round(language.cognates * len(content))))
    roots = {stem: stem if stem in cognates else _new_root(language, rng, taken) for stem in stems}
    return {concept: roots[concept.removesuffix(".v")] for concept in CONCEPTS}


def _new_root(language: Language, rng: random.Random, taken: set[str]) -> str:
    while True:
        syllables = rng.choice((2, 2, 3))
        root = "".join(
            rng.choice(language.consonants) + rng.choice(language.vowels) for _ in range(syllables)
        )
        if root not in taken:
            taken.add(root)
            return root
