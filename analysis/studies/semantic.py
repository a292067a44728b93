"""Does transfer degrade less where texts are alike? A task's English text and a language's text.

Three outcomes are asked for: the transfer gap after a stage, its change against no stage, and the
gain. Once the means of tasks and of languages are removed they are the same numbers but for the
sign: English scores go with the task, scores of `none` with the language. So over (task, language)
pairs there is one test, not three, and it needs no English score. What the means hold is asked over
languages alone: the gap of `none`, and the mean change over tasks. Tasks are too few for a test of
their means. Similarities are of the encoder before any stage, so no noise of seeds is in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.evidence import Evidence, single_transfers
from analysis.features import of_pairs
from analysis.statistics.correlations import (
    MIN_TASKS,
    Correlation,
    language_correlation,
    pair_correlation,
)
from analysis.statistics.multiplicity import Family, family
from analysis.studies.semantic_levels import gap_levels
from analysis.studies.semantic_pools import block, pool, reliability

PAIR_MEASURES = ("text_cosine", "text_mmd2", "sentence_cosine", "sentence_mmd2")
"""Of a task's and a target's text; the first that was measured answers the question."""
LANGUAGE_MEASURES = ("parallel_accuracy", "parallel_margin")
DISTANCES = frozenset({"text_mmd2", "sentence_mmd2"})
"""Large where texts differ; every other measure is large where they are alike."""
CHANGE, NONE_GAP = "change of the gap", "gap of none"
MIN_REPETITIONS = 2
PAIR_COLUMNS = ("gap", "change", "gain", "none_gap", "loss", "n")
_KEYS = ["task", "target", "language"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """How one measure goes with one outcome."""

    measure: str
    outcome: str
    """CHANGE or NONE_GAP."""
    targets: tuple[str, ...]
    """Over which measure and outcome are means."""
    found: Correlation
    """Its slope is in score per standard deviation of the measure over what is compared."""
    p_adjusted: float | None = None
    reliability: float | None
    """Share of the outcome's variance that is not noise of seeds; its root limits what any
    correlation can reach. None where repetitions are too few or differ."""
    repetitions: int
    """Fewest that a compared value is a mean over."""
    points: pd.DataFrame
    """What is compared: language, x, y (in score), and over pairs task, means removed."""

    @property
    def reading(self) -> str:
        """What the sign of the rank correlation says; empty if there is none."""
        rho = self.found.spearman.mean
        if rho != rho or rho == 0:
            return ""
        is_smaller = (rho < 0) != (self.measure in DISTANCES)
        return f"more alike, {'smaller' if is_smaller else 'larger'} gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticStudy:
    """All that can be said of one study's texts."""

    pairs: pd.DataFrame
    """By (task, target, language): PAIR_COLUMNS, means over n repetitions in score; loss is minus
    the gain; gap, change and none_gap NaN without an English score; then the measures."""
    with_gap: tuple[str, ...]
    without_gap: tuple[str, ...]
    """Targets without an English score: retrieval."""
    pooled: tuple[Relation, ...]
    """Over pairs, means over the targets that share most; one per measure."""
    by_target: tuple[Relation, ...]
    """The same by target, those without a gap too; one target with a gap alone is in `pooled`."""
    over_languages: tuple[Relation, ...]
    """Of the measures over languages alone, with both outcomes; means over targets."""
    levels: pd.DataFrame
    """As `gap_levels` gives them, of all targets."""
    families: tuple[Family, ...]
    """Of the three, in their order; those without any test are left out."""


