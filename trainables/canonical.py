"""What do canonical rows look like, and what identifies their content?

Columns per kind as `trainables/tasks/task.py` describes them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.files import DataError
from trainables.row_checks import Fault, faults, is_labelled
from trainables.tasks.adapters import NO_LABEL, Adapter, Batch, Origin
from trainables.tasks.task import KindName, Task

_BATCH = 1000
SHOWN = 5
"""Bad rows that a message names."""
_UNREADABLE = (TypeError, ValueError, AttributeError, IndexError)
"""What an adapter or Arrow raises over a value of another form; ValueError includes Arrow's own
and text that is not UTF-8."""
_TEXT, _NUMBER = datasets.Value("string"), datasets.Value("int64")
_TEXTS, _NUMBERS = datasets.List(_TEXT), datasets.List(_NUMBER)
_SETS = datasets.List(_NUMBERS)

FEATURES: dict[KindName, datasets.Features] = {
    "classification": datasets.Features(id=_TEXT, text=_TEXT, text_pair=_TEXT, label=_NUMBER),
    "multiple_choice": datasets.Features(
        id=_TEXT, context=_TEXT, question=_TEXT, choices=_TEXTS, label=_NUMBER
    ),
    "span_qa": datasets.Features(
        id=_TEXT, context=_TEXT, question=_TEXT, answers=_TEXTS, answer_starts=_NUMBERS
    ),
    "tagging": datasets.Features(id=_TEXT, tokens=_TEXTS, tags=_NUMBERS),
    "feature_tagging": datasets.Features(id=_TEXT, tokens=_TEXTS, tags=_SETS),
    "retrieval": datasets.Features(id=_TEXT, source=_TEXT, target=_TEXT),
    "mlm": datasets.Features(id=_TEXT, text=_TEXT),
    "dual_encoder": datasets.Features(
        id=_TEXT, question=_TEXT, candidates=_TEXTS, contexts=_TEXTS, relevant=_NUMBERS
    ),
}
"""Canonical columns and their types, per kind."""


@dataclass(slots=True)
class Report:
    """What was met while rows were made canonical; filled as they go by."""

    rows: int = 0
    """Rows looked at."""
    dropped: int = 0
    """Rows without gold label, left out."""
    bad: int = 0
    """Rows that cannot be used."""
    first: list[Fault] = field(default_factory=list)
    """The first few of them, by their number in the data set."""


def canonical_tables(
    raw: Iterable[pa.Table],
    adapter: Adapter,
    task: Task,
    *,
    language: str,
    split: str,
    id_prefix: str,
    report: Report,
) -> Iterator[pa.Table]:
    """Rows in canonical columns, batch by batch; bad ones and those without gold are left out.

    Args:
        raw: rows in their own columns.
        adapter: see `trainables/tasks/adapters.py`.
        task: its kind says which columns, its labels what they may hold.
        language: the rows' language.
        split: the data set's own name of the split, part of the ids.
        id_prefix: only rows whose ids begin so.
        report: what was left out; complete when all batches were taken.

    Raises:
        DataError: if a batch lacks a column that the adapter reads.
    """
    schema = FEATURES[task.kind].arrow_schema

    def adapt(batch: Batch, numbers: Sequence[int]) -> pa.Table:
        origin = Origin(language=language, split=split, rows=numbers)
        return pa.table(adapter(batch, origin), schema=schema)

    begin = 0
    for table in raw:
        for start in range(0, len(table), _BATCH):
            piece = table.slice(start, _BATCH)
            numbers = np.arange(begin + start, begin + start + len(piece))
            if id_prefix:
                ours = pc.starts_with(piece["id"], id_prefix)
                piece, numbers = piece.filter(ours), numbers[np.asarray(ours, dtype=bool)]
            report.rows += len(piece)
            yield _good(*_adapted(piece, numbers, adapt, report), task, report)
        begin += len(table)


def _adapted(
    piece: pa.Table,
    numbers: NDArray[np.int64],
    adapt: Callable[[Batch, Sequence[int]], pa.Table],
    report: Report,
) -> tuple[pa.Table, NDArray[np.int64]]:
    """The rows that can be read at all, in canonical columns, with their numbers."""
    try:
        return adapt(piece.to_pydict(), numbers.tolist()), numbers
    except KeyError as error:
        if error.args and error.args[0] not in piece.column_names:
            has = ", ".join(piece.column_names)
            raise DataError(f"no column {error}; it has: {has}") from error
    except _UNREADABLE:
        pass
    tables = [adapt(piece.slice(0, 0).to_pydict(), [])]
    kept = []
    for row, number in enumerate(numbers.tolist()):
        try:
            tables.append(adapt(piece.slice(row, 1).to_pydict(), [number]))
            kept.append(number)
        except UnicodeDecodeError as error:
            _note(report, Fault(number, f"is not in UTF-8 ({error})"))
        except (*_UNREADABLE, KeyError) as error:
            _note(report, Fault(number, f"cannot be read: {error}"))
    return pa.concat_tables(tables), np.array(kept, dtype=np.int64)


def _good(table: pa.Table, numbers: NDArray[np.int64], task: Task, report: Report) -> pa.Table:
    """The rows with gold that are not bad."""
    labelled = is_labelled(table, NO_LABEL)
    report.dropped += int((~labelled).sum())
    table, numbers = table.filter(pa.array(labelled)), numbers[labelled]
    found = faults(table, task)
    if not found:
        return table
    keep = np.ones(len(table), dtype=bool)
    keep[[fault.row for fault in found]] = False
    for fault in found:
        _note(report, Fault(int(numbers[fault.row]), fault.what))
    return table.filter(pa.array(keep))


def _note(report: Report, fault: Fault) -> None:
    report.bad += 1
    if len(report.first) < SHOWN:
        report.first.append(fault)


def told(report: Report, place: Callable[[int], str], task: Task) -> str:
    """The first bad rows and how many there are; empty if there are none.

    Args:
        report: of all rows.
        place: file and number of a raw row, for people.
        task: whose rows they are.
    """
    if not report.bad:
        return ""
    lines = [f"  {place(fault.row)}: {fault.what}" for fault in report.first]
    left = report.bad - len(lines)
    more = [f"  and {left:,} more"] if left else []
    head = f"{report.bad:,} of {report.rows:,} rows of {task.name} are bad (rows count from 0):"
    return "\n".join([head, *lines, *more])


def part_of(table: pa.Table, name: str) -> pa.Table:
    """The rows whose ids fall into a part: `a`, `b`, `tenth`, `rest`; all if the name is empty.

    Raises:
        KeyError: if there is no part of that name.
    """
    if not name:
        return table
    belongs = PARTS[name]
    ours = [belongs(id_number(item)) for item in table["id"].to_pylist()]
    return table.filter(pa.array(ours, pa.bool_()))


PARTS: dict[str, Callable[[int], bool]] = {
    "a": lambda number: number % 2 == 0,
    "b": lambda number: number % 2 == 1,
    "tenth": lambda number: number % 10 == 0,
    "rest": lambda number: number % 10 != 0,
}
"""Name after `@` in a declared split to which hashes of ids it holds."""


def id_number(item: str) -> int:
    """The SHA-256 of an id as a number."""
    return int.from_bytes(hashlib.sha256(item.encode()).digest(), "big")


def unique_ids(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Number repeated ids `id#2`, `id#3`: two Tatoeba pairs may share their English sentence."""
    seen: Counter[str] = Counter()
    for table in tables:
        ids = []
        for item in table["id"].to_pylist():
            seen[item] += 1
            ids.append(item if seen[item] == 1 else f"{item}#{seen[item]}")
        place = table.schema.get_field_index("id")
        yield table.set_column(place, table.schema.field("id"), pa.array(ids, pa.string()))


def rows_hash(rows: datasets.Dataset) -> str:
    """SHA-256 of the content of the rows in their order, whatever file or chunks hold them."""
    digest = hashlib.sha256(json.dumps(sorted(rows.column_names)).encode())
    arrow = rows.with_format("arrow")
    for start in range(0, len(rows), _BATCH):
        batch = arrow[start : start + _BATCH].to_pydict()
        digest.update(json.dumps(batch, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()
