"""Train every curriculum of a space on several seeds, and keep what that scored and cost.

    python -m benchmarks.tables.record NAME [--runs DIR] [--minutes N] [--out DIR] [--mirror DIR]

Each seed is an ordinary study that enumerates the space, with every rung and nothing stopped, in a
run folder of its own; all share one store. The command may be interrupted, or told to stop after
so many minutes, and goes on where it was when it is given again, also where only the table is left
of what was recorded. In the end it writes the table (`search/recorded_table.py`) of what is
finished, and what is missing into its table.yaml. Of a world too large for that some curricula are
drawn, the same at every seed; once they are recorded at two seeds, a surrogate stands for the
others (`benchmarks/tables/surrogate.py`).
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.tables.parts import (
    Part,
    baselines_of,
    first_part,
    parts_of,
    view_of,
    wanted_names,
)
from benchmarks.tables.recorded_rows import Recorded, RecordedRows, ended, recorded_rows
from benchmarks.tables.surrogate_facts import add_surrogate
from benchmarks.tables.worlds import WORLDS, World
from search.assignments import Planner
from search.config import load_study
from search.endings import Interrupted, SearchStopped
from search.places import Places, cache_of
from search.recorded_table import FACTS, Facts, TableError, read_facts, write_table
from search.run_folder import RunFolder
from search.study import run_study
from search.study_fields import StudyConfig
from trainables.kinds import KINDS
from trainables.store import Store

HERE = Path(__file__).parent
DEFAULT_RUNS = Path(tempfile.gettempdir()) / "curriculum-tables"
TIMED_LOADS = 20
MOST_NAMED = 10
"""Parts that are missing, one by one."""


class TimeIsUp(SearchStopped):
    """The minutes are over; everything finished is recorded."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=WORLDS)
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS)
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--mirror", type=Path, default=os.environ.get("CURRICULUM_MIRROR"))
    asked = parser.parse_args()
    world = WORLDS[asked.name]
    if world.of_mirror and asked.mirror is None:
        sys.exit("no mirror: name one with --mirror or CURRICULUM_MIRROR")
    try:
        missing = record(
            world,
            asked.out / asked.name,
            runs=asked.runs / asked.name,
            minutes=asked.minutes,
            mirror=asked.mirror if world.of_mirror else None,
            by=f"python -m benchmarks.tables.record {asked.name}",
            say=lambda line: print(line, flush=True),
        )
    except Interrupted:
        sys.exit("interrupted; the same command goes on")
    print(f"still missing: {missing}" if missing else "complete")


def record(
    world: World,
    out: Path,
    *,
    runs: Path,
    minutes: float | None = None,
    mirror: Path | None = None,
    by: str,
    say: Callable[[str], None],
) -> str:
    """Train what is missing, then write the table; gives what is still missing, for people.

    Args:
        world: what is recorded.
        out: folder of the table.
        runs: folder of the runs and their store.
        minutes: stop after so many; None = train everything.
        mirror: folder that stands in for the hub.
        by: the command, to be kept in the table.
        say: takes a line of progress.
    """
    config = _config(world, runs)
    places = Places(run_id="", cache=cache_of(config), store=None, mirror=mirror)
    planner = Planner(config, places)
    until = None if minutes is None else time.monotonic() + 60 * minutes
    recorded, parts = recorded_rows(runs, out), list[Part]()
    try:
        for part in parts_of(world, config, planner, recorded.of):
            parts.append(part)
            given = baselines_of(planner)
            _train(part, given, config, recorded, mirror=mirror, until=until, say=say)
    except TimeIsUp:
        say("the time is up")
    finally:
        own = [(part, recorded.of(part)) for part in parts]
        missing = "; ".join(_missing(own, wanted_names(world, planner)))
        rows = recorded.table(own)
        unpredicted = _write(world, config, planner, rows, runs, out, by=by, missing=missing)
    return "; ".join(filter(None, (missing, unpredicted)))


def first_run(world: World, runs: Path) -> tuple[StudyConfig, RunFolder]:
    """The study of the first seed, and its run folder."""
    part = first_part(world)
    folder = RecordedRows(runs=runs, before={}).folder(part)
    folder.path.mkdir(parents=True, exist_ok=True)  # the runs may be somebody else's
    return _study(part, (), _config(world, runs)), folder


def _config(world: World, runs: Path) -> StudyConfig:
    return load_study({**world.study, "store": {"path": str(runs / "store")}})


