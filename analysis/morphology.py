"""Do morphologically annotated English stages help more in agglutinative languages than in others?

A difference in differences: what a morphological stage changes in agglutinative languages minus
what it changes in the others, by target. It changes something against none (standard fine-tuning),
and against stages of the same size without morphology, since any stage may help some languages
more. Stages stand alone; all differences are paired by repetition, so that what moves all curricula
or all languages alike cancels. Only means over the morphological stages are tested; single stages
have intervals alone, so that the family stays small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evidence import Evidence, single_transfers
from analysis.intervals import Interval, t_interval
from analysis.multiplicity import Family, family, p_of_zero
from analysis.unit_intervals import (
    DifferenceInDifferences,
    crossed_interval,
    difference_in_differences,
)

NONE, SAME_SIZE = "none", "other stages of the same size"
UNIT = "repetitions"
STRUCTURED = "structured"
"""The group of POS and NER."""
_QUESTION = "more gained in agglutinative languages than in others, by target and comparison"


@dataclass(frozen=True, slots=True, kw_only=True)
class MorphologicalStage:
    """A morphological task that was repeated alone, at one size.

    That is the largest at which a task without morphology was repeated alone too, else its largest.
    """

    task: str
    num_examples: int
    same_size: tuple[str, ...]
    """Tasks without morphology that were repeated alone with as many examples; maybe none."""

    def __str__(self) -> str:
        return f"{self.task}:{self.num_examples}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassGain:
    """Mean gain over the languages of one class."""

    num_languages: int
    over_seeds: Interval
    over_both: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGain:
    """Gain in one language, over repetitions."""

    language: str
    agglutinative: bool | None
    """None: unknown or disputed; in no class."""
    gain: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Morphological stages against something else: a mean over stages, and over targets."""

    targets: tuple[str, ...]
    """Several: their mean, in the languages that all have."""
    against: str
    """NONE or SAME_SIZE."""
    stages: tuple[MorphologicalStage, ...]
    agglutinative: ClassGain
    others: ClassGain
    difference: DifferenceInDifferences
    """The gain in agglutinative languages minus that in the others."""
    p_over_seeds: float | None
    """That the difference is 0 for these languages."""
    by_language: tuple[LanguageGain, ...]

    @property
    def name(self) -> str:
        """What is compared, for people."""
        return f"{' and '.join(self.targets)}, against {self.against}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MorphologyStudy:
    """All targets and comparisons."""

    stages: tuple[MorphologicalStage, ...]
    headline: tuple[str, ...]
    """Targets that the answer is about: those of group structured, else all."""
    comparisons: tuple[Comparison, ...]
    """Means over stages; the headline's first, then each target's."""
    by_stage: tuple[Comparison, ...]
    """Each stage for itself, where there are several; untested."""
    over_both: Family
    """Tests for other repetitions and other languages at once."""
    over_seeds: Family
    """The same tests for these languages."""
    unclassed: Mapping[str, str]
    """Languages in no class, with the reason."""
    left_out: tuple[str, ...]
    """What could not be compared, for people."""


def morphology_study(found: Evidence) -> MorphologyStudy | str:
    """The study, or why there is none, for people."""
    transfers = single_transfers(found, all_sizes=True)
    if transfers.empty:
        return "no task was repeated alone on fresh seeds"
    annotated = _classes(found.features, "morphological", "task", list(transfers["task"].unique()))
    if not any(known is not None for known, _ in annotated.values()):
        return "which tasks are morphological was not measured; type: curriculum features RUN"
    stages, left_out = _stages(transfers, annotated)
    if not stages:
        tasks = ", ".join(annotated)
        return f"no morphological task was repeated alone on fresh seeds, only {tasks}"
    languages = _classes(found.features, "agglutinative", "language", found.languages)
    classes = {code: known for code, (known, _) in languages.items()}
    targets, headline = _targets(found, transfers)
    wanted = [(headline, stages)] if len(headline) > 1 else []
    wanted += [((target,), stages) for target in targets]
    alone = [((target,), (own,)) for target in targets for own in stages if len(stages) > 1]
    tables = _tables(transfers)
    comparisons, problems = _compared(tables, wanted, classes)
    if not comparisons:
        return "; ".join(problems)
    by_stage, _ = _compared(tables, alone, classes)
    return MorphologyStudy(
        stages=stages,
        headline=headline,
        comparisons=comparisons,
        by_stage=by_stage,
        over_both=family(
            f"{_QUESTION}; for other repetitions and other languages",
            {own.name: own.difference.p_value for own in comparisons},
        ),
        over_seeds=family(
            f"{_QUESTION}; for other repetitions and these languages",
            {own.name: own.p_over_seeds for own in comparisons},
        ),
        unclassed={code: why for code, (known, why) in languages.items() if known is None},
        left_out=(*left_out, *problems),
    )


_Tables = Mapping[tuple[str, int, str], pd.DataFrame]
"""Gains over none by task, size and target: repetitions by languages, NaN where missing."""


def _tables(transfers: pd.DataFrame) -> _Tables:
    return {
        (str(task), int(str(size)), str(target)): rows.pivot(
            index="repetition", columns="language", values="gain"
        )
        for (task, size, target), rows in transfers.groupby(["task", "num_examples", "target"])
    }


