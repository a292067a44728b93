"""Intervals: textbook values, and that they hold as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.statistics.intervals import paired_differences, simultaneous, t_interval


def test_the_interval_is_that_of_the_textbook():
    # t(0.975, 2) = 4.302653 (any table of Student's t); the sd of 1, 2, 3 is 1
    found = t_interval([1.0, 2.0, 3.0])
    assert found.mean == 2.0
    assert found.high - 2 == pytest.approx(4.302653 / 3**0.5, abs=1e-6)
    assert 2 - found.low == pytest.approx(4.302653 / 3**0.5, abs=1e-6)
    assert (found.n, found.unit) == (3, "seeds")


def test_two_intervals_together_are_those_of_the_level_0975():
    # t(0.9875, 4) = 3.495406
    samples = [0.0, 1.0, 2.0, 3.0, 4.0]
    both = simultaneous({"a": samples, "b": samples})
    half = 3.495406 * 2.5**0.5 / 5**0.5
    assert both["a"] == both["b"]
    assert both["a"].high == pytest.approx(2 + half, abs=1e-6)
    assert "2 at once" in both["a"].note


@pytest.mark.parametrize("samples", [[0.3], [0.1, 0.3]])
def test_below_three_seeds_there_is_no_interval_and_it_says_so(samples):
    found = t_interval(samples)
    assert (found.low, found.high) == (None, None)
    assert found.mean == pytest.approx(sum(samples) / len(samples))
    assert found.note == f"no interval: {len(samples)} seeds, at least 3 are needed"
    assert not found.excludes_zero


def test_names_without_samples_do_not_widen_the_others():
    assert simultaneous({"a": [1.0, 2.0, 3.0], "b": []}) == {"a": t_interval([1.0, 2.0, 3.0])}


def test_only_seeds_that_both_have_make_pairs():
    assert paired_differences({1: 5.0, 2: 7.0, 3: 1.0}, {3: 0.5, 1: 2.0, 9: 4.0}) == [3.0, 0.5]


@pytest.mark.parametrize(
    ("samples", "excludes"),
    [([1.0, 1.1, 0.9], True), ([-1.0, -1.1, -0.9], True), ([1, -1, 0], False)],
)
def test_excluding_zero_means_lying_on_one_side(samples, excludes):
    assert t_interval(samples).excludes_zero is excludes


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="0 samples"):
        t_interval([])


@pytest.mark.parametrize("n", [3, 5])
@pytest.mark.parametrize("comparisons", [1, 4])
def test_intervals_hold_together_as_often_as_they_say(n, comparisons):
    rng = np.random.default_rng(7)
    repeats = 2000
    draws = rng.normal(0.3, 0.1, size=(repeats, comparisons, n))
    held = 0
    for family in draws:
        found = simultaneous({str(i): list(samples) for i, samples in enumerate(family)})
        held += all(i.low <= 0.3 <= i.high for i in found.values())
    # Bonferroni is exact for one comparison and never under for independent ones (at most
    # 1 - 0.9875 ** 4 = 0.9509); 2000 repeats have a standard error of 0.0049
    assert 0.935 < held / repeats < 0.966
