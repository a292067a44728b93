"""How good is a way to search? Read off its repetitions on one table, by both counts of cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, nan
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from analysis.statistics.intervals import Interval, t_interval
from benchmarks.strategies.kept import Line
from search.recorded_table import RecordedTable, whole_space

AFTER = (1, 3, 10, 30, 100, 300, 1000)
"""Full evaluations' worth of examples after which regret is looked at, to a search's trials."""
COSTS = ("examples", "papers")
Array = NDArray[np.float64]
RESAMPLES = 2000
ROUNDED = 1e-5
"""Of what a line says."""
LEAST_RELIABLE = 0.8
"""Of the truth: below, the true best is luck as much as anything, and so is every regret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


@cache
def full_evaluation(table: RecordedTable, cost: str) -> float:
    """What one curriculum costs on its own at full scale, in examples or as in the papers."""
    if cost == "papers":
        from analysis.savings import PAPERS

        return sum(PAPERS.values())
    trials = list(table.whole_trials(table.facts.seen[0]))
    nodes = [{node.name: node.examples for node in cell.nodes} for cell in trials]
    return fmean(sum(own.values()) for own in nodes)


def whole(table: RecordedTable) -> float:
    """Examples of training the whole space once, everything shared."""
    return sum(whole_space(table, table.facts.seen[0]).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthQuality:
    """How well the truth tells curricula apart."""

    spread: float
    """Standard deviation of curricula, the truth's own noise taken out."""
    reliability: float
    """Share of the truths' variance that is not noise."""

    @property
    def judges(self) -> bool:
        """Whether ways to search can be told apart by it."""
        return self.reliability >= LEAST_RELIABLE


def truth_quality(table: RecordedTable) -> TruthQuality:
    """Of all curricula of a table."""
    observed = float(np.var([truth.value for truth in table.truths.values()], ddof=1))
    noise = fmean(truth.error**2 for truth in table.truths.values())
    between = max(0.0, observed - noise)
    return TruthQuality(spread=between**0.5, reliability=between / observed)


def spent_to_within(line: Line, cost: str) -> float:
    """What was spent until the best known came to stay within tolerance; infinite if never."""
    reached = inf
    for moment in line["moments"]:
        if moment[3] > line["tolerance"] + ROUNDED:
            reached = inf
        elif reached == inf:
            reached = moment[COSTS.index(cost)]
    return float(reached)


def regret_after(line: Line, amount: float, cost: str) -> float:
    """Of the best known by then; before anything is known, of no stages at all."""
    regret = line["regret_of_none"]
    for moment in line["moments"]:
        if moment[COSTS.index(cost)] <= amount:
            regret = moment[3]
    return float(regret)


def regret_while(line: Line, amount: float, cost: str) -> float:
    """Mean regret of the best known while so much is spent: the area under the curve.

    Unlike the spending until it stays within, it has a mean, and means of steps add up.
    """
    place, known, area, before = COSTS.index(cost), line["regret_of_none"], 0.0, 0.0
    for moment in line["moments"]:
        now = min(float(moment[place]), amount)
        area += known * (now - before)
        known, before = moment[3], now
    return float(area + known * (amount - before)) / amount


def to_within(lines: Sequence[Line], cost: str) -> Range:
    """Median over searches; one that never came there counts as infinite."""
    return _bootstrapped([spent_to_within(line, cost) for line in lines])


def ratio_of_medians(ours: Sequence[Line], theirs: Sequence[Line], cost: str) -> Range:
    """How many times less we spend to come within tolerance.

    Who never comes there would have to spend more than it did: of such searches of theirs the
    spending counts, so that the ratio is a bound. 0 where they come and we never do, nan where
    nobody does.
    """
    own = np.array([spent_to_within(line, cost) for line in ours])
    other = np.array([spent_to_within(line, cost) for line in theirs])
    spent = np.array([_spent(line, cost) for line in theirs])
    rng = np.random.default_rng(0)
    ratios = [
        _ratio(rng.choice(own, len(own)), *rng.choice(np.stack([other, spent], 1), len(other)).T)
        for _ in range(RESAMPLES)
    ]
    value = _ratio(own, other, spent)
    return Range(value=value, low=_quantile(ratios, 0.025), high=_quantile(ratios, 0.975))


def mean_regret(lines: Sequence[Line], amount: float, cost: str) -> Interval:
    """After so much was spent; the unit is the search."""
    return t_interval([regret_after(line, amount, cost) for line in lines], unit="searches")


def mean_regret_while(lines: Sequence[Line], amount: float, cost: str) -> Interval:
    """While so much is spent; the unit is the search."""
    return t_interval([regret_while(line, amount, cost) for line in lines], unit="searches")


def change_of_regret(
    lines: Sequence[Line], before: Sequence[Line], amount: float, cost: str
) -> Interval:
    """Of `regret_while`, from one way to another; searches that saw the same seeds are paired."""
    known = {line["repetition"]: regret_while(line, amount, cost) for line in before}
    changes = [
        regret_while(line, amount, cost) - known[line["repetition"]]
        for line in lines
        if line["repetition"] in known
    ]
    return t_interval(changes, unit="searches")


def share(lines: Sequence[Line], holds: Callable[[Line], bool]) -> Range:
    """Of searches, with the exact interval of Clopper and Pearson."""
    if not lines:
        return Range(value=nan, low=nan, high=nan)
    found = binomtest(sum(map(holds, lines)), len(lines)).proportion_ci(method="exact")
    return Range(value=fmean(map(holds, lines)), low=found.low, high=found.high)


def confirmed_within(line: Line) -> bool:
    """Whether what the confirmation named is as good as the true best."""
    regret = line["confirmed_regret"]
    return regret is not None and bool(regret <= line["tolerance"] + ROUNDED)


def mean_confirmed_regret(lines: Sequence[Line]) -> Interval | None:
    """Of what the confirmation named; None if nothing was confirmed."""
    regrets = [line["confirmed_regret"] for line in lines if line["confirmed"] is not None]
    return t_interval(regrets, unit="searches") if regrets else None


def _bootstrapped(values: Sequence[float]) -> Range:
    """Of the median, percentiles of resampled searches."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(np.array(values), (RESAMPLES, len(values)))
    medians = np.median(drawn, axis=1)
    return Range(
        value=median(values), low=_quantile(medians, 0.025), high=_quantile(medians, 0.975)
    )


def _quantile(values: Sequence[float], share: float) -> float:
    """Of values of which some may be infinite."""
    kept = np.sort(np.asarray(values, dtype=float))
    kept = kept[~np.isnan(kept)]
    return float(kept[min(len(kept) - 1, int(share * len(kept)))]) if len(kept) else nan


def _ratio(own: Array, other: Array, spent: Array) -> float:
    ours = float(np.median(own))
    if ours == inf:
        return nan if np.median(other) == inf else 0.0
    return float(np.median(np.minimum(other, spent))) / ours


def _spent(line: Line, cost: str) -> float:
    """In all, by the search."""
    return float(line["papers"] if cost == "papers" else sum(line["spent"]))
