"""What are the hashes of a task's texts? Computed once per machine, kept beside the rows.

8 bytes a text, in the folder of the rows (`trainables/row_cache.py`), whose name says which rows.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.data import rows_entry, rows_of_language
from trainables.overlaps import VERSION, Hashes, row_hashes
from trainables.places import available_languages, is_here
from trainables.tasks.catalogue import Catalogue
from trainables.tasks.task import SplitName, Task, UnionSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlaces:
    """Where the rows of tasks are."""

    catalogue: Catalogue
    mirror: Path | None = None
    cache: Path | None = None
    """Folder for rows and hashes; None: kept in memory."""
    skip_bad_rows: bool = False
    download: bool = True
    """Whether what the mirror lacks is read from the hub."""


def kept_hashes(task: Task, language: str, split: SplitName, places: RowPlaces) -> Hashes:
    """Hashes of all rows of a split, as `row_hashes`; mapped from disk where there is a cache.

    Of a question with passages in several languages: those of its own language alone.

    Raises:
        DataError: as `load_rows`.
    """
    if isinstance(task.source, UnionSource):
        return np.concatenate(
            [
                kept_hashes(part, part.source_language, split, places)
                for part in parts_here(task.source, split, places)
            ]
        )
    how = {"mirror": places.mirror, "skip_bad_rows": places.skip_bad_rows}
    if places.cache is None:
        return row_hashes(rows_of_language(task, language, split, **how))  # type: ignore[arg-type]
    cached = {"cache": places.cache, **how}
    entry = rows_entry(task, language, split, **cached)  # type: ignore[arg-type]
    kept = entry / f"hashes-{VERSION}.npy"
    if not kept.is_file():
        hashes = row_hashes(rows_of_language(task, language, split, **cached))  # type: ignore[arg-type]
        _write(kept, hashes)
    mapped: Hashes = np.load(kept, mmap_mode="r")
    return mapped


def parts_here(source: UnionSource, split: SplitName, places: RowPlaces) -> list[Task]:
    """The parts of a union of which rows can be had."""
    return [
        part
        for part in source.parts
        if (places.download or is_here(part, places.mirror))
        and (not source.partial or available_languages(part, split, places.mirror))
    ]


def _write(path: Path, hashes: Hashes) -> None:
    """Written beside it and renamed: another process may do the same."""
    number, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(number, "wb") as file:
            np.save(file, hashes)
        Path(name).rename(path)
    finally:
        Path(name).unlink(missing_ok=True)
