"""How are the rows of a file read? Parquet, JSON (lines or one list), CSV, TSV, text line by line.

Values of CSV and TSV stay text, since a column of numbers may be one of sentences; what is text in
JSON stays text too, dates included. Nothing is ever unpickled and no code is read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

_ROWS = 10_000
"""Rows read at a time, where the format does not decide it."""
_TEXT = "utf-8-sig"
"""UTF-8; spreadsheets put a mark before the first letter."""
_LONGEST_FIELD = 1 << 30
"""Characters; the limit of Python's own reader is 131,072."""


class DataError(ValueError):
    """Rows cannot be had; the message says what was wanted, what there is, and what to do."""


def read_files(files: Sequence[Path]) -> Iterator[pa.Table]:
    """Rows of files in their order, some at a time, so that no file need fit into memory.

    Raises:
        DataError: for another suffix or a file that cannot be read, with the line where that is
            known.
    """
    for file in files:
        read = READERS.get(file.suffix)
        if read is None:
            raise DataError(f"{file} has no suffix of {', '.join(READERS)}; rename or convert it")
        try:
            yield from read(file)
        except (OSError, ValueError) as error:
            reason = _not_utf8(file) or str(error).splitlines()[0]
            raise DataError(f"cannot read {file}: {reason}; mend it or copy it again") from error


def row_place(files: Sequence[Path], row: int) -> str:
    """File and number in it of a row of `read_files`, for people; of text its line too."""
    for file in files:
        if row < (size := sum(len(table) for table in read_files([file]))):
            return f"{file}, {_row_and_line(file, row)}"
        row -= size
    raise AssertionError("a row lies in one of the files")


def _row_and_line(file: Path, row: int) -> str:
    """Rows count from 0 without the head of the file, lines from 1 as editors show them."""
    if (lines := _FIRST_LINES.get(file.suffix)) is None:
        return f"row {row}"
    with file.open(encoding=_TEXT, newline="") as opened:
        line = next(islice(lines(opened), row, None), None)
    return f"row {row}" + ("" if line is None else f" (line {line})")


def _parquet(file: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(file) as opened:
        schema = opened.schema_arrow
        for batch in opened.iter_batches(_ROWS):
            yield pa.Table.from_batches([batch], schema)


def _delimited(delimiter: str) -> Callable[[Path], Iterator[pa.Table]]:
    def read(file: Path) -> Iterator[pa.Table]:
        broken: list[Any] = []

        def stop(row: Any) -> str:
            broken.append(row)
            return "error"

        parse = pa.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=delimiter == ",", invalid_row_handler=stop
        )
        one_thread = pa.csv.ReadOptions(use_threads=False)  # more of them do not number rows
        try:
            with pa.csv.open_csv(file, one_thread, parse) as opened:
                names = opened.schema.names
            convert = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
            with pa.csv.open_csv(file, one_thread, parse, convert) as opened:
                yield from (pa.Table.from_batches([batch]) for batch in opened)
        except pa.ArrowInvalid as error:
            if not broken:
                raise
            row = broken[0]
            raise ValueError(
                f"{_row_and_line(file, row.number - 2)} has {row.actual_columns} values, but the "
                f"first line has {row.expected_columns}: {row.text[:60]!r}"
            ) from error

    return read


def _json(file: Path) -> Iterator[pa.Table]:
    """One list of objects, read as a whole, or one object a line."""
    with file.open(encoding=_TEXT) as opened:
        if _is_list(file):
            rows = iter([(f"row {row}", value) for row, value in enumerate(json.load(opened))])
        else:
            rows = ((f"line {n}", _parsed(line, n)) for n, line in _numbered(opened))
        while some := list(islice(rows, _ROWS)):
            yield _table(some)


def _is_list(file: Path) -> bool:
    with file.open(encoding=_TEXT) as opened:
        return file.suffix == ".json" and opened.read(1000).lstrip().startswith("[")


def _parsed(line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number} is no JSON ({error.msg})") from error


def _table(rows: Sequence[tuple[str, Any]]) -> pa.Table:
    """Objects as columns: of all their names, since a row may lack one that others have."""
    for place, row in rows:
        if not isinstance(row, dict):
            raise ValueError(f"{place} is {json.dumps(row)[:60]}; wanted an object, {{...}}")
    names = dict.fromkeys(name for _, row in rows for name in row)
    return pa.table(
        {name: _column(name, [(place, row.get(name)) for place, row in rows]) for name in names}
    )


def _column(name: str, cells: Sequence[tuple[str, Any]]) -> pa.Array:
    """Values of one form; single ones of several forms are text, as in CSV."""
    values = [value for _, value in cells]
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        if not any(isinstance(value, list | dict) for value in values):
            return pa.array([None if value is None else str(value) for value in values])
    first = next(value for value in values if value is not None)
    for place, value in cells:
        try:
            pa.array([first, value])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ValueError(
                f"{place}: {name} is {json.dumps(value)[:60]}, of another form than in the rows "
                f"before, {json.dumps(first)[:60]}"
            ) from error
    raise ValueError(f"{cells[0][0]} and the rows after it: {name} has values of several forms")


def _lines(file: Path) -> Iterator[pa.Table]:
    """Lines that are not blank, as the column `text`."""
    with file.open(encoding=_TEXT) as opened:
        lines = (line.strip() for _, line in _numbered(opened))
        while some := list(islice(lines, _ROWS)):
            yield pa.table({"text": pa.array(some, pa.string())})


def _numbered(opened: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, counted from 1 with those that are."""
    return ((n, line) for n, line in enumerate(opened, start=1) if line.strip())


def _not_utf8(file: Path) -> str:
    """The first line that is not UTF-8, of a file of text; empty if all are."""
    if file.suffix == ".parquet" or not file.is_file():
        return ""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"byte {error.object[error.start]:#x}"
                return f"line {number} is not in UTF-8 ({byte})"
    return ""


def _first_lines(delimiter: str) -> Callable[[Iterator[str]], Iterator[int]]:
    """Where rows begin in a file with a head; a value in quotes may have several lines."""

    def lines(opened: Iterator[str]) -> Iterator[int]:
        csv.field_size_limit(_LONGEST_FIELD)
        rows = csv.reader(opened, delimiter=delimiter)
        begin, is_head = 1, True
        for row in rows:
            if row and not is_head:
                yield begin
            is_head = is_head and not row
            begin = rows.line_num + 1

    return lines


def _written_lines(opened: Iterator[str]) -> Iterator[int]:
    return (number for number, _ in _numbered(opened))


_FIRST_LINES: dict[str, Callable[[Iterator[str]], Iterator[int]]] = {
    ".jsonl": _written_lines,
    ".csv": _first_lines(","),
    ".tsv": _first_lines("\t"),
    ".txt": _written_lines,
}
"""Suffix to the lines on which rows begin."""

READERS: dict[str, Callable[[Path], Iterator[pa.Table]]] = {
    ".parquet": _parquet,
    ".jsonl": _json,
    ".json": _json,
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".txt": _lines,
}
"""Suffix to reader."""
