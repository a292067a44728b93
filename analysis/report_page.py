"""How does a report become files? One page that needs nothing else, figures, and tables as CSV.

The page works offline, in light and dark, and on paper; figures and tables are for papers and
slides. Everything that comes from a study is escaped: names of tasks and curricula are the user's.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.report import SHOWN, Report, all_pictures, all_sheets
from analysis.report_parts import Sheet
from analysis.tables import formatted

DPI = 160
_SVG: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "curriculum-search"}


def report_html(report: Report, drawn: Mapping[str, str] | None = None) -> str:
    """The page: figures are drawn into it, nothing is loaded from anywhere.

    Args:
        report: what it says.
        drawn: the SVG text of each figure by name where they are drawn already, which takes
            longer than all the rest.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = (files("analysis") / "report_page.html.j2").read_text(encoding="utf-8")
    texts = svg_texts(report) if drawn is None else drawn
    pictures = {picture.name: inline_svg(texts[picture.name]) for picture in all_pictures(report)}
    tables = {sheet.name: _cells(sheet) for sheet in all_sheets(report)}
    return environment.from_string(template).render(
        report=report, pictures=pictures, tables=tables, shown=SHOWN
    )


def svg_texts(report: Report) -> dict[str, str]:
    """Every figure by name as the text of an SVG file."""
    return {picture.name: _svg(picture.figure) for picture in all_pictures(report)}


def write_figures(report: Report, folder: Path) -> dict[str, str]:
    """Write every figure as SVG and PNG into an existing folder; gives the SVG texts by name."""
    drawn = svg_texts(report)
    for picture in all_pictures(report):
        svg, png = folder / f"{picture.name}.svg", folder / f"{picture.name}.png"
        svg.write_text(drawn[picture.name], encoding="utf-8")
        with _laid_out(picture.figure):
            picture.figure.savefig(png, dpi=DPI, facecolor="white")
    return drawn


def write_tables(report: Report, folder: Path) -> None:
    """Write every table in full as CSV into an existing folder."""
    for sheet in all_sheets(report):
        sheet.frame.to_csv(folder / f"{sheet.name}.csv", index=False)


def inline_svg(text: str) -> Markup:
    """A figure's SVG as an element whose text has the colour of the text around it."""
    text = text[text.index("<svg") :].replace("#000000", "currentColor")
    text = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", text, count=1)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    return Markup(text)  # drawn by matplotlib, which escapes the texts in it


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with rc_context(_SVG):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return buffer.getvalue()


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """A figure that was drawn keeps its layout, which takes longer than the drawing."""
    layout = figure.get_layout_engine()
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(layout)


def _cells(sheet: Sheet) -> dict[str, object]:
    """Heading, rows and kinds of columns, as texts."""
    shown = sheet.frame.head(SHOWN)
    columns = [str(c) for c in shown.columns if sheet.shown is None or c in sheet.shown]
    if "marks" in columns and not shown["marks"].any():
        columns.remove("marks")
    return {
        "heading": [column.replace("_", " ") for column in columns],
        "numeric": [pd.api.types.is_numeric_dtype(shown[column]) for column in columns],
        "code": [column == "curriculum" for column in columns],
        "rows": [
            [formatted(value, column) for value, column in zip(row, columns, strict=True)]
            for row in shown[columns].itertuples(index=False, name=None)
        ],
        "more": max(0, len(sheet.frame) - SHOWN),
    }
