"""How fast is this machine at a study's tasks? A short measurement with its encoder.

A few real optimizer steps per training task and some scored items per task, through the code that
trials run; nothing is kept. Batches are those of the recipe, lengths those of the rows drawn.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil
import torch

from trainables.assignment import Setup
from trainables.batches import TrainingPart
from trainables.encoder import load_tensors
from trainables.evaluate import evaluate
from trainables.kinds import KINDS
from trainables.recipe import Recipe
from trainables.stage import FineTuning, new_head
from trainables.tasks.task import SplitName, Task
from trainables.workbench import Selection, Workbench

SECONDS_PER_TASK = 0.7
"""Steps of a task are timed for about so long."""
MIN_STEPS, MAX_STEPS = 3, 24
WARM_UP_STEPS = 1
SCORED_ITEMS = 64
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What one trial slot of this machine needs."""

    device: str
    train_seconds: Mapping[str, float]
    """Seconds of a training example, forward, backward and update, by task."""
    score_seconds: Mapping[str, float]
    """Seconds of a scored item, by task; both sides of a retrieval item together, but a question
    or a passage of a multilingual pool."""
    features_per_row: Mapping[str, float]
    """Training features of a row, by task."""
    encoder_bytes: int
    seconds: float
    """What the calibration took, loading and tokenising included."""
    load: float
    """Processes that wanted a CPU over the last minute, this one included."""


def calibrate(
    setup: Setup, recipes: Mapping[str, Recipe], scored: Mapping[str, tuple[str, SplitName]]
) -> Rates:
    """Measure.

    Args:
        setup: of the study; its store is not touched.
        recipes: how each training task is trained.
        scored: a language and a split by target, of whose rows only the time is kept; other tasks
            that are trained are scored on their dev split.
    """
    started = time.monotonic()
    bench = Workbench(setup)
    get = bench.catalogue.get
    trained = {task: _training_rate(bench, get(task), recipe) for task, recipe in recipes.items()}
    rows = {task: bench.dev_items(get(task), SCORED_ITEMS) for task in recipes}
    for target, (language, split) in scored.items():
        rows[target] = bench.items(target, language, split, SCORED_ITEMS)
    return Rates(
        device=setup.device,
        train_seconds={task: rate for task, (rate, _) in trained.items()},
        features_per_row={task: features for task, (_, features) in trained.items()},
        score_seconds={task: _scoring_rate(bench, selection) for task, selection in rows.items()},
        encoder_bytes=encoder_bytes(bench),
        seconds=time.monotonic() - started,
        load=psutil.getloadavg()[0],
    )


def encoder_bytes(bench: Workbench) -> int:
    """Bytes of the encoder's weights, as the store keeps them."""
    return sum(t.numel() * t.element_size() for t in bench.pretrained.values())


def _training_rate(bench: Workbench, task: Task, recipe: Recipe) -> tuple[float, float]:
    """Seconds per feature, features per row."""
    num_rows = min(bench.num_rows(task.name), recipe.batch_size * MAX_STEPS)
    selection = bench.training_rows(task.name, num_rows, SEED)
    encoded = bench.encoded(selection)
    tuning = FineTuning(
        bench.encoder, [TrainingPart(task=task, encoded=encoded)], recipe=recipe, seed=SEED
    )
    load_tensors(bench.encoder.model, bench.pretrained)
    features, since = 0, time.monotonic()
    for step in tuning:
        if step.number == WARM_UP_STEPS and tuning.num_steps > WARM_UP_STEPS:
            features, since = 0, _now(bench)
            continue
        features += step.num_features
        timed = step.number - WARM_UP_STEPS
        long_enough = time.monotonic() - since > SECONDS_PER_TASK and timed >= MIN_STEPS
        if long_enough or timed >= MAX_STEPS:
            break
    return (_now(bench) - since) / features, len(encoded) / num_rows


def _scoring_rate(bench: Workbench, rows: Selection) -> float:
    """Seconds per item, the scorer included; an untrained head is as fast as a trained one."""
    task, encoded = rows.task, bench.encoded(rows)
    head = None
    if KINDS[task.kind].trains:
        part = TrainingPart(task=task, encoded=encoded)
        head = new_head(part, bench.encoder, SEED).to(bench.encoder.device)
    load_tensors(bench.encoder.model, bench.pretrained)
    since = _now(bench)
    evaluate(bench.encoder, head, task, rows.language, rows.rows, encoded)
    passages = len(bench.passages(rows).rows) if task.multilingual_pool else 0
    return (_now(bench) - since) / (len(rows.rows) + passages)


def _now(bench: Workbench) -> float:
    """The time when everything asked of the device is done."""
    if bench.encoder.device.type == "cuda":
        torch.cuda.synchronize()
    return time.monotonic()
