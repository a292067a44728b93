"""Reports of studies with too little in them: each is made, and says what it cannot estimate."""

from __future__ import annotations

import html
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.evidence import evidence
from analysis.objective import ENGLISH, Objective, ScoredTarget
from analysis.planted import METRIC, World, all_orders, observations, plant
from analysis.report import make_report
from analysis.report_page import report_html, svg_texts
from analysis.sections import STUDIES
from search.cli import app
from search.config import resolved_yaml
from search.run_folder import RunFolder

WORLDS = {
    "one seed": World(curricula=all_orders(("a", "b", "c")), seeds=1),
    "two seeds": World(curricula=all_orders(("a", "b", "c")), seeds=2),
    "one language": World(curricula=("none", "a:1", "b:1"), languages=(ENGLISH, "l1"), seeds=5),
    "English alone": World(curricula=("none", "a:1", "b:1"), languages=(ENGLISH,), seeds=5),
    "one task": World(curricula=("none", "a:1"), seeds=5),
    "no stages": World(curricula=("none",), seeds=5),
    "without none": World(curricula=("a:1", "b:1", "a:1 > b:1"), seeds=5),
}


def seen(world):
    """Observations and objective of a world."""
    target = ScoredTarget(
        name=world.targets[0], metric=METRIC, group="classification", languages=world.languages
    )
    frame = observations(world, plant(world, np.random.default_rng(3)))
    return frame, Objective(select="english", targets=(target,))


def report_of(world, asks):
    return make_report(*seen(world), name="poor", question="?", asks=asks)


@pytest.fixture(scope="module", params=WORLDS.values(), ids=WORLDS)
def poor(request):
    """A world, what each study says of it, and its figures, the same whatever is asked."""
    world = request.param
    found = evidence(*seen(world))
    said = {name: make(found) for name, make in STUDIES.items()}
    return world, said, svg_texts(report_of(world, "best"))


@pytest.mark.parametrize("asks", ["best", *STUDIES])
def test_every_report_is_made_and_answers_or_says_why_not(poor, asks):
    world, found, drawn = poor
    report = report_of(world, asks)
    page = html.unescape(report_html(report, drawn))
    assert set(report.figures) == set(drawn)
    for name, said in found.items():
        if isinstance(said, str):
            assert f"{said}." in page, name
        else:
            assert said.answer and "nan" not in said.answer
            assert said.heading in page
    if asks != "best":
        assert report.finding
        assert report.finding in page[: page.index("<section>")]


@pytest.mark.parametrize("name", STUDIES)
def test_one_repetition_gives_no_interval(name):
    frame, objective = seen(WORLDS["one seed"])
    said = STUDIES[name](evidence(frame, objective))
    text = said if isinstance(said, str) else " ".join((said.answer, *said.notes))
    assert "95 % interval" not in text.replace("no 95 % interval", "")


@pytest.fixture
def run(finished_study):
    """The run folder of a small finished study."""
    config, path = finished_study
    found = RunFolder(path)
    found.study_file.write_text(resolved_yaml(config))
    return found


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda line: line[: len(line) // 2], "line 3 is damaged: Expecting"),
        (lambda line: json.dumps({**json.loads(line), "value": "high"}), "value is 'high'"),
        (lambda line: json.dumps({**json.loads(line), "split": "secret"}), "split is 'secret'"),
        (lambda line: "\x00\xff" * 20, "line 3 is damaged"),
        (lambda line: json.dumps({"value": 0.5}), "missing or unknown columns"),
    ],
)
def test_a_damaged_line_is_named_with_what_to_do(run, tmp_path, damage, named):
    lines = run.observations.read_text().splitlines()
    lines[2] = damage(lines[2])
    for file in run.path.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "observations.jsonl").write_text("\n".join(lines) + "\n")
    found = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert found.exit_code == 2
    message = " ".join(found.output.split())
    assert named in message
    assert "restore the file from a copy" in message
    assert "Traceback" not in message
