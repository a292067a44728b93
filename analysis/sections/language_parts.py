"""What do the studies of languages show? Pictures and tables of outcomes over covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from analysis.figures.correlations import ROW, draw_correlations
from analysis.figures.style import new_figure
from analysis.figures.typology import (
    HEIGHT,
    draw_groups,
    draw_typology,
    grouped,
    groups_of,
    name_languages,
)
from analysis.report_parts import Picture
from analysis.statistics.intervals import Interval
from analysis.statistics.leave_one_out import Prediction
from analysis.studies.associations import Association, Outcome
from analysis.studies.language_covariates import UNITS, Covariates


def typology_picture(
    outcomes: Mapping[str, Outcome],
    known: Covariates,
    associations: Sequence[Association],
    headline: str,
    *,
    name: str,
) -> Picture:
    """Outcomes over one covariate, a panel each."""
    families = grouped(known.labels["family"])
    groups = groups_of(families)
    figure, panels = new_figure(HEIGHT, columns=len(outcomes))
    drawn = []
    for axes, own in zip(panels, outcomes.values(), strict=True):
        points = pd.DataFrame({"x": known.table[headline], "y": own.values, "group": families})
        points = points.dropna()
        slope = association_of(associations, own.name, headline).alone.slope
        label = f"{headline} to English ({len(points)} languages)"
        draw_typology(
            axes, points, slope, groups=groups, xlabel=label, ylabel=f"{own.name}, points"
        )
        drawn.append((axes, points))
    if groups != [""]:
        draw_groups(figure, groups)
    for axes, points in drawn:
        name_languages(axes, points)
    return Picture(
        name=name,
        caption=f"Languages by their {headline} to English; colours are families, Indo-European "
        f"by branch. A line stands only where the interval of its slope leaves out 0.",
        figure=figure,
    )


def correlation_picture(associations: Sequence[Association], *, name: str) -> Picture:
    """Spearman's correlations of all outcomes with all covariates."""
    table = associations_table(associations)
    figure, (axes,) = new_figure(1.2 + ROW * table["covariate"].nunique())
    draw_correlations(axes, table)
    return Picture(
        name=name,
        caption="Spearman's correlation over languages, n languages each; bold: below 0.05 "
        "adjusted within its group of outcomes.",
        figure=figure,
    )


def associations_table(associations: Sequence[Association]) -> pd.DataFrame:
    """A row per outcome and covariate."""
    return pd.DataFrame([_row(own) for own in associations])


def predictions_table(found: Mapping[str, Sequence[Prediction]]) -> pd.DataFrame:
    """A row per outcome and covariate, errors in score."""
    rows = [{"outcome": name, **asdict(own)} for name, all_ in found.items() for own in all_]
    return pd.DataFrame(rows)


def _row(own: Association) -> dict[str, object]:
    alone, given = own.alone, own.given
    row: dict[str, object] = {"outcome": own.outcome, "covariate": own.covariate}
    row |= limits("slope", alone.slope) | {"per": UNITS[own.covariate]}
    row |= limits("spearman", alone.spearman)
    row |= {"given": float("nan") if given is None else given.spearman.mean, "control": own.control}
    if given is not None:
        row |= limits("given_slope", given.slope) | {"given_n": given.languages}
        row |= {"given_p_value": given.p_value}
    return row | {
        "n": alone.languages,
        "num_left_out": len(alone.left_out),
        "left_out": " ".join(alone.left_out),
        "p_value": alone.p_value,
        "p_adjusted": float("nan") if own.p_adjusted is None else own.p_adjusted,
        "given_p_adjusted": own.given_p_adjusted,
        "note": alone.note,
    }


def limits(name: str, found: Interval) -> dict[str, object]:
    """Columns of an interval."""
    return {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def association_of(
    associations: Sequence[Association], outcome: str, covariate: str
) -> Association:
    """The one of an outcome and a covariate."""
    return next(x for x in associations if (x.outcome, x.covariate) == (outcome, covariate))
