"""How are rows tokenised in memory that does not grow with them? Batch by batch, into plain files.

Each column's numbers are appended to a file of their own, which is mapped when all rows are done.
A large set is shared out among several processes; their batches are written in the order of the
rows, so that the result is the same to the bit.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from trainables.kinds import KINDS
from trainables.ragged import Features, Ragged
from trainables.tasks.task import Task

_BATCH_ROWS = 1000
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
        folder: for the files, which are not to be moved while the table is in use.
        processes: how many may be started, if rows are many and this process has the CPUs.
    """
    if not len(rows):
        raise ValueError(f"{task.name} has no rows to encode")
    work = _Work(rows, task, tokenizer, max_length)
    processes = min(processes, _cpus())
    alone = processes < 2 or len(rows) < LARGE or multiprocessing.current_process().daemon
    starts = range(0, len(rows), _BATCH_ROWS)
    batches = _here(work, starts) if alone else _elsewhere(work, starts, processes)
    sizes: dict[str, int] = {}
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        for batch in batches:
            for name, column in batch.items():
                if name not in files:
                    files[name] = stack.enter_context((folder / name).open("wb"))
                    if isinstance(column, Ragged):
                        ends = stack.enter_context((folder / f"{name}.offsets").open("wb"))
                        ends.write(np.zeros(1, dtype=np.int64).tobytes())
                        files[f"{name}.offsets"] = ends
                _append(name, column, files, sizes)
    names = [name for name in files if not name.endswith(".offsets")]
    return pa.table({name: _mapped_column(folder / name) for name in names})


def _append(name: str, column: Any, files: dict[str, BinaryIO], sizes: dict[str, int]) -> None:
    if isinstance(column, Ragged):
        begun = sizes.get(name, 0)
        ends = column.offsets[1:] - column.offsets[0] + begun
        files[f"{name}.offsets"].write(ends.astype(np.int64).tobytes())
        sizes[name] = begun + len(column.flat)
        column = column.flat
    files[name].write(np.asarray(column, dtype=np.int32).tobytes())


def _mapped_column(file: Path) -> pa.Array:
    values = _mapped(file, pa.int32())
    offsets = file.with_name(f"{file.name}.offsets")
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

    Processes are spawned, since those that are forked beside threads may hang.
    """
    done, left = 0, iter(starts)
    waiting: deque[Future[Features]] = deque()
    try:
        with ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), _begin, (work,)
        ) as pool:
            waiting += [pool.submit(_given_batch, start) for start in islice(left, 2 * processes)]
            while waiting:
                batch = waiting.popleft().result()
                waiting += [pool.submit(_given_batch, start) for start in islice(left, 1)]
                yield batch
                done += 1
    except BrokenProcessPool as error:
        _log.warning("%s is tokenised in one process, as others died: %s", work.task.name, error)
        yield from _here(work, starts[done:])


def _begin(work: _Work) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # there are as many processes as CPUs
    _given.append(work)


def _given_batch(start: int) -> Features:
    return _encode(_given[0], start)


def _encode(work: _Work, start: int) -> Features:
    stop = min(start + _BATCH_ROWS, len(work.rows))
    batch = {**work.rows[start:stop], "row": list(range(start, stop))}
    return KINDS[work.task.kind].encode(batch, work.task, work.tokenizer, work.max_length)


def _cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
