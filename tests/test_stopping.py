"""Asynchronous successive halving with the noise rule."""

from __future__ import annotations

import random
from statistics import stdev
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.tune.schedulers.async_hyperband import _Bracket

from spaces.stopping import MIN_RELIABILITY, RungTable, cut, pooled_sd, reliability

scores = st.floats(0, 1).map(lambda x: round(x, 2))


def table(**changes):
    return RungTable(**{"num_rungs": 3, "reduction_factor": 3, **changes})


def filled(values, **changes):
    found = table(**changes)
    for i, value in enumerate(values):
        found.record(0, f"c{i}", value)
    return found


@given(st.lists(scores, min_size=1), st.integers(2, 5))
def test_cut_is_the_quantile_of_numpy(values, eta):
    assert cut(values, eta) == pytest.approx(np.quantile(values, 1 - 1 / eta))


@pytest.mark.parametrize("eta", [2, 3, 4])
def test_without_noise_the_decisions_are_those_of_ray(eta):
    rng = random.Random(eta)
    bracket = _Bracket(1, eta**2, eta, 0)
    ours = table(reduction_factor=eta, z=0)
    num_stopped = 0
    for i in range(200):
        for rung in range(2):
            value = rng.random()
            theirs = bracket.on_result(SimpleNamespace(trial_id=i), eta**rung, value)
            ours.record(rung, f"c{i}", value)
            decision = ours.decide(rung, f"c{i}", noise=0)
            assert decision.stop == (theirs == "STOP")
            if decision.stop:
                num_stopped += 1
                break
    assert num_stopped > 50


@pytest.mark.parametrize("seed", range(5))
def test_the_best_of_invented_curves_reaches_the_end_and_most_do_not(seed):
    rng = random.Random(seed)
    heights = [i / 60 for i in range(60)]
    rng.shuffle(heights)
    ours, finals = table(), []
    for height in heights:
        for rung, progress in enumerate((0.5, 0.8, 1.0)):
            ours.record(rung, str(height), height * progress + rng.gauss(0, 0.002))
            if ours.decide(rung, str(height), noise=0.002).stop:
                break
        else:
            finals.append(height)
    assert max(finals) == max(heights)
    assert len(finals) < 30


def test_a_table_refilled_in_the_same_order_decides_the_same():
    rng = random.Random(3)
    values = [rng.random() for _ in range(40)]
    live, decisions = table(), []
    for i, value in enumerate(values):
        live.record(0, f"c{i}", value)
        decisions.append(live.decide(0, f"c{i}", noise=0.1))
    refilled = filled(values)
    assert [refilled.decide(0, f"c{i}", noise=0.1) for i in range(40)] == decisions
    assert {decision.stop for decision in decisions} == {True, False}


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40), st.integers(2, 5))
def test_what_is_kept_of_a_rung_is_what_all_its_values_say(values, eta):
    rung = filled(values, reduction_factor=eta, z=0.0)
    for k in range(1, len(values)):
        earlier, so_far = values[:k], values[: k + 1]
        decision = rung.decide(0, f"c{k}", noise=0.1)
        assert decision.cutoff == cut(earlier, eta)
        reliable = reliability(0.1, so_far)
        trusted = reliable is not None and reliable >= MIN_RELIABILITY
        assert decision.stop == (trusted and values[k] < cut(earlier, eta))


def test_a_second_record_of_a_curriculum_changes_nothing():
    found = filled([0.5, 0.6, 0.7, 0.1])
    before = found.decide(0, "c3", noise=0.01)
    found.record(0, "c3", 0.9)
    found.record(0, "c0", 0.0)
    assert found.decide(0, "c3", noise=0.01) == before
    assert found.values(0) == {"c0": 0.5, "c1": 0.6, "c2": 0.7, "c3": 0.1}


def test_values_handed_out_are_a_copy():
    found = filled([0.5])
    found.values(0)["c9"] = 1.0
    assert found.values(0) == {"c0": 0.5}


def test_a_clear_miss_stops_and_says_by_how_much():
    decision = filled([0.3, 0.6, 0.9, 0.1]).decide(0, "c3", noise=0.05)
    assert decision.stop
    assert decision.cutoff == pytest.approx(0.7)
    assert decision.reason == "0.1000 misses the cut 0.7000 by more than the noise 0.0707"


