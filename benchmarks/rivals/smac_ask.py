"""What does SMAC3 find? Its facade for hyperparameters (random forest) by ask and tell.

Everything is trained to the end, with the store. ConfigSpace says the space exactly: a slot is
there if the one before it holds a task, a size if its slot does, and no two slots hold the same
task: each configuration is another curriculum, and SMAC proposes none twice.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.rivals.asking import Asked, Report
from benchmarks.rivals.slots import NO_TASK, Slots, size_name, slots_of, tasks_of
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

        self._slots = slots_of(space)
        self._asked: dict[int, Any] = {}
        self._folder = TemporaryDirectory(prefix="smac-")
        scenario = Scenario(
            _configurations(self._slots, seed),
            deterministic=True,
            n_trials=trials,
            seed=seed,
            output_directory=self._folder.name,
        )
        self.facade = HyperparameterOptimizationFacade(
            scenario, _never, overwrite=True, logging_level=SILENT
        )

    def propose(self, trial: int) -> Curriculum | None:
        """The next configuration; None when it has no more, or finds none by its own retries."""
        from smac.main.exceptions import ConfigurationSpaceExhaustedException

        try:
            info = self.facade.ask()
        except (StopIteration, ConfigurationSpaceExhaustedException):
            return None
        self._asked[trial] = info
        return self._slots.curriculum(dict(info.config))

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


def _configurations(slots: Slots, seed: int) -> Any:
    import ConfigSpace as cs

    held = [
        cs.Categorical(f"slot_{i}", [*slots.mixtures, NO_TASK], default=NO_TASK)
        for i in range(slots.num_stages)
    ]
    found = cs.ConfigurationSpace(seed=seed)
    found.add(*held)
    # not NotEqualsCondition: it holds for a parent that is not there
    for i, slot in enumerate(held):
        for place in range(slots.joint):
            large = [mixture for mixture in slots.mixtures if len(tasks_of(mixture)) > place]
            size = cs.Categorical(size_name(i, place), list(slots.sizes), ordered=True)
            found.add(size)
            found.add(cs.InCondition(size, slot, large))
    for slot, before in zip(held[1:], held, strict=False):
        found.add(cs.InCondition(slot, before, list(slots.mixtures)))
    for earlier, later in combinations(held, 2):
        for one, other in product(slots.mixtures, repeat=2):
            if set(tasks_of(one)) & set(tasks_of(other)):
                clauses = (
                    cs.ForbiddenEqualsClause(later, other),
                    cs.ForbiddenEqualsClause(earlier, one),
                )
                found.add(cs.ForbiddenAndConjunction(*clauses))
    return found


def _never(config: Any, seed: int = 0) -> float:
    raise AssertionError("SMAC is asked and told; it runs nothing")
