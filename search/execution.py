"""How do trials run on Ray Tune? Thin adapters: what they are asked, they ask `search/floor.py`.

Ray executes; it decides nothing and remembers nothing. Its own experiment state is written to a
temporary folder and thrown away.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.stopper import Stopper

from search.endings import Interrupted
from search.floor import Director, Floor, Resources, TrialEvent
from trainables.assignment import Setup
from trainables.trainable import CurriculumTrainable


def run_trials(
    director: Director,
    *,
    setup: Setup,
    resources: Resources,
    on_event: Callable[[TrialEvent], None],
) -> None:
    """Run trials until the director has no more.

    Raises:
        SearchStopped: if it cannot go on; everything that was finished is recorded.
        Interrupted: on SIGINT or SIGTERM.
    """
    if director.finished():
        return
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(resources.workers)  # all may start at once
    floor = Floor(director, setup, resources, on_event)
    with tempfile.TemporaryDirectory(prefix="curriculum-ray-") as scratch:
        tune.Tuner(
            tune.with_resources(
                CurriculumTrainable, {"cpu": resources.cpus, "gpu": resources.gpus}
            ),
            tune_config=tune.TuneConfig(
                search_alg=_Searcher(floor),
                scheduler=_Scheduler(floor),
                num_samples=-1,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=scratch,
                stop=_Stopper(floor),
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=0),  # the floor starts them again
                checkpoint_config=tune.CheckpointConfig(
                    checkpoint_frequency=0, checkpoint_at_end=False
                ),
            ),
        ).fit()
    if floor.stopped_by is not None:
        raise floor.stopped_by
    if not director.finished():
        raise Interrupted()


class _Searcher(Searcher):
    """Hands the director's next trial to Ray."""

    def __init__(self, floor: Floor) -> None:
        super().__init__()
        self._floor = floor

    def suggest(self, trial_id: str) -> dict[str, str] | str | None:
        """A trial's configuration, None to wait, FINISHED at the end."""
        config = self._floor.start(trial_id)
        if config is None and self._floor.director.finished():
            return str(Searcher.FINISHED)
        return config

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Nothing: the scheduler told the director already."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the run folder is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the run folder is the state."""


class _Scheduler(FIFOScheduler):
    """Tells the director every result, and stops the trials that it ends."""

    def __init__(self, floor: Floor) -> None:
        super().__init__()
        self._floor = floor

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """STOP at the trial's end, CONTINUE before."""
        ends = self._floor.on_result(trial.trial_id, result)
        return TrialScheduler.STOP if ends else TrialScheduler.CONTINUE

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """The trial's worker was lost or broke."""
        trace = trial.error_file  # `get_error` looks where it will be uploaded later
        self._floor.on_error(
            trial.trial_id, Path(trace).read_text() if trace else "its worker was lost"
        )


class _Stopper(Stopper):
    """Ends everything when the director cannot go on."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Never a single trial."""
        return False

    def stop_all(self) -> bool:
        """Whether the search was stopped."""
        return self._floor.stopped_by is not None
