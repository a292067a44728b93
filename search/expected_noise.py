"""How much noise will the rungs have, and what is the cheapest remedy? Measured, or bounded.

With observations of the same study the noise is the one measured (`analysis/noise.py`). Without
them only the part that finite items can explain is known, and the spread is an assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import pandas as pd

from analysis.noise import (
    WANTED_RELIABILITY,
    RungNoise,
    noise_by_rung,
    remedies,
    variance_from_items,
)
from analysis.objective import Objective, objective_values
from analysis.observations import TRIAL
from search.forecast_means import Noise
from spaces.stopping import MIN_RELIABILITY

ASSUMED_SCORE = 0.5
"""Where the score of an item varies most."""
ASSUMED_SPREAD = 0.02
"""Standard deviation between curricula, in the value's unit. The best of nine single tasks per
target gained 5.4 points in Phang et al. 2020; the best of nine draws lies 1.5 standard deviations
above their mean, so 3.6 points are the most that this allows, and the search picks over all targets
at once."""
ASSUMED_GAIN_UNIT = 0.5
"""sqrt(p (1 - p)) at the assumed score: a standardised gain is so many times larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseForecast:
    """Noise at each rung."""

    rungs: tuple[Noise, ...]
    measured: bool
    """From observations of this study; else items alone and an assumed spread."""
    source: str
    """For people: where the numbers are from and what they leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedies:
    """What would make a rung reliable."""

    rung: int
    table: pd.DataFrame
    """As `analysis.noise.remedies`, the cheapest first."""


def expected_noise(
    objective: Objective,
    items: Mapping[tuple[str, str], int],
    *,
    num_rungs: int,
    frame: pd.DataFrame,
) -> NoiseForecast:
    """Noise and spread at each rung.

    Args:
        objective: what counts.
        items: scored items by (target, language) in the search.
        num_rungs: rungs of the study.
        frame: observations of the study; maybe none.
    """
    found = noise_by_rung(objective_values(frame, objective))
    if all(_is_known(found.get(rung)) for rung in range(num_rungs)):
        return _measured(found, frame, num_rungs)
    noise = sqrt(variance_from_items(objective, dict.fromkeys(items, ASSUMED_SCORE), items))
    spread = ASSUMED_SPREAD / (ASSUMED_GAIN_UNIT if objective.needs_empty else 1.0)
    return NoiseForecast(
        rungs=(Noise(noise=noise, spread=spread),) * num_rungs,
        measured=False,
        source=(
            "Not measured: this study has no run folder with its noise seeds yet. Noise here is "
            f"the most that the number of items explains (items at a score of {ASSUMED_SCORE:g}); "
            "what training seeds add comes on top, and since curricula share their items, part of "
            "it cancels. The spread between curricula is assumed."
        ),
    )


def remedies_for(
    noise: NoiseForecast, objective: Objective, frame: pd.DataFrame, cost: Mapping[str, float]
) -> Remedies | None:
    """What to do about the first rung that would stop nothing; None if there is none.

    Args:
        noise: of all rungs; the last stops nothing anyway and needs no remedy if it is one of
            several.
        objective: what counts.
        frame: observations of the study; used if the noise was measured.
        cost: examples of a whole trial by part; used if it was not.
    """
    deciding = noise.rungs[:-1] or noise.rungs
    weak = [rung for rung, here in enumerate(deciding) if here.reliability < MIN_RELIABILITY]
    if not weak:
        return None
    if noise.measured:
        return Remedies(rung=weak[0], table=remedies(frame, objective, rung=weak[0]))
    return Remedies(rung=weak[0], table=_remedies_of_items(noise.rungs[weak[0]], cost))


def _is_known(rung: RungNoise | None) -> bool:
    return rung is not None and rung.noise is not None and rung.true_spread is not None


def _measured(found: Mapping[int, RungNoise], frame: pd.DataFrame, num_rungs: int) -> NoiseForecast:
    rungs = [found[rung] for rung in range(num_rungs)]
    trials = len(frame[frame["phase"] == "search"][list(TRIAL)].drop_duplicates())
    return NoiseForecast(
        rungs=tuple(Noise(noise=r.noise or 0.0, spread=r.true_spread or 0.0) for r in rungs),
        measured=True,
        source=(
            f"Measured in the run folder: {trials} trials, {rungs[0].num_repeated} curricula on "
            f"several seeds ({rungs[0].degrees} degrees of freedom)."
        ),
    )


def _remedies_of_items(here: Noise, cost: Mapping[str, float]) -> pd.DataFrame:
    """What would bring the noise of items down to the wanted reliability, and what it costs."""
    allowed = here.spread**2 * (1 - WANTED_RELIABILITY) / WANTED_RELIABILITY
    times, whole = here.noise**2 / allowed, sum(cost.values())
    rows = [
        ("more items", times, whole + (times - 1) * cost["evaluation"], True),
        ("more seeds", float(ceil(times)), ceil(times) * whole, True),
    ]
    table = pd.DataFrame(rows, columns=["remedy", "times", "examples", "enough"])
    return table.sort_values("examples", ignore_index=True)
