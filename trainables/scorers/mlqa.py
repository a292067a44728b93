"""How well do answers match in their language? MLQA exact match and F1.

Source: google-research/xtreme third_party/evaluate_mlqa.py (Apache-2.0), MLQA's own script:
articles per language, Unicode punctuation, and one token per Chinese character.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from trainables.scorers.squad import aligned, answer_scores

_ARTICLES = {
    "en": re.compile(r"\b(a|an|the)\b"),
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "hi": None,
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "ar": re.compile(r"\sال^|ال"),  # the first half never matches; it is in the official script
    "zh": None,
}
_MIXED_SEGMENTATION = re.compile("([\u4e00-\u9fa5])")
_MIXED_LANGUAGES = ("zh",)


def mlqa_scores(
    gold: Sequence[Sequence[str]], predicted: Sequence[str | None], language: str
) -> dict[str, float]:
    """Mean `exact_match` and `f1`, in [0, 1], under MLQA's normalisation for `language`.

    Raises:
        ValueError: for a language that MLQA does not have.
    """
    return answer_scores(gold, predicted, partial(mlqa_tokens, language=language))


def mlqa_tokens(text: str, *, language: str) -> list[str]:
    """Lower-cased tokens without punctuation and the language's articles."""
    if language not in _ARTICLES:
        raise ValueError(f"MLQA has no language {language!r}; it has: {', '.join(_ARTICLES)}")
    text = text.lower().translate(_no_punctuation())
    articles = _ARTICLES[language]
    if articles is not None:
        text = articles.sub(" ", text)
    if language in _MIXED_LANGUAGES:
        text = _MIXED_SEGMENTATION.sub(r" \1 ", text)
    return text.split()


def score_mlqa(case: Mapping[str, Any]) -> dict[str, Any]:
    """Score one case: `language`, `gold`, a list of {id, answers}, and `predicted`."""
    return dict(mlqa_scores(*aligned(case), case["language"]))


@cache
def _no_punctuation() -> dict[int, None]:
    marks = (c for c in range(sys.maxunicode) if unicodedata.category(chr(c)).startswith("P"))
    return dict.fromkeys((*marks, *map(ord, string.punctuation)))
