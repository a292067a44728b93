"""How much longer will it take, about? From what ended in this launch, and what is still to come.

Trials differ (baselines come first, later ones find more in the store), so it is a rough number.
"""

from __future__ import annotations

import time

from search.study_fields import StudyConfig
from search.tally import Tally


class Pace:
    """Ended and expected trials of each phase, timed since the launch or the phase began.

    Args:
        config: the study.
        baselines: search trials besides the sampled ones.
        tally: kept up to date by its owner.
    """

    def __init__(self, config: StudyConfig, *, baselines: int, tally: Tally) -> None:
        self._config = config
        self._budget = config.budget
        self._tally = tally
        trials = config.budget.trials
        self._searched = None if trials is None or config.enumerate else baselines + trials
        self._phase = ""
        self._began = 0.0
        self._done_before = 0.0

    def total(self, phase: str) -> int | None:
        """Trials of a phase, at most; None if nobody knows."""
        if phase == "confirm":
            return num_confirm_trials(self._config, self._tally.num_candidates)
        return None if self._searched is None else self._searched + self._tally.num_further

    def seconds_left(self) -> float | None:
        """Of the phase; None while nothing has ended in it."""
        phase, done = self._tally.phase, self._done()
        if phase != self._phase:
            self._phase, self._began, self._done_before = phase, time.monotonic(), done
            return None
        gained, whole = done - self._done_before, self._whole()
        if whole is None or gained <= 0:
            return None
        return max(0.0, whole - done) * (time.monotonic() - self._began) / gained

    def _done(self) -> float:
        """Trials, or examples where they are the budget."""
        if self._tally.phase == "search" and self._budget.examples is not None:
            return self._tally.spent.paid
        return self._tally.ended(self._tally.phase)

    def _whole(self) -> float | None:
        if self._tally.phase == "search" and self._budget.examples is not None:
            return self._budget.examples
        return self.total(self._tally.phase)


def num_confirm_trials(config: StudyConfig, candidates: int) -> int:
    """Trials of the confirmation, if the winner has several stages; both passes count as one.

    Args:
        config: the study.
        candidates: curricula that ran to the end so far, which counts where all are confirmed.
    """
    confirm, seeds = config.confirm, len(config.seeds.confirm)
    if not confirm.top:
        return 0
    top = candidates if confirm.top == "all" else confirm.top
    controls = len(confirm.learning_rates) + 3 if confirm.controls else 0
    return seeds * (top + 1 + controls)


def clock_text(seconds: float) -> str:
    """`4:07` or `1:04:07`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def left_text(seconds: float | None) -> str:
    """A rough duration for people; empty if it is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(10, round(seconds, -1)):.0f} s left"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"
