"""Whoever would be the best runs on further seeds before it is believed; and who is best then."""

from __future__ import annotations

from itertools import groupby
from statistics import fmean

import pandas as pd
import pytest
import scripted_search
from hypothesis import given
from hypothesis import strategies as st
from scripted_search import NEVER, NUM_RUNGS, SPACE, TIGHT, Search, assign

from analysis.best import best_curricula
from analysis.finals import final_values
from analysis.leaderboard import leaderboard
from analysis.noise import noise_by_rung
from analysis.objective import Objective, ScoredTarget
from search.tally import Tally
from spaces.curriculum import parse_curriculum
from spaces.standings import CLEARLY, Standings

BASELINES = {
    (text, seed): 0.1 + seed / 100 for text in ("none", "a:3", "b:3") for seed in (1, 2, 3)
}
"""What the baselines score in these searches."""


def search(scores, *, contenders=1, script=None, **options):
    """Curricula in the order of their scores, nothing stopped."""
    own = [text for text, seed in scores if seed == 1]
    return Search(
        script or own,
        scores=BASELINES | scores,
        contenders=contenders,
        z=NEVER,
        budget=len(script or own),
        **options,
    )


values = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from((1, 2, 3)), st.integers(0, 9)), max_size=20
)


@given(values, st.sampled_from(((), (2,), (2, 3))))
def test_standings_are_the_order_of_means_over_seeds_however_values_arrive(drawn, repeats):
    standings, kept = Standings(repeats), {}
    for text, seed, value in drawn:
        value = kept.setdefault((text, seed), value)
        standings.record(text, seed, value, repeat=seed != 1)
    of = {text: {s: v for (t, s), v in kept.items() if t == text} for text, _ in kept}
    means = {text: fmean(own.values()) for text, own in of.items() if 1 in own}
    assert standings.ranked() == sorted(means, key=lambda text: (-means[text], text))
    assert {text: standings.mean(text) for text in means} == means
    assert {text: standings.seeds(text) for text in of} == {t: own.keys() for t, own in of.items()}
    heard = [text for text in standings.ranked() if of[text].keys() >= set(repeats)]
    assert standings.best in {None, *standings.ranked()[:1], *heard[:1]}
    assert (standings.best is None) == (not means)


def test_nobody_is_believed_before_being_heard_on_all_seeds_once_the_best_was():
    standings = Standings((2,))
    believed = []
    for text, seed, value in (
        ("b:3", 1, 0.3), ("a:3", 1, 0.5), ("b:3", 2, 0.2), ("a:3", 2, 0.3),
        ("c:1", 1, 0.9), ("c:1", 2, 0.1), ("d:1", 1, 0.8), ("c:1", 3, 0.0), ("d:1", 2, 0.6),
    ):  # fmt: skip
        standings.record(text, seed, value, repeat=seed != 1)
        believed.append(standings.best)
    # "b:3" was heard first, but "a:3" was better then; "c:1" was only lucky
    assert believed == ["b:3", "a:3", "a:3", "a:3", "a:3", "c:1", "c:1", "a:3", "d:1"]


def test_no_stages_are_the_best_until_a_curriculum_beats_them_by_more_than_luck():
    standings, believed = Standings((2,)), []
    for text, seed, value in (
        ("none", 1, 0.30), ("a:3", 1, 0.31), ("none", 2, 0.34), ("a:3", 2, 0.35),
        ("c:1", 1, 0.60), ("c:1", 2, 0.56), ("d:1", 1, 0.70), ("d:1", 2, 0.30),
    ):  # fmt: skip
        standings.record(text, seed, value, repeat=seed != 1)
        believed.append(standings.best)
    # "a:3" is the best while nothing says what luck is; "d:1" shows that luck is large
    assert believed == ["none", "a:3", "none", "none", "none", "c:1", "c:1", "none"]
    assert standings.ranked() == ["c:1", "d:1", "a:3", "none"]  # by means, whoever is believed


@given(values)
def test_whoever_is_believed_clearly_beats_no_stages_or_nobody_does(drawn):
    standings, kept = Standings((2,)), {}
    for text, seed, value in drawn:
        text = "none" if text == "a" else text
        kept.setdefault(text, {}).setdefault(seed, value)
        standings.record(text, seed, value, repeat=seed != 1)
    if standings.best in (None, "none") or 1 not in kept.get("none", {}):
        return
    several = [own for own in kept.values() if len(own) > 1]
    degrees = sum(len(own) - 1 for own in several)
    squares = sum((v - fmean(own.values())) ** 2 for own in several for v in own.values())
    own = kept[standings.best], kept["none"]
    error = (squares / max(1, degrees) * sum(1 / len(each) for each in own)) ** 0.5
    assert fmean(own[0].values()) - fmean(own[1].values()) >= CLEARLY * error - 1e-9


