"""Does a study survive kill -9 at any moment? `python -m benchmarks.kill_test [--moments 20]`

An uninterrupted run comes first. The moments are drawn from a printed seed, uniform over its time
from the start of the process to its end; a moment is carried over to another run, which may be
slower, as so many events and so many seconds after the last of them. In turn the victim is the
driver, a worker, the holder of a lease, and one node of a two-node cluster (another one joins).
Then the study is started again, until it ends by itself, and compared: every trial once, the bits
of the uninterrupted run, no finished node computed again, the values at ASHA's rungs, Optuna's
trials. One JSON line per moment goes to `docs/measured/kill_test.jsonl`; moments that have a line
are not repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.study_runs import (
    REPOSITORY,
    by_trial,
    made_by,
    optuna_trials,
    run_alone,
    start,
    tiny_study,
    values,
    weights,
)
from search.study_fields import StudyConfig

RESULTS = REPOSITORY / "docs/measured/kill_test.jsonl"
VICTIMS = ("driver", "worker", "lease holder", "node")
LONGEST_RUN_SECONDS = 300


def study(store: Path, *, workers: int = 1) -> StudyConfig:
    """With enough to learn that ASHA has reason to stop some of its trials."""
    return tiny_study(
        store,
        space={"tasks": ["mini-paraphrase", "mini-pos"], "sizes": [100, 900], "max_stages": 2},
        probe={"train": 540, "eval": 60},
        budget={"trials": 4},
        stopping={"z": 0.0},
        resources={"workers": workers, "cpus": 0.5},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in the course of a run."""

    second: float
    """From the start of the uninterrupted run."""
    events: int
    """Seen by then."""
    after: float
    """Seconds since the last of them."""


def kill_and_resume(victim: str, moment: Moment, root: Path, expected: Path) -> dict[str, Any]:
    """Kill a victim at a moment, run to the end, and compare.

    Args:
        victim: one of VICTIMS.
        moment: when.
        root: an empty folder, beside which `cache` holds prepared data.
        expected: run folder of the uninterrupted study.

    Returns:
        What was killed, and what was found.
    """
    config = study(root / "store")
    run, log = root / "run", root / "log"
    with two_nodes() if victim == "node" else nothing() as nodes:
        address = nodes.address if nodes else None
        process = start(config, run, log=log, address=address)
        done = ended_before(moment, process, log)
        killed = "nothing: it had ended" if done else kill(victim, process, nodes)
        at_kill = finished_nodes(root / "store")
        started_again = 0
        while ended_with(process) != 0:
            started_again += 1
            if started_again > 3:
                raise RuntimeError(f"does not end by itself, see {log}")
            process = start(config, run, log=log, address=address)
    return {
        "killed": killed,
        "started_again": started_again,
        "nodes_at_kill": len(at_kill),
        **differences(config, run, expected, expected.parent / "store", at_kill),
    }


def differences(
    config: StudyConfig,
    run: Path,
    expected: Path,
    expected_store: Path,
    at_kill: dict[str, Any],
) -> dict[str, Any]:
    """What is not as it should be; everything empty or true if all promises are kept."""
    found, wanted = values(run), values(expected)
    weighed, weighed_before = weights(Path(str(config.store.path))), weights(expected_store)
    now = made_by(Path(str(config.store.path)))
    _, rungs = run_alone(config, run)
    _, wanted_rungs = run_alone(config, expected)
    return {
        "all_trials_once": by_trial(run) == by_trial(expected),
        "values_differ": sum(found.get(key) != wanted[key] for key in wanted),
        "values_too_many": len(set(found) - set(wanted)),
        "weights_differ": sum(weighed.get(node) != weighed_before[node] for node in weighed_before),
        "nodes_computed_again": sum(now.get(node) != at_kill[node] for node in at_kill),
        "rungs_equal": [rungs.values(r) for r in range(3)]
        == [wanted_rungs.values(r) for r in range(3)],
        "optuna_equal": optuna_trials(config, run) == optuna_trials(config, expected),
    }


def kept(result: dict[str, Any]) -> bool:
    """Whether a result of `differences` shows every promise kept."""
    counts = ("values_differ", "values_too_many", "weights_differ", "nodes_computed_again")
    flags = ("all_trials_once", "rungs_equal", "optuna_equal")
    return not any(result[name] for name in counts) and all(result[name] for name in flags)


def finished_nodes(store: Path) -> dict[str, Any]:
    """Maker and seconds of every finished node of a store that may not be there yet."""
    return made_by(store) if store.exists() else {}


