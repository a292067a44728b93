"""What does the best curriculum really give? The best few again on fresh seeds, against controls.

The winner is fixed on the search split of the confirm phase among the candidates; only then is the
report split read (`analysis/report_split.py`). Pairs have equal seeds; the intervals of one table
hold at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd

from analysis.finals import final_values
from analysis.marks import TARGET_LABELS, marks_by_curriculum, marks_by_language, marks_by_target
from analysis.objective import Objective, objective_values
from analysis.report_split import AVERAGE, Name, ReportSplit, Seeds, label, report_split
from analysis.statistics.intervals import Interval, paired_differences, simultaneous
from spaces.curriculum import EMPTY_TEXT

EMPTY: Name = (EMPTY_TEXT, "")
UNIT = "seeds (stage and target seed together)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What the confirmation found. Scores are means over `n` seeds, in [0, 1]."""

    winner: str
    """The candidate that is best on the search split."""
    candidates: pd.DataFrame
    """curriculum, search_phase (its search score when it was found), search_split (on fresh
    seeds), report, n, marks; what is lost from the first to the second is optimism."""
    comparisons: pd.DataFrame
    """Everything run beside the winner, mean over targets: curriculum, variant, role, report,
    english, n, marks, winner_gain (winner minus it, paired by seeds), low, high."""
    per_target: pd.DataFrame
    """The winner by target, then on average: target, report, english, gap (English minus report),
    empty (the empty curriculum's report), gain (over it, paired by seeds), low, high, n, marks."""
    per_language: pd.DataFrame
    """The winner by target and language, English and proxies too: target, language, reported
    (whether it enters the means), report, empty, gain, n, marks."""
    notes: tuple[str, ...]
    """Unit of repetition, intervals, marks, what is missing."""

    @property
    def is_reported(self) -> bool:
        """Whether the winner has scores of the report split already."""
        return bool(self.per_target["report"].notna().any())


def confirmation(frame: pd.DataFrame, objective: Objective) -> Confirmation | None:
    """Read the confirmation of a study; None while no candidate has run to the end.

    Args:
        frame: observations of both phases.
        objective: the study's, which fixes the winner.
    """
    values = _full_values(frame, objective)
    chosen = _on_common_seeds(values)
    if not chosen:
        return None
    winner = _best(chosen)
    split = report_split(frame, objective)
    confirmed = frame[frame["phase"] == "confirm"]
    marks = marks_by_curriculum(confirmed, objective, split="report")
    comparisons, against = _comparisons(split, (winner, ""), _roles(frame), marks)
    by_target = marks_by_target(confirmed, objective, winner, split="report")
    per_target, gains = _per_target(split, (winner, ""), by_target)
    by_language = marks_by_language(confirmed, objective, winner, split="report")
    return Confirmation(
        winner=winner,
        candidates=_candidates(chosen, values, split, marks),
        comparisons=comparisons,
        per_target=per_target,
        per_language=_per_language(split, (winner, ""), by_language),
        notes=_notes(split, objective, {"comparisons": against, "gains per target": gains}),
    )


def winner_of(frame: pd.DataFrame, objective: Objective) -> str | None:
    """The candidate with the best mean on the search split; None while none has run to the end."""
    chosen = _on_common_seeds(_full_values(frame, objective))
    return _best(chosen) if chosen else None


def _best(chosen: Mapping[str, Mapping[Seeds, float]]) -> str:
    return min(chosen, key=lambda text: (-fmean(chosen[text].values()), text))


