"""Which strategy finds a good curriculum for least? Each replayed many times on a recorded table.

A repetition has its own sampler seed, and in turn some of the table's seeds. Its result is judged
by the truth: seeds that it never saw (`search/turns.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from analysis.statistics.intervals import Interval, t_interval
from analysis.tables import MISSING
from search.recorded_table import (
    RecordedTable,
    papers_factors,
    read_table,
    whole_space,
)
from search.simulated import Cost, Simulated, distinct, spent_to_within
from search.simulation import simulate
from search.strategies import STRATEGIES, Strategy, in_turn, strategy_named, with_strategy
from search.study_fields import StudyConfig
from search.table_parts import Column, count, difference, fraction, heading, remark, share, table
from search.turns import in_words, tables_in_turn, turns

SHARES = (0.05, 0.1, 0.2, 0.4)
"""Budgets at which strategies are compared, in what training the whole space once takes."""
COSTS: dict[Cost, str] = {
    "examples": "examples as measured",
    "papers": "examples in the papers' proportions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """One strategy, all its repetitions but those that went as another."""

    strategy: str
    tables: tuple[RecordedTable, ...]
    """As each search sees it, with the truth of its turn."""
    runs: tuple[Simulated, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Strategies on one table."""

    table: RecordedTable
    workers: int
    trials: int
    failures: float
    whole: Mapping[Cost, float]
    """What training the whole space once takes, each node once, without lower rungs: in examples,
    and in the papers' proportions."""
    turns: Sequence[tuple[int, ...]]
    """Sets of the table's seeds that searches saw, in turn."""
    repetitions: int
    strategies: tuple[Repeated, ...]


