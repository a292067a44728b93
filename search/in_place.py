"""How does an export appear? All at once: written beside its place, then renamed into it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def folder_in_place(path: Path) -> Iterator[Path]:
    """An empty folder that replaces `path` when the block ends, and vanishes if it fails."""
    new = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    old = new.with_name(f"{new.name}-old")
    new.mkdir(parents=True)
    try:
        yield new
        if path.exists():
            path.rename(old)
        new.rename(path)
    finally:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)


def write_in_place(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a file beside `path`, then rename it there."""
    new = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        write(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def clear_leftovers(path: Path) -> None:
    """Remove what a killed writer of the folder `path` left beside it."""
    for leftover in path.parent.glob(f".{path.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
