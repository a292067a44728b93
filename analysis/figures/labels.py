"""Where do the names of points go, so that none hides another? A greedy placement.

Each name takes the nearest free place around its point: first close by, then farther off with a
thin line to it. Points in a crowd choose first. Where all is taken, a name covers as little as it
can, or is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.figures.style import INK, MUTED

Array = NDArray[np.float64]

SIZE = 8.0
"""Points of type; a letter is about 0.62 of it wide."""
_REACHES = (0.0, 7.0, 14.0, 22.0, 31.0, 42.0, 55.0)
"""Points between a name and its point, on top of what they need to stand side by side."""
_AROUND = 16
_MARK = 4.0
"""Radius in points that a marker needs."""
_ALONG = 80
"""Places of a straight line that no name may cover."""


@dataclass(frozen=True, slots=True)
class _Box:
    """In points of the page."""

    x: float
    """Of the middle."""
    y: float
    width: float
    height: float

    def over(self, other: _Box) -> float:
        """Area that both cover."""
        wide = (self.width + other.width) / 2 - abs(self.x - other.x)
        high = (self.height + other.height) / 2 - abs(self.y - other.y)
        return max(wide, 0.0) * max(high, 0.0)


def label_points(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    names: Sequence[str],
    *,
    others: Array | None = None,
    leave_out: bool = False,
) -> None:
    """Name points; to be called when all else of the figure is drawn.

    Args:
        axes: whose limits and place in the figure stay as they are now.
        x: of the points, in data.
        y: the same.
        names: short, such as language codes.
        others: (points, 2), in data; further ones that no name is to cover.
        leave_out: a name that finds no free place, rather than to let it cover something.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # the layout moves axes only when it is drawn
    to_points = 72 / figure.dpi
    spots = axes.transData.transform(np.column_stack([x, y])) * to_points
    frame = np.asarray(axes.get_window_extent().extents) * to_points
    unnamed = np.zeros((0, 2)) if others is None else axes.transData.transform(others) * to_points
    marks = [_Box(float(a), float(b), 2 * _MARK, 2 * _MARK) for a, b in (*spots, *unnamed)]
    placed = [_Box(float(a), float(b), 1.0, 1.0) for a, b in _on_lines(axes) * to_points]
    for i in _crowded_first(spots):
        size = (0.62 * SIZE * len(names[i]) + 1, SIZE + 1)
        best, is_free = _best(marks[i], size, marks, placed, frame)
        if leave_out and not is_free:
            continue
        placed.append(best)
        _write(axes, (x[i], y[i]), names[i], best.x - marks[i].x, best.y - marks[i].y)


def _on_lines(axes: Axes) -> Array:
    """Places along the lines of a figure, straight ones, in pixels."""
    ends = [line.get_transform().transform(line.get_xydata()) for line in axes.lines]
    steps = np.linspace(0, 1, _ALONG)[:, None]
    return np.concatenate([np.zeros((0, 2)), *(a + steps * (b - a) for a, b in ends)])


def _crowded_first(spots: Array) -> list[int]:
    apart = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1))
    return [int(i) for i in np.argsort(-(apart < 30).sum(1), kind="stable")]


def _best(
    mark: _Box,
    size: tuple[float, float],
    marks: Sequence[_Box],
    placed: Sequence[_Box],
    frame: Array,
) -> tuple[_Box, bool]:
    """The nearest place that covers nothing, else that which covers least; and which it is."""
    best, least = None, float("inf")
    for box in _places(mark, size):
        covered = sum(box.over(other) for other in (*marks, *placed))
        outside = max(
            frame[0] - box.x + size[0] / 2, box.x + size[0] / 2 - frame[2],
            frame[1] - box.y + size[1] / 2, box.y + size[1] / 2 - frame[3], 0.0,
        )  # fmt: skip
        if covered + 100 * outside == 0:
            return box, True
        if covered + 100 * outside < least:
            best, least = box, covered + 100 * outside
    assert best is not None
    return best, False


def _places(mark: _Box, size: tuple[float, float]) -> Iterator[_Box]:
    for reach in _REACHES:
        for step in range(_AROUND):
            angle = 2 * pi * step / _AROUND
            x = (size[0] / 2 + _MARK + reach) * cos(angle)
            y = (size[1] / 2 + _MARK + reach) * sin(angle)
            yield _Box(mark.x + x, mark.y + y, *size)


def _write(axes: Axes, at: tuple[float, float], name: str, dx: float, dy: float) -> None:
    far = hypot(dx, dy) > _MARK + SIZE + 3
    text = axes.annotate(
        name,
        at,
        xytext=(dx, dy),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=SIZE,
        color=INK,
        arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.5} if far else None,
    )
    text.set_in_layout(False)
