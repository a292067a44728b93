"""What do morphological stages gain in each language, over none or over stages of their size?

One comparison: a mean over stages and targets, paired by repetition, with the mean of each class of
languages and the difference of the two. What is compared is for `morphology.py` to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.statistics.intervals import Interval, t_interval
from analysis.statistics.multiplicity import p_of_zero
from analysis.statistics.unit_intervals import (
    DifferenceInDifferences,
    crossed_interval,
    difference_in_differences,
)

NONE, SAME_SIZE = "none", "other stages of the same size"
UNIT = "repetitions"


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


Tables = Mapping[tuple[str, int, str], pd.DataFrame]
"""Gains over none by task, size and target: repetitions by languages, NaN where missing."""


def gain_tables(transfers: pd.DataFrame) -> Tables:
    """Of what `single_transfers` gives for all sizes."""
    return {
        (str(task), int(str(size)), str(target)): rows.pivot(
            index="repetition", columns="language", values="gain"
        )
        for (task, size, target), rows in transfers.groupby(["task", "num_examples", "target"])
    }


def compared(
    tables: Tables,
    wanted: Sequence[tuple[tuple[str, ...], tuple[MorphologicalStage, ...]]],
    classes: Mapping[str, bool | None],
) -> tuple[tuple[Comparison, ...], list[str]]:
    """Every comparison that can be made, and why others cannot.

    Args:
        tables: as `gain_tables` gives them.
        wanted: targets with morphological stages; each is compared with none and, as far as there
            are any, with other stages of the same size.
        classes: by language: whether it is agglutinative; None: in no class.
    """
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
    tables: Tables,
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
    tables: Tables,
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


def _class_gain(table: NDArray[np.float64]) -> ClassGain:
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
