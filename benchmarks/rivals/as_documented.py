"""What would a user get who writes the search as Ray's documentation shows it?

The program is the example of docs.ray.io, "Tune Search Algorithms" (tune/api/suggestion), with the
scheduler that "Getting Started" (tune/getting-started) adds to such a program: `OptunaSearch()`
with its default sampler as `search_alg`, `ASHAScheduler` as `scheduler`, metric and mode in
`TuneConfig`, the space as `tune.choice` in `param_space`. Ray's own two objects decide here; no
cluster runs. They are called in the order of Ray's controller
(ray/tune/execution/tune_controller.py, `_process_trial_result`, `stop_trial`).

What it does not know, and is left as it is: equal curricula have many spellings and are trained
again; a trial that ASHA stopped is told to Optuna as COMPLETE, with its value on a ninth of the
probe beside values on all of it, and without that value as an intermediate one; the first trial at
each rung goes on whatever it is; no baseline, no noise, no store.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from benchmarks.rivals.asking import Asked, Report, halving_of
from benchmarks.rivals.slots import slots_of
from search.assignments import Planner
from search.study_fields import StudyConfig
from spaces.curriculum import Curriculum
from spaces.space import CurriculumSpace

METRIC, MODE = "score", "max"


class RayTune:
    """`Tuner.fit()` without a cluster: the search algorithm and the scheduler of a user."""

    def __init__(self, space: CurriculumSpace, *, max_t: int, factor: int, seed: int) -> None:
        self._slots = slots_of(space)
        self.search_alg = OptunaSearch(seed=seed)  # the seed alone is not in the documentation
        self.scheduler = AsyncHyperBandScheduler(
            time_attr="training_iteration", max_t=max_t, grace_period=1, reduction_factor=factor
        )
        param_space: dict[str, Any] = {
            name: tune.choice(list(choices)) for name, choices in self._slots.categories().items()
        }
        self.search_alg.set_search_properties(METRIC, MODE, param_space)
        self.scheduler.set_search_properties(METRIC, MODE)

    def propose(self, trial: int) -> Curriculum:
        """A new trial of Optuna's study."""
        values = self.search_alg.suggest(str(trial))
        self.scheduler.on_trial_add(None, _trial(trial))
        return self._slots.curriculum(values)

    def take(self, report: Report) -> bool:
        """The scheduler decides; the search algorithm hears of it as the controller tells it."""
        trial = _trial(report.trial)
        result = {METRIC: report.value, "training_iteration": report.iteration}
        stops = self.scheduler.on_trial_result(None, trial, result) == TrialScheduler.STOP
        if stops or report.last:
            self.scheduler.on_trial_complete(None, trial, result)
            self.search_alg.on_trial_complete(trial.trial_id, result=result)
        else:
            self.search_alg.on_trial_result(trial.trial_id, result)
        return bool(stops)

    def fail(self, trial: int) -> None:
        """As `_process_trial_failure` with max_failures=0."""
        self.scheduler.on_trial_error(None, _trial(trial))
        self.search_alg.on_trial_complete(str(trial), error=True)

    def exhausted(self) -> bool:
        """Never: it proposes for ever."""
        return False


def as_documented(
    config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]
) -> Asked:
    """Ray Tune with OptunaSearch and ASHA."""
    max_t, factor = halving_of(config, planner)
    program = RayTune(planner.space, max_t=max_t, factor=factor, seed=config.seeds.sampler)
    return Asked(config, planner, program)


def _trial(number: int) -> SimpleNamespace:
    """What the scheduler reads of a trial."""
    return SimpleNamespace(trial_id=str(number))
