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

UNIMORPH_EN = ("V;3;SG;PRS", "V;NFIN", "V;PST", "V;V.PTCP;PRS", "V;V.PTCP;PST")
"""English tags of the CoNLL-SIGMORPHON 2018 shared task: inflected verbs and the bare verb."""

NO_FEATS, OTHER = "_", "<other>"


def _listed(name: str) -> tuple[str, ...]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


FEATS_EN = (NO_FEATS, OTHER, *_listed("ud_feats_en.txt"))
"""Whole feature bundles of English words (`Number=Sing`); rarer bundles are `<other>`."""

FEATURE_PAIRS_EN = _listed("ud_feature_pairs_en.txt")
"""The features of English words, each with a value; a word has any number of them."""

LEMMAS_EN = (OTHER, *_listed("ud_lemmas_en.txt"))
"""Edit scripts from form to lemma (`edit_scripts.py`); rarer scripts are `<other>`."""
