"""Which number do ASHA, Optuna and the leaderboard see? One value per trial and rung.

Only evaluation rows of the search split are read, and of each target only its main metric. A task
score is the unweighted mean over languages, the value the mean of task scores (XTREME,
evaluate.py; QA = (EM + F1) / 2 arrives as the metric `qa`). A value exists only when every needed
(target, language) has a score: a mean over what happens to be there would compare unlike things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import sqrt
from statistics import fmean
from typing import Any

import pandas as pd

from analysis.observations import TRIAL, Row
from spaces.curriculum import EMPTY_TEXT

SELECTIONS = ("proxy", "english", "all-dev")
AGGREGATES = ("mean", "group-mean", "standardised-gain")
ENGLISH = "en"
VALUE_COLUMNS = (*TRIAL, "rung", "num_rungs", "role", "value")
"""Columns of `objective_values`; the targets' own scores follow."""
_EDGE = 0.05
"""A standardising score is taken no nearer to 0 or 1 than this, so that no unit is tiny."""

Scores = Mapping[str, float]
"""Score by target, in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredTarget:
    """What the objective must know of a target."""

    name: str
    metric: str
    """The main metric; others of the same evaluation are ignored."""
    group: str
    languages: tuple[str, ...]
    """Languages that the search scores it in, on the search split."""
    trained: bool = True
    """False for retrieval: it has no English score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """How scores become one value; higher is better.

    standardised-gain: the mean over targets of the gain over the empty curriculum (same target
    seed and rung) in units of sqrt(p * (1 - p)), p the empty curriculum's score: the largest
    standard deviation that an item's score in [0, 1] can have at that mean. So a target near its
    floor or ceiling counts as much as one in the middle, and no value changes as trials arrive.
    """

    select: str = "proxy"
    aggregate: str = "mean"
    """mean, group-mean, standardised-gain or the name of a target."""
    proxy_languages: tuple[str, ...] = ()
    targets: tuple[ScoredTarget, ...]

    def __post_init__(self) -> None:
        if self.select not in SELECTIONS:
            raise ValueError(
                f"objective.select is {self.select!r}, wanted {_one_of(SELECTIONS, self.select)}"
            )
        names = [target.name for target in self.targets]
        if self.aggregate not in (*AGGREGATES, *names):
            wanted = _one_of((*AGGREGATES, *names), self.aggregate)
            raise ValueError(f"objective.aggregate is {self.aggregate!r}, wanted {wanted}")
        if not self.needed:
            raise ValueError(
                f"objective.select {self.select!r} with aggregate {self.aggregate!r} leaves no "
                f"target to score (targets: {', '.join(names) or 'none'}; proxy languages: "
                f"{', '.join(self.proxy_languages) or 'none'}); add a trained target or languages"
            )

    @property
    def needed(self) -> dict[str, tuple[str, ...]]:
        """Languages that must be scored, by target; targets without any are left out."""
        aggregated = [t for t in self.targets if self.aggregate in (*AGGREGATES, t.name)]
        languages = {target.name: self.languages(target) for target in aggregated}
        return {name: found for name, found in languages.items() if found}

    @property
    def metrics(self) -> dict[str, str]:
        """The main metric by target."""
        return {target.name: target.metric for target in self.targets}

    @property
    def guides(self) -> tuple[str, ...]:
        """Languages that guide the search and so leave every reported mean."""
        return self.proxy_languages if self.select == "proxy" else ()

    @property
    def excluded(self) -> tuple[str, ...]:
        """Targets that have no score under this selection, to be listed with every table."""
        return tuple(target.name for target in self.targets if not self.languages(target))

    @property
    def uses_target_labels(self) -> bool:
        """Whether values rest on dev labels of languages that are also reported."""
        return self.select == "all-dev"

    @property
    def needs_empty(self) -> bool:
        """Whether a value needs the scores of the empty curriculum."""
        return self.aggregate == "standardised-gain"

    def languages(self, target: ScoredTarget) -> tuple[str, ...]:
        """Languages over which a target's search score is the mean, aggregated or not."""
        if self.select == "all-dev":
            return target.languages
        if self.select == "english":
            return (ENGLISH,) if target.trained and ENGLISH in target.languages else ()
        return tuple(lang for lang in target.languages if lang in self.proxy_languages)


