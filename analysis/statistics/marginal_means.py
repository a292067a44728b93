"""What is the mean of a language, where not every target has every language?

A plain mean would say of a language that it is hard because the targets that have it are. So the
mean is that of a sum of a language's and a target's (or task's) part, fitted by least squares:
estimated marginal means (Searle, Speed and Milliken, American Statistician 1980). Where every
target has every language it is the plain mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def marginal_means(
    rows: pd.DataFrame, value: str, *, over: Sequence[str], of: str = "language"
) -> pd.Series[float]:
    """A mean by language, the levels of every other factor weighing alike.

    Args:
        rows: columns `of`, `over` and `value`; several rows of a cell count as their mean.
        value: column of numbers.
        over: factors whose parts are taken out.
        of: column whose values are the index, in their order.

    Returns:
        NaN for all where the factors have too little in common to be told apart, such as targets
        that share no language.
    """
    order = pd.Index(dict.fromkeys(rows[of]), name=of)
    if not len(rows):
        return pd.Series(dtype="float64", index=order)
    cells = rows.groupby([of, *over], sort=False)[value].mean().reset_index()
    own = pd.get_dummies(cells[of], dtype="float64").reindex(columns=order)
    # centred, so that a language's part is its mean over all levels alike
    others = [_contrasts(cells[factor]) for factor in over]
    design = np.column_stack([own.to_numpy(), *others])
    parts, _, rank, _ = np.linalg.lstsq(design, cells[value].to_numpy(dtype="float64"), rcond=None)
    if rank < design.shape[1]:
        return pd.Series(np.nan, index=order)
    return pd.Series(parts[: len(order)], index=order)


def _contrasts(factor: pd.Series[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Columns that sum to 0 over the levels: (rows, levels - 1)."""
    dummies = pd.get_dummies(factor, dtype="float64").to_numpy()
    return np.asarray(dummies[:, :-1] - dummies[:, -1:])
