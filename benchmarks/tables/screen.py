"""Which world is worth recording? One in which curricula differ by more than their seeds do.

    python -m benchmarks.tables.screen [SETTING …] [--curricula 10] [--seeds 3]

A few curricula of `miniworld-small`'s space, or of another world's, drawn at random, are trained to
the end on a few seeds in every setting. Shown for every target and for means over them: the noise
(standard deviation of one curriculum over seeds, what a seed does to all alike taken out), the
spread of curricula beyond it, and the reliability of one trial. Every trial is a line of
docs/measured/screen.jsonl; what is there is not trained again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.study_runs import run_trial
from benchmarks.tables.worlds import WORLDS, World
from search.assignments import Planner, setup_of
from search.config import load_study
from search.places import Places
from search.study_fields import StudyConfig
from search.table_parts import Column, heading, table

RESULTS = Path(__file__).parent.parent.parent / "docs" / "measured" / "screen.jsonl"
STORE = Path("~/.cache/curriculum-search").expanduser()
MIRROR = Path(os.environ["CURRICULUM_MIRROR"]) if "CURRICULUM_MIRROR" in os.environ else None
FIRST_SEED = 101
SETTINGS: dict[str, dict[str, Any]] = {
    "small": {},
    "long": {"sizes": [3000, 9000]},
    "long, gentle": {"sizes": [3000, 9000], "stage_rate": 5e-4},
    "long, more target": {"sizes": [3000, 9000], "train": 540},
    "real, more target": {
        "world": "real",
        "sizes": [200, 600],
        "targets": ["udpos", "panx", "tatoeba"],
        "train": 540,
    },
}
"""What differs from the recorded world: sizes of stages, their learning rate, targets and their
examples. One of real rows takes a mirror (CURRICULUM_MIRROR), and
is left out of all without."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("settings", nargs="*", choices=[*SETTINGS, []], default=[])
    parser.add_argument("--curricula", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    names = asked.settings or [name for name in SETTINGS if MIRROR or not _world(name).of_mirror]
    if MIRROR is None and any(_world(name).of_mirror for name in names):
        sys.exit("no mirror: name one with CURRICULUM_MIRROR")
    seeds = range(FIRST_SEED, FIRST_SEED + asked.seeds)
    wanted = [
        (name, str(curriculum), seed)
        for seed in seeds
        for name in names
        for curriculum in _drawn(study_of(name), asked.curricula)
    ]
    known = {(line["setting"], line["curriculum"], line["seed"]) for line in _lines()}
    _train([trial for trial in wanted if trial not in known])
    lines = [x for x in _lines() if (x["setting"], x["curriculum"], x["seed"]) in set(wanted)]
    out = Console(width=100)
    for name in names:
        out.print(heading(f"{name}: {SETTINGS[name] or 'as recorded'}"))
        own = [line for line in lines if line["setting"] == name]
        columns = [Column("targets", number=False), *map(Column, ("noise", "spread"))]
        out.print(table([*columns, Column("reliability")], list(_rows(own))))


def study_of(setting: str) -> StudyConfig:
    """The recorded world's study with a setting's changes."""
    changes = SETTINGS[setting]
    values = load_study(_world(setting).study).model_dump(mode="json")
    values["targets"] = changes.get("targets", values["targets"])
    values["space"]["sizes"] = changes.get("sizes", values["space"]["sizes"])
    values["probe"]["train"] = changes.get("train", values["probe"]["train"])
    rate = changes.get("stage_rate", values["recipe"]["stage"]["learning_rate"])
    values["recipe"]["stage"]["learning_rate"] = rate
    return StudyConfig.model_validate(values | {"stopping": "none"})


def _world(setting: str) -> World:
    return WORLDS[SETTINGS[setting].get("world", "miniworld-small")]


def _places() -> Places:
    store, cache = str(STORE / "store"), STORE / "cache"
    return Places(run_id="screen", cache=cache, store=store, mirror=MIRROR)


def _drawn(config: StudyConfig, count: int) -> list[Any]:
    """The same positions of the space in every setting."""
    space = Planner(config, _places()).space
    return [space.nth(i) for i in random.Random(0).sample(range(space.count()), count)]


def _train(missing: Sequence[tuple[str, str, int]]) -> None:
    if not missing:
        return
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool() as pool, RESULTS.open("a") as file:
        for line in pool.imap_unordered(_trial, missing):
            file.write(json.dumps(line) + "\n")
            file.flush()
            print(line, flush=True)


def _trial(trial: tuple[str, str, int]) -> dict[str, Any]:
    setting, text, seed = trial
    config = study_of(setting)
    planner = Planner(config, _places())
    assignment = planner.search(planner.resolved(text), "sampled", seed)
    _, rows = run_trial(setup_of(config, _places()), assignment)
    scores: dict[str, list[float]] = {}
    for row in rows:
        main = (
            row["part"] == "evaluation"
            and row["metric"] == assignment.rungs[-1].metrics[row["target"]]
        )
        if main and row["language"] != "en" and row["split"] == "search":
            scores.setdefault(row["target"], []).append(row["value"])
    means = {target: round(fmean(values), 4) for target, values in scores.items()}
    return {"setting": setting, "curriculum": text, "seed": seed, "targets": means}


def _rows(lines: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Of every set of targets, the most reliable first."""
    frame = pd.DataFrame([line["targets"] for line in lines])
    place = pd.MultiIndex.from_tuples([(x["curriculum"], x["seed"]) for x in lines])
    frame.index = place
    sets = [s for k in range(1, len(frame.columns) + 1) for s in combinations(frame.columns, k)]
    found = [(*noise_and_spread(frame[list(own)].mean(axis=1).unstack()), own) for own in sets]
    for noise, spread, own in sorted(found, key=lambda x: -_reliability(x[0], x[1])):
        names = " ".join(name.removeprefix("mini-") for name in own)
        reliable = f"{_reliability(noise, spread):.2f}"
        yield [names, f"{100 * noise:.1f}", f"{100 * spread:.1f}", reliable]


def noise_and_spread(wide: pd.DataFrame) -> tuple[float, float]:
    """Of curricula (rows) over seeds (columns), in a two-way table without holes."""
    own = (wide - wide.mean()).dropna().to_numpy()
    num_curricula, num_seeds = own.shape
    means = own.mean(axis=1)
    rest = own - means[:, None]
    noise = float((rest**2).sum() / ((num_curricula - 1) * (num_seeds - 1)))
    between = max(0.0, float(np.var(means, ddof=1)) - noise / num_seeds)
    return noise**0.5, between**0.5


def _reliability(noise: float, spread: float) -> float:
    return spread**2 / (spread**2 + noise**2)


def _lines() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
