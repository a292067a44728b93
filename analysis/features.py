"""How alike are a study's tasks, texts and languages? The one schema of `features.parquet`.

A long table: one row per number, so that every feature has the same columns and a new one needs no
new reader. Writer and reader together. `curriculum features` makes it (`search/features.py`); what
a feature is, how it is estimated and by whom, stands in `FEATURES`. A feature that could not be
measured has a row without value, with the reason as its note: missing is never filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS: dict[str, str] = {
    "feature": "str",
    "task": "str",
    "target": "str",
    "language": "str",
    "other": "str",
    "value": "float64",
    "label": "str",
    "n": "int64",
    "note": "str",
}
"""Column to its type. task: an intermediate task, or `none`; other: what is compared with, a task
or a language; label: the value of a feature that is no number; n: what the value is a mean or a
count over (texts, items, words, shared features), 0 where that says nothing; columns that a feature
does not have are ""."""
IDENTITY = ("feature", "task", "target", "language", "other")
"""Columns that together name one row."""

_PAIR = ("task", "target", "language")
_TASKS = ("task", "other")
_LANGUAGE = ("target", "language", "other")
_EVIDENCE = ("task", "target", "language")
FEATURES: dict[str, tuple[tuple[str, ...], str]] = {
    "train_rows": (("task", "target"), "training rows that are there, of a task or a target"),
    "morphological": (("task",), "1: its labels say what forms of English words mean, 0: not"),
    "text_cosine": (_PAIR, "cosine of the mean sentence vectors of a task's and a target's text"),
    "text_mmd2": (_PAIR, "squared MMD of the same sentence vectors, unbiased, RBF, median width"),
    "sentence_cosine": (_PAIR, "text_cosine by another sentence encoder, its last layer"),
    "sentence_mmd2": (_PAIR, "text_mmd2 by the same"),
    "textemb_cosine": (_TASKS, "cosine of mean last-layer vectors of training text"),
    "taskemb_cosine": (_TASKS, "cosine of Fisher information, mean over layers"),
    "parallel_accuracy": (_LANGUAGE, "English items whose nearest foreign one is their own"),
    "parallel_cosine": (_LANGUAGE, "mean cosine of an item and its translation"),
    "parallel_margin": (_LANGUAGE, "the same minus the mean cosine of other pairs"),
    "subword_tokens": (_LANGUAGE, "share of sub-word tokens whose type English text has"),
    "subword_types": (_LANGUAGE, "share of different sub-words that English text has"),
    "subword_jaccard": (_LANGUAGE, "sub-words of both texts over those of either"),
    "fertility": (("target", "language"), "sub-word tokens per word"),
    "logme": (_EVIDENCE, "log evidence per sample of a target's labels after a task alone"),
    "h_score": (_EVIDENCE, "H-score of the same"),
    "h_score_shrunk": (_EVIDENCE, "H-score of the same with Ledoit and Wolf's covariance"),
    **{
        f"distance_{kind}": (("language", "other"), f"{kind} distance to English, in [0, 1]")
        for kind in (
            *("syntactic", "genetic", "geographic", "phonological", "inventory", "featural"),
            *("morphological", "script", "lexical"),
        )
    },
    "script": (("language",), "label: script, ISO 15924"),
    "family": (("language",), "label: family, Indo-European by branch"),
    "agglutinative": (("language",), "1: agglutinative, 0: not"),
    "cc100_gib": (("language",), "text of the language in CC-100, GiB; 0: none"),
    "cc100_tokens": (("language",), "white-space tokens of the language in CC-100, millions"),
}
"""Feature to the columns that it has and what it says."""


class FeaturesError(ValueError):
    """The file cannot be used: says what is wrong and what to do."""


def as_features(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A frame of rows in the columns of `COLUMNS`.

    Raises:
        FeaturesError: if a row lacks a column, names an unknown feature, or comes twice.
    """
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(COLUMNS)
    return _checked(frame, "the features")


def write_features(frame: pd.DataFrame, path: Path) -> None:
    """Write what `as_features` gave."""
    frame.to_parquet(path, index=False)