def test_a_new_best_runs_on_every_noise_seed_and_others_do_not():
    lucky, good = "c:1", "d:1"
    scores = {(lucky, 1): 0.9, (lucky, 2): 0.2, (lucky, 3): 0.4}
    scores |= {(good, 1): 0.6, (good, 2): 0.7, (good, 3): 0.8}
    found = search(scores | {("e:1", 1): 0.65}).run()
    assert found.on_contenders == [(lucky, 2), (lucky, 3), (good, 2), (good, 3)]
    assert found.trials._standings.best == good


def test_who_falls_behind_after_a_seed_runs_on_no_further_one():
    scores = {("c:1", s): 0.6 for s in (1, 2, 3)} | {("d:1", 1): 0.7, ("d:1", 2): 0.3}
    assert search(scores).run().on_contenders == [("c:1", 2), ("c:1", 3), ("d:1", 2)]


def test_so_many_of_the_best_are_contenders():
    of = {"e:1": 0.8, "d:1": 0.7, "c:1": 0.6, "f:1": 0.5}
    scores = {(text, seed): value for text, value in of.items() for seed in (1, 2, 3)}
    ran = [{text for text, _ in search(scores, contenders=n).run().on_contenders} for n in range(6)]
    of_these = [{text for text in texts if text in of} for texts in ran]
    assert of_these == [set(), {"e:1"}, {"e:1", "d:1"}, {"e:1", "d:1", "c:1"}, set(of), set(of)]
    assert ran[1] == {"e:1"} and "a:3" in ran[5]  # at first only baselines are there


@pytest.fixture
def one_rung(monkeypatch):
    """Nothing can be stopped."""
    monkeypatch.setattr(scripted_search, "NUM_RUNGS", 1)


@pytest.mark.parametrize("space", [SPACE, TIGHT])
def test_where_nothing_can_be_stopped_noise_seeds_run_in_the_end(one_rung, space):
    """But those of the empty curriculum, which others must beat; contenders wait for none of them.

    The tight space is exhausted first.
    """
    found = Search(budget=30, contenders=1, space=space).run()
    roles = {
        (row["curriculum"], row["variant"], row["stage_seed"]): row["role"] for row in found.rows
    }
    noise = [place for place, key in enumerate(roles) if key[1] == "" and roles[key] == "noise"]
    sampled = [place for place, role in enumerate(roles.values()) if role == "sampled"]
    assert noise[:2] == [3, 4] and [key[0] for key in roles][3:5] == ["none", "none"]
    assert len(noise) == 4 and min(noise[2:]) > max(sampled)
    assert found.trials.exhausted == (space is TIGHT)
    assert list(roles).index((*found.on_contenders[0][:1], "contender", 2)) < max(sampled)


@pytest.mark.parametrize("sampler", ["RandomSampler", "CurriculumSampler"])
def test_interrupted_anywhere_with_one_rung_it_is_the_same_search(one_rung, sampler):
    how = {"budget": 9, "contenders": 1, "sampler": sampler}
    straight = Search(**how).run()
    for rungs in range(0, len(straight.rows), 2):
        begun = Search(**how).run(rungs=rungs)
        assert Search(rows=begun.rows, study=begun.study, **how).run().order == straight.order


def test_in_an_enumeration_contenders_come_last_whatever_the_order_was():
    scores = {(text, 1): 0.5 + place / 10 for place, text in enumerate(("c:1", "d:1", "e:1"))}
    scores |= {("e:1", 2): 0.0, ("e:1", 3): 0.0, ("d:1", 2): 0.6, ("d:1", 3): 0.6}
    ran = []
    for script in (["c:1", "d:1", "e:1"], ["e:1", "c:1", "d:1"]):
        found = search(scores, script=script, contend_last=True).run()
        ran.append(found.on_contenders)
        assert [variant for _, _, variant, _, _ in found.order[-3:]] == ["contender"] * 3
    assert ran == [[("e:1", 2), ("d:1", 2), ("d:1", 3)]] * 2


def test_without_noise_seeds_there_are_no_contenders():
    assert search({("c:1", 1): 0.9}, noise=()).run().on_contenders == []


def test_in_the_end_the_first_of_the_standings_was_heard_on_all_seeds():
    for budget in (1, 5, 20, 60):
        found = Search(budget=budget, contenders=1).run()
        standings = found.trials._standings
        assert standings.seeds(standings.ranked(1)[0]) == {1, 2, 3}
        assert len(found.on_contenders) < 40


