"""The leaderboard with intervals: planted gains lie in it, references are marked and never lost."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.evidence import evidence
from analysis.leaderboard import leaderboard
from analysis.leaders import JOINT, SHOWN, SINGLE, leaders
from analysis.objective import Objective, ScoredTarget
from analysis.planted import METRIC, World, all_orders, expected_gain, observations, plant
from analysis.sections.leaders import leaders_section

JOINT_STAGE = "alpha:500+beta:500+gamma:500"
WORLD = World(
    curricula=(*all_orders(("alpha", "beta", "gamma", "delta"), longest=3), JOINT_STAGE),
    task={"alpha": 0.03, "beta": -0.02, "gamma": 0.04, "delta": 0.01},
    precedence={("alpha", "beta"): 0.05},
    seeds=5,
)


def found_in(world, *, seed=7):
    """The leaders of a draw of a world."""
    targets = tuple(
        ScoredTarget(name=name, metric=METRIC, group="classification", languages=world.languages)
        for name in world.targets
    )
    objective = Objective(proxy_languages=("l1",), targets=targets)
    frame = observations(world, plant(world, np.random.default_rng(seed)))
    return leaders(evidence(frame, objective), leaderboard(frame, objective))


def test_nineteen_of_twenty_intervals_hold_the_planted_gain():
    held = []
    for seed in range(12):
        (found,) = found_in(WORLD, seed=seed)
        rows = found.table.itertuples(index=False)
        held += [row.low <= expected_gain(WORLD, row.curriculum) <= row.high for row in rows]
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_the_largest_gain_stands_first_and_none_is_the_zero_line():
    (found,) = found_in(WORLD)
    assert found.table["gain"].is_monotonic_decreasing
    assert "none" not in set(found.table["curriculum"])
    assert set(found.table["n"]) == {5}


def test_references_are_marked_and_shown_wherever_they_stand():
    (found,) = found_in(WORLD)
    of = found.table.set_index("curriculum")["reference"]
    assert of[JOINT_STAGE] == JOINT
    assert of["alpha:1000"] == SINGLE
    assert of["alpha:1000 > beta:1000"] == ""
    assert len(found.table) > SHOWN + 2
    assert set(found.shown["reference"]) == {"", SINGLE, JOINT}
    best = found.table[found.table["reference"] == SINGLE].iloc[0]
    assert best["curriculum"] in set(found.shown["curriculum"])


def test_two_repetitions_give_points_and_say_why():
    (found,) = found_in(World(curricula=("none", "alpha:1", "beta:1"), seeds=2))
    assert found.table["low"].isna().all()
    assert "No interval" in found.note


def test_without_none_there_is_no_gain_and_no_section():
    assert found_in(World(curricula=("alpha:1", "beta:1"))) == ()
    assert leaders_section(()) is None
