"""What did the search try, can its rungs be believed, what did it cost? Sections of the report."""

from __future__ import annotations

import pandas as pd

from analysis.agreement import rung_agreement
from analysis.figures.climb import climbs, draw_climbs
from analysis.figures.style import new_figure
from analysis.figures.tree import draw_tree, tree_height
from analysis.leaderboard import Leaderboard
from analysis.noise import in_question, noise_by_rung
from analysis.objective import Objective
from analysis.report_parts import Picture, Section, Sheet
from analysis.savings import savings
from analysis.tables import records
from analysis.target_noise import blindness, target_noises


def search_section(frame: pd.DataFrame, values: pd.DataFrame, board: Leaderboard) -> Section:
    """The tree of what was tried, scores over cost, and the tables of the leaderboard."""
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


def rungs_section(
    frame: pd.DataFrame, objective: Objective, values: pd.DataFrame
) -> Section | None:
    """Noise of every rung and target, and rank agreement of rungs; None without a value."""
    noise = noise_by_rung(values)
    if not noise:
        return None
    agreement, targets = rung_agreement(values), target_noises(frame, objective, values)
    sheets = [Sheet(name="rung_noise", caption="Noise.", frame=records(list(noise.values())))]
    if agreement:
        caption = "Agreement with the last rung; chance that early stopping dropped the best."
        sheets.append(Sheet(name="rung_agreement", caption=caption, frame=records(agreement)))
    caption = (
        "The same of every target alone; equal: share of curricula with the most frequent score of "
        "a language, beside the largest that ties of so many items explain."
    )
    sheets.append(Sheet(name="target_noise", caption=caption, frame=records(targets)))
    stops = " A rung below 0.5 stops nothing." if max(noise) > 0 else ""
    return Section(
        heading=in_question(noise),
        notes=(
            "Noise is the standard deviation within curricula over seeds, spread that between "
            f"curricula; reliability is the share of the variance that is not noise.{stops}",
            *(f"{blindness(found)}." for found in targets if found.is_blind),
        ),
        sheets=tuple(sheets),
    )


def cost_section(frame: pd.DataFrame) -> Section:
    """Examples needed and paid, stages, targets and evaluation apart."""
    return Section(
        heading="What it cost, and what sharing saved",
        notes=(
            "Needed: had every trial computed everything itself. A forward pass counts a third of "
            "an example.",
        ),
        sheets=(Sheet(name="savings", caption="Examples.", frame=savings(frame)),),
    )
