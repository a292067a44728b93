"""How large is the transfer gap of each target, and what does a stage change of it on average?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.statistics.intervals import t_interval

NO_GAP = "no English score, hence no gap"


def gap_levels(transfers: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """One row per target: means over all single tasks and reported languages.

    Args:
        transfers: as `single_transfers` gives them.
        targets: in the order wanted.

    Returns:
        Columns target, none_gap, change with its 95 % t interval over repetitions (low, high),
        english_gain, gain (change is their difference), num_tasks, num_languages, n repetitions
        that all tasks and languages have, note. In score.
    """
    rows = []
    for target in targets:
        own = transfers[transfers["target"] == target]
        counts = own.groupby("repetition").size()
        whole = own[own["repetition"].isin(counts.index[counts == counts.max()])]
        means = whole.groupby("repetition")[["none_gap", "gap", "gain"]].mean()
        row: dict[str, object] = {"target": target, "gain": float(means["gain"].mean())}
        change = (means["gap"] - means["none_gap"]).dropna()
        note = NO_GAP
        if len(change):
            interval = t_interval(change.tolist(), unit="repetitions")
            row |= {"none_gap": float(means["none_gap"].mean()), "change": interval.mean}
            row |= {"low": interval.low, "high": interval.high}
            row["english_gain"] = float((change + means["gain"]).mean())
            note = interval.note
        row |= {"num_tasks": own["task"].nunique(), "num_languages": own["language"].nunique()}
        rows.append({**row, "n": len(means), "note": note})
    columns = ["target", "none_gap", "change", "low", "high", "english_gain", "gain"]
    return pd.DataFrame(rows, columns=[*columns, "num_tasks", "num_languages", "n", "note"])
