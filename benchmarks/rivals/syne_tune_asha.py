"""What does Syne Tune find? ASHA with its conformal quantile regression (ASHACQR), on our rungs.

Its scheduler is made for simulation: `suggest`, then `on_trial_add`, `on_trial_result` and
`on_trial_remove` or `on_trial_complete`, in the order of `syne_tune/tuner.py`. The space is
categorical (`choice`), so that equal curricula have many spellings, as in its examples. With the
store, which Syne Tune has not: who proposes and who stops is compared, not who shares.

MOBSTER is not in 0.16: the Gaussian processes of its older releases are gone. CQR is the searcher
that its documentation puts forward (Salinas et al. 2023, arXiv 2305.03623).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np

from benchmarks.rivals.asking import Asked, Report, halving_of
from benchmarks.rivals.slots import slots_of
from search.assignments import Planner
from search.study_fields import StudyConfig
from spaces.curriculum import Curriculum
from spaces.space import CurriculumSpace

METRIC, TIME = "score", "iteration"


class SyneTune:
    """`ASHACQR` behind the tuner's calls."""

    def __init__(self, space: CurriculumSpace, *, max_t: int, factor: int, seed: int) -> None:
        from syne_tune.config_space import choice
        from syne_tune.optimizer.baselines import ASHACQR

        logging.getLogger("syne_tune").setLevel(logging.ERROR)
        self._slots = slots_of(space)
        self.scheduler = ASHACQR(
            {name: choice(list(choices)) for name, choices in self._slots.categories().items()},
            metric=METRIC,
            time_attr=TIME,
            max_t=max_t,
            do_minimize=False,
            random_seed=seed,
            grace_period=1,
            reduction_factor=factor,
        )
        self._seed = seed
        self._trials: dict[int, Any] = {}

    def propose(self, trial: int) -> Curriculum | None:
        """The next suggestion; None when it has no more."""
        from syne_tune.backend.trial_status import Trial

        with _global_seed(1000 * self._seed + trial):
            suggestion = self.scheduler.suggest()
        if suggestion is None:
            return None
        self._trials[trial] = Trial(trial, suggestion.config, datetime.now(UTC))
        self.scheduler.on_trial_add(self._trials[trial])
        return self._slots.curriculum(suggestion.config)

    def take(self, report: Report) -> bool:
        """The scheduler decides."""
        trial = self._trials[report.trial]
        result = {METRIC: report.value, TIME: report.iteration}
        stops = self.scheduler.on_trial_result(trial, result) == "STOP"
        if stops or report.last:
            self.scheduler.on_trial_remove(trial)
        return bool(stops)

    def fail(self, trial: int) -> None:
        """As the tuner says it."""
        self.scheduler.on_trial_error(self._trials[trial])

    def exhausted(self) -> bool:
        """It said that it has no more."""
        return True


def syne_tune_asha(
    config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]
) -> Asked:
    """Syne Tune's ASHA with conformal quantile regression."""
    max_t, factor = halving_of(config, planner)
    tuner = SyneTune(planner.space, max_t=max_t, factor=factor, seed=config.seeds.sampler)
    return Asked(config, planner, tuner)


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Its regressors break ties by numpy's global generator, which `random_seed` does not reach."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
