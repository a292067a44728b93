"""How are tables and figures with intervals written in Markdown?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf, isnan

from analysis.statistics.intervals import Interval
from benchmarks.strategies.kept import Line
from benchmarks.strategies.measures import Range, full_evaluation, to_within
from search.recorded_table import RecordedTable


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Line by line."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "|".join("---" for _ in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def evaluations(table: RecordedTable, lines: Sequence[Line], cost: str) -> str:
    """Full evaluations' worth until the best known came to stay within."""
    return ranged(to_within(lines, cost), over=full_evaluation(table, cost))


def ranged(found: Range, *, over: float = 1.0, number: Callable[[float], str] | None = None) -> str:
    """A value and its interval, all divided by `over`."""
    shown = number or rounded
    low, value, high = (shown(each / over) for each in (found.low, found.value, found.high))
    return f"{value} ({low} to {high})"


def share_of(found: Range) -> str:
    """In per cent."""
    return ranged(found, number=lambda value: f"{100 * value:.0f}") + " %"


def points(found: Interval, *, sign: str = "") -> str:
    """A score in points, or with the sign `+` a difference, and half its interval."""
    half = "" if found.low is None else f" ± {100 * (found.mean - found.low):.1f}"
    return f"{100 * found.mean:{sign}.1f}{half}"


def rounded(value: float) -> str:
    """Two digits, or the sign of what is not finite."""
    if isnan(value):
        return "–"
    if value == inf:
        return "∞"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
