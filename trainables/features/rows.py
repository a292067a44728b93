"""Which features has a study? As rows of `features.parquet`.

A row is a dict in the columns of `analysis/features.py`, which says what each feature means. What
could not be measured has a row too, with no value and the reason as its note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from trainables.features.text_rows import (
    parallel_rows,
    subword_rows,
    text_embedding_rows,
    text_rows,
)
from trainables.features.trained_rows import evidence_rows, task_embedding_rows
from trainables.features.wanted import Row, Rows, Wanted, feature_row
from trainables.nodes import Trial

PARTS: Mapping[str, Callable[[Trial, Wanted], Rows]] = {
    "texts": text_rows,
    "translations": parallel_rows,
    "sub-words": subword_rows,
    "TextEmb": text_embedding_rows,
    "TaskEmb": task_embedding_rows,
    "evidence": evidence_rows,
}
"""What can be measured for itself, by name."""


def measured(trial: Trial, wanted: Wanted, parts: Iterable[str] = tuple(PARTS)) -> Rows:
    """Features that need data or the encoder, one row per number: what is declared, and the parts.

    Args:
        trial: whose encoder and store are used.
        wanted: tasks and targets.
        parts: of PARTS.
    """
    rows = [*sizes(trial, wanted), *morphology(trial, wanted)]
    for part in parts:
        rows += yield from PARTS[part](trial, wanted)
    return rows


def sizes(trial: Trial, wanted: Wanted) -> list[Row]:
    """`train_rows`: English training rows that are there, of tasks and of targets."""
    bench, rows = trial.bench, []
    for task in wanted.singles:
        n = bench.num_rows(task)
        rows.append(feature_row("train_rows", {"task": task}, float(n), n=n))
    for name in wanted.targets:
        target, where = bench.catalogue.get(name), {"target": name}
        if target.kind == "retrieval":
            rows.append(feature_row("train_rows", where, 0.0, note="never trained"))
            continue
        source = bench.catalogue.trained_on(target)
        n = bench.num_rows(source.name)
        note = "" if source.name == name else f"those of {source.name}"
        rows.append(feature_row("train_rows", where, float(n), n=n, note=note))
    return rows


def morphology(trial: Trial, wanted: Wanted) -> list[Row]:
    """`morphological`, of tasks, as declared."""
    declared = {task: trial.bench.catalogue.get(task).morphological for task in wanted.singles}
    return [
        feature_row("morphological", {"task": task}, float(is_so), note="as declared")
        for task, is_so in declared.items()
    ]
