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
    column = task.source.columns.get(_COLUMNS[task.kind], _COLUMNS[task.kind])
    if task.kind == "multiple_choice" and not isinstance(column, str):
        return tuple(str(number) for number in range(len(column)))
    assert isinstance(column, str), "labels are one column"
    tables, _ = raw_tables(place, files, None)
    where = name_of(place, files)
    try:
        return _found(tables, column, task, where)
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: the column {column!r} is not in UTF-8 ({error})") from error


def _found(tables: Iterable[pa.Table], column: str, task: Task, where: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    most = 0
    for table in tables:
        if column not in table.column_names:
            there = ", ".join(table.column_names)
            raise DataError(f"{where}: no column {column!r}; it has: {there}")
        if names := _class_names(table.schema.field(column), table.schema):
            return names
        values = table[column].to_pylist()
        if task.kind == "multiple_choice":
            sizes = [len(choices) for choices in values if isinstance(choices, list)]
            most = max([most, *sizes])
            continue
        found |= dict.fromkeys(_texts(values, lists=task.kind == "tagging"))
        if len(found) > MOST_LABELS:
            raise DataError(
                f"{where}: the column {column!r} has more than {MOST_LABELS:,} different values; "
                "is it the column of the labels?"
            )
    if not found and not most:
        wanted = "lists of choices" if task.kind == "multiple_choice" else "labels"
        raise DataError(f"{where}: the column {column!r} has no {wanted} in any row")
    return tuple(sorted(found, key=_rank)) or tuple(str(number) for number in range(most))


def _texts(values: Iterable[Any], *, lists: bool) -> Iterator[str]:
    """Labels of rows; tags may be written with spaces between, but a label may have spaces."""
    for value in values:
        if isinstance(value, list):
            yield from _texts(value, lists=False)
        elif lists and isinstance(value, str):
            yield from _texts(value.split(), lists=False)
        elif value not in (None, "", -1, "-1"):
            yield str(value)


def _rank(label: str) -> tuple[bool, int, str]:
    return (label != _OUTSIDE, int(label) if label.isdecimal() else 0, label)


def _class_names(field: pa.Field, schema: pa.Schema) -> tuple[str, ...]:
    feature = datasets.Features.from_arrow_schema(schema)[field.name]
    feature = getattr(feature, "feature", feature)
    return tuple(feature.names) if isinstance(feature, datasets.ClassLabel) else ()
