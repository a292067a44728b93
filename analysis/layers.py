"""At which hidden layer is retrieval best? A sweep to look at; no decision reads it.

Scores of the search split: a layer that is chosen by them is chosen with labels of those languages.
"""

from __future__ import annotations

import pandas as pd

from analysis.objective import Objective
from spaces.curriculum import EMPTY_TEXT

COLUMNS = ("target", "layer", "own", "none", "best", "n")


def layer_sweep(frame: pd.DataFrame, objective: Objective, best: str) -> pd.DataFrame:
    """Mean search score over languages of retrieval targets by hidden layer.

    Args:
        frame: observations.
        objective: the study's, whose languages are averaged.
        best: the curriculum to show beside the empty one, as text.

    Returns:
        COLUMNS: own is whether the study reads this layer; none and best are scores of the two
        curricula in [0, 1] at the study's own seeds, n the languages. Empty without a sweep.
    """
    rows = frame[
        (frame["phase"] == "search")
        & (frame["role"] != "noise")
        & (frame["part"] == "evaluation")
        & (frame["split"] == "search")
        & (frame["rung"] == frame["num_rungs"] - 1)
        & frame["layer"].notna()
        & frame["curriculum"].isin((EMPTY_TEXT, best))
    ]
    found = []
    for target in objective.targets:
        languages = objective.languages(target)
        own = rows[(rows["target"] == target.name) & rows["language"].isin(languages)]
        for layer, at in own.groupby("layer"):
            swept = f"{target.metric}@{int(str(layer))}"
            scores = at[at["metric"].isin((target.metric, swept))]
            means = scores.groupby("curriculum")["value"].mean()
            is_own = bool((scores["metric"] == target.metric).any())
            means_of = (means.get(EMPTY_TEXT), means.get(best))
            found.append((target.name, int(str(layer)), is_own, *means_of, len(languages)))
    table = pd.DataFrame(found, columns=list(COLUMNS))
    several = table.groupby("target")["layer"].transform("size") > 1
    return table[several].reset_index(drop=True)
