"""The confirmation: the winner is fixed without the report split; numbers are those by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from analysis.confirmation import confirmation
from analysis.objective import Objective, ScoredTarget
from analysis.observations import as_frame
from analysis.statistics.intervals import t_interval

TARGETS = (
    ScoredTarget(
        name="xnli", metric="accuracy", group="classification", languages=("en", "de", "sw", "ur")
    ),
    ScoredTarget(
        name="tatoeba",
        metric="retrieval_accuracy",
        group="retrieval",
        languages=("de", "sw", "ur"),
        trained=False,
    ),
)
OBJECTIVE = Objective(proxy_languages=("de",), targets=TARGETS)
FRESH = (11, 12, 13)


def run(curriculum, search, report, *, role="candidate", variant="", seed=11, phase="confirm"):
    """Rows of one trial: one score per target on the search split, {(target, language): score}."""
    cells = {("search", name, "de"): score for name, score in search.items()}
    cells |= {("report", name, language): score for (name, language), score in report.items()}
    metrics = {target.name: target.metric for target in TARGETS}
    return [
        {
            "phase": phase,
            "curriculum": curriculum,
            "variant": variant,
            "role": role,
            "rung": 0,
            "num_rungs": 1,
            "scale": 1.0,
            "stage_seed": seed,
            "target_seed": seed,
            "part": "evaluation",
            "target": target,
            "language": language,
            "split": split,
            "layer": None,
            "metric": metrics[target],
            "value": value,
            "items": 100,
            "numerics": "cpu",
            "stand_in": False,
            "overlap": None,
            "train_overlap": None,
            "collapsed": False,
            "examples_needed": 0.0,
            "examples_paid": 0.0,
            "seconds": 0.0,
        }
        for (split, target, language), value in cells.items()
    ]


def scores(english, german, swahili, urdu, found):
    """Report cells: xnli in four languages; tatoeba the same number in its three."""
    xnli = {"en": english, "de": german, "sw": swahili, "ur": urdu}
    cells = {("xnli", language): score for language, score in xnli.items()}
    return cells | {("tatoeba", language): found for language in ("de", "sw", "ur")}


def searched(value):
    return {"xnli": value, "tatoeba": value}


ROWS = [
    *run("a:1", searched(0.9), {}, phase="search", role="sampled", seed=1),
    *run("b:1", searched(0.8), {}, phase="search", role="sampled", seed=1),
]
for _shift, _seed in zip((0.0, 0.01, 0.02), FRESH, strict=True):
    ROWS += run("a:1", searched(0.6), scores(0.99, 0.99, 0.99, 0.99, 0.99), seed=_seed)
    ROWS += run("b:1", searched(0.7), scores(0.8, 0.1, 0.5 + _shift, 0.3 + _shift, 0.2), seed=_seed)
    ROWS += run("none", searched(0.5), scores(0.7, 0.1, 0.3, 0.3, 0.1), role="control", seed=_seed)
    ROWS += run(
        "none",
        searched(0.5),
        scores(0.7, 0.1, 0.4, 0.4, 0.1),
        role="control",
        variant="lr x3",
        seed=_seed,
    )
FOUND = confirmation(as_frame(ROWS), OBJECTIVE)


def test_the_winner_is_fixed_on_the_search_split_of_the_fresh_seeds():
    assert FOUND.winner == "b:1"
    better = [{**row, "value": 0.0} if row["split"] == "report" else row for row in ROWS]
    assert confirmation(as_frame(better), OBJECTIVE).winner == "b:1"


def test_the_optimism_of_the_search_is_seen():
    table = FOUND.candidates.set_index("curriculum")
    assert table.index.tolist() == ["b:1", "a:1"]
    assert table["search_phase"].tolist() == pytest.approx([0.8, 0.9])
    assert table["search_split"].tolist() == pytest.approx([0.7, 0.6])
    assert table["n"].tolist() == [3, 3]


def test_reported_means_leave_out_proxies_and_english():
    table = FOUND.per_target.set_index("target")
    # xnli over sw and ur: 0.40, 0.41, 0.42; tatoeba over sw and ur: 0.2
    assert table["report"].to_dict() == pytest.approx(
        {"xnli": 0.41, "tatoeba": 0.2, "average": (0.41 + 0.2) / 2}
    )
    assert table["empty"].to_dict() == pytest.approx({"xnli": 0.3, "tatoeba": 0.1, "average": 0.2})
    assert any("without de, en" in note for note in FOUND.notes)


def test_the_transfer_gap_is_english_minus_the_others_and_none_for_retrieval():
    gap = FOUND.per_target.set_index("target")["gap"]
    assert gap["xnli"] == pytest.approx(0.8 - 0.41)
    assert math.isnan(gap["tatoeba"])
    assert gap["average"] == pytest.approx(gap["xnli"])


def test_gains_are_paired_by_seed_and_hold_for_all_targets_at_once():
    table = FOUND.per_target.set_index("target")
    expected = t_interval([0.1, 0.11, 0.12], comparisons=3)
    assert table["gain"]["xnli"] == pytest.approx(0.11)
    assert table["low"]["xnli"] == pytest.approx(expected.low)
    assert table["high"]["xnli"] == pytest.approx(expected.high)
    assert table["n"].tolist() == [3, 3, 3]


def test_the_winner_is_compared_with_everything_beside_it():
    table = FOUND.comparisons.set_index(["curriculum", "variant"])
    assert set(table.index) == {("a:1", ""), ("none", ""), ("none", "lr x3")}
    means = [(0.4 + 0.2) / 2, (0.41 + 0.2) / 2, (0.42 + 0.2) / 2]
    expected = t_interval([mean - 0.25 for mean in means], comparisons=3)
    row = table.loc[("none", "lr x3")]
    assert row["report"] == pytest.approx(0.25)
    assert row["winner_gain"] == pytest.approx(expected.mean)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))
    assert table.loc[("none", ""), "role"] == "control"
    assert any("3 at once (Bonferroni)" in note for note in FOUND.notes)


def test_every_language_is_shown_with_whether_it_is_in_the_means():
    table = FOUND.per_language.set_index(["target", "language"])
    assert table["reported"].to_dict() == {
        ("xnli", "en"): False,
        ("xnli", "de"): False,
        ("xnli", "sw"): True,
        ("xnli", "ur"): True,
        ("tatoeba", "de"): False,
        ("tatoeba", "sw"): True,
        ("tatoeba", "ur"): True,
    }
    assert table["gain"][("xnli", "sw")] == pytest.approx(0.21)


def test_with_two_seeds_there_are_means_but_no_intervals_and_it_says_so():
    rows = [row for row in ROWS if row["target_seed"] != 13]
    found = confirmation(as_frame(rows), OBJECTIVE)
    assert found.per_target["gain"].notna().all()
    assert found.per_target["low"].isna().all()
    assert found.comparisons["low"].isna().all()
    assert any("no interval: 2 seeds" in note for note in found.notes)


def test_without_proxies_only_english_leaves_the_means():
    rows = [{**row, "language": "en"} if row["split"] == "search" else row for row in ROWS]
    found = confirmation(
        as_frame(rows), Objective(select="english", proxy_languages=("de",), targets=TARGETS)
    )
    xnli = found.per_target.set_index("target")["report"]["xnli"]
    assert xnli == pytest.approx((0.1 + 0.51 + 0.31) / 3)


def test_a_control_with_missing_scores_is_left_out_and_named():
    missing = [
        row
        for row in ROWS
        if not (
            row["variant"] == "lr x3" and row["language"] == "sw" and row["target_seed"] in (12, 13)
        )
    ]
    found = confirmation(as_frame(missing), OBJECTIVE)
    assert found.comparisons.set_index("variant")["n"]["lr x3"] == 1
    assert sum("none (lr x3), seeds" in note for note in found.notes) == 2


def test_without_stages_only_the_target_seed_makes_a_pair():
    rows = [{**r, "stage_seed": 1} if r["curriculum"] == "none" else r for r in ROWS]
    found = confirmation(as_frame(rows), OBJECTIVE)
    pd.testing.assert_frame_equal(found.per_target, FOUND.per_target)
    pd.testing.assert_frame_equal(found.comparisons, FOUND.comparisons)


def test_other_metrics_and_earlier_rungs_are_not_read():
    rows = [
        *[{**row, "num_rungs": 2, "rung": 1} for row in ROWS],
        *[{**row, "num_rungs": 2, "rung": 0, "value": 0.0} for row in ROWS],
        *[{**row, "num_rungs": 2, "rung": 1, "metric": "f1", "value": 0.0} for row in ROWS],
    ]
    found = confirmation(as_frame(rows), OBJECTIVE)
    pd.testing.assert_frame_equal(found.per_target, FOUND.per_target)
    pd.testing.assert_frame_equal(found.candidates, FOUND.candidates)


def test_candidates_are_compared_on_the_seeds_that_all_have():
    extra = run("a:1", searched(1.0), scores(0.9, 0.9, 0.9, 0.9, 0.9), seed=14)
    found = confirmation(as_frame([*ROWS, *extra]), OBJECTIVE)
    assert found.winner == "b:1"
    assert found.candidates.set_index("curriculum")["search_split"]["a:1"] == pytest.approx(0.6)


def test_stand_ins_of_the_report_split_are_marked():
    rows = [{**row, "stand_in": row["split"] == "report"} for row in ROWS]
    assert set(confirmation(as_frame(rows), OBJECTIVE).candidates["marks"]) == {"stand-in"}


def test_a_target_whose_training_rows_a_stage_holds_is_marked_on_the_report_split():
    rows = [{**row, "train_overlap": float(row["target"] == "xnli")} for row in ROWS]
    found = confirmation(as_frame(rows), OBJECTIVE)
    marks = found.per_target.set_index("target")["marks"].to_dict()
    assert marks.pop("xnli") == "training rows overlap up to 100.0%"
    assert set(marks.values()) == {""}
    assert set(found.comparisons["marks"]) == {"training rows overlap up to 100.0%"}
    by_target = found.per_language.groupby("target")["marks"].unique().map(list).to_dict()
    assert by_target.pop("xnli") == ["training rows overlap up to 100.0%"]
    assert all(of == [""] for of in by_target.values())
    assert set(found.candidates["marks"]) == {"training rows overlap up to 100.0%"}


def test_without_a_confirmed_candidate_there_is_nothing_to_read():
    search = [row for row in ROWS if row["phase"] == "search"]
    assert confirmation(as_frame(search), OBJECTIVE) is None
    assert confirmation(as_frame([]), OBJECTIVE) is None
