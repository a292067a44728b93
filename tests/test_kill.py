"""Killed with -9 twice, and a worker of the third launch too: is it the study that never was?

`python -m benchmarks.kill_test` does this at many moments, start-up and cluster nodes included.
"""

from __future__ import annotations

import random
import time

import pytest

from benchmarks.kill_test import busy_workers, differences, finished_nodes, kept
from benchmarks.study_runs import run_alone, start, tiny_study

pytestmark = pytest.mark.ray

SEED = 9


def test_a_study_whose_driver_and_worker_are_killed_ends_as_if_they_were_not(study_root, tmp_path):
    (tmp_path / "cache").symlink_to(study_root / "cache")
    quick = {"budget": {"trials": 2}, "confirm": {"top": 0}, "stopping": {"z": 0.0}}
    reference = tiny_study(tmp_path / "reference-store", **quick)
    run_alone(reference, tmp_path / "reference")
    num_nodes = len(finished_nodes(tmp_path / "reference-store"))
    rng = random.Random(SEED)
    moments = sorted(rng.sample(range(1, num_nodes), 3))

    store, run, log = tmp_path / "store", tmp_path / "run", tmp_path / "log"
    config = tiny_study(store, **quick)
    for moment in moments[:2]:
        driver = start(config, run, log=log)
        wait_for_nodes(store, moment, driver, log)
        driver.kill()
        driver.wait()
    last = start(config, run, log=log)
    wait_for_nodes(store, moments[2], last, log)
    at_kill = finished_nodes(store)
    for worker in busy_workers(last):
        worker.kill()
    assert last.wait(timeout=200) == 0, log.read_text()
    assert "lost search" in log.read_text()
    found = differences(config, run, tmp_path / "reference", tmp_path / "reference-store", at_kill)
    assert kept(found), (SEED, moments, found)


def wait_for_nodes(store, num_nodes, driver, log):
    """Until the store holds so many finished nodes, and a step is under way."""
    while len(list(store.glob("*/*/entry.json"))) < num_nodes or not busy_workers(driver):
        if driver.poll() is not None:
            pytest.fail(f"it ended before:\n{log.read_text()}")
        time.sleep(0.005)
