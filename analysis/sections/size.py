"""Does the size of intermediate data matter? A section of the report."""

from __future__ import annotations

import pandas as pd

from analysis.evidence import Evidence
from analysis.figures.sizes import draw_size_curve
from analysis.figures.style import POINTS, new_figure
from analysis.report_parts import Picture, Section, Sheet
from analysis.studies.size import NO_TREND, UNKNOWN, SignChange, SizeStudy, size_study

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
        answer=_sentence(study),
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


def _sentence(found: SizeStudy) -> str:
    """How many trends there are, and the steepest."""
    pairs = f"{len(found.curves)} pairs of task and target"
    known = [curve for curve in found.curves if curve.verdict != UNKNOWN]
    if not known:
        return f"Whether size matters cannot be told: {found.curves[0].note}."
    trends = [curve for curve in known if curve.verdict != NO_TREND]
    sizes = [size for curve in found.curves for size in curve.sizes]
    if not trends:
        return (
            f"In none of {pairs} does the gain change with the number of examples, from "
            f"{min(sizes):,} to {max(sizes):,}, by more than its noise."
        )
    steepest = max(trends, key=lambda curve: abs(curve.slope.mean))
    slope = steepest.slope
    rising = sum(curve.slope.mean > 0 for curve in trends)
    sure = "" if slope.low is None or slope.high is None else (
        f" (95 % interval {POINTS * slope.low:+.1f} to {POINTS * slope.high:+.1f}, "
        f"{slope.n} repetitions)"
    )  # fmt: skip
    return (
        f"The gain rises with the number of examples in {rising} of {pairs} and falls in "
        f"{len(trends) - rising}; most for {steepest.task} on {steepest.target}, by "
        f"{POINTS * slope.mean:+.1f} points per tenfold examples{sure}."
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
                "sign_changes": "; ".join(map(_turn, curve.sign_changes)),
                "note": curve.note,
            }
            for curve in found.curves
        ]
    )


def _turn(found: SignChange) -> str:
    """`gain from 800 examples on (500 to 1,300)`."""
    low, high = (
        "fewest measured" if found.low is None else f"{found.low:,.0f}",
        "most measured" if found.high is None else f"{found.high:,.0f}",
    )
    what = "gain" if found.rising else "loss"
    return f"{what} from {found.examples:,.0f} examples on ({low} to {high})"
