"""What counts as a repetition, and which curricula were repeated alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.planted import METRIC, World, observations, plant
from analysis.repetitions import final_cells, gains, seed_table


@pytest.fixture
def frame():
    """`none`, a and b at seeds 1 to 3, in l1 and l2."""
    world = World(curricula=("none", "a:1", "b:1"), languages=("l1", "l2"), seeds=3)
    return observations(world, plant(world, np.random.default_rng(0)))


def cells_of(frame):
    return final_cells(frame, {"planted": METRIC}, phase="confirm", split="report")


def test_seeds_of_their_own_are_repetitions_of_their_own(frame):
    assert cells_of(frame)["repetition"].nunique() == 3


def test_pairs_that_share_a_seed_are_one_repetition(frame):
    frame.loc[(frame["stage_seed"] == 2), "stage_seed"] = 1
    cells = cells_of(frame)
    assert cells["repetition"].nunique() == 2
    own = frame[(frame["curriculum"] == "a:1") & (frame["language"] == "l1")]
    together = cells[(cells["curriculum"] == "a:1") & (cells["language"] == "l1")]
    assert list(together["value"]) == pytest.approx(
        [own["value"].iloc[:2].mean(), own["value"].iloc[2]]
    )


def test_the_stage_seed_of_none_means_nothing(frame):
    moved = frame.assign(stage_seed=frame["stage_seed"].where(frame["curriculum"] != "none", 1))
    pd.testing.assert_frame_equal(cells_of(frame), cells_of(moved))


@pytest.mark.parametrize(
    ("column", "value"),
    [("variant", "lr x3"), ("split", "search"), ("phase", "search"), ("metric", "f1"),
     ("num_rungs", 2), ("value", np.nan)],
)  # fmt: skip
def test_other_trials_and_those_stopped_early_do_not_count(frame, column, value):
    other = frame.loc[frame["curriculum"] == "b:1"].assign(**{column: value})
    mixed = pd.concat([frame[frame["curriculum"] != "b:1"], other])
    assert set(cells_of(mixed)["curriculum"]) == {"none", "a:1"}


def test_the_largest_complete_block_is_taken_and_the_rest_is_named(frame):
    lacking = frame[~((frame["curriculum"] == "b:1") & (frame["stage_seed"] == 3))]
    found = seed_table(cells_of(lacking))
    assert list(found.scores.columns) == ["none", "a:1"]  # 3 x 2 cells are as many as 2 x 3
    assert (len(found.scores), found.left_out) == (3, ("b:1",))


def test_a_repetition_that_lacks_a_language_is_no_repetition(frame):
    missing = (frame["curriculum"] == "a:1") & (frame["language"] == "l2")
    found = seed_table(cells_of(frame[~(missing & (frame["stage_seed"] == 1))]))
    assert found.left_out == ("a:1",)
    whole = seed_table(cells_of(frame[~missing]), languages=["l1"])
    assert whole.left_out == ()


def test_gains_are_paired_by_repetition_and_language(frame):
    values = cells_of(frame).set_index(["curriculum", "repetition", "language"])["value"]
    own = gains(cells_of(frame)).set_index(["curriculum", "repetition", "language"])["value"]
    assert own["b:1", 2, "l2"] == pytest.approx(values["b:1", 2, "l2"] - values["none", 2, "l2"])
    assert "none" not in own.index.get_level_values(0)


def test_an_empty_file_gives_an_empty_table(frame):
    assert seed_table(cells_of(frame.iloc[:0])).scores.size == 0
