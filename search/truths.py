"""What is a curriculum really worth? Its mean over seeds that no strategy sees.

A seed moves all curricula alike (the rows of the targets, the items' luck): that is taken out, as
in a two-way table, since it changes no order; and a curriculum that has more truth seeds than
another is compared with it fairly.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.objective import objective_values
from search.objectives import recorded_objective
from search.study_fields import StudyConfig
from spaces.stopping import pooled_sd

ROUNDS = 10
"""Of the fit of a two-way table with holes."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The value of a curriculum over seeds that no strategy sees, at a seed of average luck."""

    value: float
    error: float
    """Standard error of the value against that of others, from the noise that all share."""
    seeds: int


def truths_of(
    config: StudyConfig, frame: pd.DataFrame, hidden: Collection[int]
) -> dict[str, Truth]:
    """By curriculum; one without a hidden seed has none.

    The noise is pooled over all curricula and seeds: one truth seed has a standard error too.

    Args:
        config: the study, with the objective.
        frame: observations.
        hidden: seeds that no strategy sees.
    """
    objective = recorded_objective(config, frame)
    if objective is None:
        return {}
    values = objective_values(frame, objective)
    last = values[values["rung"] == values["num_rungs"] - 1]
    wide = last.pivot_table(index="stage_seed", columns="curriculum", values="value")
    own = wide - seed_effects(wide.to_numpy()[..., None])[..., 0]
    noise = pooled_sd([list(column.dropna()) for _, column in own.items()]) or 0.0
    truths = {}
    for text, column in own.loc[own.index.isin(list(hidden))].items():
        if found := list(column.dropna()):
            error = noise / sqrt(len(found))
            truths[str(text)] = Truth(value=fmean(found), error=error, seeds=len(found))
    return truths


def seed_effects(scores: Array) -> Array:
    """What a seed does to all texts alike, (seeds, 1, outputs); their mean is 0.

    Args:
        scores: (seeds, texts, outputs), NaN where missing.
    """
    there = np.asarray(np.isfinite(scores).all(axis=2))[..., None]
    filled = np.where(there, scores, 0.0)
    found = np.zeros((len(scores), 1, scores.shape[2]))
    for _ in range(ROUNDS):  # exact after the first where every seed has the same texts
        means = ((filled - found) * there).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        rest = (filled - means) * there
        found = rest.sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)
        found -= found.mean(axis=0)
    return found
