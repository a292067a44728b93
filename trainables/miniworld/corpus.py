"""What does the encoder of the embedded world read in pretraining? Texts without labels, for ever.

- document: two clauses, maybe with the word for cause or effect between them.
- restatement: a text and, in the same language, one of its clauses said again or asked about.
- translation: a clause in English and in another language.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TypeVar

from trainables.miniworld.concepts import CONCEPTS
from trainables.miniworld.draws import draw_clause
from trainables.miniworld.generators import maybe_question
from trainables.miniworld.grammar import say, text_of
from trainables.miniworld.languages import ENGLISH, INVENTED, LANGUAGES, Language
from trainables.miniworld.lexicon import lexicon
from trainables.miniworld.rewrites import entailed

Example = tuple[str, str]
"""Two texts that belong together."""
T = TypeVar("T")


def examples(rng: random.Random, *, translated: float, restated: float) -> Iterator[Example]:
    """Texts for ever, with these shares of translations and restatements.

    Translations are weighted by `Language.parallel`; the rest is alike in all languages.
    """
    languages = list(LANGUAGES.values())
    while True:
        kind = rng.random()
        if kind < translated:
            yield _either_way(rng, *translation(rng))
        elif kind < translated + restated:
            yield _restatement(rng, rng.choice(languages))
        else:
            yield _document(rng, rng.choice(languages))


def translation(rng: random.Random) -> Example:
    """A sentence in English and in a language drawn by `Language.parallel`."""
    language = rng.choices(INVENTED, [language.parallel for language in INVENTED])[0]
    clause = maybe_question(rng, draw_clause(rng))
    return text_of(say(clause, ENGLISH)), text_of(say(clause, language))


def dictionary_entry(rng: random.Random) -> Example:
    """A word in English and in a language drawn by `Language.parallel`."""
    language = rng.choices(INVENTED, [language.parallel for language in INVENTED])[0]
    concept = rng.choice(CONCEPTS)
    return lexicon(ENGLISH)[concept], lexicon(language)[concept]


def _restatement(rng: random.Random, language: Language) -> Example:
    clause, aside = draw_clause(rng), draw_clause(rng)
    again = maybe_question(rng, entailed(rng, clause), chance=0.4)
    texts = [text_of(say(one, language)) for one in _either_way(rng, clause, aside)]
    context = text_of(say(clause, language)) if rng.random() < 0.5 else " . ".join(texts)
    return _either_way(rng, context, text_of(say(again, language)))


def _document(rng: random.Random, language: Language) -> Example:
    """Two clauses of no relation; what causes what is left for the tasks to teach."""
    link = rng.choice((".", "cause", "effect"))
    linked = text_of(say(draw_clause(rng), language))
    if link != ".":
        linked = f"{lexicon(language)[link]} {linked}"
    return text_of(say(draw_clause(rng), language)), linked


def _either_way(rng: random.Random, first: T, second: T) -> tuple[T, T]:
    return (first, second) if rng.random() < 0.5 else (second, first)
