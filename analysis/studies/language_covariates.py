"""What may explain how far a language gains? A number per language and covariate, or why not.

Distances to English, script, family, sub-words shared with English text, and how much text of the
language XLM-R was pretrained on. A language that lacks a number is listed with the reason, never
filled in and never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.features import language_table, missing
from analysis.languages import LANGUAGES
from analysis.objective import ENGLISH
from analysis.statistics.marginal_means import marginal_means

FLOOR = 10
"""Shared features below which a distance counts as missing. A share of n features that differ has
a standard error of up to 0.5 / sqrt(n), 0.16 at 10, while distances of the benchmarks' languages
differ by a standard deviation of 0.1 or less; in URIEL+ Afrikaans, Haitian and Kazakh would be at
phonological distance 0 of English by two or three features."""
CC100 = "log CC-100 text"
OVERLAP = "sub-word overlap"
LATIN, KIN = "script of English", "family of English"
_KINDS = (
    *("featural", "syntactic", "genetic", "geographic", "phonological", "inventory"),
    *("morphological", "script", "lexical"),
)
DISTANCES = {f"{kind} distance": f"distance_{kind}" for kind in _KINDS}
UNITS = {
    **dict.fromkeys(DISTANCES, "1 of distance in [0, 1]"),
    CC100: "tenfold text (log10 of 1 + GiB in CC-100)",
    OVERLAP: "1 of the share of tokens whose type English text has",
    LATIN: "the same script as English against another",
    KIN: "the same family as English against another",
}
"""Covariate to the step that its slope is for, in the order of tables and figures."""
_FEATURES = {
    **DISTANCES,
    CC100: "cc100_gib",
    OVERLAP: "subword_tokens",
    LATIN: "script",
    KIN: "family",
}

_MISSING = ("covariate", "language", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariates:
    """What is known of some languages."""

    table: pd.DataFrame
    """Index: language; a column by name of UNITS that any of them has, NaN where unknown."""
    labels: pd.DataFrame
    """Index: language; columns family and script, "" where unknown."""
    missing: pd.DataFrame
    """Columns covariate, language, note: every NaN of the table with its reason."""
    unmeasured: tuple[str, ...]
    """Names of UNITS that no language has."""


def language_covariates(features: pd.DataFrame, languages: Sequence[str]) -> Covariates:
    """Covariates of the languages wanted.

    Args:
        features: as `analysis/features.py` describes them.
        languages: codes; those without any row are in the tables too.
    """
    wanted = pd.Index(languages, name="language")
    solid, thin = _without_thin(features)
    known = language_table(solid).reindex(wanted)
    labels = pd.DataFrame(
        {name: _column(known, name).fillna("").astype(str) for name in ("family", "script")}
    )
    columns: dict[str, pd.Series[float]] = {
        **{name: _numbers(known, feature) for name, feature in DISTANCES.items()},
        CC100: _numbers(known, "cc100_gib").map(lambda gib: np.log10(1 + gib)),
        OVERLAP: _overlap(solid).reindex(wanted),
        LATIN: _same(labels["script"], LANGUAGES[ENGLISH].script),
        KIN: _same(labels["family"].map(_top), _top(LANGUAGES[ENGLISH].family)),
    }
    there = {name: column for name, column in columns.items() if column.notna().any()}
    table = pd.DataFrame(there, index=wanted)
    reasons = _reasons(missing(features)) | thin
    return Covariates(
        table=table,
        labels=labels,
        missing=pd.DataFrame(
            list(_gaps(table, reasons)), columns=["covariate", "language", "note"]
        ),
        unmeasured=tuple(name for name in columns if name not in there),
    )


_Reasons = dict[tuple[str, str], str]
"""(feature, language) to why it has no value."""


def _without_thin(features: pd.DataFrame) -> tuple[pd.DataFrame, _Reasons]:
    """Without the distances that rest on too few features; n of 0 is a distance that is exact."""
    thin = features["feature"].isin(list(DISTANCES.values())) & features["n"].between(1, FLOOR - 1)
    notes = {
        (str(row["feature"]), str(row["language"])): f"rests on {row['n']} shared features, "
        f"at least {FLOOR} are wanted"
        for _, row in features[thin].iterrows()
    }
    return features[~thin], notes


def _overlap(features: pd.DataFrame) -> pd.Series[float]:
    """Over the targets' texts, with what the texts differ in taken out."""
    rows = features[(features["feature"] == "subword_tokens") & features["value"].notna()]
    return marginal_means(rows, "value", over=("target",))


def _column(table: pd.DataFrame, name: str) -> pd.Series[str]:
    return table[name] if name in table else pd.Series("", index=table.index, dtype="str")


def _numbers(table: pd.DataFrame, name: str) -> pd.Series[float]:
    if name not in table:
        return pd.Series(np.nan, index=table.index)
    return pd.to_numeric(table[name], errors="coerce")


def _same(labels: pd.Series[str], wanted: str) -> pd.Series[float]:
    return (labels == wanted).astype("float64").where(labels != "")


def _top(family: str) -> str:
    """Without the branch: `Indo-European: Germanic` is of the family of all Indo-European ones."""
    return family.split(":")[0]


def _reasons(gone: pd.DataFrame) -> _Reasons:
    pairs = zip(gone["feature"], gone["language"], strict=True)
    return dict(zip(pairs, gone["note"], strict=True))


def _gaps(table: pd.DataFrame, reasons: _Reasons) -> Iterator[dict[str, str]]:
    for name in map(str, table.columns):
        for language in map(str, table.index[table[name].isna()]):
            note = reasons.get((_FEATURES[name], language), "no row in the features")
            yield {"covariate": name, "language": language, "note": note}
