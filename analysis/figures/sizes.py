"""How does the gain grow with examples? Points with intervals, and the curve with its band."""

from __future__ import annotations

from matplotlib.axes import Axes

from analysis.figures.style import BLUE, MUTED, ORANGE, POINTS, log_examples, zero_line
from analysis.studies.size import SizeCurve


def draw_size_curve(axes: Axes, found: SizeCurve) -> None:
    """The gain of one task on one target over a log axis of examples."""
    for size, gain in zip(found.sizes, found.gains, strict=True):
        if gain.low is not None and gain.high is not None:
            axes.plot([size, size], [POINTS * gain.low, POINTS * gain.high], color=BLUE)
        axes.plot(size, POINTS * gain.mean, "o", color=BLUE, markersize=5)
    if found.curve is not None:
        band = found.band
        axes.plot(band["examples"], POINTS * band["gain"], color=ORANGE)
        axes.fill_between(
            band["examples"], POINTS * band["low"], POINTS * band["high"], color=ORANGE, alpha=0.2
        )
    zero_line(axes, vertical=False)
    log_examples(axes)
    axes.set_title(f"{found.task} on {found.target}: {found.verdict}", fontsize=8.5)
    axes.set_xlabel("examples of the stage (log)")
    axes.set_ylabel("gain over none, points")
    axes.grid(axis="y", color=MUTED, alpha=0.25, linewidth=0.6)
