"""Is the best curriculum really better? What the confirmation says: a section of the report."""

from __future__ import annotations

import pandas as pd

from analysis.confirmation import Confirmation
from analysis.figures.intervals import ROW, draw_intervals
from analysis.figures.languages import draw_language_gains
from analysis.figures.style import new_figure
from analysis.objective import Objective
from analysis.official import official
from analysis.report_parts import Picture, Section, Sheet
from analysis.report_split import label
from spaces.curriculum import EMPTY_TEXT


def confirmed_section(found: Confirmation | None) -> Section:
    """The winner against none and all that was run beside it, on fresh seeds."""
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


def benchmark_section(frame: pd.DataFrame, objective: Objective) -> Section | None:
    """The winner and the baselines as XTREME averages; None where nothing is averaged."""
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
