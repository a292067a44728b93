"""How is a proposition said in a language? Records of what is meant, and `say`.

A proposition is free of language, so an item has the same meaning and id in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from trainables.miniworld.languages import Language
from trainables.miniworld.lexicon import lexicon

Form = Literal["noun", "person", "city", "institution", "question"]
Role = Literal["agent", "patient", "place", ""]
_SINGULAR = ("Number=Sing",)

POS = ("NOUN", "PROPN", "VERB", "ADJ", "NUM", "DET", "ADP", "PART", "PRON", "PUNCT")
ENTITIES = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG")
FEATURES = (
    *("Definite=Def", "Degree=Pos", "NumType=Card", "Number=Plur", "Number=Sing"),
    *("Polarity=Neg", "PronType=Art", "PronType=Int", "Voice=Act", "Voice=Pass"),
)
"""What English words are marked for, named as in Universal Dependencies. A verb has the voice and
the negation of its clause, by whatever particle they are said."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase."""

    head: str
    form: Form = "noun"
    modifier: str = ""
    """Adjective of a noun, family name of a person, city of an institution; may be empty."""
    number: str = ""
    """Concept of a number, or empty for one."""


@dataclass(frozen=True, slots=True)
class Clause:
    """Who does what to whom, where."""

    agent: Phrase
    verb: str
    patient: Phrase
    place: Phrase | None = None
    negated: bool = False
    passive: bool = False
    """How it is said, not what: a passive clause means the same."""


class Word(NamedTuple):
    """One word of a sentence with what the tagging and span tasks ask for."""

    text: str
    pos: str
    entity: str = "O"
    role: Role = ""
    """Set on the words of a noun phrase that answer a question for it."""
    features: tuple[str, ...] = ()
    """Of FEATURES, in their order."""


def say(clause: Clause, language: Language) -> list[Word]:
    """The words of a clause, 3 to about 14."""
    subject = _subject(clause, language)
    verb = _verb(clause, language)
    other = _object(clause, language)
    place = [] if clause.place is None else _place(clause.place, language)
    parts = {"S": subject, "V": verb, "O": other}
    ordered = [parts[letter] for letter in language.order]
    ordered.insert(2 if language.order[-1] == "V" else 3, place)
    return [word for part in ordered for word in part]


def text_of(words: list[Word]) -> str:
    """Words joined by single spaces."""
    return " ".join(word.text for word in words)


def _subject(clause: Clause, language: Language) -> list[Word]:
    role: Role = "patient" if clause.passive else "agent"
    phrase = clause.patient if clause.passive else clause.agent
    return _noun_phrase(phrase, language, role, "")


def _object(clause: Clause, language: Language) -> list[Word]:
    if not clause.passive:
        return _noun_phrase(clause.patient, language, "patient", language.accusative)
    words = _noun_phrase(clause.agent, language, "agent", language.instrumental)
    return words if language.instrumental else _with_adposition("by", words, language)


def _place(phrase: Phrase, language: Language) -> list[Word]:
    words = _noun_phrase(phrase, language, "place", language.locative)
    if language.locative or phrase.form == "question":
        return words
    return _with_adposition("in", words, language)


def _with_adposition(concept: str, words: list[Word], language: Language) -> list[Word]:
    adposition = Word(lexicon(language)[concept], "ADP")
    return [adposition, *words] if language.preposition else [*words, adposition]


def _verb(clause: Clause, language: Language) -> list[Word]:
    forms = lexicon(language)
    text = forms[clause.verb]
    if clause.passive:
        text += language.passive
    if clause.negated:
        text += language.negative
    voice = "Voice=Pass" if clause.passive else "Voice=Act"
    features = ("Polarity=Neg", voice) if clause.negated else (voice,)
    words = [Word(text, "VERB", features=features)]
    if clause.passive and not language.passive:
        words.insert(0, Word(forms["was"], "PART"))
    if clause.negated and not language.negative:
        words.insert(0 if language.negation_first else len(words), Word(forms["not"], "PART"))
    return words


def _noun_phrase(phrase: Phrase, language: Language, role: Role, case: str) -> list[Word]:
    return _FORMS[phrase.form](phrase, language, role, case)


def _noun(phrase: Phrase, language: Language, role: Role, case: str) -> list[Word]:
    forms = lexicon(language)
    plural = language.plural if phrase.number else ""
    number = ("Number=Plur",) if phrase.number else _SINGULAR
    words = [Word(forms[phrase.head] + plural + case, "NOUN", "O", role, number)]
    if phrase.modifier:
        adjective = Word(forms[phrase.modifier], "ADJ", "O", role, ("Degree=Pos",))
        _attach(adjective, words, language)
    if phrase.number:
        numeral = Word(forms[phrase.number], "NUM", "O", role, ("NumType=Card",))
        _attach(numeral, words, language)
    elif language.article:
        words.insert(0, Word(forms["the"], "DET", features=("Definite=Def", "PronType=Art")))
    return words


def _person(phrase: Phrase, language: Language, role: Role, case: str) -> list[Word]:
    forms = lexicon(language)
    names = [forms[phrase.head]] + ([forms[phrase.modifier]] if phrase.modifier else [])
    names[-1] += case
    tags = ("B-PER", "I-PER")
    return [
        Word(name, "PROPN", tag, role, _SINGULAR) for name, tag in zip(names, tags, strict=False)
    ]


def _city(phrase: Phrase, language: Language, role: Role, case: str) -> list[Word]:
    return [Word(lexicon(language)[phrase.head] + case, "PROPN", "B-LOC", role, _SINGULAR)]


def _institution(phrase: Phrase, language: Language, role: Role, case: str) -> list[Word]:
    forms = lexicon(language)
    words = [Word(forms[phrase.head] + case, "NOUN", "", role, _SINGULAR)]
    _attach(Word(forms[phrase.modifier], "PROPN", "", role, _SINGULAR), words, language)
    return [word._replace(entity="I-ORG" if i else "B-ORG") for i, word in enumerate(words)]


def _question(phrase: Phrase, language: Language, role: Role, case: str) -> list[Word]:
    word = lexicon(language)[phrase.head] + case
    return [Word(word, "PRON", "O", role, ("PronType=Int",))]


def _attach(modifier: Word, words: list[Word], language: Language) -> None:
    words.insert(0 if language.adjective_first else len(words), modifier)


_FORMS = {
    "noun": _noun,
    "person": _person,
    "city": _city,
    "institution": _institution,
    "question": _question,
}
