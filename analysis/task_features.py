"""What is known of each task from the run itself, for predictors that need no encoder?

The scores of single stages in English and the sizes trained. A data set's full size, similarities
and transferability scores come from elsewhere and are joined by task.
"""

from __future__ import annotations

import pandas as pd

from spaces.curriculum import parse_curriculum


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
    parts = {text: parse_curriculum(text).stages for text in rows["target"].unique()}
    single = {text: stages[0].parts[0] for text, stages in parts.items()
              if len(stages) == len(stages[0].parts) == 1}  # fmt: skip
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
