"""Our few distributions against those of scipy.stats, which is slower to import."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.distributions import (
    benjamini_hochberg,
    normal_quantile,
    ranks,
    spearman,
    t_above,
    t_quantile,
)

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("degrees", [1, 2, 4, 7.3, 200])
@pytest.mark.parametrize("chance", [0.5, 0.975, 0.9999])
def test_quantiles_and_tails_of_student_are_those_of_scipy(chance, degrees):
    found = t_quantile(chance, degrees)
    assert found == pytest.approx(stats.t.ppf(chance, degrees), rel=1e-12, abs=1e-12)
    values = np.array([-found, 0.0, found])
    assert t_above(values, degrees) == pytest.approx(stats.t.sf(values, degrees), rel=1e-9)


def test_quantiles_of_the_normal_distribution_are_those_of_scipy():
    assert normal_quantile(0.975) == pytest.approx(stats.norm.ppf(0.975), rel=1e-14)


def test_equal_values_share_their_mean_rank_over_the_whole_table():
    table = RNG.integers(4, size=(5, 6)).astype(float)
    assert (ranks(table) == stats.rankdata(table, axis=None).reshape(5, 6)).all()


@pytest.mark.parametrize("levels", [3, 1000])
def test_rank_correlation_is_that_of_scipy_with_and_without_ties(levels):
    first, second = RNG.integers(levels, size=(2, 30))
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)


@pytest.mark.parametrize("count", [1, 2, 17])
def test_adjusted_p_values_are_those_of_scipy(count):
    p_values = np.round(RNG.random(count) ** 3, 2)
    wanted = stats.false_discovery_control(p_values)
    assert benjamini_hochberg(p_values) == pytest.approx(wanted)