@pytest.mark.parametrize(("z", "stops"), [(0.0, True), (1.0, True), (2.0, False)])
def test_a_miss_within_the_noise_does_not_stop(z, stops):
    decision = filled([0.3, 0.6, 0.9, 0.6], z=z).decide(0, "c3", noise=0.05)
    assert decision.stop is stops
    assert ("within the noise" in decision.reason) is not stops


def test_a_value_equal_to_the_cut_goes_on():
    assert not filled([0.1, 0.2, 0.3, 0.7, 0.3], z=0).decide(0, "c4", noise=0).stop


def test_an_unreliable_rung_stops_nothing_and_says_so():
    values = [0.50, 0.52, 0.54, 0.47]
    reliable = filled(values).decide(0, "c3", noise=0.001)
    unreliable = filled(values, z=0).decide(0, "c3", noise=0.025)
    assert reliable.stop and not unreliable.stop
    assert "reliability 0.30 of this rung is under 0.5" in unreliable.reason
    assert unreliable.cutoff == reliable.cutoff


def test_unknown_noise_stops_nothing_and_says_so():
    decision = filled([0.5, 0.6, 0.7, 0.1]).decide(0, "c3", noise=None)
    assert not decision.stop
    assert "noise of this rung is not known" in decision.reason


def test_the_first_at_a_rung_goes_on():
    decision = filled([0.0, 1.0]).decide(0, "c0", noise=0.01)
    assert not decision.stop
    assert decision.cutoff is None


def test_the_last_rung_stops_nothing():
    found = table()
    for i, value in enumerate([0.5, 0.6, 0.7, 0.1]):
        found.record(2, f"c{i}", value)
    assert not found.decide(2, "c3", noise=0.001).stop


def test_baselines_fill_the_rungs_and_are_never_stopped():
    found = filled([0.5, 0.6, 0.7, 0.1, 0.1], baselines=["c0", "c1", "c2", "c3"])
    assert not found.decide(0, "c3", noise=0.001).stop
    assert found.decide(0, "c4", noise=0.001).stop


def test_equal_values_stop_nobody():
    assert not filled([0.5] * 5, z=0).decide(0, "c4", noise=0.0).stop


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="wanted a number"):
        table().record(0, "c0", value)


@pytest.mark.parametrize("rung", [-1, 3])
def test_a_rung_that_does_not_exist_is_refused(rung):
    with pytest.raises(ValueError, match="rungs 0 to 2"):
        table().record(rung, "c0", 0.5)


def test_a_curriculum_without_a_value_is_not_decided_on():
    with pytest.raises(ValueError, match="record it first"):
        filled([0.5]).decide(0, "c7", noise=0.1)


@pytest.mark.parametrize("changes", [{"num_rungs": 0}, {"reduction_factor": 1}, {"z": -1.0}])
def test_contradictory_settings_are_refused(changes):
    with pytest.raises(ValueError, match="wanted at least 1, 2 and 0"):
        table(**changes)


def test_pooled_deviation_is_that_of_one_group_and_the_mean_of_equal_ones():
    a, b = [0.1, 0.4, 0.2], [0.9, 0.7, 0.3]
    assert pooled_sd([a]) == pytest.approx(stdev(a))
    assert pooled_sd([a, b]) ** 2 == pytest.approx((stdev(a) ** 2 + stdev(b) ** 2) / 2)


def test_single_values_say_nothing_about_noise():
    assert pooled_sd([[0.1, 0.4], [0.9], []]) == pooled_sd([[0.1, 0.4]])
    assert pooled_sd([[0.1], [0.4], []]) is None


def test_a_difference_between_curricula_is_not_noise():
    assert pooled_sd([[0.1, 0.1, 0.1], [0.9, 0.9, 0.9]]) == pytest.approx(0)


def test_reliability_of_simulated_scores_is_their_share_of_signal():
    rng = random.Random(1)
    values = [rng.gauss(0, 0.3) + rng.gauss(0, 0.1) for _ in range(20_000)]
    assert reliability(0.1, values) == pytest.approx(0.9, abs=0.01)


def test_reliability_needs_a_spread():
    assert reliability(0.1, [0.5]) is None
    assert reliability(0.1, [0.5, 0.5]) is None
    assert reliability(0.0, [0.4, 0.5]) == 1