def _train(
    part: Part,
    baselines: Sequence[str],
    config: StudyConfig,
    recorded: RecordedRows,
    *,
    mirror: Path | None,
    until: float | None,
    say: Callable[[str], None],
) -> None:
    """Run one seed's study to its end; one that has ended does nothing."""
    if not (missing := set(part.curricula) - ended(recorded.of(part))):
        return
    name, folder = part.name, recorded.folder(part)
    folder.path.mkdir(parents=True, exist_ok=True)
    say(f"{name}: {len(missing)} of {len(part.curricula)} curricula to train")
    started, done = time.monotonic(), 0

    def watch(event: Any) -> None:
        nonlocal done
        if event.verdict is not None and event.verdict.ends:
            done += 1
            if done % 10 == 0:
                pace = (time.monotonic() - started) / done
                say(f"{name}: {done} of {len(missing)}, {pace:.1f} s each")
        if until is not None and time.monotonic() > until:
            raise TimeIsUp("the minutes are over")

    wanted = recorded.to_train(part, baselines)
    run_study(_study(part, wanted, config), folder, mirror=mirror, on_event=watch)


def _study(part: Part, wanted: Sequence[str], config: StudyConfig) -> StudyConfig:
    """The study of one seed: every rung and, without noise seeds, nothing stopped.

    Of a part of the space everything is a baseline, and the budget is spent by the first of them.
    """
    values = config.model_dump(mode="json")
    values["seeds"] |= {"stage": part.seed, "target": part.seed, "noise": [], "confirm": []}
    values["stopping"] |= {"rungs": part.rungs}
    values["confirm"] |= {"top": 0}
    if part.whole and len(wanted) == len(part.curricula):
        values |= {"enumerate": True, "budget": {}}
    else:
        values["space"] |= {"given": list(wanted)}
        values |= {"enumerate": False, "budget": {"examples": 1}}
    return StudyConfig.model_validate(values)


def _missing(recorded: Recorded, wanted: Sequence[str]) -> Iterator[str]:
    """What is not recorded yet, for people."""
    for part, rows in recorded:
        if absent := set(part.curricula) - ended(rows):
            yield f"{len(absent)} of {len(part.curricula)} curricula of {part.name}"
    names = {part.name for part, _ in recorded}
    rest = [name for name in wanted if name not in names]
    if len(rest) > MOST_NAMED:
        yield f"all of {len(rest)} parts from {rest[0]} to {rest[-1]}"
    else:
        yield from (f"all of {name}" for name in rest)


def _write(
    world: World,
    config: StudyConfig,
    planner: Planner,
    rows: Sequence[dict[str, Any]],
    runs: Path,
    out: Path,
    *,
    by: str,
    missing: str,
) -> str:
    """The table of all curricula that ran to the end; gives why there is no surrogate yet."""
    facts = Facts(
        made=f"{datetime.now(UTC):%Y-%m-%d}",
        by=by,
        machine=f"{os.cpu_count()} CPUs, {platform.machine()}, torch {torch.__version__}",
        seen=world.seen,
        truth=(*world.truth, *world.more_truth),
        load_seconds=_load_seconds(runs / "store") or _known_load_seconds(out),
        missing=missing,
        rows=_row_counts(config, planner),
    )
    kept = config.model_copy(update={"store": config.store.model_copy(update={"path": None})})
    write_table(out, config=kept, rows=rows, facts=facts)
    for name, targets in world.views.items():
        write_table(out.parent / name, config=view_of(kept, name, targets), rows=rows, facts=facts)
    if world.sampled:
        try:
            add_surrogate(out)
        except TableError as error:  # too early; the recording goes on
            return f"no surrogate yet: {error}"
    return ""


def _row_counts(config: StudyConfig, planner: Planner) -> dict[str, dict[str, dict[str, int]]]:
    """Of what stages and targets are trained on, and of what a search scores."""
    languages = planner.languages("search")
    trained = {config.catalogue.get(name).train_task or name for name in config.targets}
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for name in sorted({*config.space.tasks, *config.targets, *trained}):
        task = config.catalogue.get(name)
        own = counts.setdefault(name, {})
        if KINDS[task.kind].trains:
            for split in ("train", "dev"):
                own[split] = {task.source_language: planner.num_rows(task, split)}
        if name in languages:
            own["search"] = {x: planner.num_rows(task, "search", x) for x in languages[name]}
    return counts


def _load_seconds(store: Path) -> float:
    """Median time of loading a node's weights; 0.0 without any."""
    opened = Store(str(store))
    kept = (entry for entry in opened.entries() if entry.weights is not None)
    spent = []
    for entry, _ in zip(kept, range(TIMED_LOADS), strict=False):
        started = time.monotonic()
        opened.tensors(entry)
        spent.append(time.monotonic() - started)
    return round(median(spent), 4) if spent else 0.0


def _known_load_seconds(table: Path) -> float:
    """Measured when the table was written before; 0.0 if it was not."""
    known = table / FACTS
    return read_facts(known).load_seconds if known.is_file() else 0.0


if __name__ == "__main__":
    main()
