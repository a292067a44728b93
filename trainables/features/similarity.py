"""How like a task's text is a target's in another language? How near do translations lie?

Numbers of pairs of texts, each a node of the store that stands on the texts' vectors.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict
from typing import Any

from trainables.features.distances import mean_cosine, parallel, squared_mmd
from trainables.features.texts import Texts, shared_ids
from trainables.features.vectors import SENTENCE, read_vectors, text_vectors
from trainables.keys import feature_node
from trainables.nodes import Computed, Event, Result, Trial

FEWEST = 2
"""Texts or translations below which nothing is measured."""


def text_similarity(
    trial: Trial, encoder: Computed, a: Texts, b: Texts, *, reading: str = SENTENCE
) -> Computed:
    """`cosine` of the mean sentence vectors, and `mmd2`, see `squared_mmd`; symmetric in meaning.

    Args:
        trial: who asks.
        encoder: whose vectors.
        a: texts.
        b: others.
        reading: of `text_vectors`, by default the one by which the encoder finds translations.
    """
    first, second = text_vectors(trial, encoder, a), text_vectors(trial, encoder, b)

    def compute() -> Generator[Event, None, Result]:
        one = yield from read_vectors(trial, first, reading)
        two = yield from read_vectors(trial, second, reading)
        values = {"cosine": mean_cosine(one, two), "mmd2": squared_mmd(one, two)}
        return Result(values=values, examples=0.0)

    parents, inputs = [first.node, second.node], {"reading": reading}
    node = feature_node(parents, purpose="text similarity 1", inputs=inputs)
    return Computed(node, compute, f"similarity of {a.name} and {b.name}")


def parallel_similarity(trial: Trial, encoder: Computed, english: Texts, other: Texts) -> Computed:
    """`accuracy`, `cosine` and `margin` of translations, see `Parallel`.

    Args:
        trial: who asks.
        encoder: whose vectors.
        english: texts in English.
        other: their translations, in the same order.
    """
    assert english.ids == other.ids, "these are no translations of each other"
    first, second = text_vectors(trial, encoder, english), text_vectors(trial, encoder, other)

    def compute() -> Generator[Event, None, Result]:
        one = yield from read_vectors(trial, first)
        two = yield from read_vectors(trial, second)
        values: dict[str, Any] = asdict(parallel(one, two))
        return Result(values=values, examples=0.0)

    node = feature_node([first.node, second.node], purpose="translations 1", inputs={})
    return Computed(node, compute, f"translations of {other.name}")


def translations(english: Texts, other: Texts, limit: int) -> tuple[Texts, Texts]:
    """At most `limit` texts that both have, the first ones of the English order."""
    ids = shared_ids(english, other)[:limit]
    return english.of(ids), other.of(ids)
