"""How does one number go with another? Points of tasks and languages, with readable names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from analysis.figures.labels import label_points
from analysis.figures.languages import MARKERS
from analysis.figures.style import BLUE, CYCLE, INK, MUTED, POINTS

Array = NDArray[np.float64]
Look = tuple[str, str]
"""Marker and colour."""


def looks(tasks: Sequence[str]) -> dict[str, Look]:
    """A marker and a colour for each task."""
    return {
        task: (MARKERS[i % len(MARKERS)], CYCLE[i % len(CYCLE)]) for i, task in enumerate(tasks)
    }


def draw_scatter(
    axes: Axes,
    table: pd.DataFrame,
    *,
    xlabel: str,
    ylabel: str,
    of_tasks: Mapping[str, Look] | None = None,
) -> None:
    """One point per row.

    Args:
        axes: to draw on.
        table: columns x, and y in score, drawn in points; task if there are looks.
        xlabel: of x.
        ylabel: of y.
        of_tasks: marker and colour by task; None: all points alike.
    """
    for task, (marker, colour) in (of_tasks or {"": ("o", BLUE)}).items():
        own = table[table["task"] == task] if of_tasks else table
        axes.scatter(
            own["x"], POINTS * own["y"], s=16, marker=marker, color=colour, alpha=0.75, zorder=2
        )
    axes.margins(0.09)
    axes.grid(color=MUTED, alpha=0.2, linewidth=0.5)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.ticklabel_format(useOffset=False)
    axes.locator_params(axis="x", nbins=6)


def draw_spokes(axes: Axes, table: pd.DataFrame, means: pd.DataFrame) -> None:
    """Join the points of a language with its mean.

    Args:
        axes: to draw on.
        table: as drawn by `draw_scatter`, with the column language.
        means: x and y by language.
    """
    ends = means.loc[table["language"]]
    axes.plot(
        [ends["x"], table["x"]],
        [POINTS * ends["y"], POINTS * table["y"]],
        color=MUTED,
        linewidth=0.5,
        alpha=0.5,
        zorder=1,
    )
    axes.scatter(means["x"], POINTS * means["y"], s=7, color=INK, zorder=3)


def draw_slope(axes: Axes, x: Array, slope: float) -> None:
    """A line through the middle of points whose means are removed; slope in score per unit of x."""
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, POINTS * slope * ends, color=INK, linewidth=1, zorder=3)


def task_legend(figure: Figure, of_tasks: Mapping[str, Look]) -> None:
    """What the markers mean, below all panels."""
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=colour, markersize=5, label=task)
        for task, (marker, colour) in of_tasks.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False, fontsize=8)


def name_points(axes: Axes, table: pd.DataFrame, *, all_points: pd.DataFrame) -> None:
    """Write names beside points, when all else is drawn; one that finds no room is left out.

    Args:
        axes: with points of `draw_scatter`.
        table: columns x, y and name.
        all_points: columns x and y of all that is drawn: names do not cover these.
    """
    label_points(
        axes,
        list(table["x"]),
        list(POINTS * table["y"]),
        [str(name) for name in table["name"]],
        others=np.column_stack([all_points["x"], POINTS * all_points["y"]]).astype(np.float64),
        leave_out=True,
    )