def _full_values(frame: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    values = objective_values(frame, objective)
    return values[values["rung"] == values["num_rungs"] - 1]


def _on_common_seeds(values: pd.DataFrame) -> dict[str, dict[Seeds, float]]:
    """Search-split value by candidate and seeds, on the seeds that all candidates have."""
    confirmed = values[(values["phase"] == "confirm") & (values["role"] == "candidate")]
    found: dict[str, dict[Seeds, float]] = {}
    columns = ["curriculum", "stage_seed", "target_seed", "value"]
    for text, stage_seed, target_seed, value in confirmed[columns].itertuples(
        index=False, name=None
    ):
        found.setdefault(text, {})[stage_seed, target_seed] = value
    common = set.intersection(*map(set, found.values())) if found else set()
    return {text: {s: own[s] for s in own if s in common} for text, own in found.items() if common}


def _candidates(
    chosen: Mapping[str, Mapping[Seeds, float]],
    values: pd.DataFrame,
    split: ReportSplit,
    marks: Mapping[str, str],
) -> pd.DataFrame:
    search = final_values(values)
    rows = [
        {
            "curriculum": text,
            "search_phase": _mean(search.loc[search["curriculum"] == text, "value"]),
            "search_split": fmean(own.values()),
            "report": _mean(split.reports((text, "")).get(AVERAGE, {}).values()),
            "n": len(own),
            "marks": marks.get(text, ""),
        }
        for text, own in chosen.items()
    ]
    rows.sort(key=lambda row: (-float(str(row["search_split"])), str(row["curriculum"])))
    return _frame(rows, "curriculum", "search_phase", "search_split", "report", "n", "marks")


def _comparisons(
    split: ReportSplit, winner: Name, roles: Mapping[Name, str], marks: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[str, Interval]]:
    """The winner against everything else that was run."""
    others = [name for name in split.cells if name != winner]
    own = split.reports(winner).get(AVERAGE, {})
    intervals = simultaneous(
        {
            label(name): _differences(own, split.reports(name).get(AVERAGE, {}), name)
            for name in others
        },
        unit=UNIT,
    )
    rows = [
        {
            "curriculum": name[0],
            "variant": name[1],
            "role": roles[name],
            "report": _mean(split.reports(name).get(AVERAGE, {}).values()),
            "english": _mean(split.english(name).get(AVERAGE, {}).values()),
            "n": len(split.cells[name]),
            "marks": marks.get(name[0], ""),
            **_columns("winner_gain", intervals.get(label(name))),
        }
        for name in others
    ]
    columns = ("curriculum", "variant", "role", "report", "english", "n", "marks", "winner_gain")
    return _frame(rows, *columns, "low", "high"), intervals


def _per_target(
    split: ReportSplit, winner: Name, marks: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[str, Interval]]:
    """The winner's scores beside the empty curriculum's, by target and on average."""
    own, empty, english = split.reports(winner), split.reports(EMPTY), split.english(winner)
    names = [*split.targets, AVERAGE]
    compared = {} if winner == EMPTY else {n: own.get(n, {}) for n in names}
    intervals = simultaneous(
        {
            name: _differences(by_seed, empty.get(name, {}), EMPTY)
            for name, by_seed in compared.items()
        },
        unit=UNIT,
    )
    gaps = {
        name: _mean(english[name].values()) - _mean(own[name].values())
        for name in split.targets
        if name in english and name in own
    }
    rows = [
        {
            "target": name,
            "report": _mean(own.get(name, {}).values()),
            "english": _mean(english.get(name, {}).values()),
            "gap": _mean(gaps.values()) if name == AVERAGE else gaps.get(name),
            "empty": _mean(empty.get(name, {}).values()),
            **_columns("gain", intervals.get(name)),
            "n": len(own.get(name, {})),
            "marks": marks.get(name, ""),
        }
        for name in names
    ]
    columns = ("target", "report", "english", "gap", "empty", "gain", "low", "high", "n", "marks")
    return _frame(rows, *columns), intervals


def _per_language(
    split: ReportSplit, winner: Name, marks: Mapping[tuple[str, str], str]
) -> pd.DataFrame:
    """Every target and language of the winner, in the order of the file."""
    own, empty = split.cells.get(winner, {}), split.cells.get(EMPTY, {})
    cells = list(dict.fromkeys(cell for of_seed in own.values() for cell in of_seed))
    rows = []
    for cell in cells:
        scores = {seeds: of_seed[cell] for seeds, of_seed in own.items()}
        without = {seeds: of_seed[cell] for seeds, of_seed in empty.items()}
        rows.append(
            {
                "target": cell[0],
                "language": cell[1],
                "reported": cell[1] not in split.left_out,
                "report": _mean(scores.values()),
                "empty": _mean(without.values()),
                "gain": _mean(_differences(scores, without, EMPTY)),
                "n": len(scores),
                "marks": marks.get((cell[0], cell[1]), ""),
            }
        )
    return _frame(rows, "target", "language", "reported", "report", "empty", "gain", "n", "marks")


def _differences(
    winner: Mapping[Seeds, float], other: Mapping[Seeds, float], name: Name
) -> list[float]:
    """Winner minus another at equal seeds; without stages only the target seed matters."""
    if name[0] != EMPTY_TEXT:
        return paired_differences(winner, other)
    by_target_seed = {target_seed: score for (_, target_seed), score in other.items()}
    return [
        score - by_target_seed[target_seed]
        for (_, target_seed), score in winner.items()
        if target_seed in by_target_seed
    ]


def _notes(
    split: ReportSplit, objective: Objective, families: Mapping[str, Mapping[str, Interval]]
) -> tuple[str, ...]:
    found = []
    if objective.uses_target_labels:
        found.append(TARGET_LABELS)
    for family, intervals in families.items():
        notes = dict.fromkeys(interval.note for interval in intervals.values())
        found += [f"{family}: {note}" for note in notes]
    without = ", ".join(sorted(split.left_out))
    found.append(f"reported means are over targets and languages without {without}")
    return (*found, *(f"left out: {text}" for text in split.incomplete))


def _roles(frame: pd.DataFrame) -> dict[Name, str]:
    rows = frame.loc[frame["phase"] == "confirm", ["curriculum", "variant", "role"]]
    return {(t, v): role for t, v, role in rows.itertuples(index=False, name=None)}


def _columns(gain: str, interval: Interval | None) -> dict[str, float | None]:
    if interval is None:
        return {gain: None, "low": None, "high": None}
    return {gain: interval.mean, "low": interval.low, "high": interval.high}


def _mean(values: Any) -> float:
    """NaN without values."""
    numbers = list(values)
    return fmean(numbers) if numbers else float("nan")


def _frame(rows: list[dict[str, Any]], *columns: str) -> pd.DataFrame:
    """A frame whose score columns are floats even when nothing is known."""
    texts = {"curriculum", "variant", "role", "marks", "target", "language", "reported", "n"}
    floats = {column: "float64" for column in columns if column not in texts}
    return pd.DataFrame(rows, columns=list(columns)).astype(floats)
