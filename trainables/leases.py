"""Who is computing a missing node right now? So that two trials do not both train it.

`LeaseTable` is the plain table; `trainables/trainable.py` puts it into a named Ray actor.
Losing the table or a holder costs at most work done twice, never a wrong result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

EXPIRY_SECONDS = 30.0
"""A lease that was not renewed for this long is free again."""
RENEWAL_SECONDS = 5.0


class LeaseTable:
    """Leases by key: holder and time of the last renewal."""

    def __init__(self) -> None:
        self._leases: dict[str, tuple[str, float]] = {}

    def acquire(self, key: str, holder: str, now: float) -> bool:
        """True if `holder` has the lease from now on: it was free, expired or already theirs."""
        current = self._leases.get(key)
        if current is not None and current[0] != holder and now - current[1] < EXPIRY_SECONDS:
            return False
        self._leases[key] = (holder, now)
        return True

    def renew(self, holder: str, now: float) -> None:
        """Prolong every lease of `holder`."""
        for key, (name, _) in self._leases.items():
            if name == holder:
                self._leases[key] = (holder, now)

    def release(self, key: str, holder: str) -> None:
        """Give a lease back; nothing happens if it is somebody else's by now."""
        if self._leases.get(key, ("", 0.0))[0] == holder:
            del self._leases[key]


class Leases(Protocol):
    """What a trial asks of the table."""

    def acquire(self, key: str) -> bool:
        """True if this trial may compute the node."""

    def release(self, key: str) -> None:
        """The node is in the store, or was given up."""


class NoLeases:
    """For a single trial outside a search: every lease is granted."""

    def acquire(self, key: str) -> bool:
        """Always true."""
        return True

    def release(self, key: str) -> None:
        """Nothing to give back."""


class Renewal:
    """A daemon thread that calls `renew` every few seconds while its process lives."""

    def __init__(self, renew: Callable[[], object]) -> None:
        self._stopped = threading.Event()
        self._renew = renew
        self._thread = threading.Thread(target=self._run, daemon=True, name="lease-renewal")
        self._thread.start()

    def stop(self) -> None:
        """End the thread; leases then expire by themselves."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(RENEWAL_SECONDS):
            self._renew()
