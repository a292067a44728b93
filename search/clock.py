"""How long did a run take, over all its launches, and how busy were its slots?"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.floor import TrialEvent

log = logging.getLogger(__name__)


class Clock:
    """Seconds by phase, kept in a small file that is rewritten at every event of a trial."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spent: dict[str, dict[str, float]] = {}
        if path.exists():
            self._spent = json.loads(path.read_text())
        self._phase = ""
        self._since = 0.0

    def hours(self) -> float:
        """Wall-clock hours of searching so far."""
        return self._elapsed("search") / 3600

    def take(self, event: TrialEvent) -> None:
        """Count a trial's time: busy, except what it waited for leases."""
        spent = self._spent[self._phase]
        spent["busy_seconds"] += event.seconds - event.waited_seconds
        spent["waited_seconds"] += event.waited_seconds
        self._save()

    @contextmanager
    def running(self, phase: str, *, workers: int) -> Iterator[None]:
        """Time a phase of this launch."""
        self._phase, self._since = phase, time.monotonic()
        zeros = {"wall_seconds": 0.0, "busy_seconds": 0.0, "waited_seconds": 0.0}
        self._spent[phase] = {**zeros, **self._spent.get(phase, {}), "workers": workers}
        try:
            yield
        finally:
            self._save()
            self._phase = ""

    def _elapsed(self, phase: str) -> float:
        running = time.monotonic() - self._since if phase == self._phase else 0.0
        return self._spent.get(phase, {}).get("wall_seconds", 0.0) + running

    def _save(self) -> None:
        now = time.monotonic()
        self._spent[self._phase]["wall_seconds"] += now - self._since
        self._since = now
        temporary = self._path.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(self._spent, indent=1))
            temporary.replace(self._path)
        except OSError as error:
            log.warning("%s cannot be written, the time spent is not kept: %s", self._path, error)
