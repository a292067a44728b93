"""What do several studies say beside one another, and which of it can be compared?

Every number is that of one study's own report: nothing is averaged over studies, and no difference
between them is tested, since their seeds are not paired. Gains of winners stand side by side where
the target, its data, its metric and the reported languages are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pandas as pd

from analysis.report import Report
from analysis.report_split import AVERAGE
from analysis.statistics.distributions import spearman
from spaces.curriculum import EMPTY_TEXT

MIN_COMMON = 3
"""Curricula below which ranks agree by chance alone."""
SEARCHED = "no: search alone"
RUN_COLUMNS = {
    "run": "str", "asks": "str", "encoder": "str", "curriculum": "str", "confirmed": "str",
    "gain": "float64", "low": "float64", "high": "float64", "n": "float64",
    "examples_paid": "float64", "examples_needed": "float64", "share": "float64",
    "hours": "float64", "targets": "str", "languages": "str",
}  # fmt: skip
GAIN_COLUMNS = {
    "target": "str", "run": "str", "gain": "float64", "low": "float64", "high": "float64",
    "n": "int64", "languages": "str",
}  # fmt: skip
WHY: Mapping[str, str] = {
    "test bed": "what holds in the embedded world says nothing about human languages",
    "encoder": "none starts from other scores, and other tokenizers cut the texts otherwise",
    "targets": "averages are over other targets; only shared ones stand side by side",
    "languages": "means are over other languages; such a target does not stand side by side",
    "metrics": "scores of such a target mean different things",
    "data": "such a target has the same name, but other files, rows or splits",
    "objective": "their searches were guided by other scores",
    "probe": "scores of the search are of other numbers of examples",
    "full targets": "confirmed scores are of other numbers of examples",
    "recipe": "stages or targets were trained otherwise",
}
"""Setting to why it matters that it differs, in the order of the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What must be the same for two studies to have the same target."""

    metric: str
    data: str
    """Which rows are scored: its source, splits and stand-ins, as a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A study, as far as it has come."""

    name: str
    """Names it among those compared."""
    asks: str
    encoder: str
    targets: Mapping[str, Target]
    settings: Mapping[str, str]
    """The settings of WHY that are texts of the study: objective, probe, full targets, recipe,
    test bed."""
    hours: float | None
    """Wall clock of all launches; None if it is not known."""
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Several studies side by side."""

    runs: pd.DataFrame
    """RUN_COLUMNS, one row per study: the best curriculum, its gain over none on average over its
    own targets (with an interval where it is confirmed on enough seeds) and what was spent."""
    findings: Mapping[str, tuple[str, ...]]
    """What each study answers, by its name: one or two sentences."""
    gains: pd.DataFrame
    """GAIN_COLUMNS: gains of the studies' winners on the report split, only where at least two
    studies have the same target in the same languages, by target; then the average if all of
    their targets are the same."""
    common: pd.DataFrame
    """curriculum, then a column per study with its score on the search split (NaN where it has
    none), then n, how many have it: curricula that at least two studies ran to the end."""
    agreement: pd.DataFrame
    """first, second, spearman (of those scores; NaN below MIN_COMMON or without spread), n."""
    settings: pd.DataFrame
    """setting, a column per study, same (yes or no)."""
    warnings: tuple[str, ...]
    """What keeps them from being compared, a sentence each."""
    missing: tuple[str, ...]
    """What studies have not got yet, a sentence each."""

    @property
    def shared_targets(self) -> tuple[str, ...]:
        """Targets that stand side by side, without their average."""
        return tuple(t for t in dict.fromkeys(self.gains["target"]) if t != AVERAGE)


def compare(runs: Sequence[Run]) -> Comparison:
    """Put studies side by side.

    Args:
        runs: at least two, with different names.

    Raises:
        ValueError: for fewer, or two of one name.
    """
    names = [run.name for run in runs]
    if len(runs) < 2 or len(set(names)) < len(names):
        raise ValueError(f"runs are {', '.join(names) or 'none'}; wanted two or more names")
    settings = _settings(runs)
    common = _common(runs)
    return Comparison(
        runs=pd.DataFrame([_row(run) for run in runs], columns=list(RUN_COLUMNS)).astype(
            RUN_COLUMNS
        ),
        findings={run.name: _finding(run.report) for run in runs},
        gains=_gains(runs),
        common=common,
        agreement=_agreement(names, common),
        settings=settings,
        warnings=tuple(_warnings(settings, names)),
        missing=tuple(line for run in runs for line in _missing(run)),
    )


def languages_of(run: Run) -> dict[str, tuple[str, ...]]:
    """Languages of the reported means by target, sorted; empty until the report split is read."""
    table = run.report.tables.get("per_language")
    if table is None:
        return {}
    reported = table[table["reported"].astype(bool)]
    return {
        str(target): tuple(sorted(map(str, rows["language"].unique())))
        for target, rows in reported.groupby("target", sort=False)
    }


def _row(run: Run) -> dict[str, Any]:
    tables, best = run.report.tables, run.report.answer.curriculum
    row: dict[str, Any] = {
        "run": run.name,
        "asks": run.asks,
        "encoder": run.encoder,
        "curriculum": best,
        "confirmed": "",
        "hours": run.hours,
        "targets": ", ".join(run.targets),
        "languages": _joined(languages_of(run)),
    }
    if "per_target" in tables:
        average = tables["per_target"].set_index("target").loc[AVERAGE]
        row |= {"confirmed": "yes", **{k: average[k] for k in ("gain", "low", "high", "n")}}
    elif len(board := tables.get("leaderboard", pd.DataFrame())):
        first = board.iloc[0]
        row |= {"confirmed": SEARCHED, "gain": first["gain"], "n": first["n"]}
    if "savings" in tables:
        total = tables["savings"].set_index("part").loc["total"]
        row |= {"examples_paid": total["paid"], "examples_needed": total["needed"]}
        row |= {"share": total["share"]}
    return row


