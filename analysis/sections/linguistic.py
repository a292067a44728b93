"""Do gains go with a language's similarity to English? A section of the report."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.evidence import Evidence
from analysis.report_parts import Picture, Section, Sheet
from analysis.sections.language_parts import (
    association_of,
    associations_table,
    correlation_picture,
    limits,
    predictions_table,
    typology_picture,
)
from analysis.statistics.intervals import MIN_SEEDS, Interval
from analysis.studies.language_covariates import CC100, DISTANCES, FLOOR, Covariates
from analysis.studies.linguistic import (
    BY_TARGET,
    BY_TASK,
    GAIN,
    GAP,
    LinguisticStudy,
    linguistic_study,
)

_STEP = 0.1
"""Of a distance, in sentences: languages differ by a few of it."""
_SHOWN = (
    *("outcome", "covariate", "slope", "slope_low", "slope_high", "spearman", "spearman_low"),
    *("spearman_high", "given", "n", "num_left_out", "p_value", "p_adjusted", "given_p_adjusted"),
)


def linguistic_section(found: Evidence) -> Section | str:
    """What a gain has to do with distance from English; a text says why it cannot be told."""
    study = linguistic_study(found)
    if isinstance(study, str):
        return study
    means = {
        own.name: own
        for own in study.outcomes
        if own.group in (GAIN, GAP) and own.values.notna().any()
    }
    return Section(
        heading="Do gains go with similarity to English?",
        answer=_sentence(study),
        notes=tuple(_notes(study)),
        pictures=(
            typology_picture(
                means, study.covariates, study.associations, study.headline, name="typology"
            ),
            *_correlations(study),
        ),
        sheets=tuple(_sheets(study)),
    )


def _correlations(study: LinguisticStudy) -> Iterator[Picture]:
    """Two figures: more columns than targets would not be legible."""
    names = {
        "language_correlations": (GAIN, GAP, BY_TARGET),
        "language_correlations_by_task": (BY_TASK,),
    }
    for name, wanted in names.items():
        if rows := [own for own in study.associations if own.group in wanted]:
            yield correlation_picture(rows, name=name)


def _sentence(study: LinguisticStudy) -> str:
    gain, gap = (association_of(study.associations, name, study.headline) for name in (GAIN, GAP))
    what = f"per {_STEP} of {study.headline} to English the gain changes by"
    said = (
        f"{what} {_points(gain.alone.slope)} (Spearman {gain.alone.spearman.mean:+.2f}, "
        f"{gain.alone.languages} languages, {study.tasks} tasks, {study.targets} targets, "
        f"{study.repetitions} repetitions), the gap that none has by {_points(gap.alone.slope)} "
        f"({gap.alone.languages} languages)."
    )
    if study.repetitions < MIN_SEEDS:
        few = f"{study.repetitions} repetitions on fresh seeds, at least {MIN_SEEDS} are needed"
        return f"Nothing can be told: {few}; in these {said}"
    if not gain.alone.slope.excludes_zero:
        return f"Nothing can be told of gains and similarity: {said}"
    less = "less" if gain.alone.slope.mean < 0 else "more"
    return f"Languages farther from English gain {less}: {said}"


def _points(slope: Interval) -> str:
    if slope.low is None or slope.high is None:
        return f"an unknown amount ({slope.note})"
    mean, low, high = (100 * _STEP * x for x in (slope.mean, slope.low, slope.high))
    return f"{mean:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})"


def _notes(study: LinguisticStudy) -> Iterator[str]:
    gain = association_of(study.associations, GAIN, study.headline)
    p = "not known" if gain.alone.p_value is None else f"{gain.alone.p_value:.3f}"
    yield (
        f"Headline, named before any data: the gain against the {study.headline} (its p-value "
        f"alone is {p}, {gain.alone.note}). English and the languages that guided the search are "
        f"left out. The verdict is by the interval of the slope, p-values are of rank "
        f"correlations. Intervals are for other languages and these tasks; languages count as "
        f"exchangeable, kinship among them is not modelled."
    )
    seeds = study.over_seeds
    if seeds.low is not None and seeds.high is not None:
        yield (
            f"For other seeds, in these languages: {_points(seeds)} per {_STEP}; {seeds.note}, "
            f"n = {seeds.n}."
        )
    else:
        yield f"What other seeds would give is not known: {seeds.note}."
    if gain.given is not None and study.entangled is not None:
        yield (
            f"The {study.headline} itself goes with {gain.control}: Spearman "
            f"{study.entangled.mean:+.2f}, {study.entangled.n} languages. Given that, the gain "
            f"changes by {_points(gain.given.slope)} per {_STEP} "
            f"(partial Spearman {gain.given.spearman.mean:+.2f}, {gain.given.languages} languages)."
        )
    for what, model in study.mixed.items():
        yield (
            f"Mixed model, languages and tasks as random effects, distance {what}: "
            f"{_points(model.slope)} per {_STEP}; {model.slope.note}."
        )
    yield from _notes_of_missing(study.covariates)
    yield f"Families of tests: {'; '.join(own.note for own in study.families)}."


def _notes_of_missing(known: Covariates) -> Iterator[str]:
    if known.unmeasured:
        yield f"Measured in no language: {', '.join(known.unmeasured)}."
    counts = known.missing["covariate"].value_counts()
    if len(counts):
        each = ", ".join(f"{name} {n}" for name, n in counts.items())
        yield (
            f"Languages of {len(known.table)} without a value, listed below and filled in nowhere: "
            f"{each}. A distance that rests on fewer than {FLOOR} shared features counts as "
            f"missing."
        )
    blank = known.table[[name for name in DISTANCES if name in known.table]].isna().all(axis=1)
    if blank.any():
        yield f"Without any distance: {', '.join(map(str, known.table.index[blank]))}."


def _sheets(study: LinguisticStudy) -> Iterator[Sheet]:
    table = associations_table(study.associations)
    captions = {
        "linguistic_gain": ("Gain of a single task over none, by covariate.", (GAIN,)),
        "linguistic_gap": ("Transfer gap of none, by covariate.", (GAP,)),
        "linguistic_parts": ("Gain by target and by task.", (BY_TARGET, BY_TASK)),
    }
    groups = pd.Series([own.group for own in study.associations])
    for name, (caption, wanted) in captions.items():
        rows = table[groups.isin(wanted)].reset_index(drop=True)
        if len(rows):
            more = (
                f" Slopes in points per unit (column `per` of the file); `given`: partial "
                f"Spearman, given {CC100} (of that itself, given the {study.headline})."
            )
            yield Sheet(name=name, caption=caption + more, frame=rows, shown=_SHOWN)
    yield Sheet(
        name="linguistic_mixed",
        caption=f"Mixed model of the gain on the {study.headline}: points per unit, and standard "
        "deviations between languages, between tasks, and of the rest.",
        frame=_mixed_table(study),
    )
    yield Sheet(
        name="linguistic_left_out",
        caption="Each language predicted from the others: mean absolute error of a straight line "
        "on the covariate and of the mean, in points; skill is the share saved.",
        frame=predictions_table(study.predictions),
    )
    yield Sheet(
        name="linguistic_languages",
        caption="The languages, nearest first.",
        frame=_languages(study),
        shown=("language", "family", "script", "distance", GAIN, GAP),
    )
    if len(study.covariates.missing):
        yield Sheet(
            name="linguistic_missing", caption="What is not known.", frame=study.covariates.missing
        )


def _mixed_table(study: LinguisticStudy) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "model": f"distance {what}",
                **limits("slope", model.slope),
                "n": model.slope.n,
                "tasks": model.tasks,
                "cells": model.cells,
                "language_sd": model.language_sd,
                "task_sd": model.task_sd,
                "rest_sd": model.rest_sd,
                "p_value": model.p_value,
                "note": model.slope.note,
            }
            for what, model in study.mixed.items()
        ]
    )


def _languages(study: LinguisticStudy) -> pd.DataFrame:
    known = study.covariates
    values = {own.name: own.values for own in study.outcomes}
    table = known.labels.join(known.table).join(pd.DataFrame(values))
    table.insert(0, "distance", known.table[study.headline])
    return table.sort_values("distance").reset_index()
