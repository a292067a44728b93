"""How are rows tokenised in memory that does not grow with them? Batch by batch, into plain files.

Each column's numbers are appended to a file of their own, which is mapped when all rows are done.
A large set is shared out among several processes; their batches are written in the order of the
rows, so that the result is the same to the bit.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from trainables.kinds import KINDS
from trainables.ragged import Features, Ragged
from trainables.tasks.task import Task

_BATCH_ROWS = 1000
"""Part of what the files hold: a kind may leave out what repeats within a batch."""
LARGE = 50_000
"""Rows from which several processes pay: each takes some seconds to import torch."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is encoded, and how."""

    rows: Any
    task: Task
    tokenizer: Any
    max_length: int


_given: list[_Work] = []
"""In a process that was started to encode: its work."""


def encoded_table(
    rows: Any, task: Task, tokenizer: Any, max_length: int, folder: Path, processes: int
) -> pa.Table:
    """The features of rows, with one chunk per column, mapped from new files in a folder.

    Args:
        rows: a `datasets.Dataset` of canonical columns.
        task: its kind says how rows are encoded.
        tokenizer: a fast tokenizer; its truncation settings are changed.
        max_length: tokens per sequence.
        folder: empty; its files are not to be moved while the table is in use.
        processes: how many may be started, if rows are many and this process has the CPUs.
    """
    if not len(rows):
        raise ValueError(f"{task.name} has no rows to encode")
    work = _Work(rows, task, tokenizer, max_length)
    starts = range(0, len(rows), _BATCH_ROWS)
    processes = min(processes, _cpus(), len(starts))
    alone = processes < 2 or len(rows) < LARGE or multiprocessing.current_process().daemon
    batch: Features = {}
    for batch in _here(work, starts) if alone else _elsewhere(work, starts, processes):
        for name, column in batch.items():
            _append(folder / name, column)
    return pa.table({name: _mapped_column(folder / name) for name in batch})


def _append(file: Path, column: Any) -> None:
    """Numbers are added to the file, the places where lists end to another one beside it."""
    flat = column.flat if isinstance(column, Ragged) else column
    with file.open("ab") as numbers:
        begun = numbers.tell() // np.dtype(np.int32).itemsize
        numbers.write(np.asarray(flat, dtype=np.int32).tobytes())
    if isinstance(column, Ragged):
        ends = column.offsets.astype(np.int64) - column.offsets[0] + begun
        with _offsets_beside(file).open("ab") as offsets:
            offsets.write((ends[1:] if offsets.tell() else ends).tobytes())


def _offsets_beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.offsets")


def _mapped_column(file: Path) -> pa.Array:
    values = _mapped(file, pa.int32())
    offsets = _offsets_beside(file)
    if not offsets.exists():
        return values
    return pa.LargeListArray.from_arrays(_mapped(offsets, pa.int64()), values)


def _mapped(file: Path, type_: pa.DataType) -> pa.Array:
    if not (size := file.stat().st_size):  # which cannot be mapped
        return pa.array([], type_)
    with pa.memory_map(str(file)) as source:
        return pa.Array.from_buffers(
            type_, size // (type_.bit_width // 8), [None, source.read_buffer()]
        )


def _here(work: _Work, starts: Sequence[int]) -> Iterator[Features]:
    return (_encode(work, start) for start in starts)


def _elsewhere(work: _Work, starts: Sequence[int], processes: int) -> Iterator[Features]:
    """The batches in order; a few wait at most. Where processes do not run, the rest is done here.

    Processes are spawned, since those that are forked beside threads may hang. Their work waits in
    a queue: as an argument, too long for a pipe, it would keep us until each has imported torch.
    """
    context = multiprocessing.get_context("spawn")
    given = context.Queue()
    given.cancel_join_thread()  # what a dead process did not take is not waited for
    for _ in range(processes):
        given.put(work)
    done, left = 0, iter(starts)
    waiting: deque[Future[Features]] = deque()
    try:
        with ProcessPoolExecutor(processes, context, _begin, (given,)) as pool:
            waiting += [pool.submit(_given_batch, start) for start in islice(left, 2 * processes)]
            while waiting:
                batch = waiting.popleft().result()
                waiting += [pool.submit(_given_batch, start) for start in islice(left, 1)]
                yield batch
                done += 1
    except BrokenProcessPool as error:
        _log.warning("%s is tokenised in one process, as others died: %s", work.task.name, error)
        yield from _here(work, starts[done:])


def _begin(given: Any) -> None:
    """A process of a pool takes its work from the queue."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # there are as many processes as CPUs
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this one ends it too
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _given.append(given.get())


def _end_with_the_parent() -> None:
    """A parent that is killed cannot stop its pool, whose processes would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _given_batch(start: int) -> Features:
    return _encode(_given[0], start)


def _encode(work: _Work, start: int) -> Features:
    stop = min(start + _BATCH_ROWS, len(work.rows))
    batch = {**work.rows[start:stop], "row": list(range(start, stop))}
    return KINDS[work.task.kind].encode(batch, work.task, work.tokenizer, work.max_length)


def _cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
