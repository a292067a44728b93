"""What Optuna is asked and told, and what survives a restart."""

from itertools import groupby

import optuna
import pytest
from optuna.trial import TrialState

from search.suggestions import (
    CURRICULUM,
    DUPLICATE,
    MAX_DUPLICATES,
    Outcome,
    Suggestions,
    sampler_factory,
)
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.space import CurriculumSpace

SPACE = CurriculumSpace(tasks=("a", "b", "c"), sizes=(100, 300), max_stages=2)
SMALL = CurriculumSpace(tasks=("a",), sizes=(100, 300), max_stages=1)


def suggestions(study, space=SPACE, codec="slots", **others):
    return Suggestions(
        study,
        space=space,
        codec=CODECS[codec](space),
        new_sampler=sampler_factory("TPESampler", {"n_startup_trials": 3}),
        seed=7,
        **others,
    )


def value_of(curriculum):
    return 0.5 + len(curriculum) / 10 - curriculum.num_examples / 1e5


def run(asked, number):
    found = []
    for _ in range(number):
        curriculum = asked.ask()
        if curriculum is None:
            break
        asked.tell(curriculum, Outcome((value_of(curriculum),), TrialState.COMPLETE))
        found.append(str(curriculum))
    return found


def new_study():
    return optuna.create_study(direction="maximize")


@pytest.mark.parametrize("codec", CODECS)
def test_nothing_is_proposed_twice_and_duplicates_do_not_count(codec):
    study = new_study()
    asked = suggestions(study, codec=codec)
    found = run(asked, 20)
    assert len(set(found)) == 20
    assert asked.num_sampled == 20
    duplicates = [t for t in study.trials if DUPLICATE in t.user_attrs]
    assert all(t.state == TrialState.COMPLETE for t in duplicates)
    assert all(t.value == value_of(parse_curriculum(t.user_attrs[CURRICULUM])) for t in duplicates)


def test_an_exhausted_space_ends_with_none_and_every_curriculum_was_proposed():
    asked = suggestions(new_study(), space=SMALL)
    assert set(run(asked, 10)) == {str(c) for c in SMALL.enumerate()}
    assert asked.ask() is None


def test_no_more_than_the_stated_duplicates_come_in_a_row():
    study = new_study()
    run(suggestions(study, space=SMALL), 10)
    runs = groupby(DUPLICATE in t.user_attrs for t in study.trials)
    assert max(len(list(group)) for repeated, group in runs if repeated) <= MAX_DUPLICATES


def test_enumeration_goes_through_the_space_in_its_order():
    found = run(suggestions(new_study(), enumerate_all=True), 100)
    assert found == [str(c) for c in SPACE.enumerate()]


def test_proposals_depend_on_the_history_alone_not_on_restarts():
    straight = run(suggestions(new_study()), 12)
    study, restarted = new_study(), []
    for _ in range(12):
        restarted += run(suggestions(study), 1)
    assert restarted == straight


def test_a_running_trial_of_a_killed_launch_is_taken_over_and_closed():
    study = new_study()
    killed = suggestions(study).ask()
    again = suggestions(study)
    assert [(c, outcome) for c, _, outcome in again.told()] == [(killed, None)]
    again.tell(killed, Outcome((0.1, 0.2), TrialState.PRUNED))
    assert study.trials[0].state == TrialState.PRUNED
    assert study.trials[0].intermediate_values == {0: 0.1, 1: 0.2}
    assert again.num_sampled == 1


def test_a_question_killed_before_its_answer_had_a_name_is_closed_once():
    study = new_study()
    study.ask(CODECS["slots"](SPACE).distributions())
    for _ in range(3):  # every later opening meets it again
        asked = suggestions(study)
    assert study.trials[0].state == TrialState.FAIL
    assert asked.num_sampled == 0
    assert asked.ask() is not None


def test_a_duplicate_of_a_running_trial_is_told_when_that_one_ends():
    study = new_study()
    asked = suggestions(study, space=SMALL)
    running = [asked.ask() for _ in range(3)]
    waiting = [t for t in study.trials if DUPLICATE in t.user_attrs]
    assert waiting
    assert all(t.state == TrialState.RUNNING for t in waiting)
    for curriculum in running:
        asked.tell(curriculum, Outcome((0.5,), TrialState.COMPLETE))
    assert all(t.state == TrialState.COMPLETE for t in study.trials)


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
