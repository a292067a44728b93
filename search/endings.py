"""How does a trial end, and how does a search?"""

from __future__ import annotations

from dataclasses import dataclass
from signal import SIGINT

MAX_FAILURES_IN_A_ROW = 3
"""So many failed trials one after another end the search: something is wrong with all of them."""


class SearchStopped(RuntimeError):
    """The search cannot go on; the message says why and what to do."""


class Interrupted(SearchStopped):
    """The user or the system asked the search to stop."""

    def __init__(self, signal_number: int = SIGINT) -> None:
        super().__init__("interrupted")
        self.signal_number = int(signal_number)
        """SIGINT or SIGTERM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a trial after a rung."""

    ends: bool
    """It reached its last rung, or was stopped."""
    stopped: bool = False
    """ASHA stopped it."""
    reason: str = ""
    """A clause for people."""
    value: float | None = None
    """The objective at this rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When to stop proposing: one is set, or none where the whole space is enumerated."""

    trials: int | None = None
    examples: float | None = None
    """Examples paid by all trials together."""
    hours: float | None = None
    """Wall-clock time of all launches together."""

    def spent(self, *, trials: int, examples: float, hours: float) -> bool:
        """Whether nothing more is proposed."""
        if self.trials is not None:
            return trials >= self.trials
        if self.examples is not None:
            return examples >= self.examples
        if self.hours is not None:
            return hours >= self.hours
        return False  # a space that is enumerated ends by itself
