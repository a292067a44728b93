"""Does transfer degrade less where texts are alike? A section of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from analysis.evidence import SEED, Evidence
from analysis.features import missing
from analysis.report_parts import Section, Sheet
from analysis.sections.semantic_pictures import semantic_pictures
from analysis.studies.semantic import (
    DISTANCES,
    LANGUAGE_MEASURES,
    PAIR_MEASURES,
    Relation,
    SemanticStudy,
    semantic_study,
)

MEASURES = (*PAIR_MEASURES, *LANGUAGE_MEASURES)
_ON_PAGE = (
    *("measure", "targets", "spearman", "per_sd", "low", "high", "p_adjusted", "reading"),
    *("reliability", "n", "num_repetitions", "left_out", "note"),
)
_LEVEL = 0.05
_SHOWN = 6
"""Places of a missing feature that are named; all are in features.parquet."""


def semantic_section(found: Evidence) -> Section | str:
    """How far similarity of texts predicts the gap; a text says why that cannot be estimated."""
    study = semantic_study(found, rng=np.random.default_rng(SEED))
    if isinstance(study, str):
        return study
    over_pairs = _rows((*study.pooled, *study.by_target), study, found.languages)
    over_languages = _rows(study.over_languages, study, found.languages)
    return Section(
        heading="Does transfer degrade less where texts are alike?",
        answer=_sentence(study),
        notes=tuple(_notes(study, found)),
        pictures=tuple(semantic_pictures(study)),
        sheets=(
            Sheet(
                name="semantic_pairs",
                caption="Similarity of a task's English text and a language's text against the "
                "change of the gap, over (task, language) pairs, task and language means removed. "
                "A positive number: a larger value of the measure goes with a wider gap; cosine "
                "grows with likeness, MMD (mmd2) with distance, `reading` says which. per_sd: "
                "points per standard deviation of the measure. First row of a measure: means over "
                "the targets named.",
                frame=over_pairs,
                shown=_ON_PAGE,
            ),
            Sheet(
                name="semantic_languages",
                caption="Over languages alone: how well translations find their English item "
                "(parallel), and similarity averaged over tasks, against the gap without any "
                "stage and its mean change by a stage. Signs as above.",
                frame=over_languages,
                shown=("outcome", *_ON_PAGE),
            ),
            Sheet(
                name="semantic_levels",
                caption="The gap of none and its mean change by one stage: what English gains "
                "minus what the languages gain.",
                frame=study.levels,
            ),
            Sheet(
                name="semantic_values",
                caption="Every pair; the similarities are in the file.",
                frame=study.pairs.drop(columns="loss").reset_index(),
                shown=("task", "target", "language", "gap", "change", "gain", "n"),
            ),
        ),
    )


def _sentence(study: SemanticStudy) -> str:
    if not study.with_gap:
        return (
            "Nothing can be told of the gap: no target has an English score; minus the gain, "
            "which orders pairs alike, is below by target."
        )
    if not study.pooled:
        return "Of pairs nothing can be told: no similarity of tasks' and targets' texts is known."
    first = study.pooled[0]
    found, slope = first.found, first.found.slope
    if found.p_value is None:
        return f"Of (task, language) pairs nothing can be told: {found.note}."
    is_told = first.p_adjusted is not None and first.p_adjusted < _LEVEL
    between, targets = "", ", ".join(first.targets)
    if len(first.targets) > 2:
        targets = f"mean of {len(first.targets)} targets"
    if slope.low is not None and slope.high is not None:
        between = f" (95 % interval {100 * slope.low:+.1f} to {100 * slope.high:+.1f})"
    says = (
        f"one standard deviation more {_kind(first.measure)} between a task's text and a "
        f"language's goes with {100 * slope.mean:+.1f} points of gap{between}, rank correlation "
        f"{found.spearman.mean:+.2f}, adjusted p {first.p_adjusted:.3f}; {found.tasks} tasks x "
        f"{found.languages} languages, {targets}, "
        f"{first.repetitions} repetitions."
    )
    return says[0].upper() + says[1:] if is_told else f"Not told from chance: {says}"


def _kind(measure: str) -> str:
    return f"{'distance' if measure in DISTANCES else 'similarity'} ({measure})"


def _of_languages(study: SemanticStudy) -> Iterator[str]:
    """The first measure over languages, in words."""
    for own in study.over_languages[:2]:
        found = own.found
        if found.p_value is not None:
            yield (
                f"Over languages alone, {own.measure} and the {own.outcome}: rank correlation "
                f"{found.spearman.mean:+.2f}, {100 * found.slope.mean:+.1f} points per standard "
                f"deviation, adjusted p {own.p_adjusted:.3f}, n = {found.languages} languages."
            )


def _notes(study: SemanticStudy, found: Evidence) -> Iterator[str]:
    yield from _of_languages(study)
    yield (
        "A pair is an intermediate task alone and a reported language; the gap is the English "
        "score minus the language's, its change that minus the gap of none in the same repetition. "
        "With task and language means removed the gap, its change and minus the gain are the same "
        "numbers, so over pairs there is one test, by permuting tasks and languages; what the "
        "means hold is tested over languages alone, and not over tasks, which are too few."
    )
    yield (
        "Similarities are of the encoder before any stage, and correlations are no causes: tasks "
        "and languages differ in much else. Kinship among languages is not modelled. The root of "
        "the reliability is what the best measure could reach as a correlation."
    )
    if study.without_gap:
        names = ", ".join(study.without_gap)
        yield (
            f"Without English score, hence without gap: {names}. By target they stand with minus "
            "the gain, means removed; they enter no mean over targets."
        )
    if study.pooled and (out := [x for x in study.with_gap if x not in study.pooled[0].targets]):
        yield (
            f"In no mean over targets: {', '.join(out)}; means are over the targets that share "
            "most languages, every pair having all of them."
        )
    yield from (f"{tests.note}." for tests in study.families)
    yield from _unmeasured(found)


def _unmeasured(found: Evidence) -> Iterator[str]:
    """What has no value, with its reason; what was never asked for."""
    here = found.features[found.features["language"].isin(found.languages)]
    lacks = missing(here)
    lacks = lacks[lacks["feature"].isin(MEASURES)]
    for (feature, note), rows in lacks.groupby(["feature", "note"], sort=False):
        where = [" ".join(filter(None, row)) for row in rows[["task", "target", "language"]].values]
        more = f" and {len(where) - _SHOWN} more" if len(where) > _SHOWN else ""
        yield f"Not measured: {feature} of {', '.join(where[:_SHOWN])}{more} ({note})."
    if absent := [name for name in MEASURES if name not in set(here["feature"])]:
        yield f"Not asked for: {', '.join(absent)}."
    another = here[here["feature"].str.startswith("sentence_") & here["value"].notna()]
    for note in another["note"].unique():
        yield f"sentence_cosine and sentence_mmd2 are {note}."


def _rows(
    relations: Iterable[Relation], study: SemanticStudy, languages: Sequence[str]
) -> pd.DataFrame:
    rows = []
    for own in relations:
        found = own.found
        scored = study.pairs[study.pairs.index.isin(own.targets, level="target")].index
        used = own.points
        gone = [x for x in languages if x in scored.unique("language")]
        gone = [x for x in gone if x not in set(used["language"])]
        if "task" in used:
            gone += [x for x in scored.unique("task") if x not in set(used["task"])]
        rows.append(
            {
                "measure": own.measure,
                "outcome": own.outcome,
                "targets": " ".join(own.targets) or "–",
                "spearman": found.spearman.mean,
                "per_sd": found.slope.mean,
                "low": found.slope.low,
                "high": found.slope.high,
                "p_value": found.p_value,
                "p_adjusted": own.p_adjusted,
                "reading": own.reading,
                "reliability": own.reliability,
                "num_tasks": found.tasks if "task" in used else None,
                "n": found.spearman.n,
                "num_repetitions": own.repetitions,
                "left_out": " ".join(gone),
                "note": found.note,
            }
        )
    return pd.DataFrame(rows)
