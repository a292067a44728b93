"""Do morphological stages help more in agglutinative languages? A section of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from analysis.evidence import Evidence
from analysis.figures.morphology import add_key, draw_differences, draw_forests, forest_height
from analysis.figures.style import POINTS, new_figure
from analysis.marks import marks_by_target
from analysis.report_parts import Picture, Section, Sheet
from analysis.statistics.intervals import Interval
from analysis.studies.morphology import MorphologyStudy, morphology_study
from analysis.studies.morphology_comparison import NONE, Comparison

CAVEAT = (
    "Agglutinative languages differ from the others in more than morphology: in script, in "
    "pretraining text, in distance to English, and in how many points they can still gain. The "
    "comparison with other stages of the same size takes away what any stage does to them, not "
    "what these differences do to a morphological one."
)
_SHOWN = ["targets", "against", "over", "difference", "low", "high", "n", "p_value", "p_adjusted"]
_DIFFERENCE = "Gain in agglutinative languages minus gain in others, by what the interval is over"


def morphology_section(found: Evidence) -> Section | str:
    """What morphological stages do in agglutinative languages; a text says why there is none."""
    study = morphology_study(found)
    if isinstance(study, str):
        return study
    sheets = [
        Sheet(
            name="morphology_differences",
            caption=f"{_DIFFERENCE}: mean over {len(study.stages)} morphological stages.",
            frame=_differences(study.comparisons, study),
            shown=tuple(_SHOWN),
        ),
        Sheet(
            name="morphology_classes",
            caption="Gain of morphological stages in each class of languages.",
            frame=_classes(study.comparisons),
        ),
        Sheet(
            name="morphology_languages",
            caption="Gain of morphological stages in each language.",
            frame=_languages(study.comparisons),
        ),
    ]
    if study.by_stage:
        caption = f"{_DIFFERENCE}: each stage for itself, untested."
        frame = _differences(study.by_stage, study).drop(columns=["p_value", "p_adjusted"])
        sheets.append(Sheet(name="morphology_stages", caption=caption, frame=frame))
    return Section(
        heading="Do morphological stages help in agglutinative languages?",
        answer=_sentence(study),
        notes=tuple(_notes(study, found)),
        pictures=tuple(_pictures(study)),
        sheets=tuple(sheets),
    )


def _headline(study: MorphologyStudy) -> list[Comparison]:
    """Of all targets of the headline together, or of the first target that could be compared."""
    first = study.comparisons[0].targets
    whole = [own for own in study.comparisons if own.targets == study.headline]
    return whole or [own for own in study.comparisons if own.targets == first]


def _sentence(study: MorphologyStudy) -> str:
    """The comparison with stages of the same size first: it is the stricter one."""
    first = min(_headline(study), key=lambda own: own.against == NONE)
    said = (
        f"on {' and '.join(first.targets)}, morphological stages gain {_more(first)} in the "
        f"{first.agglutinative.num_languages} agglutinative languages than in the "
        f"{first.others.num_languages} others, compared with {first.against} ({_sure(first)})"
    )
    if first.against == NONE:
        said += "; no other stage of the same size was repeated"
    is_told = _widest(first).excludes_zero
    return f"{said[0].upper() + said[1:] if is_told else f'Not told from chance: {said}'}."


def _more(own: Comparison) -> str:
    points = POINTS * own.difference.over_seeds.mean
    return f"{abs(points):.1f} points {'less' if points < 0 else 'more'}"


def _widest(own: Comparison) -> Interval:
    """For other languages too where that can be said, else for these languages."""
    kinds = own.difference
    return kinds.over_seeds if kinds.over_both.low is None else kinds.over_both


def _sure(own: Comparison) -> str:
    interval = _widest(own)
    if interval.low is None or interval.high is None:
        return interval.note
    limits = f"{POINTS * interval.low:+.1f} to {POINTS * interval.high:+.1f}"
    n, here = own.difference.over_seeds.n, interval is own.difference.over_seeds
    what = "in these languages; for others there are too few" if here else "for other languages too"
    return f"95 % interval {limits}, {n} repetitions, {what}"


def _notes(study: MorphologyStudy, found: Evidence) -> Iterator[str]:
    for own in _headline(study):
        said = f"{_more(own)} in agglutinative languages"
        yield f"Compared with {own.against}: {said} ({_sure(own)})."
    for stage in study.stages:
        others = ", ".join(stage.same_size) or "nothing"
        yield f"Morphological: {stage}; of the same size, without morphology: {others}."
    yield CAVEAT
    for own in _headline(study):
        kinds = own.difference
        intervals = (kinds.over_seeds, kinds.over_languages, kinds.over_both)
        yield f"Against {own.against}: {'; '.join(each.note for each in intervals)}."
    for tests in (study.over_both, study.over_seeds):
        if tests.tests:
            yield f"{tests.note}."
    if study.unclassed:
        listed = ", ".join(f"{code} ({why})" for code, why in study.unclassed.items())
        yield f"Languages in neither class, shown apart: {listed}."
    if study.left_out:
        yield f"Not compared: {'; '.join(study.left_out)}."
    for stage in study.stages:
        marks = marks_by_target(found.frame, found.objective, str(stage), split="report")
        if marked := [f"{target} ({mark})" for target, mark in marks.items() if mark]:
            yield f"Marks of {stage}: {', '.join(marked)}."


def _pictures(study: MorphologyStudy) -> Iterator[Picture]:
    if len({own.targets for own in study.comparisons}) > 1:
        figure, (axes,) = new_figure(1.5 + 0.34 * len(study.comparisons))
        draw_differences(axes, study.comparisons)
        add_key(axes)
        yield Picture(
            name="morphology_by_target",
            caption="How much more morphological stages gain in agglutinative languages than in "
            "others, by target and by what they are compared with. Hollow: no interval.",
            figure=figure,
        )
    for target in study.headline:
        own = [each for each in study.comparisons if each.targets == (target,)]
        if own:
            figure, grid = new_figure(forest_height(own[0]), columns=len(own))
            draw_forests(grid, own)
            yield Picture(
                name=f"morphology_{target}",
                caption=f"What morphological stages gain on {target} in each language over "
                "what they are compared with, agglutinative languages first, with the mean of each "
                "class and the difference of the two. Hollow: no interval.",
                figure=figure,
            )


def _differences(comparisons: Sequence[Comparison], study: MorphologyStudy) -> pd.DataFrame:
    def rows(own: Comparison) -> Iterator[dict[str, object]]:
        kinds, p_both, p_seeds = own.difference, own.difference.p_value, own.p_over_seeds
        adjusted = (study.over_both.adjusted.get(own.name), study.over_seeds.adjusted.get(own.name))
        for over, interval, p_value, p_adjusted in (
            ("repetitions and languages", kinds.over_both, p_both, adjusted[0]),
            ("repetitions", kinds.over_seeds, p_seeds, adjusted[1]),
            ("languages", kinds.over_languages, None, None),
        ):
            yield {
                **_named(own),
                "stages": ", ".join(str(stage) for stage in own.stages),
                "over": over,
                "difference": interval.mean,
                **_limits_of(interval),
                "num_agglutinative": own.agglutinative.num_languages,
                "num_others": own.others.num_languages,
                "p_value": p_value,
                "p_adjusted": p_adjusted,
            }

    return _frame([row for own in comparisons for row in rows(own)])


def _classes(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    return _frame(
        [
            {
                **_named(own),
                "class": name,
                "over": over,
                "gain": interval.mean,
                **_limits_of(interval),
                "num_languages": part.num_languages,
            }
            for own in comparisons
            for name, part in (("agglutinative", own.agglutinative), ("others", own.others))
            for over, interval in (
                ("repetitions and languages", part.over_both),
                ("repetitions", part.over_seeds),
            )
        ]
    )


def _languages(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    names = {True: "agglutinative", False: "others", None: "unknown"}
    return _frame(
        [
            {
                **_named(own),
                "language": part.language,
                "class": names[part.agglutinative],
                "gain": part.gain.mean,
                **_limits_of(part.gain),
            }
            for own in comparisons
            for part in own.by_language
        ]
    )


def _named(own: Comparison) -> dict[str, object]:
    return {"targets": " and ".join(own.targets), "against": own.against}


def _limits_of(interval: Interval) -> dict[str, object]:
    return {"low": interval.low, "high": interval.high, "n": interval.n}


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Limits and p-values that are not there are NaN."""
    frame = pd.DataFrame(rows)
    floats = [name for name in ("low", "high", "p_value", "p_adjusted") if name in frame]
    return frame.astype(dict.fromkeys(floats, "float64"))
