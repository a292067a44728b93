"""Do gains from intermediate training go with how like English a language is?

By language: the gain of a single task over `none`, mean over tasks and targets; and the transfer
gap that `none` has, which says how far the language is before any stage. The headline was chosen
before any data: the gain against the featural distance of URIEL+ (syntactic where that is missing).
Everything else is looked at beside it, with p-values adjusted. Languages are the units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evidence import SEED, Evidence, single_transfers
from analysis.repetitions import UNIT
from analysis.statistics.correlations import MIN_LANGUAGES
from analysis.statistics.intervals import LEVEL, Interval, t_interval
from analysis.statistics.leave_one_out import Prediction, leave_one_out
from analysis.statistics.marginal_means import marginal_means
from analysis.statistics.mixed_model import MixedSlope, mixed_slope
from analysis.statistics.multiplicity import Family
from analysis.studies.associations import Association, Outcome, associate
from analysis.studies.language_covariates import CC100, Covariates, language_covariates

GAIN, GAP = "gain", "gap of none"
BY_TARGET, BY_TASK = "gain by target", "gain by task"
"""Groups of outcomes; p-values are adjusted within each."""
HEADLINES = ("featural distance", "syntactic distance")
"""The first of them that enough languages have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinguisticStudy:
    """All that is estimated."""

    headline: str
    """A covariate, of HEADLINES."""
    outcomes: tuple[Outcome, ...]
    covariates: Covariates
    associations: tuple[Association, ...]
    families: tuple[Family, ...]
    mixed: Mapping[str, MixedSlope]
    """Of the gain on the headline's distance: `alone`, and given the control where there is one."""
    entangled: Interval | None
    """Rank correlation of the headline's distance with CC100; None where no language has both."""
    over_seeds: Interval
    """The slope of the gain on the headline's distance in each repetition, in these languages."""
    predictions: Mapping[str, tuple[Prediction, ...]]
    """By GAIN and GAP: one for each covariate."""
    tasks: int
    targets: int
    repetitions: int


def linguistic_study(found: Evidence, *, level: float = LEVEL) -> LinguisticStudy | str:
    """The study; a text says why nothing can be estimated."""
    transfers = single_transfers(found)
    if not len(transfers):
        return "no task was repeated alone on fresh seeds beside `none`"
    if not len(found.features):
        return "no features of languages were measured (`curriculum features` does)"
    known = language_covariates(found.features, list(dict.fromkeys(transfers["language"])))
    headline = headline_of(known)
    if headline not in HEADLINES:
        return headline
    outcomes, rng = tuple(_outcomes(transfers)), np.random.default_rng(SEED)
    associations, families = associate(
        outcomes, known.table, headline=headline, rng=rng, level=level
    )
    return LinguisticStudy(
        headline=headline,
        outcomes=outcomes,
        covariates=known,
        associations=associations,
        families=families,
        mixed=_mixed(transfers, known.table, headline, level),
        entangled=_entangled(known.table, headline, rng, level),
        over_seeds=_over_seeds(transfers, known.table[headline], level),
        predictions={
            own.name: predictions(own.values, known.table)
            for own in outcomes
            if own.group in (GAIN, GAP)
        },
        tasks=transfers["task"].nunique(),
        targets=transfers["target"].nunique(),
        repetitions=transfers["repetition"].nunique(),
    )


def headline_of(known: Covariates) -> str:
    """The distance of the headline, by how many languages have it alone; else why there is none."""
    for name in HEADLINES:
        if name in known.table and known.table[name].notna().sum() >= MIN_LANGUAGES:
            return name
    counts_of = known.table.notna().sum()
    here = {name: int(counts_of.get(name, 0)) for name in HEADLINES}
    counts = " and ".join(f"{n} have a {name}" for name, n in here.items())
    return (
        f"of {len(known.table)} reported languages (English and proxies are not among them) "
        f"{counts}; at least {MIN_LANGUAGES} are needed"
    )


def predictions(outcome: pd.Series[float], covariates: pd.DataFrame) -> tuple[Prediction, ...]:
    """Leave one language out: every covariate alone."""
    return tuple(leave_one_out(outcome, covariates[name]) for name in covariates)


def _outcomes(transfers: pd.DataFrame) -> Iterator[Outcome]:
    both = ("task", "target")
    yield Outcome(name=GAIN, group=GAIN, values=marginal_means(transfers, "gain", over=both))
    once = transfers.drop_duplicates(["target", "language", "repetition"])
    gaps = once[once["none_gap"].notna()]
    yield Outcome(name=GAP, group=GAP, values=marginal_means(gaps, "none_gap", over=("target",)))
    for group, factor, other in ((BY_TARGET, *both[::-1]), (BY_TASK, *both)):
        parts = dict(tuple(transfers.groupby(factor, sort=False)))
        for part, rows in parts.items() if len(parts) > 1 else ():  # of one: the gain once more
            values = marginal_means(rows, "gain", over=(other,))
            name = f"gain {'on' if group == BY_TARGET else 'of'} {part!s}"
            yield Outcome(name=name, group=group, values=values)


def _mixed(
    transfers: pd.DataFrame, covariates: pd.DataFrame, headline: str, level: float
) -> dict[str, MixedSlope]:
    """Over the mean gain of each task in each language, targets alike."""
    parts = transfers.groupby("task", sort=False)
    table = pd.DataFrame(
        {task: marginal_means(rows, "gain", over=("target",)) for task, rows in parts}
    ).T
    models = {"alone": mixed_slope(table, covariates[headline], level=level)}
    if CC100 in covariates:
        models[f"given {CC100}"] = mixed_slope(
            table, covariates[headline], controls=[covariates[CC100]], level=level
        )
    return models


def _entangled(
    covariates: pd.DataFrame, headline: str, rng: np.random.Generator, level: float
) -> Interval | None:
    if CC100 not in covariates:
        return None
    text = Outcome(name=CC100, group=CC100, values=covariates[CC100])
    own, _ = associate([text], covariates[[headline]], headline=headline, rng=rng, level=level)
    return own[0].alone.spearman


def _over_seeds(transfers: pd.DataFrame, covariate: pd.Series[float], level: float) -> Interval:
    """What other seeds would give in these languages: a slope per repetition."""
    slopes = []
    for _, rows in transfers.groupby("repetition"):
        gains = marginal_means(rows, "gain", over=("task", "target"))
        both = pd.DataFrame({"y": gains, "x": covariate}).dropna()
        if len(both) == covariate.notna().sum() and both["x"].nunique() > 1:
            x = both["x"] - both["x"].mean()
            slopes.append(float((x * both["y"]).sum() / (x**2).sum()))
    if not slopes:
        gone = float("nan")
        note = "no repetition has every language"
        return Interval(mean=gone, low=None, high=None, n=0, unit=UNIT, note=note)
    return t_interval(slopes, level=level, unit=UNIT)
