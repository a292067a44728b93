"""How many rows do tasks really have? Each split is counted once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from search.study_fields import StudyConfig
from trainables.data import load_rows
from trainables.tasks.task import SplitName, Task

RowCounts = Mapping[str, Mapping[str, Mapping[str, int]]]
"""By task, split and language."""
NONE_YET: RowCounts = MappingProxyType({})


class CountRows(Protocol):
    """Counts rows that are really there."""

    def __call__(self, task: Task, split: SplitName = "train", language: str = "") -> int:
        """Rows; by default those that train the task."""


def row_counter(
    config: StudyConfig, *, mirror: Path | None, cache: Path, counted: RowCounts = NONE_YET
) -> CountRows:
    """Of a study's tasks.

    Args:
        config: the study.
        mirror: folder that stands in for the hub.
        cache: of data sets.
        counted: what need not be counted again.
    """
    known: dict[tuple[str, str, str], int] = {
        (task, split, language): count
        for task, splits in counted.items()
        for split, languages in splits.items()
        for language, count in languages.items()
    }

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