def trial_value(
    rows: Iterable[Row], objective: Objective, *, empty: Scores | None = None
) -> float | None:
    """The value of one trial at one rung; None while a needed row is missing.

    Args:
        rows: all observations of one trial at one rung.
        objective: what counts.
        empty: target scores of the empty curriculum at the same target seed and rung; used by
            standardised-gain alone, which has no value without them.
    """
    return aggregate(target_scores(rows, objective), objective, empty=empty)


def target_scores(rows: Iterable[Row], objective: Objective) -> dict[str, float]:
    """Search score by target, of one trial at one rung; incomplete targets are left out."""
    metrics = objective.metrics
    cells = {
        (row["target"], row["language"]): row["value"]
        for row in rows
        if row["part"] == "evaluation"
        and row["split"] == "search"
        and metrics.get(row["target"]) == row["metric"]
        and row["value"] is not None
    }
    return _scores(cells, objective)


def aggregate(scores: Scores, objective: Objective, *, empty: Scores | None = None) -> float | None:
    """The value of a trial from its target scores; None if a needed one is missing."""
    needed = objective.needed
    if not needed.keys() <= scores.keys():
        return None
    if objective.aggregate == "standardised-gain":
        if empty is None or not needed.keys() <= empty.keys():
            return None
        return fmean(_standardised(scores[name], empty[name]) for name in needed)
    if objective.aggregate == "group-mean":
        return fmean(fmean(scores[name] for name in group) for group in _groups(objective))
    return fmean(scores[name] for name in needed)


def objective_values(frame: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    """Value and target scores of every trial at every rung that it completed, in file order.

    Args:
        frame: observations, as `analysis.observations.read` gives them.
        objective: what counts.

    Returns:
        One row per trial and rung with VALUE_COLUMNS, then a column per target with its search
        score (NaN if incomplete). Rows without a value are left out.
    """
    cells = _cells(frame, objective)
    scores = {key: _scores(found, objective) for key, found in cells.items()}
    empty = {
        (phase, target_seed, rung): own
        for (phase, text, variant, _, target_seed, rung, _, _), own in scores.items()
        if text == EMPTY_TEXT and not variant
    }
    records = [
        (*key, value, *(own.get(target.name) for target in objective.targets))
        for key, own in scores.items()
        if (value := aggregate(own, objective, empty=empty.get((key[0], key[4], key[5]))))
        is not None
    ]
    columns = [*VALUE_COLUMNS, *(target.name for target in objective.targets)]
    floats = dict.fromkeys(columns[len(VALUE_COLUMNS) - 1 :], "float64")
    return pd.DataFrame(records, columns=columns).astype(floats)


_Key = tuple[str, str, str, int, int, int, int, str]


def _cells(frame: pd.DataFrame, objective: Objective) -> dict[_Key, dict[tuple[str, str], float]]:
    """Main-metric values by (target, language) of each trial at each rung."""
    metric_of = frame["target"].map(objective.metrics)
    wanted = frame[
        (frame["part"] == "evaluation")
        & (frame["split"] == "search")
        & (frame["metric"] == metric_of)
        & frame["value"].notna()
    ]
    names = [*VALUE_COLUMNS[:-1], "target", "language", "value"]
    cells: dict[Any, dict[tuple[str, str], float]] = {}
    for *key, target, language, value in wanted[names].itertuples(index=False, name=None):
        cells.setdefault(tuple(key), {})[target, language] = value
    return cells


def _scores(cells: Mapping[tuple[str, str], float], objective: Objective) -> dict[str, float]:
    """Mean over languages of every target that has them all."""
    scores = {}
    for target in objective.targets:
        languages = objective.languages(target)
        if languages and all((target.name, language) in cells for language in languages):
            scores[target.name] = fmean(cells[target.name, language] for language in languages)
    return scores


def _groups(objective: Objective) -> Sequence[Sequence[str]]:
    groups: dict[str, list[str]] = {}
    for target in objective.targets:
        if target.name in objective.needed:
            groups.setdefault(target.group, []).append(target.name)
    return list(groups.values())


def _standardised(score: float, empty: float) -> float:
    mean = min(max(empty, _EDGE), 1 - _EDGE)
    return (score - empty) / sqrt(mean * (1 - mean))


def _one_of(wanted: Sequence[str], found: str) -> str:
    near = get_close_matches(found, wanted, n=1)
    return f"one of {', '.join(wanted)}" + (f"; did you mean {near[0]!r}?" if near else "")
