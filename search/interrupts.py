"""How does a search end when it is asked to? SIGINT and SIGTERM both stop it cleanly.

The first signal lets Ray Tune end its trials; a second one ends the process at once. Neither can
harm the run folder: whatever is written there is whole, or cut on the next opening.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from search.endings import Interrupted


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, SIGINT and SIGTERM raise `Interrupted`, which says which of them it was.

    Ray Tune ends cleanly on SIGINT alone, so that a batch system's SIGTERM is handled as one.
    Outside the main thread nothing is changed: signals do not arrive there.

    Raises:
        Interrupted: in place of KeyboardInterrupt, too.
    """
    received: list[int] = []

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        received.append(number)
        on_sigint = signal.getsignal(signal.SIGINT)  # Ray Tune's own while trials run
        if not callable(on_sigint):
            raise KeyboardInterrupt
        on_sigint(signal.SIGINT, frame)

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, on_sigterm) if main else None
    try:
        yield
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted(received[0] if received else signal.SIGINT) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def own_sigterm_kept() -> Iterator[None]:
    """After this, SIGTERM is handled as before: starting Ray replaces it by an immediate end.

    Raises:
        KeyboardInterrupt: in place of the SystemExit with which Ray ends on a SIGTERM meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit:
        _as_sigterm(before)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _as_sigterm(handler: object) -> None:
    """Call what handled SIGTERM before, if that was a function."""
    if callable(handler):
        handler(signal.SIGTERM, None)
