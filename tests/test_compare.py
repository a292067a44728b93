"""Studies side by side: each keeps its own numbers, and what cannot be compared is said."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats
from typer.testing import CliRunner

from analysis.answer import Answer
from analysis.compare import WHY, Run, Target, compare, languages_of
from analysis.compared_report import comparison_report
from analysis.objective import ENGLISH, Objective, ScoredTarget
from analysis.planted import METRIC, World, expected_gain, observations, plant
from analysis.report import Report, make_report
from analysis.report_page import report_html
from analysis.report_split import AVERAGE
from search import Study
from search.cli import app
from search.compare import comparison_tables
from search.config import resolved_yaml
from search.run_folder import RunFolder

CURRICULA = ("none", "alpha:1", "beta:1", "gamma:1", "alpha:1 > beta:1", "beta:1 > alpha:1")
WORLD = World(
    curricula=CURRICULA,
    targets=("xnli", "xquad"),
    task={"alpha": 0.08, "beta": 0.03, "gamma": -0.04},
    precedence={("alpha", "beta"): 0.04},
    seeds=5,
)
SETTINGS = dict.fromkeys(("test bed", "objective", "probe", "full targets", "recipe"), "the same")


def study_frame(world, *, seed, confirmed=True, rivals=("none",)):
    """Observations of a study: every curriculum searched once, all confirmed, `rivals` as such."""
    rng = np.random.default_rng(seed)
    first = observations(world, plant(world, rng), phase="search")
    search = first[first["stage_seed"] == 1].assign(split="search")
    if not confirmed:
        return search
    report = observations(world, plant(world, rng))
    role = report["curriculum"].map(lambda text: "baseline" if text in rivals else "candidate")
    fresh = {"role": role, "stage_seed": report["stage_seed"] + 10}
    report = report.assign(**fresh, target_seed=report["target_seed"] + 10)
    return pd.concat([search, report, report.assign(split="search")], ignore_index=True)


def report_of(world, **how):
    """The report of such a study."""
    targets = tuple(
        ScoredTarget(name=name, metric=METRIC, group="classification", languages=world.languages)
        for name in world.targets
    )
    objective = Objective(proxy_languages=("l1",), targets=targets)
    return make_report(study_frame(world, **how), objective, name="planted", question="")


def run_of(name, world=WORLD, *, seed=1, **how):
    """A study as it comes to be compared."""
    return Run(
        name=name,
        asks="best",
        encoder="xlmr",
        targets={target: Target(metric=METRIC, data="hub") for target in world.targets},
        settings=SETTINGS,
        hours=1.5,
        report=report_of(world, seed=seed, **how),
    )


@pytest.fixture(scope="module")
def pair():
    """Two studies that differ in their draws alone."""
    return run_of("one", seed=1), run_of("two", seed=2)


def test_equal_studies_have_no_warning_and_nothing_missing(pair):
    found = compare(pair)
    assert found.warnings == found.missing == ()
    assert set(found.settings["same"]) == {"yes"}


def test_gains_are_those_of_each_studys_own_report(pair):
    found = compare(pair)
    assert list(found.gains["target"]) == ["xnli"] * 2 + ["xquad"] * 2 + [AVERAGE] * 2
    for row in found.gains.itertuples(index=False):
        (run,) = (run for run in pair if run.name == row.run)
        own = run.report.tables["per_target"].set_index("target").loc[row.target]
        assert (row.gain, row.low, row.high, row.n) == tuple(own[["gain", "low", "high", "n"]])


def test_intervals_side_by_side_hold_the_planted_gain(pair):
    found = compare(pair)
    winners = found.runs.set_index("run")["curriculum"]
    for row in found.gains.itertuples(index=False):
        assert row.low < expected_gain(WORLD, winners[row.run]) < row.high


def test_the_overview_has_what_each_found_and_spent(pair):
    runs = compare(pair).runs.set_index("run")
    assert list(runs["confirmed"]) == ["yes", "yes"]
    for run in pair:
        assert runs.loc[run.name, "curriculum"] == run.report.answer.curriculum
        total = run.report.tables["savings"].set_index("part").loc["total"]
        assert runs.loc[run.name, "examples_paid"] == total["paid"]
        assert runs.loc[run.name, "hours"] == 1.5
        assert runs.loc[run.name, "languages"] == "l2, l3"


def test_scores_of_common_curricula_agree_as_scipy_says(pair):
    found = compare(pair)
    assert set(found.common["curriculum"]) == set(CURRICULA)
    agreement = found.agreement.iloc[0]
    assert agreement["n"] == len(CURRICULA)
    wanted = stats.spearmanr(found.common["one"], found.common["two"]).statistic
    assert agreement["spearman"] == pytest.approx(wanted)
    assert wanted > 0.5


def test_a_curriculum_of_one_study_alone_is_not_common():
    other = replace(WORLD, curricula=("none", "alpha:1", "delta:1"))
    found = compare([run_of("one"), run_of("two", other, seed=2), run_of("three", seed=3)])
    assert "delta:1" not in set(found.common["curriculum"])
    counts = found.common.set_index("curriculum")["n"]
    assert counts["none"] == 3
    assert counts["gamma:1"] == 2
    by_pair = found.agreement.set_index(["first", "second"])
    assert by_pair.loc[("one", "two"), "n"] == 2
    assert np.isnan(by_pair.loc[("one", "two"), "spearman"])
    assert by_pair.loc[("one", "three"), "n"] == len(CURRICULA)


@pytest.mark.parametrize(
    "changed", [Target(metric="f1", data="hub"), Target(metric=METRIC, data="files")]
)
def test_a_target_of_another_metric_or_other_data_does_not_stand_side_by_side(pair, changed):
    other = replace(pair[1], targets={**pair[1].targets, "xquad": changed})
    found = compare([pair[0], other])
    assert found.shared_targets == ("xnli",)
    assert AVERAGE not in set(found.gains["target"])
    setting = "metrics" if changed.metric == "f1" else "data"
    assert any(WHY[setting] in line for line in found.warnings)


def test_other_languages_or_targets_do_not_stand_side_by_side(pair):
    fewer = run_of("two", replace(WORLD, languages=(ENGLISH, "l1", "l2")))
    found = compare([pair[0], fewer])
    assert found.gains.empty
    assert any(WHY["languages"] in line for line in found.warnings)
    one_target = run_of("two", replace(WORLD, targets=("xnli",)))
    found = compare([pair[0], one_target])
    assert found.shared_targets == ("xnli",)
    assert AVERAGE not in set(found.gains["target"])
    assert any(WHY["targets"] in line for line in found.warnings)


def test_two_of_three_stand_side_by_side_where_the_third_differs(pair):
    third = run_of("three", replace(WORLD, languages=(ENGLISH, "l1", "l2")))
    found = compare([*pair, third])
    assert set(found.gains["run"]) == {"one", "two"}
    assert found.shared_targets == WORLD.targets


@pytest.mark.parametrize("setting", [*SETTINGS, "encoder"])
def test_every_other_setting_is_warned_of_and_hides_nothing(pair, setting):
    if setting == "encoder":
        other = replace(pair[1], encoder="mbert")
    else:
        other = replace(pair[1], settings={**SETTINGS, setting: "another"})
    found = compare([pair[0], other])
    (warning,) = found.warnings
    assert WHY[setting] in warning
    assert list(found.settings.loc[found.settings["same"] == "no", "setting"]) == [setting]
    assert found.shared_targets == WORLD.targets


def test_unfinished_studies_stand_there_and_what_they_lack_is_said(pair):
    nothing = Answer(sentence="Nothing is scored yet.", curriculum="", basis="no trial")
    empty = Report(name="empty", question="", answer=nothing, facts={})
    begun = run_of("begun", confirmed=False)
    found = compare([pair[0], begun, replace(pair[1], name="new", report=empty, hours=None)])
    runs = found.runs.set_index("run")
    assert runs.loc["begun", "confirmed"] == "no: search alone"
    assert np.isnan(runs.loc["begun", "low"])
    assert runs.loc["new", "curriculum"] == ""
    said = " ".join(found.missing)
    assert "begun: not confirmed" in said
    assert "new: no curriculum has run to the end" in said
    assert "new: how long it ran is not recorded" in said
    assert found.gains.empty
    page = report_html(comparison_report(found))
    assert "Nothing is scored yet." in page


def test_a_study_that_none_wins_has_no_gain_and_says_so(pair):
    losing = replace(WORLD, curricula=("none", "gamma:1"), task={"gamma": -0.3})
    found = compare([*pair, run_of("lost", losing, rivals=())])
    assert found.runs.set_index("run").loc["lost", "curriculum"] == "none"
    assert any("lost: no curriculum beats none" in line for line in found.missing)
    assert set(found.gains["run"]) == {"one", "two"}


def test_no_number_is_a_mean_over_studies(pair):
    report = comparison_report(compare(pair))
    for name, table in report.tables.items():
        columns = set(table.columns)
        assert columns & {"run", "setting", "first"} or {"one", "two"} <= columns, name


def test_fewer_than_two_or_two_of_a_name_are_refused(pair):
    for runs in ([], pair[:1], [pair[0], pair[0]]):
        with pytest.raises(ValueError, match="two or more"):
            compare(runs)


def test_the_forest_has_a_row_per_study_and_target(pair):
    axes = comparison_report(compare(pair)).figures["gains_side_by_side"].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two"] * 3
    assert {text.get_text() for text in axes.texts} >= {"xnli", "xquad", AVERAGE}


def test_a_scatter_has_a_point_per_curriculum_that_both_ran(pair):
    runs = [*pair, run_of("three", seed=3)]
    axes = comparison_report(compare(runs)).figures["common_curricula"].axes
    assert len(axes) == 3
    labels = {(each.get_xlabel(), each.get_ylabel()) for each in axes}
    assert ("one, points", "three, points") in labels
    for each in axes:
        assert len(each.collections[0].get_offsets()) == len(CURRICULA)


def test_languages_are_those_of_reported_means(pair):
    assert languages_of(pair[0]) == {"xnli": ("l2", "l3"), "xquad": ("l2", "l3")}


def printed(found):
    """What a terminal of 100 columns shows."""
    console = Console(width=100, record=True, file=io.StringIO())
    for part in comparison_tables(found):
        console.print(part)
    return console.export_text()


@pytest.mark.parametrize("count", [2, 5, 30])
def test_many_studies_of_long_names_fit_a_terminal(pair, count):
    names = [f"a-rather-long-name-of-a-study-{i}" for i in range(count)]
    runs = [replace(pair[i % 2], name=name) for i, name in enumerate(names)]
    text = printed(compare(runs))
    assert all(name in text.replace("\n", "") for name in names)
    assert f"1: {names[0]}" in text
    assert "–" not in text


@pytest.fixture(scope="module")
def folders(finished_study, tmp_path_factory):
    """Run folders of a real tiny study: whole, and stopped after half of its rows."""
    config, run = finished_study
    root = tmp_path_factory.mktemp("compared")
    lines = RunFolder(run).observations.read_text().splitlines(keepends=True)
    for name, kept in (("whole", lines), ("half", lines[: len(lines) // 2])):
        folder = RunFolder(root / name)
        folder.path.mkdir()
        folder.study_file.write_text(resolved_yaml(config))
        folder.observations.write_text("".join(kept))
        folder.remember(run_id=name)
    return root / "whole", root / "half"


def invoked(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_the_command_prints_side_by_side_and_writes_nothing(folders):
    before = sorted(path for folder in folders for path in folder.rglob("*"))
    found = invoked(*folders)
    assert found.exit_code == 0, found.output
    for text in ("What each found", "whole", "half", "not confirmed yet", "rank agreement"):
        assert text in found.output
    assert sorted(path for folder in folders for path in folder.rglob("*")) == before


def test_the_command_writes_a_page_that_needs_nothing_else(folders, tmp_path):
    for _ in range(2):  # the second replaces the first
        found = invoked(*folders, "--out", tmp_path / "out")
        assert found.exit_code == 0, found.output
    page = (tmp_path / "out/compare.html").read_text()
    assert "<script" not in page
    assert "src=" not in page
    common = pd.read_csv(tmp_path / "out/tables/common_curricula.csv")
    whole = Study.open(folders[0]).leaderboard()
    scores = common.set_index("curriculum")["whole"]
    for row in whole.to_dict(orient="records"):
        if row["curriculum"] in scores:
            assert scores[row["curriculum"]] == pytest.approx(row["score"], abs=1e-12)


def test_a_folder_whose_figures_are_another_ones_is_not_written_to(folders, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/mine.svg").write_text("kept")
    found = invoked(*folders, "--out", tmp_path)
    assert found.exit_code == 2
    assert "would be replaced" in found.output
    assert (tmp_path / "figures/mine.svg").exists()


def test_wrong_arguments_end_with_a_message_and_code_2(folders, tmp_path):
    whole, half = folders
    wrong = {
        "two or more": (whole,),
        "twice": (whole, half, whole.parent / "half" / ".." / "whole"),
        "no run folder": (whole, tmp_path),
    }
    for message, arguments in wrong.items():
        found = invoked(*arguments)
        assert found.exit_code == 2, message
        assert message in found.output
        assert "Traceback" not in found.output
    assert invoked().exit_code == 2


def test_a_damaged_run_is_named(folders, tmp_path):
    shutil.copytree(folders[0], tmp_path / "damaged")
    file = RunFolder(tmp_path / "damaged").observations
    file.write_text("{}\n" + file.read_text())
    found = invoked(folders[0], tmp_path / "damaged")
    assert found.exit_code == 2
    assert "damaged" in found.output
    assert "line 1" in found.output
