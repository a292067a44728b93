"""What may the studies of a report rest on? Repetitions on fresh seeds, and features.

Scores are those of the confirmation's report split. Nothing is taken from trials that were stopped
early; English and the languages that guided the search are known but enter no reported mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from analysis.features import as_features
from analysis.objective import ENGLISH, Objective
from analysis.repetitions import final_cells, gains
from spaces.curriculum import EMPTY_TEXT, Part, parts_alone

SEED = 20260101
"""Of the simulated noise and the relabellings: equal reports for equal observations."""
TRANSFER_COLUMNS = {
    "task": "str", "num_examples": "int64", "target": "str", "language": "str",
    "repetition": "int64", "score": "float64", "none": "float64", "gain": "float64",
    "gap": "float64", "none_gap": "float64",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a study repeated, and what is known of its tasks and languages."""

    frame: pd.DataFrame
    """All observations."""
    objective: Objective
    cells: pd.DataFrame
    """As `final_cells` gives them."""
    gains: pd.DataFrame
    """The cells minus those of `none` in the same repetition."""
    languages: tuple[str, ...]
    """Those that enter reported means, in the order of the observations."""
    features: pd.DataFrame = field(default_factory=lambda: as_features([]))
    """As `analysis/features.py` describes them; empty if none were measured."""


def evidence(
    frame: pd.DataFrame, objective: Objective, features: pd.DataFrame | None = None
) -> Evidence:
    """The evidence of a study.

    Args:
        frame: its observations.
        objective: what it maximises.
        features: what `read_features` gives; None: nothing was measured.
    """
    left_out = (*objective.guides, ENGLISH)
    cells = final_cells(frame, objective.metrics, phase="confirm", split="report")
    return Evidence(
        frame=frame,
        objective=objective,
        cells=cells,
        gains=gains(cells),
        languages=tuple(str(x) for x in frame["language"].unique() if x and x not in left_out),
        features=as_features([]) if features is None else features,
    )


def single_transfers(found: Evidence, *, all_sizes: bool = False) -> pd.DataFrame:
    """What each task does to each reported language when it is the only stage.

    Args:
        found: of a study.
        all_sizes: whether every size counts of a task that was repeated alone at several; else
            the largest alone.

    Returns:
        Columns TRANSFER_COLUMNS, one row per task, target, language and repetition that `none` has
        too: score and that of `none`, in [0, 1]; gain, their difference; gap, the English score
        minus this one; none_gap, the same of `none`. Gaps are NaN where the target has no English
        score. Empty if no task was repeated alone.
    """
    keys = ["repetition", "target"]
    cells = found.cells
    english = cells[cells["language"] == ENGLISH].set_index(["curriculum", *keys])["value"]
    rows = cells[cells["language"].isin(found.languages)]
    rows = rows.join(english.rename("english"), on=["curriculum", *keys])
    rows = rows.assign(gap=rows["english"] - rows["value"]).drop(columns="english")
    empty = rows[rows["curriculum"] == EMPTY_TEXT].set_index([*keys, "language"])
    empty = empty[["value", "gap"]].rename(columns={"value": "none", "gap": "none_gap"})
    own = rows.join(empty, on=[*keys, "language"], how="inner")
    own = own.assign(gain=own["value"] - own["none"]).rename(columns={"value": "score"})
    singles = _singles(dict.fromkeys(own["curriculum"]), all_sizes=all_sizes)
    own = own[own["curriculum"].isin(list(singles))]
    own = own.assign(
        task=[singles[text].task for text in own["curriculum"]],
        num_examples=[singles[text].num_examples for text in own["curriculum"]],
    )
    return own[list(TRANSFER_COLUMNS)].astype(TRANSFER_COLUMNS).reset_index(drop=True)


def _singles(curricula: Iterable[str], *, all_sizes: bool) -> dict[str, Part]:
    """Of those with one task alone; of each task the largest, or all sizes."""
    alone = parts_alone(curricula)
    largest: dict[str, int] = {}
    for part in alone.values():
        largest[part.task] = max(part.num_examples, largest.get(part.task, 0))
    return {
        text: part
        for text, part in alone.items()
        if all_sizes or part.num_examples == largest[part.task]
    }
