"""One search after another on a table, each kept as a line: what was begun is gone on with."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from benchmarks.strategies.entries import Entry, entries
from benchmarks.strategies.kept import Line, depends_of, lines, seeing, seen_by
from search.simulate import study_of
from search.simulated import Simulated
from search.simulation import simulate

_entries = cache(entries)
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
                own = depends[line["entry"], line["repetition"]]
                file.write(json.dumps(line | {"depends": own, "commit": commit}) + "\n")
            if number % 50 == 0:
                say(f"{folder.name}: {number} of {len(todo)}")
            if until is not None and time.monotonic() > until:
                pool.shutdown(cancel_futures=True)
                return False
    return True


def _commit() -> str:
    """Of this code; a plus where it was changed since."""
    asked = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    found = subprocess.run(asked, cwd=Path(__file__).parent, capture_output=True, text=True)
    return found.stdout.strip()


def _search(folder: Path, name: str, repetition: int, trials: int) -> Line:
    entry = _entries(folder)[name]
    table = seeing(folder, seen_by(entry, folder, repetition))
    many = trials * entry.times
    config = study_of(table, entry.strategy, trials=many, repetition=repetition)
    started = time.process_time()
    found = simulate(table, config, search=entry.search)
    return _line(found) | {
        "entry": name,
        "repetition": repetition,
        "seed": config.seeds.stage,
        "seen": list(table.facts.seen),
        "cpu_seconds": round(time.process_time() - started, 2),
    }


def _line(found: Simulated) -> Line:
    """Spending is cumulative, in examples as measured and in the papers' proportions."""
    return {
        "moments": [
            [
                round(m.spent.examples),
                round(m.spent.papers),
                round(m.spent.clock_seconds),
                m.curriculum,
            ]
            for m in found.moments
        ],
        "spent": [round(examples) for examples in found.spent.by_part.values()],
        "papers": round(found.spent.papers),
        "clock_seconds": round(found.spent.clock_seconds),
        "confirmed": found.confirmed,
        "num_sampled": found.num_sampled,
        "stopped": sorted(set(found.stopped)),
        "proposing_seconds": round(found.proposing_seconds, 2),
    }
