"""Which curriculum comes next? Optuna's ask-and-tell, with duplicates answered from what is known.

Optuna's study is the third place of the truth, behind the store and the observations: everything
here can be told again. Each trial carries its curriculum in clear as a user attribute. The sampler
is made anew for every question from the study's seed and the number of trials so far, so that
what it proposes depends on the history and on nothing else: not on clocks, not on restarts.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from spaces.codecs import Codec
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.space import CurriculumSpace
from trainables.keys import digest

log = logging.getLogger(__name__)

MAX_DUPLICATES = 20
"""Duplicates in a row before what is left is enumerated or drawn."""
ENUMERABLE = 50_000
"""Spaces up to this size are enumerated when the sampler repeats itself; larger ones are drawn."""

CURRICULUM, ROLE, DUPLICATE, FAILURE = "curriculum", "role", "duplicate_of", "failure"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a curriculum ended at the study's own seeds."""

    values: tuple[float, ...]
    """Objective at each rung reached, in order."""
    state: TrialState
    """COMPLETE, PRUNED (stopped by ASHA) or FAIL."""
    failure: str = ""


class Suggestions:
    """The Optuna study of one search and the rules around it.

    Args:
        study: Optuna study in its own storage.
        space: what may be proposed.
        codec: between curricula and Optuna's parameters.
        new_sampler: a sampler from a seed.
        seed: the study's sampler seed.
        enumerate_all: run the whole space in its own order instead of sampling.
    """

    def __init__(
        self,
        study: optuna.Study,
        *,
        space: CurriculumSpace,
        codec: Codec,
        new_sampler: Callable[[int], BaseSampler],
        seed: int,
        enumerate_all: bool = False,
    ) -> None:
        self._study = study
        self._space = space
        self._codec = codec
        self._distributions: dict[str, BaseDistribution] = dict(codec.distributions())
        self._new_sampler = new_sampler
        self._seed = seed
        self._remaining: Iterator[Curriculum] | None = None
        if enumerate_all:
            self._remaining = iter(self._space.enumerate())
        self._trials: dict[str, FrozenTrial] = {}
        self._waiting: dict[str, list[int]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._duplicates_in_a_row = 0
        for trial in study.get_trials(deepcopy=False):
            self._adopt(trial)

    @property
    def num_sampled(self) -> int:
        """Sampled trials so far, running ones included; duplicates and baselines do not count."""
        return sum(t.user_attrs.get(ROLE) == "sampled" for t in self._trials.values())

    def sampled(self) -> list[Curriculum]:
        """The sampled curricula in the order in which they began, running ones included."""
        sampled = (t for t, trial in self._trials.items() if trial.user_attrs[ROLE] == "sampled")
        return [parse_curriculum(text) for text in sampled]

    def told(self) -> list[tuple[Curriculum, str, Outcome | None]]:
        """Curriculum, role and outcome of every trial, oldest first; None: it did not end."""
        return [
            (parse_curriculum(text), trial.user_attrs[ROLE], self._outcomes.get(text))
            for text, trial in self._trials.items()
        ]

    def ended_as(self, state: TrialState) -> list[Curriculum]:
        """Curricula whose trials are known to have ended in this state."""
        ended = self._outcomes.items()
        return [parse_curriculum(text) for text, found in ended if found.state == state]

    def ask(self) -> Curriculum | None:
        """A curriculum not tried before, or None if the space is exhausted."""
        if self._remaining is None:
            while self._duplicates_in_a_row < MAX_DUPLICATES:
                curriculum = self._ask_sampler()
                if curriculum is not None:
                    return curriculum
            log.info("the sampler repeated itself %d times: taking from the rest", MAX_DUPLICATES)
        curriculum = self._take_remaining()
        if curriculum is not None:
            self.open(curriculum, role="sampled")
        return curriculum

    def open(self, curriculum: Curriculum, *, role: str) -> None:
        """Begin a trial for a given curriculum; outside the space it has no Optuna trial."""
        text = str(curriculum)
        if text in self._trials or not self._space.contains(curriculum):
            return
        params = dict(self._codec.encode(curriculum))
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=params,
                distributions=self._distributions,
                user_attrs={CURRICULUM: text, ROLE: role},
            )
        )
        self._trials[text] = self._study.get_trials(deepcopy=False)[-1]
        if role == "sampled":
            self._duplicates_in_a_row = 0

    def tell(self, curriculum: Curriculum, outcome: Outcome) -> None:
        """Close the trial of a curriculum and of the duplicates that wait for it."""
        text = str(curriculum)
        if text not in self._trials or text in self._outcomes:
            return
        self._outcomes[text] = outcome
        self._close(self._trials[text].number, outcome)
        for number in self._waiting.pop(text, []):
            self._close(number, outcome)

    def _ask_sampler(self) -> Curriculum | None:
        """Ask once; a duplicate is answered, or waits for its running twin, and gives None."""
        self._study.sampler = self._new_sampler(self._seed_of_question())
        trial = self._study.ask(self._distributions)
        curriculum = self._codec.decode(trial.params)
        text = str(curriculum)
        trial.set_user_attr(CURRICULUM, text)
        if text in self._trials:
            self._duplicates_in_a_row += 1
            trial.set_user_attr(DUPLICATE, self._trials[text].number)
            self._answer_duplicate(text, trial.number)
            return None
        self._duplicates_in_a_row = 0
        trial.set_user_attr(ROLE, "sampled")
        self._trials[text] = self._study.get_trials(deepcopy=False)[trial.number]
        return curriculum

    def _answer_duplicate(self, text: str, number: int) -> None:
        if text in self._outcomes:
            self._close(number, self._outcomes[text])
        else:
            self._waiting.setdefault(text, []).append(number)

    def _seed_of_question(self) -> int:
        question = [self._seed, len(self._trials), self._duplicates_in_a_row]
        return int(digest(question)[:8], 16) % 2**31

    def _take_remaining(self) -> Curriculum | None:
        if self._remaining is None:
            self._remaining = self._shuffled_rest()
        for curriculum in self._remaining:
            if str(curriculum) not in self._trials:
                return curriculum
        return None

    def _shuffled_rest(self) -> Iterator[Curriculum]:
        """What is left, in random order: all of a small space, draws from a large one."""
        rng = random.Random(self._seed_of_question())
        count = self._space.count()
        if count <= ENUMERABLE:
            for index in rng.sample(range(count), count):
                yield self._space.nth(index)
        else:
            while True:  # far more curricula than trials: a new one is soon drawn
                yield self._space.draw(rng)

    def _adopt(self, trial: FrozenTrial) -> None:
        """Take over a trial of an earlier launch; a running one goes on under its number."""
        text = trial.user_attrs.get(CURRICULUM)
        running = trial.state == TrialState.RUNNING
        if text is not None and ROLE in trial.user_attrs:
            self._duplicates_in_a_row = 0
            self._trials[text] = trial
            if not running:
                self._outcomes[text] = _outcome_of(trial)
        elif text is not None and DUPLICATE in trial.user_attrs:
            self._duplicates_in_a_row += 1
            if running:
                self._answer_duplicate(text, trial.number)
        elif running:  # killed between the question and the answer's name: nothing was promised
            self._study.tell(trial.number, state=TrialState.FAIL)

    def _close(self, number: int, outcome: Outcome) -> None:
        self._study.sampler = RandomSampler()  # a Trial object asks its sampler, nothing is drawn
        frozen = self._study.get_trials(deepcopy=False)[number]
        trial = optuna.trial.Trial(self._study, frozen._trial_id)
        if outcome.state == TrialState.FAIL:
            trial.set_user_attr(FAILURE, outcome.failure)
            self._study.tell(number, state=TrialState.FAIL)
            return
        for step, value in enumerate(outcome.values):
            if step not in frozen.intermediate_values:  # reported, then killed before the end
                trial.report(value, step)
        if outcome.state == TrialState.PRUNED:
            self._study.tell(number, state=TrialState.PRUNED)
        else:
            self._study.tell(number, outcome.values[-1])


def _outcome_of(trial: FrozenTrial) -> Outcome:
    values = tuple(trial.intermediate_values[k] for k in sorted(trial.intermediate_values))
    return Outcome(values, trial.state, trial.user_attrs.get(FAILURE, ""))


def sampler_factory(name: str, options: Mapping[str, Any]) -> Callable[[int], BaseSampler]:
    """A function from a seed to the Optuna sampler `name` with these options.

    Raises:
        ValueError: if the sampler is unknown or does not take the options.
    """
    known = {n for n in dir(optuna.samplers) if n.endswith("Sampler")}
    if name not in known:
        raise ValueError(f"sampler.name is {name!r}, but Optuna has {', '.join(sorted(known))}")
    make = getattr(optuna.samplers, name)

    def new_sampler(seed: int) -> BaseSampler:
        sampler: BaseSampler = make(seed=seed, **options)
        return sampler

    try:
        new_sampler(0)
    except TypeError as error:
        raise ValueError(f"sampler.options do not fit {name}: {error}") from error
    return new_sampler
