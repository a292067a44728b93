"""The objective: hand-computed values, and the same number by both of its paths."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.objective import Objective, ScoredTarget, objective_values, target_scores, trial_value
from analysis.observations import as_frame

XNLI = ScoredTarget(
    name="xnli", metric="accuracy", group="classification", languages=("en", "de", "sw")
)
PAWSX = ScoredTarget(
    name="pawsx", metric="accuracy", group="classification", languages=("en", "de")
)
XQUAD = ScoredTarget(name="xquad", metric="qa", group="qa", languages=("en", "de", "sw"))
TATOEBA = ScoredTarget(
    name="tatoeba",
    metric="retrieval_accuracy",
    group="retrieval",
    languages=("de", "sw"),
    trained=False,
)
TARGETS = (XNLI, PAWSX, XQUAD, TATOEBA)
SCORES = {
    ("xnli", "en"): 0.9,
    ("xnli", "de"): 0.6,
    ("xnli", "sw"): 0.4,
    ("pawsx", "en"): 0.8,
    ("pawsx", "de"): 0.7,
    ("xquad", "en"): 0.8,
    ("xquad", "de"): 0.3,
    ("xquad", "sw"): 0.1,
    ("tatoeba", "de"): 0.2,
    ("tatoeba", "sw"): 0.0,
}
PROXY = Objective(proxy_languages=("de", "sw"), targets=TARGETS)


def rows_of(scores, *, curriculum="mnli:9000", rung=2, seeds=(1, 1), **changes):
    metrics = {target.name: target.metric for target in TARGETS}
    return [
        {
            "phase": "search",
            "curriculum": curriculum,
            "variant": "",
            "role": "sampled",
            "rung": rung,
            "num_rungs": 3,
            "scale": 1.0,
            "stage_seed": seeds[0],
            "target_seed": seeds[1],
            "part": "evaluation",
            "target": target,
            "language": language,
            "split": "search",
            "layer": None,
            "metric": metrics[target],
            "value": value,
            "items": 100,
            "numerics": "cpu",
            "stand_in": False,
            "overlap": None,
            "train_overlap": None,
            "collapsed": False,
            "examples_needed": 30.0,
            "examples_paid": 0.0,
            "seconds": 0.0,
        }
        | changes
        for (target, language), value in scores.items()
    ]


@pytest.mark.parametrize(
    ("select", "aggregate", "expected"),
    [
        ("proxy", "mean", (0.5 + 0.7 + 0.2 + 0.1) / 4),
        ("proxy", "group-mean", ((0.5 + 0.7) / 2 + 0.2 + 0.1) / 3),
        ("proxy", "xquad", 0.2),
        ("english", "mean", (0.9 + 0.8 + 0.8) / 3),
        ("english", "group-mean", ((0.9 + 0.8) / 2 + 0.8) / 2),
        ("all-dev", "mean", (1.9 / 3 + 0.75 + 0.4 + 0.1) / 4),
        ("all-dev", "tatoeba", 0.1),
    ],
)
def test_values_are_those_computed_by_hand(select, aggregate, expected):
    objective = Objective(
        select=select, aggregate=aggregate, proxy_languages=("de", "sw"), targets=TARGETS
    )
    assert trial_value(rows_of(SCORES), objective) == pytest.approx(expected, abs=1e-12)


def test_standardised_gain_is_the_mean_gain_in_units_of_an_item_at_the_empty_curriculum():
    objective = Objective(
        aggregate="standardised-gain", proxy_languages=("de",), targets=(XNLI, TATOEBA)
    )
    empty = {"xnli": 0.5, "tatoeba": 0.01}
    gain_xnli = (0.6 - 0.5) / 0.5
    gain_tatoeba = (0.2 - 0.01) / math.sqrt(0.05 * 0.95)
    value = trial_value(rows_of(SCORES), objective, empty=empty)
    assert value == pytest.approx((gain_xnli + gain_tatoeba) / 2, abs=1e-12)
    assert trial_value(rows_of(SCORES), objective) is None
    assert trial_value(rows_of(SCORES), objective, empty={"xnli": 0.5}) is None


def test_frames_find_the_empty_curriculum_by_target_seed_and_rung():
    objective = Objective(aggregate="standardised-gain", proxy_languages=("de",), targets=(XNLI,))
    rows = [
        row
        for rung, seed, score in [(1, 1, 0.1), (2, 1, 0.5), (2, 2, 0.2)]
        for row in rows_of(
            {("xnli", "de"): score}, curriculum="none", rung=rung, seeds=(1, seed), role="baseline"
        )
    ]
    rows += rows_of(
        {("xnli", "de"): 0.8}, curriculum="none", seeds=(1, 1), role="control", variant="lr x3"
    )
    rows += rows_of({("xnli", "de"): 0.6}, seeds=(7, 1))
    rows += rows_of({("xnli", "de"): 0.6}, seeds=(7, 2))
    rows += rows_of({("xnli", "de"): 0.6}, seeds=(7, 3))
    values = objective_values(as_frame(rows), objective)
    found = values[values["curriculum"] == "mnli:9000"].set_index("target_seed")["value"]
    assert found.to_dict() == pytest.approx({1: 0.2, 2: 1.0})


@pytest.mark.parametrize(
    "cell", [cell for cell in SCORES if cell[1] != "en"], ids=lambda cell: "-".join(cell)
)
@pytest.mark.parametrize("absent", ["no row", "no value"])
def test_no_value_while_a_needed_row_is_missing(cell, absent):
    without = {**SCORES, cell: None}
    if absent == "no row":
        del without[cell]
    rows = rows_of(without)
    assert trial_value(rows, PROXY) is None
    assert len(objective_values(as_frame(rows), PROXY)) == 0


def test_languages_outside_the_selection_do_not_matter():
    proxies_only = {cell: value for cell, value in SCORES.items() if cell[1] != "en"}
    assert trial_value(rows_of(proxies_only), PROXY) == trial_value(rows_of(SCORES), PROXY)


@pytest.mark.parametrize("change", [{"split": "report"}, {"part": "target"}, {"metric": "f1"}])
def test_only_main_metrics_of_the_search_split_are_read(change):
    assert trial_value(rows_of(SCORES, **change), PROXY) is None
    both = [*rows_of(SCORES), *rows_of(dict.fromkeys(SCORES, 0.99), **change)]
    assert trial_value(both, PROXY) == trial_value(rows_of(SCORES), PROXY)
    pd.testing.assert_frame_equal(
        objective_values(as_frame(both), PROXY), objective_values(as_frame(rows_of(SCORES)), PROXY)
    )


def test_retrieval_has_no_score_in_english_and_is_listed():
    english = Objective(select="english", targets=TARGETS)
    assert english.excluded == ("tatoeba",)
    assert "tatoeba" not in target_scores(rows_of(SCORES), english)
    assert PROXY.excluded == ()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"select": "english", "targets": (TATOEBA,)}, "leaves no target"),
        ({"select": "english", "aggregate": "tatoeba", "targets": TARGETS}, "leaves no target"),
        ({"select": "proxy", "targets": TARGETS}, "leaves no target"),
        ({"select": "englsh", "targets": TARGETS}, "did you mean 'english'"),
        ({"aggregate": "xnly", "proxy_languages": ("de",), "targets": TARGETS}, "mean 'xnli'"),
    ],
)
def test_an_objective_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Objective(**settings)


scores = st.fixed_dictionaries(
    dict.fromkeys(SCORES, st.none() | st.floats(0, 1)),
)


@given(
    trials=st.lists(scores, min_size=1, max_size=4),
    select=st.sampled_from(["proxy", "english", "all-dev"]),
    aggregate=st.sampled_from(["mean", "group-mean", "standardised-gain", "xnli"]),
)
def test_one_trial_and_the_whole_frame_give_the_same_value(trials, select, aggregate):
    objective = Objective(
        select=select, aggregate=aggregate, proxy_languages=("de", "sw"), targets=TARGETS
    )
    texts = ["none", "a:1", "b:1", "c:1"]
    by_trial = {
        text: rows_of(found, curriculum=text) for text, found in zip(texts, trials, strict=False)
    }
    values = objective_values(as_frame([r for rows in by_trial.values() for r in rows]), objective)
    empty = target_scores(by_trial["none"], objective)
    alone = {t: trial_value(rows, objective, empty=empty) for t, rows in by_trial.items()}
    assert values.set_index("curriculum")["value"].to_dict() == {
        text: value for text, value in alone.items() if value is not None
    }
