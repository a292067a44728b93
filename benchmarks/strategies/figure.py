"""Regret against what was spent: a curve per way to search, and the middle half of its searches."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import CYCLE, MUTED, POINTS, new_figure
from benchmarks.strategies.kept import Found
from benchmarks.strategies.measures import COSTS, full_evaluation, regret_after
from search.recorded_table import RecordedTable

LOWEST, HIGHEST = 0.1, 200.0
"""Full evaluations' worth of examples."""
STEPS = 60
TITLES = {
    "examples": "examples as measured",
    "papers": "examples in the papers' proportions",
}
DASHES = ("-", "--", ":", "-.")


def regret_figure(table: RecordedTable, found: Found) -> Figure:
    """One panel per count of cost.

    Args:
        table: that was searched.
        found: searches by name, in the order of the legend; a way without any keeps its colour.
    """
    figure, panels = new_figure(4.2, columns=2)
    for axes, cost in zip(panels, COSTS, strict=True):
        _panel(axes, table, found, cost)
    panels[0].set_ylabel("points below the true best, median")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False)
    return figure


def _panel(axes: Axes, table: RecordedTable, found: Found, cost: str) -> None:
    unit = full_evaluation(table, cost)
    spent = np.geomspace(LOWEST, HIGHEST, STEPS)
    for number, (name, lines) in enumerate(found.items()):
        if not lines:
            continue
        regrets = np.array(
            [[POINTS * regret_after(line, x * unit, cost) for x in spent] for line in lines]
        )
        colour = CYCLE[number % len(CYCLE)]
        low, middle, high = np.quantile(regrets, [0.25, 0.5, 0.75], axis=0)
        style = DASHES[number // len(CYCLE) % len(DASHES)]
        axes.plot(spent, middle, style, color=colour, label=name, linewidth=1.6)
        axes.fill_between(spent, low, high, color=colour, alpha=0.10, linewidth=0)
    axes.axhline(POINTS * table.tolerance, color=MUTED, linewidth=0.8, linestyle="--")
    axes.annotate(
        "within",
        (LOWEST, POINTS * table.tolerance),
        xytext=(2, 2),
        textcoords="offset points",
        color=MUTED,
    )
    axes.set_xscale("log")
    axes.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.set_title(TITLES[cost])
    axes.set_xlabel("full evaluations' worth")
