"""In which languages does the winner gain? A dot per target and the mean of each, sorted."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import CYCLE, INK, MUTED, POINTS, zero_line

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h")


def draw_language_gains(axes: Axes, per_language: pd.DataFrame) -> None:
    """A row per language, the largest mean gain at the top.

    Args:
        axes: to draw on.
        per_language: columns target, language, gain (in [-1, 1]), reported (whether the language
            enters the means; the others are named in brackets).
    """
    known = per_language[per_language["gain"].notna()]
    means = known.groupby("language")["gain"].mean().sort_values(ascending=False)
    reported = known.groupby("language")["reported"].any()
    order = {language: y for y, language in enumerate(means.index)}
    for i, (target, rows) in enumerate(known.groupby("target", sort=False)):
        axes.scatter(
            POINTS * rows["gain"],
            rows["language"].map(order),
            s=22,
            marker=MARKERS[i % len(MARKERS)],
            color=CYCLE[i % len(CYCLE)],
            alpha=0.85,
            label=str(target),
            zorder=2,
        )
    axes.scatter(
        POINTS * means, range(len(means)), marker="|", s=160, color=INK, zorder=3, label="mean"
    )
    zero_line(axes)
    labels = [str(name) if reported[name] else f"({name})" for name in means.index]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="y", color=MUTED, alpha=0.25, linewidth=0.6)
    axes.set_xlabel("gain over none, points (report split); in brackets: not in the means")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
