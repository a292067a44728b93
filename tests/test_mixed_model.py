"""The mixed model over languages and tasks: right where truth is known, silent elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.planted import World, plant
from analysis.statistics import mixed_model
from analysis.statistics.mixed_model import mixed_slope

TASKS = ("alpha", "beta", "gamma", "delta")
SLOPE = 0.03


def drawn(num_languages, rng, *, slope=SLOPE, tasks=TASKS):
    """Mean gains, tasks by languages, of a world; and its covariate."""
    languages = tuple(f"l{i}" for i in range(num_languages))
    values = rng.uniform(0.3, 0.7, num_languages)
    covariate = pd.Series(values, index=languages, name="distance")
    world = World(
        curricula=("none", *(f"{task}:1000" for task in tasks)),
        languages=languages,
        covariate=covariate.to_dict(),
        slope=slope,
        task=dict(zip(tasks, 0.02 * rng.standard_normal(len(tasks)), strict=True)),
        language_sd=0.015,
        task_language_sd=0.01,
    )
    scores = plant(world, rng).scores.mean(0)[:, 0, :]
    return pd.DataFrame(scores[1:] - scores[0], index=list(tasks), columns=languages), covariate


def test_a_complete_table_gives_the_line_through_language_means_with_their_t_interval():
    """Of a balanced design theory says so, as long as languages vary more than chance."""
    gains, covariate = drawn(12, np.random.default_rng(1))
    found = mixed_slope(gains, covariate)
    line = stats.linregress(covariate, gains.mean())
    assert found.slope.mean == pytest.approx(line.slope, rel=1e-3)
    half = stats.t.ppf(0.975, 10) * line.stderr
    assert found.slope.high - found.slope.mean == pytest.approx(half, rel=1e-2)
    assert found.p_value == pytest.approx(line.pvalue, rel=2e-2)
    assert (found.languages, found.tasks, found.cells, found.slope.n) == (12, 4, 48, 12)


def test_standard_deviations_are_those_planted():
    gains, covariate = drawn(60, np.random.default_rng(2), tasks=[f"t{i}" for i in range(12)])
    found = mixed_slope(gains, covariate)
    assert found.slope.low < SLOPE < found.slope.high
    assert found.task_sd == pytest.approx(0.02, rel=0.5)
    assert 0.012 < found.language_sd < 0.03  # none's own noise is alike in all tasks, so it counts
    assert 0.008 < found.rest_sd < 0.02


@pytest.mark.parametrize("num_languages", [6, 12])
def test_the_interval_covers_the_planted_slope(num_languages):
    """By 500 draws: the head of `analysis/statistics/mixed_model.py` has the figures."""
    rng = np.random.default_rng(5)
    covered, fitted = 0, 0
    for _ in range(40):
        found = mixed_slope(*drawn(num_languages, rng)).slope
        if found.low is None:
            continue
        fitted += 1
        covered += found.low <= SLOPE <= found.high
    assert fitted >= 0.97 * 40
    assert covered >= fitted * 0.95 - 2 * np.sqrt(fitted * 0.95 * 0.05)


def test_without_a_slope_the_interval_holds_zero_and_nothing_is_significant():
    found = mixed_slope(*drawn(12, np.random.default_rng(7), slope=0.0))
    assert found.slope.low < 0 < found.slope.high
    assert found.p_value > 0.05


def test_a_control_takes_out_what_it_explains_and_costs_a_degree_of_freedom():
    gains, distance = drawn(20, np.random.default_rng(3), slope=0.0)
    text = pd.Series(
        distance + 0.02 * np.random.default_rng(4).standard_normal(20), distance.index, name="text"
    )
    gains = gains + 0.3 * text
    alone, given = mixed_slope(gains, distance), mixed_slope(gains, distance, controls=[text])
    assert alone.slope.excludes_zero
    assert not given.slope.excludes_zero
    assert "17 degrees of freedom" in given.slope.note


def test_missing_cells_and_languages_without_a_covariate_are_left_out_and_counted():
    gains, covariate = drawn(10, np.random.default_rng(3))
    gains.iloc[0, 0] = np.nan
    found = mixed_slope(gains, covariate.drop("l9"))
    assert (found.languages, found.cells) == (9, 35)


def test_too_few_languages_or_tasks_give_a_reason_and_no_number():
    gains, covariate = drawn(4, np.random.default_rng(3))
    few = mixed_slope(gains, covariate)
    assert few.slope.low is None and few.p_value is None
    assert "too few languages, 4 of at least 5" in few.slope.note
    gains, covariate = drawn(8, np.random.default_rng(3))
    one = mixed_slope(gains.iloc[:1], covariate)
    assert one.slope.mean != one.slope.mean
    assert "too few tasks, 1 of at least 3" in one.slope.note


def test_a_covariate_that_does_not_vary_is_not_estimable():
    gains, covariate = drawn(8, np.random.default_rng(3))
    found = mixed_slope(gains, covariate * 0 + 1)
    assert "nothing varies" in found.slope.note


def test_a_fit_that_does_not_converge_gives_no_number(monkeypatch):
    monkeypatch.setattr(mixed_model, "_fitted", lambda *_, **__: mixed_model.NO_FIT)
    found = mixed_slope(*drawn(8, np.random.default_rng(3)))
    assert found.slope.note == "did not converge"
    assert found.slope.low is None
