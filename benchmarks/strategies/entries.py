"""Which ways to search are compared, and in which groups?

The steps lead from what a user would write with Ray's documentation at hand to the defaults of a
study, one change at a time, so that every gain has a name. Ablations change one thing of one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.rivals.predicted import PREDICTIONS, by_feature, scores_of
from benchmarks.rivals.table import RIVALS, strategy_of, why_absent
from search.recorded_table import STUDY
from search.simulated_search import NewSearch, as_in_a_run
from search.strategies import STRATEGIES, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One way to search."""

    strategy: Strategy
    search: NewSearch = as_in_a_run
    """What decides; a rival brings its own."""
    repetitions: int = 15
    absent: str = ""
    """Why it cannot be run here; what was run elsewhere is kept."""

    @property
    def says(self) -> str:
        """What it is, for people."""
        return self.strategy.says


FEATURES = "features.parquet"
HEADLINE = 50
"""Repetitions of the entries that are compared with each other in the first place."""
_TPE: dict[str, Any] = {"name": "TPESampler"}
_GP: dict[str, Any] = {"name": "CurriculumSampler"}
_RANDOM: dict[str, Any] = {"name": "RandomSampler"}
_PLAIN: dict[str, Any] = {"z": 0.0}
"""ASHA as it is: whoever is below the cut is stopped, however noisy the rung."""

_FIXED = Strategy(
    says="the same with our fixes: what was stopped is told as such, nothing runs twice, "
    "baselines first",
    sampler=_TPE,
    stopping=_PLAIN,
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
_OURS = replace(_PROBE, says="and our sampler", sampler=_GP)

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
    "random": replace(
        STRATEGIES["random"], store=False, contenders=0, says="random search at full scale"
    ),
    "random+asha": Strategy(
        says="random search, ASHA, nothing shared",
        sampler=_RANDOM,
        stopping=_PLAIN,
        store=False,
        contenders=0,
    ),
    "random+asha+store": Strategy(
        says="random search, ASHA, the store", sampler=_RANDOM, stopping=_PLAIN, contenders=0
    ),
    "gp, all languages and examples": replace(_NOISE, sampler=_GP, says="`noise`, our sampler"),
}

ABLATIONS: dict[str, dict[str, Strategy]] = {
    "codec, with TPE": {
        name: replace(_NOISE, sampler=_TPE | {"codec": name}, says=f"codec {name}")
        for name in ("random_keys", "lehmer", "slots")
    }
    | {
        "slots, 8 proposals": replace(
            STRATEGIES["tpe+asha+reuse"], says="slots; of 8 proposals the one that shares most"
        )
    },
    "what a rung is": {
        name: replace(_NOISE, stopping={"rungs": name}, says=f"rungs: {name}")
        for name in ("targets", "scales", "stages")
    },
    "stopping, with our sampler and the whole probe": {
        "none": replace(_OURS, probe=0, says="nothing is stopped"),
        "z 0": replace(_OURS, probe=0, stopping=_PLAIN, says="plain ASHA, z = 0"),
        "z 1": replace(_OURS, probe=0, stopping={}, says="z = 1"),
        "z 2": replace(_OURS, probe=0, stopping={"z": 2.0}, says="z = 2"),
    },
    "contenders, with our sampler": {
        f"{count} of them": replace(_OURS, contenders=count, says=f"the best {count} are")
        for count in (0, 1, 2, 4)
    },
    "languages, with our sampler": {
        f"{count} of them": replace(_OURS, proxies=count, says=f"{count} proxy languages")
        for count in (1, 2, 3)
    }
    | {"all": replace(_OURS, proxies=None, says="all languages")},
    "the probe, with our sampler": {
        "1/9": replace(_OURS, says="a ninth of the target examples"),
        "1/3": replace(_OURS, probe=1, says="a third, nothing stopped"),
        "1": replace(_OURS, probe=0, says="all, nothing stopped"),
    },
}


def entries(folder: Path) -> dict[str, Entry]:
    """All of them by name; an ablation is named after its group.

    Args:
        folder: of the table; what follows a feature alone needs it there.
    """
    headline: Mapping[str, Strategy] = REFERENCES | STEPS
    found = {
        name: Entry(strategy=strategy, repetitions=HEADLINE) for name, strategy in headline.items()
    }
    for name, rival in RIVALS.items():
        found[name] = Entry(
            strategy=strategy_of(rival),
            search=rival.search,
            repetitions=HEADLINE,
            absent=why_absent(rival),
        )
    targets = yaml.safe_load((folder / STUDY).read_text(encoding="utf-8"))["targets"]
    for name, (feature, says) in PREDICTIONS.items():
        file = folder / FEATURES
        there = scores_of(file, feature, targets)
        found[name] = Entry(
            strategy=Strategy(says=f"{says}; ends early", sampler={}, stopping=None, contenders=0),
            search=by_feature(file, feature),
            repetitions=HEADLINE,
            absent="" if there else f"{file.name} has no {feature} of these targets",
        )
    for group, members in ABLATIONS.items():
        for name, strategy in members.items():
            found[f"{group}: {name}"] = Entry(strategy=strategy)
    return found
