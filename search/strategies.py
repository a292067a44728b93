"""Which ways to search can be compared on a recorded table? Each changes the table's study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.study_fields import Sampler, Seeds, Stopping, StudyConfig
from search.study_values import NONE, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A way to search."""

    says: str
    """What it is, for people."""
    sampler: Mapping[str, Any]
    """Fields of `sampler`; the others have their defaults."""
    stopping: Mapping[str, Any] | None
    """Fields of `stopping` that differ from the table's study; its z has the default. None: every
    trial runs to the end."""
    store: bool = True
    """Whether what one trial computed serves the others."""
    proxies: int | None = None
    """Guided by so many of the table's languages, the first ones; None for all."""
    contenders: int = Seeds().contenders
    """So many of the best so far run on the other seeds too."""
    probe: int = 0
    """So many of the highest rungs are left to the confirmation: the probe is a third, a ninth."""


_RANDOM = {"name": "RandomSampler"}
_TPE = {"name": "TPESampler"}
_REUSE = {
    "options": {"n_startup_trials": 4, "n_ei_candidates": 64},
    "codec": "slots",
    "proposals": 8,
}
_GP = {"name": "CurriculumSampler"}

STRATEGIES: dict[str, Strategy] = {
    "random": Strategy(says="uniform draws, all to the end", sampler=_RANDOM, stopping=None),
    "random+asha": Strategy(says="uniform draws, stopped early", sampler=_RANDOM, stopping={}),
    "tpe": Strategy(says="TPE, all to the end", sampler=_TPE, stopping=None),
    "tpe+asha": Strategy(says="TPE, stopped early", sampler=_TPE, stopping={}),
    "tpe+asha-store": Strategy(
        says="TPE, stopped, nothing shared", sampler=_TPE, stopping={}, store=False
    ),
    "tpe+asha+reuse": Strategy(
        says="TPE, stopped early, of 8 proposals the one that shares most",
        sampler=_TPE | _REUSE,
        stopping={},
    ),
    "gp+asha": Strategy(says="our Gaussian process, stopped early", sampler=_GP, stopping={}),
    "ours": Strategy(
        says="the defaults of a study: our Gaussian process, all to the end",
        sampler={},
        stopping=None,
    ),
}


def strategy_named(name: str) -> Strategy:
    """One of STRATEGIES.

    Raises:
        ValueError: if there is none of the name.
    """
    if name not in STRATEGIES:
        raise ValueError(f"no strategy is named {name!r}; {nearest(name, tuple(STRATEGIES))}")
    return STRATEGIES[name]


def with_strategy(
    config: StudyConfig,
    strategy: Strategy,
    *,
    trials: int,
    stage_seed: int,
    fresh: tuple[int, ...],
    sampler_seed: int,
) -> StudyConfig:
    """A table's study that searches in another way.

    Args:
        config: the study.
        strategy: how.
        trials: its budget.
        stage_seed: of stages and targets.
        fresh: other seeds. They measure the noise of rungs, without which nothing can be stopped,
            and confirm the best.
        sampler_seed: of its proposals.

    Raises:
        ValueError: if it needs rungs, seeds or languages that there are not.
    """
    values = config.model_dump(mode="json")
    values["sampler"] = Sampler(**strategy.sampler).model_dump(mode="json")
    values["stopping"] = _stopping(config, strategy, fresh)
    values["probe"]["train"] = max(1, round(config.probe.train / _reduction(config, strategy)))
    values["full"] = config.probe.model_dump(mode="json")
    values["languages"]["proxy"] = values["languages"]["proxy"][: strategy.proxies]
    values["store"] |= {"enabled": strategy.store}
    values["seeds"] |= {"stage": stage_seed, "target": stage_seed, "sampler": sampler_seed}
    values["seeds"] |= {"noise": list(fresh), "confirm": list(fresh)}
    values["seeds"] |= {"contenders": strategy.contenders}
    values |= {"enumerate": False, "budget": {"trials": trials}}
    values["confirm"] |= {"top": config.confirm.top if fresh else 0}
    return StudyConfig.model_validate(values)


def _stopping(config: StudyConfig, strategy: Strategy, fresh: tuple[int, ...]) -> Any:
    if strategy.stopping is None:
        return NONE
    if config.stopping is None or not fresh:
        lacks = "seeds to measure noise with" if config.stopping else "rungs to stop at"
        raise ValueError(f"strategy {strategy.says!r} stops early, but there are no {lacks}")
    kept = config.stopping.model_dump(mode="json")
    rungs = {"num_rungs": config.stopping.num_rungs - strategy.probe}
    return kept | {"z": Stopping().z} | rungs | dict(strategy.stopping)


def _reduction(config: StudyConfig, strategy: Strategy) -> int:
    """How many times smaller the probe is than the table's."""
    rungs = 1 if config.stopping is None else config.stopping.num_rungs
    if strategy.probe >= rungs:
        raise ValueError(f"a probe {strategy.probe} rungs below the full one; there are {rungs}")
    return 1 if config.stopping is None else config.stopping.reduction_factor**strategy.probe


def in_turn(seeds: Sequence[int], repetition: int) -> tuple[int, tuple[int, ...]]:
    """The seed that a repetition searches on, from 0, and the others, which are fresh to it."""
    seed = seeds[repetition % len(seeds)]
    return seed, tuple(other for other in seeds if other != seed)
