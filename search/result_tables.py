"""What did a search find, and at what price? The tables at the end of `search` and in `report`.

Estimated in `analysis`; here it is put into words for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from rich.console import RenderableType

from analysis.layers import layer_sweep
from analysis.leaderboard import Leaderboard, leaderboard
from analysis.objective import Objective
from analysis.savings import savings, savings_in_proportions
from search.noise_tables import noise_results
from search.pace import clock_text
from search.study_fields import StudyConfig
from search.table_parts import (
    Column,
    Marks,
    count,
    curriculum_cell,
    difference,
    heading,
    remark,
    score,
    share,
    table,
)
from spaces.curriculum import parse_curriculum
from trainables.assignment import SEARCH
from trainables.tasks.task import MiniworldSource

TOP = 10
TEST_BED = "The embedded world is a test bed: nothing here is a finding about human languages."


def search_results(
    config: StudyConfig, frame: pd.DataFrame, objective: Objective, *, top: int = TOP
) -> Iterator[RenderableType]:
    """Leaderboard, best per target, rungs, crowded prefixes, and savings.

    Args:
        config: the study.
        frame: its observations.
        objective: what it maximises.
        top: curricula of the leaderboard to show.
    """
    board = leaderboard(frame, objective)
    yield from _leaderboard(config, board, objective, top)
    yield from _best_per_target(board)
    if len(board.ranked):
        yield from _layers(layer_sweep(frame, objective, str(board.ranked["curriculum"].iloc[0])))
    yield from noise_results(config, frame, objective)
    yield from _savings(frame)


def times(clock: Mapping[str, Mapping[str, float]]) -> Iterator[RenderableType]:
    """How long each phase took, and how busy its slots were.

    Args:
        clock: as `search/clock.py` writes it.
    """
    yield heading("Time")
    columns = [Column("phase", number=False), Column("wall clock"), Column("slots")]
    columns += [Column("busy"), Column("waiting for other trials")]
    rows = []
    names = {"confirm": "confirmation"}
    for phase, spent in clock.items():
        slots = spent["wall_seconds"] * spent["workers"]
        busy, waited = spent["busy_seconds"], spent["waited_seconds"]
        rows.append(
            [
                names.get(phase, phase),
                clock_text(spent["wall_seconds"]),
                count(spent["workers"]),
                share(busy / slots if slots else None),
                share(waited / slots if slots else None),
            ]
        )
    yield table(columns, rows)


def on_test_bed(config: StudyConfig) -> bool:
    """Whether a target is of the embedded world."""
    targets = [config.catalogue.get(name) for name in config.targets]
    return any(isinstance(task.source, MiniworldSource) for task in targets)


def objective_text(objective: Objective) -> str:
    """What a score is, in a clause."""
    languages = {
        "proxy": f"proxy languages {', '.join(objective.proxy_languages)}",
        "english": "English",
        "all-dev": "all languages",
    }[objective.select]
    over = {
        "mean": "mean over targets",
        "group-mean": "mean over groups of targets",
        "standardised-gain": "standardised gain over the empty curriculum",
    }.get(objective.aggregate, objective.aggregate)
    return f"{over}, search split of {languages}"


def _leaderboard(
    config: StudyConfig, board: Leaderboard, objective: Objective, top: int
) -> Iterator[RenderableType]:
    ranked = board.ranked.head(top)
    yield heading(
        f"Leaderboard: the best {len(ranked)} of {len(board.ranked)} curricula that ran to the end"
    )
    marks = Marks()
    rows = [
        [
            count(row["rank"]),
            score(row["score"]),
            difference(row["gain"]),
            count(row["n"]),
            count(parse_curriculum(str(row["curriculum"])).num_examples),
            marks.letters(str(row["marks"])),
            str(row["role"]),
            curriculum_cell(str(row["curriculum"])),
        ]
        for row in ranked.to_dict(orient="records")
    ]
    columns = [Column("rank"), Column("score"), Column("gain"), Column("seeds"), Column("examples")]
    columns += [Column("marks", number=False), Column("role", number=False)]
    yield table([*columns, Column("curriculum", number=False)], rows)
    if marks.legend():
        yield remark(f"marks: {marks.legend()}")
    yield remark(f"score: {objective_text(objective)}, of probes")
    seeds = config.seeds
    yield remark(
        f"seeds: one trial each, on stage seed {seeds.stage} and target seed {seeds.target}, and "
        "more of who would be the best; gain: score minus that of none on the same"
    )
    yield remark("none: the empty curriculum; examples: of all stages together")
    yield remark("the best of many noisy trials looks better than it is: see the confirmation")
    if len(board.stopped):
        yield remark(f"not ranked: {len(board.stopped)} stopped early or not finished")
    for note in board.notes:
        yield remark(note)


def _best_per_target(board: Leaderboard) -> Iterator[RenderableType]:
    if board.average_of_bests is None:
        return
    yield heading("Best curriculum for each target alone")
    columns = [Column("target", number=False), Column("score"), Column("gain")]
    columns += [Column("marks", number=False), Column("curriculum", number=False)]
    marks = Marks()
    rows = [
        [
            str(row["target"]),
            score(row["score"]),
            difference(row["gain"]),
            marks.letters(str(row["marks"])),
            curriculum_cell(str(row["curriculum"])),
        ]
        for row in board.best_per_target.to_dict(orient="records")
    ]
    average = ["average of these", score(board.average_of_bests), "", "", ""]
    yield table(columns, [*rows, average])
    if marks.legend():
        yield remark(f"marks: {marks.legend()}")


def _layers(sweep: pd.DataFrame) -> Iterator[RenderableType]:
    if sweep.empty:
        return
    yield heading("Retrieval by hidden layer (search split)")
    columns = [Column("target", number=False), Column("layer"), Column("none"), Column("best")]
    rows = [
        [
            str(row["target"]),
            f"{row['layer']}{' *' if row['own'] else ''}",
            score(row["none"]),
            score(row["best"]),
        ]
        for row in sweep.to_dict(orient="records")
    ]
    yield table(columns, rows)
    yield remark("* the layer that the study reads; best: the first of the leaderboard")
    yield remark("who chooses a layer by this table chooses with labels of the proxy languages")


def _savings(frame: pd.DataFrame) -> Iterator[RenderableType]:
    yield heading("What sharing saved: examples, search and confirmation together")
    rows: list[dict[Any, Any]] = savings(frame).to_dict(orient="records")
    search: list[dict[Any, Any]] = savings(frame, phase=SEARCH).to_dict(orient="records")
    papers: list[dict[Any, Any]] = savings_in_proportions(frame).to_dict(orient="records")
    needed = rows[-1]["needed"]
    columns = [Column("part", number=False), Column("needed"), Column("paid"), Column("saved")]
    columns += [Column("by the search"), Column("share of cost"), Column("share in the papers")]
    cells = [
        [
            {"stage": "stages", "target": "targets"}.get(row["part"], row["part"]),
            count(row["needed"]),
            count(row["paid"]),
            share(row["share"]),
            share(alone["share"]),
            share(row["needed"] / needed if needed else None),
            share(paper["needed"] / papers[-1]["needed"] if papers[-1]["needed"] else None),
        ]
        for row, alone, paper in zip(rows, search, papers, strict=True)
    ]
    yield table(columns, cells)
    yield remark(
        "needed: had every trial computed everything itself; a forward pass counts a third"
    )
    yield remark("by the search: without the confirmation, whose fresh seeds share nothing with it")
    if papers[-1]["share"] == papers[-1]["share"]:
        yield remark(
            f"the search in the papers' proportions (Phang et al. 2020): "
            f"{share(papers[-1]['share'])} of the total saved"
        )
