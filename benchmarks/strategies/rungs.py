"""How well does each rung tell curricula apart? Read off a table, without any search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import pandas as pd
from scipy.stats import spearmanr

from analysis.objective import objective_values
from analysis.target_noise import TargetNoise, target_noises
from benchmarks.strategies.kept import seeing, sets_of
from search.objectives import recorded_objective
from search.recorded_table import OBSERVATIONS, RecordedTable
from spaces.stopping import pooled_sd


@dataclass(frozen=True, slots=True, kw_only=True)
class RungQuality:
    """How well one rung tells curricula apart."""

    scale: float
    """Fraction of the probe."""
    with_truth: float
    """Spearman's correlation of one trial's value with the truth; mean over seeds, each seen in
    turn with others."""
    between_seeds: float
    """Of two seeds with each other, mean over pairs."""
    reliability: float
    """1 - noise variance / observed variance."""
    best_in_third: float
    """Share of seeds at which the true best is in the highest third: it would go on."""
    pick_within: float
    """Share of the sets of seeds that searches see by whose mean the highest of all curricula is
    as good as the true best: a search that trained everything at this rung would be so often."""
    blind: tuple[TargetNoise, ...]
    """Targets that it does not tell curricula apart by, at the first seed."""


def reliability_of_mean(reliability: float, seeds: int) -> float:
    """Of means over so many seeds, from that of one (Spearman 1910; Brown 1910)."""
    return seeds * reliability / (1 + (seeds - 1) * reliability)


def rung_qualities(table: RecordedTable) -> list[RungQuality]:
    """All rungs of the table's study, over the whole space and all whole seeds."""
    frame = pd.read_parquet(table.folder / OBSERVATIONS)
    objective = recorded_objective(table.config, frame)
    assert objective is not None, "a table has finished trials"
    values = objective_values(frame, objective)
    sets = sets_of(table.folder)
    seeds = sorted({seed for seen in sets for seed in seen})
    scales = frame.groupby("rung")["scale"].max()
    alone = frame[frame["stage_seed"] == seeds[0]]
    found = []
    for rung, own in values.groupby("rung"):
        wide = own.pivot_table(index="curriculum", columns="stage_seed", values="value")
        wide = wide.loc[[text for text in wide.index if text in table.truths], seeds].dropna()
        noises = target_noises(alone, objective, own[own["stage_seed"] == seeds[0]])
        blind = tuple(of for of in noises if of.is_blind)
        judged = [_judged(wide, seeing(table.folder, seen)) for seen in sets]
        found.append(_quality(wide, judged, scale=float(scales[rung]), blind=blind))
    return found


def _quality(
    wide: pd.DataFrame,
    judged: Sequence[tuple[float, float, float]],
    *,
    scale: float,
    blind: tuple[TargetNoise, ...],
) -> RungQuality:
    own = (wide - wide.mean()).to_numpy()  # what a seed does to all alike ranks nothing
    noise = pooled_sd([list(row) for row in own]) or 0.0
    with_truth, best_in_third, pick_within = map(fmean, zip(*judged, strict=True))
    return RungQuality(
        scale=scale,
        with_truth=with_truth,
        between_seeds=fmean(
            float(spearmanr(wide[one], wide[other]).statistic)
            for one, other in combinations(wide.columns, 2)
        ),
        reliability=1 - noise**2 / float(own.var(axis=0, ddof=1).mean()),
        best_in_third=best_in_third,
        pick_within=pick_within,
        blind=blind,
    )


def _judged(wide: pd.DataFrame, table: RecordedTable) -> tuple[float, float, float]:
    """By the truth that searches of these seeds do not see: correlation, best in third, pick."""
    seen = wide[list(table.facts.seen)]
    truth = [table.true_value(text) for text in seen.index]
    ranks = seen.rank(ascending=False).loc[[table.best]].to_numpy()
    pick = str(seen.mean(axis=1).idxmax())
    return (
        fmean(float(spearmanr(seen[seed], truth).statistic) for seed in seen),
        float((ranks <= len(seen) / 3).mean()),
        float(table.regret(pick) <= table.tolerance),
    )
