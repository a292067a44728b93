"""What was measured, row by row? The one schema of a run folder's `observations.jsonl`.

One JSON object per line, in the order of measurement; writer and reader together. Numbers come
back as the bits that were written: floats are written in their shortest exact form.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

Row = Mapping[str, Any]
"""An observation as a plain dict with all columns, as workers send it."""

CHOICES: dict[str, tuple[str, ...]] = {
    "phase": ("search", "confirm"),
    "role": ("baseline", "noise", "sampled", "control", "candidate"),
    "part": ("stage", "target", "evaluation"),
    "split": ("dev", "search", "report"),
}
IDENTITY = (
    "phase",
    "curriculum",
    "variant",
    "stage_seed",
    "target_seed",
    "rung",
    "part",
    "target",
    "language",
    "split",
    "metric",
)
"""Columns that together name one observation."""
CROWDED_PREFIX = "crowded prefix"
"""Variant of the noise trials of a prefix on which many trials stand (`spaces/crowding.py`)."""
CONTENDER = "contender"
"""Variant of the noise trials of a curriculum that would be the best (`search/contenders.py`)."""
TRIAL = ("phase", "curriculum", "variant", "stage_seed", "target_seed")
"""Columns that together name one trial."""
_DTYPES = {
    "str": "str",
    "int": "int64",
    "int | None": "Int64",
    "float": "float64",
    "float | None": "float64",
    "bool": "bool",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "float | None": (int, float, type(None)),
    "bool": (bool,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One row: a stage, a target or an evaluation of one trial at one rung."""

    phase: str
    """search or confirm."""
    curriculum: str
    """Text form of the whole curriculum, sizes as numbers."""
    variant: str = ""
    """What a control of the confirmation changes ("lr x3", "equal examples"), "crowded prefix"
    or "contender" for a noise trial of one; else empty."""
    role: str
    """baseline, noise, sampled, control or candidate."""
    rung: int
    """From 0."""
    num_rungs: int
    scale: float
    """Fraction of the examples that this rung uses, in (0, 1]."""
    stage_seed: int
    target_seed: int
    part: str
    """stage: one per stage, English dev; target: one per fine-tuning, English dev; evaluation."""
    target: str
    """Name of the target; for a stage the text form of the prefix that it ends."""
    language: str
    split: str
    """dev, search or report."""
    layer: int | None
    """Hidden layer of a retrieval target."""
    metric: str
    value: float | None
    """In [0, 1]; None if it could not be computed."""
    items: int
    """Items scored."""
    numerics: str
    """Numerics class; values are equal to the bit only within one."""
    stand_in: bool
    """The rows scored stand in for the true split."""
    overlap: float | None
    """Share of the rows scored that have a text in common with the stages' training rows; rows
    without a text of 20 letters are left out."""
    train_overlap: float | None
    """The same share of the English rows that fine-tuned the target; None for a retrieval
    target, and where `overlap` is."""
    collapsed: bool
    """The stage stayed below 1.1 times its majority baseline."""
    examples_needed: float
    """As if nothing were shared with other trials; a forward pass counts a third."""
    examples_paid: float
    """What this trial computed itself."""
    seconds: float

    def __post_init__(self) -> None:
        problems = [p for column in COLUMNS if (p := _problem(column, getattr(self, column)))]
        if not problems and not 0 <= self.rung < self.num_rungs:
            problems = [f"rung is {self.rung}, wanted 0 to {self.num_rungs - 1}"]
        if problems:
            raise ValueError(f"not an observation of {self.curriculum!r}: " + "; ".join(problems))


_ANNOTATIONS = {field.name: str(field.type) for field in fields(Observation)}
COLUMNS = tuple(_ANNOTATIONS)
"""All columns, in the order in which they are written."""


def observation(row: Row) -> Observation:
    """The record of a row.

    Raises:
        ValueError: if a column is missing, unknown, or holds what it cannot hold.
    """
    required = set(COLUMNS) - {"variant"}
    if wrong := (required - set(row)) | (set(row) - set(COLUMNS)):
        raise ValueError(f"not an observation: missing or unknown columns {sorted(wrong)}")
    return Observation(**row)


