"""How do a user's own columns become the canonical columns of a kind? Without any code.

Columns have their canonical names (`task.py`) unless the task says otherwise. Labels may be their
names or their numbers. Several columns may make one list (the choices of a question); a list may
be written as words with spaces between, and SQuAD's `answers` as {text, answer_start}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainables.tasks.adapters import NO_LABEL, Adapter, Batch, Origin
from trainables.tasks.task import Columns, KindName, Task

WANTED: dict[KindName, tuple[str, ...]] = {
    "classification": ("text", "label"),
    "multiple_choice": ("question", "choices", "label"),
    "span_qa": ("context", "question", "answers"),
    "tagging": ("tokens", "tags"),
    "retrieval": ("source", "target"),
    "mlm": ("text",),
}
"""Canonical columns that the data must have, by kind."""

OPTIONAL: dict[KindName, tuple[str, ...]] = {
    "classification": ("text_pair",),
    "multiple_choice": ("context",),
    "span_qa": ("answer_starts",),
}
"""Those that it may have; all kinds may have `id`."""


def by_columns(task: Task, columns: Columns) -> Adapter:
    """The adapter of a task whose columns are only named otherwise."""
    numbers = {label: number for number, label in enumerate(task.labels)}

    def adapt(batch: Batch, origin: Origin) -> Batch:
        def values(name: str) -> list[Any]:
            column = columns.get(name, name)
            if isinstance(column, str):
                return batch[column]
            return [list(row) for row in zip(*(batch[each] for each in column), strict=True)]

        found: Batch = {}
        for name in WANTED[task.kind]:
            found[name] = _MAKE.get(name, _as_it_is)(values(name), numbers)
        for name in OPTIONAL.get(task.kind, ()):
            if columns.get(name, name) in batch:
                found[name] = [value or "" for value in values(name)]
            elif name != "answer_starts":
                found[name] = [""] * len(origin.rows)
        if task.kind == "span_qa":
            found |= _answers(found["answers"], found.get("answer_starts"))
        has_ids = columns.get("id", "id") in batch
        found["id"] = [str(v) for v in values("id")] if has_ids else origin.own_ids()
        return found

    return adapt


def _as_it_is(values: list[Any], numbers: Mapping[str, int]) -> list[Any]:
    return values


def _label_numbers(values: list[Any], numbers: Mapping[str, int]) -> list[int | None]:
    return [_label_number(value, numbers) for value in values]


def _label_number(value: Any, numbers: Mapping[str, int]) -> int | None:
    """By name, else by number; without gold NO_LABEL, with an unknown one None."""
    if value is None or value in ("", NO_LABEL, str(NO_LABEL)):
        return NO_LABEL
    if str(value) in numbers:
        return numbers[str(value)]
    is_number = isinstance(value, int) or (isinstance(value, str) and value.isdecimal())
    return int(value) if is_number and int(value) < len(numbers) else None


def _tag_numbers(values: list[Any], numbers: Mapping[str, int]) -> list[list[int | None]]:
    return [[_label_number(tag, numbers) for tag in tags] for tags in _words(values, numbers)]


def _words(values: list[Any], numbers: Mapping[str, int]) -> list[list[Any]]:
    return [value.split() if isinstance(value, str) else list(value) for value in values]


def _answers(answers: Sequence[Any], starts: Sequence[Any] | None) -> Batch:
    """SQuAD's struct, or lists, or one answer and its place."""
    if starts is None:
        return {
            "answers": [list(row["text"]) for row in answers],
            "answer_starts": [list(row["answer_start"]) for row in answers],
        }
    return {
        "answers": [[row] if isinstance(row, str) else list(row) for row in answers],
        "answer_starts": [[int(row)] if isinstance(row, int | str) else row for row in starts],
    }


_MAKE: dict[str, Callable[[list[Any], Mapping[str, int]], list[Any]]] = {
    "label": _label_numbers,
    "tags": _tag_numbers,
    "tokens": _words,
}
