"""Which sampler does a study name? One of Optuna's, or our own (`search/gp/`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from search.gp.observed import Problem

OWN_SAMPLER = "CurriculumSampler"
"""Ours; its only option is a prior: a number by task."""


def sampler_factory(
    name: str, options: Mapping[str, Any], problem: Problem | None = None
) -> Callable[[int], BaseSampler]:
    """A function from a seed to the sampler `name`, Optuna's or our own, with these options.

    Args:
        name: of the class.
        options: its keyword arguments, without the seed.
        problem: what our own sampler, and no other, is told of the search.

    Raises:
        ValueError: if the sampler is unknown or does not take the options.
    """
    if name == OWN_SAMPLER and problem is not None:
        return _own_sampler(problem, **options)
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


def _own_sampler(
    problem: Problem, *, prior: Mapping[str, float] | None = None
) -> Callable[[int], BaseSampler]:
    from search.gp.sampler import Belief, CurriculumSampler  # only where it is asked for

    belief = Belief(problem, prior)
    return lambda seed: CurriculumSampler(belief, seed=seed)
