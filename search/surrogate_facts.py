"""How well do the trained curricula of a table predict the others, and how noisy are they?

The answer is written into the table's own facts, and from then on the table is one of its whole
space (`search/surrogate_table.py`). Errors are of curricula that were held out, all seeds of one
together; they are errors of means over the recorded seeds, so that some of them is noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from search.computed_cells import ComputedCells, Luck
from search.gp.features import Features
from search.recorded_table import FACTS, RecordedTable, TableError, read_table, write_facts
from search.surrogate import Fold, Recorded, chosen_penalty, rank_correlation, recorded_of
from search.surrogate_luck import fit_luck
from search.surrogate_table import (
    Value,
    computed,
    everything,
    planner_of,
    scores_of,
    trained_whole,
    untuned_of,
    value_of,
)
from spaces.stopping import pooled_sd

METHOD = "kernel ridge regression on features of tasks, order and sizes"
LEAST = 20
"""Recorded curricula below which nothing is fitted."""
MOST_COMPUTED, COMPUTED_SEEDS = 40, 30
"""Curricula of several seeds, and seeds of each, whose computed noise is compared with what was
recorded: so many, since two or three draws of what moves all alike would decide it."""
DIGITS = 6


def add_surrogate(folder: Path) -> dict[str, Any]:
    """Make a table that is recorded in part one of its whole space; gives what it then says.

    Raises:
        TableError: if there is no table, or too little is recorded.
    """
    recorded = read_table(folder, surrogate=False)
    facts = fitted_facts(recorded)
    write_facts(folder, replace(recorded.facts, surrogate=facts))
    return facts


def fitted_facts(table: RecordedTable) -> dict[str, Any]:
    """Parameters of a surrogate, its error on held-out curricula, and how noisy it is.

    Args:
        table: as recorded, without a surrogate.

    Raises:
        TableError: if too little is recorded.
    """
    planner = planner_of(table)
    recorded = recorded_of(table.cells, planner.space)
    features = Features(planner.space)
    if len(trained := trained_whole(recorded)) < LEAST:
        raise TableError(
            f"{len(trained)} curricula of {table.folder} are recorded to the end; wanted at least "
            f"{LEAST} to predict others by; go on recording: {table.facts.by}"
        )
    try:
        luck = fit_luck(recorded, untuned_of(table))
    except ValueError as error:
        raise TableError(f"{table.folder / FACTS}: {error}: {table.facts.by}") from error
    chosen = {scale: chosen_penalty(recorded, features, scale) for scale in recorded.scores}
    value, texts = value_of(table, recorded), everything(planner, recorded)
    facts = {
        "recorded": len(trained & set(texts)),
        "curricula": len(texts),
        "method": METHOD,
        "error": {scale: _error(fold, value) for scale, (_, fold) in chosen.items()},
        "penalties": {scale: penalty for scale, (penalty, _) in chosen.items()},
        "luck": _rounded(asdict(luck.luck)),
        "units": {target: _rounded(own) for target, own in luck.units.items()},
        "misfit": {
            target: _rounded(
                {
                    scale: _misfit(fold, recorded, target, noise=own[scale], luck=luck.luck)
                    for scale, (_, fold) in chosen.items()
                }
            )
            for target, own in luck.units.items()
        },
    }
    return facts | {"noise": _noise(table, recorded, features, value, facts)}


def _error(fold: Fold, value: Value) -> dict[str, float]:
    """Of the objective's value."""
    says, found = ([value(row.tolist()) for row in rows] for rows in (fold.predicted, fold.found))
    squares = [(a - b) ** 2 for a, b in zip(says, found, strict=True)]
    spread = float(np.std(found))
    rank = rank_correlation(says, found)
    return _rounded({"rmse": fmean(squares) ** 0.5, "spread": spread, "spearman": rank})


def _misfit(fold: Fold, recorded: Recorded, target: str, *, noise: float, luck: Luck) -> float:
    """Standard deviation of what curricula differ by beyond prediction and luck.

    Args:
        fold: held-out predictions.
        recorded: says which outputs are the target's.
        target: the mean over its languages.
        noise: standard deviation over seeds.
        luck: what moves all curricula alike is no error of theirs.
    """
    own = [name == target for name, _ in recorded.outputs]
    missed = fold.predicted[:, own].mean(axis=1) - fold.found[:, own].mean(axis=1)
    of_mean = noise**2 * max(0.0, 1 - luck.seed**2) * float((1 / fold.seeds).mean())
    return float(max(0.0, (missed**2).mean() - of_mean) ** 0.5)


def _noise(
    table: RecordedTable,
    recorded: Recorded,
    features: Features,
    value: Value,
    facts: Mapping[str, Any],
) -> dict[str, float]:
    """Standard deviation of a curriculum's value over seeds: as recorded, as computed."""
    whole = recorded.scores[1.0]
    there = np.asarray(np.isfinite(whole).all(axis=2))
    several = np.flatnonzero(there.sum(axis=0) > 1)
    texts = [recorded.texts[i] for i in several]
    found = [[value(row.tolist()) for row in whole[there[:, i], i]] for i in several]
    few = texts[:: max(1, len(texts) // MOST_COMPUTED)]
    scores = scores_of(few, recorded, features, facts)
    cells = computed(table, recorded, few, scores, facts, seeds=range(COMPUTED_SEEDS))
    drawn = [
        [_value_at(cells, text, s, value, recorded) for s in range(COMPUTED_SEEDS)] for text in few
    ]
    return _rounded({"recorded": pooled_sd(found) or 0.0, "computed": pooled_sd(drawn) or 0.0})


def _value_at(
    cells: ComputedCells, text: str, seed: int, value: Value, recorded: Recorded
) -> float:
    rows = cells[text, 1.0, seed, seed].rows
    scored = {(r["target"], r["language"]): r["value"] for r in rows if r["part"] == "evaluation"}
    return value([scored[output] for output in recorded.outputs])


def _rounded(values: Mapping[Any, float]) -> dict[Any, float]:
    return {name: round(float(value), DIGITS) for name, value in values.items()}
