"""What is our sampler told of a study? Its space and rungs, what a trial costs, what items blur.

Costs are in examples by the study's own numbers, a forward pass a third, and know nothing of what
a warm store holds: equal trials must have equal proposals on every machine. Long texts count as
one example here, whatever features they give: `curriculum plan` measures them, a search does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analysis.noise import variance_from_items
from search.assignments import Places, Planner, setup_of
from search.expected_noise import ASSUMED_SCORE
from search.gp.observed import Costs, Problem
from search.objectives import objective_from
from search.study_fields import StudyConfig
from search.work import FORWARD_SHARE
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum, Stage
from trainables.assignment import Setup

NOWHERE = Places(run_id="", cache=Path(), store=None, mirror=None)
"""Recipes do not depend on places."""


def problem_of(config: StudyConfig, planner: Planner) -> Problem:
    """The problem that a study's search solves; looks up how many rows its targets have."""
    setup = setup_of(config, NOWHERE)
    items = _items(config, planner)

    def of_stage(stage: Stage) -> float:
        examples = planner.num_trained(Curriculum((stage,)))
        return float(setup.recipe_of_stage(stage.tasks).epochs * examples)

    return Problem(
        space=planner.space,
        codec=CODECS[config.sampler.codec](planner.space),
        rungs=planner.rungs,
        costs=Costs(fixed=_of_targets(planner, setup, items), of_stage=of_stage),
        item_variance=variance_from_items(
            objective_from(config, planner.languages("search")),
            dict.fromkeys(items, ASSUMED_SCORE),
            items,
        ),
        seed=config.seeds.stage,
    )


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


def _of_targets(planner: Planner, setup: Setup, items: Mapping[tuple[str, str], int]) -> float:
    """Training and scoring of one trial's targets at all rungs."""
    rungs = planner.search(Curriculum(), "sampled", None).rungs
    epochs = {name: setup.recipe_of_target(setup.catalogue.get(name)).epochs for name, _ in items}
    trained = sum(
        n * epochs.get(name, 0) for rung in rungs for name, n in rung.train_examples.items()
    )
    return trained + FORWARD_SHARE * len(rungs) * sum(items.values())
