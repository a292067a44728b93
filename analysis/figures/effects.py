"""Which task before which, and where in the curriculum? Effects as a table of colours."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm

from analysis.figures.style import MUTED, POINTS

CELL = 0.55
"""Inches of a row."""
_COLOURS = "RdBu_r"
_LEVEL = 0.05


def draw_effects(axes: Axes, table: pd.DataFrame, *, rows: str, columns: str, xlabel: str) -> None:
    """One cell per effect, in points; bold where it is told from noise.

    Args:
        axes: to draw on.
        table: columns `rows`, `columns`, effect (in [-1, 1]), p_adjusted (NaN without a test).
        rows: column whose values are the rows.
        columns: column whose values are the columns.
        xlabel: what the columns are.
    """
    names = list(dict.fromkeys(table[rows])), list(dict.fromkeys(table[columns]))
    cells = np.full((len(names[0]), len(names[1])), np.nan)
    for _, effect in table.iterrows():
        cells[names[0].index(effect[rows]), names[1].index(effect[columns])] = (
            POINTS * effect["effect"]
        )
    largest = float(np.nanmax(np.abs(cells))) or 1.0
    axes.pcolormesh(
        np.ma.masked_invalid(cells), cmap=_COLOURS, norm=TwoSlopeNorm(0, -largest, largest)
    )
    for _, effect in table.iterrows():
        y, x = names[0].index(effect[rows]), names[1].index(effect[columns])
        value, sure = POINTS * effect["effect"], effect["p_adjusted"] < _LEVEL
        axes.text(
            *(x + 0.5, y + 0.5, f"{value:+.1f}"),
            ha="center",
            va="center",
            weight="bold" if sure else "normal",
            color="white" if abs(value) > 0.6 * largest else "#111111",
        )
    axes.set_xticks(np.arange(len(names[1])) + 0.5, [str(name) for name in names[1]])
    axes.set_yticks(np.arange(len(names[0])) + 0.5, [str(name) for name in names[0]])
    axes.set_xlabel(xlabel)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
