"""What do canonical rows look like, and what identifies their content?

Columns per kind as `trainables/tasks/task.py` describes them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence

import datasets
import numpy as np
import pyarrow as pa

from trainables.hub import DataError, quiet
from trainables.row_checks import Fault, faults, is_labelled
from trainables.tasks.adapters import NO_LABEL, Adapter, Batch, Origin
from trainables.tasks.task import KindName, Task

_BATCH = 1000
_SHOWN = 5
"""Bad rows that a message names."""
_UNREADABLE = (TypeError, ValueError, AttributeError, IndexError)
"""What an adapter or Arrow raises over a value of another form; ValueError includes Arrow's own
and text that is not UTF-8."""
_TEXT, _NUMBER = datasets.Value("string"), datasets.Value("int64")
_TEXTS, _NUMBERS = datasets.List(_TEXT), datasets.List(_NUMBER)

FEATURES: dict[KindName, datasets.Features] = {
    "classification": datasets.Features(id=_TEXT, text=_TEXT, text_pair=_TEXT, label=_NUMBER),
    "multiple_choice": datasets.Features(
        id=_TEXT, context=_TEXT, question=_TEXT, choices=_TEXTS, label=_NUMBER
    ),
    "span_qa": datasets.Features(
        id=_TEXT, context=_TEXT, question=_TEXT, answers=_TEXTS, answer_starts=_NUMBERS
    ),
    "tagging": datasets.Features(id=_TEXT, tokens=_TEXTS, tags=_NUMBERS),
    "retrieval": datasets.Features(id=_TEXT, source=_TEXT, target=_TEXT),
    "dual_encoder": datasets.Features(
        id=_TEXT, question=_TEXT, candidates=_TEXTS, contexts=_TEXTS, relevant=_NUMBERS
    ),
}
"""Canonical columns and their types, per kind."""


def canonical(
    raw: datasets.Dataset,
    adapter: Adapter,
    task: Task,
    *,
    language: str,
    split: str,
    place: Callable[[int], str],
) -> datasets.Dataset:
    """Hub rows in canonical columns; those without gold label are left out, bad ones refused.

    Args:
        raw: rows in hub columns.
        adapter: see `trainables/tasks/adapters.py`.
        task: its kind says which columns, its labels what they may hold.
        language: the rows' language.
        split: the hub's split name, part of the ids.
        place: file and number of a raw row, for people.

    Raises:
        DataError: no rows, columns that the adapter does not know, or bad rows.
    """
    if not len(raw):
        raise DataError(f"the {split} split in {language!r} has no rows")

    def adapt(batch: Batch, numbers: Sequence[int]) -> Batch:
        return adapter(batch, Origin(language=language, split=split, rows=numbers))

    try:
        rows = _mapped(raw, adapt, task.kind)
    except (*_UNREADABLE, KeyError) as error:
        if isinstance(error, KeyError) and error.args[0] not in raw.column_names:
            has = ", ".join(raw.column_names)
            message = f"{place(0)}: the {split} split has no column {error}; it has: {has}"
            raise DataError(message) from error
        found, seen = _unreadable(raw, adapt, task.kind)
        raise DataError(_told(found, seen, place, task) or f"{place(0)}: {error}") from error
    return _good(rows, task, place)


def _good(rows: datasets.Dataset, task: Task, place: Callable[[int], str]) -> datasets.Dataset:
    """The rows with gold.

    Raises:
        DataError: if any of them is bad.
    """
    table = rows.with_format("arrow")[:]
    labelled = is_labelled(table, NO_LABEL)
    numbers = np.flatnonzero(labelled)
    if len(numbers) < len(rows):
        table, rows = table.filter(pa.array(labelled)), rows.select(numbers)
    if found := faults(table, task):
        named = [Fault(int(numbers[fault.row]), fault.what) for fault in found]
        raise DataError(_told(named, len(labelled), place, task))
    return rows


def _unreadable(
    raw: datasets.Dataset, adapt: Callable[[Batch, Sequence[int]], Batch], kind: KindName
) -> tuple[list[Fault], int]:
    """Rows that cannot be read at all, one by one, of the first batch with any; rows looked at."""

    def problem(numbers: Sequence[int]) -> str:
        try:
            batch = adapt(raw[numbers[0] : numbers[-1] + 1], numbers)
            pa.table(batch, schema=FEATURES[kind].arrow_schema)
        except UnicodeDecodeError as error:
            return f"is not in UTF-8 ({error})"
        except (*_UNREADABLE, KeyError) as error:
            return f"cannot be read: {error}"
        return ""

    for start in range(0, len(raw), _BATCH):
        numbers = range(start, min(start + _BATCH, len(raw)))
        if problem(numbers):
            told = ((number, problem([number])) for number in numbers)
            return [Fault(number, what) for number, what in told if what], numbers[-1] + 1
    return [], len(raw)


def _told(found: Sequence[Fault], seen: int, place: Callable[[int], str], task: Task) -> str:
    """The first bad rows and how many there are; empty if there are none."""
    if not found:
        return ""
    lines = [f"  {place(fault.row)}: {fault.what}" for fault in found[:_SHOWN]]
    left = len(found) - len(lines)
    more = [f"  and {left:,} more"] if left else []
    head = f"{len(found):,} of {seen:,} rows of {task.name} are bad (rows count from 0):"
    return "\n".join([head, *lines, *more, "correct them or take them out, then start again"])


def _mapped(
    raw: datasets.Dataset, adapt: Callable[[Batch, Sequence[int]], Batch], kind: KindName
) -> datasets.Dataset:
    with quiet():
        return raw.map(
            adapt,
            batched=True,
            batch_size=_BATCH,
            with_indices=True,
            remove_columns=raw.column_names,
            features=FEATURES[kind],
            keep_in_memory=True,
            load_from_cache_file=False,
            new_fingerprint=f"canonical-{kind}",
        )


def rows_with_ids(raw: datasets.Dataset, prefix: str) -> Sequence[int]:
    """Numbers of the hub rows whose ids begin so; all of them if the prefix is empty."""
    if not prefix:
        return range(len(raw))
    return [number for number, item in enumerate(raw["id"]) if item.startswith(prefix)]


def half(rows: datasets.Dataset, name: str) -> datasets.Dataset:
    """The rows whose ids fall into half `a` or `b`; all of them if the name is empty."""
    if not name:
        return rows
    kept = [number for number, item in enumerate(rows["id"]) if half_of(item) == name]
    return rows.select(kept)


def half_of(item: str) -> str:
    """The half, `a` or `b`, of an item id: the last bit of its SHA-256."""
    return "ab"[hashlib.sha256(item.encode()).digest()[-1] & 1]


def with_unique_ids(rows: datasets.Dataset) -> datasets.Dataset:
    """Number repeated ids `id#2`, `id#3`: two Tatoeba pairs may share their English sentence."""
    ids = rows["id"][:]
    if len(set(ids)) == len(ids):
        return rows
    seen: Counter[str] = Counter()
    unique = []
    for item in ids:
        seen[item] += 1
        unique.append(item if seen[item] == 1 else f"{item}#{seen[item]}")
    table = rows.with_format("arrow")[:]
    place = table.schema.get_field_index("id")
    return datasets.Dataset(table.set_column(place, "id", pa.array(unique, pa.string())))


def rows_hash(rows: datasets.Dataset) -> str:
    """SHA-256 of the content of the rows in their order, whatever file or chunks hold them."""
    digest = hashlib.sha256(json.dumps(sorted(rows.column_names)).encode())
    arrow = rows.with_format("arrow")
    for start in range(0, len(rows), _BATCH):
        batch = arrow[start : start + _BATCH].to_pydict()
        digest.update(json.dumps(batch, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()
