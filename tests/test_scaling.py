"""The benchmark of many workers and many trials, on a small space."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.scaling import measured, missed_by_decisions, missed_by_workers, study
from benchmarks.scaling_driver import Decisions, Thousand, decided
from benchmarks.scaling_table import STUDY, planted_table
from benchmarks.scaling_workers import spent

TRIALS = 30


@pytest.fixture(scope="module")
def small():
    space = {"tasks": ["mini-nli", "mini-squad"], "sizes": [1000, 3000, 9000], "max_stages": 2}
    return planted_table(STUDY | {"space": space})


@pytest.fixture(scope="module")
def searches(small):
    how = study(small, "random+asha", trials=TRIALS // 2, seed=1)
    return {n: [spent(small, how, workers=n)] for n in (1, 4)}


def test_the_time_of_workers_is_shared_out_and_more_of_them_are_faster(searches):
    for own in searches.values():
        run = own[0]
        assert run.trials == TRIALS // 2
        assert run.busy + run.waiting + run.idle + run.tail == pytest.approx(1.0)
        assert min(run.busy, run.waiting, run.idle, run.tail) > -1e-9
    one, four = (searches[n][0] for n in (1, 4))
    assert one.waiting == pytest.approx(0.0, abs=1e-9)
    assert 2 < four.per_hour / one.per_hour <= 4.5
    assert four.tail > one.tail


def test_a_whole_trial_costs_what_it_did_in_the_papers(small):
    cells = list(small.whole_trials(1))
    parts = {"stage": 269_000, "target": 1_630_000, "evaluation": 122_000}
    for part, examples in parts.items():
        mean = sum(n.examples for c in cells for n in c.nodes if n.part == part) / len(cells)
        assert mean == pytest.approx(examples, rel=0.1)


def test_decisions_are_counted_and_timed(small):
    found = decided(small, study(small, "random+asha", trials=TRIALS // 2, seed=1))
    (only,) = found.thousands
    assert only.trials == TRIALS // 2
    assert only.decisions > 2 * TRIALS // 2
    assert 0 < only.median_seconds <= only.slow_seconds <= only.longest_seconds
    assert only.rss_bytes > 1e6
    assert measured({}, {"random+asha": found})["decisions"]


def test_a_limit_that_is_missed_is_named(searches):
    one, four = searches[1][0], searches[4][0]
    slow = {1: [one], 64: [replace(four, workers=64, regret=one.regret + 0.004)]}
    said = missed_by_workers(slow)
    assert "wanted 55" in said[0] and "0.40 points worse" in said[1]
    fast = replace(one, hours=one.hours / 60)
    assert missed_by_workers({1: [one], 64: [fast]}) == []
    first = Thousand(
        trials=1000, decisions=9, median_seconds=0.01, slow_seconds=0.04, longest_seconds=2.0,
        rss_bytes=100_000_000,
    )  # fmt: skip
    flat = Decisions(thousands=(first, replace(first, trials=2000)))
    assert missed_by_decisions({"random+asha": flat}) == []
    late = replace(first, trials=2000, slow_seconds=0.2, rss_bytes=130_000_000)
    missed = missed_by_decisions({"random+asha": Decisions(thousands=(first, late))})
    assert "200 ms (99th percentile) after 2,000 trials; wanted 50" in missed[0]
    assert "from 100 MB after 1,000 trials to 130 MB after 2,000" in missed[1]
    with_model = Decisions(thousands=(replace(late, rss_bytes=first.rss_bytes),))
    assert missed_by_decisions({"gp+asha": with_model}) == []
