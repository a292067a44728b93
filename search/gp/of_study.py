"""What is our sampler told of a study? Its space and rungs, what a trial costs, what items blur.

Costs are those of `search/work.py`, in examples, with one feature per row, since only `curriculum
plan` measures long texts. They know nothing of what a warm store holds: equal trials must have
equal proposals on every machine.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from analysis.noise import variance_from_items
from search.assignments import Planner, setup_of
from search.expected_noise import ASSUMED_SCORE
from search.gp.observed import Costs, Problem
from search.objectives import objective_from
from search.places import Places
from search.study_fields import StudyConfig
from search.work import Counter
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum, Stage
from trainables.assignment import Setup
from trainables.tasks.task import SplitName

NOWHERE = Places(run_id="", cache=Path(), store=None, mirror=None)
"""Recipes do not depend on places."""


def problem_of(config: StudyConfig, planner: Planner) -> Problem:
    """The problem that a study's search solves; looks up how many rows its targets have."""
    items = _items(config, planner)
    objective = objective_from(config, planner.languages("search"))
    score = dict.fromkeys(items, ASSUMED_SCORE)
    return Problem(
        space=planner.space,
        codec=CODECS[config.sampler.codec](planner.space),
        rungs=planner.rungs,
        costs=costs_of(config, planner),
        item_variance=variance_from_items(objective, score, items),
        seed=config.seeds.stage,
    )


def costs_of(config: StudyConfig, planner: Planner) -> Costs:
    """Examples of a trial of the study: a forward pass counts a third."""
    setup = setup_of(config, NOWHERE)
    counter = Counter(_Facts(setup, planner), setup.interleave)

    def of_targets() -> float:
        """Of one curriculum at all rungs."""
        empty = planner.search(Curriculum(), "sampled", None)
        by_rung = [counter.pieces(replace(empty, rungs=(work,))) for work in empty.rungs]
        return sum(piece.examples for pieces in by_rung for piece in pieces.values())

    @cache
    def of_stage(stage: Stage) -> float:
        pieces = counter.pieces(planner.search(Curriculum((stage,)), "sampled", None))
        return sum(
            piece.examples
            for piece in pieces.values()
            if piece.part == "stage" and piece.name[2] == str(stage)
        )

    return Costs(fixed=of_targets(), of_stage=of_stage)


class _Facts:
    """What `search/work.py` must know; of a pool as many passages as items."""

    def __init__(self, setup: Setup, planner: Planner) -> None:
        self._num_rows = planner.num_rows
        self.task = setup.catalogue.get
        self.recipe_of_stage = setup.recipe_of_stage
        self.recipe_of_target = setup.recipe_of_target

    def rows(self, task: str, split: SplitName, language: str) -> int:
        """Rows that are really there."""
        spoken = "" if split in ("train", "dev") else language
        return self._num_rows(self.task(task), split, spoken)

    def passages(self, task: str, split: SplitName, language: str, limit: int) -> int:
        """At most so many."""
        rows = self.rows(task, split, language)
        return min(limit or rows, rows)

    def features_per_row(self, task: str) -> float:
        """Not measured."""
        return 1.0


def _items(config: StudyConfig, planner: Planner) -> dict[tuple[str, str], int]:
    """Items that the search scores, by target and language."""
    limit = config.probe.eval
    return {
        (target, language): min(
            limit, planner.num_rows(config.catalogue.get(target), "search", language)
        )
        for target, languages in planner.languages("search").items()
        for language in languages
    }
