"""How are the rows of a file read? Parquet, JSON lines, CSV, TSV, and text line by line.

Values of CSV and TSV stay text, since a column of numbers may be one of sentences. Nothing is ever
unpickled and no code is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

_ROWS = 10_000
"""Rows read at a time, where the format does not decide it."""


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
    """File and number in it of a row of `read_files`, for people."""
    for file in files:
        if row < (size := sum(len(table) for table in read_files([file]))):
            return f"{file}, row {row}"
        row -= size
    raise AssertionError("a row lies in one of the files")


def _parquet(file: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(file) as opened:
        schema = opened.schema_arrow
        for batch in opened.iter_batches(_ROWS):
            yield pa.Table.from_batches([batch], schema)


def _delimited(delimiter: str) -> Callable[[Path], Iterator[pa.Table]]:
    def read(file: Path) -> Iterator[pa.Table]:
        parse = pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=delimiter == ",")
        with pa.csv.open_csv(file, parse_options=parse) as opened:
            names = opened.schema.names
        convert = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        with pa.csv.open_csv(file, parse_options=parse, convert_options=convert) as opened:
            yield from (pa.Table.from_batches([batch]) for batch in opened)

    return read


def _json(file: Path) -> Iterator[pa.Table]:
    with pa.json.open_json(file) as opened:
        yield from (pa.Table.from_batches([batch]) for batch in opened)


def _lines(file: Path) -> Iterator[pa.Table]:
    """Lines that are not blank, as the column `text`."""
    with file.open(encoding="utf-8") as opened:
        lines = (line.strip() for line in opened if line.strip())
        while some := list(islice(lines, _ROWS)):
            yield pa.table({"text": pa.array(some, pa.string())})


def _not_utf8(file: Path) -> str:
    """The first line that is not UTF-8, of a file of text; empty if all are."""
    if file.suffix == ".parquet" or not file.is_file():
        return ""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return f"line {number} is not in UTF-8 (byte {error.object[error.start]:#x})"
    return ""


READERS: dict[str, Callable[[Path], Iterator[pa.Table]]] = {
    ".parquet": _parquet,
    ".jsonl": _json,
    ".json": _json,
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".txt": _lines,
}
"""Suffix to reader; .json holds one object a line too."""
