"""What is wanted of a study's features, and which texts and rows are they measured on?"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trainables.assignment import RungWork
from trainables.features.texts import Texts, View, texts_of
from trainables.nodes import Event, Trial
from trainables.tasks.task import SplitName, Task
from trainables.workbench import Selection

Row = dict[str, Any]
"""A feature in the columns of `analysis/features.py`, which says what each one means."""
Rows = Generator[Event, None, list[Row]]
ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much is read for a feature, at most; more is more precise and slower."""

    texts: int = 400
    """Of a task, and of a target in a language; also translations, and items whose sub-words are
    counted."""
    labelled: int = 1000
    """English training rows of a target, for LogME and H-score."""
    head: int = 512
    """Training rows on which the head for a TaskEmb is trained."""
    fisher: int = 256
    """Of these, the features whose gradients are taken, one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the features of a study are measured on."""

    singles: Mapping[str, str]
    """Intermediate task to the curriculum that has it alone, at the study's largest size."""
    targets: Mapping[str, Mapping[str, SplitName]]
    """Target to its languages, and for each the split whose text is read."""
    work: RungWork
    """How the study fine-tunes its targets, on no stage."""
    amounts: Amounts = field(default_factory=Amounts)


def feature_row(
    feature: str,
    where: Mapping[str, str],
    value: float | None = None,
    *,
    n: int = 0,
    label: str = "",
    note: str = "",
) -> Row:
    """A row; `where` gives task, target, language and other, those that apply."""
    empty = {"task": "", "target": "", "language": "", "other": ""}
    return {"feature": feature, **empty, **where, "value": value, "n": n} | {
        "label": label,
        "note": note,
    }


def task_texts(trial: Trial, task: str, wanted: Wanted) -> Texts:
    """Training texts of a task."""
    record = trial.bench.catalogue.get(task)
    chosen = first_rows(trial, record, wanted.amounts.texts)
    return texts_of(chosen.rows, record.kind, "whole", name=task)


def target_texts(trial: Trial, wanted: Wanted, view: View) -> Iterable[tuple[str, str, Texts]]:
    """Target, language and texts; of retrieval tasks the sentences that are not English."""
    for target, languages in wanted.targets.items():
        for language, split in languages.items():
            yield target, language, _texts(trial, wanted, target, language, split, view)


def with_english(
    trial: Trial, wanted: Wanted, view: View
) -> Iterable[tuple[str, str, Texts, Texts]]:
    """Target, language other than English, English texts (none where it has none) and theirs."""
    for target, languages in wanted.targets.items():
        brings_english = trial.bench.catalogue.get(target).kind == "retrieval"
        for language, split in languages.items():
            if language == ENGLISH:
                continue
            theirs = _texts(trial, wanted, target, language, split, view)
            english = Texts(name=f"{target} in {ENGLISH}", ids=(), texts=())
            if brings_english:
                english = _texts(trial, wanted, target, language, split, "english")
            elif ENGLISH in languages:
                english = _texts(trial, wanted, target, ENGLISH, split, view)
            yield target, language, english, theirs


def trained_tasks(trial: Trial, wanted: Wanted) -> dict[str, Task]:
    """Stages and trained targets by name, each with the task of its training rows."""
    catalogue = trial.bench.catalogue
    targets = [catalogue.get(name) for name in wanted.targets]
    return {
        **{name: catalogue.get(name) for name in wanted.singles},
        **{t.name: catalogue.trained_on(t) for t in targets if t.kind != "retrieval"},
    }


def first_rows(trial: Trial, task: Task, limit: int) -> Selection:
    """Training rows of a task: the first ones that the study's stages draw."""
    bench = trial.bench
    num = min(limit, bench.num_rows(task.name))
    return bench.training_rows(task.name, num, trial.assignment.stage_seed)


def _texts(
    trial: Trial, wanted: Wanted, target: str, language: str, split: SplitName, view: View
) -> Texts:
    bench = trial.bench
    rows = bench.items(target, language, split, wanted.amounts.texts).rows
    name = f"{target} in {ENGLISH if view == 'english' else language}"
    return texts_of(rows, bench.catalogue.get(target).kind, view, name=name)
