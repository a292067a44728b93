"""Which label names, in the order of their integers, do several tasks or adapters share?"""

from __future__ import annotations

from importlib.resources import files

NLI = ("entailment", "neutral", "contradiction")

UPOS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
"""Universal POS tags in XTREME's order."""

PANX = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

WNUT = (
    "O",
    *("B-corporation", "I-corporation", "B-creative-work", "I-creative-work"),
    *("B-group", "I-group", "B-location", "I-location"),
    *("B-person", "I-person", "B-product", "I-product"),
)

NO_FEATS, OTHER_FEATS = "_", "<other>"


def _feats() -> tuple[str, ...]:
    text = files(__package__).joinpath("ud_feats_en.txt").read_text(encoding="utf-8")
    listed = (line for line in text.splitlines() if line and not line.startswith("#"))
    return (NO_FEATS, OTHER_FEATS, *listed)


FEATS_EN = _feats()
"""Whole feature bundles of English words (`Number=Sing`); rarer bundles are `<other>`."""
