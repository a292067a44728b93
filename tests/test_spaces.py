"""Laws of the space of curricula and of its codecs, over small spaces of every form."""

from __future__ import annotations

import doctest
import random
from collections import Counter
from itertools import permutations, product
from math import perm, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    check_distribution_compatibility,
)

import spaces.permutation
from spaces.codecs import CODECS
from spaces.curriculum import parse_curriculum
from spaces.permutation import (
    lehmer_decode,
    lehmer_encode,
    rank_ordered_subset,
    unrank_ordered_subset,
)
from spaces.space import CurriculumSpace

FOUR = ("nli", "qa", "pos", "ner")
OWN_SIZES = {"nli": (10, 30, 90), "qa": (30,), "pos": (10, 55), "ner": (10, 30)}

SPACES = {
    "plain": CurriculumSpace(tasks=FOUR, sizes=(10, 30), max_stages=3),
    "demo": CurriculumSpace(tasks=FOUR, sizes=(10, 30), max_stages=3, joint=2),
    "own sizes": CurriculumSpace(tasks=FOUR, sizes=OWN_SIZES, max_stages=2, joint=3),
    "repeats": CurriculumSpace(tasks=FOUR[:3], sizes=(10, 30), max_stages=3, repeats=True),
    "joint repeats": CurriculumSpace(
        tasks=FOUR[:3], sizes=OWN_SIZES, max_stages=3, joint=2, repeats=True, required=("pos",)
    ),
    "repeats required": CurriculumSpace(
        tasks=FOUR[:2], sizes=OWN_SIZES, max_stages=2, joint=2, repeats=True, required=("qa",)
    ),
    "required": CurriculumSpace(
        tasks=FOUR, sizes=OWN_SIZES, max_stages=2, joint=3, required=("ner", "qa", "nli")
    ),
    "all required": CurriculumSpace(
        tasks=FOUR, sizes=(10,), max_stages=2, joint=2, required=FOUR[::-1]
    ),
    "forbidden": CurriculumSpace(tasks=FOUR, sizes=(10,), max_stages=4, forbidden=("qa", "nli")),
    "more stages than tasks": CurriculumSpace(tasks=FOUR[:2], sizes=(10,), max_stages=5, joint=9),
    "one task": CurriculumSpace(tasks=("nli",), sizes=(10, 30), max_stages=1),
    "no stages": CurriculumSpace(tasks=FOUR, sizes=(10, 30), max_stages=0, joint=2),
    "nothing allowed": CurriculumSpace(
        tasks=("nli",), sizes=(1,), max_stages=2, forbidden=("nli",)
    ),
}
COMBINATIONS = [
    (codec, space)
    for codec, space in product(CODECS, SPACES)
    if not (codec == "lehmer" and SPACES[space].repeats)
]

all_spaces = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
all_codecs = pytest.mark.parametrize(("codec_name", "space_name"), COMBINATIONS)


def numbered(n):
    return tuple(f"t{i}" for i in range(n))


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        (249, {"tasks": numbered(4), "sizes": (1, 3), "max_stages": 3}),
        (1_137, {"tasks": numbered(4), "sizes": (1, 3), "max_stages": 3, "joint": 2}),
        (586, {"tasks": numbered(9), "sizes": (1,), "max_stages": 3}),
        (33_445, {"tasks": numbered(9), "sizes": (1, 3, 9, 27), "max_stages": 3}),
        (986_410, {"tasks": numbered(9), "sizes": (1,), "max_stages": 9}),
    ],
)
def test_count_agrees_with_the_published_numbers(wanted, fields):
    assert CurriculumSpace(**fields).count() == wanted


def test_an_astronomical_space_is_counted_and_drawn_from():
    fields = {"tasks": numbered(25), "sizes": (1, 3, 9, 27), "max_stages": 25}
    space = CurriculumSpace(**fields)
    assert space.count() == sum(perm(25, k) * 4**k for k in range(26))
    assert space.contains(space.draw(random.Random(1)))
    repeating = CurriculumSpace(**fields, joint=2, repeats=True)
    assert repeating.count() == sum((25 * 4 + 300 * 16) ** k for k in range(26))
    assert repeating.contains(repeating.draw(random.Random(1)))


