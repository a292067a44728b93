"""How much of a difference between curricula is noise, and what would make it less?

s_r is the standard deviation of the value within curricula over seeds at a rung, pooled (DESIGN
idea 3); reliability is 1 - s_r^2 / observed variance. The remedies are variance arithmetic, not
measured: k seeds divide s_r^2 by k; m times the items divide at most the share that finite items
can explain by m; a later rung has the noise measured there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from analysis.objective import Objective, Scores, aggregate, objective_values
from analysis.observations import CONTENDER, TRIAL
from analysis.savings import PARTS
from spaces.stopping import pooled_sd, reliability

WANTED_RELIABILITY = 0.75
"""Three quarters of the variance between curricula is then theirs, not noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungNoise:
    """Noise and spread of the values at one rung of the search."""

    rung: int
    noise: float | None
    """s_r; None if no curriculum was repeated."""
    degrees: int
    """Its degrees of freedom."""
    num_repeated: int
    """Curricula that were repeated."""
    num_curricula: int
    """Curricula with a value at the study's own seeds."""
    spread: float | None
    """Standard deviation between them; None for fewer than two."""
    reliability: float | None

    @property
    def true_spread(self) -> float | None:
        """What is left of the spread without noise; 0 if noise explains it all."""
        if self.noise is None or self.spread is None:
            return None
        return sqrt(max(0.0, self.spread**2 - self.noise**2))


def noise_by_rung(values: pd.DataFrame) -> dict[int, RungNoise]:
    """Noise and reliability of every rung of the search.

    Args:
        values: as `objective_values` gives them.
    """
    search = values[values["phase"] == "search"]
    rungs = sorted({int(rung) for rung in search["rung"]})
    return {rung: _of_rung(rung, search[search["rung"] == rung]) for rung in rungs}


def in_question(noises: Mapping[int, RungNoise]) -> str:
    """What the noise of rungs answers; where there is only one, nothing was stopped at it."""
    return f"Can the {'rungs' if max(noises, default=0) > 0 else 'scores'} be believed?"


def _of_rung(rung: int, at_rung: pd.DataFrame) -> RungNoise:
    seeds = ["curriculum", "stage_seed", "target_seed"]
    # A contender was chosen for a high first value, which is not like its others.
    fair = at_rung[at_rung["variant"] != CONTENDER]
    distinct = fair.drop_duplicates(seeds)  # a crowded prefix may also be a trial of its own
    groups = [list(g["value"]) for _, g in distinct.groupby("curriculum")]
    repeated = [group for group in groups if len(group) > 1]
    noise = pooled_sd(repeated)
    own = list(at_rung[at_rung["role"] != "noise"]["value"])
    return RungNoise(
        rung=rung,
        noise=noise,
        degrees=sum(len(group) - 1 for group in repeated),
        num_repeated=len(repeated),
        num_curricula=len(own),
        spread=stdev(own) if len(own) > 1 else None,
        reliability=None if noise is None else reliability(noise, own),
    )


def remedies(
    frame: pd.DataFrame, objective: Objective, *, rung: int, wanted: float = WANTED_RELIABILITY
) -> pd.DataFrame:
    """What would make a rung reliable, and what each remedy costs per trial.

    Args:
        frame: observations.
        objective: what counts.
        rung: the rung that is not reliable enough.
        wanted: reliability to reach, in (0, 1).

    Returns:
        A row per remedy, the cheapest that suffices first: remedy, times (how many times as many
        seeds, items, or examples), examples (per trial up to this rung, with the remedy), enough
        (whether it can reach the wanted reliability). Empty where noise or spread are unknown.
    """
    rungs = noise_by_rung(objective_values(frame, objective))
    noise, spread = (rungs[rung].noise, rungs[rung].true_spread) if rung in rungs else (None, None)
    if not noise or not spread:
        return _ranked([])
    noise_variance = noise**2
    allowed = spread**2 * (1 - wanted) / wanted
    cost = _cost_until(frame, rung)
    from_items = min(noise_variance, item_variance(frame, objective, rung=rung))
    rest = allowed - (noise_variance - from_items)
    seeds = max(1, ceil(noise_variance / allowed - 1e-9))
    items = max(1.0, from_items / rest) if rest > 0 else float("inf")
    return _ranked(
        [
            ("more seeds", float(seeds), seeds * sum(cost.values()), True),
            ("more items", items, sum(cost.values()) + (items - 1) * cost["evaluation"], rest > 0),
            *_later_rung(frame, rungs, rung, wanted, sum(cost.values())),
        ]
    )


