"""How do tables and their cells look in a terminal of 100 columns? Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analysis.tables import MISSING, narrow
from search.tally import Tally

CURRICULUM_WIDTH = 52
"""Longer curricula continue on the next line, after a stage."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and whether its cells are numbers."""

    heading: str
    number: bool = True


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> RenderableType:
    """An indented table; cells are texts, in which nothing is markup."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(
            Text(column.heading), justify="right" if column.number else "left", overflow="fold"
        )
    for row in rows:
        made.add_row(*map(Text, row))
    return Padding(made, (0, 0, 0, 2), expand=False)


def heading(text: str) -> RenderableType:
    """The title of a section, after an empty line."""
    return Text(f"\n{text}", style="bold")


def remark(text: str) -> RenderableType:
    """A line below a table."""
    return Padding(Text(text), (0, 0, 0, 2), expand=False)


def curriculum_cell(text: str, width: int = CURRICULUM_WIDTH) -> str:
    """A curriculum on one or more lines; a line that goes on ends with `>` or `+`."""
    return "\n".join(narrow(text, width))


class Marks:
    """Letters for what must be read with single rows; the legend says what they mean."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def letters(self, marks: str) -> str:
        """The letters of marks that are joined by commas."""
        found = [mark for mark in marks.split(", ") if mark]
        for mark in found:
            self._letters.setdefault(mark, ascii_lowercase[len(self._letters) % 26])
        return " ".join(self._letters[mark] for mark in found)

    def legend(self) -> str:
        """`a: collapsed stage; b: ...`; empty without marks."""
        return "; ".join(f"{letter}: {mark}" for mark, letter in self._letters.items())


def score(value: float | None) -> str:
    """A score in [0, 1] times 100, one decimal, as XTREME prints."""
    return MISSING if value is None or value != value else f"{100 * value:.1f}"


def difference(value: float | None) -> str:
    """A difference of scores times 100, with its sign."""
    return MISSING if value is None or value != value else f"{100 * value:+.1f}"


def interval(low: float | None, high: float | None) -> str:
    """The ends of an interval of differences, times 100."""
    return MISSING if low is None or low != low else f"{difference(low)} to {difference(high)}"


def count(value: float) -> str:
    """A whole number with its thousands separated."""
    return MISSING if value != value else f"{value:,.0f}"


def share(value: float | None) -> str:
    """A fraction in per cent."""
    return MISSING if value is None or value != value else f"{100 * value:.0f} %"


def fraction(value: float | None) -> str:
    """A number with two decimals, such as a correlation."""
    return MISSING if value is None or value != value else f"{value:.2f}"


def reliability(value: float | None) -> str:
    """At most 1; how far it is below 0 says nothing more."""
    return "below 0" if value is not None and value < 0 else fraction(value)


def best_text(tally: Tally) -> str:
    """Score and name of the best so far, with what there is to doubt; empty before the first."""
    if tally.best is None:
        return ""
    text, value = tally.best
    return f"{score(value)}  {text}{tally.doubt}"
