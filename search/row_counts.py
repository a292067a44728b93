"""How many rows do tasks really have? Each split is counted once."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from search.study_fields import StudyConfig
from trainables.data import load_rows
from trainables.tasks.task import SplitName, Task


class CountRows(Protocol):
    """Counts rows that are really there."""

    def __call__(self, task: Task, split: SplitName = "train", language: str = "") -> int:
        """Rows; by default those that train the task."""


def row_counter(config: StudyConfig, *, mirror: Path | None, cache: Path) -> CountRows:
    """Of a study's tasks."""
    known: dict[tuple[str, SplitName, str], int] = {}

    def num_rows(task: Task, split: SplitName = "train", language: str = "") -> int:
        key = (task.name, split, language or task.source_language)
        if key not in known:
            rows = load_rows(
                task,
                key[2],
                split,
                mirror=mirror,
                cache=cache,
                skip_bad_rows=config.on_bad_row == "skip",
            )
            known[key] = len(rows)
        return known[key]

    return num_rows
