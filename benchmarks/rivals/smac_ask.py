"""What does SMAC3 find? Its facade for hyperparameters (random forest) by ask and tell.

Everything is trained to the end, with the store. ConfigSpace says the space exactly: a slot is
there if the one before it holds a task, a size if its slot does, and no two slots hold the same
task: each configuration is another curriculum, and SMAC proposes none twice.
"""

from __future__ import annotations

from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.rivals.asking import NO_TASK, Asked, Report, curriculum_of, slots_of
from search.assignments import Planner
from search.study_fields import StudyConfig
from spaces.curriculum import Curriculum
from spaces.space import CurriculumSpace

SILENT = 60
"""A level of logging above CRITICAL."""


class Smac:
    """`HyperparameterOptimizationFacade`; it minimises."""

    def __init__(self, space: CurriculumSpace, *, trials: int, seed: int) -> None:
        from smac import HyperparameterOptimizationFacade, Scenario

        self._num_slots = space.max_stages
        self._asked: dict[int, Any] = {}
        self._folder = TemporaryDirectory(prefix="smac-")
        scenario = Scenario(
            _configurations(space, seed),
            deterministic=True,
            n_trials=trials,
            seed=seed,
            output_directory=self._folder.name,
        )
        self.facade = HyperparameterOptimizationFacade(
            scenario, _never, overwrite=True, logging_level=SILENT
        )

    def propose(self, trial: int) -> Curriculum | None:
        """The next configuration; None when it has no more."""
        try:
            info = self.facade.ask()
        except StopIteration:
            return None
        self._asked[trial] = info
        return curriculum_of(dict(info.config), self._num_slots)

    def take(self, report: Report) -> bool:
        """Told of the last rung; nothing is stopped."""
        from smac.runhistory.dataclasses import TrialValue

        if report.last:
            self.facade.tell(self._asked[report.trial], TrialValue(cost=-report.value), save=False)
        return False

    def fail(self, trial: int) -> None:
        """As a crash: SMAC gives it the highest cost that it knows."""
        from smac.runhistory import StatusType
        from smac.runhistory.dataclasses import TrialValue

        crashed = TrialValue(cost=float("inf"), status=StatusType.CRASHED)
        self.facade.tell(self._asked[trial], crashed, save=False)

    def exhausted(self) -> bool:
        """It said that it has no more."""
        return True


def smac(config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]) -> Asked:
    """SMAC3, all to the end."""
    trials, seed = config.budget.trials or 0, config.seeds.sampler
    return Asked(config, planner, Smac(planner.space, trials=trials, seed=seed))


def _configurations(space: CurriculumSpace, seed: int) -> Any:
    import ConfigSpace as cs

    choices, sizes = slots_of(space)
    tasks = [task for task in choices if task != NO_TASK]
    slots = [
        cs.Categorical(f"slot_{i}", list(choices), default=NO_TASK) for i in range(space.max_stages)
    ]
    amounts = [cs.Categorical(f"size_{i}", list(sizes), ordered=True) for i in range(len(slots))]
    found = cs.ConfigurationSpace(seed=seed)
    found.add(*slots, *amounts)
    # not NotEqualsCondition: it holds for a parent that is not there
    there = [cs.InCondition(size, slot, tasks) for size, slot in zip(amounts, slots, strict=True)]
    there += [cs.InCondition(slots[i + 1], slots[i], tasks) for i in range(len(slots) - 1)]
    found.add(*there)
    for later in range(len(slots)):
        for earlier in range(later):
            for task in tasks:
                pair = (cs.ForbiddenEqualsClause(slots[i], task) for i in (earlier, later))
                found.add(cs.ForbiddenAndConjunction(*pair))
    return found


def _never(config: Any, seed: int = 0) -> float:
    raise AssertionError("SMAC is asked and told; it runs nothing")
