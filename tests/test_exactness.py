"""Is a value decided by its curriculum, rung, target and seeds alone? Bit for bit, however it ran.

The reference runs trial by trial in this process; the others run on Ray.
"""

from __future__ import annotations

import pytest

from analysis.observations import read_rows
from benchmarks.study_runs import optuna_trials, run_alone, tiny_study, values
from search.run_folder import RunFolder
from search.study import run_study
from search.trials import SearchStopped

QUIET = {"confirm": {"top": 0}}


def search(config, run, on_event=lambda event: None):
    return run_study(config, RunFolder(run), on_event=on_event)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("exactness")


@pytest.fixture(scope="module")
def reference(root):
    config = tiny_study(root / "store", **QUIET)
    run_alone(config, root / "run")
    return config, root / "run"


def test_one_ray_worker_makes_the_same_study_as_no_ray_at_all(ray_session, root, reference):
    config, run = reference
    again = tiny_study(root / "other-store", **QUIET)
    search(again, root / "ray")
    assert values(root / "ray") == values(run)
    assert optuna_trials(again, root / "ray") == optuna_trials(config, run)


def test_without_a_store_the_same_bits_are_computed(root, reference, monkeypatch):
    config, run = reference
    monkeypatch.setattr("search.study.DEFAULT_CACHE", root / "cache")
    run_alone(tiny_study(None, **QUIET), root / "no-store")
    assert values(root / "no-store") == values(run)
    assert optuna_trials(config, root / "no-store") == optuna_trials(config, run)


def test_four_workers_enumerate_the_same_leaderboard_as_one(ray_session, root):
    everything = {
        **QUIET,
        "space": {"tasks": ["mini-paraphrase", "mini-pos"], "sizes": [100], "max_stages": 2},
        "enumerate": True,
        "stopping": "none",
        "budget": {},
    }
    one = tiny_study(root / "store-of-one", **everything)
    run_alone(one, root / "one")
    four = tiny_study(root / "store-of-four", **everything, resources={"workers": 4, "cpus": 0.5})
    search(four, root / "four")
    assert values(root / "four") == values(root / "one")
    told = [sorted(map(str, optuna_trials(one, root / run))) for run in ("one", "four")]
    assert told[0] == told[1]


@pytest.mark.parametrize("stop_after", [2, 17])
def test_a_resumed_study_is_the_study_that_was_never_interrupted(root, reference, stop_after):
    config, run = reference
    interrupted = root / f"stopped-after-{stop_after}"
    rungs = []

    def stop(assignment, rung):
        rungs.append(rung)
        if len(rungs) == stop_after:
            raise SearchStopped("enough")

    own = tiny_study(root / f"store-{stop_after}", **QUIET)
    with pytest.raises(SearchStopped):
        run_alone(own, interrupted, after_rung=stop)
    run_alone(own, interrupted)
    assert values(interrupted) == values(run)
    assert optuna_trials(own, interrupted) == optuna_trials(config, run)


def test_a_new_run_folder_on_a_warm_store_trains_nothing(root, reference):
    config, run = reference
    run_alone(config, root / "warm")
    rows = read_rows(RunFolder(root / "warm").observations)
    assert sum(row["examples_needed"] for row in rows) > 0
    assert [row for row in rows if row["examples_paid"]] == []
    assert values(root / "warm") == values(run)


def test_an_extended_study_is_the_longer_study(root, reference):
    _, run = reference
    extended = root / "extended"
    store = root / "store"
    run_alone(tiny_study(store, **QUIET, budget={"trials": 1}), extended)
    run_alone(tiny_study(store, **QUIET), extended)
    assert values(extended) == values(run)
