"""What Optuna is asked and told, and what survives a restart."""

from itertools import product

import optuna
import pytest
from optuna.trial import TrialState

from search.draft import draft_of
from search.gp.observed import Problem, known_of
from search.samplers import sampler_factory
from search.suggestions import MAX_DUPLICATES, Outcome, Suggestions
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.rungs import rungs
from spaces.space import CurriculumSpace

SPACE = CurriculumSpace(tasks=("a", "b", "c"), sizes=(100, 300), max_stages=2)
SAMPLERS = {
    "TPESampler": {"n_startup_trials": 3},
    "RandomSampler": {},
    "GPSampler": {"n_startup_trials": 3},
    "CurriculumSampler": {"prior": {"a": 1.0, "c": -1.0}},
}
TWO_RUNGS = rungs("targets", num_rungs=2, reduction_factor=3, max_stages=2)
WITH_NOTES = {
    "NSGAIISampler": {"population_size": 4},
    "QMCSampler": {"warn_independent_sampling": False},
}
"""Samplers that write into the study what they will need later."""
TOLD = ("number", "state", "value", "params", "user_attrs")
SMALL = CurriculumSpace(tasks=("a",), sizes=(100, 300), max_stages=1)


def suggestions(study, space=SPACE, codec="slots", sampler="TPESampler", **others):
    options, translate = (SAMPLERS | WITH_NOTES)[sampler], CODECS[codec](space)
    problem = Problem(space=space, codec=translate, rungs=TWO_RUNGS)
    return Suggestions(
        study,
        space=space,
        codec=translate,
        new_sampler=sampler_factory(sampler, options, problem),
        seed=7,
        **others,
    )


def value_of(curriculum):
    return 0.5 + len(curriculum) / 10 - curriculum.num_examples / 1e5


def complete(curriculum):
    return Outcome((value_of(curriculum),), TrialState.COMPLETE)


def run(asked, number, outcome=complete):
    found = []
    for _ in range(number):
        curriculum = asked.ask()
        if curriculum is None:
            break
        asked.tell(curriculum, outcome(curriculum))
        found.append(str(curriculum))
    return found


def new_study():
    return optuna.create_study(direction="maximize")


@pytest.mark.parametrize("codec", CODECS)
def test_nothing_is_proposed_twice_and_optuna_has_one_trial_per_curriculum(codec):
    study = new_study()
    asked = suggestions(study, codec=codec)
    found = run(asked, 20)
    assert len(set(found)) == 20
    assert asked.num_sampled == 20
    assert [trial.user_attrs["curriculum"] for trial in study.trials] == found
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 20
    encode = CODECS[codec](SPACE).encode
    assert [t.params for t in study.trials] == [encode(parse_curriculum(text)) for text in found]


def test_an_exhausted_space_ends_with_none_and_every_curriculum_was_proposed():
    asked = suggestions(new_study(), space=SMALL)
    assert set(run(asked, 10)) == {str(c) for c in SMALL.enumerate()}
    assert asked.ask() is None


class Stubborn:
    """A codec by which all parameters mean the empty curriculum."""

    def __init__(self):
        self.decoded = 0
        self.encode = CODECS["slots"](SPACE).encode
        self.distributions = CODECS["slots"](SPACE).distributions

    def decode(self, params):
        self.decoded += 1
        return Curriculum()


def test_a_sampler_that_repeats_itself_is_asked_so_often_and_no_more(monkeypatch):
    stubborn = Stubborn()
    monkeypatch.setitem(CODECS, "stubborn", lambda space: stubborn)
    asked = suggestions(new_study(), codec="stubborn")
    first, second = run(asked, 2)
    assert first == "none" != second
    assert stubborn.decoded == 1 + MAX_DUPLICATES


def test_enumeration_goes_through_the_space_in_its_order():
    found = run(suggestions(new_study(), enumerate_all=True), 100)
    assert found == [str(c) for c in SPACE.enumerate()]


def test_a_running_trial_of_a_killed_launch_is_taken_over_and_closed():
    study = new_study()
    killed = suggestions(study).ask()
    again = suggestions(study)
    assert [(c, outcome) for c, _, outcome in again.told()] == [(killed, None)]
    again.tell(killed, Outcome((0.1, 0.2), TrialState.PRUNED))
    assert study.trials[0].state == TrialState.PRUNED
    assert study.trials[0].intermediate_values == {0: 0.1, 1: 0.2}
    assert again.num_sampled == 1


def test_trials_of_others_in_the_study_are_left_alone():
    study = new_study()
    study.ask(CODECS["slots"](SPACE).distributions())
    asked = suggestions(study)
    assert asked.num_sampled == 0
    asked.tell(asked.ask(), Outcome((0.5,), TrialState.COMPLETE))
    assert [trial.state.name for trial in study.trials] == ["RUNNING", "COMPLETE"]


def test_failed_trials_are_told_as_failed_with_their_reason():
    study = new_study()
    asked = suggestions(study)
    asked.tell(asked.ask(), Outcome((), TrialState.FAIL, failure="diverged"))
    assert study.trials[0].state == TrialState.FAIL
    assert study.trials[0].user_attrs["failure"] == "diverged"


def test_baselines_inform_the_sampler_but_do_not_count():
    study = new_study()
    asked = suggestions(study)
    asked.open(Curriculum(), role="baseline")
    asked.tell(Curriculum(), Outcome((0.4,), TrialState.COMPLETE))
    assert asked.num_sampled == 0
    assert study.trials[0].value == 0.4
    assert "none" not in run(asked, 10)


