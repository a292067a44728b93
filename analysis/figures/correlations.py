"""Which number goes with which outcome? Rank correlations as a table of colours, with their n."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import MUTED

ROW = 0.36
"""Inches of a row."""
_COLOURS = "RdBu_r"
_LEVEL = 0.05


def draw_correlations(axes: Axes, table: pd.DataFrame) -> None:
    """One cell per correlation, n below it; bold where it is told from chance.

    Args:
        axes: to draw on.
        table: columns covariate (rows of the figure), outcome (columns), spearman (NaN where it
            cannot be estimated), n, p_adjusted (NaN without a test).
    """
    rows, columns = (list(dict.fromkeys(table[name])) for name in ("covariate", "outcome"))
    cells = np.full((len(rows), len(columns)), np.nan)
    places = [(rows.index(a), columns.index(b)) for a, b in table[["covariate", "outcome"]].values]
    for (y, x), value in zip(places, table["spearman"], strict=True):
        cells[y, x] = value
    axes.pcolormesh(np.ma.masked_invalid(cells), cmap=_COLOURS, vmin=-1, vmax=1)
    for (y, x), (_, row) in zip(places, table.iterrows(), strict=True):
        value = row["spearman"]
        known = value == value
        colour = "white" if known and abs(value) > 0.65 else "#111111" if known else MUTED
        sure = "bold" if row["p_adjusted"] < _LEVEL else "normal"
        text = f"{value:+.2f}" if known else "–"
        lines = ((0.38, text, sure, 8.5), (0.76, f"n = {row['n']}", "normal", 6.0))
        for down, words, weight, size in lines:
            axes.text(
                *(x + 0.5, y + down, words),
                ha="center",
                va="center",
                color=colour,
                weight=weight,
                fontsize=size,
            )
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=30, ha="right")
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
