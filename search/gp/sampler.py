"""Our sampler, as Optuna sees it.

Fitted anew for each question from what the study holds, and from nothing else, so that a search
that is resumed proposes what one that ran through would have proposed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial
from threadpoolctl import threadpool_limits

from search.gp.acquisition import propose
from search.gp.features import Features
from search.gp.model import Fitted, Posterior, condition, fit
from search.gp.observed import Known, Memory, Observation, Problem, known_of
from spaces.curriculum import Curriculum

FEWEST = 3
"""Observations below which curricula are drawn; baselines usually come first and are more."""
DRAWS = 100
"""Attempts to draw one that was not tried."""


@dataclass(slots=True)
class Belief:
    """Learns from observations; what was learnt of the same ones before is not learnt again.

    Args:
        problem: what the search is.
        prior: a number per task, higher for tasks that should help more.
    """

    problem: Problem
    prior: Mapping[str, float] | None = None
    _features: Features | None = None
    _last: tuple[tuple[Observation, ...], Fitted] | None = None
    memory: Memory = field(default_factory=dict)
    """What trials said when they were read."""

    def after(self, known: Known) -> Posterior:
        """What is believed, trials that run included."""
        if self._features is None:
            self._features = Features(self.problem.space, self.prior)
        seen = known.observations
        if self._last is None or self._last[0] != seen:
            fitted = fit(seen, self._features, item_variance=self.problem.item_variance)
            self._last = seen, fitted
        posterior = condition(seen, self._features, self._last[1])
        return posterior.believing(known.running, self.problem.seed)


class CurriculumSampler(BaseSampler):  # a class, since Optuna asks for one
    """Proposes the curriculum with the largest expected improvement per remaining cost.

    Args:
        belief: learns; may be shared by samplers of the same problem.
        seed: of what is drawn.
    """

    def __init__(self, belief: Belief, *, seed: int) -> None:
        self._belief, self._seed = belief, seed

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All parameters of the codec: they mean something only together."""
        return self._belief.problem.codec.distributions()

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Parameters of the proposed curriculum."""
        problem = self._belief.problem
        known = known_of(study, problem, asking=trial.number, memory=self._belief.memory)
        rng = random.Random(self._seed)
        curriculum = None
        if len(known.observations) >= FEWEST:
            with threadpool_limits(1):  # small matrices: threads would wait for busy workers
                curriculum = propose(self._belief.after(known), known, problem, rng)
        return problem.codec.encode(curriculum or _draw(known, problem, rng))

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A parameter that is none of the codec's: drawn."""
        drawn = RandomSampler(seed=self._seed)
        return drawn.sample_independent(study, trial, param_name, param_distribution)


def _draw(known: Known, problem: Problem, rng: random.Random) -> Curriculum:
    """At random, not tried if there is one to be found."""
    draws: Sequence[Curriculum] = [problem.space.draw(rng) for _ in range(DRAWS)]
    return next((curriculum for curriculum in draws if curriculum not in known.tried), draws[0])
