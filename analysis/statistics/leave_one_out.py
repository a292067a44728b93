"""Would a number have told how much a language gains, before anybody trained?

Each language is left out in turn and predicted from the others: by a straight line on one
covariate, and by their mean. Skill is the share of the mean's error that the line saves. It has no
interval: the errors share the lines that are fitted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.statistics.correlations import MIN_LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """How well a covariate predicts languages that it has not seen."""

    covariate: str
    n: int
    """Languages, each left out once."""
    error: float
    """Mean absolute error of the straight line, in the outcome's unit."""
    error_of_mean: float
    """The same of the mean of the others."""
    skill: float
    """1 - error / error_of_mean: 1 foretells all, 0 is no better than the mean, below 0 worse."""
    note: str
    """Why there is no number, in which case the numbers are NaN; else ""."""


def leave_one_out(outcome: pd.Series[float], covariate: pd.Series[float]) -> Prediction:
    """Predict each language from the others.

    Args:
        outcome: index: language.
        covariate: of the same index, NaN where unknown; such languages take no part.
    """
    both = pd.DataFrame({"y": outcome, "x": covariate}).dropna()
    x, y, n = both["x"].to_numpy(), both["y"].to_numpy(), len(both)
    name = str(covariate.name)
    if n < MIN_LANGUAGES or np.ptp(y) == 0:
        few = f"{n} languages, at least {MIN_LANGUAGES} are needed"
        why = few if n < MIN_LANGUAGES else "all languages are alike"
        gone = float("nan")
        return Prediction(covariate=name, n=n, error=gone, error_of_mean=gone, skill=gone, note=why)
    others = [np.arange(n) != i for i in range(n)]
    line = np.array([_line(x[own], y[own], x[~own][0]) for own in others])
    mean = np.array([y[own].mean() for own in others])
    error, of_mean = float(np.abs(line - y).mean()), float(np.abs(mean - y).mean())
    return Prediction(
        covariate=name, n=n, error=error, error_of_mean=of_mean, skill=1 - error / of_mean, note=""
    )


def _line(
    x: np.ndarray[tuple[int], np.dtype[np.float64]],
    y: np.ndarray[tuple[int], np.dtype[np.float64]],
    at: float,
) -> float:
    """Least squares; the mean where x does not vary, as when the one other script is left out."""
    square = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * y).sum()) / square if square else 0.0
    return float(y.mean()) + slope * (at - float(x.mean()))