def semantic_study(found: Evidence, *, rng: np.random.Generator) -> SemanticStudy | str:
    """The study's relations; a text says why nothing can be estimated.

    Args:
        found: of a study.
        rng: draws permutations.
    """
    transfers = single_transfers(found)
    features = found.features[found.features["language"].isin(found.languages)]
    if why := _nothing(transfers, features):
        return why
    of_pair = _measured(features, PAIR_MEASURES)
    transfers = transfers.assign(
        loss=-transfers["gain"], change=transfers["gap"] - transfers["none_gap"]
    )
    pairs = _pairs(transfers, features, of_pair)
    gaps = pairs["gap"].groupby(level="target", sort=False).count()
    with_gap = tuple(str(x) for x in gaps.index[gaps > 0])
    without = tuple(str(x) for x in gaps.index[gaps == 0])
    data = _Data(transfers=transfers, pairs=pairs, with_gap=with_gap, rng=rng)
    pooled = [_over_pairs(data, x, with_gap) for x in of_pair] if with_gap else []
    apart = (*(with_gap if len(with_gap) > 1 else ()), *without)
    single = [_over_pairs(data, x, (target,)) for target in apart for x in of_pair]
    alone = _over_languages(data, features, of_pair) if with_gap else []
    adjusted = [
        _adjusted("texts alike and change of the gap over pairs, by measure", pooled),
        _adjusted("the same by target and measure", single),
        _adjusted("alike to English and gap over languages, by measure and outcome", alone),
    ]
    study = SemanticStudy(
        pairs=pairs,
        with_gap=with_gap,
        without_gap=without,
        pooled=adjusted[0][0],
        by_target=adjusted[1][0],
        over_languages=adjusted[2][0],
        levels=gap_levels(transfers, (*with_gap, *without)),
        families=tuple(tests for _, tests in adjusted if tests.tests),
    )
    return study if study.families else _why(study)


def _nothing(transfers: pd.DataFrame, features: pd.DataFrame) -> str:
    """Why there is nothing to compare; empty if there is."""
    if transfers.empty:
        return "no task was repeated alone on fresh seeds"
    if not _measured(features, (*PAIR_MEASURES, *LANGUAGE_MEASURES)):
        return "no similarity of texts was measured; curriculum features measures it"
    if transfers["repetition"].nunique() < MIN_REPETITIONS:
        return (
            "single tasks were repeated on one pair of fresh seeds; at least "
            f"{MIN_REPETITIONS} are needed to tell their differences from noise"
        )
    return ""


def _measured(features: pd.DataFrame, names: Sequence[str]) -> list[str]:
    known = set(features.loc[features["value"].notna(), "feature"])
    return [name for name in names if name in known]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """What every relation is made from."""

    transfers: pd.DataFrame
    pairs: pd.DataFrame
    with_gap: tuple[str, ...]
    rng: np.random.Generator


