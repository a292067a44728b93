"""Did the rungs rank curricula as the end did, and may stopping have dropped the best?

Estimated from the trials that ran to the end (noise seeds left out): without any there is nothing
to compare with. Rank agreement is Spearman's; under stopping the survivors are a selection, so it
is lower than it would be over all curricula. The chance that a stopped trial would have beaten
the best final score comes from the straight line of final scores over rung scores: each stopped
trial has Student's predictive distribution around it (a fit on the very score that selected is
not biased by the selection), and trials are taken as independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from analysis.statistics.distributions import spearman, t_above

MIN_FINALS = 4
"""Finals for a predictive distribution with two degrees of freedom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungAgreement:
    """How well one rung ranked the finals."""

    rung: int
    n: int
    """Trials that ran to the end, with a value here."""
    spearman: float | None
    """None for fewer than three, or without spread."""
    num_stopped: int
    """Trials whose last value is here: stopped, or still running."""
    best_dropped: float | None
    """Chance that one of those would have ended above the best final score."""
    basis: str
    """How it was estimated, or why it was not; a clause for people."""


def rung_agreement(values: pd.DataFrame) -> tuple[RungAgreement, ...]:
    """Agreement of every rung but the last with the final values of the search.

    Args:
        values: as `objective_values` gives them.
    """
    own = values[(values["phase"] == "search") & (values["role"] != "noise")]
    keys = ["curriculum", "stage_seed", "target_seed"]
    by_rung = own.pivot_table(index=keys, columns="rung", values="value", aggfunc="first")
    last = int(own["num_rungs"].max()) - 1 if len(own) else 0
    if last not in by_rung.columns:
        by_rung[last] = float("nan")
    return tuple(_of_rung(by_rung, rung, last) for rung in range(last) if rung in by_rung.columns)


def _of_rung(by_rung: pd.DataFrame, rung: int, last: int) -> RungAgreement:
    ended = by_rung[by_rung[rung].notna() & by_rung[last].notna()]
    later = [column for column in by_rung.columns if int(column) > rung]
    stopped = by_rung[by_rung[rung].notna() & by_rung[later].isna().all(axis=1)]
    here, final = list(ended[rung]), list(ended[last])
    values = [float(value) for value in stopped[rung]]
    dropped, basis = _best_dropped(here, final, values)
    return RungAgreement(
        rung=rung,
        n=len(ended),
        spearman=_spearman(here, final),
        num_stopped=len(values),
        best_dropped=dropped,
        basis=basis,
    )


def _spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return spearman(first, second)


def _best_dropped(
    here: Sequence[float], final: Sequence[float], stopped: Sequence[float]
) -> tuple[float | None, str]:
    if not stopped:
        return 0.0, "no trial ended here"
    n = len(here)
    if n == 0:
        return None, "not estimable: no trial ran to the end"
    if n < MIN_FINALS or len(set(here)) < 2:
        return None, f"not estimable: {n} trials ran to the end, {MIN_FINALS} different are needed"
    chances = _chances_above(np.asarray(here), np.asarray(final), np.asarray(stopped))
    basis = f"line of final over rung scores of the {n} trials that ran to the end"
    return 1 - float(np.prod(1 - chances)), basis


def _chances_above(
    here: np.ndarray[tuple[int], np.dtype[np.float64]],
    final: np.ndarray[tuple[int], np.dtype[np.float64]],
    stopped: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """For each stopped score, the chance that its final one would exceed the best; (stopped,)."""
    n, centre = len(here), here.mean()
    squares = float(((here - centre) ** 2).sum())
    slope = float(((here - centre) * (final - final.mean())).sum()) / squares
    rest = final - final.mean() - slope * (here - centre)
    residual = sqrt(float((rest**2).sum()) / (n - 2))
    predicted = final.mean() + slope * (stopped - centre)
    width = residual * np.sqrt(1 + 1 / n + (stopped - centre) ** 2 / squares)
    width = np.maximum(width, np.finfo(float).tiny)
    return t_above((final.max() - predicted) / width, n - 2)
