"""What stands on the page that puts studies side by side? A report, made of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from analysis.answer import Answer
from analysis.compare import Comparison
from analysis.figures.common import draw_common
from analysis.figures.side_by_side import draw_side_by_side, side_by_side_height
from analysis.figures.style import new_figure
from analysis.report import Report
from analysis.report_parts import Picture, Section, Sheet

OF_WINNER = ("curriculum", "confirmed", "gain", "low", "high", "n")
"""Columns of `Comparison.runs` that say what was found; the others what was asked and spent."""
PAIRS_PER_ROW, MOST_PAIRS = 3, 9
INTERVALS = (
    "Intervals are those of each study's own report (95 %, those of one study hold at once). Seeds "
    "of two studies are not paired: whether two winners differ is not tested here."
)
NOTHING_SHARED = (
    "No two studies have a confirmed winner on the same target, with the same data and metric, in "
    "the same languages."
)
AGREEMENT = (
    "Scores of the search: probes, mostly one trial each. Curricula that share a beginning are not "
    "independent, so a rank correlation has no interval here; it is low where noise is large, too."
)


def comparison_report(found: Comparison) -> Report:
    """The page of a comparison, with the same parts as a study's."""
    names = list(found.runs["run"])
    confirmed = int((found.runs["confirmed"] == "yes").sum())
    return Report(
        name=f"{', '.join(names[:-1])} and {names[-1]}, side by side",
        question="What do these studies say beside one another, and what of it can be compared?",
        answer=Answer(
            sentence=summary(found),
            curriculum="",
            basis="each study's own report; nothing is averaged over studies",
        ),
        facts={
            "studies": str(len(names)),
            "confirmed": str(confirmed),
            "targets side by side": str(len(found.shared_targets)),
            "curricula in common": f"{len(found.common):,}",
        },
        warnings=(*found.warnings, *found.missing),
        sections=tuple(_sections(found)),
    )


def summary(found: Comparison) -> str:
    """What can be compared, in a sentence or two."""
    confirmed = int((found.runs["confirmed"] == "yes").sum())
    targets = found.shared_targets
    side = f"side by side on {', '.join(targets)}" if targets else "no target side by side"
    return (
        f"{len(found.runs)} studies, {confirmed} of them confirmed; {side}; "
        f"{len(found.common):,} curricula were run by more than one."
    )


def _sections(found: Comparison) -> Iterator[Section]:
    yield Section(
        heading="What did each find?",
        notes=tuple(f"{name}: {' '.join(texts)}" for name, texts in found.findings.items()),
        sheets=(
            Sheet(
                name="runs",
                caption="The best curriculum of each study and its gain over none, on average over "
                "its own targets.",
                frame=found.runs[["run", *OF_WINNER]],
            ),
            Sheet(
                name="spent",
                caption="Examples paid, and needed had nothing been shared; share: what of them "
                "sharing saved, in per cent; hours of wall clock.",
                frame=found.runs.drop(columns=list(OF_WINNER)),
            ),
        ),
    )
    yield _gains(found)
    yield _common(found)
    yield Section(
        heading="Are they comparable?",
        sheets=(Sheet(name="settings", caption="What must be equal.", frame=found.settings),),
    )


def _gains(found: Comparison) -> Section:
    heading = "What do the winners gain on the same targets?"
    if found.gains.empty:
        return Section(heading=heading, notes=(NOTHING_SHARED,))
    figure, (axes,) = new_figure(side_by_side_height(found.gains))
    draw_side_by_side(axes, found.gains)
    caption = (
        "Gain of each study's winner over its own none, on targets that at least two studies have "
        "in the same languages. Hollow: too few seeds for an interval."
    )
    return Section(
        heading=heading,
        notes=(INTERVALS,),
        pictures=(Picture(name="gains_side_by_side", caption=caption, figure=figure),),
        sheets=(Sheet(name="gains_side_by_side", caption="The same.", frame=found.gains),),
    )


def _common(found: Comparison) -> Section:
    heading = "Do they rank the same curricula alike?"
    if found.common.empty:
        note = "No curriculum has run to the end in more than one of them."
        return Section(heading=heading, notes=(note,))
    return Section(
        heading=heading,
        notes=(AGREEMENT,),
        pictures=tuple(_pairs(found)),
        sheets=(
            Sheet(
                name="rank_agreement",
                caption="Spearman's rank correlation over the curricula that both ran; n of them.",
                frame=found.agreement,
            ),
            Sheet(
                name="common_curricula",
                caption="Scores on the search split; n: studies that have it.",
                frame=found.common,
            ),
        ),
    )


def _pairs(found: Comparison) -> Iterator[Picture]:
    """One scatter per pair of studies with a rank correlation, those with most in common first."""
    known = found.agreement[found.agreement["spearman"].notna()]
    ordered = known.sort_values("n", ascending=False, kind="stable")
    pairs = list(ordered.itertuples(index=False, name=None))[:MOST_PAIRS]
    if not pairs:
        return
    rows = ceil(len(pairs) / PAIRS_PER_ROW)
    figure, panels = new_figure(3.1 * rows, columns=PAIRS_PER_ROW, rows=rows)
    for axes, (first, second, value, n) in zip(panels, pairs, strict=False):
        title = f"rank agreement {value:.2f}, {n} curricula"
        draw_common(axes, found.common, first, second, title=title)
    for axes in panels[len(pairs) :]:
        figure.delaxes(axes)
    more = len(known) - len(pairs)
    caption = (
        "Scores on the search split, a point per curriculum that both studies ran to the end; "
        "orange: the best of either." + (f" {more} pairs with fewer are left out." if more else "")
    )
    yield Picture(name="common_curricula", caption=caption, figure=figure)
