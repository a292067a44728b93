"""Do two studies rank the same curricula alike? A point per curriculum that both ran."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import BLUE, MUTED, ORANGE, POINTS
from spaces.curriculum import EMPTY_TEXT


def draw_common(axes: Axes, table: pd.DataFrame, first: str, second: str, *, title: str) -> None:
    """Scores in one study over those in the other; `none` is marked, and so is the best of each.

    Args:
        axes: to draw on.
        table: column curriculum, and one per study with scores in [0, 1], NaN where it has none.
        first: study along x.
        second: study along y.
        title: what stands above.
    """
    both = table[table[first].notna() & table[second].notna()]
    axes.scatter(POINTS * both[first], POINTS * both[second], s=18, color=BLUE, alpha=0.8)
    axes.margins(0.12)
    for name in (first, second):
        best = both.sort_values(name).tail(1)
        axes.scatter(POINTS * best[first], POINTS * best[second], s=34, color=ORANGE, zorder=3)
    for _, row in both[both["curriculum"] == EMPTY_TEXT].iterrows():
        axes.annotate(
            EMPTY_TEXT,
            (POINTS * row[first], POINTS * row[second]),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=8,
        )
    axes.set_xlabel(f"{first}, points")
    axes.set_ylabel(f"{second}, points")
    axes.set_title(title, fontsize=8.5)
    axes.grid(color=MUTED, alpha=0.25, linewidth=0.6)
