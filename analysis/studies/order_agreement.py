"""Do the orders that predictors propose agree with the measured ones, and what is lost by them?

Rank agreement is Kendall's tau-b over pairs of orders of the same set of stages. Orders share
stages and so are no independent draws, and a shuffle of orders would call that agreement. What a
predictor must beat is itself with its knowledge given to the wrong tasks: chance is the tau of the
same rule after relabelling tasks, all relabellings of few tasks. With m tasks no p-value is below
1 / m!, so three tasks can never show anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from math import factorial
from statistics import fmean

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.repetitions import SeedTable
from analysis.statistics.intervals import LEVEL, Interval, t_interval
from analysis.statistics.multiplicity import Family, family
from analysis.studies.order import members_of_sets, with_other_orders
from analysis.studies.predictors import Predictor
from spaces.curriculum import Curriculum, parse_curriculum

Array = NDArray[np.float64]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
DRAWS = 1999
ALL_RELABELLINGS = 5040
"""Up to 7 tasks every relabelling is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One predictor beside the measured orders."""

    predictor: str
    tau: float | None
    """With the means over repetitions, in [-1, 1]; None if either ranks nothing."""
    p_value: float | None
    """One-sided: that relabelled tasks agree as well."""
    smallest_p: float
    """What the p-value cannot go below with so few tasks."""
    advantage: Interval
    """Score of its first choice less the mean over all orders, averaged over sets: what following
    it gains over an order drawn by lot."""
    regret: Interval
    """Score of the best order less that of its first choice, averaged over sets. The best is found
    in all other repetitions and read in the one left out, so that its luck is not counted; where
    noise hides the best this is less than the true regret, never more on average. Without limits,
    since the choices of different repetitions rest on the same scores."""
    num_orders: int
    num_sets: int
    num_tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreements:
    """All predictors over one table."""

    predictors: tuple[Agreement, ...]
    not_applicable: Mapping[str, str]
    """Predictors that could not be compared, and why."""
    ceiling: float | None
    """Mean tau of one repetition with the mean of the others: agreement of a perfect predictor
    with one repetition is about that; None with fewer than two repetitions."""
    tests: Family
    n: int
    """Repetitions."""


def agreements(
    table: SeedTable,
    predictors: Sequence[Predictor],
    *,
    rng: np.random.Generator,
    level: float = LEVEL,
) -> Agreements:
    """Compare predictors with measured orders.

    Args:
        table: scores or gains, repetitions by curricula.
        predictors: rules, as `analysis.studies.predictors.predictors` gives them.
        rng: draws relabellings where there are too many.
        level: of the intervals.
    """
    found: list[Agreement] = []
    problems: dict[str, str] = {}
    for predictor in predictors:
        scores, orders = _comparable(table.scores, predictor)
        if not orders or not len(scores):
            problems[predictor.name] = "no two orders of the same tasks, all of which it knows"
            continue
        found.append(_agreement(scores, orders, predictor, rng, level, table.unit))
    scores, curricula = _plain(table.scores)
    tests = family("predictors of the order", {own.predictor: own.p_value for own in found})
    return Agreements(
        predictors=tuple(found), not_applicable=problems,
        ceiling=_ceiling(scores.to_numpy(), _pairs(members_of_sets(curricula))),
        tests=tests, n=len(table.scores),
    )  # fmt: skip


def tau(first: Array, second: Array, pairs: Pairs) -> float | None:
    """Kendall's tau-b over given pairs; None if one of the two never differs."""
    ups = [np.sign(values[pairs[0]] - values[pairs[1]]) for values in (first, second)]
    scale = np.sqrt(float(np.abs(ups[0]).sum()) * float(np.abs(ups[1]).sum()))
    return float(ups[0] @ ups[1] / scale) if scale else None


