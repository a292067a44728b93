"""Which propositions does a random draw give? Clauses and noun phrases, all from one argument."""

from __future__ import annotations

import random
from dataclasses import replace

from trainables.miniworld.concepts import (
    ADJECTIVES,
    ANIMATE,
    CITIES,
    FISH,
    GIVEN_NAMES,
    INSTITUTIONS,
    NUMBERS,
    OBJECTS,
    PLACES,
    VERBS,
)
from trainables.miniworld.grammar import Clause, Phrase

THINGS = (*OBJECTS, FISH)


def draw_clause(rng: random.Random, *, names: float = 0.3, places: float = 0.35) -> Clause:
    """A clause with two different participants.

    Args:
        rng: where every choice comes from.
        names: chance that the agent is a person by name or an institution.
        places: chance of a place.
    """
    agent = draw_agent(rng, names=names)
    patient = draw_agent(rng, names=names / 2) if rng.random() < 0.6 else draw_thing(rng)
    while patient.head == agent.head:
        patient = draw_agent(rng, names=names / 2)
    return Clause(
        agent=agent,
        verb=rng.choice(VERBS),
        patient=patient,
        place=draw_place(rng) if rng.random() < places else None,
        negated=rng.random() < 0.25,
        passive=rng.random() < 0.2,
    )


def draw_agent(rng: random.Random, *, names: float = 0.3) -> Phrase:
    """Somebody who can act: a noun, a person by name, or an institution."""
    if rng.random() >= names:
        return _dressed(rng, rng.choice(ANIMATE))
    kind = rng.random()
    if kind < 0.35:
        return Phrase(rng.choice(GIVEN_NAMES), "person")
    if kind < 0.6:
        return Phrase(rng.choice(GIVEN_NAMES), "person", rng.choice(CITIES))
    if kind < 0.75:
        return Phrase(rng.choice(CITIES), "person")
    return Phrase(rng.choice(INSTITUTIONS), "institution", rng.choice(CITIES))


def draw_thing(rng: random.Random) -> Phrase:
    """An object."""
    return _dressed(rng, rng.choice(THINGS))


def draw_place(rng: random.Random) -> Phrase:
    """A place by noun or a city."""
    if rng.random() < 0.4:
        return Phrase(rng.choice(CITIES), "city")
    return Phrase(rng.choice(PLACES))


def other(rng: random.Random, choices: tuple[str, ...], than: str) -> str:
    """One of the choices that is not `than`."""
    while True:
        choice = rng.choice(choices)
        if choice != than:
            return choice


def exchanged(clause: Clause) -> Clause:
    """Agent and patient in each other's place."""
    return replace(clause, agent=clause.patient, patient=clause.agent)


def _dressed(rng: random.Random, noun: str) -> Phrase:
    kind = rng.random()
    if kind < 0.3:
        return Phrase(noun, "noun", rng.choice(ADJECTIVES))
    if kind < 0.5:
        return Phrase(noun, "noun", "", rng.choice(NUMBERS))
    return Phrase(noun)