def _joined(languages: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(sorted({language for own in languages.values() for language in own}))


def _finding(report: Report) -> tuple[str, ...]:
    return tuple(text for text in (report.finding, report.answer.sentence) if text)


def _missing(run: Run) -> Iterator[str]:
    tables = run.report.tables
    if not len(tables.get("leaderboard", ())):
        yield f"{run.name}: no curriculum has run to the end yet."
    elif "per_target" not in tables:
        yield f"{run.name}: not confirmed yet; its gain is one of the search and has no interval."
    elif run.report.answer.curriculum == EMPTY_TEXT:
        yield f"{run.name}: no curriculum beats none, so there is no gain to show."
    elif tables["per_target"]["low"].isna().all():
        yield f"{run.name}: too few seeds for an interval."
    if run.hours is None:
        yield f"{run.name}: how long it ran is not recorded."


def _gains(runs: Sequence[Run]) -> pd.DataFrame:
    """Rows of every target, and of the average, that at least two studies have alike."""
    known = {run.name: (run, languages_of(run)) for run in runs if _has_gains(run)}
    names = list(dict.fromkeys(t for _, own in known.values() for t in own))
    rows = []
    for target in [*names, AVERAGE]:
        alike: dict[Any, list[str]] = {}
        for name, (run, languages) in known.items():
            if (key := _same(run, languages, target)) is not None:
                alike.setdefault(key, []).append(name)
        for group in (names for names in alike.values() if len(names) > 1):
            rows += [_gain(target, *known[name]) for name in group]
    return pd.DataFrame(rows, columns=list(GAIN_COLUMNS)).astype(GAIN_COLUMNS)


def _has_gains(run: Run) -> bool:
    table = run.report.tables.get("per_target")
    return table is not None and bool(table["gain"].notna().any())


def _same(run: Run, languages: Mapping[str, tuple[str, ...]], target: str) -> Any:
    """What two studies must have in common to be compared on a target; None: it has none."""
    if target == AVERAGE:
        return tuple((name, run.targets[name], languages[name]) for name in sorted(languages))
    return (run.targets[target], languages[target]) if target in languages else None


def _gain(target: str, run: Run, languages: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    row = run.report.tables["per_target"].set_index("target").loc[target]
    own = _joined(languages) if target == AVERAGE else ", ".join(languages[target])
    numbers = {name: row[name] for name in ("gain", "low", "high", "n")}
    return {"target": target, "run": run.name, **numbers, "languages": own}


def _common(runs: Sequence[Run]) -> pd.DataFrame:
    scores = {}
    for run in runs:
        board = run.report.tables.get("leaderboard")
        if board is not None:
            scores[run.name] = board.set_index("curriculum")["score"]
    table = pd.DataFrame(scores, columns=[run.name for run in runs], dtype="float64")
    table.insert(len(table.columns), "n", table.notna().sum(axis=1))
    shared = table[table["n"] > 1]
    ordered = shared.sort_values(["n", runs[0].name], ascending=False, kind="stable")
    return ordered.rename_axis("curriculum").reset_index()


def _agreement(names: Sequence[str], common: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for first, second in combinations(names, 2):
        both = common[common[first].notna() & common[second].notna()]
        spread = all(both[name].nunique() > 1 for name in (first, second))
        known = len(both) >= MIN_COMMON and spread
        value = spearman(both[first], both[second]) if known else float("nan")
        rows.append((first, second, value, len(both)))
    return pd.DataFrame(rows, columns=["first", "second", "spearman", "n"])


def _settings(runs: Sequence[Run]) -> pd.DataFrame:
    rows = []
    for setting in WHY:
        texts = [_setting(run, setting, runs) for run in runs]
        known = {text for text in texts if text}
        same = "yes" if len(known) < 2 else "no"
        rows.append((setting, *texts, same))
    return pd.DataFrame(rows, columns=["setting", *(run.name for run in runs), "same"])


def _setting(run: Run, setting: str, runs: Sequence[Run]) -> str:
    """A setting as a text, "" if it is not known yet.

    Languages, metrics and data are compared for targets that all studies have.
    """
    shared = [name for name in run.targets if all(name in other.targets for other in runs)]
    if setting == "encoder":
        return run.encoder
    if setting == "targets":
        return ", ".join(sorted(run.targets))
    if setting == "languages":
        known = languages_of(run)
        return "; ".join(f"{name}: {', '.join(known[name])}" for name in shared if name in known)
    if setting == "metrics":
        return ", ".join(f"{name}: {run.targets[name].metric}" for name in sorted(shared))
    if setting == "data":
        return "; ".join(f"{name}: {run.targets[name].data}" for name in sorted(shared))
    return run.settings.get(setting, "")


def _warnings(settings: pd.DataFrame, names: Sequence[str]) -> Iterator[str]:
    for row in settings[settings["same"] == "no"].to_dict(orient="records"):
        setting = str(row["setting"])
        if setting in ("data", "recipe"):  # long; the table of settings has them
            yield f"The {setting} differs: {WHY[setting]}."
            continue
        by_value: dict[str, list[str]] = {}
        for name in names:
            if row[name]:
                by_value.setdefault(str(row[name]), []).append(name)
        values = "; ".join(f"{' and '.join(own)}: {value}" for value, own in by_value.items())
        yield f"Different {setting} ({values}): {WHY[setting]}."
