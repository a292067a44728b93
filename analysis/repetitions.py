"""What was measured again and again? Scores of every curriculum at every independent repetition.

Only trials of the last rung and of no variant count: nothing is taken from trials stopped early.
A repetition is what shares no seed with any other: pairs of stage and target seed that have a seed
in common are one repetition, since their noise is in part the same draw. `none` has no stages, so
its stage seed means nothing and it belongs to every repetition with its target seed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from spaces.curriculum import EMPTY_TEXT

UNIT = "repetitions (stage and target seed together)"
CELL = ["curriculum", "repetition", "target", "language"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTable:
    """Scores of curricula that have all been repeated alike."""

    scores: pd.DataFrame
    """One row per repetition, one column per curriculum, values in [0, 1]; nothing is missing."""
    left_out: tuple[str, ...]
    """Curricula that lack a repetition of the others."""
    unit: str = UNIT


def final_cells(
    frame: pd.DataFrame, metrics: Mapping[str, str], *, phase: str, split: str
) -> pd.DataFrame:
    """Final scores by curriculum, repetition, target and language.

    Args:
        frame: observations.
        metrics: main metric by target; other targets and metrics are left out.
        phase: search or confirm; they differ in the size of their targets.
        split: search or report.

    Returns:
        Columns curriculum, repetition (from 0), target, language, value; the mean where a
        repetition holds several trials. Rows without a value are left out.
    """
    wanted = frame[
        (frame["phase"] == phase)
        & (frame["variant"] == "")
        & (frame["part"] == "evaluation")
        & (frame["split"] == split)
        & (frame["metric"] == frame["target"].map(dict(metrics)))
        & (frame["rung"] == frame["num_rungs"] - 1)
        & frame["value"].notna()
    ]
    trained = wanted[wanted["curriculum"] != EMPTY_TEXT]
    pairs = zip(trained["stage_seed"], trained["target_seed"], strict=True)
    of_target = _repetitions({(int(stage), int(target)) for stage, target in pairs})
    for seed in sorted(set(wanted["target_seed"]) - of_target.keys()):  # seeds of `none` alone
        of_target[int(seed)] = len(set(of_target.values()))
    known = wanted.assign(repetition=wanted["target_seed"].map(of_target).astype("int64"))
    return known.groupby(CELL, sort=False)["value"].mean().reset_index()


def gains(cells: pd.DataFrame) -> pd.DataFrame:
    """The same without `none`: each value minus that of `none` in the same repetition and cell."""
    keys = CELL[1:]
    empty = cells[cells["curriculum"] == EMPTY_TEXT].set_index(keys)["value"].rename("empty")
    own = cells[cells["curriculum"] != EMPTY_TEXT].join(empty, on=keys, how="inner")
    found = own.assign(value=own["value"] - own["empty"]).drop(columns="empty")
    return found.reset_index(drop=True)  # joined without rows, the index has the keys' names


def seed_table(
    cells: pd.DataFrame,
    *,
    targets: Collection[str] | None = None,
    languages: Collection[str] | None = None,
) -> SeedTable:
    """One score per curriculum and repetition: the mean over languages, then over targets.

    Args:
        cells: as `final_cells` or `gains` gives them.
        targets: the targets that count; all by default.
        languages: the languages that count; all by default. English and the proxy languages are
            for the caller to leave out.

    Returns:
        The largest complete table: as many repetitions times curricula as can be had without a
        gap, rather more repetitions where it is even.
    """
    chosen = cells
    if targets is not None:
        chosen = chosen[chosen["target"].isin(targets)]
    if languages is not None:
        chosen = chosen[chosen["language"].isin(languages)]
    wanted = len(chosen[["target", "language"]].drop_duplicates())
    of_trial = chosen.groupby(["curriculum", "repetition"], sort=False)
    whole = of_trial["value"].transform("size") == wanted
    means = chosen[whole].groupby(["curriculum", "repetition", "target"], sort=False)["value"]
    scores = means.mean().groupby(["curriculum", "repetition"], sort=False).mean()
    table = scores.unstack("curriculum")
    block = _complete(table)
    return SeedTable(
        scores=block,
        left_out=tuple(c for c in dict.fromkeys(chosen["curriculum"]) if c not in block.columns),
    )


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    """The largest block without a gap whose repetitions are those of one of its curricula."""
    patterns = {frozenset(table.index[table[column].notna()]) for column in table.columns}
    blocks = [
        table.loc[sorted(rows)].dropna(axis="columns")
        for rows in sorted(patterns, key=lambda rows: (-len(rows), sorted(rows)))
        if rows
    ]
    return max(blocks, key=lambda block: block.size, default=table)


def _repetitions(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Repetition by target seed: connected parts of the graph of stage and target seeds."""
    parts: list[tuple[set[int], set[int]]] = []
    for stage, target in sorted(pairs):
        touching = [part for part in parts if stage in part[0] or target in part[1]]
        stages = {stage}.union(*(part[0] for part in touching))
        targets = {target}.union(*(part[1] for part in touching))
        parts = [part for part in parts if part not in touching] + [(stages, targets)]
    ordered = sorted(parts, key=lambda part: min(part[1]))
    return {seed: i for i, (_, targets) in enumerate(ordered) for seed in targets}
