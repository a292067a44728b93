"""What must stand beside a score? Stand-ins, overlaps, collapsed stages, labels that were used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.objective import Objective

STAND_IN = "stand-in"
COLLAPSED = "collapsed stage"
OVERLAPS = {"overlap": "overlap", "train_overlap": "training rows overlap"}
"""Column to what its mark is called: of the rows scored, of those that fine-tuned the target."""
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
    shares = scored.groupby("curriculum")[list(OVERLAPS)].max().to_dict(orient="index")
    collapsed = set(frame.loc[frame["collapsed"], "curriculum"])
    marks = {}
    for curriculum in frame["curriculum"].unique():
        found = [STAND_IN] if curriculum in stand_in else []
        found += overlap_marks(shares.get(curriculum, {}), "up to ")
        found += [COLLAPSED] if curriculum in collapsed else []
        found += [TARGET_LABELS] if objective.uses_target_labels else []
        marks[curriculum] = ", ".join(found)
    return marks


def marks_by_target(
    frame: pd.DataFrame, objective: Objective, curriculum: str, *, split: str = "search"
) -> dict[str, str]:
    """The same for one curriculum's scores on each target."""
    own = frame[frame["curriculum"] == curriculum]
    found = {}
    for target in objective.targets:
        rows = own[(own["target"] == target.name) | (own["part"] == "stage")]
        marks = marks_by_curriculum(rows, objective, split=split)
        found[target.name] = marks.get(curriculum, "")
    return found


def marks_by_language(
    frame: pd.DataFrame, objective: Objective, curriculum: str, *, split: str = "search"
) -> dict[tuple[str, str], str]:
    """The same for its scores on each target in each language."""
    found: dict[tuple[str, str], str] = {}
    own = frame[frame["curriculum"] == curriculum]
    for language in frame["language"].dropna().unique():
        rows = own[(own["language"] == language) | (own["part"] == "stage")]
        marks = marks_by_target(rows, objective, curriculum, split=split)
        found |= {(target, str(language)): of for target, of in marks.items()}
    return found


def overlap_marks(shares: Mapping[Any, float], bound: str = "") -> list[str]:
    """A mark for each of the columns of `OVERLAPS` that is more than 0; NaN is nothing.

    Args:
        shares: column to share, in [0, 1].
        bound: stands before the share.
    """
    found = [(name, shares.get(column, 0.0)) for column, name in OVERLAPS.items()]
    return [f"{name} {bound}{share:.1%}" for name, share in found if share > 0]
