"""Do 95 % intervals hold in 95 % of worlds whose truth is planted, and do tests of nothing find
something in 5 %?

    python -m benchmarks.coverage [--simulations 500] [--write]

Every estimator of the studies, at 3, 5 and 10 repetitions; under the name of each check also what a
method that ignores the shared noise would do, to show that the worlds tell right from wrong. Prints
a table; `--write` puts it into docs/measured/coverage.md.
"""

from __future__ import annotations

import argparse
import datetime
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, stats

from analysis.planted import Contrast, Noise, SizeLaw, World, all_orders, nodes_of, plant, size_gain
from analysis.repetitions import SeedTable
from analysis.statistics.correlations import language_correlation, pair_correlation
from analysis.statistics.intervals import Interval
from analysis.statistics.mixed_model import mixed_slope
from analysis.statistics.unit_intervals import (
    crossed_interval,
    difference_in_differences,
    unit_interval,
)
from analysis.studies.order import order_variance, with_other_orders
from analysis.studies.order_agreement import agreements
from analysis.studies.order_effects import OrderEffects, order_effects
from analysis.studies.predictors import predictors
from analysis.studies.size import SizeCurve, size_curve
from spaces.curriculum import parse_curriculum

RESULT = Path("docs/measured/coverage.md")
SEED = 2
"""Of the worlds; the methods were made on those of seed 1."""
REPETITIONS = (3, 5, 10)
LOW, HIGH = 0.92, 0.98
"""Where the coverage of a 95 % interval should lie."""
COVERAGE, FALSE, AT_MOST, WRONG = "covers", "false positives", "false positives, at most", "wrong"
TASKS = ("a", "b", "c", "d")
ORDERS = tuple(text for text in all_orders(TASKS) if text != "none")
THREE_STAGES = tuple(text for text in ORDERS if text.count(">") == 2)
SIZES = (100, 300, 1000, 3000, 9000)
LAW = SizeLaw(kind="power", offset=-0.03, scale=0.03, shape=0.4)
LANGUAGES = tuple(f"l{i}" for i in range(12))
NODES = Noise(node=0.025, node_language=0.01, run=0.005, items=1000)
"""Noise mostly of stage nodes: the hard case, since it is shared."""

