"""One search after another on a table, each kept as a line: what was begun is gone on with."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import cache
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.strategies.entries import Entry, entries
from search.recorded_table import OBSERVATIONS, RecordedTable, read_table, with_seen
from search.simulate import study_of
from search.simulated import Simulated
from search.simulation import simulate
from search.study_fields import Sampler, Stopping
from search.turns import turn_of, turns
from spaces.curriculum import EMPTY_TEXT

Line = dict[str, Any]
"""One search: entry, repetition, what it depends on, what it found and spent."""

Found = Mapping[str, Sequence[Line]]
"""Searches by entry."""

_entries, _read = cache(entries), cache(read_table)
"""By folder, as this process read them."""


def repeat(
    folder: Path,
    out: Path,
    *,
    trials: int,
    wanted: Mapping[str, Entry],
    processes: int,
    minutes: float | None,
    say: Callable[[str], None],
) -> bool:
    """Run what is missing; whether all of it is there.

    Args:
        folder: of the table.
        out: file of lines; finished searches are added to it.
        trials: sampled trials of each.
        wanted: entries by name.
        processes: at the same time.
        minutes: stop after so many.
        say: takes a line of progress.
    """
    depends = depends_of(folder, wanted, trials)
    done = {(line["entry"], line["repetition"]) for line in lines(out, depends)}
    rounds = range(max(entry.repetitions for entry in wanted.values()))
    todo = [
        (name, repetition)
        for repetition in rounds
        for name, entry in wanted.items()
        if repetition < entry.repetitions and (name, repetition) not in done and not entry.absent
    ]
    for name, entry in wanted.items():
        if entry.absent:
            say(f"{name}: skipped, {entry.absent}")
    say(f"{folder.name}: {len(todo)} searches to run, {len(done)} are there")
    commit = _commit()
    until = None if minutes is None else time.monotonic() + 60 * minutes
    out.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        asked = [pool.submit(_search, folder, name, i, trials) for name, i in todo]
        for number, finished in enumerate(as_completed(asked), start=1):
            line = finished.result()
            with out.open("a", encoding="utf-8") as file:
                file.write(
                    json.dumps(line | {"depends": depends[line["entry"]], "commit": commit}) + "\n"
                )
            if number % 50 == 0:
                say(f"{folder.name}: {number} of {len(todo)}")
            if until is not None and time.monotonic() > until:
                pool.shutdown(cancel_futures=True)
                return False
    return True


def lines(path: Path, depends: Mapping[str, str]) -> Iterator[Line]:
    """Those that still hold: of these entries, on the table and with the budget as they are."""
    if not path.exists():
        return
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if depends.get(line["entry"]) == line["depends"]:
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


def depends_of(folder: Path, wanted: Mapping[str, Entry], trials: int) -> dict[str, str]:
    """By entry, a digest of what its searches depend on."""
    table = sha256((folder / OBSERVATIONS).read_bytes()).hexdigest()
    return {name: _digest(table, entry, trials) for name, entry in wanted.items()}


def _digest(table: str, entry: Entry, trials: int) -> str:
    """Also of the defaults of a study, which a strategy leaves as they are."""
    sampler = Sampler(**entry.strategy.sampler).model_dump()
    strategy = replace(entry.strategy, sampler=sampler).__getstate__()
    how = [strategy, Stopping().z, entry.search.__module__, entry.search.__qualname__]
    return sha256(f"{table} {how} {trials}".encode()).hexdigest()[:16]


def _commit() -> str:
    """Of this code; a plus where it was changed since."""
    asked = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    found = subprocess.run(asked, cwd=Path(__file__).parent, capture_output=True, text=True)
    return found.stdout.strip()


def _search(folder: Path, name: str, repetition: int, trials: int) -> Line:
    table, entry = _seeing(folder, turn_of(_sets(folder), repetition)), _entries(folder)[name]
    config = study_of(table, entry.strategy, trials=trials, repetition=repetition)
    started = time.process_time()
    found = simulate(table, config, search=entry.search)
    return _line(found, table) | {
        "entry": name,
        "repetition": repetition,
        "seed": config.seeds.stage,
        "seen": list(table.facts.seen),
        "tolerance": round(table.tolerance, 5),
        "regret_of_none": round(table.regret(EMPTY_TEXT), 5),
        "cpu_seconds": round(time.process_time() - started, 2),
    }


@cache
def _sets(folder: Path) -> Sequence[tuple[int, ...]]:
    return turns(_read(folder))


@cache
def _seeing(folder: Path, seeds: tuple[int, ...]) -> RecordedTable:
    return with_seen(_read(folder), seeds)


def _line(found: Simulated, table: RecordedTable) -> Line:
    """Spending is cumulative, in examples as measured and in the papers' proportions."""
    after = found.confirmation
    return {
        "moments": [
            [
                round(m.spent.examples),
                round(m.spent.papers),
                round(m.spent.clock_seconds),
                round(table.regret(m.curriculum), 5),
                m.curriculum,
            ]
            for m in found.moments
        ],
        "spent": _rounded(found.spent.by_part.values()),
        "papers": round(found.spent.papers),
        "clock_seconds": round(found.spent.clock_seconds),
        "confirmed": found.confirmed,
        "confirmed_regret": found.confirmed and round(table.regret(found.confirmed), 5),
        "confirmation": None if after is None else [round(after.examples), round(after.papers)],
        "num_sampled": found.num_sampled,
        "num_stopped": found.num_stopped,
        "best_tried": table.best in found.finals or table.best in found.stopped,
        "best_stopped": table.best in found.stopped,
        "best_of_tried_stopped": _best_tried(found, table) in found.stopped,
        "proposing_seconds": round(found.proposing_seconds, 2),
    }


def _best_tried(found: Simulated, table: RecordedTable) -> str:
    tried = [*found.finals, *found.stopped]
    return max(tried, key=table.true_value)


def _rounded(values: Iterable[float]) -> list[int]:
    return [round(value) for value in values]
