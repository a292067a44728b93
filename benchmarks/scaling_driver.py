"""What does a decision take, and what does the driver's process hold, as trials become many?

The director of a real search decides, with Optuna's study and the observations in memory; a fixed
number of trials is under way, each a rung at a time. Nothing is simulated beside it, so that what
grows is the driver's own.
"""

from __future__ import annotations

import gc
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, TypeVar

import numpy as np
import optuna
import psutil

from search.assignments import Planner
from search.places import Places
from search.recorded_table import RecordedTable
from search.recorded_work import Cell
from search.simulated_search import as_in_a_run
from search.simulated_trial import Running, observe
from search.study_fields import StudyConfig
from trainables.assignment import Assignment

UNDER_WAY = 64
EVERY = 1_000
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thousand:
    """Decisions until so many trials had begun, from where the one before ended."""

    trials: int
    decisions: int
    median_seconds: float
    slow_seconds: float
    """99th percentile."""
    longest_seconds: float
    rss_bytes: int
    """Of the process, at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What it took to decide on many trials."""

    thousands: tuple[Thousand, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def decided(table: RecordedTable, config: StudyConfig) -> Decisions:
    """Decide on all trials of a study; a decision is the next trial, or a rung of one."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    cache = Path(tempfile.mkdtemp())
    planner = Planner(config, Places(run_id="", cache=cache, store=None, mirror=None))
    director = as_in_a_run(config, planner, lambda: 0.0)
    seconds: list[float] = []
    thousands: list[Thousand] = []

    def timed(decide: Callable[[], Found]) -> Found:
        started = process_time()
        found = decide()
        seconds.append(process_time() - started)
        return found

    under_way: deque[tuple[Running, Assignment]] = deque()
    while True:
        while len(under_way) < UNDER_WAY and (trial := timed(director.next)) is not None:
            cell = _cell(table, trial, 0)
            under_way.append((Running(trial_id="", assignment=trial, cell=cell), trial))
            if director.num_sampled // EVERY > len(thousands):
                thousands.append(_thousand(director.num_sampled, seconds))
        if not under_way:
            break
        running, trial = under_way.popleft()
        rows = _rows(table, running)
        if not timed(partial(director.on_rung, trial, running.rung, rows)).ends:
            running.rung += 1
            under_way.append((running, trial))
    if not thousands or director.num_sampled % EVERY:
        thousands.append(_thousand(director.num_sampled, seconds))
    return Decisions(thousands=tuple(thousands))


def _rows(table: RecordedTable, running: Running) -> list[dict[str, Any]]:
    running.cell = _cell(table, running.assignment, running.rung)
    running.position, running.rows = 0, []
    for _ in running.cell.nodes:
        observe(running, paid=True)
    return running.rows


def _cell(table: RecordedTable, trial: Assignment, rung: int) -> Cell:
    return table.cell(trial.rungs[rung], stage_seed=trial.stage_seed, target_seed=trial.target_seed)


def _thousand(trials: int, seconds: list[float]) -> Thousand:
    """Empties the list."""
    gc.collect()
    median, slow = np.quantile(seconds, (0.5, 0.99))
    found = Thousand(
        trials=trials,
        decisions=len(seconds),
        median_seconds=float(median),
        slow_seconds=float(slow),
        longest_seconds=max(seconds),
        rss_bytes=psutil.Process().memory_info().rss,
    )
    seconds.clear()
    return found
