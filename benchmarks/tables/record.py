"""Train every curriculum of a space on several seeds, and keep what that scored and cost.

    python -m benchmarks.tables.record NAME [--runs DIR] [--minutes N] [--out DIR] [--mirror DIR]

Each seed is an ordinary study that enumerates the space, with every rung and nothing stopped, in a
run folder of its own; all share one store. The command may be interrupted, or told to stop after
so many minutes, and goes on where it was when it is given again. In the end it writes the table
(`search/recorded_table.py`) of what is finished, and what is missing into its table.yaml. Of a
world too large for that some curricula are drawn, the same at every seed; once they are recorded at
two seeds, a surrogate stands for the others (`benchmarks/tables/surrogate.py`).
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import torch

from analysis.finals import final_values
from analysis.objective import objective_values
from analysis.observations import as_frame, read_rows
from benchmarks.tables.worlds import WORLDS, World
from search.assignments import Planner
from search.config import load_study
from search.endings import Interrupted, SearchStopped
from search.objectives import recorded_objective
from search.places import Places, cache_of
from search.recorded_table import Facts, TableError, write_table
from search.run_folder import RunFolder
from search.study import run_study
from search.study_fields import StudyConfig
from search.surrogate_facts import add_surrogate
from spaces.curriculum import EMPTY_TEXT
from trainables.store import Store

HERE = Path(__file__).parent
DEFAULT_RUNS = Path(tempfile.gettempdir()) / "curriculum-tables"
TIMED_LOADS = 20
TARGETS, SCALES = "targets", "scales"
OTHERS_SEED = 0
"""Draws the curricula beside the best."""
SAMPLED_SEED = 0
"""Draws those of a world that is too large."""


class TimeIsUp(SearchStopped):
    """The minutes are over; everything finished is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One run: some curricula at one seed."""

    seed: int
    curricula: tuple[str, ...]
    """In text form; the baselines come first."""
    whole: bool
    """All of the space: it can be enumerated."""
    rungs: str = TARGETS
    """What grows from rung to rung."""


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
    parts: list[Part] = []
    try:
        for part in _parts(world, config, planner, runs):
            parts.append(part)
            _train(part, config, runs, mirror=mirror, until=until, say=say)
    except TimeIsUp:
        say("the time is up")
    finally:
        missing = _write(world, config, parts, runs, out, by=by)
    return missing


def first_run(world: World, runs: Path) -> tuple[StudyConfig, RunFolder]:
    """The study of the first seed, and its run folder."""
    part = Part(seed=world.seen[0], curricula=(), whole=not world.sampled)
    return _study(part, _config(world, runs)), _folder(runs, part)


def rows_of(part: Part, runs: Path) -> list[dict[str, Any]]:
    """What is recorded of a part, also while it is being written."""
    return read_rows(_folder(runs, part).observations, ignore_torn_line=True)


def _config(world: World, runs: Path) -> StudyConfig:
    return load_study({**world.study, "store": {"path": str(runs / "store")}})


def _parts(world: World, config: StudyConfig, planner: Planner, runs: Path) -> Iterator[Part]:
    """Whole seeds first, a seen one and one of truth before the others, so that a table is soon of
    use, then more of truth, of whom the seen seeds say; what only ablations ask for comes last.
    """
    given = tuple(str(curriculum) for curriculum in planner.given().baselines)
    everything, whole = _recorded_curricula(world, planner, given), not world.sampled
    seen = [Part(seed=seed, curricula=everything, whole=whole) for seed in world.seen]
    truth = [Part(seed=seed, curricula=everything, whole=whole) for seed in world.truth]
    yield from (*seen[:1], *truth[:1], *seen[1:], *truth[1:])
    chosen = _chosen(world, config, [row for part in seen for row in rows_of(part, runs)])
    for seed in world.more_truth:
        curricula = tuple(dict.fromkeys((*given, *chosen)))
        yield Part(seed=seed, curricula=curricula, whole=False)
    for seed in world.scaled:
        yield Part(seed=seed, curricula=everything, whole=whole, rungs=SCALES)


def _recorded_curricula(world: World, planner: Planner, given: tuple[str, ...]) -> tuple[str, ...]:
    """The baselines, then the space, or curricula drawn from it: always the same ones.

    Those drawn come in the order of the draw, so that a part that is not finished is a random one.
    """
    if not world.sampled:
        space = (str(curriculum) for curriculum in planner.space.enumerate())
        return tuple(dict.fromkeys((*given, *space)))
    rng, drawn = random.Random(SAMPLED_SEED), dict[str, None]()
    while len(drawn) < min(world.sampled, planner.space.count()):
        drawn[str(planner.space.draw(rng))] = None
    return tuple(dict.fromkeys((*given, *drawn)))


def _chosen(world: World, config: StudyConfig, rows: Sequence[dict[str, Any]]) -> list[str]:
    """The best by the seen seeds alone, so that the truth is not chosen by itself, and others."""
    frame = as_frame(rows)
    views = [_view(config, name, targets) for name, targets in world.views.items()]
    ranked = [_ranked(own, frame) for own in (config, *views)]
    best = dict.fromkeys(text for own in ranked for text in own[: world.top])
    rest = sorted(set(ranked[0]) - best.keys())
    drawn = random.Random(OTHERS_SEED).sample(rest, min(world.others, len(rest)))
    return [*best, *drawn]


def _ranked(config: StudyConfig, frame: pd.DataFrame) -> list[str]:
    """Best first, by the mean over seeds."""
    objective = recorded_objective(config, frame)
    assert objective is not None, "the whole space has ended"
    means = final_values(objective_values(frame, objective)).groupby("curriculum")["value"].mean()
    return sorted(means.index, key=lambda text: (-means[text], text))


def _train(
    part: Part,
    config: StudyConfig,
    runs: Path,
    *,
    mirror: Path | None,
    until: float | None,
    say: Callable[[str], None],
) -> None:
    """Run one seed's study to its end; one that has ended does nothing."""
    folder = _folder(runs, part)
    folder.path.mkdir(parents=True, exist_ok=True)
    if not (before := set(part.curricula) - _ended(rows_of(part, runs))):
        return
    name = _name(part)
    say(f"{name}: {len(before)} of {len(part.curricula)} curricula to train")
    started, ended = time.monotonic(), 0

    def watch(event: Any) -> None:
        nonlocal ended
        if event.verdict is not None and event.verdict.ends:
            ended += 1
            if ended % 10 == 0:
                pace = (time.monotonic() - started) / ended
                say(f"{name}: {ended} of {len(before)}, {pace:.1f} s each")
        if until is not None and time.monotonic() > until:
            raise TimeIsUp("the minutes are over")

    run_study(_study(part, config), folder, mirror=mirror, on_event=watch)


