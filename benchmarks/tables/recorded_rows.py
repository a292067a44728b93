"""What is recorded of a world? In the run folders of its parts, and in the table made of others.

Who goes on recording a table from a copy of the project has the table alone, without the runs that
it was made of. What it holds to the end is not trained again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.observations import read_rows
from benchmarks.tables.parts import TARGETS, Part
from search.recorded_table import OBSERVATIONS
from search.run_folder import RunFolder
from spaces.curriculum import EMPTY_TEXT

Rows = list[dict[str, Any]]
Recorded = Sequence[tuple[Part, Rows]]
"""Parts that were begun, each with its rows (`RecordedRows.of`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRows:
    """Observations of a world."""

    runs: Path
    """Folder of the run folders."""
    before: Mapping[tuple[str, int], Rows]
    """Those of the table as it was at first, by curriculum and stage seed."""

    def folder(self, part: Part) -> RunFolder:
        """The run of a part."""
        return RunFolder(self.runs / part.name.replace(", ", "-").replace(" ", "-"))

    def trained(self, part: Part) -> Rows:
        """What its own run has, also while that is being written."""
        return read_rows(self.folder(part).observations, ignore_torn_line=True)

    def of(self, part: Part) -> Rows:
        """Every curriculum of a part that ran to its end, in its run or before."""
        trained = self.trained(part)
        own = ended(trained) & set(part.curricula)  # baselines run again in every run
        rows = [row for row in trained if row["curriculum"] in own]
        if part.rungs != TARGETS:
            return rows
        for text in self._only_before(part, own):
            rows += self.before[text, part.seed]
        return rows

    def to_train(self, part: Part, baselines: Sequence[str]) -> tuple[str, ...]:
        """What the run of a part trains from its beginning to its end; the baselines always."""
        if part.rungs != TARGETS:
            return part.curricula
        before = set(self._only_before(part, ended(self.trained(part)))) - set(baselines)
        return tuple(text for text in part.curricula if text not in before)

    def table(self, recorded: Recorded) -> Rows:
        """Everything: what these parts have, and what no run of theirs has anew."""
        rows: Rows = []
        for part, own in recorded:
            rows += own if part.rungs == TARGETS else _as_smaller_curricula(own)
        there = {(row["curriculum"], row["stage_seed"]) for row in rows}
        for pair, kept in self.before.items():
            rows += [] if pair in there else kept
        return rows

    def _only_before(self, part: Part, trained: set[str]) -> Iterator[str]:
        for text in part.curricula:
            if text not in trained and ended(self.before.get((text, part.seed), [])):
                yield text


def recorded_rows(runs: Path, table: Path) -> RecordedRows:
    """What is there.

    Args:
        runs: folder of the run folders; it may be missing.
        table: folder of the table; it may be missing.
    """
    before: dict[tuple[str, int], Rows] = defaultdict(list)
    if (path := table / OBSERVATIONS).is_file():
        frame = pd.read_parquet(path).astype(object)
        for row in frame.where(frame.notna(), None).to_dict("records"):
            named = {str(column): value for column, value in row.items()}
            before[named["curriculum"], named["stage_seed"]].append(named)
    return RecordedRows(runs=runs, before=dict(before))


def ended(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Curricula of which the last rung is there; a rung is written in one piece."""
    return {row["curriculum"] for row in rows if row["rung"] == row["num_rungs"] - 1}


def _as_smaller_curricula(rows: Rows) -> Iterator[dict[str, Any]]:
    """Rows of scaled curricula as those of what was really trained, at the same scale.

    That is what a rung of `targets` would have observed of it: a table knows trials by what they
    trained. The last rung of all is recorded anyhow.
    """
    trained: dict[tuple[Any, ...], str] = {}
    lower = [row for row in rows if row["rung"] < row["num_rungs"] - 1]
    for row in lower:  # stages come first, the longest prefix last
        if row["part"] == "stage":
            trained[row["curriculum"], row["rung"]] = row["target"]
    for row in lower:
        text = trained.get((row["curriculum"], row["rung"]), EMPTY_TEXT)
        yield row | {"curriculum": text}
