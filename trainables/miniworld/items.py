"""What does an item of each kind look like in a language? Meaning in, canonical row out.

Rows are those of `trainables/tasks/task.py`, without their `id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from trainables.miniworld.grammar import (
    ENTITIES,
    FEATURES,
    POS,
    Clause,
    Role,
    Word,
    say,
    text_of,
)
from trainables.miniworld.languages import ENGLISH, Language
from trainables.miniworld.lexicon import lexicon

Row = dict[str, Any]
FULL_STOP = Word(".", "PUNCT")


class Item(Protocol):
    """Something meant, which every language can say."""

    def row(self, language: Language) -> Row:
        """The canonical row in that language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairItem:
    """Two texts and how they relate."""

    first: tuple[Clause, ...]
    second: Clause
    label: int

    def row(self, language: Language) -> Row:
        """text, text_pair, label."""
        return {
            "text": text_of(_say_all(self.first, language)),
            "text_pair": text_of(say(self.second, language)),
            "label": self.label,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanItem:
    """A question that one noun phrase of a text answers."""

    context: tuple[Clause, ...]
    asked: Clause
    """One of the context with a question word in place of the answer."""
    answer_clause: int
    """Index into `context`."""
    answer_role: Role

    def row(self, language: Language) -> Row:
        """context, question, one answer and where it starts."""
        said = [say(clause, language) for clause in self.context]
        before = sum(len(text_of([*words, FULL_STOP])) + 1 for words in said[: self.answer_clause])
        words = said[self.answer_clause]
        places = [i for i, word in enumerate(words) if word.role == self.answer_role]
        answer = text_of(words[places[0] : places[-1] + 1])
        start = before + sum(len(word.text) + 1 for word in words[: places[0]])
        return {
            "context": text_of(_joined(said)),
            "question": text_of(say(self.asked, language)),
            "answers": [answer],
            "answer_starts": [start],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceItem:
    """A question that one clause of a text answers."""

    context: tuple[Clause, ...]
    asked: Clause
    answer_clause: int
    """Index into `context`."""

    def row(self, language: Language) -> Row:
        """question, candidates, contexts (none), which is relevant."""
        return {
            "question": text_of(say(self.asked, language)),
            "candidates": [text_of(say(clause, language)) for clause in self.context],
            "contexts": [""] * len(self.context),
            "relevant": [self.answer_clause],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceItem:
    """What is the cause, or the effect, of this?"""

    context: Clause
    question: Literal["cause", "effect"]
    choices: tuple[Clause, ...]
    label: int

    def row(self, language: Language) -> Row:
        """context, question, choices, label."""
        return {
            "context": text_of(say(self.context, language)),
            "question": lexicon(language)[self.question],
            "choices": [text_of(say(choice, language)) for choice in self.choices],
            "label": self.label,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedItem:
    """A text of which every word has a tag."""

    clauses: tuple[Clause, ...]
    tag: Literal["pos", "entity"]

    def row(self, language: Language) -> Row:
        """tokens, tags."""
        words = _say_all(self.clauses, language)
        tags = [_TAG_INDEX[self.tag][getattr(word, self.tag)] for word in words]
        return {"tokens": [word.text for word in words], "tags": tags}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextItem:
    """A sentence and nothing more."""

    clause: Clause

    def row(self, language: Language) -> Row:
        """The text alone."""
        return {"text": text_of(say(self.clause, language))}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesItem:
    """A text of which every word has a set of features."""

    clause: Clause

    def row(self, language: Language) -> Row:
        """tokens, tags: a list per word."""
        words = say(self.clause, language)
        tags = [[FEATURES.index(feature) for feature in word.features] for word in words]
        return {"tokens": [word.text for word in words], "tags": tags}


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationItem:
    """A sentence and its English translation."""

    clause: Clause

    def row(self, language: Language) -> Row:
        """source, target."""
        return {
            "source": text_of(say(self.clause, language)),
            "target": text_of(say(self.clause, ENGLISH)),
        }


_TAG_INDEX = {
    "pos": {tag: index for index, tag in enumerate(POS)},
    "entity": {tag: index for index, tag in enumerate(ENTITIES)},
}


def _say_all(clauses: tuple[Clause, ...], language: Language) -> list[Word]:
    return _joined([say(clause, language) for clause in clauses])


def _joined(said: list[list[Word]]) -> list[Word]:
    """Clauses with a full stop between them, none at the end."""
    words = said[0]
    for more in said[1:]:
        words = [*words, FULL_STOP, *more]
    return words
