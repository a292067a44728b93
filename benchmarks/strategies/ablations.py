"""What is each part of a way to search worth? Groups in which one thing changes at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from benchmarks.strategies.steps import GP, PLAIN, STEPS, TPE
from search.strategies import STRATEGIES, Strategy

EVERY, ALL = 100, 10_000
"""Trials that a search of a small table samples, and more than any search does: so many
contenders are all of them."""

Groups = dict[str, dict[str, Strategy]]

_NOISE, _OURS = STEPS["noise"], STEPS["sampler"]
_WHOLE = replace(_OURS, probe=0)

_STATIC: Groups = {
    "one part taken away from the last step": {
        "none": replace(_OURS, says="nothing"),
        "store": replace(_OURS, store=False, says="the store"),
        "contenders": replace(_OURS, contenders=0, says="contenders"),
        "proxies": replace(_OURS, proxies=None, says="proxies: all languages"),
        "probe": replace(_WHOLE, says="the small probe: all target examples, nothing stopped"),
        "sampler": replace(_OURS, sampler=TPE, says="our sampler: TPE"),
    },
    "codec, with TPE": {
        name: replace(_NOISE, sampler=TPE | {"codec": name}, says=f"codec {name}")
        for name in ("random_keys", "lehmer", "slots")
    }
    | {
        "slots, 8 proposals": replace(
            _NOISE,
            sampler=STRATEGIES["tpe+asha+reuse"].sampler,
            says="slots; of 8 proposals the one that shares most",
        )
    },
    "what a rung is": {
        name: replace(_NOISE, stopping={"rungs": name}, says=f"rungs: {name}")
        for name in ("targets", "scales", "stages")
    },
    "stopping, with our sampler and the whole probe": {
        "none": replace(_WHOLE, says="nothing is stopped"),
        "z 0": replace(_WHOLE, stopping=PLAIN, says="plain ASHA, z = 0"),
        "z 1": replace(_WHOLE, stopping={}, says="z = 1"),
        "z 2": replace(_WHOLE, stopping={"z": 2.0}, says="z = 2"),
    },
    "contenders, with our sampler": {
        f"{count} of them": replace(_OURS, contenders=count, says=f"the best {count} are")
        for count in (0, 1, 2, 4)
    }
    | {"all of them": replace(_OURS, contenders=EVERY, says="all are: two seeds per curriculum")},
    "languages, with our sampler": {
        f"{count} of them": replace(_OURS, proxies=count, says=f"{count} proxy languages")
        for count in (1, 2, 3)
    }
    | {"all": replace(_OURS, proxies=None, says="all languages")},
    "the probe, with our sampler": {
        "1/9": replace(_OURS, says="a ninth of the target examples"),
        "1/3": replace(_OURS, probe=1, says="a third, nothing stopped"),
        "1": replace(_WHOLE, says="all, nothing stopped"),
    },
}


def ablations(similarities: Mapping[str, float]) -> Groups:
    """All groups, each with its members by name.

    Args:
        similarities: of tasks to the targets; empty: nothing is told to the sampler beforehand.
    """
    if not similarities:
        return _STATIC
    wrong = {task: -value for task, value in similarities.items()}
    return _STATIC | {
        "what our sampler is told beforehand": {
            "nothing": replace(_OURS, says="nothing"),
            "TextEmb": _told(similarities, "how near the tasks' texts are to the targets'"),
            "wrong": _told(wrong, "the same, the wrong way round"),
        }
    }


def every_trial_on(seeds: int) -> Strategy:
    """Everything that ran to the end runs on so many seeds."""
    says = "each on one" if seeds == 1 else f"each on {seeds}"
    return replace(_OURS, contenders=0 if seeds == 1 else ALL, says=says)


def _told(prior: Mapping[str, float], says: str) -> Strategy:
    return replace(_OURS, sampler=GP | {"options": {"prior": dict(prior)}}, says=says)
