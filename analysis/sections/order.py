"""Does the order of the stages matter? A section of the report."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.evidence import SEED, Evidence
from analysis.figures.effects import CELL, draw_effects
from analysis.figures.style import new_figure
from analysis.repetitions import seed_table
from analysis.report_parts import Picture, Section, Sheet
from analysis.studies.order import Component, OrderVariance, order_variance
from analysis.studies.order_agreement import Agreements, agreements
from analysis.studies.order_effects import OrderEffects, order_effects
from analysis.studies.predictors import predictors
from analysis.studies.task_features import similarity_of, task_numbers


def order_section(found: Evidence) -> Section | str:
    """How much order matters; a text says why that cannot be estimated."""
    table = seed_table(found.cells, languages=found.languages)
    rng = np.random.default_rng(SEED)
    variance = order_variance(table, rng=rng)
    if isinstance(variance, str):
        return variance
    effects = order_effects(table)
    guesses = predictors(task_numbers(found), similarity_of(found.features))
    guessed = agreements(table, guesses, rng=rng)
    families = (family.note for family in effects.families)
    return Section(
        heading="Does the order matter?",
        answer=_sentence(variance),
        notes=(variance.note, effects.note, *families),
        pictures=tuple(_pictures(effects)),
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


def _pictures(effects: OrderEffects) -> Iterator[Picture]:
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


def _sentence(found: OrderVariance) -> str:
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
