"""The leaderboard, rung agreement and noise on an invented search with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.agreement import rung_agreement
from analysis.leaderboard import leaderboard
from analysis.noise import in_question, item_variance, noise_by_rung, remedies
from analysis.objective import Objective, ScoredTarget, objective_values
from analysis.observations import as_frame

TARGETS = (
    ScoredTarget(name="xnli", metric="accuracy", group="classification", languages=("en", "de")),
    ScoredTarget(name="panx", metric="f1", group="structured", languages=("en", "de")),
)
OBJECTIVE = Objective(proxy_languages=("de",), targets=TARGETS)
COSTS = {"stage": 900.0, "target": 300.0, "evaluation": 40.0}


def trial(curriculum, rungs, *, role="sampled", seed=1, target_seed=1, num_rungs=3, **changes):
    """Rows of one trial; `rungs` gives (xnli, panx) at each rung that it reached."""
    rows = []
    for rung, scores in enumerate(rungs):
        base = {
            "phase": "search",
            "curriculum": curriculum,
            "variant": "",
            "role": role,
            "rung": rung,
            "num_rungs": num_rungs,
            "scale": 1.0,
            "stage_seed": seed,
            "target_seed": target_seed,
            "split": "search",
            "layer": None,
            "items": 100,
            "numerics": "cpu",
            "stand_in": False,
            "overlap": None,
            "train_overlap": None,
            "collapsed": False,
            "examples_paid": 10.0,
            "seconds": 0.0,
        }
        for target, score in zip(TARGETS, scores, strict=True):
            evaluation = {
                "part": "evaluation",
                "target": target.name,
                "language": "de",
                "metric": target.metric,
                "value": score,
                "examples_needed": COSTS["evaluation"] / 2,
            }
            training = {
                "part": "target",
                "target": target.name,
                "language": "en",
                "split": "dev",
                "metric": target.metric,
                "value": 0.9,
                "examples_needed": COSTS["target"] / 2,
            }
            rows += [base | evaluation | changes, base | training]
        if rung == 0 and curriculum != "none":
            stage = {
                "part": "stage",
                "target": curriculum,
                "language": "en",
                "split": "dev",
                "metric": "score",
                "value": 0.9,
                "examples_needed": COSTS["stage"],
            }
            rows.append(base | stage)
    return rows


SEARCH = [
    *trial("none", [(0.2, 0.2), (0.3, 0.3), (0.4, 0.4)], role="baseline"),
    *trial("a:1000", [(0.3, 0.3), (0.4, 0.4), (0.7, 0.3)], role="baseline"),
    *trial("b:3000", [(0.1, 0.1), (0.2, 0.2), (0.3, 0.5)]),
    *trial("a:1000 > b:3000", [(0.4, 0.4), (0.5, 0.5), (0.6, 0.6)]),
    *trial("b:1000", [(0.05, 0.05)]),
    *trial("b:3000 > a:3000", [(0.3, 0.1), (0.1, 0.1)]),
    *trial("none", [(0.2, 0.2), (0.3, 0.3), (0.5, 0.3)], role="noise", seed=2, target_seed=2),
    *trial("a:1000", [(0.3, 0.4), (0.4, 0.6), (0.9, 0.3)], role="noise", seed=2, target_seed=2),
]
BOARD = leaderboard(as_frame(SEARCH), OBJECTIVE)
VALUES = objective_values(as_frame(SEARCH), OBJECTIVE)


def test_only_trials_that_ran_to_the_end_are_ranked():
    assert BOARD.ranked["curriculum"].tolist() == ["a:1000 > b:3000", "a:1000", "b:3000", "none"]
    assert BOARD.ranked["rank"].tolist() == [1, 2, 3, 4]
    assert BOARD.ranked["score"].tolist() == pytest.approx([0.6, 0.55, 0.4, 0.4])
    assert BOARD.ranked["n"].tolist() == [1, 2, 1, 2]
    assert BOARD.stopped["curriculum"].tolist() == ["b:3000 > a:3000", "b:1000"]
    assert BOARD.stopped["rung"].tolist() == [1, 0]
    assert BOARD.stopped["score"].tolist() == pytest.approx([0.1, 0.05])


def test_a_score_is_the_mean_over_seeds_and_costs_are_those_of_the_studys_own():
    own = leaderboard(as_frame([row for row in SEARCH if row["role"] != "noise"]), OBJECTIVE).ranked
    assert own["curriculum"].equals(BOARD.ranked["curriculum"])
    assert own["score"].tolist() == pytest.approx([0.6, 0.5, 0.4, 0.4])
    for column in ("role", "examples_needed", "examples_paid"):
        assert own[column].equals(BOARD.ranked[column])


def test_the_confirmation_does_not_move_the_leaderboard():
    later = [row | {"phase": "confirm"} for row in trial("b:3000", [(0.9, 0.9)] * 3, target_seed=9)]
    board = leaderboard(as_frame([*SEARCH, *later]), OBJECTIVE)
    assert board.ranked.equals(BOARD.ranked)


def test_gains_are_over_the_empty_curriculum_at_the_same_target_seed():
    assert BOARD.ranked["gain"].tolist() == pytest.approx([0.2, 0.15, 0.0, 0.0])
    second = trial("c:1", [(0.6, 0.6)] * 3, target_seed=2, seed=5)
    lone = trial("d:1", [(0.6, 0.6)] * 3, target_seed=3, seed=5)
    ranked = leaderboard(as_frame([*SEARCH, *second, *lone]), OBJECTIVE).ranked
    gains = dict(zip(ranked["curriculum"], ranked["gain"], strict=True))
    assert gains["c:1"] == pytest.approx(0.6 - 0.4)
    assert math.isnan(gains["d:1"])


def test_best_per_target_and_the_average_of_those_bests():
    table = BOARD.best_per_target
    assert table["target"].tolist() == ["xnli", "panx"]
    assert table["curriculum"].tolist() == ["a:1000", "a:1000 > b:3000"]
    assert table["gain"].tolist() == pytest.approx([0.35, 0.2])
    assert BOARD.average_of_bests == pytest.approx((0.8 + 0.6) / 2)


def test_each_budget_names_what_is_best_within_it():
    table = BOARD.best_per_budget
    assert table["num_examples"].tolist() == [0, 1000, 4000]
    assert table["curriculum"].tolist() == ["none", "a:1000", "a:1000 > b:3000"]


def test_examples_are_those_of_all_rungs_and_parts_of_the_trial():
    needed = dict(zip(BOARD.ranked["curriculum"], BOARD.ranked["examples_needed"], strict=True))
    assert needed["none"] == 3 * (300 + 40)
    assert needed["a:1000"] == 900 + 3 * (300 + 40)
    paid = dict(zip(BOARD.stopped["curriculum"], BOARD.stopped["examples_paid"], strict=True))
    assert paid["b:1000"] == 5 * 10


def test_marks_stand_beside_the_scores_that_they_concern():
    marked = [
        *trial("c:1", [(0.1, 0.1)] * 3, stand_in=True),
        *trial("d:1", [(0.1, 0.1)] * 3, overlap=0.034),
        *trial("g:1", [(0.1, 0.1)] * 3, overlap=0.0, train_overlap=1.0),
        *[r | {"collapsed": r["part"] == "stage"} for r in trial("e:1", [(0.1, 0.1)] * 3)],
        *trial("f:1", [(0.1, 0.1)] * 3),
        *[r | {"target": "other"} for r in trial("f:1", [(0.1, 0.1)] * 3, stand_in=True)],
    ]
    ranked = leaderboard(as_frame([*SEARCH, *marked]), OBJECTIVE).ranked
    marks = dict(zip(ranked["curriculum"], ranked["marks"], strict=True))
    assert marks["none"] == ""
    assert marks["c:1"] == "stand-in"
    assert marks["d:1"] == "overlap up to 3.4%"
    assert marks["g:1"] == "training rows overlap up to 100.0%"
    assert marks["e:1"] == "collapsed stage"
    assert marks["f:1"] == "", "a target outside the objective was marked"


def test_the_best_for_a_target_has_the_marks_of_that_target():
    best = trial("h:1", [(0.99, 0.99)] * 3)
    held = [row | {"train_overlap": 1.0} for row in best if row["target"] == "panx"]
    rows = [*SEARCH, *(row for row in best if row["target"] != "panx"), *held]
    board = leaderboard(as_frame(rows), OBJECTIVE)
    marks = dict(zip(board.best_per_target["target"], board.best_per_target["marks"], strict=True))
    assert marks == {"xnli": "", "panx": "training rows overlap up to 100.0%"}
    assert board.best_per_budget["marks"].iloc[-1] == "training rows overlap up to 100.0%"


def test_labels_of_target_languages_are_confessed():
    rows = [r | {"language": lang} for r in SEARCH for lang in ("en", "de")]
    objective = Objective(select="all-dev", targets=TARGETS)
    board = leaderboard(as_frame(rows), objective)
    assert set(board.ranked["marks"]) == {"used target-language dev labels"}
    assert "used target-language dev labels" in board.notes[0]


def test_an_empty_search_gives_empty_tables():
    board = leaderboard(as_frame([]), OBJECTIVE)
    assert board.ranked.columns.tolist() == BOARD.ranked.columns.tolist()
    assert [len(t) for t in (board.ranked, board.stopped, board.best_per_target)] == [0, 0, 0]
    assert len(board.best_per_budget) == 0
    assert board.average_of_bests is None


def test_rung_agreement_is_spearmans_over_the_trials_that_ran_to_the_end():
    first, second = rung_agreement(VALUES)
    # finals 0.4, 0.5, 0.4, 0.6 against 0.2, 0.3, 0.1, 0.4: one tie in the finals
    expected = np.corrcoef([2, 3, 1, 4], [1.5, 3, 1.5, 4])[0, 1]
    assert (first.n, second.n) == (4, 4)
    assert first.spearman == pytest.approx(expected)
    assert (first.num_stopped, second.num_stopped) == (1, 1)


def test_the_chance_of_a_stopped_best_is_the_predictive_one():
    first, _ = rung_agreement(VALUES)
    here, final = [0.2, 0.3, 0.1, 0.4], [0.4, 0.5, 0.4, 0.6]
    line = stats.linregress(here, final)
    residuals = np.array(final) - line.intercept - line.slope * np.array(here)
    spread = math.sqrt((residuals**2).sum() / 2)
    # 0.05 is 0.2 from the mean 0.25, the squares around which are 0.05
    width = spread * math.sqrt(1 + 1 / 4 + 0.2**2 / 0.05)
    predicted = line.intercept + line.slope * 0.05
    expected = stats.t(df=2).sf((0.6 - predicted) / width)
    assert first.best_dropped == pytest.approx(expected)
    assert "4 trials that ran to the end" in first.basis


def test_agreement_without_finals_is_not_estimable():
    rows = [*trial("a:1", [(0.1, 0.1)]), *trial("b:1", [(0.2, 0.2)])]
    (first,) = rung_agreement(objective_values(as_frame(rows), OBJECTIVE))
    assert (first.n, first.spearman, first.best_dropped) == (0, None, None)
    assert first.basis == "not estimable: no trial ran to the end"


def test_agreement_without_stopping_drops_nothing():
    rows = [r for name in "abcde" for r in trial(f"{name}:1", [(0.1, 0.1), (0.2, 0.1), (0.3, 0.3)])]
    assert [
        rung.best_dropped for rung in rung_agreement(objective_values(as_frame(rows), OBJECTIVE))
    ] == [0.0, 0.0]


def test_noise_is_pooled_within_curricula():
    last = noise_by_rung(VALUES)[2]
    # none: 0.4, 0.4; a: 0.5, 0.6 -> pooled variance (0 + 0.005) / 2
    assert last.noise == pytest.approx(math.sqrt(0.0025))
    assert (last.degrees, last.num_repeated, last.num_curricula) == (2, 2, 4)
    spread = np.var([0.4, 0.5, 0.4, 0.6], ddof=1)
    assert last.spread == pytest.approx(math.sqrt(spread))
    assert last.reliability == pytest.approx(1 - 0.0025 / spread)
    assert last.true_spread == pytest.approx(math.sqrt(spread - 0.0025))


def test_where_nothing_can_be_stopped_not_rungs_but_scores_are_in_question():
    noises = noise_by_rung(VALUES)
    assert in_question(noises) == "Can the rungs be believed?"
    assert in_question({0: noises[2]}) == "Can the scores be believed?"


def test_noise_without_repeated_curricula_is_unknown():
    own = [row for row in SEARCH if row["role"] != "noise"]
    assert noise_by_rung(objective_values(as_frame(own), OBJECTIVE))[0].noise is None
    assert len(remedies(as_frame(own), OBJECTIVE, rung=0)) == 0


def test_item_variance_is_that_of_the_mean_of_bernoulli_items():
    frame = as_frame(trial("none", [(0.2, 0.5)]))
    expected = (0.2 * 0.8 / 100 + 0.5 * 0.5 / 100) / 4
    assert item_variance(frame, OBJECTIVE, rung=0) == pytest.approx(expected)


def test_seeds_divide_the_noise_and_items_only_their_share_of_it():
    frame = as_frame(SEARCH)
    found = remedies(frame, OBJECTIVE, rung=2, wanted=0.81).to_dict("records")
    table = {row["remedy"]: row for row in found}
    true = np.var([0.4, 0.5, 0.4, 0.6], ddof=1) - 0.0025
    allowed = true * 0.19 / 0.81
    from_items = item_variance(frame, OBJECTIVE, rung=2)
    assert 0.0025 - from_items < allowed < 0.0025 / 1.5
    # to rung 2 a trial needs 3 * 300 for targets, 3 * 40 for evaluation; 3 of 4 have a stage
    stages, whole = 900 * 3 / 4, 900 * 3 / 4 + 3 * 340
    seeds = math.ceil(0.0025 / allowed)
    assert table["more seeds"]["times"] == seeds
    assert table["more seeds"]["examples"] == pytest.approx(seeds * whole)
    times = from_items / (allowed - (0.0025 - from_items))
    assert table["more items"]["times"] == pytest.approx(times)
    assert table["more items"]["examples"] == pytest.approx(stages + 900 + times * 120)
    assert table["more items"]["enough"]


def test_items_cannot_cure_what_seeds_do():
    found = remedies(as_frame(SEARCH), OBJECTIVE, rung=2, wanted=0.9).to_dict("records")
    assert {row["remedy"]: row["enough"] for row in found} == {
        "more seeds": True,
        "more items": False,
    }


def test_a_later_rung_costs_what_trials_that_reached_it_needed():
    found = remedies(as_frame(SEARCH), OBJECTIVE, rung=0, wanted=0.5).to_dict("records")
    later = {row["remedy"]: row for row in found}
    # rung 1 was reached by five trials, four of which have a stage
    until = 900 * 4 / 5 + 2 * 340
    assert later["first comparison at rung 1"]["examples"] == pytest.approx(until)


def test_the_cheapest_remedy_that_suffices_comes_first():
    table = remedies(as_frame(SEARCH), OBJECTIVE, rung=1, wanted=0.5).to_dict("records")
    enough = [row["examples"] for row in table if row["enough"]]
    assert enough
    assert enough == sorted(enough)
    assert [row["enough"] for row in table] == sorted((r["enough"] for r in table), reverse=True)
