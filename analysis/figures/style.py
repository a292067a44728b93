"""How do all figures look? Colours that colour-blind readers can tell apart, sizes, labels."""

from __future__ import annotations

from typing import Any

from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

BLUE, ORANGE, GREEN, PURPLE, RED, SKY = (
    *("#0072B2", "#E69F00", "#009E73"),
    *("#CC79A7", "#D55E00", "#56B4E9"),
)
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY)
"""Okabe and Ito's palette, readable on white and on dark grey."""
MUTED = "#8a8a8a"
"""What stands back: stopped curricula, reference lines."""
INK = "black"
"""Text and axes; in a page they take the colour of the page's text."""
SCORES = "viridis"
"""Colour map of scores: even steps of lightness."""
WIDTH = 9.0
"""Inches: the width of a page."""
FADED = 0.35
"""Opacity of curricula that were stopped early."""
POINTS = 100
"""Scores in [0, 1] are drawn in points."""

_RC: dict[Any, Any] = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def new_figure(
    height: float, *, width: float = WIDTH, columns: int = 1, rows: int = 1
) -> tuple[Figure, list[Axes]]:
    """A figure of so many inches with its axes row by row, without any global state."""
    with rc_context(_RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]
    figure.patch.set_alpha(0)
    for each in axes:
        each.patch.set_alpha(0)
    return figure, axes


def score_colours() -> Colormap:
    """From low scores, dark, to high ones."""
    return colormaps[SCORES]


def zero_line(axes: Axes, *, vertical: bool = True) -> None:
    """Where nothing was gained."""
    draw = axes.axvline if vertical else axes.axhline
    draw(0, color=MUTED, linewidth=0.8, zorder=0)


def log_examples(axes: Axes) -> None:
    """A log axis of numbers of examples, written in full (powers of ten are slow to draw)."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