def _classes(
    features: pd.DataFrame, feature: str, column: str, names: Sequence[str]
) -> dict[str, tuple[bool | None, str]]:
    """By name: whether it has the feature; None with the reason where that is unknown."""
    rows = features[features["feature"] == feature]
    told = zip(rows[column], rows["value"], rows["note"], strict=True)
    known = {
        str(name): (None, str(note) or "unknown") if value != value else (bool(value), str(note))
        for name, value, note in told
    }
    return {str(name): known.get(str(name), (None, "not measured")) for name in names}


def _stages(
    transfers: pd.DataFrame, annotated: Mapping[str, tuple[bool | None, str]]
) -> tuple[tuple[MorphologicalStage, ...], list[str]]:
    """Morphological stages, and why other tasks are neither they nor compared with them."""
    left_out = []
    sizes: dict[bool, dict[str, set[int]]] = {True: {}, False: {}}
    for task, rows in transfers.groupby("task", sort=False):
        known, why = annotated[str(task)]
        if "@" in str(task):
            left_out.append(f"{task}: its annotation is not English")
        elif known is None:
            left_out.append(f"{task}: whether it is morphological is unknown ({why})")
        else:
            sizes[known][str(task)] = {int(size) for size in rows["num_examples"]}
    stages = []
    for task, own in sizes[True].items():
        shared = own & set().union(*sizes[False].values())
        size = max(shared or own)
        matched = tuple(other for other, there in sizes[False].items() if size in there)
        stages.append(MorphologicalStage(task=task, num_examples=size, same_size=matched))
        if not matched:
            left_out.append(f"{task}:{size}: no other task was repeated alone at this size")
    return tuple(stages), left_out


def _targets(found: Evidence, transfers: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All that have scores, and those of the headline."""
    scored = set(transfers["target"])
    here = [target for target in found.objective.targets if target.name in scored]
    structured = tuple(target.name for target in here if target.group == STRUCTURED)
    every = tuple(target.name for target in here)
    return every, structured or every


def _compared(
    tables: _Tables,
    wanted: Sequence[tuple[tuple[str, ...], tuple[MorphologicalStage, ...]]],
    classes: Mapping[str, bool | None],
) -> tuple[tuple[Comparison, ...], list[str]]:
    """Every comparison that can be made, and why others cannot."""
    found, problems = [], []
    for targets, stages in wanted:
        for against in (NONE, SAME_SIZE):
            own = tuple(stage for stage in stages if stage.same_size or against == NONE)
            if not own:
                continue
            made = _comparison(tables, targets, own, against, classes)
            if isinstance(made, str):
                problems.append(f"{' and '.join(targets)}, against {against}: {made}")
            else:
                found.append(made)
    return tuple(found), problems


def _comparison(
    tables: _Tables,
    targets: tuple[str, ...],
    stages: tuple[MorphologicalStage, ...],
    against: str,
    classes: Mapping[str, bool | None],
) -> Comparison | str:
    gains = _gains(tables, targets, stages, against)
    if gains is None:
        return "not every stage was scored on it"
    known = [code for code in gains.columns if classes[code] is not None]
    whole = gains[gains[known].notna().all(axis="columns")]
    if not known:
        return "the morphology of none of its languages is known"
    if not len(whole):
        return "no repetition has all that is compared"
    inside = np.array([bool(classes[code]) for code in known])
    if inside.all() or not inside.any():
        some, none = ("agglutinative", "other") if inside.any() else ("other", "agglutinative")
        return f"{len(known)} {some} languages and no {none} one"
    table = whole[known].to_numpy(dtype=np.float64)
    difference = difference_in_differences(table, list(inside), unit=UNIT)
    by_seed = table[:, inside].mean(1) - table[:, ~inside].mean(1)
    return Comparison(
        targets=targets,
        against=against,
        stages=stages,
        agglutinative=_class_gain(table[:, inside]),
        others=_class_gain(table[:, ~inside]),
        difference=difference,
        p_over_seeds=p_of_zero([float(v) for v in by_seed]),
        by_language=tuple(_by_language(whole, classes)),
    )


def _gains(
    tables: _Tables,
    targets: Sequence[str],
    stages: Sequence[MorphologicalStage],
    against: str,
) -> pd.DataFrame | None:
    """Repetitions by the languages that everything compared has; None if something has no score."""
    parts = []
    for target in targets:
        for stage in stages:
            names = (stage.task, *(stage.same_size if against == SAME_SIZE else ()))
            keys = [(name, stage.num_examples, target) for name in names]
            if not all(key in tables for key in keys):
                return None
            own, *others = (tables[key] for key in keys)
            parts.append(own - _mean(others) if others else own)
    return _mean(parts).dropna(axis="columns", how="all")


def _mean(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """NaN wherever one of them is."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total / len(parts)


def _class_gain(table: np.ndarray) -> ClassGain:
    """Of (repetitions, languages)."""
    return ClassGain(
        num_languages=table.shape[1],
        over_seeds=t_interval([float(v) for v in table.mean(1)], unit=UNIT),
        over_both=crossed_interval(table, units=(UNIT, "languages")),
    )


def _by_language(gains: pd.DataFrame, classes: Mapping[str, bool | None]) -> Iterator[LanguageGain]:
    for code in gains.columns:
        values = [float(v) for v in gains[code].dropna()]
        if values:
            interval = t_interval(values, unit=UNIT)
            yield LanguageGain(language=code, agglutinative=classes[code], gain=interval)
