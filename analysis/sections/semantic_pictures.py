"""What do similarity and the transfer gap look like together? Figures of the semantic section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.scatter import (
    draw_scatter,
    draw_slope,
    draw_spokes,
    looks,
    name_points,
    task_legend,
)
from analysis.figures.style import new_figure
from analysis.report_parts import Picture
from analysis.studies.semantic import (
    CHANGE,
    LANGUAGE_MEASURES,
    NONE_GAP,
    PAIR_MEASURES,
    Relation,
    SemanticStudy,
)

_PANEL, _LEGEND = 3.3, 0.5
"""Inches."""
_CROWDED = 80
"""Points of one panel beyond which languages alone are drawn."""
_NAMED = 14
"""Points that are named where all cannot be."""


def semantic_pictures(study: SemanticStudy) -> Iterator[Picture]:
    """What there are data for: gaps, their changes with means removed, languages alone."""
    measure = next((name for name in PAIR_MEASURES if name in study.pairs), None)
    if measure is not None:
        if study.with_gap:
            yield _gaps(study, measure)
        if drawn := [own for own in study.pooled if len(own.points)]:
            yield _changes(drawn)
    if parallel := [own for own in study.over_languages if own.measure in LANGUAGE_MEASURES[:1]]:
        yield _languages(parallel)


def _gaps(study: SemanticStudy, measure: str) -> Picture:
    tables = [
        study.pairs.xs(target, level="target")[[measure, "gap"]].dropna().reset_index()
        for target in study.with_gap
    ]
    tables = [table.rename(columns={measure: "x", "gap": "y"}) for table in tables]
    means = [table.groupby("language", sort=False)[["x", "y"]].mean() for table in tables]
    is_crowded = max(map(len, tables)) > _CROWDED
    of_tasks = looks(list(study.pairs.index.unique("task")))
    figure, grid = _panels(len(tables), has_legend=not is_crowded)
    ylabel = "gap, points"
    for axes, target, table, own in zip(grid, study.with_gap, tables, means, strict=False):
        if is_crowded:
            draw_scatter(axes, own, xlabel=measure, ylabel=ylabel)
        else:
            draw_scatter(axes, table, xlabel=measure, ylabel=ylabel, of_tasks=of_tasks)
            draw_spokes(axes, table, own)
        axes.set_title(target)
    if not is_crowded:
        task_legend(figure, of_tasks)
    for axes, table, own in zip(grid, tables, means, strict=False):
        covered = own if is_crowded else pd.concat([table, own])
        name_points(axes, own.rename_axis("name").reset_index(), all_points=covered)
    shown = (
        "a point is a language, mean over tasks."
        if is_crowded
        else "a point is a task and a language, a black dot the mean of the language named."
    )
    caption = (
        f"Transfer gap after one stage against {measure} of the stage's English text and the "
        f"language's text; {shown}"
    )
    return Picture(name="semantic_gaps", caption=caption, figure=figure)


def _changes(pooled: Sequence[Relation]) -> Picture:
    of_tasks = looks(list(dict.fromkeys(task for own in pooled for task in own.points["task"])))
    figure, grid = _panels(len(pooled), has_legend=True)
    for axes, own in zip(grid, pooled, strict=False):
        x = own.points["x"].to_numpy(dtype=np.float64)
        ylabel = "change of the gap, points"
        draw_scatter(axes, own.points, xlabel=own.measure, ylabel=ylabel, of_tasks=of_tasks)
        if own.found.p_value is not None:
            draw_slope(axes, x, own.found.slope.mean / float(x.std()))
        axes.set_title(f"rank correlation {own.found.spearman.mean:+.2f}, n = {len(x)}")
    task_legend(figure, of_tasks)
    for axes, own in zip(grid, pooled, strict=False):
        points = own.points.rename(columns={"language": "name"})
        spread = points[["x", "y"]].std()
        far = (points[["x", "y"]] / spread).pow(2).sum(axis=1)
        name_points(axes, points.loc[far.nlargest(_NAMED).index], all_points=points)
    caption = (
        "What the test over pairs compares: change of the gap by a stage against similarity, the "
        f"means of tasks and of languages removed; mean of {', '.join(pooled[0].targets)}. The "
        "outermost points are named by their language."
    )
    return Picture(name="semantic_changes", caption=caption, figure=figure)


def _panels(count: int, *, has_legend: bool) -> tuple[Figure, list[Axes]]:
    """So many panels, two in a row."""
    columns = min(2, count)
    rows = -(-count // columns)
    height = _PANEL * rows + (_LEGEND if has_legend else 0)
    figure, grid = new_figure(height, columns=columns, rows=rows)
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def _languages(relations: Sequence[Relation]) -> Picture:
    figure, grid = new_figure(_PANEL, columns=2)
    panels = {own.outcome: own for own in relations}
    for axes, outcome in zip(grid, (NONE_GAP, CHANGE), strict=True):
        own = panels[outcome]
        draw_scatter(axes, own.points, xlabel=own.measure, ylabel=f"{outcome}, points")
        axes.set_title(f"rank correlation {own.found.spearman.mean:+.2f}, n = {len(own.points)}")
    for axes, outcome in zip(grid, (NONE_GAP, CHANGE), strict=True):
        points = panels[outcome].points.rename(columns={"language": "name"})
        name_points(axes, points, all_points=points)
    caption = (
        "Share of English items whose nearest foreign item is their translation, by the encoder "
        "before any stage, against the gap without a stage and its mean change by one."
    )
    return Picture(name="semantic_languages", caption=caption, figure=figure)
