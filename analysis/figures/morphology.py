"""In which languages do morphological stages help? A forest by class, and differences by target.

Thick lines: 95 % intervals over repetitions, for these languages. Thin lines with caps: over
repetitions and languages at once. A hollow mark has no interval.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from analysis.figures.style import BLUE, INK, MUTED, ORANGE, POINTS, zero_line
from analysis.statistics.intervals import Interval
from analysis.studies.morphology_comparison import Comparison

ROW = 0.22
"""Inches of a line."""
_GAP = 0.7
"""Rows between groups."""
_LOOKS: Mapping[bool | None, tuple[str, str, str]] = {
    True: ("agglutinative", ORANGE, "s"),
    False: ("others", BLUE, "o"),
    None: ("morphology unknown", MUTED, "^"),
}
"""Name, colour and mark of a class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """A line of a forest: a language, the mean of a class, or the difference of the two means."""

    y: float
    label: str
    language: str | None = None
    agglutinative: bool | None = None
    is_mean: bool = False


def forest_rows(found: Comparison) -> list[ForestRow]:
    """Languages by class, the largest gain first, then its mean; at the end the difference."""
    rows: list[ForestRow] = []
    y = 0.0
    for known in _LOOKS:
        own = [part for part in found.by_language if part.agglutinative is known]
        for part in sorted(own, key=lambda part: -part.gain.mean):
            rows.append(
                ForestRow(y=y, label=part.language, language=part.language, agglutinative=known)
            )
            y += 1
        if known is not None:
            label = f"mean of {len(own)} {_LOOKS[known][0]}"
            rows.append(ForestRow(y=y, label=label, agglutinative=known, is_mean=True))
            y += 1
        y += _GAP if own else 0
    return [*rows, ForestRow(y=y, label="agglutinative minus others")]


def draw_forests(grid: Sequence[Axes], found: Sequence[Comparison]) -> None:
    """Comparisons on one target side by side, in the rows of the first, on one scale.

    Args:
        grid: as many axes as comparisons, in a figure at least `forest_height` inches high.
        found: what is drawn.
    """
    rows = forest_rows(found[0])
    for axes, own in zip(grid, found, strict=True):
        if axes is not grid[0]:
            axes.sharex(grid[0])
        _draw_forest(axes, own, rows)
        labels = [row.label if axes is grid[0] else "" for row in rows]
        axes.set_yticks([row.y for row in rows], labels, fontsize=8)
    add_key(grid[0], {row.agglutinative for row in rows if row.language})


def forest_height(found: Comparison) -> float:
    """Inches that a forest needs."""
    return 1.7 + ROW * (forest_rows(found)[-1].y + 1)


def _draw_forest(axes: Axes, found: Comparison, rows: Sequence[ForestRow]) -> None:
    gains = {part.language: part.gain for part in found.by_language}
    means = {True: found.agglutinative, False: found.others}
    for row in rows:
        _, colour, mark = _LOOKS[row.agglutinative]
        if row.is_mean:
            mean = means[bool(row.agglutinative)]
            _draw(axes, row.y, mean.over_seeds, mean.over_both, colour, "D")
        elif row.language is None:
            difference = found.difference
            _draw(axes, row.y, difference.over_seeds, difference.over_both, INK, "D")
        elif row.language in gains:
            _draw(axes, row.y, gains[row.language], None, colour, mark)
    zero_line(axes)
    axes.set_ylim(rows[-1].y + 0.8, -0.9)
    axes.grid(axis="x", color=MUTED, alpha=0.25, linewidth=0.6)
    axes.set_title(f"against {found.against}", fontsize=9)
    axes.set_xlabel(f"points gained (n = {found.difference.over_seeds.n} repetitions)")


def draw_differences(axes: Axes, found: Sequence[Comparison]) -> None:
    """A row per comparison: agglutinative minus other languages."""
    for y, own in enumerate(found):
        difference = own.difference
        _draw(axes, y, difference.over_seeds, difference.over_both, INK, "D")
        axes.annotate(
            f"{POINTS * difference.over_seeds.mean:+.1f}",
            (POINTS * difference.over_seeds.mean, y),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
        )
    zero_line(axes)
    labels = [f"{own.name} (n = {own.difference.over_seeds.n})" for own in found]
    axes.set_yticks(range(len(found)), labels)
    axes.set_ylim(len(found) - 0.4, -0.7)
    axes.grid(axis="x", color=MUTED, alpha=0.25, linewidth=0.6)
    axes.set_xlabel("gain in agglutinative languages minus gain in others, points")


def add_key(axes: Axes, classes: Collection[bool | None] = ()) -> None:
    """What marks and lines mean, below all axes.

    Args:
        axes: of the figure.
        classes: those whose languages are drawn.
    """
    handles = [*_class_handles(classes), *_LINES]
    axes.figure.legend(
        handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8
    )


def _class_handles(there: Collection[bool | None]) -> Iterator[Line2D]:
    for known, (name, colour, mark) in _LOOKS.items():
        if known in there:
            yield Line2D([], [], color=colour, marker=mark, linewidth=0, label=name)


_LINES = (
    Line2D([], [], color=INK, marker="D", linewidth=0, label="mean of a class; difference"),
    Line2D([], [], color=INK, linewidth=3, label="95 %, repetitions"),
    Line2D([], [], color=INK, linewidth=1, marker="|", label="95 %, repetitions and languages"),
)


def _draw(
    axes: Axes, y: float, seeds: Interval, both: Interval | None, colour: str, mark: str
) -> None:
    x = POINTS * seeds.mean
    if seeds.low is not None and seeds.high is not None:
        axes.plot(
            [POINTS * seeds.low, POINTS * seeds.high], [y, y],
            color=colour, linewidth=3, alpha=0.55, solid_capstyle="butt",
        )  # fmt: skip
    if both is not None and both.low is not None and both.high is not None:
        axes.plot([POINTS * both.low, POINTS * both.high], [y, y], "|-", color=colour, linewidth=1)
    face = "none" if seeds.low is None else colour
    axes.plot(x, y, mark, color=colour, markerfacecolor=face, markersize=5)
