"""What does every task of the embedded world ask? One function per task, from a draw to an item.

Intermediate tasks are easier and cleaner than the targets that need their skills: single
clauses where the target has two, one direction of cause where the target has both.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from trainables.miniworld.concepts import ANIMATE, EFFECT, VERBS
from trainables.miniworld.draws import draw_agent, draw_clause, draw_place, exchanged, other
from trainables.miniworld.grammar import Clause, Phrase, Role
from trainables.miniworld.items import (
    ChoiceItem,
    FeaturesItem,
    Item,
    PairItem,
    SentenceItem,
    SpanItem,
    TaggedItem,
    TextItem,
    TranslationItem,
)
from trainables.miniworld.rewrites import (
    contradicting,
    different,
    effect_of,
    entailed,
    same,
    undecided,
)

NLI = ("entailment", "neutral", "contradiction")
_NLI_REWRITES = (entailed, undecided, contradicting)


def nli(rng: random.Random) -> Item:
    """Does the second clause follow from the first?"""
    premise = draw_clause(rng, names=0.1)
    label = rng.randrange(len(NLI))
    return PairItem(first=(premise,), second=_NLI_REWRITES[label](rng, premise), label=label)


def xnli(rng: random.Random) -> Item:
    """The same where the premise has two clauses, of which one decides."""
    premise = draw_clause(rng)
    aside = draw_clause(rng)
    label = rng.randrange(len(NLI))
    first = (premise, aside) if rng.random() < 0.5 else (aside, premise)
    return PairItem(first=first, second=_NLI_REWRITES[label](rng, premise), label=label)


def paraphrase(rng: random.Random) -> Item:
    """Do two clauses with nearly the same words mean the same?"""
    clause = draw_clause(rng)
    label = rng.randrange(2)
    return PairItem(first=(clause,), second=(different, same)[label](rng, clause), label=label)


def squad(rng: random.Random) -> Item:
    """Who, what or where, of a text of two clauses that share a verb or a participant."""
    return _span_item(rng)


def sentences(rng: random.Random) -> Item:
    """Which of two clauses answers who, what or where?"""
    item = _span_item(rng)
    return SentenceItem(context=item.context, asked=item.asked, answer_clause=item.answer_clause)


def choice(rng: random.Random) -> Item:
    """Which of three clauses is the effect?"""
    context = draw_event(rng)
    right = effect_of(context)
    wrong = [exchanged(right), replace(right, verb=other(rng, VERBS, right.verb))]
    return _choice_item(rng, context, "effect", right, wrong)


def xcopa(rng: random.Random) -> Item:
    """Which of two clauses is the cause, or the effect?"""
    cause = draw_event(rng)
    effect = effect_of(cause)
    asks_effect = rng.random() < 0.5
    context, right = (cause, effect) if asks_effect else (effect, cause)
    slip = rng.random() < 0.3
    wrong = [exchanged(right) if slip else replace(right, verb=_off(rng, right, context))]
    return _choice_item(rng, context, "effect" if asks_effect else "cause", right, wrong)


def pos(rng: random.Random) -> Item:
    """Parts of speech of one clause."""
    return TaggedItem(clauses=(draw_clause(rng),), tag="pos")


def udpos(rng: random.Random) -> Item:
    """Parts of speech of two clauses, questions among them."""
    clauses = (draw_clause(rng), maybe_question(rng, draw_clause(rng)))
    return TaggedItem(clauses=clauses, tag="pos")


def features(rng: random.Random) -> Item:
    """Morphological features of one clause, which may be a question."""
    return FeaturesItem(clause=maybe_question(rng, draw_clause(rng)))


def ner(rng: random.Random) -> Item:
    """Entities of one clause."""
    return TaggedItem(clauses=(draw_clause(rng, names=0.7, places=0.6),), tag="entity")


def panx(rng: random.Random) -> Item:
    """Entities of two clauses, in which most names are ambiguous."""
    clauses = tuple(draw_clause(rng, names=0.6, places=0.5) for _ in range(2))
    return TaggedItem(clauses=clauses, tag="entity")


def tatoeba(rng: random.Random) -> Item:
    """A sentence to be found by its translation."""
    return TranslationItem(clause=draw_clause(rng, places=0.5))


def mlm(rng: random.Random) -> Item:
    """A sentence or a question to be read, without any label."""
    return TextItem(clause=maybe_question(rng, draw_clause(rng, places=0.5)))


DRAWS: dict[str, Callable[[random.Random], Item]] = {
    "nli": nli,
    "paraphrase": paraphrase,
    "squad": squad,
    "sentences": sentences,
    "choice": choice,
    "pos": pos,
    "features": features,
    "ner": ner,
    "xnli": xnli,
    "udpos": udpos,
    "panx": panx,
    "xquad": squad,
    "xcopa": xcopa,
    "answers": sentences,
    "tatoeba": tatoeba,
    "mlm": mlm,
}


def _span_item(rng: random.Random) -> SpanItem:
    asked = replace(draw_clause(rng, places=0.5), negated=False)
    roles: tuple[Role, ...] = ("agent", "patient", "place")
    role = rng.choice(roles if asked.place is not None else roles[:2])
    context = [asked, _distractor(rng, asked)]
    rng.shuffle(context)
    question = _question(asked, role)
    if rng.random() < 0.15:
        question = replace(question, passive=not question.passive)
    return SpanItem(
        context=tuple(context),
        asked=question,
        answer_clause=context.index(asked),
        answer_role=role,
    )


def _distractor(rng: random.Random, asked: Clause) -> Clause:
    """Shares the verb or one participant with the clause, never both."""
    clause = replace(draw_clause(rng, places=0.5), negated=False)
    kind = rng.random()
    if kind < 0.4:
        heads = (asked.agent.head, asked.patient.head)
        if clause.agent.head not in heads and clause.patient.head not in heads:
            return replace(clause, verb=asked.verb)
    elif kind < 0.6:
        clause = replace(clause, agent=asked.agent)
    elif kind < 0.8:
        clause = replace(clause, patient=asked.patient)
    if clause.agent.head == clause.patient.head:
        clause = replace(clause, patient=Phrase("fish"))
    return replace(clause, verb=other(rng, VERBS, asked.verb))


def _question(clause: Clause, role: Role) -> Clause:
    """The clause with a question word for the phrase of that role, and no other place."""
    if role == "place":
        return replace(clause, place=Phrase("where", "question"))
    phrase = clause.agent if role == "agent" else clause.patient
    is_thing = phrase.form == "noun" and phrase.head not in ANIMATE
    word = Phrase("what" if is_thing else "who", "question")
    asked = replace(clause, place=None)
    return replace(asked, agent=word) if role == "agent" else replace(asked, patient=word)


def maybe_question(rng: random.Random, clause: Clause, *, chance: float = 0.25) -> Clause:
    """The clause, or at that chance a question about it."""
    if rng.random() >= chance:
        return clause
    roles: tuple[Role, ...] = ("agent", "patient", "place")
    return _question(clause, rng.choice(roles if clause.place is not None else roles[:2]))


def draw_event(rng: random.Random) -> Clause:
    """A clause whose participants can both act, so that every effect makes sense."""
    agent, patient = draw_agent(rng), draw_agent(rng, names=0.15)
    while patient.head == agent.head:
        patient = draw_agent(rng, names=0.15)
    place = draw_place(rng) if rng.random() < 0.2 else None
    return Clause(agent, rng.choice(VERBS), patient, place, passive=rng.random() < 0.15)


def _off(rng: random.Random, right: Clause, context: Clause) -> str:
    """A verb that is neither the right one nor that of the context."""
    verbs = tuple(verb for verb in EFFECT if verb not in (right.verb, context.verb))
    return rng.choice(verbs)


def _choice_item(
    rng: random.Random, context: Clause, question: str, right: Clause, wrong: list[Clause]
) -> Item:
    label = rng.randrange(len(wrong) + 1)
    choices = (*wrong[:label], right, *wrong[label:])
    return ChoiceItem(
        context=context,
        question="effect" if question == "effect" else "cause",
        choices=choices,
        label=label,
    )
