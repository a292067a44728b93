"""How well do the trained curricula of a table predict the others, and how noisy are they?

The answer is written into the table's own facts, the predictions beside them, and from then on the
table is one of its whole space (`search/surrogate_table.py`). Errors are of curricula that were
held out, all seeds of one together; they are errors of means over the recorded seeds, so that some
of them is noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.tables.regression import Fold, held_out, predicted
from benchmarks.tables.surrogate_luck import fit_luck
from search.computed_cells import ComputedCells, Luck, normal
from search.recorded_scores import Array, Output, Recorded, recorded_of, trained_whole
from search.recorded_table import FACTS, RecordedTable, TableError, read_table, write_facts
from search.simulation import planner_on
from search.surrogate_table import (
    Value,
    computed,
    everything,
    scores_of,
    untuned_of,
    value_of,
    write_predicted,
)
from spaces.stopping import pooled_sd

METHOD = "extremely randomized trees on the tasks and sizes of each stage"
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
    table = read_table(folder, surrogate=False)
    planner = planner_on(table, table.config)
    space, recorded = planner.space, recorded_of(table.cells, planner.space)
    trained = _enough(table, recorded)
    folds = {scale: held_out(recorded, space, scale) for scale in recorded.scores}
    facts = _facts(table, recorded, folds)
    texts = everything(planner, recorded)
    rest = [text for text in texts if text not in trained]
    scores = {
        scale: predicted(recorded, space, rest, scale)
        + _drawn(rest, recorded.outputs, facts["misfit"], scale)
        for scale in folds
    }
    write_predicted(folder, rest, recorded.outputs, scores)
    facts = {"recorded": len(texts) - len(rest), "curricula": len(texts)} | facts
    write_facts(folder, replace(table.facts, surrogate=facts))
    return facts


def _enough(table: RecordedTable, recorded: Recorded) -> set[str]:
    """What was trained to the end."""
    if len(trained := trained_whole(recorded)) < LEAST:
        raise TableError(
            f"{len(trained)} curricula of {table.folder} are recorded to the end; wanted at least "
            f"{LEAST} to predict others by; go on recording: {table.facts.by}"
        )
    return trained


def _facts(table: RecordedTable, recorded: Recorded, folds: Mapping[float, Fold]) -> dict[str, Any]:
    """Error on held-out curricula, what curricula differ by beyond that, and how noisy they are."""
    try:
        luck = fit_luck(recorded, untuned_of(table))
    except ValueError as error:
        raise TableError(f"{table.folder / FACTS}: {error}: {table.facts.by}") from error
    value = value_of(table, recorded)
    facts = {
        "method": METHOD,
        "error": {scale: _error(fold, value) for scale, fold in folds.items()},
        "luck": _rounded(asdict(luck.luck)),
        "units": {target: _rounded(own) for target, own in luck.units.items()},
        "misfit": {
            target: _rounded(
                {
                    scale: _misfit(fold, recorded, target, noise=own[scale], luck=luck.luck)
                    for scale, fold in folds.items()
                }
            )
            for target, own in luck.units.items()
        },
    }
    return facts | {"noise": _noise(table, recorded, value, facts)}


def _drawn(
    texts: Sequence[str],
    outputs: Sequence[Output],
    misfit: Mapping[str, Mapping[float, float]],
    scale: float,
) -> Array:
    """What curricula differ by beyond prediction, (texts, outputs); the same draw at every scale.

    So the predicted are neither more alike nor easier to predict than the trained.
    """
    return np.array(
        [[misfit[t][scale] * normal(["misfit", text, t]) for t, _ in outputs] for text in texts]
    )


def _error(fold: Fold, value: Value) -> dict[str, float]:
    """Of the objective's value."""
    says, found = ([value(row.tolist()) for row in rows] for rows in (fold.predicted, fold.found))
    squares = [(a - b) ** 2 for a, b in zip(says, found, strict=True)]
    spread = float(np.std(found))
    rank = float(spearmanr(says, found).statistic)
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
    scores = scores_of(few, recorded)
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
