"""What did each study's winner gain on the same target? Intervals of studies, grouped by target."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import CYCLE, MUTED, POINTS, zero_line

ROW = 0.3
"""Inches of a line."""
GAP = 1.1
"""Lines between two targets, of which the first has the target's name."""


def side_by_side_height(table: pd.DataFrame) -> float:
    """Inches that `draw_side_by_side` needs."""
    return 0.9 + ROW * (len(table) + GAP * table["target"].nunique())


def draw_side_by_side(axes: Axes, table: pd.DataFrame) -> None:
    """A group of rows per target, a row per study; equal studies have equal colours.

    Args:
        axes: to draw on.
        table: columns target, run, gain, low, high in [-1, 1]; without low and high a point is
            hollow.
    """
    colours = {run: CYCLE[i % len(CYCLE)] for i, run in enumerate(table["run"].unique())}
    y, places, names = 0.0, [], []
    for target, rows in table.groupby("target", sort=False):
        axes.text(
            0.005, y + 0.35, str(target), transform=axes.get_yaxis_transform(),
            weight="bold", va="center", fontsize=9,
        )  # fmt: skip
        y += GAP
        for run, gain, low, high in rows[["run", "gain", "low", "high"]].itertuples(
            index=False, name=None
        ):
            _draw_row(axes, y, (gain, low, high), colours[run])
            places.append(y)
            names.append(str(run))
            y += 1
    zero_line(axes)
    axes.set_yticks(places, names)
    axes.set_ylim(y - 0.4, -0.3)
    axes.grid(axis="x", color=MUTED, alpha=0.25, linewidth=0.6)
    axes.set_xlabel("gain of each study's winner over its own none, points; report split")


def _draw_row(axes: Axes, y: float, found: tuple[float, float, float], colour: str) -> None:
    gain, low, high = (POINTS * value for value in found)
    known = low == low
    if known:
        axes.plot([low, high], [y, y], color=colour, linewidth=2)
    axes.plot(gain, y, "o", color=colour, markerfacecolor=colour if known else "none", markersize=6)
    axes.annotate(
        f"{gain:+.1f}",
        (gain, y),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        fontsize=7.5,
    )
