"""What of statistics is wanted everywhere? Student's t, ranks, adjusted p-values; in milliseconds.

`scipy.stats` has the same and takes half a second to import, more than all else that opens a
report; its special functions do not. The tests compare both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


def t_quantile(chance: float, degrees: float) -> float:
    """Where Student's t with so many degrees of freedom has this chance below it."""
    return float(special.stdtrit(degrees, chance))


def t_above(value: Any, degrees: float) -> Array:
    """Chance of Student's t above a value, of the value's shape."""
    return np.asarray(special.stdtr(degrees, -np.asarray(value)), dtype=np.float64)


def normal_quantile(chance: float) -> float:
    """Where the standard normal distribution has this chance below it."""
    return float(special.ndtri(chance))


def ranks(values: Any) -> Array:
    """Ranks from 1, equal values the mean of theirs; of the values' shape, over all of them."""
    table = np.asarray(values, dtype=np.float64)
    return np.asarray(pd.Series(table.ravel()).rank(), dtype=np.float64).reshape(table.shape)


def spearman(first: Any, second: Any) -> float:
    """Rank correlation of two sequences of the same length, each with some spread."""
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def benjamini_hochberg(p_values: Array) -> Array:
    """The expected share of false findings below each: m p / k for the k-th smallest of m."""
    order = np.argsort(p_values)[::-1]
    count = len(p_values)
    steps = p_values[order] * count / np.arange(count, 0, -1)
    found = np.empty_like(p_values)
    found[order] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return found
