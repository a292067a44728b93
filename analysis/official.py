"""What would a benchmark's own table say? XTREME's averages of the report split.

As google-research/xtreme evaluate.py: a task's score is the unweighted mean over its languages,
English included, the overall score the mean over tasks, a group's the mean over its tasks; QA is
(EM + F1) / 2, which a language's main metric is already. The groups stand beside the average, since
retrieval and TyDiQA make most of what intermediate tasks gain (literature on 2005.13013).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from analysis.objective import Objective
from analysis.report_split import ReportSplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Averages:
    """A benchmark's numbers, in [0, 1]."""

    average: float
    """Mean over tasks."""
    groups: Mapping[str, float]
    """Mean over the tasks of each group, in the order of the tasks."""

    @property
    def over_groups(self) -> float:
        """Mean over the groups, as some leaderboards print it."""
        return fmean(self.groups.values())


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


def task_scores(cells: Mapping[tuple[str, str], float], targets: Sequence[str]) -> dict[str, float]:
    """Mean over all languages scored, English included, by target; only targets that have any."""
    found = {
        target: [score for (name, _), score in cells.items() if name == target]
        for target in targets
    }
    return {target: fmean(scores) for target, scores in found.items() if scores}


def official_table(split: ReportSplit, objective: Objective) -> pd.DataFrame:
    """One row per confirmed trial: curriculum, variant, seeds, average, groups; means over seeds.

    Columns of groups and then of tasks carry their names; scores are in [0, 1].
    """
    groups = {target.name: target.group for target in objective.targets}
    rows = []
    for (curriculum, variant), by_seeds in split.cells.items():
        tasks = [task_scores(cells, split.targets) for cells in by_seeds.values()]
        means = {t: fmean(scores[t] for scores in tasks) for t in split.targets if t in tasks[0]}
        found = averages(means, groups)
        rows.append(
            {
                "curriculum": curriculum,
                "variant": variant,
                "seeds": len(tasks),
                "average": found.average,
                **{f"group {name}": score for name, score in found.groups.items()},
                **means,
            }
        )
    return pd.DataFrame(rows)
