"""How well does each rung tell curricula apart? Read off a table, without any search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations, product
from statistics import fmean

import pandas as pd
from scipy.stats import spearmanr

from analysis.objective import objective_values
from analysis.observations import as_frame
from analysis.target_noise import TargetNoise, target_noises
from benchmarks.strategies.kept import seeing, sets_of
from search.objectives import recorded_objective
from search.recorded_table import RecordedTable, TableError
from search.simulation import planner_on
from spaces.rungs import RUNG_DEFINITIONS
from spaces.stopping import pooled_sd


@dataclass(frozen=True, slots=True, kw_only=True)
class RungQuality:
    """How well one rung tells curricula apart."""

    name: str
    """Definition and place."""
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
    with_last: Mapping[str, float]
    """Spearman's correlation of each target's score, mean over seeds, with that at the last rung:
    what a probe that is too small likes is not always what is good."""


def reliability_of_mean(reliability: float, seeds: int) -> float:
    """Of means over so many seeds, from that of one (Spearman 1910; Brown 1910)."""
    return seeds * reliability / (1 + (seeds - 1) * reliability)


def rung_qualities(table: RecordedTable) -> list[RungQuality]:
    """Rungs of every definition that is recorded, over the whole space and all whole seeds."""
    sets = sets_of(table.folder)
    seeds = sorted({seed for seen in sets for seed in seen})
    judges = [seeing(table.folder, seen) for seen in sets]
    found: list[RungQuality] = []
    for definition in RUNG_DEFINITIONS:
        with suppress(TableError):  # it was not recorded
            found += _qualities(_observed(table, definition, seeds), definition, judges)
    return found


def _observed(table: RecordedTable, definition: str, seeds: Sequence[int]) -> pd.DataFrame:
    """What every rung of every curriculum scored at these seeds.

    Raises:
        TableError: if some of it is not recorded.
    """
    assert table.config.stopping is not None, "tables have rungs"
    stopping = table.config.stopping.model_copy(update={"rungs": definition})
    planner = planner_on(table, table.config.model_copy(update={"stopping": stopping}))
    space = dict.fromkeys((*planner.given().baselines, *planner.space.enumerate()))
    rows = []
    for seed, curriculum in product(seeds, space):
        assignment = planner.search(curriculum, "sampled", seed)
        own: dict[str, object] = {"curriculum": assignment.curriculum, "role": "sampled"}
        own |= {"variant": "", "num_rungs": len(assignment.rungs)}
        for work in assignment.rungs:
            cell = table.cell(work, stage_seed=seed, target_seed=seed)
            rows += [row | own | {"rung": work.index} for row in cell.rows]
    return as_frame(rows)


def _qualities(
    frame: pd.DataFrame, definition: str, judges: Sequence[RecordedTable]
) -> Iterator[RungQuality]:
    objective = recorded_objective(judges[0].config, frame)
    assert objective is not None, "a table has finished trials"
    values = objective_values(frame, objective)
    first = values[values["stage_seed"] == values["stage_seed"].min()]
    alone = frame[frame["stage_seed"] == frame["stage_seed"].min()]
    count = int(values["rung"].max()) + 1
    names = list(objective.metrics)
    means = values.groupby(["rung", "curriculum"])[names].mean()
    # the last rung is the same whatever a rung is
    for index in range(count if definition == RUNG_DEFINITIONS[0] else count - 1):
        own = values[values["rung"] == index]
        wide = own.pivot_table(index="curriculum", columns="stage_seed", values="value").dropna()
        # curricula that share a prefix are one model there: equal scores are no blindness
        noises = (
            []
            if definition == "stages"
            else target_noises(alone, objective, first[first["rung"] == index])
        )
        yield _quality(
            wide,
            [_judged(wide, judge) for judge in judges],
            name=f"{definition}, {index + 1} of {count}",
            blind=tuple(of for of in noises if of.is_blind),
            with_last={
                name: float(spearmanr(means.loc[index][name], means.loc[count - 1][name]).statistic)
                for name in names
            },
        )


def _quality(
    wide: pd.DataFrame,
    judged: Sequence[tuple[float, float, float]],
    *,
    name: str,
    blind: tuple[TargetNoise, ...],
    with_last: Mapping[str, float],
) -> RungQuality:
    own = (wide - wide.mean()).to_numpy()  # what a seed does to all alike ranks nothing
    noise = pooled_sd([list(row) for row in own]) or 0.0
    with_truth, best_in_third, pick_within = map(fmean, zip(*judged, strict=True))
    return RungQuality(
        name=name,
        with_truth=with_truth,
        between_seeds=fmean(
            float(spearmanr(wide[one], wide[other]).statistic)
            for one, other in combinations(wide.columns, 2)
        ),
        reliability=1 - noise**2 / float(own.var(axis=0, ddof=1).mean()),
        best_in_third=best_in_third,
        pick_within=pick_within,
        blind=blind,
        with_last=with_last,
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
