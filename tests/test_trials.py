"""The decisions of a search without Ray and without training: crowded prefixes and their seeds."""

from __future__ import annotations

from itertools import pairwise, product
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_search import (
    NEVER,
    NUM_RUNGS,
    SINGLES,
    SPACE,
    TIGHT,
    Search,
    assign,
    curricula,
    row_of,
)

from analysis.crowded import crowded
from analysis.noise import noise_by_rung
from analysis.observations import CROWDED_PREFIX
from search import noise_trials
from search.confirm import Confirmation
from search.endings import Budget, SearchStopped, Verdict
from search.noise_trials import Arrivals
from search.pace import Pace
from search.tally import Tally
from spaces.codecs import CODECS
from spaces.crowding import CROWDED, Crowding, crowded_prefixes
from spaces.curriculum import parse_curriculum
from spaces.stopping import pooled_sd

ON_D = ["d:1 > a:1", "d:1 > b:1", "d:1 > c:1", "d:1 > e:1", "d:1 > f:1"]
OTHERS = ["c:1", "e:3", "f:3 > c:1"]

prefixes = st.lists(st.sampled_from("ab"), max_size=3, min_size=1)
many = st.lists(prefixes, max_size=30).map(
    lambda found: curricula(dict.fromkeys(" > ".join(f"{t}:1" for t in c) for c in found))
)


@given(many)
def test_crowded_prefixes_are_those_of_the_definition(drawn):
    standing = {
        prefix: {other for other in drawn if prefix in other.prefixes()}
        for curriculum in drawn
        for prefix in curriculum.prefixes()[1:]
    }
    expected = {
        prefix: len(own)
        for prefix, own in standing.items()
        if len(own) >= CROWDED
        and not any(own == other and len(p) > len(prefix) for p, other in standing.items())
    }
    assert crowded_prefixes(drawn) == expected


@given(many)
def test_more_curricula_take_no_crowded_prefix_away(drawn):
    found = [crowded_prefixes(drawn[:n]).keys() for n in range(len(drawn) + 1)]
    assert all(before <= after for before, after in pairwise(found))


@given(many)
def test_counted_one_by_one_the_same_prefixes_are_crowded_from_the_same_curriculum_on(drawn):
    counting = Crowding()
    for n, curriculum in enumerate(drawn, 1):
        before = [*counting.crowded]
        added = counting.add(curriculum)
        assert [*counting.crowded] == before + added
        places = counting.crowded
        assert sorted(places, key=places.get) == [*crowded_prefixes(drawn[:n])]


def test_a_crowded_prefix_runs_once_on_the_studys_seed_and_on_the_second_one():
    found = Search([*ON_D[:3], *OTHERS, *ON_D[3:], "d:1 > a:3"], budget=9).run()
    assert found.on_crowded == [("d:1", 1), ("d:1", 2)]
    roles = {row["role"] for row in found.rows if row["variant"] == CROWDED_PREFIX}
    assert roles == {"noise"}
    places = {identity: place for place, identity in enumerate(found.order)}
    second = places["search", "d:1", CROWDED_PREFIX, 2, 2]
    last_of_five = places["search", ON_D[4], "", 1, 1]
    after = places["search", "d:1 > a:3", "", 1, 1]
    assert last_of_five < second < after


def test_fewer_trials_make_no_prefix_crowded():
    found = Search([*ON_D[:4], *OTHERS], budget=7).run()
    assert found.on_crowded == []


def test_a_prefix_known_on_the_studys_seed_runs_on_the_second_alone():
    known = Search(["d:1", *ON_D[:4]], budget=5, z=NEVER).run()
    assert known.on_crowded == [("d:1", 2)]
    stopped = Search(["d:1", *ON_D[:4]], budget=5, z=0.0).run()
    assert stopped.verdicts[("search", "d:1", "", 1, 1), 1].stopped
    assert stopped.on_crowded == [("d:1", 1), ("d:1", 2)]  # both run to the end


def test_noise_seeds_cover_the_best_single():
    texts = ["c:1", "d:1", "e:1", "f:1", "c:3"]
    found = Search([f"{single} > {t}" for single in SINGLES for t in texts], budget=10).run()
    best = found.trials._noise_seeds[-1].curriculum
    other = next(str(single) for single in SINGLES if str(single) != best)
    assert found.on_crowded == [(other, 2)]


def test_of_nested_prefixes_with_the_same_trials_only_the_longest_runs():
    nested = [f"d:1 > e:1 > {text}" for text in ("a:1", "b:1", "c:1", "f:1", "a:3")]
    assert Search(nested, budget=5).run().on_crowded == [("d:1 > e:1", 1), ("d:1 > e:1", 2)]
    apart = Search([*nested, "d:1 > a:1"], budget=6).run()
    assert apart.on_crowded[2:] == [("d:1", 1), ("d:1", 2)]


