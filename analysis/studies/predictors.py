"""Which order would somebody propose who has trained no curriculum? Scores of orders by rules.

A predictor gives every order of tasks a score; the higher, the better it thinks of it. One that
ranks tasks proposes the order in which its number rises, the task with the highest last, next to
the target; the score of any other order is the share of pairs that stand as proposed. Numbers and
similarities come from a frame or a matrix: nothing is computed from an encoder here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import isfinite
from statistics import fmean

import pandas as pd

Score = Callable[[Sequence[str]], float]
"""Of an order of tasks, first to last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """A rule for the order of tasks."""

    name: str
    rule: str
    """What it proposes, for people."""
    source: str
    tasks: frozenset[str]
    """Tasks that it knows."""
    score: Score


COLUMN_RULES: Mapping[str, tuple[str, str, str, bool]] = {
    "num_examples": ("data size", "the largest data set last", "Phang et al. 2018", True),
    "english_dev": ("easy to hard", "the highest English dev score first", "Bengio et al. 2009",
                    False),
    "textemb": ("TextEmb", "the texts most like the target's last", "Vu et al. 2020", True),
    "taskemb": ("TaskEmb", "the Fisher embedding most like the target's last", "Vu et al. 2020",
                True),
    "logme": ("LogME", "the highest LogME on the target last", "You et al. 2021", True),
    "h_score": ("H-score", "the highest H-score on the target last", "Bao et al. 2019", True),
}  # fmt: skip
"""By column of the features: name, rule, source, and whether the highest number comes last."""


def predictors(
    features: pd.DataFrame, similarity: pd.DataFrame | None = None
) -> tuple[Predictor, ...]:
    """All predictors that the features allow.

    Args:
        features: one row per task (the index), columns of COLUMN_RULES; others are left out.
        similarity: task by task, symmetric; None if it is not known.

    Raises:
        ValueError: if the rows and columns of the similarity are not the same tasks.
    """
    ranked = [
        ranking(name, _numbers(features[column]), rule=rule, source=source,
                highest_last=last)
        for column, (name, rule, source, last) in COLUMN_RULES.items()
        if column in features and features[column].notna().sum() > 1
    ]  # fmt: skip
    return (*ranked, *([] if similarity is None else li_hiratani(similarity)))


def ranking(
    name: str, numbers: Mapping[str, float], *, rule: str, source: str, highest_last: bool = True
) -> Predictor:
    """The predictor of a number per task; tasks whose number is not finite are unknown to it."""
    sign = 1.0 if highest_last else -1.0
    known = {task: sign * number for task, number in numbers.items() if isfinite(number)}

    def score(order: Sequence[str]) -> float:
        pairs = [(known[a], known[b]) for a, b in combinations(order, 2)]
        return fmean([(a < b) + 0.5 * (a == b) for a, b in pairs]) if pairs else 0.0

    return Predictor(name=name, rule=rule, source=source, tasks=frozenset(known), score=score)


def li_hiratani(similarity: pd.DataFrame) -> tuple[Predictor, Predictor]:
    """The two rules of Li and Hiratani (ICML 2025), from a task x task similarity.

    Typical is a task whose mean similarity to the other tasks of the same order is high.
    """
    if set(similarity.index) != set(similarity.columns):
        odd = sorted(set(similarity.index) ^ set(similarity.columns))
        raise ValueError(
            f"rows and columns of the task similarity differ in {', '.join(map(str, odd))}; "
            "wanted the same tasks on both sides"
        )
    like = {
        (str(a), str(b)): float(similarity.loc[a, b])
        for a in similarity.index
        for b in similarity.columns
    }
    whole = frozenset(
        str(a)
        for a in similarity.index
        if all(isfinite(like[str(a), str(b)]) for b in similarity.columns if a != b)
    )
    source = "Li and Hiratani 2025"

    def typical_last(order: Sequence[str]) -> float:
        typicality = [fmean([like[a, b] for b in order if b != a]) for a in order]
        pairs = list(combinations(typicality, 2))
        return fmean([(a < b) + 0.5 * (a == b) for a, b in pairs])

    def dissimilar_neighbours(order: Sequence[str]) -> float:
        return -fmean([like[a, b] for a, b in pairwise(order)])

    return (
        Predictor(name="least typical first", rule="from the least to the most typical task",
                  source=source, tasks=whole, score=_of_several(typical_last)),
        Predictor(name="dissimilar neighbours", rule="neighbours as unlike as can be",
                  source=source, tasks=whole, score=_of_several(dissimilar_neighbours)),
    )  # fmt: skip


def _numbers(column: pd.Series[float]) -> dict[str, float]:
    return {str(task): float(number) for task, number in column.dropna().items()}


def _of_several(score: Score) -> Score:
    """The score of orders of at least two tasks; 0 for shorter ones."""
    return lambda order: score(order) if len(order) > 1 else 0.0
