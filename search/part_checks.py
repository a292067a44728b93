"""Which settings of other parts are refused by them: recipes, samplers of Optuna?

Those parts are imported only here and only when needed, since they take long to load.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from math import isfinite
from typing import Any

from search.study_fields import StudyConfig
from search.study_values import nearest

NO_SAMPLERS = {
    "BaseSampler": "it is abstract; use TPESampler",
    "BaseGASampler": "it is abstract; use NSGAIISampler",
    "BruteForceSampler": "use enumerate: true for a whole space",
    "GridSampler": "use enumerate: true for a whole space",
    "PartialFixedSampler": "use space.required and space.forbidden to fix a part",
}
"""Samplers that cannot be named, and what serves instead."""


def recipe_problems(config: StudyConfig) -> Iterator[str]:
    """Fields that Recipe does not have, and values that it refuses."""
    recipe = config.recipe
    sound = []
    for field, own in (("recipe.stage", recipe.stage), ("recipe.target", recipe.target)):
        problems = list(_part_problems(field, own, {}))
        yield from problems
        sound += [own] if not problems else []
    for task, own in recipe.tasks.items():
        for base in sound:
            yield from _part_problems(f"recipe.tasks.{task}", own, base)


def recipe_task_problems(config: StudyConfig) -> Iterator[str]:
    """Recipes of tasks that the study does not have."""
    known = list(dict.fromkeys([*config.space.tasks, *config.targets]))
    for task in config.recipe.tasks:
        if task not in known:
            hint = nearest(task, known)
            yield f"recipe.tasks.{task} is neither a stage nor a target here; {hint}"


def sampler_problems(config: StudyConfig) -> Iterator[str]:
    """Samplers that Optuna does not have, or of which options are unknown."""
    import optuna.samplers

    from search.samplers import OWN_SAMPLER

    name = config.sampler.name
    known = [n for n in optuna.samplers.__all__ if n.endswith("Sampler") and n not in NO_SAMPLERS]
    known.append(OWN_SAMPLER)
    if name in NO_SAMPLERS:
        yield f"sampler.name is {name!r}; {NO_SAMPLERS[name]}"
    elif name not in known:
        yield f"sampler.name is {name!r}; {nearest(name, known)}"
    elif name == OWN_SAMPLER:
        yield from _own_option_problems(config)
    else:
        accepted = [*inspect.signature(getattr(optuna.samplers, name)).parameters]
        yield from _option_problems(config, [option for option in accepted if option != "seed"])
    if name == "CmaEsSampler" and importlib.util.find_spec("cmaes") is None:
        yield "sampler.name is 'CmaEsSampler', which needs the package cmaes; install it"


def _own_option_problems(config: StudyConfig) -> Iterator[str]:
    yield from _option_problems(config, ["prior"])
    prior, field = config.sampler.options.get("prior", {}), "sampler.options.prior"
    if not isinstance(prior, Mapping):
        yield f"{field} is {prior!r}; wanted a number by task, higher for tasks that should help"
        return
    for task, value in prior.items():
        if task not in config.space.tasks:
            yield f"{field} names {task!r}; {nearest(str(task), list(config.space.tasks))}"
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
            yield f"{field}.{task} is {value!r}; wanted a number"


def _option_problems(config: StudyConfig, accepted: Sequence[str]) -> Iterator[str]:
    for option in config.sampler.options:
        if option == "seed":
            yield "sampler.options.seed is given; the seed of the sampler is seeds.sampler"
        elif option not in accepted:
            hint = nearest(option, accepted)
            yield f"sampler.options.{option} is no option of {config.sampler.name}; {hint}"


def _part_problems(field: str, own: Mapping[str, Any], base: Mapping[str, Any]) -> Sequence[str]:
    if not own:
        return []
    from trainables.recipe import Recipe

    known = [each.name for each in fields(Recipe)]
    found = [
        f"{field}.{name} is no field; {nearest(name, known)}" for name in own if name not in known
    ]
    try:
        Recipe(**{name: value for name, value in {**base, **own}.items() if name in known})
    except ValueError as error:
        found += str(error).replace("recipe.", f"{field}.").split(f"; {field}.")
        found = [line if line.startswith(field) else f"{field}.{line}" for line in found]
    return found