def compare_strategies(
    folder: Path,
    *,
    strategies: Sequence[str] = tuple(STRATEGIES),
    workers: int = 1,
    trials: int = 50,
    repetitions: int = 10,
    failures: float = 0.0,
    mirror: Path | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Replay strategies on a table.

    Args:
        folder: of the table.
        strategies: names of `search/strategies.py`.
        workers: trials at the same time.
        trials: sampled trials of a search.
        repetitions: searches per strategy.
        failures: chance that a worker is lost on its way to a rung.
        mirror: folder that stands in for the hub, where rows are counted.
        on_progress: takes a line before each strategy.

    Raises:
        ValueError: for a table, a strategy or a number that cannot be used.
    """
    if trials < 1 or repetitions < 1:
        raise ValueError(f"{trials} trials, {repetitions} seeds; wanted at least 1 of each")
    found = read_table(folder)
    sets = turns(found, mirror)
    tables = tables_in_turn(found, sets, repetitions)
    studies = {
        name: [
            study_of(own, strategy_named(name), trials=trials, repetition=i)
            for i, own in enumerate(tables)
        ]
        for name in strategies
    }
    done = []
    for name, own in studies.items():
        on_progress(f"{name}: {repetitions} searches")
        runs = [
            simulate(
                table, config, workers=workers, failures=failures, failure_seed=i, mirror=mirror
            )
            for i, (table, config) in enumerate(zip(tables, own, strict=True), start=1)
        ]
        judged, kept = distinct(tables, runs)
        done.append(Repeated(strategy=name, tables=judged, runs=kept))
    return Comparison(
        table=found,
        workers=workers,
        trials=trials,
        failures=failures,
        whole=_whole(found, tables[0].facts.seen[0]),
        turns=sets,
        repetitions=repetitions,
        strategies=tuple(done),
    )


def study_of(
    found: RecordedTable,
    strategy: Strategy,
    *,
    trials: int,
    repetition: int,
) -> StudyConfig:
    """Repetitions take the seen seeds in turn; the others measure noise and confirm."""
    seed, fresh = in_turn(found.facts.seen, repetition)
    return with_strategy(
        found.config,
        strategy,
        trials=trials,
        stage_seed=seed,
        fresh=fresh,
        sampler_seed=repetition + 1,
    )


def _whole(found: RecordedTable, seed: int) -> dict[Cost, float]:
    examples, factors = whole_space(found, seed), papers_factors(found, seed)
    papers = sum(factors[part] * n for part, n in examples.items())
    return {"examples": sum(examples.values()), "papers": papers}


def regrets(strategy: Repeated, amount: float, *, cost: Cost = "examples") -> list[float] | None:
    """By search, how far the best known after so much was spent is below the true best.

    None if one knew nothing by then.
    """
    moments = [run.at(amount, cost=cost) for run in strategy.runs]
    return (
        None
        if any(moment is None for moment in moments)
        else [
            table.regret(moment.curriculum)
            for table, moment in zip(strategy.tables, moments, strict=True)
            if moment is not None
        ]
    )


def comparison_tables(found: Comparison) -> Iterator[RenderableType]:
    """What the command shows."""
    truth = found.table.truths[found.table.best]
    yield Text(
        f"{found.table.config.study.name}: {len(found.table.truths)} curricula", style="bold"
    )
    yield remark(
        f"where seeds {in_words([found.table.facts.seen])} are seen, the true best is "
        f"{found.table.best} ({100 * truth.value:.1f}, {truth.seeds} "
        f"{'seed' if truth.seeds == 1 else 'seeds'}, standard error {100 * truth.error:.1f})"
    )
    if surrogate := found.table.facts.surrogate:
        yield remark(surrogate_line(surrogate))
    if found.table.facts.missing:
        yield remark(f"not recorded yet: {found.table.facts.missing}")
    for cost, name in COSTS.items():
        yield heading(f"How far below the true best the best known is, in points: after {name}")
        yield table(
            [Column("strategy", number=False)]
            + [Column(share(part)) for part in SHARES]
            + [Column("in the end")],
            [_regret_row(found, strategy, cost) for strategy in found.strategies],
        )
    yield remark(
        f"per cent of the {count(found.whole['examples'])} examples "
        f"({found.whole['papers'] / 1e6:,.0f} million) that training the whole space once takes; "
        f"means of {found.repetitions} searches, which see the seeds {in_words(found.turns)} in "
        "turn and are judged by all others; one that went exactly as another is left out; 95 % t "
        "intervals, for this table alone"
    )
    yield heading("What that took")
    columns = ["within", "to it", "examples", "papers M", "hours", "stopped", "failed"]
    yield table(
        [Column("strategy", number=False), *map(Column, columns), Column("busy"), Column("ask s")],
        [_cost_row(strategy) for strategy in found.strategies],
    )
    yield remark(
        f"within: searches that stayed within {100 * found.table.tolerance:.1f} points of the true "
        "best, where seeds are seen as above; to it: their mean examples until then; papers M: "
        "millions of examples of the whole search in the papers' proportions; ask s: real seconds "
        "of proposing"
    )
    lost = f", workers lost at a rate of {found.failures:g}" if found.failures else ""
    yield remark(f"{found.trials} trials, {found.workers} simulated workers{lost}")
    for name in (strategy.strategy for strategy in found.strategies):
        yield remark(f"{name}: {STRATEGIES[name].says}")


def surrogate_line(facts: Mapping[str, Any]) -> str:
    """What was not trained, and how far it is to be believed.

    Args:
        facts: of the surrogate (`search/surrogate_table.py`).
    """
    error = facts["error"][1.0]
    return (
        f"{count(facts['curricula'] - facts['recorded'])} of {count(facts['curricula'])} curricula "
        f"are of a surrogate: error {100 * error['rmse']:.1f} points on trained ones that were "
        f"held out (they differ by {100 * error['spread']:.1f}), rank correlation "
        f"{fraction(error['spearman'])}; noise between seeds {100 * facts['noise']['computed']:.1f}"
        f" points, of trained ones {100 * facts['noise']['recorded']:.1f}"
    )


def _regret_row(found: Comparison, strategy: Repeated, cost: Cost) -> list[str]:
    after = [regrets(strategy, part * found.whole[cost], cost=cost) for part in SHARES]
    after.append(regrets(strategy, float("inf")))
    return [strategy.strategy, *(MISSING if r is None else _interval(t_interval(r)) for r in after)]


def _cost_row(strategy: Repeated) -> list[str]:
    runs = strategy.runs
    spent = map(spent_to_within, runs, strategy.tables)
    reached = [examples for examples in spent if examples is not None]
    return [
        strategy.strategy,
        f"{len(reached)} of {len(runs)}",
        count(fmean(reached)) if reached else MISSING,
        count(fmean(run.spent.examples for run in runs)),
        f"{fmean(run.spent.papers for run in runs) / 1e6:,.0f}",
        f"{fmean(run.spent.clock_seconds for run in runs) / 3600:.2f}",
        f"{fmean(run.num_stopped for run in runs):.1f}",
        f"{fmean(run.num_failed for run in runs):.1f}",
        share(fmean(run.utilisation for run in runs)),
        f"{fmean(run.proposing_seconds for run in runs):.1f}",
    ]


def _interval(mean: Interval) -> str:
    """A mean and half its interval, times 100."""
    if mean.low is None:
        return difference(mean.mean)[1:] if mean.mean >= 0 else difference(mean.mean)
    return f"{100 * mean.mean:.1f} ± {100 * (mean.mean - mean.low):.1f}"
