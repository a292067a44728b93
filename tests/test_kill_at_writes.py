"""Killed with -9 just before or just after a rename or a flush to disk: is nothing half-written?

Without Ray, so that every rename and flush is in the process that dies: store entries,
observations, Optuna's journal, the clock and the lock of the run folder.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

from benchmarks.kill_test import differences, finished_nodes, kept
from benchmarks.study_runs import REPOSITORY, run_alone, tiny_study

SEED = 4
WRITES = ("rename", "replace", "fsync")
DYING = """
import os, signal, sys
from pathlib import Path
from benchmarks.study_runs import run_alone
from search.study_fields import StudyConfig

study, run, names, last_write, when = sys.argv[1:]
writes_left = int(last_write)

def dying(write):
    def wrapper(*args, **options):
        global writes_left
        writes_left -= 1
        if writes_left == 0 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = write(*args, **options)
        if writes_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return wrapper

for name in names.split():
    setattr(os, name, dying(getattr(os, name)))
run_alone(StudyConfig.model_validate_json(Path(study).read_text()), Path(run))
"""


def test_a_study_killed_at_its_writes_ends_as_if_it_was_not(study_root, tmp_path, monkeypatch):
    (tmp_path / "cache").symlink_to(study_root / "cache")
    quick = {"budget": {"trials": 2}, "confirm": {"top": 0}, "stopping": {"z": 0.0}}
    reference = tiny_study(tmp_path / "reference-store", **quick)
    with monkeypatch.context() as patched:
        writes = counted_writes(patched)
        run_alone(reference, tmp_path / "reference")
    assert set(writes) == set(WRITES)
    rng = random.Random(SEED)
    moments = [(rng.randrange(1, len(writes) // 4), when) for when in ("before", "after") * 3]

    config = tiny_study(tmp_path / "store", **quick)
    (tmp_path / "study.json").write_text(config.model_dump_json())
    for last_write, when in moments:
        command = [sys.executable, "-c", DYING, str(tmp_path / "study.json"), str(tmp_path / "run")]
        moment = [" ".join(WRITES), str(last_write), when]
        died = subprocess.run([*command, *moment], cwd=REPOSITORY, check=False)
        assert died.returncode == -signal.SIGKILL, (SEED, moments)
        at_kill = finished_nodes(tmp_path / "store")
    run_alone(config, tmp_path / "run")
    found = differences(
        config, tmp_path / "run", tmp_path / "reference", tmp_path / "reference-store", at_kill
    )
    assert kept(found), (SEED, moments, found)


def counted_writes(patched):
    """Names of the writes from here on, in their order."""
    names = []

    def counting(name, write):
        return lambda *args, **options: (names.append(name), write(*args, **options))[1]

    for name in WRITES:
        patched.setattr(os, name, counting(name, getattr(os, name)))
    return names
