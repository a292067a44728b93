"""What does it do to a curriculum where a task stands, and which task comes before which?

Every effect is one weighted sum of curricula, so each repetition gives one value of it that holds
all shared-prefix noise of that repetition; Student's t over repetitions needs no model of it.
Only curricula of the same set of stages are compared: what a task is worth does not enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.repetitions import SeedTable
from analysis.statistics.intervals import LEVEL, MIN_SEEDS, t_interval
from analysis.statistics.multiplicity import Family, family, p_of_zero
from analysis.studies.order import members_of_sets, with_other_orders
from spaces.curriculum import Curriculum, parse_curriculum

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEffects:
    """Effects of places and precedences, in score.

    Intervals hold one at a time; p-values are adjusted over their family (Holm).
    """

    slopes: pd.DataFrame
    """task, effect (of standing one place later), low, high, n, p_value, p_adjusted,
    num_curricula."""
    places: pd.DataFrame
    """task, length (stages of the curriculum), place (from 1), then as above; effect is against
    the mean over all orders of the same set."""
    precedences: pd.DataFrame
    """first, second, then as above; effect of first before second, the order of all other pairs
    held equal by least squares."""
    unmeasured: tuple[str, ...]
    """Precedences that the measured orders cannot tell from others."""
    families: tuple[Family, ...]
    note: str
    """Over what the intervals are, or why there are none."""


def order_effects(table: SeedTable, *, level: float = LEVEL) -> OrderEffects:
    """Effects of order within sets of stages.

    Args:
        table: scores or gains, repetitions by curricula.
        level: of each interval.
    """
    scores, _ = with_other_orders(table.scores)
    curricula = [parse_curriculum(text) for text in scores.columns]
    y = scores.to_numpy(dtype=np.float64)
    tasks = sorted({task for curriculum in curricula for task in curriculum.tasks})
    of_places, (of_precedences, unmeasured) = (
        place_weights(curricula, tasks), precedence_weights(curricula, tasks)
    )  # fmt: skip
    found = [
        _table(("task",), slope_weights(curricula, tasks), y, "place of each task", level),
        _table(("task", "length", "place"), of_places, y, "each task at each place", level),
        _table(("first", "second"), of_precedences, y, "each task before each other", level),
    ]
    return OrderEffects(
        slopes=found[0][0], places=found[1][0], precedences=found[2][0],
        unmeasured=unmeasured, families=tuple(own for _, own in found),
        note=_note(len(y), table.unit, level),
    )  # fmt: skip


Weights = Mapping[tuple[object, ...], Array]
"""By effect: the weight of each curriculum, (curricula,)."""


def slope_weights(curricula: Sequence[Curriculum], tasks: Sequence[str]) -> Weights:
    """Least squares of the score on a task's place, within sets."""
    found: dict[tuple[object, ...], Array] = {}
    sets = members_of_sets(curricula)
    for task in tasks:
        place = _within(sets, np.array([_place(own, task) for own in curricula]))
        if place @ place > 0:
            found[task,] = place / (place @ place)
    return found


def place_weights(curricula: Sequence[Curriculum], tasks: Sequence[str]) -> Weights:
    """Orders with a task at a place against all orders of the same sets that reach that place."""
    lengths = sorted({len(curriculum) for curriculum in curricula})
    found: dict[tuple[object, ...], Array] = {}
    sets = members_of_sets(curricula)
    for task in tasks:
        for length in lengths:
            for place in range(length):
                here = np.array(
                    [len(own) == length and task in own.stages[place].tasks for own in curricula]
                )
                weights = _against_set(sets, here)
                if np.abs(weights).max() > 0:
                    found[task, length, place + 1] = weights
    return found


def precedence_weights(
    curricula: Sequence[Curriculum], tasks: Sequence[str]
) -> tuple[Weights, tuple[str, ...]]:
    """Least squares on all precedences at once, within sets; and those it cannot tell apart."""
    pairs, sets = list(combinations(tasks, 2)), members_of_sets(curricula)
    places = {task: np.array([_place(own, task) for own in curricula]) for task in tasks}
    columns = []
    for first, second in pairs:
        signs = np.sign(places[second] - places[first]) / 2
        columns.append(_within(sets, np.nan_to_num(signs)))
    design = np.array(columns).reshape(len(pairs), len(curricula)).T
    inverse = np.linalg.pinv(design, rcond=1e-9)
    known = np.abs(inverse @ design - np.eye(len(pairs))).max(axis=1, initial=0.0) < 1e-6
    found: dict[tuple[object, ...], Array] = {
        pair: weights for pair, weights, ok in zip(pairs, inverse, known, strict=True) if ok
    }
    missing = [pair for pair, ok in zip(pairs, known, strict=True) if not ok]
    return found, tuple(f"{first} before {second}" for first, second in missing)


def _table(
    names: Sequence[str], weights: Weights, y: Array, question: str, level: float
) -> tuple[pd.DataFrame, Family]:
    """Effects with their intervals and adjusted p-values."""
    samples = {key: [float(v) for v in y @ own] for key, own in weights.items()} if len(y) else {}
    p_values = {_text(key): p_of_zero(values) for key, values in samples.items()}
    tests = family(question, p_values)
    rows = []
    for key, values in samples.items():
        interval = t_interval(values, level=level)
        rows.append(
            (*key, interval.mean, interval.low, interval.high, interval.n, p_values[_text(key)],
             tests.adjusted.get(_text(key)), int((np.abs(weights[key]) > 1e-12).sum()))
        )  # fmt: skip
    floats = ["effect", "low", "high", "p_value", "p_adjusted"]
    columns = [*names, "effect", "low", "high", "n", "p_value", "p_adjusted", "num_curricula"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(floats, "float64"))
    return frame, tests


def _note(n: int, unit: str, level: float) -> str:
    if n < MIN_SEEDS:
        return f"no interval: {n} {unit}, at least {MIN_SEEDS} are needed"
    return f"{level:.0%} t interval over {n} {unit}, each on its own"


def _text(key: tuple[object, ...]) -> str:
    return " ".join(map(str, key))


def _within(sets: Sequence[list[int]], values: Array) -> Array:
    """Values less the mean of their set; 0 for sets that hold a value that is missing."""
    found = np.zeros(len(values))
    for members in sets:
        own = values[members]
        if np.isfinite(own).all():
            found[members] = own - own.mean()
    return found


def _against_set(sets: Sequence[list[int]], here: NDArray[np.bool_]) -> Array:
    """Weights of the mean over sets of (mean of those here - mean of the set)."""
    found, used = np.zeros(len(here)), 0
    for members in sets:
        inside = here[members]
        if not 0 < inside.sum() < len(members):
            continue
        found[members] += inside / inside.sum() - 1 / len(members)
        used += 1
    return found / max(used, 1)


def _place(curriculum: Curriculum, task: str) -> float:
    """Mean place of a task, from 1; NaN if it is not there."""
    places = [i for i, stage in enumerate(curriculum.stages, start=1) if task in stage.tasks]
    return fmean(places) if places else float("nan")
