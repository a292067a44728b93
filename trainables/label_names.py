"""Which labels does a user's task have? Read from its training rows where the user lists none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa

from trainables.files import DataError
from trainables.places import files_of, name_of, place_of, raw_tables
from trainables.tasks.task import FileSource, HubSource, Task

MOST_LABELS = 5_000
"""More different ones are taken for a mistake; CCG supertagging, the largest set, has 1,363."""

_COLUMNS = {"classification": "label", "tagging": "tags", "multiple_choice": "choices"}
_OUTSIDE = "O"


def has_labels(task: Task) -> bool:
    """Whether tasks of its kind are described by labels."""
    return task.kind in _COLUMNS


def label_names(task: Task, *, mirror: Path | None) -> tuple[str, ...]:
    """Label names in the order of their integers, as `Task.labels` has them.

    Names of a ClassLabel as they are; else all values, numbers by size and words by alphabet, and
    "O" first. Of multiple choice the numbers of the choices.

    Raises:
        DataError: if the rows cannot be read, or the column holds something else than labels.
    """
    assert isinstance(task.source, HubSource | FileSource)
    place = place_of(task, task.source, task.source_language, "train", mirror)
    files = files_of(place, mirror)
    tables, _ = raw_tables(place, files, None)
    column = task.source.columns.get(_COLUMNS[task.kind], _COLUMNS[task.kind])
    if task.kind == "multiple_choice" and not isinstance(column, str):
        return tuple(str(number) for number in range(len(column)))
    assert isinstance(column, str), "labels are one column"
    found: dict[str, None] = {}
    for table in tables:
        if column not in table.column_names:
            there = ", ".join(table.column_names)
            raise DataError(f"{name_of(place, files)}: no column {column!r}; it has: {there}")
        if names := _class_names(table.schema.field(column), table.schema):
            return names
        values = table[column].to_pylist()
        if task.kind == "multiple_choice":
            most = max(len(choices) for choices in values)
            return tuple(str(number) for number in range(most))
        found |= dict.fromkeys(_texts(values))
        if len(found) > MOST_LABELS:
            raise DataError(
                f"{name_of(place, files)}: the column {column!r} has more than {MOST_LABELS:,} "
                "different values; is it the column of the labels?"
            )
    return tuple(sorted(found, key=_rank))


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, list):
            yield from _texts(value)
        elif value not in (None, "", -1, "-1"):
            yield from (
                str(value).split() if isinstance(value, str) and " " in value else [str(value)]
            )


def _rank(label: str) -> tuple[bool, int, str]:
    return (label != _OUTSIDE, int(label) if label.isdecimal() else 0, label)


def _class_names(field: pa.Field, schema: pa.Schema) -> tuple[str, ...]:
    feature = datasets.Features.from_arrow_schema(schema)[field.name]
    feature = getattr(feature, "feature", feature)
    return tuple(feature.names) if isinstance(feature, datasets.ClassLabel) else ()
