"""Reports: every figure and table is there, nothing comes from outside, unknowns are said."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib.image
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.features import FeaturesError, as_features, write_features
from analysis.figures.tree import tree_nodes
from analysis.report import all_pictures, all_sheets
from analysis.report_page import report_html
from benchmarks.study_runs import run_alone, tiny_study
from search import Study
from search.cli import app
from search.config import resolved_yaml
from search.report_files import study_report, write_report
from search.run_folder import RunFolder

HOSTILE = '<script>alert("x")</script> & <b>'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small study that ran to its end with three confirmation seeds, and its run folder."""
    folder = tmp_path_factory.mktemp("reported")
    config = tiny_study(
        folder / "store",
        study={"name": "reported", "question": HOSTILE},
        languages={"proxy": ["ane"], "report": "all"},
        seeds={"noise": [2], "confirm": [11, 12, 13]},
        confirm={"top": 2, "controls": True, "learning_rates": [3.0]},
    )
    run_alone(config, folder / "run")
    run = RunFolder(folder / "run")
    run.study_file.write_text(resolved_yaml(config))
    return config, run


@pytest.fixture(scope="module")
def report(made):
    """What is to be written; made once, for figures take time."""
    return study_report(*made)


@pytest.fixture(scope="module")
def command(made):
    """What the command that writes the page prints."""
    _, run = made
    found = CliRunner().invoke(app, ["report", str(run.path)])
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture(scope="module")
def page(made, command):
    """The written page."""
    _, run = made
    return run.path / "report.html"


def part_of(run, folder, keeps):
    """A run folder with those observations alone that `keeps` says."""
    part = RunFolder(folder)
    lines = run.observations.read_text().splitlines(keepends=True)
    part.observations.write_text("".join(line for line in lines if keeps(json.loads(line))))
    return part


def test_the_first_screen_has_question_answer_curriculum_and_cost(report, page):
    text = page.read_text()
    head = text[: text.index("<section>")]
    assert report.answer.curriculum in html.unescape(head)
    assert report.answer.sentence in html.unescape(head)
    assert "3 seeds" in report.answer.sentence
    assert set(report.facts) >= {"examples paid", "saved by sharing", "slot hours"}


def test_figures_and_tables_lie_beside_the_page(made, report, page):
    _, run = made
    pictures, sheets = list(all_pictures(report)), list(all_sheets(report))
    names = {picture.name for picture in pictures}
    assert names >= {"gains_by_target", "gains_by_language", "winner_against_others"}
    assert names >= {"tree", "climb"}
    for name in names:
        ElementTree.parse(run.path / "figures" / f"{name}.svg")
        image = matplotlib.image.imread(run.path / "figures" / f"{name}.png")
        assert image[..., :3].std() > 0.01, f"{name} is blank"
    for sheet in sheets:
        found = pd.read_csv(run.path / "tables" / f"{sheet.name}.csv", keep_default_na=False)
        assert len(found) == len(sheet.frame)
        assert list(found.columns) == list(map(str, sheet.frame.columns))


def test_a_second_report_replaces_the_first(report, tmp_path):
    first, *_, last = (section for section in report.sections if section.pictures)
    layouts = [picture.figure.get_layout_engine() for picture in all_pictures(report)]
    for section in (first, last):
        write_report(replace(report, sections=(section,)), RunFolder(tmp_path))
        names = {picture.name for picture in section.pictures}
        assert {file.stem for file in (tmp_path / "figures").iterdir()} == names
        (tmp_path / "figures" / "stale.svg").write_text("old")
    assert not list(tmp_path.glob(".figures-*"))
    assert layouts == [picture.figure.get_layout_engine() for picture in all_pictures(report)]


def test_nothing_is_loaded_from_anywhere_and_nothing_runs(page):
    text = page.read_text()
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert "<script" not in text
    assert "@import" not in text
    assert "url(http" not in text


def test_names_of_the_user_are_escaped(page):
    text = page.read_text()
    assert "&lt;script&gt;" in text
    assert HOSTILE not in text


def test_the_same_figures_and_frames_come_to_a_notebook(made, page):
    _, run = made
    own = Study.open(run.path).report()
    names = [picture.name for picture in all_pictures(own)]
    assert "tree" in names
    assert set(names) == {file.stem for file in (run.path / "figures").iterdir()}
    drawn = {name: (run.path / "figures" / f"{name}.svg").read_text() for name in names}
    assert report_html(own, drawn) == page.read_text()