def test_an_unknown_sampler_or_option_is_refused():
    with pytest.raises(ValueError, match="TPESampler"):
        sampler_factory("TreeSampler", {})
    with pytest.raises(ValueError, match=r"sampler\.options"):
        sampler_factory("TPESampler", {"no_such_option": 1})


TIGHT = CurriculumSpace(tasks=("a", "b"), sizes=(100, 300), max_stages=2)
"""13 curricula: samplers repeat themselves, so that some are drawn from what is left."""
CASES = [
    (*case, sampler, 1)
    for case in product(CODECS, ((SPACE, 16), (TIGHT, 14)))
    for sampler in ("TPESampler", "RandomSampler", "CurriculumSampler")
]
CASES += [("lehmer", (SPACE, 6), "GPSampler", 1)]  # it is slow
CASES += [("slots", asked, "TPESampler", 4) for asked in ((SPACE, 16), (TIGHT, 14))]
CASES += [("slots", (SPACE, 8), "CurriculumSampler", 3)]


def some_pruned(curriculum):
    if curriculum.num_examples % 400:
        return Outcome((value_of(curriculum) / 2, value_of(curriculum)), TrialState.COMPLETE)
    return Outcome((value_of(curriculum) / 2,), TrialState.PRUNED)


@pytest.fixture
def drawn_from_the_rest(monkeypatch):
    """Counts draws from what is left of a space."""
    count = []
    shuffled = Suggestions._shuffled
    monkeypatch.setattr(
        Suggestions, "_shuffled", lambda self, rng: count.append(1) or shuffled(self, rng)
    )
    return count


@pytest.mark.parametrize(("codec", "asked", "sampler", "of"), CASES)
def test_the_next_proposal_depends_on_the_trials_alone(
    codec, asked, sampler, of, drawn_from_the_rest
):
    space, number = asked
    how = {"space": space, "codec": codec, "sampler": sampler, "proposals": of}
    straight = suggestions(new_study(), **how)
    found = run(straight, number, some_pruned)
    assert drawn_from_the_rest or space is SPACE
    kept = new_study()
    for k, proposed in enumerate(found):
        assert run(suggestions(kept, **how), 1, some_pruned) == [proposed]
        lost = suggestions(new_study(), **how)  # rebuilt as from the observations
        for curriculum, role, outcome in straight.told()[:k]:
            lost.open(curriculum, role=role)
            lost.tell(curriculum, outcome)
        assert str(lost.ask()) == proposed
    assert kept.trials_dataframe(attrs=TOLD).equals(straight._study.trials_dataframe(attrs=TOLD))


def test_a_draft_copies_no_trial_and_what_is_asked_there_stays_there():
    asked = suggestions(new_study(), sampler="RandomSampler")
    run(asked, 12, some_pruned)
    study, draft = asked._study, draft_of(asked._study)
    trials = study.get_trials(deepcopy=False)
    drafted = draft.get_trials(deepcopy=False)
    assert all(one is other for one, other in zip(trials, drafted, strict=True))
    before = study.trials
    assert len(asked._proposed(draft)) == 1
    new = draft.get_trials(deepcopy=False)[len(trials) :]
    assert [trial.number for trial in new] == [*range(len(trials), len(trials) + len(new))] != []
    assert study.trials == before


def test_a_search_is_drafted_once_for_each_trial_however_often_its_sampler_is_asked(monkeypatch):
    drafts = []
    monkeypatch.setattr(
        "search.suggestions.draft_of", lambda study: drafts.append(draft_of(study)) or drafts[-1]
    )
    run(suggestions(new_study(), sampler="RandomSampler", proposals=4), 10)
    assert len(drafts) == 10
    assert all(len(draft.trials) >= k + 4 for k, draft in enumerate(drafts))


def test_our_sampler_reads_each_record_of_a_trial_once():
    translate = CODECS["slots"](SPACE)
    problem = Problem(space=SPACE, codec=translate, rungs=TWO_RUNGS)
    asked, memory = suggestions(new_study(), sampler="RandomSampler"), {}
    asked.open(parse_curriculum("a:100"), role="baseline")
    asked.note_other_seed("a:100", 3, [0.25])
    for k in range(10):
        known = known_of(asked._study, problem, memory=memory)
        assert known == known_of(asked._study, problem)
        told = dict(memory)
        known_of(asked._study, problem, memory=memory)
        assert all(memory[number] is told[number] for number in told)
        curriculum = asked.ask()  # read as running, then as it ended
        known_of(asked._study, problem, memory=memory)
        if k % 3:
            asked.tell(curriculum, some_pruned(curriculum))


def test_of_several_proposals_the_one_runs_that_shares_most_with_the_trials():
    asked = suggestions(new_study(), sampler="RandomSampler", proposals=8)
    asked.open(parse_curriculum("a:300 > b:100"), role="baseline")
    proposed = [*asked._proposed(draft_of(asked._study))]
    assert len(proposed) == 8
    shares = [to_train(c, begun="a:300") for c in proposed]
    assert len(set(shares)) > 1
    assert asked.ask() == proposed[shares.index(min(shares))]


def to_train(curriculum, *, begun):
    """Share of the examples behind the only prefix that any other curriculum has in common."""
    known = curriculum.stages[0].num_examples if str(curriculum).startswith(begun) else 0
    return 1 - known / curriculum.num_examples


@pytest.mark.parametrize("sampler", WITH_NOTES)
def test_what_a_sampler_notes_in_the_study_survives_a_restart(sampler):
    straight, study = suggestions(new_study(), sampler=sampler), new_study()
    found = run(straight, 16)
    assert [run(suggestions(study, sampler=sampler), 1) for _ in found] == [[t] for t in found]
    notes = [s._storage.get_study_system_attrs(s._study_id) for s in (study, straight._study)]
    assert notes[0] == notes[1] != {}
