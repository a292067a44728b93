"""What does the encoder of the embedded world read in pretraining? Documents and translations.

Endless and without labels. A document is an event with its effect or cause, or two clauses of no
relation; a translation pair is one clause in English and in another language.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from trainables.miniworld.draws import draw_clause
from trainables.miniworld.generators import draw_event, maybe_question
from trainables.miniworld.grammar import Clause, say, text_of
from trainables.miniworld.languages import ENGLISH, INVENTED, LANGUAGES, Language
from trainables.miniworld.lexicon import lexicon
from trainables.miniworld.rewrites import effect_of

Example = tuple[str, str]
"""A text and its translation; the second is empty for a document in one language."""


def examples(rng: random.Random, *, translated: float) -> Iterator[Example]:
    """Texts for ever; of them a share `translated` is pairs, weighted by `Language.parallel`."""
    languages, weights = list(LANGUAGES.values()), [language.parallel for language in INVENTED]
    while True:
        if rng.random() < translated:
            yield _translation(rng, rng.choices(INVENTED, weights)[0])
        else:
            yield _document(rng, rng.choice(languages)), ""


def _translation(rng: random.Random, language: Language) -> Example:
    clause = maybe_question(rng, draw_clause(rng))
    pair = (text_of(say(clause, ENGLISH)), text_of(say(clause, language)))
    return pair if rng.random() < 0.5 else (pair[1], pair[0])


def _document(rng: random.Random, language: Language) -> str:
    if rng.random() < 0.5:
        return _said(draw_clause(rng), ".", maybe_question(rng, draw_clause(rng)), language)
    cause = draw_event(rng)
    effect = effect_of(cause)
    if rng.random() < 0.5:
        return _said(cause, lexicon(language)["effect"], effect, language)
    return _said(effect, lexicon(language)["cause"], cause, language)


def _said(first: Clause, link: str, second: Clause, language: Language) -> str:
    return f"{text_of(say(first, language))} {link} {text_of(say(second, language))}"
