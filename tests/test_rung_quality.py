"""How well rungs rank, read off planted tables; and on how many seeds a search may be seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planted_table import FACTS, TARGETS, planted, study

from benchmarks.strategies.entries import SEEDED, SEEDS, entries
from benchmarks.strategies.kept import seen_by, sets_of
from benchmarks.strategies.rungs import reliability_of_mean, rung_qualities

SPACE = {"tasks": ["mini-nli", "mini-squad"], "sizes": [1000, 3000], "max_stages": 2}


def recorded(folder, *, noise, facts=FACTS, seeds=(1, 2, 3, 4)):
    return planted(folder, study(space=SPACE), seeds, facts=facts, noise=noise)[0]


def test_without_noise_every_rung_of_targets_picks_the_best(tmp_path):
    rungs = rung_qualities(recorded(tmp_path, noise=0.0))
    names = [rung.name for rung in rungs]
    assert names == ["targets, 1 of 3", "targets, 2 of 3", "targets, 3 of 3", "stages, 1 of 2"]
    assert rungs[-1].with_truth < 0.9  # of two stages it knows the first
    for rung in rungs[:-1]:
        assert rung.with_truth == pytest.approx(1)
        assert rung.between_seeds == pytest.approx(1)
        assert rung.reliability == pytest.approx(1)
        assert rung.best_in_third == rung.pick_within == 1
        assert not rung.blind
        assert list(rung.with_last.values()) == [pytest.approx(1)] * len(rung.with_last)
    assert rungs[-1].with_last.keys() == rungs[0].with_last.keys() == set(TARGETS)
    assert all(found < 0.9 for found in rungs[-1].with_last.values())


def test_noise_makes_a_rung_unreliable_and_its_pick_luck(tmp_path):
    table = recorded(tmp_path, noise=0.08)
    truths = [truth.value for truth in table.truths.values()]
    assert max(truths) - min(truths) < 0.25  # curricula differ by no more than luck does
    for rung in rung_qualities(table)[:3]:
        assert rung.reliability < 0.6
        assert rung.pick_within in {i / 6 for i in range(6)}  # of six pairs of seeds
        assert reliability_of_mean(0.5, 1) == 0.5 < reliability_of_mean(0.5, 4) == 0.8


def test_seeds_of_every_trial_are_compared_where_so_many_can_be_seen(tmp_path):
    few = entries(recorded(tmp_path / "few", noise=0.0).folder)
    assert not any(name.startswith(SEEDED) for name in few)
    facts = replace(FACTS, seen=(1, 2, 3, 4), truth=(5,))
    folder = recorded(tmp_path / "many", noise=0.0, facts=facts, seeds=(1, 2, 3, 4, 5)).folder
    many = entries(folder)
    seeded = {seeds: many[f"{SEEDED}: {seeds}"] for seeds in SEEDS}
    assert [len(seen_by(entry, folder, 0)) for entry in seeded.values()] == [2, 2, 4]
    assert [entry.strategy.contenders > 100 for entry in seeded.values()] == [False, True, True]
    assert len(sets_of(folder)[0]) == 4
    assert {len(seen_by(entry, folder, 0)) for name, entry in many.items() if name in few} == {3}