def test_they_do_not_count_as_trials_nor_in_the_noise():
    with_them, without = (Search(budget=40, contenders=n, z=NEVER).run() for n in (2, 0))
    assert with_them.on_contenders and with_them.proposed == without.proposed
    noises = [
        {rung: found.noise for rung, found in noise_by_rung(pd.DataFrame(own.rows)).items()}
        for own in (with_them, without)
    ]
    assert noises[0] == noises[1]
    last = assign(parse_curriculum("none"), "sampled", 99)  # came after all
    met = [
        own.trials._arrivals.noise(NUM_RUNGS - 1, before=last.identity)
        for own in (with_them, without)
    ]
    assert met[0] == met[1] == pytest.approx(noises[0][NUM_RUNGS - 1])


def test_a_failed_contender_is_not_tried_again_and_the_next_seed_is():
    found = search({("c:1", seed): 0.9 for seed in (1, 2, 3)})
    while (assignment := found.trials.next()) is not None:
        if assignment.variant and assignment.stage_seed == 2:
            found.trials.on_failure(assignment, "lost")
            continue
        for work in assignment.rungs:
            found.trials.on_rung(
                assignment, work.index, found._record([found.row_of(assignment, work.index)])
            )
    assert found.trials.finished()
    assert found.on_contenders == [("c:1", 3)]


@pytest.mark.parametrize("sampler", ["RandomSampler", "CurriculumSampler"])
def test_interrupted_anywhere_and_resumed_the_same_contenders_run(sampler):
    how = {"budget": 14, "contenders": 2, "sampler": sampler, "scores": BASELINES}
    straight = Search(**how).run()
    assert len(straight.on_contenders) >= 4
    for rungs in range(20, len(straight.rows), 9):
        begun = Search(**how).run(rungs=rungs)
        resumed = Search(rows=begun.rows, study=begun.study, **how).run()
        assert resumed.order == straight.order


def test_every_table_names_the_same_best():
    """The live view, the leaderboard and the export read the same rows as the search did."""
    rows = Search(budget=30, contenders=1).run().rows
    wide = [
        row
        | {"part": "evaluation", "split": "search", "target": "t", "language": "x", "metric": "m"}
        | {"layer": None, "items": 1, "examples_needed": 1.0, "overlap": None, "stand_in": False}
        | {"train_overlap": None, "collapsed": False, "numerics": "", "scale": 1.0, "seconds": 0.0}
        for row in rows
    ]
    frame = pd.DataFrame(wide)
    objective = Objective(
        proxy_languages=("x",),
        targets=(ScoredTarget(name="t", metric="m", group="", languages=("x",)),),
    )
    tally = Tally(lambda own: own[0]["value"], Standings((2, 3)))
    for _, own in groupby(
        wide, key=lambda row: (row["curriculum"], row["variant"], row["stage_seed"])
    ):
        tally.recall(list(own))
    text, score = tally.best
    first = leaderboard(frame, objective).ranked.iloc[0]
    assert (first["curriculum"], first["n"]) == (text, 3)
    assert first["score"] == pytest.approx(score)
    exported = next(b for b in best_curricula(frame, objective))
    assert (exported.curriculum, exported.value) == (text, pytest.approx(score))
    assert exported.seeds[0] == (1, 1)


def test_where_no_stages_are_the_best_so_far_it_says_so_of_those_that_scored_higher():
    tally = Tally(lambda own: own[0]["value"], Standings((2,)))
    shown = []
    for text, seed, value in (
        ("none", 1, 0.30), ("a:3", 1, 0.31), ("none", 2, 0.34), ("c:1", 1, 0.6), ("c:1", 2, 0.6),
    ):  # fmt: skip
        tally.standings.record(text, seed, value, repeat=seed != 1)
        shown.append((tally.best[0], tally.doubt))
    yet = " (nothing clearly beats it yet)"
    assert shown == [("none", ""), ("a:3", ""), ("none", ""), ("none", yet), ("c:1", "")]


def test_final_values_have_each_curriculum_and_seeds_once_the_studys_own_first():
    columns = [
        "phase",
        "curriculum",
        "variant",
        "role",
        "rung",
        "num_rungs",
        "stage_seed",
        "target_seed",
        "value",
    ]
    table = pd.DataFrame(
        [
            ("search", "d:1", "crowded prefix", "noise", 1, 2, 2, 2, 0.3),
            ("search", "d:1", "", "sampled", 1, 2, 1, 1, 0.5),
            ("search", "d:1", "contender", "noise", 1, 2, 2, 2, 0.3),
            ("search", "d:1", "", "sampled", 0, 2, 1, 1, 0.4),
            ("search", "e:1", "crowded prefix", "noise", 1, 2, 2, 2, 0.9),
            ("confirm", "d:1", "", "candidate", 0, 1, 11, 11, 0.1),
        ],
        columns=columns,
    )  # fmt: skip
    assert list(final_values(table)["value"]) == [0.5, 0.3]
