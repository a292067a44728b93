"""What stands in a study's report, from top to bottom? Sections of text, figures and tables.

`analysis/report_page.py` makes a page of them; here nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.figure import Figure

from analysis.answer import Answer, answer
from analysis.confirmation import confirmation
from analysis.evidence import Evidence, evidence
from analysis.leaderboard import Leaderboard, leaderboard
from analysis.leaders import leaders
from analysis.objective import Objective, objective_values
from analysis.report_parts import Picture, Section, Sheet
from analysis.savings import savings
from analysis.sections import STUDIES
from analysis.sections.confirmed import benchmark_section, confirmed_section
from analysis.sections.leaders import leaders_section
from analysis.sections.searched import cost_section, rungs_section, search_section

SHOWN = 20
"""Rows of a long table on the page; its CSV has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report says."""

    name: str
    question: str
    finding: str = ""
    """The answer to a question other than which curriculum is best."""
    answer: Answer
    facts: Mapping[str, str]
    """The first screen's figures: what is counted, and the number as text."""
    warnings: tuple[str, ...] = ()
    """What limits the whole report: a test bed, skipped rows, stand-ins."""
    sections: tuple[Section, ...] = field(default=())

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table in full, by the name of its CSV file, from top to bottom."""
        return {sheet.name: sheet.frame for sheet in all_sheets(self)}

    @property
    def figures(self) -> dict[str, Figure]:
        """Every figure by the name of its files, from top to bottom; `.axes` are its axes."""
        return {picture.name: picture.figure for picture in all_pictures(self)}


def make_report(
    frame: pd.DataFrame,
    objective: Objective,
    *,
    name: str,
    question: str,
    asks: str = "best",
    features: pd.DataFrame | None = None,
    warnings: tuple[str, ...] = (),
) -> Report:
    """The report of a study, as far as it has come.

    Args:
        frame: its observations.
        objective: what it maximises.
        name: of the study.
        question: that it asks.
        asks: what answers it: `best`, the best curriculum, or the name of one of STUDIES.
        features: as `read_features` gives them; None: none were measured.
        warnings: what limits everything in it.
    """
    board, confirmed = leaderboard(frame, objective), confirmation(frame, objective)
    values = objective_values(frame, objective)
    found = evidence(frame, objective, features)
    asked, others, silent = _studies(found, asks)
    sections = (
        asked,
        confirmed_section(confirmed),
        leaders_section(
            leaders(found, board), winner="" if confirmed is None else confirmed.winner
        ),
        *others,
        benchmark_section(frame, objective),
        search_section(frame, values, board),
        rungs_section(frame, objective, values),
        cost_section(frame),
        silent,
    )
    return Report(
        name=name,
        question=question,
        finding="" if asked is None else asked.answer,
        answer=answer(board, confirmed),
        facts=_facts(frame, board),
        warnings=warnings,
        sections=tuple(section for section in sections if section is not None),
    )


def _studies(found: Evidence, asks: str) -> tuple[Section | None, list[Section], Section | None]:
    """The section that answers the study's question, other ones, and what cannot be estimated."""
    made = {name: make(found) for name, make in STUDIES.items()}
    silent = {name: why for name, why in made.items() if isinstance(why, str)}
    shown = {name: section for name, section in made.items() if not isinstance(section, str)}
    asked = shown.pop(asks, None)
    if asks in silent:
        cannot = f"This cannot be estimated: {silent.pop(asks)}."
        asked = Section(heading=f"The question of this study: {asks}", answer=cannot)
    notes = tuple(f"{name}: {why}." for name, why in silent.items())
    rest = Section(heading="What this study cannot say", notes=notes) if notes else None
    return asked, list(shown.values()), rest


def _facts(frame: pd.DataFrame, board: Leaderboard) -> dict[str, str]:
    total = savings(frame).set_index("part").loc["total"]
    seconds = frame["seconds"].sum()
    return {
        "curricula run to the end": f"{len(board.ranked):,}",
        "stopped early": f"{len(board.stopped):,}",
        "examples paid": f"{total['paid']:,.0f}",
        "saved by sharing": "–" if total["share"] != total["share"] else f"{total['share']:.0%}",
        "slot hours": f"{seconds / 3600:,.2f}",
    }


def all_pictures(report: Report) -> Iterator[Picture]:
    """Every figure, from top to bottom."""
    for section in report.sections:
        yield from section.pictures


def all_sheets(report: Report) -> Iterator[Sheet]:
    """Every table, from top to bottom."""
    for section in report.sections:
        yield from section.sheets
