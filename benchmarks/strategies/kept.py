"""Which searches are kept of a table, and what is each worth by the truth as it is known now?

A line says what a search picked and spent, not how good that was: it holds as long as what it saw
is as it was, also when more seeds of truth are recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.strategies.entries import Entry
from search.recorded_table import OBSERVATIONS, RecordedTable, read_table, with_seen
from search.study_fields import Sampler, Stopping
from search.surrogate_table import PREDICTED
from search.turns import turn_of, turns
from spaces.curriculum import EMPTY_TEXT

Line = dict[str, Any]
"""One search: entry, repetition, what it depends on, what it picked and spent."""

Found = Mapping[str, Sequence[Line]]
"""Searches by entry."""

Depends = Mapping[tuple[str, int], str]
"""By entry and repetition, a digest of what the search depends on."""

read = cache(read_table)
"""By folder, as this process read it."""


def found_in(path: Path, folder: Path, depends: Depends) -> dict[str, list[Line]]:
    """The searches of a table that still hold, judged.

    Args:
        path: file of lines.
        folder: of the table.
        depends: of the searches that are wanted.
    """
    found: dict[str, list[Line]] = {}
    for line in distinct(lines(path, depends)):
        table = seeing(folder, tuple(line["seen"]))
        found.setdefault(line["entry"], []).append(judged(line, table))
    return found


def lines(path: Path, depends: Depends) -> Iterator[Line]:
    """Those that still hold: of these entries, on the table and with the budget as they are."""
    if not path.exists():
        return
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if depends.get((line["entry"], line["repetition"])) == line["depends"]:
            yield line


def distinct(found: Iterable[Line]) -> Iterator[Line]:
    """Without those that went as an earlier one that saw the same seeds.

    A search that draws nothing at random, as ours on a small space, has nothing else to repeat;
    counted twice, it would only make intervals narrower.
    """
    known = set()
    for line in sorted(found, key=lambda line: int(line["repetition"])):
        went = json.dumps([line["entry"], line["seed"], line["seen"], line["moments"]])
        if went not in known:
            known.add(went)
            yield line


def judged(line: Line, table: RecordedTable) -> Line:
    """A line with regrets: of what was known best, before its name, and of what was confirmed.

    Args:
        line: as it was kept.
        table: as the search saw it.
    """
    confirmed = line["confirmed"]
    return line | {
        "moments": [
            [*spent, round(table.regret(text), 5), text] for *spent, text in line["moments"]
        ],
        "confirmed_regret": confirmed and round(table.regret(confirmed), 5),
        "tolerance": round(table.tolerance, 5),
        "regret_of_none": round(table.regret(EMPTY_TEXT), 5),
        "best_stopped": table.best in line["stopped"],
    }


def depends_of(folder: Path, wanted: Mapping[str, Entry], trials: int) -> Depends:
    """Of every repetition: what its seeds observed, how it searches, and how long."""
    return {
        (name, i): _digest(
            _digest_of_rows(folder, seen_by(entry, folder, i)), entry, trials * entry.times
        )
        for name, entry in wanted.items()
        for i in range(entry.repetitions)
    }


def seen_by(entry: Entry, folder: Path, repetition: int) -> tuple[int, ...]:
    """Seeds that a repetition sees of a table."""
    return turn_of(sets_of(folder), repetition)[: entry.seeds]


def trials_of(folder: Path) -> int:
    """Sampled ones of every search: what the study of the table would spend."""
    trials = read(folder).config.budget.trials
    assert trials is not None, "worlds.py says how many"
    return trials


@cache
def sets_of(folder: Path) -> Sequence[tuple[int, ...]]:
    """Sets of seeds that take turns."""
    return turns(read(folder))


@cache
def seeing(folder: Path, seeds: tuple[int, ...]) -> RecordedTable:
    """The table of a search that sees these."""
    return with_seen(read(folder), seeds)


@cache
def _digest_of_rows(folder: Path, seeds: tuple[int, ...]) -> str:
    """Of what these seeds observed, in any order; with a surrogate, of everything there is."""
    frame, predicted = _frame(folder), b""
    if read(folder).facts.surrogate is None:
        frame = frame[frame["stage_seed"].isin(seeds)]
    else:
        predicted = (folder / PREDICTED).read_bytes()
    rows = pd.util.hash_pandas_object(frame.drop(columns="role"), index=False)
    return sha256(rows.sort_values().to_numpy().tobytes() + predicted).hexdigest()


@cache
def _frame(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / OBSERVATIONS)


def _digest(rows: str, entry: Entry, trials: int) -> str:
    """Also of the defaults of a study, which a strategy leaves as they are."""
    sampler = Sampler(**entry.strategy.sampler).model_dump()
    strategy = replace(entry.strategy, sampler=sampler).__getstate__()
    how = [strategy, Stopping().z, entry.search.__module__, entry.search.__qualname__]
    return sha256(f"{rows} {how} {trials}".encode()).hexdigest()[:16]
