"""What does a run folder's report hold, and how does it get there?

report.html                     one page that needs nothing else
figures/<name>.svg, .png        its figures
tables/<name>.csv               its tables in full
"""

from __future__ import annotations

from pathlib import Path

from analysis.answer import Answer
from analysis.features import read_features
from analysis.observations import as_frame, read_rows
from analysis.report import Report, make_report
from analysis.report_page import report_html, write_figures, write_tables
from search.in_place import clear_leftovers, folder_in_place, write_in_place
from search.objectives import recorded_objective
from search.result_tables import TEST_BED, on_test_bed
from search.run_folder import RunFolder
from search.study_fields import StudyConfig


def study_report(config: StudyConfig, folder: RunFolder) -> Report:
    """The report of a run folder, which may be written to meanwhile."""
    frame = as_frame(read_rows(folder.observations, ignore_torn_line=True))
    objective = recorded_objective(config, frame)
    name, question = config.study.name, config.study.question
    warnings = (*([TEST_BED] if on_test_bed(config) else []), *folder.skipped_rows)
    if objective is None:
        nothing = Answer(sentence="Nothing is scored yet.", curriculum="", basis="no trial")
        return Report(name=name, question=question, answer=nothing, facts={}, warnings=warnings)
    return make_report(
        frame,
        objective,
        name=name,
        question=question,
        asks=config.study.asks,
        features=read_features(folder.path) if folder.features.exists() else None,
        warnings=warnings,
    )


def write_report(report: Report, folder: RunFolder) -> Path:
    """Write it in the place of an earlier one; gives the page."""
    return write_page(report, folder.path, "report.html")


def write_page(report: Report, folder: Path, name: str) -> Path:
    """Write a page of this name into a folder, with figures/ and tables/ beside it."""
    for beside in ("figures", "tables"):
        clear_leftovers(folder / beside)
    with folder_in_place(folder / "figures") as new:
        drawn = write_figures(report, new)
    with folder_in_place(folder / "tables") as new:
        write_tables(report, new)
    text = report_html(report, drawn)
    page = folder / name
    write_in_place(page, lambda path: path.write_text(text, encoding="utf-8"))
    return page
