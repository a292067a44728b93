"""What if a file is damaged, a disk full, a worker lost? It is noticed, said, and made again.

Damage is made on real files of a finished study; then the study runs again.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.study_runs import (
    bits,
    made_by,
    optuna_trials,
    run_alone,
    run_trial,
    tiny_study,
    values,
)
from search.assignments import Planner, setup_of
from search.confirm import GivenTrials
from search.endings import SearchStopped
from search.execution import run_trials
from search.floor import Resources
from search.run_folder import RunFolder, RunFolderError, opened_for_writing
from search.study import places_of, run_study
from spaces.curriculum import Curriculum, parse_curriculum

pytestmark = pytest.mark.ray

QUIET = {"confirm": {"top": 0}}


@pytest.fixture
def damaged_copy(finished_study, tmp_path):
    """A copy of the run folder to be damaged; the store is shared and whole."""
    config, run = finished_study
    return config, Path(shutil.copytree(run, tmp_path / "run"))


def planned(config, run):
    folder = RunFolder(run)
    folder.path.mkdir(exist_ok=True)
    places = places_of(config, folder, None)
    return Planner(config, places), setup_of(config, places)


# Files of the run folder


@pytest.mark.parametrize("bytes_cut", [1, 30, 2000])
def test_observations_cut_inside_a_line_are_completed_from_the_store(
    finished_study, damaged_copy, bytes_cut
):
    config, run = damaged_copy
    cut_end(RunFolder(run).observations, bytes_cut)
    before = made_by(config_store(config))
    repairs, _ = run_alone(config, run)
    assert any("observations.jsonl: cut a torn last line" in repair for repair in repairs)
    assert values(run) == values(finished_study[1])
    assert optuna_trials(config, run) == optuna_trials(*finished_study)
    assert made_by(config_store(config)) == before


def test_observations_cut_between_two_lines_are_completed_from_the_store(
    finished_study, damaged_copy
):
    config, run = damaged_copy
    observations = RunFolder(run).observations
    lines = observations.read_bytes().splitlines(keepends=True)
    observations.write_bytes(b"".join(lines[:-2]))
    run_alone(config, run)
    assert values(run) == values(finished_study[1])


@pytest.mark.parametrize("bytes_cut", [1, 20, 500])
def test_a_journal_cut_inside_a_line_is_completed_from_the_observations(
    finished_study, damaged_copy, bytes_cut
):
    config, run = damaged_copy
    cut_end(RunFolder(run).journal, bytes_cut)
    repairs, _ = run_alone(config, run)
    assert any("study.journal: cut a torn last line" in repair for repair in repairs)
    assert optuna_trials(config, run) == optuna_trials(*finished_study)
    assert values(run) == values(finished_study[1])


def test_a_lost_journal_is_made_again_from_the_observations(finished_study, damaged_copy):
    config, run = damaged_copy
    RunFolder(run).journal.unlink()
    run_alone(config, run)
    assert optuna_trials(config, run) == optuna_trials(*finished_study)
    assert values(run) == values(finished_study[1])


def test_a_journal_damaged_in_the_middle_is_put_aside_and_made_again(finished_study, damaged_copy):
    config, run = damaged_copy
    journal = RunFolder(run).journal
    content = bytearray(journal.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3] = b'"}"'
    journal.write_bytes(content)
    repairs, _ = run_alone(config, run)
    assert any("kept as study.journal.damaged" in repair for repair in repairs)
    assert (run / "study.journal.damaged").read_bytes() == content
    assert optuna_trials(config, run) == optuna_trials(*finished_study)


def test_the_journal_lock_of_a_killed_process_is_cleared(finished_study, damaged_copy):
    config, run = damaged_copy
    journal = RunFolder(run).journal
    journal.with_name("study.journal.lock").symlink_to(journal)
    repairs, _ = run_alone(config, run)
    assert any("left by a process that was killed" in repair for repair in repairs)


def test_a_second_living_process_is_refused_and_a_killed_one_is_not_in_the_way(tmp_path):
    hold = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from search.run_folder import RunFolder, opened_for_writing\n"
        "with opened_for_writing(RunFolder(Path(sys.argv[1]))):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(RunFolderError, match=f"in use by process {holder.pid}"),
            opened_for_writing(RunFolder(tmp_path)),
        ):
            pass
        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
        with opened_for_writing(RunFolder(tmp_path)):
            pass


# Files of the store


@pytest.mark.parametrize(
    ("damage", "pattern"), [("flipped byte", "weights-*"), ("truncated", "entry.json")]
)
def test_damaged_entries_are_noticed_and_computed_again(
    finished_study, tmp_path, caplog, damage, pattern
):
    config, run = finished_study
    store = tmp_path / "store"
    shutil.copytree(config_store(config), store)
    (tmp_path / "cache").symlink_to(config_store(config).parent / "cache")
    own = tiny_study(store, **QUIET)
    hurt = 0
    for path in sorted(store.glob(f"*/*/{pattern}")):
        if json.loads((path.parent / "entry.json").read_bytes())["value"]["kind"] != "evaluation":
            hurt += 1
            spoil(path, damage)
    for path in store.glob("*/*/entry.json"):  # scores are wanted again, hence the weights
        if b'"kind": "evaluation"' in path.read_bytes():
            path.unlink()
    assert hurt > 10
    run_alone(own, tmp_path / "run")
    assert values(tmp_path / "run") == values(run)
    assert "is damaged" in caplog.text


def test_damage_that_a_worker_meets_is_told_to_the_user(ray_session, finished_study, tmp_path):
    config, _ = finished_study
    store = tmp_path / "store"
    shutil.copytree(config_store(config), store)
    (tmp_path / "cache").symlink_to(config_store(config).parent / "cache")
    planner, setup = planned(config, tmp_path / "run")
    for path in store.glob("*/*/entry.json"):
        if b'"kind": "stage"' in path.read_bytes():
            spoil(path, "flipped byte")
    everything = [
        planner.search(curriculum, "baseline", None) for curriculum in planner.given().baselines
    ]
    events = []
    run_trials(
        GivenTrials(everything, lambda rows: rows),
        setup=replace(setup, store=str(store)),
        resources=Resources(workers=1, cpus=1.0, gpus=0.0, max_failures=1),
        on_event=events.append,
    )
    said = [event.detail for event in events if event.kind == "repaired"]
    assert any("is damaged" in line for line in said)


def test_a_killed_stage_goes_on_from_its_partial_checkpoint_with_the_same_bits(
    study_root, tmp_path
):
    (tmp_path / "cache").symlink_to(study_root / "cache")
    config = tiny_study(tmp_path / "store", **QUIET)
    planner, setup = planned(config, tmp_path / "run")
    assignment = planner.search(parse_curriculum("mini-paraphrase:1500"), "sampled", None)
    _, expected = run_trial(replace(setup, store=str(tmp_path / "other")), assignment)
    often = replace(setup, partial_seconds=0.0)
    trial = multiprocessing.get_context("spawn").Process(
        target=run_trial, args=(often, assignment), daemon=True
    )
    trial.start()
    wait_for(lambda: list((tmp_path / "store").glob("*/*/partial.json")), while_=trial.is_alive)
    os.kill(trial.pid, signal.SIGKILL)
    trial.join()
    said, rows = run_trial(often, assignment)
    first_step = next(line for line in said if ": step " in line)
    assert ": step 1 of" not in first_step
    assert bits(rows) == bits(expected)
    assert not list((tmp_path / "store").glob("*/*/partial*"))


# Disks


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MB that is really full when it is full."""
    disk = tmp_path / "small-disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no right to mount a small file system: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_under_the_store_stops_the_search_and_loses_nothing(
    ray_session, finished_study, study_root, small_disk, tmp_path
):
    small = tiny_study(small_disk / "store", **QUIET)
    (small_disk / "cache").symlink_to(study_root / "cache")
    with pytest.raises(SearchStopped, match=r"No space left on device.*make room, then resume"):
        run_study(small, RunFolder(tmp_path / "run"), on_event=lambda event: None)
    recorded = values(tmp_path / "run")
    assert recorded.items() <= values(finished_study[1]).items()
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    before = made_by(small_disk / "store")
    run_alone(small, tmp_path / "run")
    assert values(tmp_path / "run") == values(finished_study[1])
    assert before.items() <= made_by(small_disk / "store").items()


