"""What would a benchmark's own table say? XTREME's averages of the report split.

As google-research/xtreme evaluate.py: a task's score is the unweighted mean over its languages,
English included, the overall score the mean over tasks, a group's the mean over its tasks; QA is
(EM + F1) / 2, which a language's main metric is already. The groups stand beside the average, since
retrieval and TyDiQA make most of what intermediate tasks gain (literature on 2005.13013).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from analysis.marks import marks_by_curriculum, marks_by_target
from analysis.objective import Objective, objective_values
from analysis.report_split import Cells, Name, ReportSplit, report_split

BESTS = "best of each target"
"""Stands for the curricula that are best for one target each."""
FIXED = ("curriculum", "variant", "n", "marks", "average")
"""Columns of `Official.tasks`; the targets' names follow. Those of `Official.groups` likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Averages:
    """A benchmark's numbers, in [0, 1]."""

    average: float
    """Mean over tasks."""
    groups: Mapping[str, float]
    """Mean over the tasks of each group, in the order of the tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Official:
    """Confirmed curricula as a benchmark scores them: means over n seeds, the best average first.

    The last row, BESTS, has for each target the score of the candidate that is best for it on the
    search split: the headline of Phang et al. 2020. It is missing where a target has none.
    """

    tasks: pd.DataFrame
    """curriculum, variant, n, marks, average, then a column by target."""
    groups: pd.DataFrame
    """curriculum, variant, n, marks, average, then a column by group."""
    languages: Mapping[str, int]
    """How many were scored, by target, English included."""
    best_per_target: Mapping[str, str]
    """Target to the candidate that is best for it on the search split."""


def averages(tasks: Mapping[str, float], groups: Mapping[str, str]) -> Averages:
    """The averages of task scores.

    Args:
        tasks: score by task.
        groups: group by task.
    """
    names = dict.fromkeys(groups[task] for task in tasks)
    by_group = {
        group: fmean(score for task, score in tasks.items() if groups[task] == group)
        for group in names
    }
    return Averages(average=fmean(tasks.values()), groups=by_group)


def official(frame: pd.DataFrame, objective: Objective) -> Official | None:
    """Read the confirmation of a study; None while none of it is on the report split.

    Args:
        frame: observations of both phases.
        objective: the study's: its targets, and what the search split of each says.
    """
    split = report_split(frame, objective)
    if not split.cells:
        return None
    scores = {name: _task_scores(split, name) for name in split.cells}
    chosen = _best_per_target(frame, objective, split)
    rows: list[tuple[Name, int, dict[str, float]]] = [
        (name, len(split.cells[name]), tasks) for name, tasks in scores.items()
    ]
    rows.sort(key=lambda row: (-fmean(row[2].values()), row[0]))
    if chosen:
        bests = {target: scores[text, ""][target] for target, text in chosen.items()}
        rows.append(((BESTS, ""), min(len(split.cells[t, ""]) for t in chosen.values()), bests))
    group_of = {target.name: target.group for target in objective.targets}
    confirmed = frame[frame["phase"] == "confirm"]
    marks = marks_by_curriculum(confirmed, objective, split="report")
    marks[BESTS] = _marks_of_bests(confirmed, objective, chosen)
    found = [
        (*name, n, marks.get(name[0], ""), averages(tasks, group_of), tasks)
        for name, n, tasks in rows
    ]
    one = next(iter(next(iter(split.cells.values())).values()))
    return Official(
        tasks=pd.DataFrame(
            [
                [text, variant, n, marked, said.average, *tasks.values()]
                for text, variant, n, marked, said, tasks in found
            ],
            columns=[*FIXED, *split.targets],
        ),
        groups=pd.DataFrame(
            [
                [text, variant, n, marked, said.average, *said.groups.values()]
                for text, variant, n, marked, said, _ in found
            ],
            columns=[*FIXED, *dict.fromkeys(group_of[target] for target in split.targets)],
        ),
        languages={name: sum(target == name for target, _ in one) for name in split.targets},
        best_per_target=chosen,
    )


def _marks_of_bests(frame: pd.DataFrame, objective: Objective, chosen: Mapping[str, str]) -> str:
    """The marks of each chosen curriculum on the target that it is chosen for, each once."""
    of_targets = [
        marks_by_target(frame, objective, text, split="report")[target]
        for target, text in chosen.items()
    ]
    return ", ".join(dict.fromkeys(mark for of in of_targets for mark in of.split(", ") if mark))


def _task_scores(split: ReportSplit, name: Name) -> dict[str, float]:
    """By target: the mean over languages, then over seeds."""
    by_seed = [_over_languages(cells, split) for cells in split.cells[name].values()]
    return {target: fmean(scores[target] for scores in by_seed) for target in split.targets}


def _over_languages(cells: Cells, split: ReportSplit) -> dict[str, float]:
    return {
        target: fmean(score for (name, _), score in cells.items() if name == target)
        for target in split.targets
    }


def _best_per_target(
    frame: pd.DataFrame, objective: Objective, split: ReportSplit
) -> dict[str, str]:
    """The candidate with the best search score for each target.

    Empty if one has no search score, or if there is nothing to choose from.
    """
    values = objective_values(frame, objective)
    ran = values[(values["phase"] == "confirm") & (values["role"] == "candidate")]
    candidates = [
        text for text, variant in split.cells if not variant and text in set(ran["curriculum"])
    ]
    means = ran.groupby("curriculum")[list(split.targets)].mean().reindex(candidates)
    if len(means) < 2 or means.isna().any(axis=None):
        return {}
    return {target: str(means[target].sort_index().idxmax()) for target in split.targets}
