"""Where does a study stand? Read from its run folder alone, also while a search writes to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from analysis.objective import objective_values
from analysis.observations import as_frame, read_rows
from analysis.savings import savings
from analysis.target_noise import blindness, target_noises
from search.objectives import Values, recorded_objective
from search.pace import clock_text, num_confirm_trials
from search.run_folder import RunFolder
from search.study_fields import StudyConfig
from search.suggestions import CURRICULUM, ROLE
from search.table_parts import best_text, count, share
from search.tally import Identity, Tally
from spaces.standings import Standings


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the files of a run folder tell."""

    name: str
    writer: str | None
    """The process that runs the study now."""
    finished: bool
    """The last launch came to its end."""
    tally: Tally
    unfinished: list[str]
    """Curricula of the search that began and have not ended."""
    num_sampled: int
    rows: list[dict[str, Any]]
    clock: Mapping[str, Mapping[str, float]]
    skipped_rows: list[str]
    """A line for each file of which bad rows are skipped."""
    blind: list[str]
    """A line for each target by which the probe does not tell curricula apart."""


def read_status(config: StudyConfig, folder: RunFolder) -> Status:
    """Read a run folder without changing it.

    Raises:
        ValueError: if its observations are damaged.
    """
    rows = read_rows(folder.observations, ignore_torn_line=True)
    frame, trials = as_frame(rows), _optuna_trials(config, folder)
    objective = recorded_objective(config, frame)
    value = (lambda rows: None) if objective is None else Values(objective)
    targets = (
        []
        if objective is None
        else target_noises(frame, objective, objective_values(frame, objective))
    )
    tally = Tally(value, Standings(config.seeds.of_contenders))
    tally.recall(
        rows,
        stopped=[_identity(config, text) for text in _in_state(trials, TrialState.PRUNED)],
        failed=[_identity(config, text) for text in _in_state(trials, TrialState.FAIL)],
    )
    return Status(
        name=config.study.name,
        writer=folder.writer(),
        finished=bool(folder.read_facts().get("finished")),
        tally=tally,
        unfinished=_in_state(trials, TrialState.RUNNING),
        num_sampled=sum(role == "sampled" for role, _ in trials.values()),
        rows=rows,
        clock=json.loads(folder.clock.read_text()) if folder.clock.exists() else {},
        skipped_rows=folder.skipped_rows,
        blind=[blindness(found) for found in targets if found.is_blind],
    )


def status_table(config: StudyConfig, status: Status) -> Iterator[RenderableType]:
    """The status for a terminal."""
    if status.writer:
        state = f"a search runs, {status.writer}"
    else:
        state = "finished" if status.finished else "interrupted, nothing runs"
    yield Text(f"{status.name}: {state}", style="bold")
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for label, text in _facts(config, status).items():
        facts.add_row(label, Text(text))
    yield facts


def _facts(config: StudyConfig, status: Status) -> dict[str, str]:
    tally = status.tally
    begun = "running" if status.writer else "interrupted"
    saved = savings(as_frame(status.rows)).set_index("part")["share"].to_dict()
    return {
        "best so far": best_text(tally) or "nothing has run to its end yet",
        "search": f"{tally.num_completed('search')} completed, {tally.num_stopped} stopped, "
        f"{tally.num_failed('search')} failed, {len(status.unfinished)} {begun}",
        **({f"  {begun}": "\n".join(status.unfinished)} if status.unfinished else {}),
        "budget": _budget(config, status),
        "confirmation": f"{tally.num_completed('confirm')} trials completed of at most "
        f"{num_confirm_trials(config, tally.num_candidates)}",
        "examples": f"{count(tally.spent.paid)} paid of {count(tally.spent.needed)} needed",
        "saved": f"stages {share(saved['stage'])}, targets {share(saved['target'])}, "
        f"evaluation {share(saved['evaluation'])}, total {share(saved['total'])}",
        **({"bad rows": "\n".join(status.skipped_rows)} if status.skipped_rows else {}),
        **({"blind": "\n".join(status.blind)} if status.blind else {}),
        **{f"time, {phase}": _time(spent) for phase, spent in status.clock.items()},
    }


def _budget(config: StudyConfig, status: Status) -> str:
    budget = config.budget
    if budget.trials is not None:
        left = max(0, budget.trials - status.num_sampled)
        return f"{status.num_sampled} of {budget.trials} sampled trials begun, {left} left"
    if budget.examples is not None:
        paid = sum(r["examples_paid"] for r in status.rows if r["phase"] == "search")
        left = max(0.0, budget.examples - paid)
        return f"{count(paid)} of {count(budget.examples)} examples paid, {count(left)} left"
    if budget.hours is not None:
        hours = status.clock.get("search", {}).get("wall_seconds", 0.0) / 3600
        return f"{hours:.2f} of {budget.hours:g} hours, {max(0.0, budget.hours - hours):.2f} left"
    return "the whole space"


def _time(spent: Mapping[str, float]) -> str:
    slots = spent["wall_seconds"] * spent["workers"]
    busy = share(spent["busy_seconds"] / slots if slots else None)
    return f"{clock_text(spent['wall_seconds'])}, {spent['workers']:.0f} slots busy {busy}"


def _optuna_trials(config: StudyConfig, folder: RunFolder) -> dict[str, tuple[str, TrialState]]:
    """Role and state by curriculum."""
    storage: BaseStorage
    if config.storage is not None:
        storage = RDBStorage(config.storage)
    elif folder.journal.exists():
        storage = JournalStorage(JournalFileBackend(str(folder.journal)))
    else:
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        trials = optuna.load_study(study_name=config.study.name, storage=storage).trials
    except KeyError:  # no search has begun yet
        return {}
    return {
        trial.user_attrs[CURRICULUM]: (trial.user_attrs[ROLE], trial.state)
        for trial in trials
        if ROLE in trial.user_attrs
    }


def _in_state(trials: Mapping[str, tuple[str, TrialState]], wanted: TrialState) -> list[str]:
    return [text for text, (_, state) in trials.items() if state == wanted]


def _identity(config: StudyConfig, curriculum: str) -> Identity:
    return ("search", curriculum, "", config.seeds.stage, config.seeds.target)
