"""What did one curriculum score in every language? The table of a model card.

Means over seeds beside their number; gains are over the empty curriculum at equal target seeds.
"""

from __future__ import annotations

from statistics import fmean

import pandas as pd

from analysis.marks import OVERLAPS, STAND_IN, overlap_marks
from analysis.objective import ENGLISH, Objective
from spaces.curriculum import EMPTY_TEXT

SPLITS = ("search", "report")
_BySeed = dict[tuple[int, int], float]


def model_scores(
    frame: pd.DataFrame, objective: Objective, curriculum: str, phase: str
) -> pd.DataFrame:
    """Scores of a curriculum by target and language, in [0, 1].

    Args:
        frame: observations of both phases.
        objective: whose targets and main metrics are read.
        curriculum: its text form.
        phase: search or confirm.

    Returns:
        target, language, n (seeds), search, search_gain, report, report_gain (NaN where not
        scored), marks.
    """
    metric_of = frame["target"].map(objective.metrics)
    rows = frame[
        (frame["phase"] == phase)
        & (frame["part"] == "evaluation")
        & (frame["metric"] == metric_of)
        & (frame["rung"] == frame["num_rungs"] - 1)
        & (frame["role"] != "noise")
        & (frame["variant"] == "")
        & frame["value"].notna()
    ]
    own, empty = rows[rows["curriculum"] == curriculum], rows[rows["curriculum"] == EMPTY_TEXT]
    records = []
    cells = [
        (target.name, language, cell)
        for target in objective.targets
        for language, cell in own[own["target"] == target.name].groupby("language", sort=False)
    ]
    for target, language, cell in cells:
        beside = empty[(empty["target"] == target) & (empty["language"] == language)]
        by_split = {split: _columns(cell, beside, split) for split in SPLITS}
        records.append(
            {
                "target": target,
                "language": language,
                "n": cell["target_seed"].nunique(),
                **{name: value for found in by_split.values() for name, value in found.items()},
                "marks": ", ".join(_marks(cell, str(language), objective)),
            }
        )
    scores = [name for split in SPLITS for name in (split, f"{split}_gain")]
    columns = ["target", "language", "n", *scores, "marks"]
    return pd.DataFrame(records, columns=columns).astype(dict.fromkeys(scores, "float64"))


def _columns(cell: pd.DataFrame, empty: pd.DataFrame, split: str) -> dict[str, float | None]:
    scores = _by_seed(cell[cell["split"] == split])
    without = {seeds[1]: v for seeds, v in _by_seed(empty[empty["split"] == split]).items()}
    gains = [v - without[seeds[1]] for seeds, v in scores.items() if seeds[1] in without]
    return {
        split: fmean(scores.values()) if scores else None,
        f"{split}_gain": fmean(gains) if gains else None,
    }


def _by_seed(rows: pd.DataFrame) -> _BySeed:
    columns = rows[["stage_seed", "target_seed", "value"]]
    return {(s, t): value for s, t, value in columns.itertuples(index=False, name=None)}


def _marks(cell: pd.DataFrame, language: str, objective: Objective) -> list[str]:
    found = ["trained on" if language == ENGLISH else ""]
    found += ["proxy: guided the search" if language in objective.guides else ""]
    found += [STAND_IN if cell["stand_in"].any() else ""]
    found += overlap_marks(cell[list(OVERLAPS)].max().to_dict())
    return [mark for mark in found if mark]
