"""Savings: needed minus paid by part, as it was and in the papers' proportions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.observations import as_frame
from analysis.savings import PAPERS, PARTS, savings, savings_in_proportions


def row(part, needed, paid, *, curriculum="a:1000", role="sampled", rung=1, phase="search"):
    return {
        "phase": phase,
        "curriculum": curriculum,
        "role": role,
        "variant": "",
        "rung": rung,
        "num_rungs": 2,
        "scale": 1.0,
        "stage_seed": 1,
        "target_seed": 1,
        "part": part,
        "target": "x",
        "language": "en",
        "split": "dev",
        "layer": None,
        "metric": "accuracy",
        "value": 0.5,
        "items": 10,
        "numerics": "cpu",
        "stand_in": False,
        "overlap": None,
        "train_overlap": None,
        "collapsed": False,
        "examples_needed": needed,
        "examples_paid": paid,
        "seconds": 1.0,
    }


ROWS = [
    row("stage", 1000.0, 0.0, rung=0),
    row("target", 100.0, 100.0, rung=0),
    row("target", 300.0, 300.0),
    row("evaluation", 20.0, 15.0),
    row("stage", 3000.0, 3000.0, curriculum="b:3000", rung=0),
    row("target", 100.0, 50.0, curriculum="b:3000", rung=0),
    row("stage", 0.0, 0.0, curriculum="none", role="baseline"),
    row("target", 400.0, 0.0, phase="confirm"),
]


def by_part(table):
    return {record["part"]: record for record in table.to_dict("records")}


def test_savings_are_needed_minus_paid_for_each_part_apart():
    table = by_part(savings(as_frame(ROWS), phase="search"))
    assert list(table) == ["stage", "target", "evaluation", "total"]
    assert table["stage"] == {
        "part": "stage", "needed": 4000.0, "paid": 3000.0, "saved": 1000.0, "share": 0.25
    }  # fmt: skip
    assert (table["target"]["needed"], table["target"]["paid"]) == (500.0, 450.0)
    assert table["total"]["saved"] == 1000.0 + 50.0 + 5.0
    assert table["total"]["share"] == pytest.approx(1055 / 4520)
    assert by_part(savings(as_frame(ROWS)))["target"]["needed"] == 900.0


def test_nothing_needed_has_no_share():
    table = by_part(savings(as_frame([])))
    assert table["total"]["needed"] == 0.0
    assert math.isnan(table["stage"]["share"])


def test_in_the_papers_proportions_a_whole_trial_costs_what_theirs_do():
    one = by_part(savings_in_proportions(as_frame(ROWS[:4])))
    assert {part: one[part]["needed"] for part in PARTS} == pytest.approx(PAPERS)


def test_in_other_proportions_shares_of_parts_stay_and_their_weights_change():
    own = by_part(savings(as_frame(ROWS), phase="search"))
    other = by_part(
        savings_in_proportions(
            as_frame(ROWS), proportions={"stage": 500.0, "target": 4000.0, "evaluation": 40.0}
        )
    )
    # the whole trial a:1000 needed 1000, 400 and 20: the factors are 1/2, 10 and 2
    assert [other[part]["needed"] for part in PARTS] == pytest.approx([2000.0, 5000.0, 40.0])
    for part in PARTS:
        assert other[part]["share"] == pytest.approx(own[part]["share"])
    assert other["total"]["share"] == pytest.approx((500 + 500 + 10) / 7040)


def test_proportions_without_a_whole_trial_are_unknown():
    table = savings_in_proportions(as_frame([row("target", 10.0, 0.0, rung=0)]))
    assert table["needed"].isna().all()


def test_the_papers_targets_are_the_163_million_of_the_design():
    epochs = [(392_702, 2), (49_401, 5), (21_253, 10), (20_000, 10), (87_599, 2), (3_696, 2)]
    assert sum(size * times for size, times in epochs) == pytest.approx(PAPERS["target"], rel=0.005)


@given(st.lists(st.tuples(st.sampled_from(PARTS), st.floats(0, 1e9), st.floats(0, 1)), min_size=1))
def test_parts_add_up_to_the_total(entries):
    frame = as_frame([row(part, needed, needed * share) for part, needed, share in entries])
    table = by_part(savings(frame))
    for column in ("needed", "paid", "saved"):
        parts = sum(table[part][column] for part in PARTS)
        assert table["total"][column] == pytest.approx(parts, abs=1e-3)
