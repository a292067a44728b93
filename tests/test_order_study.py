"""Sets, orders and seeds apart; places, precedences and predictors of order."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.planted import Noise, World, all_orders, observations, plant
from analysis.repetitions import SeedTable
from analysis.studies.order import order_variance
from analysis.studies.order_agreement import agreements, tau
from analysis.studies.order_effects import order_effects
from analysis.studies.predictors import COLUMN_RULES, li_hiratani, predictors, ranking
from analysis.studies.task_features import measured_features
from spaces.curriculum import parse_curriculum

SILENT = Noise(node=0, node_language=0, run=0, seed=0, items=10**12)
THREE = tuple(" > ".join(f"{task}:9" for task in order) for order in permutations("abc"))


def table_of(scores, curricula):
    return SeedTable(scores=pd.DataFrame(scores, columns=list(curricula)), left_out=())


def drawn(*, seeds=3, noise=SILENT, rng=0, curricula=THREE, **planted):
    world = World(curricula=curricula, languages=("l1",), seeds=seeds, noise=noise, **planted)
    return table_of(plant(world, np.random.default_rng(rng)).scores[:, :, 0, 0], curricula)


def variance_of(table):
    return order_variance(table, rng=np.random.default_rng(0))


def test_variances_are_those_between_and_within_sets_less_the_noise():
    # two sets of two orders; repetitions differ by +-d in the first order of the first set
    scores = np.array([[0.1, 0.3, 0.5, 0.5]] * 2) + np.array([[0.02, 0, 0, 0], [-0.02, 0, 0, 0]])
    found = variance_of(table_of(scores, ("a:1 > b:1", "b:1 > a:1", "a:1 > c:1", "c:1 > a:1")))
    products = [scores[0] - scores[0].mean(), scores[1] - scores[1].mean()]
    of_set = [np.repeat([own[:2].mean(), own[2:].mean()], 2) for own in products]
    # the mean over pairs of different repetitions; here the only pair
    assert found.set_of_tasks.variance == pytest.approx(of_set[0] @ of_set[1] / 4)
    within = [own - mean for own, mean in zip(products, of_set, strict=True)]
    assert found.order.variance == pytest.approx(within[0] @ within[1] / 4)
    assert (found.n, found.num_sets, found.num_curricula) == (2, 2, 4)


def test_only_order_differs_where_there_is_one_set():
    found = variance_of(drawn(precedence={("a", "b"): 0.02}))
    assert found.order.share.mean == pytest.approx(1.0, abs=1e-4)
    assert found.order.share.low > 0.99
    assert found.order.p_value < 0.01


def test_what_moves_all_curricula_alike_is_the_shift_and_no_noise_of_curricula():
    noise = Noise(node=0, node_language=0, run=0.001, seed=0.1, items=10**12)
    found = variance_of(drawn(seeds=200, noise=noise, precedence={("a", "b"): 0.02}))
    assert found.shift == pytest.approx(0.01, rel=0.3)
    assert found.seeds.variance == pytest.approx(1e-6 * 5 / 6, rel=0.2)


@pytest.mark.parametrize(
    ("noise", "share"),
    [(Noise(node=0.1, node_language=0, run=0, items=10**12), 1.0),
     (Noise(node=0, node_language=0, run=0.1, items=10**12), 0.0)],
)  # fmt: skip
def test_noise_of_stage_nodes_is_told_from_that_of_runs(noise, share):
    curricula = all_orders("abcd")[1:]
    found = variance_of(drawn(seeds=40, noise=noise, curricula=curricula))
    # a third stage is a node that nobody shares, so it counts as a run
    assert found.shared_nodes == pytest.approx(share, abs=0.45 if share else 0.1)
    assert (found.shared_nodes > 0.5) == (share > 0.5)


def test_two_repetitions_have_no_interval_and_one_no_estimate():
    two = variance_of(drawn(seeds=2, noise=Noise()))
    assert (two.order.share.low, two.order.p_value) == (None, None)
    assert two.note.startswith("no interval: 2 repetitions")
    assert "at least 2 are needed" in variance_of(drawn(seeds=1))
    assert "two orders" in variance_of(drawn(curricula=("none", "a:1", "a:1 > b:1")))


def test_curricula_without_another_order_are_named():
    found = variance_of(drawn(noise=Noise(), curricula=("none", "a:1", *THREE)))
    assert found.left_out == ("none", "a:1")


def test_precedences_come_back_with_the_other_pairs_held_equal():
    planted = {("a", "b"): 0.03, ("b", "c"): -0.02}
    found = order_effects(drawn(precedence=planted)).precedences.set_index(["first", "second"])
    assert found["effect"].to_dict() == pytest.approx({**planted, ("a", "c"): 0.0}, abs=1e-6)
    # c a b and c b a, a b c and b a c: in c between a and b two pairs would change
    assert list(found["num_curricula"]) == [4, 4, 4]


def test_places_are_against_the_mean_of_their_set():
    found = order_effects(drawn(place={"a": 0.02}, task={"b": 0.5}))
    own = found.places[found.places["task"] == "a"].set_index("place")["effect"]
    assert own.to_dict() == pytest.approx({1: -0.02, 2: 0.0, 3: 0.02}, abs=1e-6)
    slopes = found.slopes.set_index("task")["effect"]
    assert slopes["a"] == pytest.approx(0.02, abs=1e-6)
    assert list(slopes[["b", "c"]]) == pytest.approx([-0.01] * 2, abs=1e-6)  # a later, they earlier


def test_effects_of_order_are_those_of_every_repetition_with_its_t_interval():
    table = drawn(seeds=5, noise=Noise(), precedence={("a", "b"): 0.03})
    found = order_effects(table).slopes.iloc[0]
    own = [order_effects(table_of([row], THREE)).slopes.iloc[0]["effect"]
           for row in table.scores.to_numpy()]  # fmt: skip
    reference = stats.ttest_1samp(own, 0.0)
    assert found["p_value"] == pytest.approx(reference.pvalue)
    assert (found["low"], found["high"]) == pytest.approx(tuple(reference.confidence_interval()))


def test_precedences_that_no_order_tells_apart_are_named():
    found = order_effects(drawn(curricula=(THREE[0], THREE[5])))  # a b c and c b a alone
    assert found.unmeasured == ("a before b", "a before c", "b before c")
    assert len(found.precedences) == 0
    joint = order_effects(drawn(curricula=("a:1+b:1 > c:1", "c:1 > a:1+b:1")))
    assert "a before b" in joint.unmeasured


def test_p_values_of_precedences_are_adjusted_over_their_family():
    found = order_effects(drawn(seeds=5, noise=Noise()))
    assert (found.precedences["p_adjusted"] >= found.precedences["p_value"]).all()
    assert [len(own.tests) for own in found.families] == [3, 9, 3]
    assert "Holm over 3 tests: each task before each other" in found.families[2].note


def test_tau_of_one_set_is_that_of_scipy():
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 5, 12).astype(float), rng.integers(0, 5, 12).astype(float)
    pairs = np.triu_indices(12, 1)
    assert tau(first, second, pairs) == pytest.approx(stats.kendalltau(first, second).statistic)
    assert tau(first, np.ones(12), pairs) is None


def compare(table, rules):
    return agreements(table, rules, rng=np.random.default_rng(0))


def test_the_right_predictor_agrees_and_the_reversed_one_does_not():
    curricula = all_orders("abcd", longest=4)[1:]
    table = drawn(curricula=curricula, place={"a": 0.01, "b": 0.02, "c": 0.03, "d": 0.04})
    numbers = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    right = ranking("right", numbers, rule="", source="")
    wrong = ranking("wrong", numbers, rule="", source="", highest_last=False)
    found = compare(table, [right, wrong])
    good, bad = found.predictors
    assert good.tau > 0.9
    assert good.p_value == good.smallest_p == pytest.approx(1 / 24)
    assert bad.tau == pytest.approx(-good.tau)
    assert bad.p_value == 1.0
    assert good.regret.mean == pytest.approx(0.0, abs=1e-6)
    assert good.advantage.mean > 0 > bad.advantage.mean
    assert bad.regret.mean > 0.01
    assert found.ceiling > 0.9


def test_a_p_value_of_agreement_counts_relabellings_of_the_tasks():
    table = drawn(seeds=4, noise=Noise(node=0.05), rng=5)
    numbers = {"a": 0.3, "b": 0.1, "c": 0.2}
    own = compare(table, [ranking("x", numbers, rule="", source="")]).predictors[0]
    taus = []
    for names in permutations("abc"):
        moved = {new: numbers[old] for old, new in zip("abc", names, strict=True)}
        taus.append(compare(table, [ranking("y", moved, rule="", source="")]).predictors[0].tau)
    assert own.p_value == pytest.approx(np.mean(np.array(taus) >= own.tau - 1e-9))


def test_what_a_predictor_cannot_rank_is_said():
    table = drawn(curricula=("none", "a:1+b:1 > c:1", "c:1 > a:1+b:1", "a:1 > b:1", "b:1 > a:1"))
    rules = [ranking("knows a and c", {"a": 1.0, "c": 2.0}, rule="", source=""),
             ranking("knows a and b", {"a": 1.0, "b": 2.0}, rule="", source="")]  # fmt: skip
    found = compare(table, rules)
    assert set(found.not_applicable) == {"knows a and c"}
    assert found.predictors[0].num_orders == 2


def test_predictors_are_those_that_the_features_allow():
    features = pd.DataFrame(
        {"num_examples": [10, 20, 30], "english_dev": [0.9, 0.5, 0.7], "logme": [np.nan] * 3},
        index=["a", "b", "c"],
    )
    found = {own.name: own for own in predictors(features)}
    assert set(found) == {"data size", "easy to hard"}
    best = max(permutations("abc"), key=found["easy to hard"].score)
    assert best == ("a", "c", "b")
    assert max(permutations("abc"), key=found["data size"].score) == ("a", "b", "c")
    every = pd.DataFrame({column: [1.0, 2.0] for column in COLUMN_RULES}, index=["a", "b"])
    assert len(predictors(every)) == len(COLUMN_RULES)


def test_li_and_hiratani_put_the_least_typical_first_and_unlike_tasks_side_by_side():
    like = pd.DataFrame(
        [[1.0, 0.9, 0.5], [0.9, 1.0, 0.2], [0.5, 0.2, 1.0]], index=list("abc"), columns=list("abc")
    )  # typicality: a 0.7, b 0.55, c 0.35
    typical, neighbours = li_hiratani(like)
    assert max(permutations("abc"), key=typical.score) == ("c", "b", "a")
    assert max(permutations("abc"), key=neighbours.score) in [("a", "c", "b"), ("b", "c", "a")]
    assert typical.score(["a"]) == 0.0
    with pytest.raises(ValueError, match="differ in c"):
        li_hiratani(like.drop(columns="c"))


def test_one_repetition_still_gives_ranks_without_intervals():
    table = drawn(seeds=1, place={"a": 0.01})
    found = compare(table, [ranking("x", {"a": 2.0, "b": 1.0, "c": 0.0}, rule="", source="")])
    assert found.predictors[0].tau is not None
    assert found.ceiling is None
    assert "luck" in found.predictors[0].regret.note
    assert order_effects(table).note.startswith("no interval: 1 repetitions")


def test_orders_are_never_compared_across_sets():
    # a set that is better as a whole must not look like agreement
    curricula = ("a:1 > b:1", "b:1 > a:1", "c:1 > d:1", "d:1 > c:1")
    table = table_of([[0.1, 0.1, 0.9, 0.9]] * 3, curricula)
    assert parse_curriculum(curricula[2]).tasks == ("c", "d")
    rule = ranking("x", {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}, rule="", source="")
    assert compare(table, [rule]).predictors[0].tau is None


def stage_rows(*rows):
    """Rows of stage nodes: prefix, stage seed, English dev score."""
    world = World(curricula=("a:1",), languages=("en",), seeds=1)
    template = observations(world, plant(world, np.random.default_rng(0))).iloc[[0]]
    template = template.assign(part="stage", split="dev", metric="score")
    return pd.concat(
        [template.assign(target=prefix, stage_seed=seed, value=v) for prefix, seed, v in rows]
    )


def test_english_scores_are_those_of_tasks_that_stood_first_and_alone():
    frame = stage_rows(
        ("a:9", 1, 0.8), ("a:9", 1, 0.8), ("a:9", 2, 0.6), ("a:3", 1, 0.1),
        ("a:9 > b:9", 1, 0.9), ("b:9+c:9", 1, 0.9),
    )  # fmt: skip
    found = measured_features(frame)
    assert found.to_dict("index") == {
        "a": {"stage_examples": 9, "english_dev": pytest.approx(0.7), "n": 2}
    }
    assert len(measured_features(frame.iloc[:0])) == 0