def identity(row: Row | Observation) -> tuple[str | int, ...]:
    """What makes two rows the same observation: each is written once."""
    if isinstance(row, Observation):
        return tuple(getattr(row, column) for column in IDENTITY)
    return tuple(row.get(column, "") if column == "variant" else row[column] for column in IDENTITY)


def append(path: Path, rows: Iterable[Row | Observation]) -> None:
    """Add rows to a file in a single write; on disk when this returns, or not there at all.

    Raises:
        ValueError: if a row is no observation; nothing is written.
        OSError: if the disk is full or fails; a part already written is taken back.
    """
    checked = [row if isinstance(row, Observation) else observation(row) for row in rows]
    lines = [json.dumps(_as_row(row), ensure_ascii=False, allow_nan=False) for row in checked]
    if not lines:
        return
    new = not path.exists()
    with path.open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        try:
            _write_all(file.fileno(), "".join(f"{line}\n" for line in lines).encode())
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            raise
    if new:
        _sync_folder(path.parent)


def read_rows(path: Path, *, ignore_torn_line: bool = False) -> list[dict[str, Any]]:
    """All rows of a file in their order, as plain dicts; none if there is no file.

    Args:
        path: the file.
        ignore_torn_line: leave out a last line without its end, which is being written or was
            not written to its end.

    Raises:
        ValueError: for a line that is no observation, with its number.
    """
    data = path.read_bytes() if path.exists() else b""
    if ignore_torn_line:
        data = data[: data.rfind(b"\n") + 1]
    rows = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            rows.append(_as_row(observation(json.loads(line))))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{path}, line {number} is damaged: {error}; restore the file from a copy, or "
                "remove that line to have it computed again by: curriculum resume"
            ) from error
    return rows


def read(path: Path) -> pd.DataFrame:
    """All observations of a file, one row each in their order, every column typed."""
    return as_frame(read_rows(path))


def as_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """A frame of rows with the columns and types of `Observation`, even when there are none."""
    series = {
        column: pd.Series(
            [row.get(column, "") if column == "variant" else row[column] for row in rows],
            dtype=_DTYPES[_ANNOTATIONS[column]],
        )
        for column in COLUMNS
    }
    return pd.DataFrame(series)


def cut_torn_line(path: Path) -> str | None:
    """Cut a last line that was not written to its end, from any file of JSON lines.

    Returns:
        What was cut, as a clause for people; None if the file is whole.

    Raises:
        ValueError: if a line before the last is not JSON, with its number: that is no torn write.
    """
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    broken = [n for n, line in enumerate(lines, start=1) if not _is_json(line)]
    if earlier := [n for n in broken if n < len(lines)]:
        raise ValueError(
            f"{path.name}, line {earlier[0]} of {len(lines)} is damaged: not JSON; "
            "restore the file from a copy, or remove that line to have it computed again"
        )
    if not lines or (not broken and data.endswith(b"\n")):
        return None
    with path.open("r+b") as file:
        file.truncate(len(data) - len(lines[-1]))
        os.fsync(file.fileno())
    return f"cut a torn last line (line {len(lines)}, {len(lines[-1])} bytes)"


def _as_row(record: Observation) -> dict[str, Any]:
    return {column: getattr(record, column) for column in COLUMNS}


def _problem(column: str, value: Any) -> str | None:
    annotation = _ANNOTATIONS[column]
    wrong_bool = isinstance(value, bool) and annotation != "bool"
    if wrong_bool or not isinstance(value, _TYPES[annotation]):
        return f"{column} is {value!r}, wanted {annotation}"
    if column in CHOICES and value not in CHOICES[column]:
        return f"{column} is {value!r}, wanted one of {', '.join(CHOICES[column])}"
    if isinstance(value, float) and not isfinite(value):
        return f"{column} is {value}, wanted a finite number"
    return None


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