def _agreement(
    scores: pd.DataFrame,
    orders: Sequence[tuple[str, ...]],
    predictor: Predictor,
    rng: np.random.Generator,
    level: float,
    unit: str,
) -> Agreement:
    y = scores.to_numpy(dtype=np.float64)
    sets = members_of_sets([parse_curriculum(text) for text in scores.columns])
    pairs = _pairs(sets)
    tasks = sorted({task for order in orders for task in order})
    known: dict[tuple[str, ...], float] = {}

    def proposed(names: Mapping[str, str]) -> Array:
        renamed = [tuple(names[task] for task in order) for order in orders]
        for order in renamed:
            if order not in known:
                known[order] = predictor.score(order)
        return np.round([known[order] for order in renamed], 12)

    own = proposed({task: task for task in tasks})
    observed = tau(y.mean(0), own, pairs)
    chance = [tau(y.mean(0), proposed(names), pairs) for names in _relabellings(tasks, rng)]
    p_value = None
    if observed is not None:
        beaten = [other is not None and other >= observed - 1e-12 for other in chance]
        drawn = factorial(len(tasks)) > ALL_RELABELLINGS
        p_value = (drawn + sum(beaten)) / (drawn + len(beaten))
    choices = [[i for i in members if own[i] == own[members].max()] for members in sets]
    return Agreement(
        predictor=predictor.name, tau=observed, p_value=p_value,
        smallest_p=1 / min(factorial(len(tasks)), DRAWS + 1),
        advantage=t_interval(_advantages(y, sets, choices), level=level, unit=unit),
        regret=_regret(y, sets, choices, unit),
        num_orders=len(orders), num_sets=len(sets), num_tasks=len(tasks),
    )  # fmt: skip


def _advantages(y: Array, sets: Sequence[list[int]], choices: Sequence[list[int]]) -> list[float]:
    """Of every repetition."""
    return [
        fmean(float(own[c].mean() - own[m].mean()) for m, c in zip(sets, choices, strict=True))
        for own in y
    ]


def _regret(
    y: Array, sets: Sequence[list[int]], choices: Sequence[list[int]], unit: str
) -> Interval:
    n = len(y)
    if n < 2:
        note = "not estimable: with one repetition the best order is chosen by its luck"
        return Interval(mean=float("nan"), low=None, high=None, n=n, unit=unit, note=note)
    values = []
    for i in range(n):
        others = np.delete(y, i, axis=0).mean(0)
        best = [members[int(np.argmax(others[members]))] for members in sets]
        lost = [float(y[i, b] - y[i, c].mean()) for b, c in zip(best, choices, strict=True)]
        values.append(fmean(lost))
    note = f"no interval: the best order is found in the other {n - 1} of the same {n} repetitions"
    return Interval(mean=fmean(values), low=None, high=None, n=n, unit=unit, note=note)


def _ceiling(y: Array, pairs: Pairs) -> float | None:
    if len(y) < 2 or not len(pairs[0]):
        return None
    others = [np.delete(y, i, axis=0).mean(0) for i in range(len(y))]
    found = [tau(own, other, pairs) for own, other in zip(y, others, strict=True)]
    known = [value for value in found if value is not None]
    return fmean(known) if known else None


def _relabellings(tasks: Sequence[str], rng: np.random.Generator) -> list[dict[str, str]]:
    """All of them, the true one too; or draws where there are too many."""
    if factorial(len(tasks)) <= ALL_RELABELLINGS:
        return [dict(zip(tasks, names, strict=True)) for names in permutations(tasks)]
    return [
        dict(zip(tasks, (tasks[i] for i in rng.permutation(len(tasks))), strict=True))
        for _ in range(DRAWS)
    ]


def _comparable(
    scores: pd.DataFrame, predictor: Predictor
) -> tuple[pd.DataFrame, list[tuple[str, ...]]]:
    """Curricula of single, distinct tasks that the predictor knows, with another order each."""
    own, curricula = _plain(scores)
    known = [text for text, c in zip(own.columns, curricula, strict=True)
             if predictor.tasks >= set(c.tasks)]  # fmt: skip
    return own[known], [parse_curriculum(text).tasks for text in known]


def _plain(scores: pd.DataFrame) -> tuple[pd.DataFrame, list[Curriculum]]:
    """Curricula without joint stages or repeated tasks, that have another order."""
    curricula = {text: parse_curriculum(text) for text in scores.columns}
    plain = [text for text, c in curricula.items() if len(set(c.tasks)) == len(c.tasks) == len(c)]
    kept, _ = with_other_orders(scores[plain])
    return kept, [curricula[text] for text in kept.columns]


def _pairs(sets: Sequence[list[int]]) -> Pairs:
    found = [pair for members in sets for pair in combinations(members, 2)]
    both = np.array(found, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
