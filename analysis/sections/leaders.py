"""Which curricula gain most over none? The leaderboard with intervals: a section of the report."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.figures.intervals import ROW, draw_intervals
from analysis.figures.style import BLUE, GREEN, ORANGE, SKY, new_figure
from analysis.leaders import JOINT, SINGLE, Leaders
from analysis.report_parts import Picture, Section, Sheet

COLOURS = {"": BLUE, SINGLE: GREEN, JOINT: SKY}
"""By what a curriculum is a reference for."""


def leaders_section(found: Sequence[Leaders], winner: str = "") -> Section | None:
    """The best curricula with their intervals; None where nothing can be compared with none.

    Args:
        found: of a study.
        winner: the curriculum that the confirmation fixed, to be marked; "" without one.
    """
    if not found:
        return None
    return Section(
        heading="Which curricula gain most?",
        notes=tuple(own.note for own in found),
        pictures=tuple(_picture(own, winner) for own in found),
        sheets=tuple(
            Sheet(name=_name(own), caption=f"Gains over none, {_basis(own)}.", frame=own.table)
            for own in found
        ),
    )


def _picture(found: Leaders, winner: str) -> Picture:
    shown = found.shown[["curriculum", "reference"]].itertuples(index=False, name=None)
    rows = [(str(text), str(reference)) for text, reference in shown]
    figure, (axes,) = new_figure(1.0 + ROW * len(rows))
    draw_intervals(
        axes,
        [_label(text, reference, text == winner) for text, reference in rows],
        found.shown.rename(columns={"gain": "mean"}),
        xlabel=f"gain over none, points; {_basis(found)}",
        colours=[ORANGE if text == winner else COLOURS[reference] for text, reference in rows],
    )
    return Picture(name=_name(found), caption=_caption(found, winner), figure=figure)


def _name(found: Leaders) -> str:
    return "leaders" if found.repeated else "search_leaders"


def _basis(found: Leaders) -> str:
    return "fresh seeds, report split" if found.repeated else "search split of probes"


def _caption(found: Leaders, winner: str) -> str:
    counted = f"{len(found.shown)} of {len(found.table)}"
    sure = (
        "each with its own 95 % interval, paired by seed (plain, not simultaneous)"
        if _sure(found)
        else "hollow, since there is no interval"
    )
    marked = "; orange: the winner, fixed on the search split" if winner else ""
    return (
        f"The best {counted} curricula by gain over none (the line at 0), {sure}. Green: single "
        f"tasks; light blue: one joint stage; of both the best is always shown{marked}."
    )


def _sure(found: Leaders) -> bool:
    return bool(found.table["low"].notna().any())


def _label(text: str, reference: str, is_winner: bool) -> str:
    marks = [mark for mark in (reference, "winner" if is_winner else "") if mark]
    return f"{text} ({', '.join(marks)})" if marks else text
