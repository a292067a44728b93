"""Which curricula are the best of a study, as far as it knows? Confirmed ones first.

Nothing here reads the report split. The empty curriculum is a baseline: it is among the best only
where no other curriculum beat it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from analysis.finals import final_values
from analysis.objective import Objective, objective_values
from spaces.curriculum import EMPTY_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """One of the best curricula."""

    curriculum: str
    phase: str
    """confirm: on fresh seeds with full targets; search: not confirmed."""
    value: float
    """The objective on the search split, mean over seeds."""
    seeds: tuple[tuple[int, int], ...]
    """Stage and target seed of every repetition, in the order of the file."""


def best_curricula(frame: pd.DataFrame, objective: Objective) -> list[Best]:
    """All curricula that ran to the end, best first, without those that the empty one beats.

    Confirmed curricula come before the others, since the values of the search are optimistic.

    Args:
        frame: observations of both phases.
        objective: the study's.
    """
    values = objective_values(frame, objective)
    last = values[(values["rung"] == values["num_rungs"] - 1) & (values["variant"] == "")]
    chosen = last[(last["phase"] == "confirm") & last["role"].isin(("candidate", "baseline"))]
    confirmed = _ranked(chosen, "confirm", on_common_seeds=True)
    known = {best.curriculum for best in confirmed}
    searched = _ranked(final_values(values), "search", on_common_seeds=False)
    found = confirmed + [best for best in searched if best.curriculum not in known]
    return [best for place, best in enumerate(found) if best.curriculum != EMPTY_TEXT or place == 0]


def _ranked(chosen: pd.DataFrame, phase: str, *, on_common_seeds: bool) -> list[Best]:
    """Curricula of a phase by their mean, over all their seeds or those that all of them have."""
    found: dict[str, dict[tuple[int, int], float]] = {}
    columns = ["curriculum", "stage_seed", "target_seed", "value"]
    for text, stage_seed, target_seed, value in chosen[columns].itertuples(index=False, name=None):
        found.setdefault(text, {})[stage_seed, target_seed] = value
    common = set.intersection(*map(set, found.values())) if found else set()
    ranked = [
        Best(
            curriculum=text,
            phase=phase,
            value=fmean(own[seeds] for seeds in kept),
            seeds=kept,
        )
        for text, own in found.items()
        if (kept := tuple(seeds for seeds in own if not on_common_seeds or seeds in common))
    ]
    return sorted(ranked, key=lambda best: (-best.value, best.curriculum))
