"""A curriculum's text form and its parts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces.curriculum import (
    Curriculum,
    Part,
    Stage,
    parse_curriculum,
    parts_alone,
    resolve_full,
    scaled,
)

tasks = st.sampled_from(["mnli", "ud_pos-en", "qqp.v2", "squad@1", "full", "none"])
parts = st.builds(Part, tasks, st.integers(0, 10**7))
stages = st.lists(parts, min_size=1, max_size=4, unique_by=lambda p: p.task).map(
    lambda found: Stage(tuple(found))
)
curricula = st.lists(stages, max_size=5).map(lambda found: Curriculum(tuple(found)))


@given(curricula)
def test_text_form_is_read_back(curriculum):
    assert parse_curriculum(str(curriculum)) == curriculum


def test_text_form_is_the_documented_one():
    curriculum = Curriculum(
        (
            Stage((Part("mnli", 9000),)),
            Stage((Part("squad", 3000), Part("hellaswag", 0))),
        )
    )
    assert str(curriculum) == "mnli:9000 > hellaswag:full+squad:3000"
    assert str(Curriculum()) == "none"


def test_order_counts_between_stages_and_not_within_one():
    assert parse_curriculum("a:1 > b:2") != parse_curriculum("b:2 > a:1")
    assert parse_curriculum("a:1+b:2") == parse_curriculum("b:2+a:1")
    assert str(parse_curriculum("b:2+a:1")) == "a:1+b:2"


def test_spaces_in_the_text_do_not_matter():
    assert parse_curriculum(" b:2+a:1>c:full ") == parse_curriculum("a:1 + b:2 > c:full")


@given(curricula)
def test_prefixes_go_from_nothing_to_the_whole(curriculum):
    prefixes = curriculum.prefixes()
    assert [len(prefix) for prefix in prefixes] == list(range(len(curriculum) + 1))
    assert prefixes[-1] == curriculum
    for shorter, longer in pairwise(prefixes):
        assert longer.stages[:-1] == shorter.stages


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", ""),
        ("mnli", "mnli"),
        ("mnli:", "mnli:"),
        ("mnli:0", "mnli:0"),
        ("mnli:-3", "mnli:-3"),
        ("mnli:2.5", "mnli:2.5"),
        ("mnli:9k", "mnli:9k"),
        ("mnli:10 >", ""),
        ("mnli:10 > none", "none"),
        ("mnli:10 ++ qqp:5", ""),
        ("../up:10", "../up:10"),
        ("mnli:10, qqp:5", "mnli:10, qqp:5"),
    ],
)
def test_bad_text_is_refused_with_the_part_and_an_example(text, wrong):
    with pytest.raises(ValueError) as error:
        parse_curriculum(text)
    assert f"{wrong!r} in the curriculum {text!r}" in str(error.value)
    assert "mnli:9000 > squad:3000" in str(error.value)


def test_a_mixture_of_a_task_with_itself_is_refused():
    with pytest.raises(ValueError, match="names a task twice"):
        parse_curriculum("mnli:10+mnli:20")


def test_a_stage_without_tasks_is_refused():
    with pytest.raises(ValueError, match="at least one task"):
        Stage(())


def test_full_becomes_the_size_of_the_data_set():
    resolved = resolve_full(parse_curriculum("a:full > b:5+c:full"), {"a": 70, "b": 80, "c": 90})
    assert str(resolved) == "a:70 > b:5+c:90"
    assert resolved.num_examples == 165


def test_scaling_keeps_stages_and_at_least_one_example():
    curriculum = parse_curriculum("a:9000 > b:3000+c:4")
    assert str(scaled(curriculum, 1 / 9)) == "a:1000 > b:333+c:1"
    assert scaled(curriculum, 1) == curriculum


def test_parts_alone_are_those_of_curricula_with_one_task_and_no_other():
    alone = parts_alone(["none", "a:1", "a:2", "a:1+b:1", "a:1 > b:1"])
    assert {text: str(part) for text, part in alone.items()} == {"a:1": "a:1", "a:2": "a:2"}
