"""What is known of each intermediate task, for predictors of a good order?

From the run itself: the scores of single stages in English and the sizes trained. From the
features, where they were measured: full sizes, similarities and transferability scores.
"""

from __future__ import annotations

import pandas as pd

from analysis.evidence import Evidence
from analysis.features import of_stages, of_tasks
from spaces.curriculum import parts_alone


def measured_features(frame: pd.DataFrame) -> pd.DataFrame:
    """English dev score of each task trained alone, as the first stage, at its largest size.

    Scores of different kinds of tasks are in different metrics: which is easier is a matter of
    convention there, as it is in the literature.

    Args:
        frame: observations.

    Returns:
        One row per task (the index): stage_examples, english_dev (mean over stage seeds, in
        [0, 1]), n (stage seeds). Tasks that never stood first, alone in their stage, are not there.
    """
    rows = frame[
        (frame["part"] == "stage")
        & (frame["variant"] == "")
        & (frame["rung"] == frame["num_rungs"] - 1)
        & frame["value"].notna()
    ].drop_duplicates(["target", "stage_seed"])  # a node has a row in every trial that stands on it
    single = parts_alone(rows["target"].unique())
    own = rows[rows["target"].isin(list(single))]
    known = pd.DataFrame(
        {
            "task": [single[text].task for text in own["target"]],
            "stage_examples": [single[text].num_examples for text in own["target"]],
            "value": own["value"].to_numpy(),
        }
    ).astype({"task": "str", "stage_examples": "int64", "value": "float64"})
    largest = known.groupby("task")["stage_examples"].transform("max")
    groups = known[known["stage_examples"] == largest].groupby("task")
    return pd.DataFrame(
        {
            "stage_examples": groups["stage_examples"].first(),
            "english_dev": groups["value"].mean(),
            "n": groups["value"].size(),
        }
    )


def task_numbers(found: Evidence) -> pd.DataFrame:
    """One row per task, the columns of `analysis.studies.predictors.COLUMN_RULES` that are known.

    Similarities to the study's targets are means over those that all tasks have; LogME and H-score,
    whose unit differs from target to target, are standardised within each target first.
    """
    known = measured_features(found.frame)
    columns = {"english_dev": known["english_dev"], "num_examples": known["stage_examples"]}
    features = found.features
    sizes = features[(features["feature"] == "train_rows") & (features["task"] != "")]
    if len(sizes):
        columns["num_examples"] = sizes.set_index("task")["value"]
    targets = [target.name for target in found.objective.targets]
    for column in ("textemb", "taskemb"):
        matrix = of_tasks(features, f"{column}_cosine")
        columns[column] = _over_targets(matrix.reindex(index=known.index, columns=targets))
    for column in ("logme", "h_score"):
        scores = of_stages(features, column).drop(index="none", errors="ignore")
        columns[column] = _over_targets((scores - scores.mean()) / scores.std())
    table = pd.DataFrame(columns).reindex(known.index)
    return table.dropna(axis="columns", how="all").rename_axis(index="task")


def similarity_of(features: pd.DataFrame) -> pd.DataFrame | None:
    """Task by task: cosine of TaskEmb, else of TextEmb; None if neither was measured."""
    for feature in ("taskemb_cosine", "textemb_cosine"):
        matrix = of_tasks(features, feature)
        if matrix.notna().to_numpy().any():
            return matrix
    return None


def _over_targets(table: pd.DataFrame) -> pd.Series[float]:
    """Mean over the targets that every task with any value has; NaN without one."""
    rows = table.dropna(how="all")
    return rows.dropna(axis="columns").mean(axis=1)
