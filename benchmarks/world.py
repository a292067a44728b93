"""Is there something to find in the embedded world, and does order matter there?

    python -m benchmarks.world [--workers 2]

1. All orders of the same three stages, for two sets of three, on seeds 1-3; the best and the worst
   order on fresh seeds 4-8: the paired difference with its 95 % interval.
2. The best of these and a few other curricula on seeds 1-3, against no stages on fresh seeds 4-8.

Scores are means over the demo's targets and its report languages, at the demo's settings.

Every (curriculum, seed) is one line of `docs/measured/world.jsonl`; a line that is there is not
computed again, so the benchmark can be interrupted. The last line printed is the summary, which is
also written to `docs/measured/world.json`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import multiprocessing
import sys
from collections.abc import Iterable
from itertools import chain, permutations
from pathlib import Path
from statistics import fmean
from typing import Any

from analysis.statistics.intervals import t_interval
from search.assignments import Planner, setup_of
from search.config import load_study
from search.places import Places
from spaces.curriculum import parse_curriculum
from trainables.leases import NoLeases
from trainables.tasks import get_task
from trainables.train import RungReached, run_assignment
from trainables.workbench import Workbench

RESULTS = Path("docs/measured/world.jsonl")
SUMMARY = Path("docs/measured/world.json")
STORE = Path("~/.cache/curriculum-search").expanduser()
SETS = (
    ("mini-paraphrase:9000", "mini-squad:9000", "mini-choice:9000"),
    ("mini-nli:9000", "mini-squad:9000", "mini-choice:9000"),
)
OTHERS = (
    "mini-nli:9000",
    "mini-squad:9000",
    "mini-choice:9000",
    "mini-choice:9000+mini-nli:9000+mini-squad:9000",
    "mini-squad:9000 > mini-choice:9000",
    "mini-nli:9000 > mini-choice:9000+mini-squad:9000",
    "mini-squad:9000 > mini-choice:9000+mini-nli:9000",
    "mini-choice:9000+mini-squad:9000 > mini-nli:9000",
    "mini-choice:9000+mini-nli:9000 > mini-squad:9000",
)
PICK_SEEDS, FRESH_SEEDS = (1, 2, 3), (4, 5, 6, 7, 8)
ENGLISH = "en"
GAIN_POINTS, ORDER_POINTS = 5.0, 2.0
"""What the world should hold at least: the best against none, best against worst order."""


def main() -> None:
    workers = _arguments().workers
    orders = [[" > ".join(order) for order in permutations(stages)] for stages in SETS]
    texts = (*chain(*orders), *OTHERS)
    _compute([(text, seed) for seed in PICK_SEEDS for text in texts], workers)
    picked = {text: fmean(_scores(text, PICK_SEEDS)) for text in texts}
    extremes = [
        (max(same, key=picked.__getitem__), min(same, key=picked.__getitem__)) for same in orders
    ]
    best = max(picked, key=picked.__getitem__)
    fresh = dict.fromkeys((best, "none", *chain(*extremes)))
    _compute([(text, seed) for seed in FRESH_SEEDS for text in fresh], workers)
    gain = _difference(best, "none")
    order_effects = [_difference(first, last) for first, last in extremes]
    summary = {
        "date": datetime.date.today().isoformat(),
        "command": "python -m benchmarks.world",
        "picked_on_seeds_1_to_3": {text: round(value, 4) for text, value in picked.items()},
        "best_minus_none_on_seeds_4_to_8": gain,
        "best_minus_worst_order_on_seeds_4_to_8": order_effects,
        "wanted_points": {"gain": GAIN_POINTS, "order": ORDER_POINTS},
    }
    SUMMARY.write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary, indent=1))
    order_matters = any(e["points"] >= ORDER_POINTS and e["low"] > 0 for e in order_effects)
    kept = gain["points"] >= GAIN_POINTS and order_matters
    sys.exit(None if kept else "the embedded world holds less than it should")


def _difference(first: str, second: str) -> dict[str, Any]:
    """Paired by seed, mean over targets and report languages, in points."""
    pairs = zip(_scores(first, FRESH_SEEDS), _scores(second, FRESH_SEEDS), strict=True)
    interval = t_interval([100 * (a - b) for a, b in pairs])
    assert interval.low is not None and interval.high is not None, "several seeds"
    return {
        "first": first,
        "second": second,
        "points": round(interval.mean, 2),
        "low": round(interval.low, 2),
        "high": round(interval.high, 2),
        "n": interval.n,
    }


def _scores(text: str, seeds: Iterable[int]) -> list[float]:
    lines = _known()
    return [lines[text, seed] for seed in seeds]


def _known() -> dict[tuple[str, int], float]:
    if not RESULTS.exists():
        return {}
    lines = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    return {(line["curriculum"], line["seed"]): line["report_mean"] for line in lines}


def _compute(wanted: list[tuple[str, int]], workers: int) -> None:
    missing = [pair for pair in wanted if pair not in _known()]
    if not missing:
        return
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(workers) as pool, RESULTS.open("a") as file:
        for line in pool.imap_unordered(_run, missing):
            file.write(json.dumps(line) + "\n")
            file.flush()
            print(json.dumps(line), flush=True)


def _run(pair: tuple[str, int]) -> dict[str, object]:
    text, seed = pair
    config = load_study("demo")
    places = Places(run_id="world", cache=STORE / "cache", store=str(STORE / "store"), mirror=None)
    planner = Planner(config, places)
    assignment = planner.confirm(parse_curriculum(text), "candidate", seed, split="report")
    bench = Workbench(setup_of(config, places))
    events = run_assignment(assignment, bench, NoLeases())
    rows = [row for event in events if isinstance(event, RungReached) for row in event.rows]
    targets: dict[str, list[float]] = {}
    for row in rows:
        is_main = row["part"] == "evaluation" and row["metric"] == get_task(row["target"]).metric
        if is_main and row["language"] != ENGLISH:
            targets.setdefault(row["target"], []).append(row["value"])
    means = {target: fmean(values) for target, values in targets.items()}
    return {
        "curriculum": text,
        "seed": seed,
        "report_mean": fmean(means.values()),
        "targets": {target: round(value, 4) for target, value in means.items()},
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
