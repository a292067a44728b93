"""Which way to search finds a good curriculum for least? Each replayed many times on each table.

    python -m benchmarks.strategies [TABLE …] [--minutes N] [--only ENTRY …] [--most N]

Resumable: every finished search is a line in docs/measured/strategies/. Writes docs/benchmarks.md,
and fails where a limit is missed on a final table.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl

from analysis.figures.style import WIDTH
from benchmarks.strategies.entries import Entry, entries
from benchmarks.strategies.figure import regret_figure
from benchmarks.strategies.glance import SHOWN, glance
from benchmarks.strategies.kept import Found, depends_of, found_in, read, trials_of
from benchmarks.strategies.limits import limits
from benchmarks.strategies.page import section
from benchmarks.strategies.repeat import repeat
from benchmarks.strategies.scaling import scaling_section
from search.recorded_table import FACTS, RecordedTable

REPOSITORY = Path(__file__).parent.parent.parent
TABLES = REPOSITORY / "benchmarks" / "tables"
MEASURED = REPOSITORY / "docs" / "measured" / "strategies"
SCALING = REPOSITORY / "docs" / "measured" / "scaling.json"
PAGE = REPOSITORY / "docs" / "benchmarks.md"
FINAL = "-final"
"""Tables whose names end like this are used once, when everything has been chosen."""
HEAD = Path(__file__).parent / "head.md"


def main() -> None:
    """Run what is missing, then write the page."""
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # of the pool
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = sorted(path.parent.name for path in TABLES.glob(f"*/{FACTS}"))
    parser.add_argument("tables", nargs="*", choices=[*names, []], default=[])
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--only", nargs="+", default=None, help="entries; else all")
    parser.add_argument("--most", type=int, default=None, help="repetitions of an entry; else all")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    for name in asked.tables or names:
        complete = repeat(
            TABLES / name,
            MEASURED / f"{name}.jsonl",
            trials=trials_of(TABLES / name),
            wanted=_chosen(entries(TABLES / name), asked.only, asked.most),
            processes=asked.processes,
            minutes=asked.minutes,
            say=lambda line: print(line, flush=True),
        )
        if not complete:
            sys.exit("the time is up; the same command goes on")
    missed = write_page(names)
    if missed:
        sys.exit("missed on a final table: " + "; ".join(missed))


def _chosen(
    wanted: Mapping[str, Entry], only: Sequence[str] | None, most: int | None
) -> dict[str, Entry]:
    """Some of the entries, or fewer repetitions of them."""
    chosen = {name: wanted[name] for name in only or wanted}
    if most is None:
        return chosen
    return {
        name: replace(entry, repetitions=min(entry.repetitions, most))
        for name, entry in chosen.items()
    }


def write_page(names: Sequence[str]) -> list[str]:
    """All tables; gives the limits that a final one misses."""
    parts: list[str] = []
    missed: list[str] = []
    searched: list[tuple[RecordedTable, Found]] = []
    for name in names:
        table, wanted = read(TABLES / name), entries(TABLES / name)
        depends = depends_of(TABLES / name, wanted, trials_of(TABLES / name))
        found = found_in(MEASURED / f"{name}.jsonl", TABLES / name, depends)
        if not found:
            continue
        searched.append((table, found))
        _draw(table, found, MEASURED / f"{name}.svg")
        by = f"python -m benchmarks.strategies {name}"
        figure = f"measured/strategies/{name}.svg"
        parts += section(table, found, wanted, figure=figure, by=by)
        if name.endswith(FINAL):
            missed += [f"{name}: {x.wanted}" for x in limits(table, found) if not x.kept]
    head = [HEAD.read_text(encoding="utf-8"), *glance(searched)]
    page = "\n".join([*head, *parts, *scaling_section(SCALING)])
    PAGE.write_text(page + "\n", encoding="utf-8")
    return missed


def _draw(table: RecordedTable, found: Found, path: Path) -> None:
    shown = {name: found.get(name, []) for name in SHOWN}
    with mpl.rc_context({"svg.hashsalt": "curriculum-search"}):
        figure = regret_figure(table, shown)
        figure.set_figwidth(WIDTH)
        figure.savefig(path, metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