def item_variance(frame: pd.DataFrame, objective: Objective, *, rung: int) -> float:
    """Most variance that the finite number of items can give the value of one trial at a rung.

    The score of an item in [0, 1] with mean p varies by at most p (1 - p); the value is a weighted
    mean of scores. An upper bound, since curricula are scored on the same items.
    """
    cells = scored_at(frame, objective, rung=rung)
    scores, items = (
        cells.groupby(["target", "language"])[column].mean().to_dict()
        for column in ("value", "items")
    )
    return variance_from_items(objective, scores, items)


def scored_at(frame: pd.DataFrame, objective: Objective, *, rung: int) -> pd.DataFrame:
    """What a search read at a rung: of every target its main metric, on the search split."""
    metric_of = frame["target"].map(objective.metrics)
    return frame[
        (frame["part"] == "evaluation")
        & (frame["split"] == "search")
        & (frame["phase"] == "search")
        & (frame["rung"] == rung)
        & (frame["metric"] == metric_of)
    ]


def variance_from_items(
    objective: Objective, scores: Mapping[Any, float], items: Mapping[Any, float]
) -> float:
    """The same from the scores and numbers of items by (target, language)."""
    total = 0.0
    for target, weight in _target_weights(objective, scores).items():
        languages = objective.needed[target]
        for p, n in ((scores[target, lang], items[target, lang]) for lang in languages):
            total += (weight / len(languages)) ** 2 * p * (1 - p) / n
    return total


def _target_weights(objective: Objective, typical: Mapping[Any, float]) -> Scores:
    """What one point of a target adds to the value: every aggregate is linear in the scores."""
    zero = dict.fromkeys(objective.needed, 0.0)
    empty = {
        name: fmean(typical[name, language] for language in languages)
        for name, languages in objective.needed.items()
    }
    base = aggregate(zero, objective, empty=empty) or 0.0
    return {
        name: (aggregate({**zero, name: 1.0}, objective, empty=empty) or 0.0) - base
        for name in zero
    }


def _cost_until(frame: pd.DataFrame, rung: int) -> Mapping[str, float]:
    """Examples needed per trial up to a rung, by part; the mean over trials that reached it."""
    search = frame[(frame["phase"] == "search") & (frame["role"] != "noise")]
    trials = search.groupby(list(TRIAL))
    needed = [
        own[own["rung"] <= rung].groupby("part")["examples_needed"].sum()
        for _, own in trials
        if own["rung"].max() >= rung
    ]
    return {part: fmean(float(own.get(part, 0.0)) for own in needed) for part in PARTS}


def _later_rung(
    frame: pd.DataFrame, rungs: Mapping[int, RungNoise], rung: int, wanted: float, cost: float
) -> list[tuple[str, float, float, bool]]:
    """The first later rung that is reliable enough, or else the last one."""
    later = {r: rungs[r].reliability or 0.0 for r in rungs if r > rung}
    if not later:
        return []
    chosen = next((r for r, reliable in later.items() if reliable >= wanted), max(later))
    until = sum(_cost_until(frame, chosen).values())
    return [
        (f"first comparison at rung {chosen}", until / cost, until, later[chosen] >= wanted),
    ]


def _ranked(rows: list[tuple[str, float, float, bool]]) -> pd.DataFrame:
    ordered = sorted(rows, key=lambda row: (not row[3], row[2]))
    return pd.DataFrame(ordered, columns=["remedy", "times", "examples", "enough"])
