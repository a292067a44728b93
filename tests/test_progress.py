"""What is shown while a study runs, from events alone."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from analysis.objective import Objective, ScoredTarget
from search.config import load_study
from search.endings import Verdict
from search.floor import Resources, TrialEvent
from search.objectives import Values
from search.pace import Pace, clock_text, left_text, num_confirm_trials
from search.progress import progress
from search.study import Opening
from search.tally import Tally
from spaces.curriculum import parse_curriculum
from trainables.assignment import Assignment, RungWork

NONE, POS, LONG = "none", "mini-pos:300", "mini-nli:300 > mini-pos:900"

DEMO = load_study("demo")
BASELINES = 6
ALL = DEMO.budget.trials + BASELINES


def assignment(text, *, role="sampled", phase="search", seed=1, rungs=2, **changes):
    split = "search" if phase == "search" else "report"
    work = [
        RungWork(
            index=i,
            scale=1.0,
            curriculum=text,
            train_examples={"mini-udpos": 60},
            metrics={"mini-udpos": "f1"},
            eval_items=20,
            splits={split: {"mini-udpos": ["en", "bor"]}},
        )
        for i in range(rungs)
    ]
    return Assignment(
        phase=phase,
        role=role,
        curriculum=text,
        stage_seed=seed,
        target_seed=seed,
        rungs=tuple(work),
        **changes,
    )


def row(trial, rung, value, *, needed=100.0, paid=100.0):
    """The evaluation of a trial in its proxy language."""
    return {
        "phase": trial.phase,
        "curriculum": trial.curriculum,
        "variant": trial.variant,
        "role": trial.role,
        "rung": rung,
        "num_rungs": len(trial.rungs),
        "stage_seed": trial.stage_seed,
        "target_seed": trial.target_seed,
        "part": "evaluation",
        "target": "mini-udpos",
        "language": "bor",
        "split": "search",
        "metric": "accuracy",
        "value": value,
        "examples_needed": needed,
        "examples_paid": paid,
    }


def started(trial):
    return TrialEvent(kind="started", assignment=trial, detail="waiting for a slot")


def working(trial, detail):
    return TrialEvent(kind="progress", assignment=trial, detail=detail)


def reached(trial, rung, value, *, stopped=False, reason="", **cost):
    ends = stopped or rung == len(trial.rungs) - 1
    return TrialEvent(
        kind="rung",
        assignment=trial,
        detail=f"rung {rung + 1}",
        rung=rung,
        rows=[row(trial, rung, value, **cost)],
        verdict=Verdict(ends=ends, stopped=stopped, reason=reason, value=value),
    )


def failed(trial, why):
    return TrialEvent(kind="failed", assignment=trial, detail=why, verdict=Verdict(ends=True))


@pytest.fixture
def value():
    target = ScoredTarget(
        name="mini-udpos", metric="accuracy", group="g", languages=("en", "bor"), trained=True
    )
    return Values(Objective(proxy_languages=("bor",), targets=(target,)))


def opening(value, **changes):
    found = {"repairs": [], "rows": [], "stopped": [], "failed": [], "value": value}
    resources = Resources(workers=2, cpus=1, gpus=0, max_failures=0)
    return Opening(**{**found, "baselines": BASELINES, "resources": resources, **changes})


def shown(events, opened, *, terminal=False):
    """All that is written about a run."""
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=terminal, color_system=None)
    with progress(console, DEMO) as run:
        run.opened(opened)
        for event in events:
            run.took(event)
    return file.getvalue()


def test_a_log_has_one_aligned_line_per_event_and_none_for_mere_progress(value):
    good, bad = assignment(LONG), assignment(POS)
    lines = shown(
        [
            started(good),
            started(bad),
            working(good, "stage 1 of 2, mini-nli:300: 4 of 10 steps"),
            reached(good, 0, 0.301),
            reached(bad, 0, 0.1, stopped=True, reason="misses the cut"),
            reached(good, 1, 0.452),
        ],
        opening(value),
    ).splitlines()
    assert lines[0].split() == ["0:00", "searching"]
    assert [line.split()[1] for line in lines[1:]] == [
        "started",
        "started",
        "goes",
        "stopped",
        "completed",
    ]
    assert lines[-1].split() == ["0:00", "completed", "2/2", "45.2", "sampled", *LONG.split()]
    assert lines[4].endswith("mini-pos:300  (misses the cut)")
    assert {line.index("sampled") for line in lines[1:]} == {lines[1].index("sampled")}
    assert {line.index("mini-") for line in lines[1:]} == {lines[1].index("mini-")}


def test_a_failure_is_told_with_its_reason(value):
    trial = assignment(POS)
    told = shown([started(trial), failed(trial, "[red] loss is NaN")], opening(value))
    assert told.splitlines()[-1].split("  ")[-1] == "([red] loss is NaN)"


def test_a_resumed_run_begins_with_what_is_known(value):
    empty, noise = assignment(NONE, role="baseline"), assignment(NONE, role="noise", seed=2)
    rows = [row(trial, rung, 0.5 + rung / 10) for trial in (empty, noise) for rung in (0, 1)]
    rows[-1] = row(noise, 1, 0.9, paid=0.0)
    told = shown(
        [],
        opening(
            value,
            rows=rows,
            stopped=[parse_curriculum(POS)],
            failed=[parse_curriculum(LONG)],
            repairs=["study.journal: cut a torn last line"],
        ),
    )
    assert "repaired   study.journal: cut a torn last line" in told
    assert f"4 of {ALL} ended (2 completed, 1 stopped, 1 failed)" in told
    assert "best: 75.0  none" in told  # the mean over its seeds
    assert "store hits 25 %; 300 examples paid of 400 needed" in told


def test_a_terminal_shows_running_trials_with_rung_and_detail(value):
    first, control = assignment(LONG), assignment(POS)
    told = shown(
        [
            started(first),
            reached(first, 0, 0.25),
            started(control),
            working(control, "waiting for stage 1"),
            working(first, "target mini-udpos"),
        ],
        opening(value),
        terminal=True,
    )
    last = told[told.rindex("demo: searching") : told.rindex("\x1b")].rstrip()
    assert f"0 of {ALL} ended (0 completed, 0 stopped, 0 failed); 1 of 2 slots busy" in last
    assert [" ".join(line.split()) for line in last.splitlines()[-2:]] == [
        f"{LONG} sampled 2/2 target mini-udpos",
        f"{POS} sampled 1/2 waiting for stage 1",
    ]


def test_a_trial_that_runs_again_after_a_failure_counts_once(value):
    tally, trial = Tally(value), assignment(POS)
    for event in (started(trial), failed(trial, "lost"), started(trial), reached(trial, 1, 0.4)):
        tally.take(event)
    assert (tally.num_completed("search"), tally.num_failed("search")) == (1, 0)
    assert tally.ended("search") == 1
    assert not tally.running


def test_events_and_recorded_rows_give_the_same_tally(value):
    good, bad = assignment(LONG), assignment(POS)
    events = [
        started(good),
        reached(good, 0, 0.2),
        started(bad),
        reached(bad, 0, 0.1, stopped=True, paid=0.0),
        reached(good, 1, 0.3),
    ]
    live, recalled = Tally(value), Tally(value)
    for event in events:
        live.take(event)
    recalled.recall([r for e in events for r in e.rows], stopped=[bad.identity])
    assert (live.completed, live.stopped) == (recalled.completed, recalled.stopped)
    assert live.best == recalled.best == (LONG, 0.3)
    assert live.spent == recalled.spent


def test_time_left_is_in_proportion_to_what_ended(value):
    tally = Tally(value)
    pace = Pace(DEMO, baselines=BASELINES, tally=tally)
    assert pace.seconds_left() is None  # nothing has ended
    for i in range(1, 12):
        trial = assignment(f"mini-pos:{i}")
        tally.take(reached(trial, 1, 0.4))
    half = pace.seconds_left()
    tally.take(reached(assignment("mini-pos:99"), 1, 0.4))
    assert half is not None and pace.seconds_left() is not None
    for i in range(100, 100 + ALL - 12):
        tally.take(reached(assignment(f"mini-pos:{i}"), 1, 0.4))
    assert pace.seconds_left() == 0.0  # all have


def test_confirmation_of_the_demo_has_at_most_16_trials():
    # 2 seeds x (2 candidates, none, 2 learning rates, equal examples, reversed, jointly)
    assert num_confirm_trials(DEMO, candidates=30) == 16


def test_where_all_are_confirmed_those_that_ran_to_the_end_count():
    config = DEMO.model_copy(update={"confirm": DEMO.confirm.model_copy(update={"top": "all"})})
    tally = Tally(value=lambda rows: 0.5)
    pace = Pace(config, baselines=3, tally=tally)
    before = pace.total("confirm")
    tally.take(reached(assignment("mini-pos:1"), 1, 0.4))
    assert pace.total("confirm") == before + 2


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (67.9, "1:07"), (3600, "1:00:00"), (86399, "23:59:59")]
)
def test_clock_text(seconds, text):
    assert clock_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (3, "about 10 s left"),
        (44, "about 40 s left"),
        (200, "about 3 min left"),
        (9000, "about 2.5 h left"),
    ],
)
def test_time_left_is_rough(seconds, text):
    assert left_text(seconds) == text


def test_controls_of_the_empty_curriculum_do_not_move_what_gains_are_measured_against():
    target = ScoredTarget(
        name="mini-udpos", metric="accuracy", group="g", languages=("en", "bor"), trained=True
    )
    value = Values(
        Objective(aggregate="standardised-gain", proxy_languages=("bor",), targets=(target,))
    )
    better = row(assignment(LONG), 0, 0.6)
    empty = row(assignment("none"), 0, 0.5)
    value([empty])
    before = value([better])
    value([empty | {"variant": "lr x3", "value": 0.1}])
    assert value([better]) == before
    value([empty | {"phase": "confirm", "value": 0.1}])
    assert value([better]) == before
