"""How do trials run on Ray Tune? Thin adapters: what they are asked, they ask `search/trials.py`.

Ray executes; it decides nothing and remembers nothing. Its own experiment state is written to a
temporary folder and thrown away.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.stopper import Stopper

from search.endings import Interrupted, SearchStopped, Verdict
from trainables.assignment import Assignment, Setup
from trainables.trainable import CurriculumTrainable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the trials of a search may use."""

    workers: int
    """Trials at the same time."""
    cpus: float
    """CPUs of one trial."""
    gpus: float
    """GPUs of one trial; fractions share one."""
    max_failures: int
    """How often a trial that lost its worker starts again (from the store)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEvent:
    """Something that a trial reported, for progress and for the clock."""

    kind: str
    """started, rung, progress, repaired (a damaged file), lost (a worker), or failed."""
    assignment: Assignment
    detail: str
    waited_seconds: float = 0.0
    seconds: float = 0.0
    """Time since this trial's last report."""
    rung: int | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    trace: str = ""
    """Of a failure."""
    verdict: Verdict | None = None
    """What becomes of the trial, after a rung or a failure."""


class Director(Protocol):
    """Who decides: the search or the confirmation."""

    def next(self) -> Assignment | None:
        """The next trial; None if there is none now."""

    def finished(self) -> bool:
        """Whether nothing runs and nothing will come."""

    def on_rung(self, assignment: Assignment, rung: int, rows: list[dict[str, Any]]) -> Verdict:
        """Take a trial's rows in, and say whether it ends here."""

    def on_failure(self, assignment: Assignment, message: str) -> None:
        """A trial failed for good."""


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


class Floor:
    """What the adapters share: which of Ray's trials is which assignment.

    It knows nothing of Ray: a simulation drives it as the adapters do.
    """

    def __init__(
        self,
        director: Director,
        setup: Setup,
        resources: Resources,
        on_event: Callable[[TrialEvent], None],
    ) -> None:
        self.director = director
        self.stopped_by: SearchStopped | None = None
        self._setup = json.dumps(setup.to_json())
        self._max_running = resources.workers
        self._max_failures = resources.max_failures
        self._failures: Counter[tuple[Any, ...]] = Counter()
        self._lost: list[Assignment] = []
        self._on_event = on_event
        self._running: dict[str, Assignment] = {}
        self._last_report: dict[str, float] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Floor:
        """Ray copies its configuration; there is one floor."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Ray writes its configuration into the scratch folder; nobody reads it."""
        return (dict, ())

    def start(self, trial_id: str) -> dict[str, str] | None:
        """The configuration of the next trial, or None if none can start now."""
        if self.stopped_by is not None or len(self._running) >= self._max_running:
            return None
        assignment: Assignment | None = None
        with self._stopping():
            assignment = self._lost.pop(0) if self._lost else self.director.next()
        if assignment is None:
            return None
        self._running[trial_id] = assignment
        self._last_report[trial_id] = time.monotonic()
        self._tell(TrialEvent(kind="started", assignment=assignment, detail="waiting for a slot"))
        return {"setup": self._setup, "assignment": json.dumps(assignment.to_json())}

    def on_result(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Take a result in; true if the trial ends."""
        if self.stopped_by is not None:  # nothing is written behind what could not be written
            return True
        assignment = self._running[trial_id]
        rows = json.loads(result.get("rows", "[]"))
        verdict = Verdict(ends=False)
        with self._stopping():
            if result["event"] == "rung":
                verdict = self.director.on_rung(assignment, result["rung"], rows)
            elif result["event"] == "disk full":
                raise SearchStopped(
                    f"a worker could not write: {result['detail']}; make room, then resume"
                )
            elif result["event"] == "failed":
                verdict = Verdict(ends=True)
                self.director.on_failure(assignment, result["detail"])
        for repair in json.loads(result.get("repairs", "[]")):
            self._tell(TrialEvent(kind="repaired", assignment=assignment, detail=repair))
        now = time.monotonic()
        self._tell(
            TrialEvent(
                kind=result["event"],
                assignment=assignment,
                detail=result["detail"],
                waited_seconds=result.get("waited_seconds", 0.0),
                seconds=now - self._last_report[trial_id],
                rung=result.get("rung"),
                rows=rows,
                trace=result.get("trace", ""),
                verdict=verdict,
            )
        )
        self._last_report[trial_id] = now
        if verdict.ends:
            del self._running[trial_id]
        return verdict.ends or self.stopped_by is not None

    def on_error(self, trial_id: str, message: str) -> None:
        """A worker was lost or broke: its trial starts again, from the store, if it still may.

        Ray's own retries are off: they do not cover a worker that is lost while it starts.
        """
        if self.stopped_by is not None:
            return
        assignment = self._running.pop(trial_id)
        detail = message.strip().splitlines()[-1]
        self._failures[assignment.identity] += 1
        ends = self._failures[assignment.identity] > self._max_failures
        if ends:
            with self._stopping():
                self.director.on_failure(assignment, detail)
        else:
            self._lost.append(assignment)
        self._tell(
            TrialEvent(
                kind="failed" if ends else "lost",
                assignment=assignment,
                detail=detail,
                trace=message,
                verdict=Verdict(ends=ends),
            )
        )

    def _tell(self, event: TrialEvent) -> None:
        with self._stopping():
            self._on_event(event)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """What ends the search is kept until Ray has stopped."""
        try:
            yield
        except SearchStopped as stop:
            self.stopped_by = self.stopped_by or stop
        except OSError as error:
            self.stopped_by = self.stopped_by or SearchStopped(
                f"the run folder cannot be written: {error}; make room, then resume"
            )


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
