"""What is replayed on a table? Every way to search that is compared there, how often, and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import yaml

from benchmarks.rivals.predicted import PREDICTIONS, by_feature, scores_of
from benchmarks.rivals.table import RIVALS, strategy_of, why_absent
from benchmarks.strategies.ablations import ablations, every_trial_on
from benchmarks.strategies.steps import REFERENCES, STEPS
from search.recorded_table import FACTS, OBSERVATIONS, STUDY
from search.simulated_search import NewSearch, as_in_a_run
from search.strategies import Strategy
from search.study_fields import Seeds
from spaces.curriculum import parse_curriculum

MOST_SEEN = 1 + len(Seeds().noise)
"""Seeds that a search sees, if there are so many: a study has by default one for its trials and two
for noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One way to search."""

    strategy: Strategy
    search: NewSearch = as_in_a_run
    """What decides; a rival brings its own."""
    repetitions: int = 15
    times: int = 1
    """So many times the trials of the others."""
    seeds: int = MOST_SEEN
    """It sees at most so many."""
    absent: str = ""
    """Why it cannot be run here; what was run elsewhere is kept."""
    group: str = ""
    """Of an ablation: what is changed."""

    @property
    def says(self) -> str:
        """What it is, for people."""
        return self.strategy.says


FEATURES = "features.parquet"
LONGER, TIMES = "ten times as many trials", 10
"""For who hardly ever comes within: is it a matter of time?"""
LASTING = ("as documented", "random")
SEEDED, SEEDS = "seeds of every trial, with our sampler", (1, 2, 4)
"""Where searches may see so many."""
HEADLINE = 50
"""Repetitions of the entries that are compared with each other in the first place."""


def entries(folder: Path) -> dict[str, Entry]:
    """All of them by name; an ablation's begins with its group.

    Args:
        folder: of the table; what follows a feature alone needs it there.
    """
    headline: Mapping[str, Strategy] = REFERENCES | STEPS
    found = {
        name: Entry(strategy=strategy, repetitions=HEADLINE) for name, strategy in headline.items()
    }
    study = yaml.safe_load((folder / STUDY).read_text(encoding="utf-8"))
    for name, rival in RIVALS.items():
        found[name] = Entry(
            strategy=strategy_of(rival),
            search=rival.search,
            repetitions=HEADLINE,
            absent=why_absent(rival),
        )
    for name, (feature, says) in PREDICTIONS.items():
        file = folder / FEATURES
        there = scores_of(file, feature, study["targets"])
        found[name] = Entry(
            strategy=Strategy(says=f"{says}; ends early", sampler={}, stopping=None, contenders=0),
            search=by_feature(file, feature),
            repetitions=HEADLINE,
            absent="" if there else f"{file.name} has no {feature} of these targets",
        )
    similarities = scores_of(folder / FEATURES, "textemb_cosine", study["targets"])
    known = {task: similarities[task] for task in study["space"]["tasks"] if task in similarities}
    for name in LASTING:
        longer = replace(found[name], repetitions=12, times=TIMES, group=LONGER)
        found[f"{LONGER}: {name}"] = longer
    facts = yaml.safe_load((folder / FACTS).read_text(encoding="utf-8"))
    for seeds in SEEDS if len(facts["seen"]) >= max(SEEDS) else ():
        found[f"{SEEDED}: {seeds}"] = Entry(
            strategy=every_trial_on(seeds), group=SEEDED, seeds=max(2, seeds)
        )
    scales = "scales" not in facts["missing"] and _has_scales(folder, study["space"]["sizes"])
    for group, members in ablations(known).items():
        for name, strategy in members.items():
            of_scales = (strategy.stopping or {}).get("rungs") == "scales"
            absent = "rungs of scales are not recorded" if of_scales and not scales else ""
            found[f"{group}: {name}"] = Entry(strategy=strategy, group=group, absent=absent)
    return found


def _has_scales(folder: Path, sizes: Collection[int]) -> bool:
    """Whether curricula smaller than those of the space were trained."""
    texts = pd.read_parquet(folder / OBSERVATIONS, columns=["curriculum"])["curriculum"].unique()
    trained = {
        part.num_examples for t in texts for s in parse_curriculum(t).stages for part in s.parts
    }
    return bool(trained - set(sizes))
