"""What does a study teach about order and size? Sections of its report, where data allow any.

Both read repetitions on independent seeds: the report split of the confirmation, in the languages
that guided nothing. Nothing is taken from trials that were stopped early.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.figures.effects import CELL, draw_effects
from analysis.figures.sizes import draw_size_curve
from analysis.figures.style import new_figure
from analysis.objective import ENGLISH, Objective
from analysis.order import Component, OrderVariance, order_variance
from analysis.order_agreement import Agreements, agreements
from analysis.order_effects import OrderEffects, order_effects
from analysis.predictors import predictors
from analysis.repetitions import final_cells, gains, seed_table
from analysis.report_parts import Picture, Section, Sheet
from analysis.size import SizeStudy, size_study
from analysis.task_features import measured_features

SEED = 20260101
"""Of the simulated noise and the relabellings: equal reports for equal observations."""
CURVES_PER_ROW = 3


def order_section(frame: pd.DataFrame, objective: Objective) -> Section | None:
    """How much order matters; None where no set of stages was repeated in two orders."""
    table = seed_table(_cells(frame, objective), languages=_reported(frame, objective))
    rng = np.random.default_rng(SEED)
    variance = order_variance(table, rng=rng)
    if isinstance(variance, str):
        return None
    effects = order_effects(table)
    known = measured_features(frame).rename(columns={"stage_examples": "num_examples"})
    guessed = agreements(table, predictors(known), rng=rng)
    families = (family.note for family in effects.families)
    return Section(
        heading="Does the order matter?",
        notes=(_order_sentence(variance), variance.note, effects.note, *families),
        pictures=tuple(_order_pictures(effects)),
        sheets=(
            Sheet(name="order_variance", caption="Shares of variance.", frame=_shares(variance)),
            Sheet(
                name="order_slopes",
                caption="Points gained by standing one place later.",
                frame=effects.slopes,
            ),
            Sheet(name="order_places", caption="By place.", frame=effects.places),
            Sheet(name="order_precedences", caption="By precedence.", frame=effects.precedences),
            Sheet(
                name="order_predictors",
                caption="Orders proposed without training, against those measured: Kendall's tau, "
                "what their first choice gains over an order drawn by lot, and what it loses "
                "against the best.",
                frame=_predicted(guessed),
            ),
        ),
    )


def _order_pictures(effects: OrderEffects) -> Iterator[Picture]:
    if len(effects.precedences):
        figure, (axes,) = new_figure(1.1 + CELL * effects.precedences["first"].nunique())
        draw_effects(
            axes, effects.precedences, rows="first", columns="second", xlabel="comes after"
        )
        axes.set_ylabel("comes first")
        caption = "Points gained where the task of the row stands before that of the column."
        yield Picture(name="precedence", caption=caption, figure=figure)
    if len(effects.places):
        longest = effects.places["length"].max()
        of_longest = effects.places[effects.places["length"] == longest]
        figure, (axes,) = new_figure(1.1 + CELL * of_longest["task"].nunique())
        xlabel = f"place among {longest} stages"
        draw_effects(axes, of_longest, rows="task", columns="place", xlabel=xlabel)
        caption = "Points gained by a task's place, against all orders of the same stages."
        yield Picture(name="places", caption=caption, figure=figure)


def size_section(frame: pd.DataFrame, objective: Objective) -> Section | None:
    """How gain grows with examples; None where no task was repeated alone at two sizes."""
    found = size_study(
        gains(_cells(frame, objective)),
        targets=[target.name for target in objective.targets],
        languages=_reported(frame, objective),
    )
    if not found.curves:
        return None
    rows = -(-len(found.curves) // CURVES_PER_ROW)
    figure, grid = new_figure(2.6 * rows, columns=min(CURVES_PER_ROW, len(found.curves)), rows=rows)
    for axes, curve in zip(grid, found.curves, strict=False):
        draw_size_curve(axes, curve)
    for axes in grid[len(found.curves) :]:
        axes.set_visible(False)
    return Section(
        heading="Does the size of intermediate data matter?",
        notes=(found.tests.note, *found.left_out),
        pictures=(
            Picture(
                name="sizes",
                caption="Gain over none by examples of a task that stands alone, with 95 % "
                "intervals; a curve with its band where there is a trend.",
                figure=figure,
            ),
        ),
        sheets=(Sheet(name="sizes", caption="Trends.", frame=_trends(found)),),
    )


def _cells(frame: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    return final_cells(frame, objective.metrics, phase="confirm", split="report")


def _reported(frame: pd.DataFrame, objective: Objective) -> list[str]:
    """Languages that enter reported means."""
    left_out = (*objective.guides, ENGLISH)
    return [str(x) for x in frame["language"].unique() if x not in left_out]


def _order_sentence(found: OrderVariance) -> str:
    share = found.order.share
    sure = "" if share.low is None else f" (95 % interval {share.low:.0%} to {share.high:.0%})"
    return (
        f"Of the variance of one trial among these curricula {share.mean:.0%} is their order"
        f"{sure}, {found.set_of_tasks.share.mean:.0%} the set of their stages, "
        f"{found.seeds.share.mean:.0%} seeds; {found.num_curricula} curricula of {found.num_sets} "
        f"sets, {found.n} repetitions."
    )


def _shares(found: OrderVariance) -> pd.DataFrame:
    def row(part: Component) -> dict[str, object]:
        limits = {"low": part.share.low, "high": part.share.high}
        return {"source": part.name, "share": part.share.mean, **limits, "p_value": part.p_value}

    return pd.DataFrame([row(part) for part in (found.set_of_tasks, found.order, found.seeds)])


def _predicted(found: Agreements) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "predictor": own.predictor,
                "tau": own.tau,
                "p_value": own.p_value,
                "smallest_p": own.smallest_p,
                "advantage": own.advantage.mean,
                "low": own.advantage.low,
                "high": own.advantage.high,
                "regret": own.regret.mean,
                "n": own.advantage.n,
            }
            for own in found.predictors
        ]
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
