"""In worlds whose truth is planted, intervals hold and tests of nothing keep silent.

Small versions of `python -m benchmarks.coverage`, with limits that a wrong method exceeds: the last
test shows that methods which ignore the shared noise do.
"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.objective import ENGLISH
from analysis.planted import (
    METRIC,
    Noise,
    SizeLaw,
    World,
    all_orders,
    expected_gain,
    nodes_of,
    observations,
    plant,
    size_gain,
)
from analysis.repetitions import final_cells, gains, seed_table
from benchmarks.coverage import AT_MOST, COVERAGE, FALSE, WRONG, run
from spaces.curriculum import parse_curriculum

SIMULATIONS = 60
LEAST_COVERAGE = 0.86
"""Of a 95 % interval in 60 simulations: fewer than 52 happen by chance once in 200 times."""
MOST_FALSE = 0.15
"""Of a 5 % test: more than 9 of 60 happen by chance once in 1,000 times."""
SILENT = Noise(node=0, node_language=0, run=0, seed=0, items=10**12)


@pytest.fixture(scope="module")
def lines():
    """Rates of every check at few repetitions, where wrong methods fail first."""
    checks = {
        "order, planted": (3,),
        "order, null": (3,),
        "size, planted": (3, 10),
        "size, null": (3, 5),
        "contrasts": (3, 5, 10),
        "correlations": (3, 5),
    }
    return [
        line
        for name, repetitions in checks.items()
        for n in repetitions
        for line in run(name, n, SIMULATIONS)
    ]


def test_intervals_hold_the_planted_truth(lines):
    covered = {f"{own.check}, n {own.n}": own for own in lines if own.kind == COVERAGE}
    assert len(covered) > 25
    assert {k: own.rate for k, own in covered.items() if own.rate < LEAST_COVERAGE} == {}
    assert min(own.simulations for own in covered.values()) > SIMULATIONS / 2


def test_worlds_without_effects_give_no_findings(lines):
    nothing = {f"{own.check}, n {own.n}": own for own in lines if own.kind in (FALSE, AT_MOST)}
    assert len(nothing) > 10
    assert {k: own.rate for k, own in nothing.items() if own.rate > MOST_FALSE} == {}


def test_methods_that_ignore_the_shared_noise_fail_here(lines):
    wrong = {own.check: own.rate for own in run("order, wrong", 3, 3 * SIMULATIONS)}
    wrong |= {own.check: own.rate for own in lines if own.kind == WRONG and own.n == 3}
    bootstrap = wrong.pop("mean gain, percentile bootstrap")
    assert bootstrap < LEAST_COVERAGE
    assert len(wrong) == 3
    assert {check: rate for check, rate in wrong.items() if rate < 2 * 0.05} == {}


def test_curricula_share_the_noise_of_their_prefix_and_of_nothing_else():
    world = World(
        curricula=("a:1", "a:1 > b:1", "b:1", "b:1 > a:1"), seeds=4000, languages=("l1",),
        noise=Noise(node=0.1, node_language=0, run=0, seed=0, items=10**12),
    )  # fmt: skip
    scores = plant(world, np.random.default_rng(0)).scores[:, :, 0, 0]
    covariance = np.cov(scores.T) / 0.01
    nodes = nodes_of([parse_curriculum(text) for text in world.curricula])
    assert (nodes @ nodes.T).tolist() == [[1, 1, 0, 0], [1, 2, 0, 0], [0, 0, 1, 1], [0, 0, 1, 2]]
    assert covariance == pytest.approx(nodes @ nodes.T, abs=0.1)


def test_a_target_seed_moves_all_curricula_alike():
    world = World(
        curricula=("none", "a:1"), seeds=50, languages=("l1",),
        noise=Noise(node=0, node_language=0, run=0, seed=0.1, items=10**12),
    )  # fmt: skip
    scores = plant(world, np.random.default_rng(0)).scores[:, :, 0, 0]
    assert scores[:, 0].std() > 0.05
    assert scores[:, 1] - scores[:, 0] == pytest.approx(np.zeros(50), abs=1e-5)


def test_without_noise_the_truth_is_the_sum_of_what_was_planted():
    world = World(
        curricula=("none", "a:1000 > b:2000", "b:2000 > a:1000"), languages=(ENGLISH, "l1", "l2"),
        task={"a": 0.01}, place={"b": 0.02}, precedence={("a", "b"): 0.04},
        size={"b": SizeLaw(kind="power", offset=0.001, scale=0.08, shape=1.0)},
        covariate={"l1": 2.0}, slope=0.005, affinity={("a", "l2"): 0.1}, noise=SILENT,
    )  # fmt: skip
    scores = plant(world, np.random.default_rng(0)).scores
    assert expected_gain(world, "a:1000 > b:2000") == pytest.approx(0.01 + 0.02 + 0.04 + 0.161)
    first, second = 0.231, 0.171
    expected = [
        [0.7, 0.5, 0.5],
        [0.7 + first, 0.5 + first + 0.01, 0.5 + first + 0.1],
        [0.7 + second, 0.5 + second + 0.01, 0.5 + second + 0.1],
    ]
    assert scores[1, :, 0] == pytest.approx(np.array(expected), abs=1e-5)


def test_planted_observations_come_back_as_they_were():
    world = World(curricula=all_orders("ab", longest=2), targets=("t", "u"), seeds=3)
    planted = plant(world, np.random.default_rng(1))
    cells = final_cells(
        observations(world, planted), dict.fromkeys("tu", METRIC), phase="confirm", split="report"
    )
    table = seed_table(cells, languages=("l1", "l2")).scores
    wanted = planted.scores[:, :, :, 1:3].mean((2, 3))
    assert table[list(world.curricula)].to_numpy() == pytest.approx(wanted)
    own = seed_table(gains(cells), targets=["t"], languages=["l3"]).scores
    assert own["a:1000 > b:1000"].to_numpy() == pytest.approx(
        planted.scores[:, 3, 0, 3] - planted.scores[:, 0, 0, 3]
    )


def test_a_size_law_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'cubic'"):
        SizeLaw(kind="cubic")
    assert size_gain(SizeLaw(kind="saturating", scale=2.0, shape=9.0), np.array([1.0]))[0] == 0.2