def test_a_full_disk_under_the_run_folder_stops_the_search_and_loses_nothing(
    ray_session, finished_study, small_disk
):
    config, run = finished_study
    ballast = small_disk / "ballast"
    events = []

    def fill_at_third_rung(event):
        events.append(event)
        if sum(e.kind == "rung" for e in events) == 3 and not ballast.exists():
            fill(ballast)

    with pytest.raises(SearchStopped, match=r"the run folder cannot be written.*make room"):
        run_study(config, RunFolder(small_disk / "run"), on_event=fill_at_third_rung)
    ballast.unlink()
    recorded = values(small_disk / "run")
    assert recorded and recorded.items() <= values(run).items()
    run_alone(config, small_disk / "run")
    assert values(small_disk / "run") == values(run)


# Trials that fail


def test_a_loss_that_is_no_number_fails_its_trial_and_names_task_stage_and_step(
    ray_session, finished_study, study_root, tmp_path
):
    recipe = {"learning_rate": 1e-3, "epochs": 1}
    wild = tiny_study(
        study_root / "store",
        **QUIET,
        budget={"trials": 1},
        recipe={
            "stage": recipe,
            "target": recipe,
            "tasks": {"mini-pos": {"learning_rate": 1e30, "clip": 1e30}},
        },
    )
    events = []
    run_study(wild, RunFolder(tmp_path / "run"), on_event=events.append)
    failed = [event for event in events if event.kind == "failed"]
    assert "mini-pos:300" in {event.assignment.curriculum for event in failed}
    assert all("mini-pos" in event.assignment.curriculum for event in failed)
    for event in failed:
        assert "training diverged in stage" in event.detail
        assert "task mini-pos, at step" in event.detail
        assert "lower recipe.learning_rate" in event.detail


def test_a_worker_that_breaks_is_started_again_so_often_and_no_more(
    ray_session, finished_study, tmp_path
):
    config, _ = finished_study
    planner, setup = planned(config, tmp_path / "run")
    (tmp_path / "cache").write_text("not a folder, so that every worker breaks")
    trials = GivenTrials([planner.search(Curriculum(), "baseline", None)], lambda rows: rows)
    events = []
    run_trials(
        trials,
        setup=replace(setup, store=str(tmp_path / "store"), cache=str(tmp_path / "cache")),
        resources=Resources(workers=1, cpus=1.0, gpus=0.0, max_failures=1),
        on_event=events.append,
    )
    assert [event.kind for event in events] == ["started", "lost", "started", "failed"]
    assert "cache" in events[-1].trace


def config_store(config):
    return Path(config.store.path)


def cut_end(path, num_bytes):
    path.write_bytes(path.read_bytes()[:-num_bytes])


def spoil(path, damage):
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)


def fill(path):
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return


def wait_for(condition, *, while_, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and while_():
        if condition():
            return
        time.sleep(0.005)
    pytest.fail("it did not happen")
