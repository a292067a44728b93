"""How does a table look? Frames as aligned plain text or markdown; nothing is computed here.

Scores are fractions in the records and times 100 with one decimal in tables (as XTREME prints).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

MISSING = "–"
MAX_WIDTH = 60
"""Longer curricula continue on the next line, after a stage."""
_COUNTS = frozenset(
    {"n", "rank", "rung", "degrees", "items", "needed", "paid", "saved", "seconds"}
    | {"length", "place", "languages", "tasks", "cells"}
)
_COUNT_PREFIXES = ("num_", "examples")
_DECIMALS = {
    **dict.fromkeys(("spearman", "spearman_low", "spearman_high", "given", "skill"), 2),
    **{"reliability": 2, "times": 1, "tau": 2, "distance": 2, "hours": 2},
    **dict.fromkeys(("p_value", "p_adjusted", "given_p_adjusted", "smallest_p"), 3),
}


def records(found: Sequence[Any]) -> pd.DataFrame:
    """A frame of frozen records, one row each, to be shown."""
    return pd.DataFrame([asdict(record) for record in found])


def plain(frame: pd.DataFrame) -> str:
    """Aligned plain text: numbers to the right, texts to the left, long curricula wrapped."""
    header, rows = _texts(frame)
    split = [[wrapped(text) for text in row] for row in rows]
    lines = [[header], *(_lines(row) for row in split)]
    widths = [max(len(line[i]) for block in lines for line in block) for i in range(len(header))]
    numeric = [_is_number(frame[column]) for column in frame.columns]
    ruled = [*lines[:1], [["-" * width for width in widths]], *lines[1:]]
    return "\n".join(
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for block in ruled
        for line in block
    )


def markdown(frame: pd.DataFrame) -> str:
    """A markdown table; curricula as code, numbers to the right."""
    header, rows = _texts(frame)
    codes = [column == "curriculum" for column in frame.columns]
    ruler = ["---:" if _is_number(frame[column]) else "---" for column in frame.columns]
    body = [
        [
            f"`{text}`" if code else text.replace("|", "\\|")
            for text, code in zip(row, codes, strict=True)
        ]
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ruler, *body])


def formatted(value: Any, column: str) -> str:
    """One cell as text; how depends on the column's name.

    Counts have thousands separated, fractions two decimals, every other float is a score.
    """
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return str(value)
    return _format_of(column)(float(value))


def wrapped(text: str, width: int = MAX_WIDTH) -> list[str]:
    """Lines of at most `width` where stages allow it; a line that goes on ends with `>`."""
    lines = [""]
    for stage in text.split(" > ") if len(text) > width else [text]:
        if lines[-1] and len(lines[-1]) + len(stage) + 5 > width:
            lines[-1] += " >"
            lines.append(stage)
        else:
            lines[-1] = f"{lines[-1]} > {stage}" if lines[-1] else stage
    return lines


def narrow(text: str, width: int = MAX_WIDTH) -> list[str]:
    """The same, and a joint stage that is longer continues after a task; then it ends with `+`."""
    return [line for whole in wrapped(text, width) for line in _joint_lines(whole, width)]


def _joint_lines(line: str, width: int) -> list[str]:
    lines = [""]
    *parts, last = line.split("+")
    for part in [*(f"{part}+" for part in parts), last]:
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return lines


def _format_of(column: str) -> Callable[[float], str]:
    if column in _DECIMALS:
        return lambda value: f"{value:.{_DECIMALS[column]}f}"
    if column in _COUNTS or column.startswith(_COUNT_PREFIXES):
        return lambda value: f"{value:,.0f}"
    return lambda value: f"{100 * value:.1f}"


def _texts(frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Header and cells as texts."""
    columns = [str(column) for column in frame.columns]
    rows = [
        [formatted(value, column) for value, column in zip(row, columns, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    return [column.replace("_", " ") for column in columns], rows


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _lines(cells: Sequence[Sequence[str]]) -> list[list[str]]:
    """The lines of one row whose cells have one or more lines each."""
    height = max(map(len, cells), default=0)
    return [[cell[i] if i < len(cell) else "" for cell in cells] for i in range(height)]
