"""What a report says of order and size: planted effects are found, and silence where data lack."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import evidence
from analysis.objective import ENGLISH, Objective, ScoredTarget
from analysis.planted import METRIC, SizeLaw, World, all_orders, observations, plant
from analysis.report import all_pictures, make_report
from analysis.report_page import report_html
from analysis.sections.order import order_section
from analysis.sections.size import size_section

TASKS = ("alpha", "beta", "gamma")


def objective_of(world):
    targets = tuple(
        ScoredTarget(name=name, metric=METRIC, group="classification", languages=world.languages)
        for name in world.targets
    )
    return Objective(proxy_languages=("l1",), targets=targets)


def frame_of(world):
    """Observations of a world."""
    return observations(world, plant(world, np.random.default_rng(7)))


def seen(world):
    """The evidence of a world."""
    return evidence(frame_of(world), objective_of(world))


ORDERED = World(
    curricula=all_orders(TASKS),
    precedence={("alpha", "beta"): 0.08},
    task={"gamma": 0.02},
    seeds=5,
)
SIZED = World(
    curricula=("none", *(f"alpha:{n}" for n in (100, 300, 1000, 3000, 9000))),
    size={"alpha": SizeLaw(kind="power", scale=0.04, shape=0.5)},
    seeds=5,
)


def test_a_planted_precedence_is_found_and_drawn():
    section = order_section(seen(ORDERED))
    tables = {sheet.name: sheet.frame for sheet in section.sheets}
    effects = tables["order_precedences"].set_index(["first", "second"])
    found = effects.loc[("alpha", "beta")]
    assert found["low"] < 0.08 < found["high"]
    assert found["p_adjusted"] < 0.05
    assert {picture.name for picture in section.pictures} == {"precedence", "places"}
    shares = tables["order_variance"].set_index("source")["share"]
    assert shares["order"] > 0.2
    assert "is their order" in section.answer


def test_a_planted_size_law_is_found_and_drawn():
    section = size_section(seen(SIZED))
    (trend,) = section.sheets[0].frame.to_dict(orient="records")
    assert trend["verdict"] in ("power", "saturating")
    assert trend["low"] > 0
    assert "rises with the number of examples in 1 of 1 pairs" in section.answer
    assert [picture.name for picture in section.pictures] == ["sizes"]


def test_where_a_gain_turns_into_a_loss_is_said_with_its_range():
    world = World(
        curricula=SIZED.curricula,
        size={"alpha": SizeLaw(kind="power", offset=-0.06, scale=0.06, shape=0.5)},
        seeds=10,
    )
    (trend,) = size_section(seen(world)).sheets[0].frame.to_dict(orient="records")
    assert trend["sign_changes"].startswith("gain from ")
    assert " examples on (" in trend["sign_changes"]


def test_where_there_is_no_trend_the_answer_is_no_trend():
    flat = World(curricula=SIZED.curricula, seeds=5)
    section = size_section(seen(flat))
    assert "In none of 1 pairs" in section.answer
    (trend,) = section.sheets[0].frame.to_dict(orient="records")
    assert trend["verdict"] == "no trend"


@pytest.mark.parametrize("make", [order_section, size_section])
def test_a_study_that_repeated_nothing_of_the_kind_says_why_it_cannot_tell(make):
    world = World(curricula=("none", "alpha:100 > beta:100"), seeds=5)
    assert "on fresh seeds" in make(seen(world))


def test_two_repetitions_give_no_interval_and_the_section_says_so():
    two = World(curricula=ORDERED.curricula, precedence=ORDERED.precedence, seeds=2)
    section = order_section(seen(two))
    assert any("no interval: 2" in note for note in section.notes)
    assert section.sheets[0].frame["low"].isna().all()


def test_proxies_and_english_enter_no_effect():
    frame, objective = frame_of(ORDERED), objective_of(ORDERED)
    outside = frame["language"].isin(("l1", ENGLISH))
    other = frame.assign(value=frame["value"].where(~outside, 0.123))
    first, second = (order_section(evidence(own, objective)) for own in (frame, other))
    for one, two in zip(first.sheets, second.sheets, strict=True):
        pd.testing.assert_frame_equal(one.frame, two.frame)


def test_the_sections_stand_in_the_page():
    report = make_report(
        frame_of(ORDERED), objective_of(ORDERED), name="planted", question="", asks="order"
    )
    assert "is their order" in report.finding
    assert {"precedence", "places"} <= {picture.name for picture in all_pictures(report)}
    assert "Does the order matter?" in report_html(report)
