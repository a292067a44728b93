"""Which objects decide in a study's search? The same ones in a run and in a simulation.

Trials (what comes next, who goes on) with Optuna's suggestions and ASHA's rungs, as the study
says. They are empty: a run recalls what its folder has (`search/study.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import optuna

from search.assignments import Planner
from search.endings import Budget
from search.gp.of_study import problem_of
from search.objectives import Values, objective_from
from search.samplers import OWN_SAMPLER, sampler_factory
from search.study_fields import StudyConfig
from search.suggestions import Suggestions
from search.trials import Rows, Trials
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum
from spaces.stopping import RungTable
from trainables.assignment import Assignment

RECENT = 256
"""Assignments that are kept: the same few are asked for all the time."""


def new_search(
    config: StudyConfig,
    planner: Planner,
    *,
    study: optuna.Study,
    record: Callable[[Rows], Rows],
    elapsed_hours: Callable[[], float],
) -> tuple[Trials, Suggestions]:
    """The objects of a search.

    Args:
        config: the study.
        planner: of the study.
        study: Optuna's, in whatever storage.
        record: as `Trials` takes it.
        elapsed_hours: of searching so far, of all launches.
    """
    given = planner.given()
    problem = problem_of(config, planner) if config.sampler.name == OWN_SAMPLER else None
    suggestions = Suggestions(
        study,
        space=planner.space,
        codec=CODECS[config.sampler.codec](planner.space),
        new_sampler=sampler_factory(config.sampler.name, config.sampler.options, problem),
        seed=config.seeds.sampler,
        proposals=config.sampler.proposals,
        enumerate_all=config.enumerate,
    )
    stopping = config.stopping
    table = RungTable(
        num_rungs=planner.num_rungs,
        reduction_factor=3 if stopping is None else stopping.reduction_factor,
        z=0.0 if stopping is None else stopping.z,
        baselines=[str(curriculum) for curriculum in given.baselines],
    )

    @lru_cache(maxsize=RECENT)
    def assign(curriculum: Curriculum, role: str, seed: int | None) -> Assignment:
        return planner.search(curriculum, role, seed)

    trials = Trials(
        given=given,
        budget=Budget(**config.budget.model_dump()),
        suggestions=suggestions,
        rungs=table,
        assign=assign,
        record=record,
        objective=Values(objective_from(config, planner.languages("search"))),
        contenders=config.seeds.contenders,
        contend_last=config.enumerate,
        empty_first=config.objective.aggregate == "standardised-gain",
        elapsed_hours=elapsed_hours,
    )
    return trials, suggestions
