"""Curves of gain over examples: found when they are there, and only then."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.planted import METRIC, Noise, SizeLaw, World, observations, plant, size_gain
from analysis.repetitions import final_cells, gains
from analysis.statistics.size_fits import band, crossings, fit, held_out_error, predict
from analysis.studies.size import NO_TREND, UNKNOWN, size_curve, size_study

SIZES = (100, 300, 1000, 3000, 9000)
EXAMPLES = np.array(SIZES, dtype=float)
LAWS = {
    "power": SizeLaw(kind="power", offset=-0.03, scale=0.03, shape=0.4),
    "saturating": SizeLaw(kind="saturating", offset=-0.02, scale=0.08, shape=500.0),
}


def gains_of(law, *, seeds=3, noise=0.001, rng=0):
    drawn = np.random.default_rng(rng).normal(0, noise, (seeds, len(SIZES)))
    return pd.DataFrame(size_gain(law, EXAMPLES) + drawn, columns=list(SIZES))


@pytest.mark.parametrize("kind", LAWS)
def test_a_curve_without_noise_comes_back(kind):
    truth = size_gain(LAWS[kind], EXAMPLES)
    curve = fit(kind, EXAMPLES, truth)
    between = np.array([200.0, 500.0, 5000.0])
    assert predict(curve, between) == pytest.approx(size_gain(LAWS[kind], between), abs=3e-4)


@pytest.mark.parametrize("kind", LAWS)
def test_the_shape_with_the_smaller_held_out_error_is_chosen(kind):
    found = size_curve(gains_of(LAWS[kind], noise=1e-4), task="a", target="t")
    assert found.verdict == kind
    assert found.errors[kind] == min(e for e in found.errors.values())
    assert held_out_error(kind, EXAMPLES[:3], EXAMPLES[:3]) is None


def test_the_band_is_the_t_interval_where_the_curve_is_a_mean():
    y = gains_of(SizeLaw(offset=0.02), noise=0.01).to_numpy()
    low, high = band(fit("none", EXAMPLES, y.mean(0)), y, np.array([500.0]))
    half = 4.302653 * y.mean(1).std(ddof=1) / 3**0.5  # t(0.975, 2)
    assert (high[0] - low[0]) / 2 == pytest.approx(half, rel=1e-6)


def test_no_trend_is_called_that_with_its_mean_gain():
    found = size_curve(gains_of(SizeLaw(offset=0.02), noise=0.01), task="a", target="t")
    assert found.verdict == NO_TREND
    assert found.note.startswith("no trend over 5 sizes and 3 repetitions")
    assert (found.curve, found.sign_changes, len(found.band)) == (None, (), 0)
    assert found.mean_gain.low < 0.02 < found.mean_gain.high


def test_a_trend_must_survive_its_family():
    table = gains_of(LAWS["power"], noise=0.012)
    alone = size_curve(table, task="a", target="t")
    assert alone.p_value < 0.05
    assert size_curve(table, task="a", target="t", p_adjusted=0.2).verdict == NO_TREND


def test_the_place_where_a_loss_turns_into_a_gain_lies_in_its_stretch():
    found = size_curve(gains_of(LAWS["power"], noise=0.003), task="a", target="t")
    (change,) = found.sign_changes
    assert change.rising
    assert change.low < 1000 < change.high  # 0.03 (n / 1000)^0.4 - 0.03 is 0 at 1000
    assert change.examples == pytest.approx(1000, rel=0.5)


def test_a_gain_of_one_sign_has_no_sign_change():
    law = SizeLaw(kind="power", offset=0.01, scale=0.03, shape=0.4)
    assert size_curve(gains_of(law), task="a", target="t").sign_changes == ()


def test_signs_change_between_places_and_a_zero_is_no_sign():
    assert crossings([-1.0, -0.5, 2.0, 3.0, -1.0]) == [1, 3]
    assert crossings([-1.0, 0.0, 1.0]) == [0]
    assert crossings([0.0, 0.0]) == []


def test_two_repetitions_tell_no_trend_and_three_sizes_no_shape():
    table = gains_of(LAWS["power"], seeds=2)
    found = size_curve(table, task="a", target="t")
    assert (found.verdict, found.p_value, found.slope.low) == (UNKNOWN, None, None)
    assert "2 repetitions, at least 3 are needed" in found.note
    few = size_curve(gains_of(LAWS["power"])[[100, 1000, 9000]], task="a", target="t")
    assert few.verdict == UNKNOWN
    assert "3 sizes do not tell its shape" in few.note


def test_the_study_reads_observations_and_adjusts_over_tasks_and_targets():
    curricula = ("none", *(f"{task}:{size}" for task in "ab" for size in SIZES), "c:9", "a:9 > b:9")
    world = World(
        curricula=curricula, targets=("t", "u"), seeds=4, size={"a": LAWS["power"]},
        noise=Noise(node=0.002, node_language=0, run=0.001, items=10**6),
    )  # fmt: skip
    frame = observations(world, plant(world, np.random.default_rng(2)))
    cells = final_cells(frame, dict.fromkeys("tu", METRIC), phase="confirm", split="report")
    study = size_study(gains(cells), targets=["t", "u"], languages=["l1", "l2", "l3"])
    verdicts = {(own.task, own.target): own.verdict for own in study.curves}
    assert verdicts["b", "t"] == verdicts["b", "u"] == NO_TREND
    assert NO_TREND not in (verdicts["a", "t"], verdicts["a", "u"])
    assert study.tests.tests == ("a on t", "a on u", "b on t", "b on u")
    assert study.left_out == ("c on t: 1 sizes, 2 are needed", "c on u: 1 sizes, 2 are needed")
    assert study.curves[0].sizes == SIZES
    assert study.curves[0].gains[0].n == 4
