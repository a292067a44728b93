"""What is trained and probed at each rung."""

from __future__ import annotations

import pytest

from spaces.curriculum import parse_curriculum
from spaces.rungs import RUNG_DEFINITIONS, rungs
from spaces.space import CurriculumSpace

CURRICULUM = parse_curriculum("a:9000 > b:900+c:9000 > a:90")

definitions = pytest.mark.parametrize("definition", RUNG_DEFINITIONS)


def three(definition, *, max_stages=3):
    return rungs(definition, num_rungs=3, reduction_factor=3, max_stages=max_stages)


@definitions
@pytest.mark.parametrize("num_rungs", [1, 2, 4])
def test_the_last_rung_is_everything(definition, num_rungs):
    *_, last = rungs(definition, num_rungs=num_rungs, reduction_factor=2, max_stages=3)
    assert last.part_of(CURRICULUM) == CURRICULUM
    assert last.probe_examples(900) == 900


@definitions
def test_rungs_climb(definition):
    found = three(definition)
    assert [rung.index for rung in found] == [0, 1, 2]
    work = [r.part_of(CURRICULUM).num_examples + r.probe_examples(900) for r in found]
    assert work == sorted(set(work))


def test_targets_scale_the_probe_alone():
    found = three("targets")
    assert [rung.probe_examples(900) for rung in found] == [100, 300, 900]
    assert {rung.part_of(CURRICULUM) for rung in found} == {CURRICULUM}


def test_scales_scale_both():
    found = three("scales")
    assert [rung.probe_examples(900) for rung in found] == [100, 300, 900]
    assert [str(rung.part_of(CURRICULUM)) for rung in found] == [
        "a:1000 > b:100+c:1000 > a:10",
        "a:3000 > b:300+c:3000 > a:30",
        "a:9000 > b:900+c:9000 > a:90",
    ]


def test_a_rehearsal_of_scales_is_a_curriculum_of_the_space():
    space = CurriculumSpace(tasks=("a", "b"), sizes=(1000, 3000, 9000), max_stages=2)
    large = parse_curriculum("b:9000 > a:9000")
    assert all(space.contains(rung.part_of(large)) for rung in three("scales"))


def test_stages_add_one_stage_at_a_time_with_a_short_probe():
    found = three("stages")
    assert [rung.part_of(CURRICULUM) for rung in found] == list(CURRICULUM.prefixes()[1:])
    assert [rung.probe_examples(900) for rung in found] == [100, 100, 900]


def test_stages_compare_a_shorter_curriculum_as_it_stands():
    short = parse_curriculum("a:9000")
    assert {rung.part_of(short) for rung in three("stages")} == {short}


@pytest.mark.parametrize("max_stages", [0, 1])
def test_stages_of_one_stage_have_one_rung(max_stages):
    assert len(three("stages", max_stages=max_stages)) == 1


@definitions
def test_a_target_without_training_stays_without(definition):
    assert {rung.probe_examples(0) for rung in three(definition)} == {0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"definition": "target"}, "wanted one of targets, scales, stages"),
        ({"num_rungs": 0}, "num_rungs is 0"),
        ({"reduction_factor": 1}, "reduction_factor 1"),
    ],
)
def test_contradictory_rungs_are_refused(change, message):
    fields = {"definition": "targets", "num_rungs": 3, "reduction_factor": 3, "max_stages": 3}
    with pytest.raises(ValueError, match=message):
        rungs(**{**fields, **change})