def kill(victim: str, process: subprocess.Popen[bytes], nodes: Any) -> str:
    """SIGKILL; a worker that is not there yet is waited for."""
    if victim == "driver":
        process.kill()
        process.wait()
        return "driver"
    if victim == "node":
        node = nodes.list_all_nodes()[-1]
        nodes.remove_node(node, allow_graceful=False)
        nodes.add_node(num_cpus=1)
        return f"node {node.node_id[:8]}"
    while process.poll() is None:
        find = busy_workers if victim == "lease holder" else workers
        if chosen := find(process):
            chosen[0].kill()
            return f"{victim} {chosen[0].pid}"
        time.sleep(0.02)
    return "nothing: it had ended"


def busy_workers(driver: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Workers in a step: while they compute, they hold a lease."""
    return [worker for worker in workers(driver) if _title(worker).endswith(".train")]


def workers(driver: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Processes below a driver that run trials."""
    if driver.poll() is not None:
        return []
    children = psutil.Process(driver.pid).children(recursive=True)
    return [child for child in children if "Trainable" in _title(child)]


def _title(process: psutil.Process) -> str:
    try:
        return "".join(process.cmdline()).strip()
    except psutil.Error:
        return ""


@contextmanager
def two_nodes() -> Iterator[Any]:
    """A cluster of a head that runs no trials and a node that does."""
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    nodes = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    nodes.add_node(num_cpus=1)
    try:
        yield nodes
    finally:
        nodes.shutdown()


@contextmanager
def nothing() -> Iterator[None]:
    yield None


def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def ended_with(process: subprocess.Popen[bytes]) -> int:
    if not ended(process, LONGEST_RUN_SECONDS):
        process.send_signal(signal.SIGKILL)
    return process.wait()


def ended_before(moment: Moment, process: subprocess.Popen[bytes], log: Path) -> bool:
    """Wait for a moment of a run; true if the run ended before it."""
    while process.poll() is None and len(event_times(log)) < moment.events:
        time.sleep(0.02)
    until = time.time() + moment.after
    while process.poll() is None and time.time() < until:
        if len(event_times(log)) > moment.events:
            break  # this run is faster
        time.sleep(0.02)
    return process.poll() is not None


def event_times(log: Path) -> list[float]:
    """When the events in a log happened, in seconds since the epoch."""
    words = [line.partition(" ")[0] for line in log.read_text().splitlines()]
    return [float(word) for word in words if word.replace(".", "").isdigit()]


def moment_of(second: float, start: float, times: list[float]) -> Moment:
    """The point in a run of which the times of all events are known."""
    before = [t for t in times if t - start <= second]
    return Moment(
        second=round(second, 2),
        events=len(before),
        after=round(start + second - (before[-1] if before else start), 3),
    )


def prepared(root: Path) -> tuple[Path, float, float]:
    """An uninterrupted run with data prepared, when it started, and the seconds that it took."""
    run_alone(study(root / "first-store"), root / "first")  # data and tokens are cached from here
    before = time.time()
    if ended_with(start(study(root / "store"), root / "run", log=root / "log")) != 0:
        raise RuntimeError(f"the uninterrupted run failed, see {root / 'log'}")
    return root / "run", before, time.time() - before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    fractions = dict(enumerate(rng.random() for _ in range(options.moments)))
    done = {line["moment"] for line in results(options.seed)}
    if missing := {n: fraction for n, fraction in fractions.items() if n not in done}:
        run_moments(options.seed, missing)
    found = results(options.seed)
    survived = sum(line["kept"] for line in found)
    idle = sum(line["killed"].startswith("nothing") for line in found)
    print(
        f"seed {options.seed}: promises kept at {survived} of {len(found)} moments "
        f"({idle} of them found nothing left to kill); {RESULTS}"
    )
    return int(survived < len(fractions))


def results(seed: int) -> list[dict[str, Any]]:
    """The lines that are there already."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return [line for line in map(json.loads, lines) if line["seed"] == seed]


def run_moments(seed: int, fractions: Mapping[int, float]) -> None:
    """Kill at each fraction of the run's time, and write a line for each."""
    root = Path(tempfile.mkdtemp(prefix="kill-test-"))
    expected, began, length = prepared(root)
    print(f"seed {seed}; an uninterrupted run takes {length:.1f} s; files in {root}")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    for number, fraction in fractions.items():
        victim = VICTIMS[number % len(VICTIMS)]
        own = root / f"moment-{number}"
        own.mkdir()
        (own / "cache").symlink_to(root / "cache")
        moment = moment_of(fraction * length, began, event_times(root / "log"))
        result = kill_and_resume(victim, moment, own, expected)
        line = {
            "seed": seed,
            "moment": number,
            "second": moment.second,
            "events_seen": moment.events,
            "of_seconds": round(length, 1),
            "victim": victim,
            **result,
            "kept": kept(result),
            "date": datetime.now(UTC).date().isoformat(),
            "command": "python -m benchmarks.kill_test",
        }
        with RESULTS.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        if line["kept"]:
            shutil.rmtree(own)  # what broke stays to be looked at


if __name__ == "__main__":
    sys.exit(main())
