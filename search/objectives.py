"""What does a study maximise, in the words of `analysis`? From the study and the languages scored.

The languages are those that the data have (before a run) or that were recorded (after it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.objective import Objective, ScoredTarget, target_scores, trial_value
from analysis.observations import Row
from search.study_fields import StudyConfig
from spaces.curriculum import EMPTY_TEXT


def objective_from(config: StudyConfig, languages: Mapping[str, Sequence[str]]) -> Objective:
    """The objective of a study.

    Args:
        config: the study.
        languages: those scored on the search split, by target.
    """
    return Objective(
        select=config.objective.select,
        aggregate=config.objective.aggregate,
        proxy_languages=tuple(config.languages.proxy),
        targets=tuple(
            ScoredTarget(
                name=task.name,
                metric=task.metric,
                group=task.group,
                languages=tuple(languages[task.name]),
                trained=task.kind != "retrieval",
            )
            for task in map(config.catalogue.get, config.targets)
        ),
    )


def recorded_objective(config: StudyConfig, frame: pd.DataFrame) -> Objective | None:
    """The objective as the observations know it; None before the first trial is scored.

    By English alone a search need not score every target: retrieval has no English score.
    """
    scored = frame[(frame["part"] == "evaluation") & (frame["phase"] == "search")]
    unscored = set(config.targets) - set(scored["target"])
    if scored.empty or (unscored and config.objective.select != "english"):
        return None
    languages = {
        target: list(scored.loc[scored["target"] == target, "language"].unique())
        for target in config.targets
    }
    return objective_from(config, languages)


class Values:
    """The objective's value of a trial's rows; remembers the empty curriculum's scores.

    They are what standardised-gain is measured against, at equal phase, target seed and rung.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._empty: dict[tuple[str, int, int], Mapping[str, float]] = {}

    def __call__(self, rows: Sequence[Row]) -> float | None:
        """The value of one trial at one rung; None while rows are missing."""
        key = (rows[0]["phase"], rows[0]["target_seed"], rows[0]["rung"])
        if rows[0]["curriculum"] == EMPTY_TEXT and not rows[0]["variant"]:
            self._empty[key] = target_scores(rows, self._objective)
        return trial_value(rows, self._objective, empty=self._empty.get(key))
