"""Does the size of intermediate data matter? A section of the report."""

from __future__ import annotations

import pandas as pd

from analysis.evidence import Evidence
from analysis.figures.sizes import draw_size_curve
from analysis.figures.style import new_figure
from analysis.report_parts import Picture, Section, Sheet
from analysis.size import SizeStudy, size_study

CURVES_PER_ROW = 3


def size_section(found: Evidence) -> Section | str:
    """How gain grows with examples; a text says why that cannot be estimated."""
    study = size_study(
        found.gains,
        targets=[target.name for target in found.objective.targets],
        languages=found.languages,
    )
    if not study.curves:
        return "no task was repeated alone at two sizes on fresh seeds"
    rows = -(-len(study.curves) // CURVES_PER_ROW)
    figure, grid = new_figure(2.6 * rows, columns=min(CURVES_PER_ROW, len(study.curves)), rows=rows)
    for axes, curve in zip(grid, study.curves, strict=False):
        draw_size_curve(axes, curve)
    for axes in grid[len(study.curves) :]:
        axes.set_visible(False)
    return Section(
        heading="Does the size of intermediate data matter?",
        notes=(study.tests.note, *study.left_out),
        pictures=(
            Picture(
                name="sizes",
                caption="Gain over none by examples of a task that stands alone, with 95 % "
                "intervals; a curve with its band where there is a trend.",
                figure=figure,
            ),
        ),
        sheets=(Sheet(name="sizes", caption="Trends.", frame=_trends(study)),),
    )


def _trends(found: SizeStudy) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "task": curve.task,
                "target": curve.target,
                "verdict": curve.verdict,
                "slope_per_tenfold": curve.slope.mean,
                "low": curve.slope.low,
                "high": curve.slope.high,
                "n": curve.slope.n,
                "p_value": curve.p_value,
                "p_adjusted": curve.p_adjusted,
                "mean_gain": curve.mean_gain.mean,
                "note": curve.note,
            }
            for curve in found.curves
        ]
    )