@all_spaces
def test_enumeration_lists_every_member_once_and_count_knows_how_many(space):
    found = [str(curriculum) for curriculum in space.enumerate()]
    assert len(found) == len(set(found)) == space.count() == len(space) > 0
    assert all(space.contains(parse_curriculum(text)) for text in found)


@all_spaces
def test_enumeration_misses_nothing_that_the_rules_allow(space):
    loose = CurriculumSpace(
        tasks=space.tasks,
        sizes=space.sizes,
        max_stages=min(3, space.max_stages),
        joint=min(2, space.joint),
        repeats=True,
    )
    allowed = {curriculum for curriculum in loose.enumerate() if space.contains(curriculum)}
    assert allowed <= set(space.enumerate())


@all_spaces
def test_nth_is_the_position_in_the_enumeration(space):
    assert [space.nth(i) for i in range(space.count())] == list(space.enumerate())
    for outside in (-1, space.count()):
        with pytest.raises(IndexError, match=f"has {space.count()} curricula"):
            space.nth(outside)


@pytest.mark.parametrize("name", ["required", "all required", "repeats required", "forbidden"])
def test_draws_are_uniform(name):
    space = SPACES[name]
    rng = random.Random(5)
    num_draws = 40 * space.count()
    counts = Counter(space.draw(rng) for _ in range(num_draws))
    assert set(counts) <= set(space.enumerate())
    chi_square = sum((counts[c] - 40) ** 2 / 40 for c in space.enumerate())
    degrees = space.count() - 1
    assert chi_square < degrees + 5 * sqrt(2 * degrees)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("plain", "nli:10 > qa:10 > pos:10 > ner:10", "4 stages, the space at most 3"),
        ("plain", "nli:10+qa:10", "mixes 2 tasks, the space at most 1"),
        ("plain", "nlii:10", "did you mean nli?"),
        ("plain", "nli:20", "not among the sizes of nli: 10, 30"),
        ("plain", "nli:full", "not among the sizes"),
        ("plain", "nli:10 > nli:30", "nli comes again"),
        ("own sizes", "qa:10", "not among the sizes of qa: 30"),
        ("required", "ner:10 > nli:10", "required task qa is missing"),
        ("forbidden", "qa:10", "task qa is forbidden"),
    ],
)
def test_a_stranger_is_told_why_it_is_not_in_the_space(name, text, reason):
    curriculum = parse_curriculum(text)
    assert reason in SPACES[name].why_not(curriculum)
    assert not SPACES[name].contains(curriculum)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": ("nli", "nli")}, "space.tasks names nli twice"),
        ({"sizes": ()}, "space.sizes is empty"),
        ({"sizes": {"nli": (10,)}}, "space.sizes[qa] is empty"),
        ({"sizes": (10, 0)}, "space.sizes[1] is 0; wanted at least 1"),
        ({"sizes": (30, 10)}, "space.sizes[1] is 10 after 30; wanted ascending"),
        ({"max_stages": -1}, "space.max_stages is -1"),
        ({"joint": 0}, "space.joint is 0"),
        ({"required": ("nly",)}, "names 'nly', which is not in space.tasks; did you mean nli?"),
        ({"forbidden": ("nly",)}, "space.forbidden names 'nly'"),
        ({"required": ("qa",), "forbidden": ("qa",)}, "both name qa"),
        ({"required": ("qa", "nli"), "max_stages": 1}, "the space is empty"),
    ],
)
def test_a_contradictory_space_is_refused_with_the_field(change, message):
    fields = {"tasks": ("nli", "qa"), "sizes": (10, 30), "max_stages": 2}
    with pytest.raises(ValueError) as error:
        CurriculumSpace(**{**fields, **change})
    assert message in str(error.value)


def test_all_problems_of_a_space_come_at_once():
    with pytest.raises(ValueError) as error:
        CurriculumSpace(tasks=("a", "a"), sizes=(3, 3), max_stages=-1, joint=0, required=("b",))
    assert len(str(error.value).splitlines()) == 5


def test_examples_of_the_permutations_hold():
    assert doctest.testmod(spaces.permutation) == (0, 5)


@pytest.mark.parametrize("n", range(6))
def test_lehmer_codes_number_every_permutation_once(n):
    codes = set()
    for permutation in permutations(range(n)):
        code = lehmer_encode(permutation)
        assert all(0 <= digit < n - i for i, digit in enumerate(code))
        assert lehmer_decode(code) == permutation
        codes.add(code)
    assert len(codes) == perm(n)


