"""Which differences can be told from nothing? Points with their intervals, one below the other."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import BLUE, MUTED, POINTS, zero_line
from analysis.tables import narrow

ROW = 0.34
"""Inches of a line."""


def draw_intervals(
    axes: Axes,
    labels: list[str],
    table: pd.DataFrame,
    *,
    xlabel: str,
    zero: bool = True,
    colours: Sequence[str] | None = None,
) -> None:
    """A row per label, the first at the top.

    Args:
        axes: to draw on.
        labels: one per row of the table.
        table: columns mean, low, high in [-1, 1]; low and high NaN where there is no interval,
            whose point is then hollow.
        xlabel: of the axis, in points.
        zero: whether to draw a line where nothing was gained.
        colours: one per row; None: all alike.
    """
    for y, (mean, low, high) in enumerate(table[["mean", "low", "high"]].to_numpy(dtype=float)):
        known = low == low and high == high
        colour = BLUE if colours is None else colours[y]
        if known:
            axes.plot([POINTS * low, POINTS * high], [y, y], color=colour, linewidth=2)
        face = colour if known else "none"
        axes.plot(POINTS * mean, y, "o", color=colour, markerfacecolor=face, markersize=6)
        axes.annotate(
            f"{POINTS * mean:+.1f}" if zero else f"{POINTS * mean:.1f}",
            (POINTS * mean, y),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
        )
    if zero:
        zero_line(axes)
    axes.set_yticks(range(len(labels)), ["\n".join(narrow(label, 44)) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.7)
    axes.grid(axis="x", color=MUTED, alpha=0.25, linewidth=0.6)
    axes.set_xlabel(xlabel)
