"""Where is a study on disk, and who may write to it?

A run folder is readable without this software: `study.yaml` (resolved), `study.journal` (Optuna),
`observations.jsonl`, exports. Opening it for writing takes its lock, cuts a torn last line and
clears our own stale locks; a second live writer is refused.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import psutil

from analysis.observations import cut_torn_line

HEARTBEAT_SECONDS = 5.0
STALE_SECONDS = 60.0
"""A lock held on another host is stale when its heartbeat is older than this."""


class RunFolderError(ValueError):
    """The run folder cannot be used: says why and what to do."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one study on disk."""

    path: Path

    @property
    def study_file(self) -> Path:
        """The resolved study file."""
        return self.path / "study.yaml"

    @property
    def journal(self) -> Path:
        """Optuna's journal file."""
        return self.path / "study.journal"

    @property
    def observations(self) -> Path:
        """One line per observation."""
        return self.path / "observations.jsonl"

    @property
    def features(self) -> Path:
        """Similarities and task embeddings, where they were measured."""
        return self.path / "features.parquet"

    @property
    def clock(self) -> Path:
        """Seconds spent by all launches, and how they were spent."""
        return self.path / "clock.json"

    def keep_failure(self, text: str) -> None:
        """Add what is known of a failed trial to `failures.log`."""
        with (self.path / "failures.log").open("a", encoding="utf-8") as file:
            file.write(text)

    @property
    def best(self) -> Path:
        """Exported curricula."""
        return self.path / "best"

    @property
    def facts(self) -> Path:
        """What is remembered between launches and is no part of the study."""
        return self.path / "run.json"

    @property
    def mirror(self) -> Path | None:
        """The mirror that the last launch used."""
        mirror = self.read_facts().get("mirror")
        return None if mirror is None else Path(str(mirror))

    def read_facts(self) -> dict[str, Any]:
        """`run_id`, by which store entries remember who paid for them, `mirror`, skipped rows."""
        return json.loads(self.facts.read_text()) if self.facts.exists() else {}

    @property
    def skipped_rows(self) -> list[str]:
        """A line for each file of which the last launch skips bad rows."""
        return list(self.read_facts().get("skipped_rows") or ())

    def remember(self, **facts: Any) -> None:
        """Add to the facts, or change them."""
        write_whole(self.facts, json.dumps({**self.read_facts(), **facts}))

    def writer(self) -> str | None:
        """The living process that writes to the folder, for people; None if there is none."""
        holder = _read_holder(self.path / "run.lock")
        if holder is None or not _alive(holder, self.path / "run.lock"):
            return None
        return f"process {holder['pid']} on {holder['host']}"


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that nobody ever reads half of it."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


@contextmanager
def opened_for_writing(folder: RunFolder) -> Iterator[list[str]]:
    """Hold the run folder; gives what had to be repaired, one sentence each.

    Raises:
        RunFolderError: if another living process writes to it, or it cannot be written.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        _take_lock(folder.path)
    except OSError as error:
        raise RunFolderError(f"cannot write to the run folder {folder.path}: {error}") from error
    stop = threading.Event()
    beat = threading.Thread(target=_heartbeat, args=(folder.path, stop), daemon=True)
    beat.start()
    try:
        yield _repair(folder)
    finally:
        stop.set()
        beat.join()
        (folder.path / "run.lock").unlink(missing_ok=True)


def _repair(folder: RunFolder) -> list[str]:
    """Cut torn last lines; a stale journal lock is ours, since we hold the folder."""
    repaired = []
    for path in (folder.observations, folder.journal):
        try:
            cut = cut_torn_line(path) if path.exists() else None
        except ValueError as damage:
            if path == folder.observations:
                raise RunFolderError(str(damage)) from damage
            path.replace(path.with_name(f"{path.name}.damaged"))
            cut = f"damaged, kept as {path.name}.damaged and made again from the observations"
        if cut is not None:
            repaired.append(f"{path.name}: {cut}")
    for lock in folder.path.glob(f"{folder.journal.name}.lock*"):
        lock.unlink()
        repaired.append(f"{lock.name}: removed, left by a process that was killed")
    return repaired


def _take_lock(path: Path) -> None:
    """Write our name into `run.lock` unless a living writer is named there."""
    with filelock.FileLock(path / ".run.lock.guard"):
        lock = path / "run.lock"
        holder = _read_holder(lock)
        if holder is not None and _alive(holder, lock):
            raise RunFolderError(
                f"the run folder {path} is in use by process {holder['pid']} on "
                f"{holder['host']}; wait for it or stop it, then try again"
            )
        temporary = path / f".run.lock.{os.getpid()}"
        temporary.write_text(json.dumps(_ourselves()))
        temporary.replace(lock)


def _ourselves() -> dict[str, object]:
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": psutil.Process().create_time(),
    }


def _read_holder(lock: Path) -> dict[str, object] | None:
    try:
        holder = json.loads(lock.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return (
        holder if isinstance(holder, dict) and {"host", "pid", "started"} <= set(holder) else None
    )


def _alive(holder: dict[str, object], lock: Path) -> bool:
    if holder["host"] != socket.gethostname():
        return time.time() - lock.stat().st_mtime < STALE_SECONDS
    try:
        process = psutil.Process(int(str(holder["pid"])))
        if process.status() == psutil.STATUS_ZOMBIE:  # killed, and nobody has asked how it ended
            return False
        return process.create_time() == holder["started"]
    except psutil.NoSuchProcess:
        return False


def _heartbeat(path: Path, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        (path / "run.lock").touch()