@pytest.mark.parametrize("n", range(5))
def test_ranks_number_every_ordered_subset_once(n):
    subsets = [s for length in range(n + 1) for s in permutations(range(n), length)]
    assert [rank_ordered_subset(s, n) for s in subsets] == list(range(len(subsets)))
    assert [unrank_ordered_subset(rank, n) for rank in range(len(subsets))] == subsets


@pytest.mark.parametrize(
    "call",
    [
        lambda: lehmer_encode((0, 0)),
        lambda: lehmer_encode((1, 2)),
        lambda: lehmer_decode((2, 0)),
        lambda: lehmer_decode((0, -1)),
        lambda: rank_ordered_subset((1, 1), 3),
        lambda: rank_ordered_subset((3,), 3),
        lambda: unrank_ordered_subset(5, 2),
    ],
)
def test_what_is_no_permutation_is_refused(call):
    with pytest.raises(ValueError, match="wanted"):
        call()


@all_codecs
def test_decode_inverts_encode_on_the_whole_space(codec_name, space_name):
    codec = CODECS[codec_name](SPACES[space_name])
    distributions = codec.distributions()
    for curriculum in SPACES[space_name].enumerate():
        params = codec.encode(curriculum)
        assert params.keys() == distributions.keys()
        assert all(d._contains(d.to_internal_repr(params[k])) for k, d in distributions.items())
        assert codec.decode(params) == curriculum


@all_codecs
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_parameters_mean_a_member(codec_name, space_name, data):
    codec = CODECS[codec_name](SPACES[space_name])
    strategies = {name: _values(d) for name, d in codec.distributions().items()}
    params = data.draw(st.fixed_dictionaries(strategies))
    curriculum = codec.decode(params)
    assert SPACES[space_name].why_not(curriculum) is None
    assert codec.decode(codec.encode(curriculum)) == curriculum


@all_codecs
def test_dimensions_are_fixed(codec_name, space_name):
    first, second = (CODECS[codec_name](SPACES[space_name]).distributions() for _ in range(2))
    assert list(first) == list(second)
    for name in first:
        check_distribution_compatibility(first[name], second[name])


@all_codecs
def test_strangers_are_not_encoded(codec_name, space_name):
    codec = CODECS[codec_name](SPACES[space_name])
    with pytest.raises(ValueError, match=r"not in the space: (task 'xyz'|it has 1 stages)"):
        codec.encode(parse_curriculum("xyz:10"))


def test_lehmer_codec_refuses_repeats_and_names_the_others():
    with pytest.raises(ValueError, match="use the codec slots or random_keys"):
        CODECS["lehmer"](SPACES["repeats"])


@pytest.mark.parametrize("codec_name", ["random_keys", "lehmer"])
def test_a_required_task_is_not_offered_to_be_left_out(codec_name):
    distributions = CODECS[codec_name](SPACES["required"]).distributions()
    lowest = {task: distributions[f"size:{task}"].low for task in FOUR}
    assert lowest == {"nli": 1, "qa": 1, "pos": 0, "ner": 1}


def test_codecs_read_as_documented():
    space = SPACES["demo"]
    text = "pos:30 > nli:10+ner:30"
    encoded = {name: CODECS[name](space).encode(parse_curriculum(text)) for name in CODECS}
    assert encoded["lehmer"] == {
        **{"digit:0": 2, "digit:1": 2, "digit:2": 0},
        **{"size:nli": 1, "size:qa": 0, "size:pos": 2, "size:ner": 2},
        **{"join:nli": False, "join:qa": False, "join:pos": False, "join:ner": True},
    }
    keys = encoded["random_keys"]
    assert keys["key:pos"] < keys["key:ner"] < keys["key:nli"]
    slots = {k: v for k, v in encoded["slots"].items() if encoded["slots"][f"size{k[4:]}"]}
    assert slots == {
        **{"task:1": "pos", "size:1": 2},
        **{"task:2": "ner", "size:2": 2},
        **{"task:2+1": "nli", "size:2+1": 1},
    }


def _values(distribution):
    if isinstance(distribution, FloatDistribution):
        return st.floats(distribution.low, distribution.high)
    if isinstance(distribution, IntDistribution):
        return st.integers(distribution.low, distribution.high)
    assert isinstance(distribution, CategoricalDistribution)
    return st.sampled_from(distribution.choices)