def read_features(path: Path) -> pd.DataFrame:
    """The features of a run folder, or of a file.

    Raises:
        FeaturesError: if there are none yet, or the file is damaged.
    """
    file = path / "features.parquet" if path.is_dir() else path
    if not file.exists():
        raise FeaturesError(f"{file} is not there; make it with: curriculum features {file.parent}")
    try:
        frame = pd.read_parquet(file)
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        raise FeaturesError(
            f"{file} is damaged ({error}); remove it, then: curriculum features {file.parent}"
        ) from error
    if set(frame.columns) != set(COLUMNS):
        raise FeaturesError(
            f"{file} has the columns {', '.join(map(str, frame.columns))}; wanted "
            f"{', '.join(COLUMNS)}; make it again with: curriculum features {file.parent}"
        )
    return _checked(frame[list(COLUMNS)].astype(COLUMNS), str(file))


def of_tasks(features: pd.DataFrame, feature: str) -> pd.DataFrame:
    """A task x task matrix, such as of `taskemb_cosine`; NaN where nothing was measured."""
    rows = _rows(features, feature)
    names = list(dict.fromkeys([*rows["task"], *rows["other"]]))
    names = [name for name in names if name]
    return rows.pivot(index="task", columns="other", values="value").reindex(
        index=names, columns=names
    )


def of_stages(features: pd.DataFrame, feature: str) -> pd.DataFrame:
    """Tasks (rows) by targets, such as of `logme`; of text similarities the mean over languages."""
    rows = _rows(features, feature)
    rows = rows[(rows["task"] != "") & (rows["target"] != "")]
    means = rows.groupby(["task", "target"], sort=False)["value"].mean().unstack()
    return means.reindex(index=_order(rows, "task"), columns=_order(rows, "target"))


def of_languages(features: pd.DataFrame, feature: str, *, by_target: bool = False) -> pd.DataFrame:
    """Languages (rows) by the feature, or with `by_target` by targets.

    Without it a feature that is measured per target, such as `parallel_accuracy`, is averaged over
    the targets that have it; column `n` says over how many values.
    """
    rows = _rows(features, feature)
    order = _order(rows, "language")
    if by_target:
        means = rows.groupby(["language", "target"], sort=False)["value"].mean().unstack()
        return means.reindex(index=order, columns=_order(rows, "target"))
    grouped = rows.groupby("language", sort=False)["value"]
    return pd.DataFrame({feature: grouped.mean(), "n": grouped.count()}).reindex(order)


def of_pairs(features: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Rows by (task, target, language), a column by feature: `text_cosine`, `text_mmd2`."""
    rows = pd.concat([_rows(features, name) for name in names])
    index = ["task", "target", "language"]
    wide = rows.pivot(index=index, columns="feature", values="value")
    return wide.reindex(pd.MultiIndex.from_frame(rows[index].drop_duplicates()))[list(names)]


def language_table(features: pd.DataFrame) -> pd.DataFrame:
    """One row per language: every distance and fact, and the means of what targets measured.

    A column by feature; those of `script` and `family` are text, NaN where unknown.
    """
    here = dict.fromkeys(features["feature"])
    columns = {}
    for feature in here:
        if "language" not in FEATURES[feature][0] or "task" in FEATURES[feature][0]:
            continue
        rows = _rows(features, feature)
        if (rows["label"] != "").any():
            known = rows[rows["label"] != ""]
            columns[feature] = known.set_index("language")["label"]
        else:
            columns[feature] = of_languages(features, feature)[feature]
    languages = [x for x in dict.fromkeys(features["language"]) if x]
    return pd.DataFrame(columns).reindex(languages).rename_axis(index="language")


def missing(features: pd.DataFrame) -> pd.DataFrame:
    """Rows without value, with the reason: to be listed and counted in every report."""
    lacks = features["value"].isna() & (features["label"] == "")
    return features.loc[lacks, [*IDENTITY, "note"]].reset_index(drop=True)


def _rows(features: pd.DataFrame, feature: str) -> pd.DataFrame:
    if feature not in FEATURES:
        raise FeaturesError(f"no feature is named {feature!r}; known: {', '.join(FEATURES)}")
    return features[features["feature"] == feature]


def _order(rows: pd.DataFrame, column: str) -> list[str]:
    """As they come in the file."""
    return list(dict.fromkeys(rows[column]))


def _checked(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    unknown = set(frame["feature"]) - FEATURES.keys()
    if unknown:
        raise FeaturesError(f"{what} have unknown features: {', '.join(sorted(unknown))}")
    twice = frame[frame.duplicated(list(IDENTITY))]
    if len(twice):
        raise FeaturesError(f"{what} have a row twice: {' '.join(twice.iloc[0][list(IDENTITY)])}")
    return frame
