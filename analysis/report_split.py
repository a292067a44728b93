"""What does the report split say of each confirmed trial? Read after the winner is fixed.

Proxy languages chose the winner, so they leave every reported mean; English stands apart, since
zero-shot means are over the other languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from analysis.objective import ENGLISH, Objective

AVERAGE = "average"
"""Stands for the mean over targets, beside the targets' names."""

Name = tuple[str, str]
"""Curriculum and variant."""
Seeds = tuple[int, int]
"""Stage seed and target seed: one repetition."""
Cells = Mapping[tuple[str, str], float]
"""Main metric by (target, language)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSplit:
    """Report scores of every trial of the confirmation that has them all."""

    cells: Mapping[Name, Mapping[Seeds, Cells]]
    targets: tuple[str, ...]
    """Targets with report scores, in the order of the objective."""
    left_out: frozenset[str]
    """Languages that leave every reported mean: English and the proxies."""
    incomplete: tuple[str, ...]
    """Trials left out because scores are missing, for people."""

    def reports(self, name: Name) -> dict[str, dict[Seeds, float]]:
        """Mean over the reported languages, by target (and AVERAGE) and seeds."""
        return self._by_target(name, english=False)

    def english(self, name: Name) -> dict[str, dict[Seeds, float]]:
        """English score, by target (and AVERAGE, over those that have one) and seeds."""
        return self._by_target(name, english=True)

    def _by_target(self, name: Name, *, english: bool) -> dict[str, dict[Seeds, float]]:
        found: dict[str, dict[Seeds, float]] = {}
        for seeds, cells in self.cells.get(name, {}).items():
            for target, score in self._means(cells, english=english).items():
                found.setdefault(target, {})[seeds] = score
        return found

    def _means(self, cells: Cells, *, english: bool) -> dict[str, float]:
        means = {}
        for target in self.targets:
            scores = [
                score
                for (name, language), score in cells.items()
                if name == target
                and (language == ENGLISH if english else language not in self.left_out)
            ]
            if scores:
                means[target] = fmean(scores)
        return means | ({AVERAGE: fmean(means.values())} if means else {})


def report_split(frame: pd.DataFrame, objective: Objective) -> ReportSplit:
    """Report scores of the confirm phase, at the last rung.

    A trial that lacks a (target, language) which another one has is left out and named.
    """
    runs = _runs(frame, objective)
    wanted = {cell for by_seed in runs.values() for cells in by_seed.values() for cell in cells}
    scored = {target for target, _ in wanted}
    whole: dict[Name, dict[Seeds, Cells]] = {}
    incomplete = []
    for name, by_seed in runs.items():
        for seeds, cells in by_seed.items():
            if cells.keys() == wanted:
                whole.setdefault(name, {})[seeds] = cells
            else:
                missing = len(wanted - cells.keys())
                incomplete.append(f"{label(name)}, seeds {seeds}: {missing} scores are missing")
    return ReportSplit(
        cells=whole,
        targets=tuple(t.name for t in objective.targets if t.name in scored),
        left_out=frozenset((*objective.guides, ENGLISH)),
        incomplete=tuple(incomplete),
    )


def label(name: Name) -> str:
    """A curriculum with what its control changes."""
    return f"{name[0]} ({name[1]})" if name[1] else name[0]


def _runs(
    frame: pd.DataFrame, objective: Objective
) -> dict[Name, dict[Seeds, dict[tuple[str, str], float]]]:
    metric_of = frame["target"].map(objective.metrics)
    rows = frame[
        (frame["phase"] == "confirm")
        & (frame["part"] == "evaluation")
        & (frame["split"] == "report")
        & (frame["metric"] == metric_of)
        & (frame["rung"] == frame["num_rungs"] - 1)
        & frame["value"].notna()
    ]
    columns = ["curriculum", "variant", "stage_seed", "target_seed", "target", "language", "value"]
    runs: dict[Name, dict[Seeds, dict[tuple[str, str], float]]] = {}
    for text, variant, stage_seed, target_seed, target, language, value in rows[columns].itertuples(
        index=False, name=None
    ):
        of_name = runs.setdefault((text, variant), {})
        of_name.setdefault((stage_seed, target_seed), {})[target, language] = value
    return runs
