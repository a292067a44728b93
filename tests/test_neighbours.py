"""Laws of what is one change away, over small spaces of every kind."""

import pytest

from spaces.curriculum import Curriculum, parse_curriculum
from spaces.neighbours import extensions, neighbours
from spaces.space import CurriculumSpace


def space(tasks="abc", sizes=(1, 3), max_stages=2, **others):
    return CurriculumSpace(tasks=tuple(tasks), sizes=sizes, max_stages=max_stages, **others)


SPACES = {
    "plain": space(),
    "sizes of their own": space("ab", {"a": (1, 3), "b": (9,)}),
    "long": space("abcd", (3,), 4),
    "mixtures": space(joint=2),
    "repeats": space("ab", max_stages=3, repeats=True),
    "mixtures and repeats": space("ab", joint=2, repeats=True),
    "required": space(required=("a", "b")),
    "required in one stage": space(max_stages=1, joint=2, required=("a", "b")),
    "required and repeats": space(required=("a",), repeats=True),
    "forbidden": space(forbidden=("b",)),
    "one task": space("a", (1,), 1),
    "nothing": space("a", forbidden=("a",)),
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_neighbours_are_other_members_each_once(space):
    for curriculum in space.enumerate():
        found = neighbours(curriculum, space)
        assert curriculum not in found
        assert len(set(found)) == len(found)
        assert all(map(space.contains, found))


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_from_any_curriculum_every_other_is_reached(space):
    members = set(space.enumerate())
    start = next(space.enumerate())
    reached, new = {start}, {start}
    while new:
        new = {other for curriculum in new for other in neighbours(curriculum, space)} - reached
        reached |= new
    assert reached == members
    assert all(neighbours(curriculum, space) for curriculum in members if len(members) > 1)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_extensions_have_one_single_stage_more(space):
    members = set(space.enumerate())
    for curriculum in members:
        wanted = {
            other
            for other in members
            if other.stages[:-1] == curriculum.stages
            and len(other) == len(curriculum) + 1
            and len(other.stages[-1].parts) == 1
        }
        assert set(extensions(curriculum, space)) == wanted


def test_every_kind_of_change_is_there():
    plain = {str(c) for c in neighbours(parse_curriculum("a:1 > b:1"), SPACES["plain"])}
    assert plain == {
        *("b:1 > a:1", "a:1", "b:1", "a:3 > b:1", "a:1 > b:3"),
        *("c:1 > b:1", "c:3 > b:1", "a:1 > c:1", "a:1 > c:3"),
    }
    mixed = {str(c) for c in neighbours(parse_curriculum("a:1+b:1"), SPACES["mixtures"])}
    assert {"a:1 > b:1", "b:1 > a:1", "a:1", "a:1+c:3", "a:1+b:1 > c:1"} <= mixed
    assert "a:1+b:1" in {str(c) for c in neighbours(parse_curriculum("b:1"), SPACES["mixtures"])}
    assert "a:1" in {str(c) for c in neighbours(Curriculum(), SPACES["plain"])}
