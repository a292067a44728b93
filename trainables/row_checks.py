"""Which canonical rows cannot be trained or scored on, and why? Every row is looked at once.

Not refused: an empty second text ("" is how a lone sentence is written, and collected pairs such as
SNLI's may lack one), an empty choice, a word of white space (it has no token, hence no prediction).
How many choices a row has is checked where it is encoded (`kinds/multiple_choice.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.tasks.task import KindName, Task

Mask = NDArray[np.bool_]
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """A bad row."""

    row: int
    what: str
    """A clause for people."""


def is_labelled(rows: pa.Table, no_label: int) -> Mask:
    """Which rows have gold: no label, and none of their tags, is `no_label`."""
    found = np.ones(len(rows), dtype=bool)
    if "label" in rows.column_names:
        return _mask(pc.fill_null(pc.not_equal(rows["label"], no_label), True))
    if "tags" in rows.column_names:
        start = 0
        for chunk in rows["tags"].chunks:
            *_, (tags, parents) = _levels(chunk)
            found[start + parents[_mask(pc.equal(tags, no_label))]] = False
            start += len(chunk)
    return found


def faults(rows: pa.Table, task: Task) -> list[Fault]:
    """What is wrong, in the order of the rows; the first thing of each row."""
    found: dict[int, str] = {}
    start = 0
    for batch in rows.to_batches(max_chunksize=_BATCH):
        for bad, say in (*_nothing(batch), *_CHECKS[task.kind](batch, task)):
            for row in np.flatnonzero(bad).tolist():
                if start + row not in found:
                    found[start + row] = say(batch.slice(row, 1).to_pylist()[0])
        start += len(batch)
    return [Fault(row, found[row]) for row in sorted(found)]


Check = tuple[Mask, Callable[[dict[str, Any]], str]]
"""Which rows of a batch are bad, and what to say about one of them."""


def _nothing(batch: pa.RecordBatch) -> Iterator[Check]:
    """A value, or one in a list or in a list of lists, that is missing."""
    for name in batch.schema.names:
        bad = np.zeros(len(batch), dtype=bool)
        for values, parents in _levels(batch.column(name)):
            bad[parents[_mask(pc.is_null(values))]] = True
        yield bad, _says(f"{name} is missing or has no meaning here")


def _classification(batch: pa.RecordBatch, task: Task) -> Iterator[Check]:
    yield _blank(batch, "text") & _blank(batch, "text_pair"), _says("its text is empty")
    yield _label(batch, task)


def _multiple_choice(batch: pa.RecordBatch, task: Task) -> Iterator[Check]:
    empty = _blank(batch, "context") & _blank(batch, "question")
    yield empty, _says("context and question are empty")
    yield _label(batch, task)


def _span_qa(batch: pa.RecordBatch, task: Task) -> Iterator[Check]:
    for name in ("context", "question"):
        yield _blank(batch, name), _says(f"its {name} is empty")
    counts = [pc.list_value_length(batch.column(name)) for name in ("answers", "answer_starts")]
    yield (
        _mask(pc.not_equal(*counts)),
        lambda row: f"has {len(row['answers'])} answers, but {len(row['answer_starts'])} starts",
    )
    if not task.unanswerable:
        yield (
            _mask(pc.equal(counts[0], 0)),
            _says(f"has no answer, but every question of {task.name} has one"),
        )
    # Arrow cuts all strings at one place only; so this alone is Python, about 1 us a row.
    columns = (batch.column(name).to_pylist() for name in ("context", "answers", "answer_starts"))
    outside = [bool(_misplaced(*row)) for row in zip(*columns, strict=True)]
    yield np.array(outside, dtype=bool), _says_misplaced


def _misplaced(context: str | None, answers: Any, starts: Any) -> list[tuple[str, int]]:
    """Answers that do not stand in the context where they should."""
    if context is None or answers is None or starts is None:
        return []
    return [
        (answer, start)
        for answer, start in zip(answers, starts, strict=False)
        if answer is not None
        and start is not None
        and (not answer or start < 0 or context[start : start + len(answer)] != answer)
    ]


def _says_misplaced(row: dict[str, Any]) -> str:
    answer, start = _misplaced(row["context"], row["answers"], row["answer_starts"])[0]
    there = "elsewhere in" if answer and answer in row["context"] else "not in"
    return f"answer {_short(answer)} is not at place {start} of its context; it is {there} it"


def _tagging(batch: pa.RecordBatch, task: Task) -> Iterator[Check]:
    tokens, tags = batch.column("tokens"), batch.column("tags")
    counts = pc.list_value_length(tokens), pc.list_value_length(tags)
    yield _mask(pc.equal(counts[0], 0)), _says("its sentence is empty")
    yield (
        _mask(pc.not_equal(*counts)),
        lambda row: f"has {len(row['tokens'])} tokens, but {len(row['tags'])} tags",
    )
    most = len(task.labels) - 1
    *_, (numbers, parents) = _levels(tags)
    bad = np.zeros(len(batch), dtype=bool)
    bad[parents[_mask(_outside(numbers, most))]] = True
    yield (
        bad,
        lambda row: (
            f"tag {next(x for x in _flat(row['tags']) if not 0 <= x <= most)} is not one of "
            f"0 to {most} ({_names(task)})"
        ),
    )


def _flat(tags: list[Any]) -> Iterator[int]:
    """The numbers of a row, one or a list of them per word; missing ones are told elsewhere."""
    for tag in tags:
        yield from (x for x in (tag if isinstance(tag, list) else [tag]) if x is not None)


def _retrieval(batch: pa.RecordBatch, task: Task) -> Iterator[Check]:
    blank = {name: _blank(batch, name) for name in ("source", "target")}
    if task.metric == "bucc_f1":
        yield blank["source"] & blank["target"], _says("both its sentences are empty")
        return
    for name, bad in blank.items():
        yield bad, _says(f"its {name} sentence is empty")


def _dual_encoder(batch: pa.RecordBatch, task: Task) -> Iterator[Check]:
    candidates, relevant = batch.column("candidates"), batch.column("relevant")
    sizes = {name: pc.list_value_length(batch.column(name)) for name in ("candidates", "contexts")}
    yield _mask(pc.equal(sizes["candidates"], 0)), _says("has no candidates")
    yield _mask(pc.not_equal(*sizes.values())), _says("has not one context per candidate")
    texts = pc.utf8_trim_whitespace(pc.list_flatten(candidates))
    yield _rows_with(candidates, pc.equal(texts, "")), _says("one of its candidates is empty")
    asked = ~_blank(batch, "question")
    none = _mask(pc.equal(pc.list_value_length(relevant), 0))
    yield asked & none, _says("no candidate answers its question")
    yield ~asked & ~none, _says("its question is empty, but candidates answer it")
    most = sizes["candidates"].take(pc.list_parent_indices(relevant))
    numbers = pc.list_flatten(relevant)
    beyond = _rows_with(relevant, pc.or_(pc.less(numbers, 0), pc.greater_equal(numbers, most)))
    yield beyond, _says("a number in relevant is not that of a candidate")


def _mlm(batch: pa.RecordBatch, task: Task) -> Iterator[Check]:
    yield _blank(batch, "text"), _says("its text is empty")


_CHECKS: dict[KindName, Callable[[pa.RecordBatch, Task], Iterator[Check]]] = {
    "classification": _classification,
    "multiple_choice": _multiple_choice,
    "span_qa": _span_qa,
    "tagging": _tagging,
    "feature_tagging": _tagging,
    "retrieval": _retrieval,
    "mlm": _mlm,
    "dual_encoder": _dual_encoder,
}


def _says(what: str) -> Callable[[dict[str, Any]], str]:
    """The same of every row."""
    return lambda row: what


def _label(batch: pa.RecordBatch, task: Task) -> Check:
    most = len(task.labels) - 1
    bad = _mask(_outside(batch.column("label"), most))
    return bad, lambda row: f"label {row['label']} is not one of 0 to {most} ({_names(task)})"


def _outside(numbers: pa.Array, most: int) -> pa.Array:
    return pc.or_(pc.less(numbers, 0), pc.greater(numbers, most))


def _blank(batch: pa.RecordBatch, name: str) -> Mask:
    return _mask(pc.equal(pc.utf8_trim_whitespace(batch.column(name)), ""))


def _rows_with(lists: pa.Array, wanted: pa.Array) -> Mask:
    """Rows of which a value is wanted; one flag per value of all lists."""
    found = np.zeros(len(lists), dtype=bool)
    found[pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[_mask(wanted)]] = True
    return found


def _levels(column: pa.Array) -> Iterator[tuple[pa.Array, NDArray[np.int64]]]:
    """The values of a column, then those in its lists, then those in theirs; the row of each."""
    parents = np.arange(len(column))
    yield column, parents
    while pa.types.is_list(column.type):
        within = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
        column, parents = pc.list_flatten(column), parents[within]
        yield column, parents


def _mask(flags: Any) -> Mask:
    """Missing is no: `_nothing` tells of it."""
    return np.asarray(pc.fill_null(flags, False), dtype=bool).copy()


def _names(task: Task, most: int = 6) -> str:
    return ", ".join(task.labels[:most]) + (", ..." if len(task.labels) > most else "")


def _short(text: str, most: int = 40) -> str:
    return repr(text if len(text) <= most else f"{text[: most - 3]}...")
