"""What stands in a study's report, from top to bottom? Sections of text, figures and tables.

`analysis/report_page.py` makes a page of them; here nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis.agreement import rung_agreement
from analysis.answer import Answer, answer
from analysis.confirmation import Confirmation, confirmation
from analysis.evidence import Evidence, evidence
from analysis.figures.climb import climbs, draw_climbs
from analysis.figures.intervals import ROW, draw_intervals
from analysis.figures.languages import draw_language_gains
from analysis.figures.style import new_figure
from analysis.figures.tree import draw_tree, tree_height
from analysis.leaderboard import Leaderboard, leaderboard
from analysis.noise import noise_by_rung
from analysis.objective import Objective, objective_values
from analysis.official import official
from analysis.report_parts import Picture, Section, Sheet
from analysis.report_split import label
from analysis.savings import savings
from analysis.sections import STUDIES
from analysis.tables import records
from spaces.curriculum import EMPTY_TEXT

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
    asked, others, silent = _studies(evidence(frame, objective, features), asks)
    sections = (
        asked,
        _confirmed(confirmed),
        *others,
        _benchmark(frame, objective),
        _search(frame, values, board),
        _rungs(values),
        _cost(frame),
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


def _confirmed(found: Confirmation | None) -> Section:
    if found is None or not found.is_reported:
        return Section(
            heading="Is the best curriculum really better?",
            notes=("Not known yet: the confirmation on fresh seeds has not run to its end.",),
        )
    pictures = []
    if found.winner != EMPTY_TEXT:
        table = found.per_target.rename(columns={"gain": "mean"})
        pictures.append(
            _forest(
                "gains_by_target",
                "Gain of the winner over no intermediate task, by target and on average; report "
                "split, languages that did not guide the search. Hollow: too few seeds for an "
                "interval.",
                [str(target) for target in table["target"]],
                table,
            )
        )
        height = 1.4 + 0.24 * found.per_language["language"].nunique()
        figure, (axes,) = new_figure(height)
        draw_language_gains(axes, found.per_language)
        pictures.append(
            Picture(
                name="gains_by_language",
                caption="Gain of the winner in each language, sorted by the mean over targets.",
                figure=figure,
            )
        )
    others = found.comparisons.rename(columns={"winner_gain": "mean"})
    labels = [label((str(r["curriculum"]), str(r["variant"]))) for _, r in others.iterrows()]
    if labels:
        pictures.append(
            _forest(
                "winner_against_others",
                "The winner minus everything else that was run beside it, mean over targets, "
                "paired by seed.",
                labels,
                others,
            )
        )
    return Section(
        heading="Is the best curriculum really better?",
        notes=found.notes,
        pictures=tuple(pictures),
        sheets=(
            Sheet(
                name="candidates",
                caption="Score when it was found, on the search split of fresh seeds, and on the "
                "report split: what is lost from left to right is optimism.",
                frame=found.candidates,
            ),
            Sheet(name="per_target", caption="The winner by target.", frame=found.per_target),
            Sheet(
                name="comparisons",
                caption="What was run beside the winner.",
                frame=found.comparisons,
            ),
            Sheet(
                name="per_language",
                caption="The winner by target and language.",
                frame=found.per_language,
            ),
        ),
    )


def _forest(name: str, caption: str, labels: list[str], table: pd.DataFrame) -> Picture:
    figure, (axes,) = new_figure(1.0 + ROW * len(labels))
    draw_intervals(axes, labels, table, xlabel="points; 95 % intervals hold at once")
    return Picture(name=name, caption=caption, figure=figure)


def _benchmark(frame: pd.DataFrame, objective: Objective) -> Section | None:
    averaged = official(frame, objective)
    if averaged is None:
        return None
    counts = ", ".join(f"{target} {n}" for target, n in averaged.languages.items())
    return Section(
        heading="As a benchmark averages",
        notes=(
            "Report split, every language scored, English and proxies too: a target is the mean "
            "over its languages, a group over its targets, the average over targets.",
            f"Languages: {counts}.",
        ),
        sheets=(
            Sheet(name="benchmark_groups", caption="Groups.", frame=averaged.groups),
            Sheet(name="benchmark_targets", caption="Targets.", frame=averaged.tasks),
        ),
    )


def _search(frame: pd.DataFrame, values: pd.DataFrame, board: Leaderboard) -> Section:
    notes = (
        *board.notes,
        "Scores of the search are of probes and of one seed each: they rank, they do not prove.",
    )
    if board.ranked.empty:
        return Section(heading="The search", notes=("No trial has run to the end yet.",))
    figure, (axes,) = new_figure(tree_height(board.ranked, board.stopped))
    draw_tree(axes, board.ranked, board.stopped)
    tree = Picture(
        name="tree",
        caption="All curricula that were tried; a shared beginning is drawn, and was trained, "
        "once. Faded: stopped early, with the score at the rung that it reached.",
        figure=figure,
    )
    figure, (axes,) = new_figure(3.8)
    draw_climbs(axes, climbs(frame, values))
    climb = Picture(
        name="climb",
        caption="Score of every trial at its rungs over the examples that it needed; grey lines "
        "end where early stopping ended them.",
        figure=figure,
    )
    return Section(
        heading="The search",
        notes=notes,
        pictures=(tree, climb),
        sheets=(
            Sheet(
                name="leaderboard",
                caption="Curricula that ran to the end, on the search split.",
                frame=board.ranked,
                shown=("rank", "curriculum", "role", "score", "gain", "n", "marks"),
            ),
            Sheet(
                name="stopped",
                caption="Stopped or unfinished curricula, with the score at the rung reached.",
                frame=board.stopped,
                shown=("curriculum", "role", "rung", "score", "marks"),
            ),
            Sheet(
                name="best_per_target",
                caption="The best for each target alone.",
                frame=board.best_per_target,
            ),
            Sheet(
                name="best_per_budget",
                caption="The best of all with at most so many stage examples.",
                frame=board.best_per_budget,
            ),
        ),
    )


def _rungs(values: pd.DataFrame) -> Section | None:
    noise = noise_by_rung(values)
    if not noise:
        return None
    agreement = rung_agreement(values)
    sheets = [Sheet(name="rung_noise", caption="Noise.", frame=records(list(noise.values())))]
    if agreement:
        caption = "Agreement with the last rung; chance that early stopping dropped the best."
        sheets.append(Sheet(name="rung_agreement", caption=caption, frame=records(agreement)))
    return Section(
        heading="Can the rungs be believed?",
        notes=(
            "Noise is the standard deviation within curricula over seeds, spread that between "
            "curricula; reliability is the share of the variance that is not noise. A rung below "
            "0.5 stops nothing.",
        ),
        sheets=tuple(sheets),
    )


def _cost(frame: pd.DataFrame) -> Section:
    return Section(
        heading="What it cost, and what sharing saved",
        notes=(
            "Needed: had every trial computed everything itself. A forward pass counts a third of "
            "an example.",
        ),
        sheets=(Sheet(name="savings", caption="Examples.", frame=savings(frame)),),
    )


def all_pictures(report: Report) -> Iterator[Picture]:
    """Every figure, from top to bottom."""
    for section in report.sections:
        yield from section.pictures


def all_sheets(report: Report) -> Iterator[Sheet]:
    """Every table, from top to bottom."""
    for section in report.sections:
        yield from section.sheets
