"""How well do answers match? SQuAD v1.1 exact match and F1, as XTREME scores XQuAD and TyDiQA.

Source: google-research/xtreme third_party/evaluate_squad.py (Apache-2.0), itself the SQuAD v1.1
script: English articles and ASCII punctuation whatever the language. An unanswerable question
(no gold answers) follows SQuAD v2.0: an empty prediction is right.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)

Tokens = Callable[[str], list[str]]


def squad_scores(
    gold: Sequence[Sequence[str]], predicted: Sequence[str | None]
) -> dict[str, float]:
    """Mean `exact_match` and `f1`, in [0, 1], each against the best gold answer of its question.

    Args:
        gold: accepted answers per question.
        predicted: one answer per question; None (not answered) counts as wrong.
    """
    return answer_scores(gold, predicted, squad_tokens)


def squad_tokens(text: str) -> list[str]:
    """Lower-cased words without ASCII punctuation and English articles."""
    return _ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()


def answer_scores(
    gold: Sequence[Sequence[str]], predicted: Sequence[str | None], tokens: Tokens
) -> dict[str, float]:
    """Mean exact match and bag-of-tokens F1 under a normalisation given as `tokens`.

    Raises:
        ValueError: if there are no questions, or not one prediction per question.
    """
    if len(gold) != len(predicted) or not gold:
        raise ValueError(f"got {len(predicted)} predictions for {len(gold)} questions")
    exact = f1 = 0.0
    for answers, prediction in zip(gold, predicted, strict=True):
        if prediction is None:
            continue
        found = tokens(prediction)
        wanted = [tokens(answer) for answer in answers]
        exact += float(found in (wanted or [[]]))
        f1 += max(_f1(words, found) for words in wanted) if wanted else float(not found)
    return {"exact_match": exact / len(gold), "f1": f1 / len(gold)}


def score_squad(case: Mapping[str, Any]) -> dict[str, Any]:
    """Score one case: `gold`, a list of {id, answers}, and `predicted`, id to answer."""
    return dict(squad_scores(*aligned(case)))


def aligned(case: Mapping[str, Any]) -> tuple[list[list[str]], list[str | None]]:
    """Answers and predictions of a case in the order of `gold`; None where one is missing."""
    gold = case["gold"]
    return [g["answers"] for g in gold], [case["predicted"].get(g["id"]) for g in gold]


def _f1(wanted: list[str], found: list[str]) -> float:
    common = (Counter(wanted) & Counter(found)).total()
    if not common:
        return 0.0
    precision, recall = common / len(found), common / len(wanted)
    return 2 * precision * recall / (precision + recall)
