"""What can be spoken of in the embedded world? Concepts, and what follows from what.

A concept is named by its English word. Verbs that are also nouns end in `.v`: they have the form
of the noun in every language, so that only the sentence tells them apart.
"""

from __future__ import annotations

KINDS_OF: dict[str, tuple[str, ...]] = {
    "person": ("king", "farmer", "doctor", "teacher", "child", "sailor"),
    "animal": ("dog", "cat", "horse", "bear", "wolf", "goat"),
    "fruit": ("apple", "pear", "plum", "fig"),
    "tool": ("hammer", "knife", "rope", "axe"),
    "vessel": ("cup", "jar", "bowl", "pot"),
}
"""Hypernym to its nouns: every king is a person."""

HYPERNYM: dict[str, str] = {noun: kind for kind, nouns in KINDS_OF.items() for noun in nouns}
ANIMATE = KINDS_OF["person"] + KINDS_OF["animal"]
OBJECTS = KINDS_OF["fruit"] + KINDS_OF["tool"] + KINDS_OF["vessel"]
PLACES = ("forest", "river", "market", "garden", "kitchen", "tower", "field", "harbour")
GIVEN_NAMES = (
    "anna",
    "boris",
    "clara",
    "david",
    "elena",
    "felix",
    "greta",
    "hugo",
    "irma",
    "jonas",
)
CITIES = ("lisbon", "vienna", "oslo", "dublin", "cairo", "lima", "hamburg", "verona")
"""Cities, and family names too: only the sentence tells them apart."""
INSTITUTIONS = ("bank", "school", "museum")

ANTONYMS: tuple[tuple[str, str], ...] = (
    ("big", "small"),
    ("old", "new"),
    ("clean", "dirty"),
    ("strong", "weak"),
    ("rich", "poor"),
    ("dark", "bright"),
)
OPPOSITE: dict[str, str] = {a: b for x, y in ANTONYMS for a, b in ((x, y), (y, x))}
ADJECTIVES = tuple(OPPOSITE)

CHAIN: tuple[tuple[str, bool], ...] = (
    ("find", False),
    ("take", False),
    ("carry", False),
    ("drop", False),
    ("lose", False),
    ("seek", False),
    ("see", False),
    ("fish.v", False),
    ("wash", False),
    ("paint", True),
    ("thank", True),
    ("help", False),
    ("love", False),
    ("follow", True),
    ("fear", False),
    ("hammer.v", True),
)
"""Verbs in a ring: each brings about the next. True: with agent and patient exchanged."""

VERBS = tuple(verb for verb, _ in CHAIN)
EFFECT: dict[str, tuple[str, bool]] = {
    verb: (VERBS[(place + 1) % len(VERBS)], swaps) for place, (verb, swaps) in enumerate(CHAIN)
}
"""Verb to what its event brings about, and whether agent and patient change places."""

SYNONYM: dict[str, str] = {
    "find": "discover",
    "take": "grab",
    "see": "notice",
    "fear": "dread",
    "help": "assist",
    "big": "large",
    "small": "little",
    "rich": "wealthy",
}
NUMBERS = ("two", "three", "four", "five")
FUNCTION_WORDS = ("the", "not", "was", "by", "in", "who", "what", "where", "cause", "effect")
FISH = "fish"
"""A noun only because the verb has its form; it is an object like the others."""

CONCEPTS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *KINDS_OF,
            *ANIMATE,
            *OBJECTS,
            FISH,
            *PLACES,
            *GIVEN_NAMES,
            *CITIES,
            *INSTITUTIONS,
            *ADJECTIVES,
            *VERBS,
            *SYNONYM.values(),
            *NUMBERS,
            *FUNCTION_WORDS,
        )
    )
)
"""Every concept once."""
