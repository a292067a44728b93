"""Which curriculum comes next? Optuna's ask-and-tell, without duplicates.

Optuna's study is the third place of the truth, behind the store and the observations: everything
here can be told again. It holds one trial per curriculum, which carries its curriculum in clear
as a user attribute and, as parameters, the codec's canonical ones: many parameters mean the same
curriculum, and the observations do not know which of them a sampler had asked for.

So what comes next depends on the trials so far, their order and their outcomes, and on nothing
else: not on clocks, not on restarts, not on a lost journal. For every question the sampler is made
anew from the study's seed and the number of trials, and asked on a draft of the study, where what
it proposes in vain is forgotten. Two things are lost with a journal, since no observation holds
them: failed trials, which are proposed anew, and what samplers with a memory of their own (CMA-ES,
NSGA-II and III, quasi-Monte Carlo) note in the study; random, TPE and GP samplers have none, and
ours has none either.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.draft import draft_of
from search.gp.observed import other_seed_key
from spaces.codecs import Codec
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.space import CurriculumSpace
from trainables.keys import digest

log = logging.getLogger(__name__)

MAX_DUPLICATES = 20
"""Duplicates in answer to one question, before it is drawn from what is left."""
ENUMERABLE = 50_000
"""In spaces up to this size a draw from what is left goes through all of them."""

CURRICULUM, ROLE, FAILURE = "curriculum", "role", "failure"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a curriculum ended at the study's own seeds."""

    values: tuple[float, ...]
    """Objective at each rung reached, in order."""
    state: TrialState
    """COMPLETE, PRUNED (stopped by ASHA) or FAIL."""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A trial of the study."""

    number: int
    """In Optuna's study."""
    curriculum: Curriculum
    role: str
    """baseline or sampled."""


