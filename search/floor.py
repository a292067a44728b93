"""Which trial is on which worker, and what becomes of it? Between who decides and what executes.

It knows nothing of Ray: the adapters in `search/execution.py` and a simulation ask and tell it the
same.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from search.endings import SearchStopped, Verdict
from trainables.assignment import Assignment, Setup


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


class Floor:
    """Hands a director's trials out and takes their results in.

    Args:
        director: decides.
        setup: of all trials.
        resources: how many run at once, and how often a lost one starts again.
        on_event: is told everything; may raise what ends the search.
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