def _pairs(transfers: pd.DataFrame, features: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    grouped = transfers.groupby(_KEYS, sort=False)
    means = grouped[list(PAIR_COLUMNS[:-1])].mean().assign(n=grouped.size())
    return means.join(of_pairs(features, *measures)) if measures else means


def _over_pairs(data: _Data, measure: str, among: Sequence[str]) -> Relation:
    """Task and language means removed."""
    rows, targets = block(data.pairs[[measure, "loss"]], among)
    x, y = (rows[name].unstack("language", sort=False) for name in (measure, "loss"))
    found = pair_correlation(
        y.to_numpy(), _in_deviations(x.to_numpy()), languages=list(x.columns), rng=data.rng
    )
    if len(x) == 1:
        note = f"not estimable: 1 task, at least {MIN_TASKS} are needed"
        found = replace(found, note=note)
    return Relation(
        measure=measure,
        outcome=CHANGE,
        targets=targets,
        found=found,
        reliability=reliability(pool(data.transfers, "loss", targets, rows.index)),
        repetitions=_fewest(data.pairs, targets, rows.index),
        points=pd.DataFrame(
            {"x": _centred(x.to_numpy()).ravel(), "y": _centred(y.to_numpy()).ravel()},
            index=pd.MultiIndex.from_product([x.index, x.columns], names=["task", "language"]),
        ).reset_index(),
    )


def _over_languages(data: _Data, features: pd.DataFrame, of_pair: Sequence[str]) -> list[Relation]:
    """Measures by language, those of pairs averaged over tasks, against both outcomes."""
    relations: list[Relation] = []
    for measure in _measured(features, LANGUAGE_MEASURES):
        x = _of_language(features, measure)
        here = data.pairs.index.isin(x.index, level="language")
        rows, targets = block(data.pairs.loc[here, ["none_gap", "change"]], data.with_gap)
        relations += _both_outcomes(data, measure, x, rows, targets)
    for measure in of_pair:
        rows, targets = block(data.pairs[["none_gap", "change", measure]], data.with_gap)
        relations += _both_outcomes(data, measure, _over_tasks(rows[measure]), rows, targets)
    return relations


def _both_outcomes(
    data: _Data,
    measure: str,
    x: pd.Series[float],
    rows: pd.DataFrame,
    targets: tuple[str, ...],
) -> Iterator[Relation]:
    for outcome, column in ((NONE_GAP, "none_gap"), (CHANGE, "change")):
        y = _over_tasks(rows[column])
        own = x.reindex(y.index)
        found = language_correlation(
            np.asarray(y, dtype=np.float64),
            _in_deviations(np.asarray(own, dtype=np.float64)),
            languages=list(y.index),
            rng=data.rng,
        )
        samples = pool(data.transfers, column, targets, rows.index).mean(axis=1, keepdims=True)
        yield Relation(
            measure=measure,
            outcome=outcome,
            targets=targets,
            found=found,
            reliability=reliability(samples),
            repetitions=_fewest(data.pairs, targets, rows.index),
            points=pd.DataFrame({"x": own, "y": y}).rename_axis("language").reset_index(),
        )


def _over_tasks(values: pd.Series[float]) -> pd.Series[float]:
    return values.groupby(level="language", sort=False).mean()


def _of_language(features: pd.DataFrame, measure: str) -> pd.Series[float]:
    """Means over the targets that share most languages.

    A mean over whichever target measured a language would compare texts, not languages.
    """
    own = features[features["feature"] == measure]
    means, _ = block(own.set_index(_KEYS)[["value"]], [str(x) for x in own["target"].unique()])
    return means["value"].droplevel("task")


def _fewest(pairs: pd.DataFrame, targets: Sequence[str], rows: pd.Index[Any]) -> int:
    """Repetitions of the (task, target, language) that has fewest."""
    own = pairs["n"].unstack("target").reindex(rows)[list(targets)]
    return int(own.to_numpy().min()) if own.size else 0


def _adjusted(name: str, own: Sequence[Relation]) -> tuple[tuple[Relation, ...], Family]:
    names = [f"{x.measure}, {x.outcome}, {' '.join(x.targets)}" for x in own]
    tests = family(
        name,
        {test: x.found.p_value for test, x in zip(names, own, strict=True)},
        method="benjamini-hochberg",
    )
    relations = (
        replace(x, p_adjusted=tests.adjusted.get(test)) for test, x in zip(names, own, strict=True)
    )
    return tuple(relations), tests


def _why(study: SemanticStudy) -> str:
    """Why there is no test at all."""
    relations = (*study.pooled, *study.by_target, *study.over_languages)
    return "; ".join(dict.fromkeys(x.found.note for x in relations)) or (
        "no target has an English score, hence none has a gap"
    )


def _centred(values: Array) -> Array:
    """The means of tasks (rows) and of languages (columns) removed, or of languages alone."""
    if not values.size:
        return values
    if values.ndim == 1:
        return np.asarray(values - values.mean())
    return np.asarray(values - values.mean(1, keepdims=True) - values.mean(0) + values.mean())


def _in_deviations(values: Array) -> Array:
    """In standard deviations of what means leave, so that slopes of all measures can be compared.

    Where means leave nothing but rounding, as it is.
    """
    spread = float(_centred(values).std()) if values.size else 0.0
    return np.asarray(values / spread) if spread > 1e-9 * np.abs(values).max(initial=0) else values
