"""Units that hold several values, crossed units, correlations over them, families of tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.statistics.correlations import language_correlation, pair_correlation
from analysis.statistics.multiplicity import family, p_of_zero
from analysis.statistics.unit_intervals import (
    crossed_interval,
    difference_in_differences,
    unit_interval,
)

RNG = np.random.default_rng
NAMES = [f"l{i}" for i in range(12)]


def test_values_within_a_unit_are_not_repetitions():
    values = {seed: [float(seed)] * 100 for seed in range(3)}
    found = unit_interval(values, rng=RNG(0))
    assert found.n == 3
    assert found.high - found.low == pytest.approx(2 * 4.302653 / 3**0.5, rel=1e-6)  # t(0.975, 2)


@pytest.mark.parametrize(("units", "method"), [(9, "t interval"), (10, "bootstrap")])
def test_units_are_resampled_from_ten_on(units, method):
    values = {i: [v] for i, v in enumerate(RNG(1).normal(size=units))}
    found = unit_interval(values, rng=RNG(0))
    assert method in found.note
    assert found.low < found.mean < found.high


@pytest.mark.parametrize("units", [1, 2])
def test_below_three_units_there_is_no_interval_and_it_says_so(units):
    found = unit_interval({i: [0.1 * i] for i in range(units)}, rng=RNG(0), unit="languages")
    assert (found.low, found.note) == (
        None, f"no interval: {units} languages, at least 3 are needed",
    )  # fmt: skip


def test_crossed_units_both_widen_the_interval():
    rng = RNG(2)
    languages = rng.normal(size=(1, 12)) + 0.01 * rng.normal(size=(3, 12))
    found = crossed_interval(languages)
    reference = stats.ttest_1samp(languages.mean(0), 0).confidence_interval()
    assert found.high - found.low == pytest.approx(reference.high - reference.low, rel=0.01)
    assert crossed_interval(languages[:2]).low is None
    assert "2 seeds and 12 languages" in crossed_interval(languages[:2]).note


@pytest.mark.parametrize("seed", range(20))
def test_a_difference_is_told_from_0_at_the_level_at_which_its_interval_leaves_0_out(seed):
    table = RNG(seed).normal(size=(4, 8)) + np.array([0.8] * 4 + [0.0] * 4)
    inside = [True] * 4 + [False] * 4
    p_value = difference_in_differences(table, inside).p_value
    for level, excludes in ((1 - p_value + 1e-6, False), (1 - p_value - 1e-6, True)):
        found = difference_in_differences(table, inside, level=level)
        assert found.over_both.excludes_zero == excludes


def test_difference_in_differences_is_that_of_class_means():
    table = np.array([[0.3, 0.5, 0.4, 0.1, 0.0, 0.2], [0.5, 0.5, 0.5, 0.1, 0.2, 0.3],
                      [0.4, 0.3, 0.2, 0.1, 0.1, 0.1]])  # fmt: skip
    inside = [True, True, True, False, False, False]
    found = difference_in_differences(table, inside)
    by_seed = table[:, :3].mean(1) - table[:, 3:].mean(1)
    seeds = stats.ttest_1samp(by_seed, 0).confidence_interval()
    assert (found.over_seeds.low, found.over_seeds.high) == pytest.approx(tuple(seeds))
    welch = stats.ttest_ind(table[:, :3].mean(0), table[:, 3:].mean(0), equal_var=False)
    languages = welch.confidence_interval()
    assert found.over_languages.low == pytest.approx(languages.low)
    assert found.over_languages.high == pytest.approx(languages.high)
    assert {own.mean for own in (found.over_both, found.over_seeds)} == {found.over_seeds.mean}


def test_a_class_of_two_languages_has_no_interval_over_languages():
    found = difference_in_differences(RNG(0).normal(size=(4, 7)), [True, True] + [False] * 5)
    assert found.over_seeds.low is not None
    assert found.over_languages.low is found.over_both.low is None
    assert "2 and 5 languages, at least 3 of each" in found.over_both.note
    with pytest.raises(ValueError, match="0 of 3 languages"):
        difference_in_differences(np.ones((3, 3)), [False] * 3)


def test_a_correlation_over_languages_is_spearmans():
    rng = RNG(4)
    gains, distance, size = rng.normal(size=(3, 12))
    found = language_correlation(gains, distance, languages=NAMES, rng=rng)
    reference = stats.spearmanr(gains, distance)
    assert found.spearman.mean == pytest.approx(reference.statistic)
    assert found.p_value == pytest.approx(reference.pvalue, abs=0.05)
    assert found.slope.mean == pytest.approx(stats.linregress(distance, gains).slope)
    partial = language_correlation(gains, distance, languages=NAMES, rng=rng, controls=[size])
    r = stats.spearmanr(np.array([gains, distance, size]).T).statistic
    textbook = (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2))
    assert partial.spearman.mean == pytest.approx(textbook)


def test_languages_that_a_distance_does_not_know_are_named_and_left_out():
    gains, distance = RNG(5).normal(size=(2, 12))
    distance[3] = np.nan
    found = language_correlation(gains, distance, languages=NAMES, rng=RNG(0))
    assert (found.left_out, found.languages) == (("l3",), 11)


def test_means_of_tasks_and_of_languages_do_not_enter_a_correlation_over_pairs():
    rng = RNG(6)
    gains, like = rng.normal(size=(2, 4, 12))
    own = pair_correlation(gains, like, languages=NAMES, rng=RNG(0))
    shifted = gains + rng.normal(size=(4, 1)) + rng.normal(size=(1, 12))
    moved = pair_correlation(shifted, like + np.arange(12), languages=NAMES, rng=RNG(0))
    assert moved.spearman.mean == pytest.approx(own.spearman.mean)
    assert moved.slope.mean == pytest.approx(own.slope.mean)
    assert moved.p_value == own.p_value
    assert own.spearman.low is None
    assert "not independent" in own.spearman.note


def test_a_number_per_language_alone_has_nothing_left_over_pairs():
    rng = RNG(7)
    found = pair_correlation(
        rng.normal(size=(4, 12)), np.tile(rng.normal(size=12), (4, 1)), languages=NAMES, rng=rng
    )
    assert found.p_value is None
    assert "nothing varies" in found.note


@pytest.mark.parametrize(
    ("shape", "why"), [((4, 4), "4 languages, at least 5"), ((2, 12), "2 tasks, at least 3")]
)
def test_too_few_tasks_or_languages_are_said(shape, why):
    gains, like = RNG(8).normal(size=(2, *shape))
    found = pair_correlation(gains, like, languages=NAMES[: shape[1]], rng=RNG(0))
    assert (found.p_value, found.slope.low) == (None, None)
    assert why in found.note


def test_the_interval_of_a_slope_excludes_zero_where_its_test_rejects():
    rng = RNG(9)
    like = rng.normal(size=(4, 12))
    strong = pair_correlation(like + 0.3 * rng.normal(size=(4, 12)), like, languages=NAMES, rng=rng)
    assert strong.slope.low > 0.5
    assert strong.p_value < 0.01


@pytest.mark.parametrize(("method", "known"), [("holm", "holm"), ("benjamini-hochberg", "fdr_bh")])
def test_adjusted_p_values_are_those_of_statsmodels(method, known):
    for seed in range(20):
        p = RNG(seed).uniform(size=7) ** 3
        raw = {f"t{i}": float(v) for i, v in enumerate(p)}
        found = family("x", raw, method=method)
        assert list(found.adjusted.values()) == pytest.approx(multipletests(p, method=known)[1])


def test_tests_that_could_not_be_made_do_not_count_in_their_family():
    found = family("gains", {"a": 0.02, "b": None, "c": 0.5})
    assert found.adjusted == pytest.approx({"a": 0.04, "c": 0.5})
    assert found.note == "Holm over 2 tests: gains; 1 could not be tested"
    assert family("none", {"a": None}).adjusted == {}
    with pytest.raises(ValueError, match="bonferoni"):
        family("x", {}, method="bonferoni")
    with pytest.raises(ValueError, match=r"outside \[0, 1\]: a"):
        family("x", {"a": 1.2})


def test_a_p_value_needs_three_repetitions():
    assert p_of_zero([0.1, 0.2]) is None
    assert p_of_zero([0.1, 0.2, 0.4]) == pytest.approx(stats.ttest_1samp([0.1, 0.2, 0.4], 0).pvalue)
    assert p_of_zero([0.0, 0.0, 0.0]) == 1.0
