"""Random streams come from seed, task and purpose, and from nothing else."""

import itertools

import pytest
import torch

from trainables.streams import dropout_seed, seeded_dropout, stream, subset_indices

PURPOSES = ["subset", "order", "head", "dropout", "mixture"]


def draw(*name):
    return tuple(torch.randint(2**40, (4,), generator=stream(*name)).tolist())


def test_equal_names_give_equal_streams():
    assert draw(1, "mnli", "order", 2) == draw(1, "mnli", "order", 2)


def test_every_part_of_the_name_gives_another_stream():
    names = itertools.product([0, 1, 11], ["mnli", "1mnli", "squad"], PURPOSES, [0, 1])
    drawn = [draw(*name) for name in names]
    assert len(set(drawn)) == len(drawn)


def test_streams_are_the_same_on_every_machine():
    # sha256(b"7\0mnli\0dropout\0" + b"3") by coreutils' sha256sum, first 8 bytes, shifted by one
    assert dropout_seed(7, "mnli", 3) == 0x6E52DA43DB0845F6 >> 1


@pytest.mark.parametrize("seed", range(3))
def test_small_subsets_are_part_of_large_ones(seed):
    large = subset_indices(10_000, 9_000, seed, "mnli")
    small = subset_indices(10_000, 3_000, seed, "mnli")
    assert set(small) < set(large)
    assert len(set(large)) == 9_000
    assert large.min() >= 0
    assert large.max() < 10_000


def test_subsets_differ_between_seeds_and_tasks():
    subsets = {tuple(subset_indices(100, 10, s, t)) for s in (1, 2) for t in ("mnli", "squad")}
    assert len(subsets) == 4


def test_more_examples_than_rows_are_refused():
    with pytest.raises(ValueError, match=r"2500 examples of rte .* has 2490 .*rte:full"):
        subset_indices(2490, 2500, 1, "rte")


def test_dropout_leaves_the_global_generator_as_it_was():
    before = torch.random.get_rng_state()
    with seeded_dropout(1, "mnli", 5, torch.device("cpu")):
        first = torch.rand(3)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.rand(7)
    with seeded_dropout(1, "mnli", 5, torch.device("cpu")):
        assert torch.equal(first, torch.rand(3))
