"""Which outcomes go with which covariates, over languages? Correlations and slopes, in families.

Every outcome with every covariate, alone and with the text that the encoder was pretrained on held
equal; p-values are adjusted within each group of outcomes (Benjamini and Hochberg).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.statistics.correlations import Correlation, language_correlation
from analysis.statistics.intervals import LEVEL
from analysis.statistics.multiplicity import Family, family
from analysis.studies.language_covariates import CC100


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A number per language that is to be explained."""

    name: str
    group: str
    values: pd.Series[float]
    """Index: language; in score, NaN where it cannot be compared with the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """How an outcome goes with a covariate."""

    outcome: str
    group: str
    covariate: str
    alone: Correlation
    given: Correlation | None
    """With the control held equal; None where no language has one."""
    control: str
    """`log CC-100 text`; of that itself the headline's distance. "" where there is none."""
    p_adjusted: float | None
    """Of `alone`, within the group."""
    given_p_adjusted: float | None
    """Of `given`, within the group."""


def associate(
    outcomes: Sequence[Outcome],
    covariates: pd.DataFrame,
    *,
    headline: str,
    rng: np.random.Generator,
    level: float = LEVEL,
) -> tuple[tuple[Association, ...], tuple[Family, ...]]:
    """Every outcome with every covariate, and the families of tests.

    Args:
        outcomes: to be explained.
        covariates: index: language, a column each.
        headline: the column that text size is controlled for.
        rng: draws permutations.
        level: of intervals.
    """
    pairs = [(own, str(name)) for own in outcomes for name in covariates.columns]
    alone = [_correlated(own, covariates, name, "", rng, level) for own, name in pairs]
    controls = [_control(name, covariates, headline) for _, name in pairs]
    given = [
        _correlated(own, covariates, name, control, rng, level) if control else None
        for (own, name), control in zip(pairs, controls, strict=True)
    ]
    families, adjusted = [], []
    for what, found in (("", alone), (f" given {CC100}", given)):
        own_families = list(_families(pairs, found, what))
        families += own_families
        adjusted.append({key: p for own in own_families for key, p in own.adjusted.items()})
    rows = zip(pairs, alone, given, controls, strict=True)
    associations = tuple(
        Association(
            outcome=own.name, group=own.group, covariate=name, alone=first, given=second,
            control=control, p_adjusted=adjusted[0].get(_key(own, name)),
            given_p_adjusted=adjusted[1].get(_key(own, name)),
        )
        for (own, name), first, second, control in rows
    )  # fmt: skip
    return associations, tuple(own for own in families if own.tests or own.untested)


def _correlated(
    outcome: Outcome,
    covariates: pd.DataFrame,
    name: str,
    control: str,
    rng: np.random.Generator,
    level: float,
) -> Correlation:
    held = [np.asarray(covariates[control], dtype=np.float64)] if control else []
    return language_correlation(
        np.asarray(outcome.values.reindex(covariates.index), dtype=np.float64),
        np.asarray(covariates[name], dtype=np.float64),
        languages=[str(x) for x in covariates.index],
        rng=rng,
        controls=held,
        level=level,
    )


def _control(name: str, covariates: pd.DataFrame, headline: str) -> str:
    control = headline if name == CC100 else CC100
    return control if control in covariates else ""


def _families(
    pairs: Sequence[tuple[Outcome, str]], found: Sequence[Correlation | None], what: str
) -> Iterator[Family]:
    """Benjamini-Hochberg within each group of outcomes."""
    for group in dict.fromkeys(own.group for own, _ in pairs):
        p_values = {
            _key(own, name): one.p_value
            for (own, name), one in zip(pairs, found, strict=True)
            if own.group == group and one is not None
        }
        yield family(f"{group}, by covariate{what}", p_values, method="benjamini-hochberg")


def _key(outcome: Outcome, covariate: str) -> str:
    return f"{outcome.name}, {covariate}"
