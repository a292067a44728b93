"""Which targets tell the curricula of a search apart, and which does its probe leave blind?

A target is blind where many curricula have the very same score: after too few examples a model
gives every item one answer, whatever it was trained on before, and the search learns nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi, sqrt
from statistics import fmean

import pandas as pd

from analysis.noise import noise_by_rung, scored_at
from analysis.objective import Objective, ScoredTarget

FEWEST = 8
"""Curricula below which equal scores say nothing."""
MANY = 0.25
"""Share of curricula with the very same score from which on a target may be blind."""
ERRORS = 3.0
"""Standard errors above the share of ties up to which they explain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetNoise:
    """One target at the last rung of the search; scores in [0, 1]."""

    target: str
    num_curricula: int
    spread: float | None
    """Standard deviation of the target's score between curricula; None for fewer than two."""
    noise: float | None
    """Within curricula over seeds; None if no curriculum was repeated."""
    reliability: float | None
    """Share of the variance between curricula that is not noise."""
    equal: float
    """Share of curricula with the most frequent score of a language, mean over languages."""
    explained: float
    """The largest share that ties alone explain, at that number of items and curricula."""

    @property
    def is_blind(self) -> bool:
        """Whether the probe tells next to nothing about this target."""
        enough = self.num_curricula >= FEWEST
        return enough and self.equal >= max(MANY, self.explained)


def target_noises(
    frame: pd.DataFrame, objective: Objective, values: pd.DataFrame
) -> list[TargetNoise]:
    """Every target that counts, at the last rung that a trial on the study's own seeds reached.

    Args:
        frame: observations.
        objective: what counts.
        values: theirs, as `objective_values` gives them, or some of them.
    """
    search = values[values["phase"] == "search"]
    own = search[search["role"] != "noise"]
    if own.empty:
        return []
    scored = scored_at(frame, objective, rung=int(own["rung"].max()))
    return [
        _of_target(scored, search[search["rung"] == own["rung"].max()], objective, target)
        for target in objective.targets
        if target.name in objective.needed
    ]


def blindness(found: TargetNoise) -> str:
    """What a blind target means, for people."""
    return (
        f"{found.target}: {found.equal:.0%} of the curricula have the very same score in a "
        f"language (ties explain {found.explained:.0%}), as models that give every item one "
        "answer: the probe is too small for it, and the search learns little of it (probe.train)"
    )


def _of_target(
    scored: pd.DataFrame, values: pd.DataFrame, objective: Objective, target: ScoredTarget
) -> TargetNoise:
    (last,) = noise_by_rung(values.assign(value=values[target.name])).values()
    ties = list(_ties(scored, objective, target))
    return TargetNoise(
        target=target.name,
        num_curricula=last.num_curricula,
        spread=last.spread,
        noise=last.noise,
        reliability=last.reliability,
        equal=fmean(equal for equal, _ in ties),
        explained=fmean(explained for _, explained in ties),
    )


def _ties(
    scored: pd.DataFrame, objective: Objective, target: ScoredTarget
) -> Iterator[tuple[float, float]]:
    """By language, the share of the most frequent score and what ties explain of it."""
    own = scored[
        (scored["target"] == target.name) & (scored["role"] != "noise") & scored["value"].notna()
    ]
    for language in objective.languages(target):
        rows = own[own["language"] == language]
        counts = rows["value"].value_counts()
        others = rows.loc[rows["value"] != counts.index[0], "value"]
        by_chance = _share_by_chance(others, step=1 / rows["items"].iloc[0])
        error = sqrt(by_chance * (1 - by_chance) / len(rows))
        yield float(counts.iloc[0] / len(rows)), by_chance + ERRORS * error


def _share_by_chance(scores: pd.Series[float], *, step: float) -> float:
    """Most frequent one of normal scores of this spread that fall on steps; 0.0 without spread.

    Of the scores that differ from the most frequent one: that one would make the spread small.
    """
    spread = float(scores.std()) if len(scores) > 1 else 0.0
    return min(1.0, step / (spread * sqrt(2 * pi))) if spread else 0.0
