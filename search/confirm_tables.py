"""What did the confirmation find? Its tables, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from rich.console import RenderableType

from analysis.confirmation import Confirmation, confirmation
from analysis.objective import Objective
from analysis.official import BESTS, FIXED, Official, official
from analysis.report_split import label
from search.table_parts import (
    Column,
    Marks,
    count,
    curriculum_cell,
    difference,
    heading,
    interval,
    remark,
    score,
    table,
)

NARROW = 32
_NARROWER = 22
"""Beside four groups, seeds and marks, or beside nine targets."""


def confirmation_results(frame: pd.DataFrame, objective: Objective) -> Iterator[RenderableType]:
    """Winner, gains by target, and what was run beside it; a line if there is none yet.

    Args:
        frame: observations of both phases.
        objective: the study's.
    """
    found = confirmation(frame, objective)
    if found is None:
        yield heading("Confirmation: none yet")
        return
    yield from _candidates(found)
    yield from _per_target(found)
    yield from _comparisons(found)
    for note in found.notes:
        yield remark(note)
    yield from _official(official(frame, objective))


def _candidates(found: Confirmation) -> Iterator[RenderableType]:
    yield heading("Confirmation: the best again, on fresh seeds with full targets")
    columns = [Column("search"), Column("search split"), Column("report split"), Column("seeds")]
    rows = [
        [
            score(row["search_phase"]),
            score(row["search_split"]),
            score(row["report"]),
            count(row["n"]),
            curriculum_cell(str(row["curriculum"])),
        ]
        for row in _records(found.candidates)
    ]
    yield table([*columns, Column("candidate", number=False)], rows)
    yield remark("search: the score with which it was found, of probes and the seeds of the search")
    yield remark("search split, report split: means over fresh seeds, full targets")
    yield remark(f"winner, fixed on the search split: {found.winner}")
    for row in _records(found.candidates):
        if row["marks"]:
            yield remark(f"marks of {row['curriculum']}: {row['marks']}")


def _per_target(found: Confirmation) -> Iterator[RenderableType]:
    yield heading("The winner on the report split, zero-shot (mean over report languages)")
    columns = [Column("target", number=False), Column("English"), Column("zero-shot")]
    columns += [Column("transfer gap"), Column("none"), Column("gain"), Column("95 % interval")]
    columns += [Column("seeds"), Column("marks", number=False)]
    marks = Marks()
    rows = [
        [
            str(row["target"]),
            score(row["english"]),
            score(row["report"]),
            difference(row["gap"]),
            score(row["empty"]),
            difference(row["gain"]),
            _interval(row),
            count(row["n"]),
            marks.letters(str(row["marks"])),
        ]
        for row in _records(found.per_target)
    ]
    yield table(columns, rows)
    if marks.legend():
        yield remark(f"marks: {marks.legend()}")
    yield remark("none: the empty curriculum at the same target seeds; gain: zero-shot minus none")
    if any(row["english"] != row["english"] for row in _records(found.per_target)):
        yield remark("averages of English and of the gap: over targets that have an English score")


def _comparisons(found: Confirmation) -> Iterator[RenderableType]:
    yield heading("What else was run, and by how much the winner is better (report split)")
    columns = [Column("zero-shot"), Column("winner\nminus it"), Column("95 % interval")]
    columns += [Column("seeds"), Column("marks", number=False), Column("what", number=False)]
    columns += [Column("curriculum", number=False)]
    marks = Marks()
    rows = [
        [
            score(row["report"]),
            difference(row["winner_gain"]),
            _interval(row),
            count(row["n"]),
            marks.letters(str(row["marks"])),
            str(row["variant"] or row["role"]),
            curriculum_cell(str(row["curriculum"]), NARROW),
        ]
        for row in _records(found.comparisons)
    ]
    yield table(columns, rows)
    if marks.legend():
        yield remark(f"marks: {marks.legend()}")


def _official(found: Official | None) -> Iterator[RenderableType]:
    if found is None:
        return
    yield heading("As a benchmark averages: report split, every language scored, English too")
    marks = Marks()
    yield _averages(found.groups, "seeds", marks)
    yield _averages(found.tasks, "", marks)
    if marks.legend():
        yield remark(f"marks: {marks.legend()}")
    yield remark("a target: mean over languages; a group: over its targets; average: over targets")
    counts = ", ".join(f"{target} {n}" for target, n in found.languages.items())
    yield remark(f"languages: {counts}")
    if found.best_per_target:
        yield remark(f"{BESTS}: the candidate that is best for it on the search split, namely")
    for target, text in found.best_per_target.items():
        yield remark(f"  {target}: {text}")


def _averages(frame: pd.DataFrame, seeds: str, marks: Marks) -> RenderableType:
    """Groups or targets by curriculum; long names of targets take several lines.

    Seeds and marks stand in the first of two tables alone.
    """
    names = [name for name in frame.columns if name not in FIXED]
    columns = [Column("average"), *(Column(str(name).replace("_", "_\n", 1)) for name in names)]
    columns += [Column(seeds), Column("marks", number=False)] if seeds else []
    rows = [
        [
            score(row["average"]),
            *(score(row[name]) for name in names),
            *([count(row["n"]), marks.letters(str(row["marks"]))] if seeds else []),
            curriculum_cell(label((str(row["curriculum"]), str(row["variant"]))), _NARROWER),
        ]
        for row in _records(frame)
    ]
    return table([*columns, Column("curriculum", number=False)], rows)


def _interval(row: dict[Any, Any]) -> str:
    """Or why there is none."""
    if row["n"] < 3 and row["low"] != row["low"]:
        return "none below 3 seeds"
    return interval(row["low"], row["high"])


def _records(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict(orient="records")
