"""Is a value decided by its curriculum, rung, target and seeds alone? Bit for bit, however it ran.

The reference runs trial by trial in this process; the others run on Ray.
"""

from __future__ import annotations

import pytest

from analysis.observations import read_rows
from benchmarks.study_runs import optuna_trials, run_alone, tiny_study, values, weights
from search.endings import SearchStopped
from search.run_folder import RunFolder
from search.study import run_study

pytestmark = pytest.mark.ray

QUIET = {"confirm": {"top": 0}}


def search(config, run, on_event=lambda event: None):
    return run_study(config, RunFolder(run), on_event=on_event)


def test_one_ray_worker_makes_the_same_study_as_no_ray_at_all(
    ray_session, study_root, finished_study
):
    config, run = finished_study
    again = tiny_study(study_root / "other-store", **QUIET)
    search(again, study_root / "ray")
    assert values(study_root / "ray") == values(run)
    assert weights(study_root / "other-store").items() <= weights(study_root / "store").items()
    assert optuna_trials(again, study_root / "ray") == optuna_trials(config, run)


def test_without_a_store_the_same_bits_are_computed(study_root, finished_study, monkeypatch):
    config, run = finished_study
    monkeypatch.setattr("search.places.DEFAULT_CACHE", study_root / "cache")
    run_alone(tiny_study(None, **QUIET), study_root / "no-store")
    assert values(study_root / "no-store") == values(run)
    assert optuna_trials(config, study_root / "no-store") == optuna_trials(config, run)


def test_four_workers_enumerate_the_same_leaderboard_as_one(ray_session, study_root):
    everything = {
        **QUIET,
        "space": {"tasks": ["mini-paraphrase", "mini-pos"], "sizes": [100], "max_stages": 2},
        "enumerate": True,
        "stopping": "none",
        "budget": {},
    }
    one = tiny_study(study_root / "store-of-one", **everything)
    run_alone(one, study_root / "one")
    four = tiny_study(
        study_root / "store-of-four", **everything, resources={"workers": 4, "cpus": 0.5}
    )
    search(four, study_root / "four")
    assert values(study_root / "four") == values(study_root / "one")
    assert weights(study_root / "store-of-four") == weights(study_root / "store-of-one")
    told = [sorted(map(str, optuna_trials(one, study_root / run))) for run in ("one", "four")]
    assert told[0] == told[1]


def test_a_resumed_study_is_the_study_that_was_never_interrupted(study_root, finished_study):
    config, run = finished_study
    own = tiny_study(study_root / "stopped-store", **QUIET)
    interrupted = study_root / "stopped"
    for rungs_until_stop in (2, 15):
        rungs = iter(range(rungs_until_stop - 1))

        def stop(assignment, rung, rungs=rungs):
            if next(rungs, None) is None:
                raise SearchStopped("enough")

        with pytest.raises(SearchStopped):
            run_alone(own, interrupted, after_rung=stop)
    run_alone(own, interrupted)
    assert values(interrupted) == values(run)
    assert weights(study_root / "stopped-store").items() <= weights(study_root / "store").items()
    assert optuna_trials(own, interrupted) == optuna_trials(config, run)


def test_a_new_run_folder_on_a_warm_store_trains_nothing(study_root, finished_study):
    config, run = finished_study
    run_alone(config, study_root / "warm")
    rows = read_rows(RunFolder(study_root / "warm").observations)
    assert sum(row["examples_needed"] for row in rows) > 0
    assert [row for row in rows if row["examples_paid"]] == []
    assert values(study_root / "warm") == values(run)


def test_an_extended_study_is_the_longer_study(study_root, finished_study):
    _, run = finished_study
    extended = study_root / "extended"
    store = study_root / "store"
    run_alone(tiny_study(store, **QUIET, budget={"trials": 1}), extended)
    run_alone(tiny_study(store, **QUIET), extended)
    assert values(extended) == values(run)
