"""Do languages near English gain more, or far ones? A point per language over its distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.labels import label_points
from analysis.figures.languages import MARKERS
from analysis.figures.style import CYCLE, INK, MUTED, POINTS, zero_line
from analysis.statistics.intervals import Interval

OTHER = "other"
HEIGHT = 4.6
"""Inches of a panel with its legend."""


def draw_typology(
    axes: Axes,
    table: pd.DataFrame,
    slope: Interval,
    *,
    groups: Sequence[str],
    xlabel: str,
    ylabel: str,
) -> None:
    """A point per language; a line only where its slope is told from 0.

    Args:
        axes: to draw on.
        table: index: language; columns x, y (in score), group; without NaN.
        slope: of y on x, per unit of x.
        groups: of all panels, in the order of their colours.
        xlabel: of the axis.
        ylabel: of the axis, in points.
    """
    for i, group in enumerate(groups):
        rows = table[table["group"] == group]
        axes.scatter(rows["x"], POINTS * rows["y"], s=26, zorder=2, **_look(i, group))
    if _is_near_zero(table["y"]):
        zero_line(axes, vertical=False)
    if slope.excludes_zero:
        ends = np.array([table["x"].min(), table["x"].max()])
        middle = table["y"].mean() + slope.mean * (ends - table["x"].mean())
        axes.plot(ends, POINTS * middle, color=INK, linewidth=1, alpha=0.6, zorder=1)
    axes.margins(0.08, 0.1)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(color=MUTED, alpha=0.2, linewidth=0.6)


def _is_near_zero(values: pd.Series[float]) -> bool:
    """Whether a line at 0 leaves the points at least half of the axis."""
    low, high = values.min(), values.max()
    return bool(max(low, -high, 0) <= high - low)


def draw_groups(figure: Figure, groups: Sequence[str]) -> None:
    """A legend of the groups below the panels."""
    handles = [
        Line2D([], [], linestyle="none", label=group, **_look(i, group))
        for i, group in enumerate(groups)
        if group
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=7, frameon=False, fontsize=8)


def _look(place: int, group: str) -> dict[str, Any]:
    known = group not in (OTHER, "")
    return {
        "marker": MARKERS[place % len(MARKERS)],
        "color": CYCLE[place % len(CYCLE)] if known else MUTED,
    }


def name_languages(axes: Axes, table: pd.DataFrame) -> None:
    """Write the codes at the points of `draw_typology`, when the rest of the figure is drawn."""
    label_points(
        axes, list(table["x"]), list(POINTS * table["y"]), [str(name) for name in table.index]
    )


def grouped(families: pd.Series[str]) -> pd.Series[str]:
    """Families as groups that colours can tell apart: the most frequent, and OTHER."""
    counts = families[families != ""].value_counts()
    kept = counts[counts > 1].index[: len(CYCLE)]
    short = families.str.replace("Indo-European: ", "", regex=False)
    return short.where(families.isin(kept) | (families == ""), OTHER)


def groups_of(groups: pd.Series[str]) -> list[str]:
    """The largest first, OTHER last."""
    counts = groups.value_counts()
    names = sorted(map(str, counts.index), key=lambda name: (-int(counts[name]), name))
    return [name for name in names if name != OTHER] + [OTHER] * (OTHER in names)
