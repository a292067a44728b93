"""What follows from a clause, what contradicts it, what is left open? Rewrites of propositions.

Every function gives a new clause and draws from its argument alone.
"""

from __future__ import annotations

import random
from dataclasses import replace

from trainables.miniworld.concepts import (
    ADJECTIVES,
    EFFECT,
    HYPERNYM,
    NUMBERS,
    OPPOSITE,
    SYNONYM,
    VERBS,
)
from trainables.miniworld.draws import draw_place, exchanged, other
from trainables.miniworld.grammar import Clause, Phrase


def same(rng: random.Random, clause: Clause) -> Clause:
    """Said otherwise, meant equally: the other voice, a synonym, or both."""
    voiced = rng.random() < 0.6
    if voiced:
        clause = replace(clause, passive=not clause.passive)
    if clause.verb in SYNONYM and (rng.random() < 0.5 or not voiced):
        clause = replace(clause, verb=SYNONYM[clause.verb])
    return clause


def entailed(rng: random.Random, clause: Clause) -> Clause:
    """Follows from the clause: with less said, or more generally."""
    if not clause.negated:
        kept = clause
        while kept == clause:
            kept = replace(
                clause,
                agent=_vaguer(rng, clause.agent),
                patient=_vaguer(rng, clause.patient),
                place=clause.place if rng.random() < 0.5 else None,
            )
            if rng.random() < 0.3:
                break
        clause = kept
    return same(rng, clause) if rng.random() < 0.5 else clause


def contradicting(rng: random.Random, clause: Clause) -> Clause:
    """Cannot be true with the clause, if both speak of one event."""
    changed = clause
    if not clause.negated and rng.random() < 0.4:
        changed = _opposed(rng, clause)
    if changed == clause:
        changed = replace(clause, negated=not clause.negated)
    return same(rng, changed) if rng.random() < 0.3 else changed


def undecided(rng: random.Random, clause: Clause) -> Clause:
    """May be true or not: roles exchanged, another verb or participant, or more said."""
    kind = rng.random()
    if kind < 0.4:
        changed = exchanged(clause)
    elif kind < 0.65:
        changed = replace(clause, verb=other(rng, VERBS, clause.verb))
    elif kind < 0.85 or clause.place is not None:
        changed = replace(clause, patient=_renamed(rng, clause.patient))
    else:
        changed = replace(clause, place=draw_place(rng))
    return same(rng, changed) if rng.random() < 0.3 else changed


def different(rng: random.Random, clause: Clause) -> Clause:
    """Nearly the same words, but not the same meaning (after PAWS)."""
    kind = rng.random()
    if kind < 0.5:
        changed = exchanged(clause)
    elif kind < 0.65 and clause.agent.form == clause.patient.form == "noun":
        agent, patient = clause.agent, clause.patient
        changed = replace(
            clause,
            agent=replace(agent, modifier=patient.modifier, number=patient.number),
            patient=replace(patient, modifier=agent.modifier, number=agent.number),
        )
    elif kind < 0.8:
        changed = replace(clause, verb=other(rng, VERBS, clause.verb))
    else:
        changed = replace(clause, negated=not clause.negated)
    if changed == clause:
        changed = exchanged(clause)
    return same(rng, changed) if rng.random() < 0.5 else changed


def effect_of(clause: Clause) -> Clause:
    """What the event of the clause brings about."""
    verb, swaps = EFFECT[clause.verb]
    followed = replace(clause, verb=verb)
    return exchanged(followed) if swaps else followed


def _vaguer(rng: random.Random, phrase: Phrase) -> Phrase:
    if phrase.form != "noun":
        return phrase
    head = HYPERNYM.get(phrase.head, phrase.head) if rng.random() < 0.3 else phrase.head
    modifier = phrase.modifier if rng.random() < 0.5 else ""
    return replace(phrase, head=head, modifier=modifier)


def _opposed(rng: random.Random, clause: Clause) -> Clause:
    agent, patient = clause.agent, clause.patient
    if rng.random() < 0.5:
        return replace(clause, agent=_opposed_phrase(rng, agent))
    return replace(clause, patient=_opposed_phrase(rng, patient))


def _opposed_phrase(rng: random.Random, phrase: Phrase) -> Phrase:
    if phrase.form != "noun":
        return phrase
    if phrase.modifier:
        return replace(phrase, modifier=OPPOSITE[phrase.modifier])
    return replace(phrase, number=other(rng, NUMBERS, phrase.number)) if phrase.number else phrase


def _renamed(rng: random.Random, phrase: Phrase) -> Phrase:
    """A phrase of another noun, or with something more said of it."""
    if phrase.form != "noun":
        return Phrase(rng.choice(tuple(HYPERNYM)))
    if not phrase.modifier and not phrase.number and rng.random() < 0.5:
        return replace(phrase, modifier=rng.choice(ADJECTIVES))
    return replace(phrase, head=other(rng, tuple(HYPERNYM), phrase.head))