def test_without_noise_seeds_nothing_more_runs():
    found = Search(ON_D, budget=5, noise=()).run()
    assert found.on_crowded == []
    assert {row["role"] for row in found.rows} == {"baseline", "sampled"}


def test_they_do_not_count_as_trials_and_the_sampler_never_sees_them(monkeypatch):
    options = {"budget": 40, "z": NEVER, "sampler": "TPESampler"}
    found = Search(**options).run()
    assert len(found.proposed) == 40
    assert found.on_crowded
    monkeypatch.setattr(noise_trials.Crowding, "add", lambda self, curriculum: [])
    plain = Search(**options).run()
    assert plain.on_crowded == []
    assert found.proposed == plain.proposed
    told = [[(t.params, t.state, t.value) for t in s.study.trials] for s in (found, plain)]
    assert told[0] == told[1]
    own = [row for row in found.rows if row["variant"] != CROWDED_PREFIX]
    assert own == plain.rows


def test_a_crowded_prefix_may_still_be_proposed_and_is_then_a_trial_of_its_own():
    found = Search([*ON_D, "d:1"], budget=6, z=NEVER).run()
    own = [r for r in found.rows if (r["curriculum"], r["stage_seed"]) == ("d:1", 1)]
    assert [(r["role"], r["variant"]) for r in own] == [("noise", CROWDED_PREFIX)] * 3 + [
        ("sampled", "")
    ] * 3
    values = [row["value"] for row in own]
    assert values[:3] == values[3:]


def test_their_rungs_count_in_the_noise_once_each():
    found = Search([*ON_D, "d:1", "f:1"], budget=7, z=NEVER).run()
    asked = assign(parse_curriculum("f:1"), "sampled", None)
    frame = values_of(found.rows)
    for rung in range(NUM_RUNGS):
        measured = noise_by_rung(frame)[rung]
        assert measured.num_repeated == 3  # none, the best single task, d:1
        assert measured.degrees == 2 + 2 + 1
        assert found.trials._noise(rung, asked) == pytest.approx(measured.noise)


SCRIPT = [*ON_D[:4], "c:1", ON_D[4], "d:1", "e:1 > d:1", "f:1", "b:1", "c:3 > a:1", "f:3", "e:1"]


@pytest.fixture(scope="module", params=["scripted", "proposed"])
def straight(request):
    """How to search, and a search that ran in one go."""
    script, budget = (SCRIPT, len(SCRIPT)) if request.param == "scripted" else (None, 40)
    options = {"script": script, "budget": budget}
    found = Search(**options).run()
    stopped = [verdict for verdict in found.verdicts.values() if verdict.stopped]
    assert stopped and len(found.on_crowded) >= 2
    return options, found


@pytest.mark.parametrize("optuna_is", ["kept", "lost"])
def test_interrupted_anywhere_and_resumed_is_the_same_search(straight, optuna_is):
    options, found = straight
    for after in range(0, len(found.rows), 1 if options["script"] else 5):
        begun = Search(**options).run(after)
        study = begun.study if optuna_is == "kept" else None
        resumed = Search(**options, rows=begun.rows, study=study).run()
        assert resumed.rows == found.rows
        assert resumed.proposed == found.proposed


AGAIN = [*product(CODECS, (SPACE, TIGHT), ("TPESampler", "RandomSampler"))]
AGAIN += [("slots", SPACE, "CurriculumSampler"), ("lehmer", TIGHT, "CurriculumSampler")]


@pytest.mark.parametrize(
    ("codec", "space", "sampler"),
    AGAIN,
    ids=[
        f"{codec}-{sampler}-{'wide' if space is SPACE else 'tight'}"
        for codec, space, sampler in AGAIN
    ],
)
def test_interrupted_again_and_again_it_is_the_same_search(codec, space, sampler):
    options = {"codec": codec, "space": space, "sampler": sampler, "budget": 25}
    found = Search(**options).run()
    assert len(found.proposed) == (25 if space is SPACE else TIGHT.count() - 3)
    for every, optuna_is in product((1, 4), ("kept", "lost")):
        again = Search(**options)
        for after in range(every, len(found.rows), every):
            again.run(after)
            study = again.study if optuna_is == "kept" else None
            again = Search(**options, rows=again.rows, study=study)
        assert again.run().rows == found.rows
        assert again.proposed == found.proposed


def test_decided_on_again_everything_meets_the_noise_that_it_met(straight):
    options, found = straight
    again = Search(**options, rows=found.rows).run()
    assert again.rows == found.rows
    stopped = {key: verdict for key, verdict in again.verdicts.items() if verdict.stopped}
    assert stopped == {key: verdict for key, verdict in found.verdicts.items() if verdict.stopped}
    margins = {verdict.reason.split()[-1] for verdict in stopped.values()}
    assert len(margins) > NUM_RUNGS - 1  # a crowded prefix came between them


