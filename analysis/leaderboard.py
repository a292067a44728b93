"""Which curricula scored best in the search? Ranks, gains, and the best per target and budget.

Search scores of one or few seeds: the best of many noisy trials looks better than it is, and
`analysis/confirmation.py` says what it is. Only trials that ran to the end are ranked.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd

from analysis.finals import final_values
from analysis.marks import marks_by_curriculum, marks_by_target
from analysis.objective import Objective, objective_values
from spaces.curriculum import EMPTY_TEXT, parse_curriculum


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """What the search found, best first."""

    ranked: pd.DataFrame
    """Curricula that ran to the end, one row each: rank, curriculum, role, score (mean over its
    seeds), gain (over the empty curriculum at equal target seed; NaN if that has not run), one
    column per target, n (seeds), examples_needed and examples_paid (on the study's own seed),
    marks."""
    stopped: pd.DataFrame
    """The others, stopped or still running: curriculum, role, rung (the last one reached), score
    there, examples_needed, examples_paid, marks."""
    best_per_target: pd.DataFrame
    """target, curriculum, score, gain, marks: the best of `ranked` for each target alone."""
    average_of_bests: float | None
    """Mean over targets of those bests, the headline of Phang et al. 2020; None without trials."""
    best_per_budget: pd.DataFrame
    """num_examples, curriculum, score, gain, marks: each row the best of all ranked curricula with
    at most so many stage examples, in the order of growing budgets."""
    notes: tuple[str, ...]
    """What must be read with the tables."""


def leaderboard(frame: pd.DataFrame, objective: Objective) -> Leaderboard:
    """Rank the curricula of a search.

    Args:
        frame: observations; only the search phase is read.
        objective: what counts.
    """
    search = frame[frame["phase"] == "search"]
    values = objective_values(search, objective)
    own = values[values["role"] != "noise"]
    full = final_values(values)
    ranked = _ranked(full, _gains(values, "value"), search, objective)
    best_per_target = _best_per_target(ranked, full, values, search, objective)
    bests = [float(score) for score in best_per_target["score"]]
    return Leaderboard(
        ranked=ranked,
        stopped=_stopped(own, set(ranked["curriculum"]), search, objective),
        best_per_target=best_per_target,
        average_of_bests=fmean(bests) if bests else None,
        best_per_budget=_best_per_budget(ranked),
        notes=notes(objective),
    )


def notes(objective: Objective) -> tuple[str, ...]:
    """What must be read with every table of search scores."""
    found = []
    if objective.uses_target_labels:
        found.append("used target-language dev labels: every language's search split chose")
    if objective.excluded:
        found.append(
            f"without a score under select {objective.select!r}: {', '.join(objective.excluded)}"
        )
    return tuple(found)


def _ranked(
    full: pd.DataFrame, gains: dict[Any, float], search: pd.DataFrame, objective: Objective
) -> pd.DataFrame:
    marks, costs = marks_by_curriculum(search, objective), _examples(search)
    targets = [target.name for target in objective.targets]
    rows = []
    for curriculum, trials in full.groupby("curriculum"):
        of_trials = [gains.get(key) for key in _keys(trials)]
        known = [gain for gain in of_trials if gain is not None]
        rows.append(
            {
                "curriculum": curriculum,
                "role": trials["role"].iloc[0],
                "score": fmean(trials["value"]),
                "gain": fmean(known) if known else None,
                **{name: trials[name].mean() for name in targets},
                "n": len(trials),
                **costs[str(curriculum)],
                "marks": marks.get(str(curriculum), ""),
            }
        )
    rows.sort(key=lambda row: (-row["score"], row["curriculum"]))
    columns = ["rank", "curriculum", "role", "score", "gain", *targets, "n"]
    columns += ["examples_needed", "examples_paid", "marks"]
    ordered = [{"rank": rank, **row} for rank, row in enumerate(rows, start=1)]
    floats = dict.fromkeys(["score", "gain", *targets], "float64")
    return pd.DataFrame(ordered, columns=columns).astype(floats)


def _gains(values: pd.DataFrame, column: str) -> dict[Any, float]:
    """A column minus the empty curriculum's at equal target seed and rung, by trial."""
    keys = list(_keys(values))
    numbers = [float(value) for value in values[column]]
    empty = {
        (target_seed, rung): value
        for (text, _, target_seed, rung), value in zip(keys, numbers, strict=True)
        if text == EMPTY_TEXT
    }
    return {
        key: value - empty[key[2], key[3]]
        for key, value in zip(keys, numbers, strict=True)
        if (key[2], key[3]) in empty
    }


def _keys(values: pd.DataFrame) -> Any:
    columns = ["curriculum", "stage_seed", "target_seed", "rung"]
    return values[columns].itertuples(index=False, name=None)


def _stopped(
    own: pd.DataFrame, ended: set[str], search: pd.DataFrame, objective: Objective
) -> pd.DataFrame:
    marks, costs = marks_by_curriculum(search, objective), _examples(search)
    rows = []
    for curriculum, trials in own[~own["curriculum"].isin(ended)].groupby("curriculum"):
        last = trials.loc[trials["rung"] == trials["rung"].max()]
        rows.append(
            {
                "curriculum": curriculum,
                "role": last["role"].iloc[0],
                "rung": int(last["rung"].iloc[0]),
                "score": fmean(last["value"]),
                **costs[str(curriculum)],
                "marks": marks.get(str(curriculum), ""),
            }
        )
    rows.sort(key=lambda row: (-row["rung"], -row["score"], row["curriculum"]))
    columns = ["curriculum", "role", "rung", "score", "examples_needed", "examples_paid", "marks"]
    return pd.DataFrame(rows, columns=columns).astype({"score": "float64"})


def _examples(search: pd.DataFrame) -> dict[str, dict[Any, float]]:
    """Examples needed and paid by curriculum, all rungs and parts; noise seeds left out."""
    own = search[search["role"] != "noise"]
    sums = own.groupby("curriculum")[["examples_needed", "examples_paid"]].sum()
    return {str(name): row for name, row in sums.to_dict(orient="index").items()}


def _best_per_target(
    ranked: pd.DataFrame,
    full: pd.DataFrame,
    values: pd.DataFrame,
    search: pd.DataFrame,
    objective: Objective,
) -> pd.DataFrame:
    rows = []
    for target in objective.targets:
        scored = ranked[ranked[target.name].notna()]
        if scored.empty:
            continue
        best = max(
            zip(scored[target.name], scored["curriculum"], strict=True),
            key=lambda pair: (pair[0], -len(pair[1]), pair[1]),
        )
        known = _gains(values[values[target.name].notna()], target.name)
        own = _keys(full[full["curriculum"] == best[1]])
        gains = [known[key] for key in own if key in known]
        marks = marks_by_target(search, objective, best[1])[target.name]
        rows.append((target.name, best[1], best[0], fmean(gains) if gains else None, marks))
    frame = pd.DataFrame(rows, columns=["target", "curriculum", "score", "gain", "marks"])
    return frame.astype({"score": "float64", "gain": "float64"})


def _best_per_budget(ranked: pd.DataFrame) -> pd.DataFrame:
    sizes = [parse_curriculum(text).num_examples for text in ranked["curriculum"]]
    table = ranked[["curriculum", "score", "gain", "marks"]].copy()
    table.insert(0, "num_examples", pd.Series(sizes, dtype="int64", index=table.index))
    ordered = table.sort_values(["num_examples", "score"], ascending=[True, False], kind="stable")
    before = ordered["score"].cummax().shift(fill_value=float("-inf"))
    return ordered[ordered["score"] > before].reset_index(drop=True)