def _study(part: Part, config: StudyConfig) -> StudyConfig:
    """The study of one seed: every rung and, without noise seeds, nothing stopped.

    Of a part of the space everything is a baseline, and the budget is spent by the first of them.
    """
    values = config.model_dump(mode="json")
    values["seeds"] |= {"stage": part.seed, "target": part.seed, "noise": [], "confirm": []}
    values["stopping"] |= {"rungs": part.rungs}
    values["confirm"] |= {"top": 0}
    if part.whole:
        values |= {"enumerate": True, "budget": {}}
    else:
        values["space"] |= {"given": list(part.curricula)}
        values |= {"enumerate": False, "budget": {"examples": 1}}
    return StudyConfig.model_validate(values)


def _write(
    world: World,
    config: StudyConfig,
    parts: Sequence[Part],
    runs: Path,
    out: Path,
    *,
    by: str,
) -> str:
    """The table of all curricula that ran to the end; gives what is missing."""
    missing: list[str] = []
    rows: list[dict[str, Any]] = []
    for part in parts:
        own = rows_of(part, runs)
        ended = _ended(own)
        whole = [row for row in own if row["curriculum"] in ended]
        rows += whole if part.rungs == TARGETS else _as_smaller_curricula(whole)
        if absent := set(part.curricula) - ended:
            missing.append(f"{len(absent)} of {len(part.curricula)} curricula of {_name(part)}")
    begun = {_name(part) for part in parts}
    missing += [f"all of {name}" for name in _wanted(world) if name not in begun]
    facts = Facts(
        made=f"{datetime.now(UTC):%Y-%m-%d}",
        by=by,
        machine=f"{os.cpu_count()} CPUs, {platform.machine()}, torch {torch.__version__}",
        seen=world.seen,
        truth=(*world.truth, *world.more_truth),
        load_seconds=_load_seconds(runs / "store"),
        missing="; ".join(missing),
    )
    kept = config.model_copy(update={"store": config.store.model_copy(update={"path": None})})
    write_table(out, config=kept, rows=rows, facts=facts)
    for name, targets in world.views.items():
        write_table(out.parent / name, config=_view(kept, name, targets), rows=rows, facts=facts)
    if world.sampled:
        try:
            add_surrogate(out)
        except TableError as error:  # too early; the recording goes on
            return f"{facts.missing}; no surrogate yet: {error}"
    return facts.missing


def _view(config: StudyConfig, name: str, targets: Sequence[str]) -> StudyConfig:
    values = config.model_dump(mode="json")
    values["study"] |= {"name": name}
    return StudyConfig.model_validate(values | {"targets": list(targets)})


def _as_smaller_curricula(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
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


def _wanted(world: World) -> list[str]:
    """Names of all parts."""
    seeds = (*world.seen, *world.truth, *world.more_truth)
    return [f"seed {seed}" for seed in seeds] + [f"seed {seed}, {SCALES}" for seed in world.scaled]


def _ended(rows: Sequence[dict[str, Any]]) -> set[str]:
    """Curricula of which the last rung is there; a rung is written in one piece."""
    return {row["curriculum"] for row in rows if row["rung"] == row["num_rungs"] - 1}


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


def _name(part: Part) -> str:
    return f"seed {part.seed}" + (f", {part.rungs}" if part.rungs != TARGETS else "")


def _folder(runs: Path, part: Part) -> RunFolder:
    return RunFolder(runs / _name(part).replace(", ", "-").replace(" ", "-"))


if __name__ == "__main__":
    main()