def test_a_run_without_a_score_says_so(made, tmp_path):
    config, _ = made
    text = report_html(study_report(config, RunFolder(tmp_path)))
    assert "Nothing is scored yet" in text


def test_a_search_that_is_not_confirmed_is_not_called_better(made, tmp_path):
    config, run = made
    partial = part_of(run, tmp_path, lambda row: row["phase"] == "search")
    report = study_report(config, partial)
    assert "not confirmed" in report.answer.sentence
    assert "Not known yet" in report_html(report)


@pytest.mark.parametrize("seeds", [1, 2])
def test_below_three_seeds_there_is_no_interval_and_the_answer_says_so(made, tmp_path, seeds):
    config, run = made
    kept = (11, 12)[:seeds]
    fewer = part_of(
        run, tmp_path, lambda row: row["phase"] == "search" or row["target_seed"] in kept
    )
    report = study_report(config, fewer)
    assert f"{seeds} seed" in report.answer.sentence
    assert "no interval" in report.answer.sentence


def test_shared_prefixes_are_one_node_of_the_tree():
    scores = {"none": 0.1, "a:1 > b:1": 0.2, "a:1 > c:1": 0.3, "d:1": 0.4}
    nodes = {node.text: node for node in tree_nodes(scores, frozenset({"d:1"}))}
    assert set(nodes) == {"none", "a:1", "a:1 > b:1", "a:1 > c:1", "d:1"}
    assert nodes["a:1"].score is None
    assert nodes["a:1"].parent == "none"
    assert nodes["a:1 > c:1"].depth == 2
    assert nodes["d:1"].stopped
    leaves = [nodes[text].y for text in ("a:1 > b:1", "a:1 > c:1", "d:1")]
    assert len(set(leaves)) == 3


def test_the_command_prints_and_writes(command, page):
    assert "Leaderboard" in command
    assert "report.html" in command
    assert page.exists()


def test_a_browser_draws_every_figure_without_a_word_on_the_console(
    page, report, browser, tmp_path
):
    shot = tmp_path / "page.png"
    done = browser(page, "--window-size=1100,4000", f"--screenshot={shot}")
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<svg") == len(list(all_pictures(report)))
    assert matplotlib.image.imread(shot)[..., :3].std() > 0.05


def test_tables_and_figures_are_found_by_name(report):
    assert list(report.tables) == [sheet.name for sheet in all_sheets(report)]
    assert list(report.figures) == [picture.name for picture in all_pictures(report)]
    assert report.tables["leaderboard"]["rank"].iloc[0] == 1
    assert report.figures["tree"].axes


def test_names_of_figures_and_tables_are_unique(report):
    for parts in (all_pictures(report), all_sheets(report)):
        names = [part.name for part in parts]
        assert len(names) == len(set(names))


def test_a_notebook_reads_observations_and_says_how_features_are_made(made, tmp_path):
    _, run = made
    study = Study.open(run.path)
    assert set(study.observations()["phase"]) == {"search", "confirm"}
    with pytest.raises(FeaturesError, match="curriculum features"):
        study.features()
    row = {"feature": "cc100_gib", "language": "bor", "value": 2.0, "n": 0}
    empty = dict.fromkeys(("task", "other", "target", "label", "note"), "")
    write_features(as_features([empty | row]), run.features)
    try:
        assert list(study.features()["value"]) == [2.0]
    finally:
        run.features.unlink()


def test_the_leaderboard_has_intervals_where_seeds_are_fresh_and_points_where_not(report):
    sure, searched = report.tables["leaders"], report.tables["search_leaders"]
    assert (sure["low"] < sure["gain"]).all()
    assert (sure["n"] == 3).all()
    assert searched["low"].isna().all()
    assert set(searched["curriculum"]) > set(sure["curriculum"])
    captions = {picture.name: picture.caption for picture in all_pictures(report)}
    assert "not simultaneous" in captions["leaders"]
    assert "no interval" in captions["search_leaders"]


def test_a_search_alone_has_points_on_its_leaderboard(made, tmp_path):
    config, run = made
    partial = part_of(run, tmp_path, lambda row: row["phase"] == "search")
    report = study_report(config, partial)
    assert "leaders" not in report.figures
    assert report.tables["search_leaders"]["low"].isna().all()
    assert "search split" in report.figures["search_leaders"].axes[0].get_xlabel()
