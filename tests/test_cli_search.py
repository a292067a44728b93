"""The commands around a search: one tiny study is started, stopped, resumed, read and extended."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from search import Study
from search.cli import app
from search.config import load_study
from search.run_folder import RunFolder

pytestmark = pytest.mark.ray

runner = CliRunner()
CURRICULUM = [sys.executable, "-c", "from search.cli import main; main()"]
PATIENCE = 150
"""Seconds: the machine may be busy with other tests."""


def study(folder: Path, **changes) -> Path:
    """The file of a study that searches one task for one target."""
    recipe = {"learning_rate": 1e-3, "epochs": 1}
    values = {
        "study": {"name": "tiny", "question": "Does the command line work?"},
        "encoder": {"name": "miniworld"},
        "space": {"tasks": ["mini-pos"], "sizes": [100, 300], "max_stages": 1},
        "targets": ["mini-udpos"],
        "languages": {"proxy": ["bor"], "report": ["eki"]},
        "probe": {"train": 60, "eval": 20},
        "full": {"train": 60, "eval": 20},
        "stopping": {"num_rungs": 2},
        "budget": {"trials": 1},
        "seeds": {"noise": [2], "confirm": [11]},
        "confirm": {"top": 1, "controls": False},
        "recipe": {"stage": recipe, "target": recipe},
        "store": {"path": str(folder / "store")},
        **changes,
    }
    path = folder / f"{'-'.join(['study', *changes])}.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@dataclass
class Story:
    """What happened to the run folder, in this order."""

    run: Path
    study: Path
    status_meanwhile: str
    second: subprocess.CompletedProcess
    stopped: subprocess.CompletedProcess
    status_stopped: str
    resumed: subprocess.CompletedProcess


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    file, run = study(folder), folder / "my runs" / "tiny"
    log = folder / "log"
    command = [*CURRICULUM, "search", str(file), "--run", str(run)]
    with log.open("w") as output:
        first = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True)
        try:
            wait_for("completed", log, first)
            meanwhile = runner.invoke(app, ["status", str(run)])
            second = runner.invoke(app, ["search", str(file), "--run", str(run)])
            first.send_signal(signal.SIGTERM)
            _, errors = first.communicate(timeout=PATIENCE)
        finally:
            first.kill()
    stopped = subprocess.CompletedProcess(command, first.returncode, log.read_text(), errors)
    after = runner.invoke(app, ["status", str(run)])
    resumed = subprocess.run(
        [*CURRICULUM, "resume", str(run)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Story(
        run=run,
        study=file,
        status_meanwhile=meanwhile.stdout,
        second=subprocess.CompletedProcess([], second.exit_code, second.stdout, second.stderr),
        stopped=stopped,
        status_stopped=after.stdout,
        resumed=resumed,
    )


def wait_for(text: str, log: Path, process: subprocess.Popen) -> None:
    until = time.monotonic() + PATIENCE
    while text not in log.read_text():
        assert process.poll() is None, f"ended with {process.returncode}: {log.read_text()}"
        assert time.monotonic() < until, f"no {text!r} in time: {log.read_text()}"
        time.sleep(0.05)


def test_sigterm_ends_with_143_and_the_resume_command(story):
    assert story.stopped.returncode == 128 + signal.SIGTERM
    assert story.stopped.stderr.splitlines() == [
        "stopped by SIGTERM",
        "everything that was finished is kept; to go on, type:",
        f"  curriculum resume '{story.run}'",
    ]


def test_a_second_process_is_refused_with_2(story):
    assert story.second.returncode == 2
    assert re.search(r"in use by process \d+ on \S+; wait for it or stop it", story.second.stderr)
    assert story.second.stdout == ""


def test_status_tells_whether_a_search_runs(story):
    assert "tiny: a search runs, process" in story.status_meanwhile
    assert "tiny: interrupted, nothing runs" in story.status_stopped
    assert f"next: curriculum resume '{story.run}'" in story.status_stopped
    done = runner.invoke(app, ["status", str(story.run)])
    assert "tiny: finished" in done.stdout
    assert "1 of 1 sampled trials begun, 0 left" in done.stdout


def test_status_changes_nothing(story):
    before = {path: path.stat().st_mtime_ns for path in story.run.rglob("*")}
    assert runner.invoke(app, ["status", str(story.run)]).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in story.run.rglob("*")} == before


def test_a_resumed_study_ends_with_0_and_its_tables(story):
    assert story.resumed.returncode == 0, story.resumed.stderr
    assert story.resumed.stderr == ""
    told = story.resumed.stdout
    headings = [
        "Leaderboard: the best 3 of 3 curricula that ran to the end",
        "Best curriculum for each target alone",
        "Can the rungs be believed?",
        "What sharing saved",
        "Confirmation: the best again, on fresh seeds with full targets",
        "The winner on the report split",
        "Where everything lies",
        "Next",
    ]
    places = [told.find(heading) for heading in headings]
    assert -1 not in places and places == sorted(places)
    assert "nothing here is a finding about human languages" in told
    assert f"curriculum extend '{story.run}' --trials 1" in told


def test_what_was_finished_is_not_run_again(story):
    line = re.compile(r"(started|completed) +\S* +[\d.]* +baseline +none$", re.MULTILINE)
    assert [m[1] for m in line.finditer(story.stopped.stdout)] == ["started", "completed"]
    assert line.findall(story.resumed.stdout) == []
    assert " resumed " in story.resumed.stdout


def test_ray_says_nothing(story):
    for told in (story.stopped.stdout, story.resumed.stdout, story.resumed.stderr):
        assert not re.search(r"\bray\b|tune|experiment|Traceback", told, re.IGNORECASE)


def test_no_line_of_a_log_is_wider_than_a_page(story):
    told = story.resumed.stdout.split("Leaderboard")[1].split("Where everything lies")[0]
    assert max(map(len, told.splitlines())) <= 100


def test_another_study_in_the_folder_is_refused_with_the_fields_that_differ(story):
    other = study(
        story.study.parent, space={"tasks": ["mini-nli"], "sizes": [100], "max_stages": 2}
    )
    result = runner.invoke(app, ["search", str(other), "--run", str(story.run)])
    assert result.exit_code == 2
    assert "holds another study" in result.stderr
    assert "space.max_stages: 1, now 2" in result.stderr
    assert 'space.tasks: ["mini-pos"], now ["mini-nli"]' in result.stderr


def test_study_file_of_the_run_folder_is_the_study(story):
    assert load_study(story.run / "study.yaml") == load_study(story.study)


def test_report_shows_the_tables_again(story):
    result = runner.invoke(app, ["report", str(story.run)])
    assert result.exit_code == 0
    board = result.stdout[result.stdout.index("Leaderboard") : result.stdout.index("Time")]
    assert board.strip() in story.resumed.stdout


def test_python_reads_the_same_study(story):
    opened = Study.open(story.run)
    frame = opened.observations()
    lines = (story.run / "observations.jsonl").read_text().splitlines()
    assert list(frame["value"]) == [json.loads(line)["value"] for line in lines]
    board = opened.leaderboard()
    assert [str(curriculum) for curriculum in opened.best(2)] == list(board["curriculum"])[:2]
    assert sorted(board["score"], reverse=True) == list(board["score"])


def test_extend_adds_to_the_budget_and_runs_what_was_added(story, ray_session):
    events = []
    outcome = Study.open(story.run).extend(trials=1, on_event=events.append)
    assert outcome.exhausted  # none, 100 and 300 are the whole space
    assert load_study(story.run / "study.yaml").budget.trials == 2
    assert [e.assignment.role for e in events if e.kind == "started"] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"resources": {"workers": 1000}}, "resources.workers is 1000"),
        ({"encoder": {"name": "./no-such-folder"}}, "no encoder in './no-such-folder'"),
        (
            {"space": {"tasks": ["mini-pos"], "sizes": [10**6], "max_stages": 1}},
            "space.sizes[0] is 1000000, but mini-pos has",
        ),
        ({"targets": ["mini-tatoeba"], "objective": {"select": "english"}}, "leaves no target"),
    ],
    ids=["too many workers", "no encoder", "too many rows", "no target"],
)
def test_what_cannot_run_ends_with_2_and_nothing_is_written(changes, told, tmp_path):
    file = study(tmp_path, **changes)
    result = runner.invoke(app, ["search", str(file), "--run", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert told in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_store_that_cannot_be_written_ends_with_2(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    file = study(tmp_path, store={"path": str(tmp_path / "file" / "store")})
    result = runner.invoke(app, ["search", str(file), "--run", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert "cannot be written and read" in result.stderr


@pytest.mark.parametrize(
    "command", [["resume"], ["status"], ["report"], ["extend", "--trials", "1"]], ids=lambda c: c[0]
)
def test_what_is_no_run_folder_ends_with_2(command, tmp_path):
    result = runner.invoke(app, [command[0], str(tmp_path / "none"), *command[1:]])
    assert result.exit_code == 2
    assert "is no run folder: it has no study.yaml" in result.stderr


def test_the_folder_of_the_study_file_is_no_run_folder(tmp_path):
    file = study(tmp_path)
    before = file.read_text()
    result = runner.invoke(app, ["search", str(file), "--run", str(tmp_path)])
    assert result.exit_code == 2
    assert "is no run folder and not empty (study.yaml)" in result.stderr
    assert file.read_text() == before


def test_the_mirror_is_remembered(tmp_path):
    folder = RunFolder(tmp_path)
    folder.remember(run_id="a")
    assert folder.mirror is None
    folder.remember(mirror=str(tmp_path / "mirror"))
    assert folder.mirror == tmp_path / "mirror"
    assert folder.read_facts()["run_id"] == "a"


def test_search_is_imported_without_torch_or_ray():
    code = (
        "import sys, search; search.Study; Study = search.Study; Study.load('demo')\n"
        "sys.exit(str({'torch', 'ray'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.stderr.strip() == "set()"
