"""Which ways to search can be compared? Each is a few changes to a study, and nothing else.

Space, targets, probe, rungs and recipes stay those of the study: only who proposes, when a poor
curriculum is stopped, and whether work is shared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search.study_fields import Sampler, Stopping, StudyConfig
from search.study_values import NONE, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A way to search."""

    says: str
    """What it is, for people."""
    sampler: Mapping[str, Any]
    """Fields of `sampler`; the others have their defaults."""
    stops: bool = True
    """Whether poor curricula are stopped early, at the study's rungs and the default z."""
    store: bool = True
    """Whether what one trial computed serves the others."""


_RANDOM = {"name": "RandomSampler"}
_TPE = {"name": "TPESampler"}
_REUSE = {
    "options": {"n_startup_trials": 4, "n_ei_candidates": 64},
    "codec": "slots",
    "proposals": 8,
}

STRATEGIES: dict[str, Strategy] = {
    "random": Strategy(says="uniform draws, all to the end", sampler=_RANDOM, stops=False),
    "random+asha": Strategy(says="uniform draws, stopped early", sampler=_RANDOM),
    "tpe": Strategy(says="TPE, all to the end", sampler=_TPE, stops=False),
    "tpe+asha": Strategy(says="TPE, stopped early", sampler=_TPE),
    "tpe+asha-store": Strategy(says="TPE, stopped, nothing shared", sampler=_TPE, store=False),
    "tpe+asha+reuse": Strategy(
        says="TPE, stopped early, of 8 proposals the one that shares most", sampler=_TPE | _REUSE
    ),
    "gp+asha": Strategy(
        says="our Gaussian process, stopped early", sampler={"name": "CurriculumSampler"}
    ),
    "ours": Strategy(says="the defaults of a study", sampler={}),
}


def with_strategy(
    config: StudyConfig,
    name: str,
    *,
    trials: int,
    stage_seed: int,
    noise: tuple[int, ...],
    sampler_seed: int,
) -> StudyConfig:
    """A study that searches in another way.

    Args:
        config: the study.
        name: of a strategy.
        trials: its budget.
        stage_seed: of stages and targets.
        noise: seeds that measure the noise of rungs; without any nothing can be stopped.
        sampler_seed: of its proposals.

    Raises:
        ValueError: if there is no such strategy, it needs rungs that the study does not have, or
            noise seeds.
    """
    if name not in STRATEGIES:
        raise ValueError(f"no strategy is named {name!r}; {nearest(name, tuple(STRATEGIES))}")
    strategy = STRATEGIES[name]
    values = config.model_dump(mode="json")
    if strategy.stops and (config.stopping is None or not noise):
        lacks = "seeds to measure noise with" if config.stopping else "rungs to stop at"
        raise ValueError(f"strategy {name} stops early, but there are no {lacks}")
    values["sampler"] = Sampler(**strategy.sampler).model_dump(mode="json")
    values["stopping"] = values["stopping"] | {"z": Stopping().z} if strategy.stops else NONE
    values["store"] |= {"enabled": strategy.store}
    values["seeds"] |= {"stage": stage_seed, "target": stage_seed, "sampler": sampler_seed}
    values["seeds"] |= {"noise": list(noise), "confirm": []}
    values |= {"enumerate": False, "budget": {"trials": trials}}
    values["confirm"] |= {"top": 0}
    return StudyConfig.model_validate(values)
