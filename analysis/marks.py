"""What must stand beside a score? Stand-ins, overlaps, collapsed stages, labels that were used."""

from __future__ import annotations

import pandas as pd

from analysis.objective import Objective

STAND_IN = "stand-in"
COLLAPSED = "collapsed stage"
TARGET_LABELS = "used target-language dev labels"


def marks_by_curriculum(
    frame: pd.DataFrame, objective: Objective, *, split: str = "search"
) -> dict[str, str]:
    """Marks of every curriculum's scores on a split, joined by commas; "" for none.

    Args:
        frame: observations.
        objective: whose targets count.
        split: search or report.
    """
    names = {target.name for target in objective.targets}
    scored = frame[
        (frame["part"] == "evaluation") & (frame["split"] == split) & frame["target"].isin(names)
    ]
    stand_in = set(scored.loc[scored["stand_in"], "curriculum"])
    overlap = scored.groupby("curriculum")["overlap"].max().to_dict()
    collapsed = set(frame.loc[frame["collapsed"], "curriculum"])
    marks = {}
    for curriculum in frame["curriculum"].unique():
        share = overlap.get(curriculum, 0.0)
        found = [STAND_IN] if curriculum in stand_in else []
        found += [f"overlap up to {share:.1%}"] if share > 0 else []
        found += [COLLAPSED] if curriculum in collapsed else []
        found += [TARGET_LABELS] if objective.uses_target_labels else []
        marks[curriculum] = ", ".join(found)
    return marks
