"""Which ways to search are compared in the first place?

The steps lead from what a user would write with Ray's documentation at hand to the best that we
know, one change at a time, so that every gain has a name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from search.strategies import Strategy

# Samplers of Optuna with the codec that was the default until the tuning tables chose another.
TPE: dict[str, Any] = {"name": "TPESampler", "codec": "random_keys"}
RANDOM: dict[str, Any] = {"name": "RandomSampler", "codec": "random_keys"}
GP: dict[str, Any] = {"name": "CurriculumSampler"}
PLAIN: dict[str, Any] = {"z": 0.0}
"""ASHA as it is: whoever is below the cut is stopped, however noisy the rung."""

_FIXED = Strategy(
    says="the same with our fixes: what was stopped is told as such, nothing runs twice, "
    "baselines first",
    sampler=TPE,
    stopping=PLAIN,
    store=False,
    contenders=0,
)
_STORED = replace(_FIXED, says="and the store", store=True)
_NOISE = replace(_STORED, says="and stopping that knows the noise", stopping={})
_HEARD = replace(_NOISE, says="and further seeds for whoever would be the best", contenders=1)
_PROXIES = replace(_HEARD, says="and two proxy languages instead of all", proxies=2)
_PROBE = replace(
    _PROXIES,
    says="and a probe of a ninth of the target examples, so that nothing is stopped",
    probe=2,
    stopping=None,
)
_OURS = replace(_PROBE, says="and our sampler", sampler=GP)

STEPS: dict[str, Strategy] = {
    "fixes": _FIXED,
    "store": _STORED,
    "noise": _NOISE,
    "contenders": _HEARD,
    "proxies": _PROXIES,
    "probe": _PROBE,
    "sampler": _OURS,
}
"""After the rival `as documented`, in this order."""

REFERENCES: dict[str, Strategy] = {
    "random": Strategy(
        says="random search at full scale",
        sampler=RANDOM,
        stopping=None,
        store=False,
        contenders=0,
    ),
    "random+asha": Strategy(
        says="random search, ASHA, nothing shared",
        sampler=RANDOM,
        stopping=PLAIN,
        store=False,
        contenders=0,
    ),
    "random+asha+store": Strategy(
        says="random search, ASHA, the store", sampler=RANDOM, stopping=PLAIN, contenders=0
    ),
    "gp, all languages and examples": replace(_NOISE, sampler=GP, says="`noise`, our sampler"),
}
