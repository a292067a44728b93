"""How does one number go with another? Points of tasks and languages, with names that can be read.

Names are set beside their points where nothing stands yet, the outermost first; the layout of the
figure must be fixed before, since free room is measured in what is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from analysis.figures.languages import MARKERS
from analysis.figures.style import BLUE, CYCLE, INK, MUTED, POINTS

Array = NDArray[np.float64]
Look = tuple[str, str]
"""Marker and colour."""
NAME_SIZE = 7.0
"""Font size of the names, in points of type."""
_ANGLES = np.deg2rad([0, 180, 90, 270, 45, 135, 315, 225, 22, 158, 202, 338])
_DISTANCES = (5.0, 9.0, 15.0, 22.0)
"""Points of type between a point and the edge of its name; past the second a thin line joins."""
_POINT = 2.6
"""Half the side of what a point covers, points of type."""


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
    """Write names beside points; one that finds no room is left out.

    Args:
        axes: drawn, in a figure whose layout is fixed (`Figure.draw_without_rendering`).
        table: columns x, y as drawn by `draw_scatter`, name; the outermost are named first.
        all_points: columns x and y of all that is drawn: names do not cover these.
    """
    unit = 72 / axes.figure.dpi
    places, others = (_drawn(axes, own) * unit for own in (table, all_points))
    frame = np.array(axes.get_window_extent().extents) * unit
    taken = np.column_stack([others - _POINT, others + _POINT])
    middle = places.mean(axis=0) if len(places) else 0.0
    for i in np.argsort(-np.linalg.norm(places - middle, axis=1), kind="stable"):
        name = str(table["name"].iloc[i])
        size = np.array([0.56 * NAME_SIZE * len(name), NAME_SIZE])
        centre, is_far = _free_place(places[i], size, taken, frame)
        if centre is None:
            continue
        taken = np.vstack([taken, [*(centre - size / 2), *(centre + size / 2)]])
        line = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.4, "shrinkA": 0, "shrinkB": 1}
        written = axes.annotate(
            name,
            (table["x"].iloc[i], POINTS * table["y"].iloc[i]),
            xytext=tuple(centre - places[i]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=NAME_SIZE,
            color=INK,
            arrowprops=line if is_far else None,
            zorder=4,
        )
        written.set_in_layout(False)


def _free_place(point: Array, size: Array, taken: Array, frame: Array) -> tuple[Array | None, bool]:
    """Centre of a name where nothing stands, and whether it is far; None where all is taken."""
    for distance in _DISTANCES:
        for angle in _ANGLES:
            toward = np.array([np.cos(angle), np.sin(angle)])
            centre = point + toward * (distance - 1 + size / 2)
            low, high = centre - size / 2, centre + size / 2
            inside = (low >= frame[:2]).all() and (high <= frame[2:]).all()
            if inside and not ((low < taken[:, 2:]) & (high > taken[:, :2])).all(axis=1).any():
                return centre, distance > _DISTANCES[1]
    return None, False


def _drawn(axes: Axes, table: pd.DataFrame) -> Array:
    """(points, 2), pixels."""
    values = np.column_stack([table["x"], POINTS * table["y"]]).astype(np.float64)
    return np.asarray(axes.transData.transform(values))
