"""Do morphologically annotated English stages help more in agglutinative languages than in others?

A difference in differences: what a morphological stage changes in agglutinative languages minus
what it changes in the others, by target. It changes something against none (standard fine-tuning),
and against stages of the same size without morphology, since any stage may help some languages
more. Stages stand alone; all differences are paired by repetition, so that what moves all curricula
or all languages alike cancels. Only means over the morphological stages are tested; single stages
have intervals alone, so that the family stays small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.evidence import Evidence, single_transfers
from analysis.statistics.multiplicity import Family, family
from analysis.studies.morphology_comparison import (
    Comparison,
    MorphologicalStage,
    compared,
    gain_tables,
)

STRUCTURED = "structured"
"""The group of POS and NER."""
_QUESTION = "more gained in agglutinative languages than in others, by target and comparison"


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
    tables = gain_tables(transfers)
    comparisons, problems = compared(tables, wanted, classes)
    if not comparisons:
        return "; ".join(problems)
    by_stage, _ = compared(tables, alone, classes)
    of_both = {own.name: own.difference.p_value for own in comparisons}
    of_seeds = {own.name: own.p_over_seeds for own in comparisons}
    return MorphologyStudy(
        stages=stages,
        headline=headline,
        comparisons=comparisons,
        by_stage=by_stage,
        over_both=family(f"{_QUESTION}; for other repetitions and other languages", of_both),
        over_seeds=family(f"{_QUESTION}; for other repetitions and these languages", of_seeds),
        unclassed={code: why for code, (known, why) in languages.items() if known is None},
        left_out=(*left_out, *problems),
    )


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