def test_an_extended_search_is_the_longer_search():
    whole = Search(SCRIPT, budget=len(SCRIPT)).run()
    for budget in range(len(SCRIPT)):
        short = Search(SCRIPT, budget=budget).run()
        assert short.rows == whole.rows[: len(short.rows)]
        longer = Search(SCRIPT, budget=len(SCRIPT), rows=short.rows, study=short.study).run()
        assert longer.rows == whole.rows


def test_a_failed_second_seed_leaves_the_trials_alone():
    found = Search([*ON_D, "d:1"], budget=6, z=NEVER)
    on_rung = found.trials.on_rung

    def fails_at_once(assignment, rung, rows):
        if assignment.variant == CROWDED_PREFIX and assignment.stage_seed == 1:
            found.trials.on_failure(assignment, "loss is NaN")
            return Verdict(ends=True)
        return on_rung(assignment, rung, rows)

    found.trials.on_rung = fails_at_once
    found.run()
    assert found.on_crowded == [("d:1", 2)]
    assert found.proposed[-1] == "d:1"
    assert {trial.state.name for trial in found.study.trials} == {"COMPLETE"}


def values_of(rows):
    """As `objective_values` gives them."""
    return pd.DataFrame(rows)


def test_the_table_has_both_seeds_and_the_noise_of_a_difference():
    found = Search(ON_D, budget=5, z=NEVER).run()
    frame = values_of(found.rows)
    (line,) = crowded(frame, own=(1, 1), second=(2, 2)).to_dict("records")
    own, second = (row_of(assign("d:1", "noise", seed), NUM_RUNGS - 1)["value"] for seed in (1, 2))
    assert (line["prefix"], line["trials"]) == ("d:1", 5)
    assert (line["score"], line["second_score"]) == (own, second)
    assert line["difference"] == pytest.approx(second - own)
    noise = noise_by_rung(frame)[NUM_RUNGS - 1].noise
    assert line["noise"] == pytest.approx(2**0.5 * noise)


arrivals = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["", CROWDED_PREFIX]), st.integers(1, 3)),
    unique=True,
)


@given(arrivals)
def test_the_noise_met_is_that_of_the_curricula_with_several_seeds_that_came_before(drawn):
    found, values = Arrivals(), {}
    for k, (text, variant, seed) in enumerate(drawn):
        found.record(0, ("search", text, variant, seed, seed), float(k * k))
    for k, (text, variant, seed) in enumerate(drawn):
        groups = {text: own for text, own in values.items() if len(own) > 1}
        expected = pooled_sd([[*groups[text].values()] for text in sorted(groups)])
        assert found.noise(0, before=("search", text, variant, seed, seed)) == expected
        values.setdefault(text, {})[seed] = float(k * k)  # of two variants the later one counts
    assert found.noise(1, before=("search", "a", "", 1, 1)) is None


def test_there_is_no_table_without_a_crowded_prefix():
    frame = values_of(Search(OTHERS, budget=3).run().rows)
    assert crowded(frame, own=(1, 1), second=(2, 2)).empty


def test_a_crowded_prefix_is_no_candidate_unless_it_was_a_trial():
    found = Search(ON_D, budget=5, z=NEVER).run()
    config = SimpleNamespace(
        seeds=SimpleNamespace(stage=1, target=1), confirm=SimpleNamespace(top=99)
    )
    confirmation = Confirmation(config, None, SimpleNamespace(rows=found.rows), None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("search.confirm.Values", lambda _: lambda rows: rows[0]["value"])
        names = {str(curriculum) for curriculum in confirmation._candidates()}
    assert names == {*ON_D, *map(str, SINGLES)}


def test_the_number_of_expected_trials_grows_by_those_of_crowded_prefixes():
    found = Search(ON_D, budget=5, z=NEVER).run()
    tally = Tally(lambda rows: rows[0]["value"])
    config = SimpleNamespace(
        budget=Budget(trials=5),
        enumerate=False,
        confirm=SimpleNamespace(top=0),
        seeds=SimpleNamespace(confirm=()),
    )
    pace = Pace(config, baselines=3 + 2 * 2, tally=tally)
    assert pace.total("search") == 12
    tally.recall([{**row, "examples_needed": 1.0} for row in found.rows])
    assert pace.total("search") == tally.ended("search") == 14


def test_failures_in_a_row_still_end_the_search():
    found = Search(ON_D, budget=5)
    with pytest.raises(SearchStopped, match="3 trials failed"):
        while (assignment := found.trials.next()) is not None:
            found.trials.on_failure(assignment, "broken")
