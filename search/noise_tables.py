"""Can the scores of a search be believed? What is noise, by rung, target and crowded prefix.

Part of the tables at the end of `search` (`search/result_tables.py`); estimated in `analysis`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from rich.console import RenderableType

from analysis.agreement import RungAgreement, rung_agreement
from analysis.crowded import crowded
from analysis.noise import in_question, noise_by_rung
from analysis.objective import Objective, objective_values
from analysis.target_noise import TargetNoise, blindness, target_noises
from search.study_fields import StudyConfig
from search.table_parts import (
    Column,
    count,
    curriculum_cell,
    difference,
    fraction,
    heading,
    reliability,
    remark,
    score,
    share,
    table,
)
from spaces.crowding import CROWDED


def noise_results(
    config: StudyConfig, frame: pd.DataFrame, objective: Objective
) -> Iterator[RenderableType]:
    """Rungs, targets, and crowded prefixes.

    Args:
        config: the study.
        frame: its observations.
        objective: what it maximises.
    """
    values = objective_values(frame, objective)
    yield from _rungs(values)
    yield from _targets(target_noises(frame, objective, values))
    yield from _crowded(config, values)


def _rungs(values: pd.DataFrame) -> Iterator[RenderableType]:
    noises = noise_by_rung(values)
    agreements = {found.rung: found for found in rung_agreement(values)}
    num_rungs = max(noises, default=0) + 1
    stops = num_rungs > 1
    yield heading(in_question(noises))
    columns = [Column("curricula"), Column("spread"), Column("noise"), Column("reliability")]
    if stops:
        columns = [Column("rung"), *columns, Column("rank agreement"), Column("ended here")]
        columns += [Column("best dropped")]
    rows = []
    for rung, found in noises.items():
        row = [count(found.num_curricula), score(found.spread)]
        row += [score(found.noise), reliability(found.reliability)]
        if stops:
            row = [f"{rung + 1} of {num_rungs}", *row, *_agreement_cells(agreements.get(rung))]
        rows.append(row)
    yield table(columns, rows)
    yield remark("spread: standard deviation between curricula; noise: within one, over seeds")
    yield remark("reliability: share of the variance between curricula that is not noise")
    if not stops:
        return
    yield remark("rank agreement: Spearman's with the last rung, among trials that reached it")
    yield remark("best dropped: chance that a trial that ended at the rung would have become best")
    unknown = {f.basis for f in agreements.values() if f.best_dropped is None}
    for basis in sorted(unknown):
        yield remark(f"best dropped is {basis}")


def _agreement_cells(found: RungAgreement | None) -> list[str]:
    if found is None:
        return ["", "", ""]
    agreement = f"{fraction(found.spearman)} (n {found.n})"
    return [agreement, count(found.num_stopped), share(found.best_dropped)]


def _targets(found: Sequence[TargetNoise]) -> Iterator[RenderableType]:
    blind = [each for each in found if each.is_blind]
    if len(found) < 2 and not blind:
        return
    yield heading("Which targets tell the curricula apart?")
    columns = [Column("target", number=False), Column("curricula"), Column("spread")]
    columns += [Column("noise"), Column("reliability"), Column("equal scores")]
    rows = [
        [
            each.target,
            count(each.num_curricula),
            score(each.spread),
            score(each.noise),
            reliability(each.reliability),
            share(each.equal),
        ]
        for each in found
    ]
    yield table(columns, rows)
    yield remark("equal scores: share of curricula with the most frequent score of a language")
    for each in blind:
        yield remark(blindness(each))


def _crowded(config: StudyConfig, values: pd.DataFrame) -> Iterator[RenderableType]:
    seeds = config.seeds
    if not seeds.noise:
        return
    second = seeds.noise[0]
    found = crowded(values, own=(seeds.stage, seeds.target), second=(second, second))
    if found.empty:
        return
    yield heading(f"Crowded prefixes: {CROWDED} or more trials share one training of these stages")
    columns = [Column("trials"), Column("study's seed"), Column("second seed")]
    columns += [Column("difference"), Column("noise"), Column("prefix", number=False)]
    rows = [
        [
            count(row["trials"]),
            score(row["score"]),
            score(row["second_score"]),
            difference(row["difference"]),
            score(row["noise"]),
            curriculum_cell(str(row["prefix"])),
        ]
        for row in found.to_dict(orient="records")
    ]
    yield table(columns, rows)
    yield remark("scores of the prefix as a curriculum; noise: that of such a difference")
    yield remark("where the difference is far above the noise, the trials on that prefix share its")
    yield remark("luck with the study's seed, good or bad; the confirmation uses fresh seeds")
