"""How far does one driver go? Many workers, and many trials, on a table that is computed.

    python -m benchmarks.scaling [--trials 1000] [--searches 5] [--long 10000] [--model 1000]

The space has 74,110 curricula with a planted truth; a trial costs what it did in Phang et al. 2020.
First one budget of trials is spent by 1 to 1,024 simulated workers: how many times as fast, how
good a winner, and where the workers' time goes. Then trials are decided on one after the other, 64
at a time and without any simulation: the CPU time of a decision, and how the process grows.
Writes docs/measured/scaling.json, prints tables, and ends with 1 where a limit of ours is missed.
Nothing is trained, and nothing here is a finding about tasks or languages.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console

from analysis.statistics.intervals import Interval, t_interval
from benchmarks.scaling_driver import Decisions, decided
from benchmarks.scaling_table import planted_table
from benchmarks.scaling_workers import Spent, spent
from search.recorded_table import RecordedTable
from search.strategies import strategy_named, with_strategy
from search.study_fields import StudyConfig
from search.table_parts import Column, heading, remark, share, table

OUT = Path(__file__).parent.parent / "docs" / "measured" / "scaling.json"
WORKERS = (1, 8, 64, 256, 1024)
STRATEGY = "random+asha"
MODELS = ("tpe+asha", "gp+asha", "ours")
"""Strategies whose decisions are timed too: in them a model proposes."""
NOISE_SEEDS = (101, 102)

JUDGED, LEAST_TIMES, MOST_REGRET = 64, 55.0, 0.003
MOST_GROWTH = 1.25
"""The driver's process, at the end and after the first thousand trials."""
MOST_SECONDS, MOST_WITH_MODEL = 0.05, 1.0
"""Of a decision, at the 99th percentile of every thousand trials."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--searches", type=int, default=5)
    parser.add_argument("--long", type=int, default=10_000)
    parser.add_argument("--model", type=int, default=1_000)
    parser.add_argument("--workers", type=int, nargs="+", default=list(WORKERS))
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    planted, out = planted_table(), Console(width=100)
    lengths = {STRATEGY: asked.long} | dict.fromkeys(MODELS, asked.model)
    deciding = {}
    for name, trials in lengths.items():  # before the others fill the process's memory
        if trials:
            out.print(f"{name}: deciding on {trials:,} trials")
            deciding[name] = decided(planted, study(planted, name, trials=trials, seed=1))
            out.print(decisions_table({name: deciding[name]}))
    workers = {}
    for number in asked.workers:
        out.print(f"{number:,} workers: {asked.searches} searches of {asked.trials:,} trials")
        workers[number] = [
            spent(planted, study(planted, STRATEGY, trials=asked.trials, seed=i), workers=number)
            for i in range(1, asked.searches + 1)
        ]
    missed = [*missed_by_workers(workers), *missed_by_decisions(deciding)]
    found = measured(workers, deciding) | {"missed": missed}
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(header(planted) | found, indent=1) + "\n")
    show(out, planted, workers, deciding)
    if missed:
        sys.exit("missed:\n" + "\n".join(missed))


def study(planted: RecordedTable, name: str, *, trials: int, seed: int) -> StudyConfig:
    """A search with luck and a sampler of its own."""
    return with_strategy(
        planted.config,
        strategy_named(name),
        trials=trials,
        stage_seed=seed,
        fresh=NOISE_SEEDS,
        sampler_seed=seed,
    )


def header(planted: RecordedTable) -> dict[str, Any]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": "python -m benchmarks.scaling " + " ".join(sys.argv[1:]),
        "machine": f"{os.cpu_count()} CPUs, {platform.machine()}",
        "curricula": len(planted.truths),
    }


def measured(
    workers: Mapping[int, Sequence[Spent]], deciding: Mapping[str, Decisions]
) -> dict[str, Any]:
    """What is written: everything of every search, and means with their intervals."""
    one = workers.get(1, ())
    return {
        "workers": {
            str(number): {
                "times_one_worker": _plain(times(one, own)) if one else None,
                "regret_points": _plain(t_interval([100 * run.regret for run in own])),
                "searches": [run.to_json() for run in own],
            }
            for number, own in workers.items()
        },
        "decisions": {name: own.to_json() for name, own in deciding.items()},
    }


def times(one: Sequence[Spent], many: Sequence[Spent]) -> Interval:
    """Trials per hour over those of one worker, search by search."""
    return t_interval([b.per_hour / a.per_hour for a, b in zip(one, many, strict=True)])


def missed_by_workers(workers: Mapping[int, Sequence[Spent]]) -> list[str]:
    if not {1, JUDGED} <= workers.keys():
        return []
    one, many = workers[1], workers[JUDGED]
    found, worse = [], fmean(b.regret - a.regret for a, b in zip(one, many, strict=True))
    if (fast := times(one, many).mean) < LEAST_TIMES:
        found.append(f"{JUDGED} workers are {fast:.1f} times as fast; wanted {LEAST_TIMES:.0f}")
    if worse > MOST_REGRET:
        found.append(
            f"the winner of {JUDGED} workers is {100 * worse:.2f} points worse than that of one; "
            f"wanted at most {100 * MOST_REGRET:.1f}"
        )
    return found


def missed_by_decisions(deciding: Mapping[str, Decisions]) -> list[str]:
    found = []
    for name, own in deciding.items():
        limit = MOST_WITH_MODEL if name in MODELS else MOST_SECONDS
        slow = max(own.thousands, key=lambda thousand: thousand.slow_seconds)
        if slow.slow_seconds > limit:
            found.append(
                f"{name}: a decision takes {1000 * slow.slow_seconds:.0f} ms (99th percentile) "
                f"after {slow.trials:,} trials; wanted {1000 * limit:.0f}"
            )
        first, last = own.thousands[0], own.thousands[-1]
        if last.rss_bytes > MOST_GROWTH * first.rss_bytes:
            found.append(
                f"{name}: the driver grows from {first.rss_bytes / 1e6:.0f} MB after "
                f"{first.trials:,} trials to {last.rss_bytes / 1e6:.0f} MB after {last.trials:,}; "
                f"wanted at most {MOST_GROWTH:.2f} times"
            )
    return found


def show(
    out: Console,
    planted: RecordedTable,
    workers: Mapping[int, Sequence[Spent]],
    deciding: Mapping[str, Decisions],
) -> None:
    """Both tables."""
    out.print(heading(f"{len(planted.truths):,} curricula; one budget of trials by n workers"))
    names = ("faster", "regret", "stopped", "hours", "busy", "waiting", "idle", "tail")
    out.print(
        table(
            [Column("workers"), *map(Column, names)],
            [_workers_row(n, workers.get(1, ()), own) for n, own in workers.items()],
        )
    )
    out.print(
        remark(
            "faster: trials per simulated hour over one worker's; regret in points, 95 % t "
            "intervals over searches; shares of the workers' time: busy computing or loading, "
            "waiting for another's lease, idle before the last trial began, idle after (the tail)"
        )
    )
    out.print(heading("Deciding"))
    out.print(decisions_table(deciding))


def decisions_table(deciding: Mapping[str, Decisions]) -> Any:
    names = ("trials", "decisions", "median ms", "99 % ms", "longest ms", "process MB")
    return table(
        [Column("strategy", number=False), *map(Column, names)],
        [
            [
                name,
                f"{thousand.trials:,}",
                f"{thousand.decisions:,}",
                *(
                    f"{1000 * seconds:.1f}"
                    for seconds in (
                        thousand.median_seconds,
                        thousand.slow_seconds,
                        thousand.longest_seconds,
                    )
                ),
                f"{thousand.rss_bytes / 1e6:,.0f}",
            ]
            for name, own in deciding.items()
            for thousand in own.thousands
        ],
    )


def _workers_row(number: int, one: Sequence[Spent], own: Sequence[Spent]) -> list[str]:
    def mean(of: Callable[[Spent], float]) -> float:
        return fmean(map(of, own))

    return [
        f"{number:,}",
        _said(times(one, own)) if one else "",
        _said(t_interval([100 * run.regret for run in own])),
        f"{mean(lambda run: run.stopped):.0f}",
        f"{mean(lambda run: run.hours):,.1f}",
        *(
            share(mean(of))
            for of in (
                lambda run: run.busy,
                lambda run: run.waiting,
                lambda run: run.idle,
                lambda run: run.tail,
            )
        ),
    ]


def _said(mean: Interval) -> str:
    return f"{mean.mean:.2f}" + ("" if mean.low is None else f" ± {mean.mean - mean.low:.2f}")


def _plain(mean: Interval) -> dict[str, Any]:
    return {"mean": mean.mean, "low": mean.low, "high": mean.high, "searches": mean.n}


if __name__ == "__main__":
    main()