class Suggestions:
    """The Optuna study of one search and the rules around it.

    Args:
        study: Optuna study in its own storage.
        space: what may be proposed.
        codec: between curricula and Optuna's parameters.
        new_sampler: a sampler from a seed.
        seed: the study's sampler seed.
        proposals: of so many new ones, the one is run that shares most training with the trials.
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
        proposals: int = 1,
        enumerate_all: bool = False,
    ) -> None:
        self._study = study
        self._space = space
        self._codec = codec
        self._distributions: dict[str, BaseDistribution] = dict(codec.distributions())
        self._new_sampler = new_sampler
        self._seed = seed
        self._proposals = proposals
        self._in_order = iter(space.enumerate()) if enumerate_all else None
        self._trials: dict[str, Begun] = {}
        self._sampled: list[Curriculum] = []
        self._prefixes: set[Curriculum] = set()
        """Of all trials."""
        self._outcomes: dict[str, Outcome] = {}
        self._at_other_seeds: dict[str, list[float]] = study.user_attrs
        for trial in study.get_trials(deepcopy=False):
            self._adopt(trial)

    @property
    def num_sampled(self) -> int:
        """Sampled trials so far, running ones included; baselines do not count."""
        return len(self._sampled)

    def sampled(self, since: int = 0) -> list[Curriculum]:
        """The sampled curricula in the order in which they began, running ones included.

        Args:
            since: so many first ones are left out.
        """
        return self._sampled[since:]

    def told(self) -> list[tuple[Curriculum, str, Outcome | None]]:
        """Curriculum, role and outcome of every trial, oldest first; None: it did not end."""
        return [
            (begun.curriculum, begun.role, self._outcomes.get(text))
            for text, begun in self._trials.items()
        ]

    def ended_as(self, state: TrialState) -> list[Curriculum]:
        """Curricula whose trials are known to have ended in this state."""
        ended = self._outcomes.items()
        return [self._trials[text].curriculum for text, found in ended if found.state == state]

    def ask(self) -> Curriculum | None:
        """A curriculum not tried before, or None if the space is exhausted."""
        if self._in_order is None:
            return self._ask_sampler()
        curriculum = self._first_new(self._in_order)
        if curriculum is not None:
            self.open(curriculum, role="sampled")
        return curriculum

    def open(
        self, curriculum: Curriculum, *, role: str, notes: Mapping[str, Any] | None = None
    ) -> None:
        """Begin a trial for a given curriculum; outside the space it has no Optuna trial.

        Args:
            curriculum: a second time it is ignored.
            role: baseline or sampled.
            notes: what the sampler noted at the trial that it proposed.
        """
        text = str(curriculum)
        if text in self._trials or not self._space.contains(curriculum):
            return
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=self._codec.encode(curriculum),
                distributions=self._distributions,
                user_attrs={CURRICULUM: text, ROLE: role},
                system_attrs=dict(notes or {}),
            )
        )
        self._begin(self._study.get_trials(deepcopy=False)[-1].number, curriculum, role)

    def note_other_seed(self, curriculum: str, seed: int, values: Sequence[float]) -> None:
        """Tell our sampler of a curriculum at another seed, which is no trial of the study.

        Args:
            curriculum: its text form; it may lie outside the space.
            seed: of its stages.
            values: objective at each rung reached so far.
        """
        key = other_seed_key(curriculum, seed)
        if self._at_other_seeds.get(key) != list(values):  # Optuna would copy all to tell one
            self._at_other_seeds[key] = list(values)
            self._study.set_user_attr(key, list(values))

    def tell(self, curriculum: Curriculum, outcome: Outcome) -> None:
        """Close the trial of a curriculum; a second time it is ignored."""
        text = str(curriculum)
        if text not in self._trials or text in self._outcomes:
            return
        self._outcomes[text] = outcome
        self._close(self._trials[text].number, outcome)

    def _ask_sampler(self) -> Curriculum | None:
        """Begin one of the sampler's new proposals, or one from what is left."""
        draft = draft_of(self._study)
        proposed = self._proposed(draft)
        if proposed:  # of equals the first, which the sampler likes as well as any
            curriculum = min(proposed, key=lambda c: _share_to_train(c, self._prefixes))
            self.open(curriculum, role="sampled", notes=proposed[curriculum])
            self._keep_notes(draft)
            return curriculum
        log.info("the sampler repeated itself %d times: drawing from the rest", MAX_DUPLICATES)
        rest = self._first_new(self._shuffled(random.Random(self._seed_of(MAX_DUPLICATES))))
        if rest is not None:
            self.open(rest, role="sampled")
            self._keep_notes(draft)
        return rest

    def _proposed(self, draft: optuna.Study) -> dict[Curriculum, Mapping[str, Any]]:
        """New proposals of the sampler with what it noted at each; 20 questions at most."""
        found: dict[Curriculum, Mapping[str, Any]] = {}
        for attempt in range(MAX_DUPLICATES):
            draft.sampler = self._new_sampler(self._seed_of(attempt))
            trial = draft.ask(self._distributions)
            curriculum = self._codec.decode(trial.params)
            if str(curriculum) not in self._trials and curriculum not in found:
                found[curriculum] = draft.get_trials(deepcopy=False)[trial.number].system_attrs
            if len(found) == self._proposals:
                break
            # What was proposed stays RUNNING in the draft: samplers keep away from what runs.
        return found

    def _keep_notes(self, draft: optuna.Study) -> None:
        """What a sampler noted about the study as a whole; Optuna has no public call for it."""
        before = self._study._storage.get_study_system_attrs(self._study._study_id)
        for key, value in draft._storage.get_study_system_attrs(draft._study_id).items():
            if key not in before or before[key] != value:
                self._study._storage.set_study_system_attr(self._study._study_id, key, value)

    def _seed_of(self, attempt: int) -> int:
        return int(digest([self._seed, len(self._trials), attempt])[:8], 16) % 2**31

    def _first_new(self, curricula: Iterator[Curriculum]) -> Curriculum | None:
        return next((c for c in curricula if str(c) not in self._trials), None)

    def _shuffled(self, rng: random.Random) -> Iterator[Curriculum]:
        """All of a small space in random order, draws without end from a large one."""
        count = self._space.count()
        if count <= ENUMERABLE:
            for index in rng.sample(range(count), count):
                yield self._space.nth(index)
        else:
            while True:  # far more curricula than trials: a new one is soon drawn
                yield self._space.draw(rng)

    def _adopt(self, trial: FrozenTrial) -> None:
        """Take over a trial of an earlier launch; a running one goes on under its number."""
        if ROLE not in trial.user_attrs:  # somebody else's, as from optuna-dashboard
            return
        text = trial.user_attrs[CURRICULUM]
        self._begin(trial.number, parse_curriculum(text), trial.user_attrs[ROLE])
        if trial.state != TrialState.RUNNING:
            self._outcomes[text] = _outcome_of(trial)

    def _begin(self, number: int, curriculum: Curriculum, role: str) -> None:
        self._trials[str(curriculum)] = Begun(number, curriculum, role)
        self._prefixes.update(curriculum.prefixes())
        if role == "sampled":
            self._sampled.append(curriculum)

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


def _share_to_train(curriculum: Curriculum, begun: set[Curriculum]) -> float:
    """Of its stages' examples, the share behind the prefix that it has in common with a trial.

    By the prefixes of this study's trials, not by what the store holds: a warm store must not
    change what is proposed.
    """
    to_train = sum(
        prefix.stages[-1].num_examples
        for prefix in curriculum.prefixes()[1:]
        if prefix not in begun
    )
    return to_train / max(curriculum.num_examples, 1)


def _outcome_of(trial: FrozenTrial) -> Outcome:
    values = tuple(trial.intermediate_values[k] for k in sorted(trial.intermediate_values))
    return Outcome(values, trial.state, trial.user_attrs.get(FAILURE, ""))
