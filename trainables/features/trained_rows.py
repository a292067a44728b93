"""Which features say the models that were trained on one task? Rows of TaskEmb, LogME, H-score.

The models are the study's own: each task alone as a stage, each target on no stage. What the study
has trained is in the store; the rest is trained now.
"""

from __future__ import annotations

from collections.abc import Generator

from spaces.curriculum import parse_curriculum
from trainables.features.fisher import WITHOUT_FISHER
from trainables.features.labelled import KINDS_WITH_LABELS, label_evidence
from trainables.features.similarity import FEWEST
from trainables.features.task_vectors import task_embedding
from trainables.features.text_rows import cosine_rows
from trainables.features.wanted import (
    ENGLISH,
    Row,
    Rows,
    Wanted,
    feature_row,
    first_rows,
    trained_tasks,
)
from trainables.nodes import Computed, Event, Trial, as_found, ensure, pretrained
from trainables.stage import TrainingDiverged
from trainables.steps import target_training
from trainables.train import train_encoder
from trainables.workbench import Selection

DIVERGED = "its training diverged"
NO_STAGE = "none"
"""The task of a row about the pretrained encoder."""


def task_embedding_rows(trial: Trial, wanted: Wanted) -> Rows:
    """`taskemb_cosine` of every two tasks, targets as fine-tuned on no stage."""
    amounts = wanted.amounts
    embeddings: dict[str, Computed] = {}
    rows: list[Row] = []
    for name, task in trained_tasks(trial, wanted).items():
        if task.kind in WITHOUT_FISHER:
            note = f"{task.kind}: one example alone has no likelihood"
            rows.append(feature_row("taskemb_cosine", {"task": name}, note=note))
            continue
        model = yield from _trained_alone(trial, wanted, name)
        if model is None:
            rows.append(feature_row("taskemb_cosine", {"task": name}, note=DIVERGED))
            continue
        embeddings[name] = task_embedding(
            trial,
            model,
            first_rows(trial, task, amounts.head),
            head_seed=trial.assignment.stage_seed,
            num_examples=amounts.fisher,
        )
    return rows + (yield from cosine_rows(trial, "taskemb_cosine", embeddings, amounts.fisher))


def evidence_rows(trial: Trial, wanted: Wanted) -> Rows:
    """`logme`, `h_score`, `h_score_shrunk` of each single stage, and of none, on each target."""
    bench, rows = trial.bench, []
    names = ("logme", "h_score", "h_score_shrunk")
    readable: dict[str, Selection] = {}
    for name in wanted.targets:
        target = bench.catalogue.get(name)
        source = bench.catalogue.trained_on(target)
        if source.kind in KINDS_WITH_LABELS:
            readable[name] = first_rows(trial, source, wanted.amounts.labelled)
            continue
        note = f"{source.kind}: its labels are no classes"
        where = {"target": name, "language": ENGLISH}
        rows += [feature_row(f, where, note=note) for f in names]
    for task, curriculum in {NO_STAGE: NO_STAGE, **wanted.singles}.items():
        if not readable:
            break
        encoder = yield from _after_stage(trial, curriculum)
        if encoder is None:
            rows += [feature_row(f, {"task": task}, note=DIVERGED) for f in names]
            continue
        for name, chosen in readable.items():
            entry = yield from ensure(trial, label_evidence(trial, encoder, chosen))
            where = {"task": task, "target": name, "language": ENGLISH}
            reason = "one class" if entry.values["classes"] < FEWEST else "too few samples"
            for feature in names:
                value, n = entry.values[feature], entry.values["samples"]
                note = reason if value is None else ""
                rows.append(feature_row(feature, where, value, n=n, note=note))
    return rows


def _after_stage(trial: Trial, curriculum: str) -> Generator[Event, None, Computed | None]:
    """The encoder after a curriculum, of the study's stage seed, trained now where it is not.

    None if its training diverges, as the study's own trial of it did.
    """
    seed = trial.assignment.stage_seed
    try:
        stages = yield from train_encoder(trial, parse_curriculum(curriculum), seed)
    except TrainingDiverged:
        return None
    return as_found(*stages[-1].attempts[-1]) if stages else pretrained(trial)


def _trained_alone(
    trial: Trial, wanted: Wanted, name: str
) -> Generator[Event, None, Computed | None]:
    """The model of a single stage, or of a target on no stage; None as in `_after_stage`."""
    if name in wanted.singles:
        return (yield from _after_stage(trial, wanted.singles[name]))
    target = trial.bench.catalogue.get(name)
    model = target_training(trial, pretrained(trial), target, wanted.work)
    try:
        return as_found(model, (yield from ensure(trial, model)))
    except TrainingDiverged:
        return None