Outcome = dict[str, bool | None]
"""By line of the table: whether it held (or was rejected); None where it was not estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    check: str
    kind: str
    n: int
    rate: float
    simulations: int
    """In which it was estimated."""

    @property
    def kept(self) -> bool | None:
        """Whether the rate is as wanted, up to twice the error of so many simulations."""
        if self.kind == WRONG:
            return None
        if self.kind == COVERAGE:
            return LOW <= round(self.rate, 3) <= HIGH
        slack = 2 * np.sqrt(0.05 * 0.95 / self.simulations)
        return bool(
            self.rate <= 0.05 + slack and (self.kind == AT_MOST or self.rate >= 0.05 - slack)
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--simulations", type=int, default=500)
    parser.add_argument("--write", action="store_true", help=f"write {RESULT}")
    given = parser.parse_args()
    started = time.process_time()
    lines: list[Line] = []
    for name in CHECKS:
        for n in REPETITIONS:
            lines += run(name, n, given.simulations)
        print(f"{name}: {time.process_time() - started:.0f} s of CPU so far", flush=True)
    text = report(lines, given.simulations, time.process_time() - started)
    print(text)
    if given.write:
        RESULT.write_text(text, encoding="utf-8")


def run(name: str, n: int, simulations: int, *, seed: int = SEED) -> list[Line]:
    """Rates of all lines of one check."""
    rng = np.random.default_rng([seed, n, *name.encode()])
    found: dict[str, list[bool]] = {}
    for _ in range(simulations):
        for line, held in CHECKS[name](n, rng).items():
            found.setdefault(line, [])
            if held is not None:
                found[line].append(bool(held))
    return [
        Line(
            check=line.rsplit("|", 1)[0], kind=line.rsplit("|", 1)[1], n=n,
            rate=float(np.mean(held)) if held else float("nan"), simulations=len(held),
        )
        for line, held in found.items()
    ]  # fmt: skip


def order_planted(n: int, rng: np.random.Generator) -> Outcome:
    """Sets, places and precedences planted; features that know nothing of them."""
    world = World(
        curricula=ORDERS, languages=("l1", "l2", "l3"), noise=NODES, seeds=n,
        task={"a": 0.02, "b": -0.01}, precedence={("b", "c"): 0.02, ("a", "d"): -0.015},
    )  # fmt: skip
    planted = plant(world, rng)
    table = _table(planted.scores.mean((2, 3)), ORDERS)
    truth = dict(zip(ORDERS, planted.truth.mean((1, 2)), strict=True))
    variance, effects = order_variance(table, rng=rng), order_effects(table)
    assert not isinstance(variance, str)
    parts = (variance.set_of_tasks, variance.order, variance.seeds)
    names = ("set", "order", "seeds")
    found: Outcome = {
        f"order: share of {name}|{COVERAGE}": _holds(part.share, true)
        for name, part, true in zip(names, parts, _true_shares(world, planted.truth), strict=True)
    }
    planted_pairs = effects.precedences.set_index(["first", "second"])
    found[f"order: precedence|{COVERAGE}"] = _row_holds(
        planted_pairs.loc[[("b", "c")]].iloc[0], 0.02
    )
    true_table, true_effects = _without_noise(tuple(truth.values()))
    for name in ("slopes", "places"):
        own, true = getattr(effects, name).iloc[0], getattr(true_effects, name).iloc[0]
        label = {"slopes": "one place later", "places": "task at a place"}[name]
        found[f"order: {label}|{COVERAGE}"] = _row_holds(own, float(true["effect"]))
    features = pd.DataFrame({"num_examples": rng.normal(size=len(TASKS))}, index=list(TASKS))
    rules = predictors(features)
    compared = agreements(table, rules, rng=rng).predictors[0]
    advantage = agreements(true_table, rules, rng=rng).predictors[0].advantage.mean
    found[f"order: advantage of a predictor|{COVERAGE}"] = _holds(compared.advantage, advantage)
    found[f"order: tau, relabelled tasks|{AT_MOST}"] = _rejects(compared.p_value)
    return found


def order_null(n: int, rng: np.random.Generator) -> Outcome:
    """Nothing planted: all differences are noise, most of it shared by prefixes."""
    world = World(curricula=ORDERS, languages=("l1", "l2", "l3"), noise=NODES, seeds=n)
    table = _table(plant(world, rng).scores.mean((2, 3)), ORDERS)
    variance, effects = order_variance(table, rng=rng), order_effects(table)
    assert not isinstance(variance, str)
    family = effects.precedences["p_adjusted"].min()
    return {
        f"order: sets differ|{FALSE}": _rejects(variance.set_of_tasks.p_value),
        f"order: orders differ|{FALSE}": _rejects(variance.order.p_value),
        f"order: one precedence|{FALSE}": _rejects(effects.precedences["p_value"].iloc[0]),
        f"order: one place later|{FALSE}": _rejects(effects.slopes["p_value"].iloc[0]),
        f"order: any precedence of 6 (Holm)|{AT_MOST}": _rejects(family),
    }


def order_wrong(n: int, rng: np.random.Generator) -> Outcome:
    """The same worlds without effects, by methods that take curricula as independent."""
    world = World(curricula=ORDERS, languages=("l1", "l2", "l3"), noise=NODES, seeds=n)
    table = _table(plant(world, rng).scores.mean((2, 3)), ORDERS)
    independent = independent_anova(with_other_orders(table.scores)[0])
    numbers = rng.normal(size=len(TASKS))
    rule = predictors(pd.DataFrame({"num_examples": numbers}, index=list(TASKS)))[0]
    guesses = [rule.score(parse_curriculum(text).tasks) for text in THREE_STAGES]
    tau = stats.kendalltau(table.scores[list(THREE_STAGES)].mean(), guesses)
    return {
        f"order: orders differ, curricula as independent|{WRONG}": _rejects(independent),
        f"order: tau, orders shuffled|{WRONG}": _rejects(tau.pvalue),
    }


def size_planted(n: int, rng: np.random.Generator) -> Outcome:
    curve = _size_curve(LAW, n, rng)
    truth = size_gain(LAW, np.array(SIZES, dtype=float))
    x = np.log10(SIZES) - np.mean(np.log10(SIZES))
    found: Outcome = {
        f"size: gain per tenfold examples|{COVERAGE}": _holds(curve.slope, truth @ x / (x @ x))
    }
    limits = curve.band.set_index("examples")
    for i, size in enumerate(SIZES):
        if curve.curve is not None and i in (0, 2, 4):
            name = f"size: band at {size} examples|{COVERAGE}"
            found[name] = _row_holds(limits.loc[float(size)], truth[i])
    zero = optimize.brentq(lambda s: size_gain(LAW, np.array([s]))[0], SIZES[0], SIZES[-1])
    if len(curve.sign_changes) == 1:
        change = curve.sign_changes[0]
        held = (change.low or 0) <= zero <= (change.high or np.inf)
        found[f"size: where the sign changes|{COVERAGE}"] = held
    return found


def size_null(n: int, rng: np.random.Generator) -> Outcome:
    curve = _size_curve(SizeLaw(offset=0.02), n, rng)
    return {
        f"size: a trend where there is none|{FALSE}": curve.verdict != "no trend",
        f"size: mean gain without trend|{COVERAGE}": _holds(curve.mean_gain, 0.02),
    }


def contrasts(n: int, rng: np.random.Generator) -> Outcome:
    """A morphological stage m helps the first five languages; o is another stage."""
    found: Outcome = {}
    inside = [i < 5 for i in range(len(LANGUAGES))]
    for effect in (0.02, 0.0):
        world = World(
            curricula=("none", "m:1000", "o:1000"), languages=LANGUAGES, noise=NODES, seeds=n,
            task={"m": 0.01}, language_sd=0.015, task_language_sd=0.01,
            contrast=Contrast(tasks=frozenset("m"), languages=frozenset(LANGUAGES[:5]),
                              effect=effect),
        )  # fmt: skip
        planted = plant(world, rng)
        scores, truth = planted.scores[:, :, 0], planted.truth[:, 0]
        did = difference_in_differences(scores[:, 1] - scores[:, 2], inside)
        apart = truth[1] - truth[2]
        here = float(apart[inside].mean() - apart[np.logical_not(inside)].mean())
        if effect:
            found[f"difference in differences, over seeds|{COVERAGE}"] = _holds(
                did.over_seeds, here
            )
            for name in ("languages", "both"):
                own = getattr(did, f"over_{name}")
                found[f"difference in differences, over {name}|{COVERAGE}"] = _holds(own, effect)
            continue
        found[f"difference in differences, over both|{AT_MOST}"] = did.over_both.excludes_zero
        gain = crossed_interval(scores[:, 1] - scores[:, 0])
        found[f"mean gain, over seeds x languages|{COVERAGE}"] = _holds(gain, 0.01)
        gains = enumerate(scores[:, 1] - scores[:, 0])
        seeds: dict[Hashable, Sequence[float]] = {i: list(row) for i, row in gains}
        own = float((truth[1] - truth[0]).mean())
        nested = unit_interval(seeds, rng=rng)
        found[f"mean gain, over seeds|{COVERAGE}"] = _holds(nested, own)
        found[f"mean gain, percentile bootstrap|{WRONG}"] = percentile_holds(seeds, own, rng)
    return found


def correlations(n: int, rng: np.random.Generator) -> Outcome:
    """Gains rise with a number per language, then with a number per task and language."""
    found: Outcome = {}
    single = tuple(f"{task}:1000" for task in TASKS)
    for slope in (0.01, 0.0):
        covariate = rng.normal(size=len(LANGUAGES))
        affinity = rng.normal(size=(len(TASKS), len(LANGUAGES)))
        world = World(
            curricula=("none", *single), languages=LANGUAGES, noise=NODES, seeds=n,
            covariate=dict(zip(LANGUAGES, covariate, strict=True)), slope=slope,
            affinity={
                (task, name): slope * affinity[i, j]
                for i, task in enumerate(TASKS) for j, name in enumerate(LANGUAGES)
            },
            language_sd=0.015, task_language_sd=0.01,
        )  # fmt: skip
        scores = plant(world, rng).scores[:, :, 0].mean(0)
        gains = scores[1:] - scores[0]
        pairs = pair_correlation(gains, affinity, languages=LANGUAGES, rng=rng)
        alone = language_correlation(gains.mean(0) - slope * affinity.mean(0), covariate,
                                     languages=LANGUAGES, rng=rng)  # fmt: skip
        table = pd.DataFrame(gains - slope * affinity, index=list(TASKS), columns=list(LANGUAGES))
        mixed = mixed_slope(table, pd.Series(covariate, list(LANGUAGES)))
        if slope:
            found[f"slope of the mixed model|{COVERAGE}"] = _holds(mixed.slope, slope)
            found[f"slope over languages|{COVERAGE}"] = _holds(alone.slope, slope)
            found[f"slope over (task, language) pairs|{COVERAGE}"] = _holds(pairs.slope, slope)
            rho = slope / np.sqrt(slope**2 + _gain_variance(world))
            true = 6 / np.pi * np.arcsin(rho / 2)
            found[f"Spearman over languages|{COVERAGE}"] = _holds(alone.spearman, true)
            continue
        found[f"slope of the mixed model|{FALSE}"] = _rejects(mixed.p_value)
        found[f"Spearman over languages|{FALSE}"] = _rejects(alone.p_value)
        found[f"Spearman over pairs, means removed|{FALSE}"] = _rejects(pairs.p_value)
        everywhere = np.tile(covariate, len(TASKS))
        naive = stats.spearmanr(gains.ravel(), everywhere).pvalue
        found[f"Spearman over pairs as independent|{WRONG}"] = _rejects(naive)
    return found


CHECKS: dict[str, Callable[[int, np.random.Generator], Outcome]] = {
    "order, planted": order_planted,
    "order, null": order_null,
    "order, wrong": order_wrong,
    "size, planted": size_planted,
    "size, null": size_null,
    "contrasts": contrasts,
    "correlations": correlations,
}


def independent_anova(scores: pd.DataFrame) -> float:
    """The p-value of order in an analysis of variance that takes curricula as independent."""
    y = scores.to_numpy()
    n, count = y.shape
    sets = pd.Series([" ".join(sorted(text.split(" > "))) for text in scores.columns])
    mean = pd.Series(y.mean(0))
    within = n * float(((mean - mean.groupby(sets).transform("mean")) ** 2).sum())
    rest = y - y.mean(0) - y.mean(1, keepdims=True) + y.mean()
    degrees = (count - sets.nunique(), (n - 1) * (count - 1))
    ratio = (within / degrees[0]) / (float((rest**2).sum()) / degrees[1])
    return float(stats.f.sf(ratio, *degrees))


def percentile_holds(
    seeds: Mapping[Hashable, Sequence[float]], true: float, rng: np.random.Generator
) -> bool:
    means = np.array([np.mean(own) for own in seeds.values()])
    drawn = means[rng.integers(len(means), size=(999, len(means)))].mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return bool(low <= true <= high)


def report(lines: list[Line], simulations: int, seconds: float) -> str:
    """The table as markdown: one row per check, one column per number of repetitions."""
    names = list(dict.fromkeys((line.kind, line.check) for line in lines))
    rates = {(line.kind, line.check, line.n): line for line in lines}
    kinds = (COVERAGE, FALSE, AT_MOST, WRONG)
    rows = [
        f"| {check} | {kind} | {_wanted(kind)} | "
        + " | ".join(_cell(rates.get((kind, check, n)), simulations) for n in REPETITIONS)
        + " |"
        for kind, check in sorted(names, key=lambda name: kinds.index(name[0]))
    ]
    judged = [line.kept for line in lines if line.kept is not None]
    return "\n".join(
        [
            "# Coverage of intervals and rates of false positives",
            "",
            f"{datetime.datetime.now(datetime.UTC):%d %B %Y}, `python -m benchmarks.coverage`, "
            f"{simulations} simulations each, {seconds:.0f} s of one core; {sum(judged)} of "
            f"{len(judged)} rates are as wanted. Seed {SEED}; the methods were made on worlds of "
            "seed 1.",
            "",
            "Worlds of `analysis/planted.py`: scores with planted effects, noise per stage node "
            "shared by every curriculum with that prefix, per target run, per target seed, and of "
            "items; tasks and languages crossed. Percent of simulations in which the 95 % "
            "interval held the truth, or in which a test at 5 % found what is not there; with "
            f"{simulations} simulations a rate of 95 % or 5 % has a standard error of "
            f"{100 * np.sqrt(0.0475 / simulations):.1f} points. (m) says in how many it was "
            "estimated, where not in all; **bold** is outside what is wanted. The last rows are "
            "methods that the software does not use.",
            "",
            f"| | | wanted | {' | '.join(f'n = {n}' for n in REPETITIONS)} |",
            "|---|---|---|" + "---:|" * len(REPETITIONS),
            *rows,
            "",
        ]
    )


def _wanted(kind: str) -> str:
    return {COVERAGE: "92–98", FALSE: "5 ± 2", AT_MOST: "≤ 5 + 2", WRONG: ""}[kind]


def _cell(line: Line | None, simulations: int) -> str:
    if line is None or not line.simulations:
        return "–"
    text = f"{100 * line.rate:.1f}"
    if line.kept is False:
        text = f"**{text}**"
    return text if line.simulations == simulations else f"{text} ({line.simulations})"


def _table(y: np.ndarray, curricula: tuple[str, ...]) -> SeedTable:
    return SeedTable(scores=pd.DataFrame(y, columns=list(curricula)), left_out=())


@cache
def _without_noise(scores: tuple[float, ...]) -> tuple[SeedTable, OrderEffects]:
    """Two equal repetitions of the true scores of ORDERS, and their effects."""
    table = _table(np.array([scores] * 2), ORDERS)
    return table, order_effects(table)


def _size_curve(law: SizeLaw, n: int, rng: np.random.Generator) -> SizeCurve:
    noise = Noise(node=0.008, run=0.005, items=2000)
    curricula = ("none", *(f"a:{size}" for size in SIZES))
    world = World(
        curricula=curricula, languages=("l1", "l2"), noise=noise, seeds=n, size={"a": law}
    )
    y = plant(world, rng).scores.mean((2, 3))
    gains = pd.DataFrame(y[:, 1:] - y[:, :1], columns=list(SIZES))
    return size_curve(gains, task="a", target="planted")


def _true_shares(world: World, truth: np.ndarray) -> Iterator[float]:
    """Shares of set, order and seeds of the curricula that have another order."""
    kept, _ = with_other_orders(_table(truth.mean((1, 2))[None], world.curricula).scores)
    mean = kept.iloc[0]
    sets = [" ".join(sorted(text.split(" > "))) for text in kept.columns]
    of_set = mean.groupby(sets).transform("mean")
    nodes = nodes_of([parse_curriculum(text) for text in kept.columns])
    noise, num_languages = world.noise, len(world.languages)
    p = truth[[world.curricula.index(text) for text in kept.columns]]
    item = (p * (1 - p)).mean((1, 2)) / noise.items * (1 - noise.shared_items) / num_languages
    per_node = noise.node**2 + noise.node_language**2 / num_languages
    covariance = per_node * nodes @ nodes.T + np.diag(noise.run**2 + item)
    seeds = (np.trace(covariance) - covariance.mean() * len(covariance)) / len(covariance)
    parts = [float(of_set.var(ddof=0)), float((mean - of_set).var(ddof=0)), float(seeds)]
    return (part / sum(parts) for part in parts)


def _gain_variance(world: World) -> float:
    """Between languages, of the mean gain over single tasks, without the covariate."""
    noise, tasks = world.noise, len(world.curricula) - 1
    item = 0.25 / noise.items * (1 - noise.shared_items) * (1 + 1 / tasks)
    drawn = (noise.node_language**2 / tasks + item) / world.seeds
    return world.language_sd**2 + world.task_language_sd**2 / tasks + drawn


def _holds(interval: Interval, true: float) -> bool | None:
    if interval.low is None or interval.high is None:
        return None
    return bool(interval.low <= true <= interval.high)


def _row_holds(row: pd.Series | pd.DataFrame, true: float) -> bool:
    assert isinstance(row, pd.Series), "one row"
    return bool(row["low"] <= true <= row["high"])


def _rejects(p_value: float | None) -> bool | None:
    return None if p_value is None or np.isnan(p_value) else bool(p_value <= 0.05)


if __name__ == "__main__":
    main()
