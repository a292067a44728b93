"""Where is tokenised data kept? One Arrow file per key, computed once, mapped by all processes.

The file holds one record batch, so that every column is one flat array without copying, and its
own checksum; it is renamed into place when it is complete. A process checks a file when it opens
it first, and later only whether it is still the same file: damage in between is not seen before
the next process. What the key is made of is the caller's business (rows, tokenizer, max_length,
kind).
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.encoding import encoded_table
from trainables.ragged import Features, Ragged
from trainables.tasks.task import Task

_OPEN = 64
"""Files that a process keeps mapped."""
_LONG = pa.ipc.IpcWriteOptions(allow_64bit=True)
"""A column may have more than 2^31 values."""
_NUM_ROWS, _CHECKSUM = b"num_rows", b"sha256"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRows:
    """The features of a data set, read from a mapped file: arrays are read-only."""

    columns: Features
    num_rows: int
    """Rows that were encoded; a row may have several features, or none."""

    def __len__(self) -> int:
        """Number of features."""
        return len(self.columns["row"])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per feature, all choices of a multiple-choice row together."""
        ids = self.columns["input_ids"]
        assert isinstance(ids, Ragged)
        return ids.lengths

    def take(self, features: NDArray[np.int64]) -> Features:
        """Copies of the given features, in the given order."""
        return {
            name: column.take(features) if isinstance(column, Ragged) else column[features]
            for name, column in self.columns.items()
        }

    def features_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices of the features of the given rows, ascending whatever the order of the rows."""
        wanted = np.zeros(self.num_rows, dtype=bool)
        wanted[rows] = True
        return np.flatnonzero(wanted[np.asarray(self.columns["row"])])


def encoded(
    rows: Any,
    task: Task,
    tokenizer: Any,
    max_length: int,
    folder: Path,
    key: str,
    *,
    processes: int = 1,
) -> EncodedRows:
    """The tokenised rows, from `<folder>/<key>.arrow`, which is written first where it is missing.

    Two processes that miss at once both write, and the same bytes win.

    Args:
        rows: a `datasets.Dataset` of canonical columns.
        task: its kind says how rows are encoded.
        tokenizer: a fast tokenizer; its truncation settings are changed.
        max_length: tokens per sequence.
        folder: made where it is missing.
        key: a file name that says what the content depends on.
        processes: CPUs to use where rows are many; the content is the same.
    """
    path = folder / f"{key}.arrow"
    if path.exists():
        try:
            return open_encoded(path)
        except (pa.ArrowInvalid, OSError, ValueError) as error:
            _log.warning("tokenised data in %s cannot be read and is made anew: %s", path, error)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{key}.", suffix=".tmp") as parts:
        table = encoded_table(rows, task, tokenizer, max_length, Path(parts), processes)
        _write(table, len(rows), path)
    return open_encoded(path)


def open_encoded(path: Path) -> EncodedRows:
    """Map a file that `encoded` wrote.

    Raises:
        ValueError: if its checksum is wrong (ArrowInvalid or OSError if it is torn).
    """
    found = path.stat()
    return _opened(path, (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=_OPEN)
def _opened(path: Path, identity: tuple[int, ...]) -> EncodedRows:
    """The file, checked; of this identity, since another may come in its place."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    metadata = table.schema.metadata or {}
    if _checksum(table) != metadata.get(_CHECKSUM):
        raise ValueError("its checksum is wrong")
    columns = {name: _as_numpy(table[name]) for name in table.column_names}
    return EncodedRows(columns=columns, num_rows=int(metadata[_NUM_ROWS]))


def _write(table: pa.Table, num_rows: int, path: Path) -> None:
    metadata = {_NUM_ROWS: str(num_rows).encode(), _CHECKSUM: _checksum(table)}
    table = table.replace_schema_metadata(metadata)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with pa.ipc.new_file(file, table.schema, options=_LONG) as writer:
                writer.write_table(table)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _as_numpy(column: pa.ChunkedArray) -> NDArray[np.int32] | Ragged:
    if column.num_chunks != 1:
        raise ValueError(f"it has {column.num_chunks} record batches, wanted 1")
    chunk = column.chunk(0)
    if pa.types.is_large_list(chunk.type):
        return Ragged(_flat(chunk.values), _flat(chunk.offsets))
    return _flat(chunk)


def _flat(array: pa.Array) -> NDArray[Any]:
    return array.to_numpy(zero_copy_only=True)


def _checksum(table: pa.Table) -> bytes:
    """SHA-256 over names, types and content."""
    digest = hashlib.sha256()
    for name in table.column_names:
        column = _as_numpy(table[name])
        parts = (column.offsets, column.flat) if isinstance(column, Ragged) else (column,)
        digest.update(f"{name} {table.schema.field(name).type} {len(column)}\0".encode())
        for part in parts:
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest().encode()
