"""What decides in a simulated search? The objects of a real one, or another way to compare with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import optuna

from search.assignments import Planner
from search.floor import Director
from search.new_search import new_search
from search.simulated_trial import recorder
from search.study_fields import StudyConfig


class Decides(Director, Protocol):
    """A director that says how far it came."""

    @property
    def exhausted(self) -> bool:
        """Whether the space has no more curricula."""

    @property
    def num_sampled(self) -> int:
        """Trials that it proposed, baselines left out."""


NewSearch = Callable[[StudyConfig, Planner, Callable[[], float]], Decides]
"""What decides, from a study, its planner, and the hours on the simulated clock."""


def as_in_a_run(
    config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]
) -> Decides:
    """The objects of a real search, with Optuna's study and the observations in memory."""
    trials, _ = new_search(
        config,
        planner,
        study=optuna.create_study(direction="maximize", study_name=config.study.name),
        record=recorder(),
        elapsed_hours=elapsed_hours,
    )
    return trials
