"""How is one curriculum trained and scored? The outer story, rung by rung, as a generator.

    for every rung:  encoder = its stages, one after the other
                     for every target:  model = encoder fine-tuned on the target's English rows
                                        scores of the model in every language asked for

Each step is a node of the tree of everything computed (`trainables/nodes.py`): what is in the
store is not computed again. Whoever drives the generator may stop, report or give up at any event.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from spaces.curriculum import Curriculum, parse_curriculum
from trainables.assignment import Assignment, RungWork
from trainables.leases import Leases
from trainables.nodes import Computed, Event, Trial, as_found, ensure, pretrained
from trainables.pool_steps import answering, pool_reading
from trainables.steps import evaluation, stage_training, target_training, tuning_rows
from trainables.store import Entry
from trainables.tasks.task import SplitName, Task
from trainables.workbench import Selection, Workbench

COLLAPSED_SEED_STEP = 1_000_000
"""A collapsed stage is trained once more with its seed plus this: the next seed of its own row,
which no study uses as another stage seed."""

Cost = tuple[float, float, float]
"""Examples needed, examples paid, seconds paid."""


@dataclass(frozen=True, slots=True)
class RungReached:
    """A comparison point of ASHA: everything up to it is scored."""

    rung: int
    rows: list[dict[str, Any]]
    """Observations, one dict each, in the columns of `analysis/observations.py`."""
    detail: str


def run_assignment(
    assignment: Assignment, bench: Workbench, leases: Leases
) -> Iterator[Event | RungReached]:
    """Train and score one curriculum; yields often, and a `RungReached` at every rung."""
    trial = Trial(assignment=assignment, bench=bench, leases=leases)
    for work in assignment.rungs:
        rows: list[dict[str, Any]] = []
        encoder = yield from _train_stages(trial, work, rows)
        for target in work.train_examples:
            task = bench.catalogue.get(target)
            yield from _score_target(trial, work, encoder, task, rows)
        trial.pin()
        yield RungReached(work.index, rows, f"rung {work.index + 1} of {len(assignment.rungs)}")


@dataclass(frozen=True, slots=True)
class TrainedStage:
    """A stage with all its attempts; the last one counts."""

    prefix: Curriculum
    attempts: list[tuple[Computed, Entry]]


def train_encoder(
    trial: Trial, curriculum: Curriculum, seed: int
) -> Generator[Event, None, list[TrainedStage]]:
    """Train the stages of a curriculum, in order.

    A stage whose English dev score stays below 1.1 times the majority baseline has collapsed: it
    is trained once more with the next seed, and that one counts, flagged if it collapsed too.
    """
    parent = pretrained(trial)
    trained: list[TrainedStage] = []
    for prefix in curriculum.prefixes()[1:]:
        name = f"stage {len(prefix)} of {len(curriculum)}, {prefix.stages[-1]}"
        attempts = []
        for again, own_seed in enumerate((seed, seed + COLLAPSED_SEED_STEP)):
            computed = stage_training(
                trial,
                parent,
                prefix.stages[-1],
                seed=own_seed,
                name=f"{name}, again" if again else name,
            )
            entry = yield from ensure(trial, computed)
            attempts.append((computed, entry))
            if not entry.values["collapsed"]:
                break
        trained.append(TrainedStage(prefix, attempts))
        parent = as_found(computed, entry)
    return trained


def _train_stages(
    trial: Trial, work: RungWork, rows: list[dict[str, Any]]
) -> Generator[Event, None, Computed]:
    curriculum = parse_curriculum(work.curriculum)
    trained = yield from train_encoder(trial, curriculum, trial.assignment.stage_seed)
    rows += [_stage_row(trial, work, stage) for stage in trained]
    return as_found(*trained[-1].attempts[-1]) if trained else pretrained(trial)


def _stage_row(trial: Trial, work: RungWork, stage: TrainedStage) -> dict[str, Any]:
    """The attempt that counts, at the cost of all; `target` names the prefix it ends."""
    costs = [trial.account(computed.node, entry) for computed, entry in stage.attempts]
    entry = stage.attempts[-1][1]
    return _row(trial, work, entry, costs) | {
        "part": "stage",
        "target": str(stage.prefix),
        "language": "en",
        "split": "dev",
        "metric": "score",
        "value": entry.values["score"],
        "items": entry.values["items"],
        "collapsed": entry.values["collapsed"],
    }


def _score_target(
    trial: Trial,
    work: RungWork,
    encoder: Computed,
    target: Task,
    rows: list[dict[str, Any]],
) -> Generator[Event, None, None]:
    model = encoder
    if target.kind != "retrieval":
        model = target_training(trial, encoder, target, work)
        entry = yield from ensure(trial, model)
        rows.append(_target_row(trial, work, target, model, entry))
        model = as_found(model, entry)
    for split, languages_of in work.splits.items():
        for language in languages_of.get(target.name, ()):
            scored = trial.bench.items(target.name, language, split, work.eval_items)
            rows += yield from _score_language(trial, work, model, scored, split)


def _score_language(
    trial: Trial, work: RungWork, model: Computed, scored: Selection, split: SplitName
) -> Generator[Event, None, list[dict[str, Any]]]:
    """The rows of one language; the first of those that share a pool carries the pool's cost."""
    costs = []
    if scored.task.multilingual_pool:
        pool = pool_reading(trial, model, scored)
        read = yield from ensure(trial, pool)
        costs.append(trial.account(pool.node, read))
        computed = answering(trial, model, as_found(pool, read), scored)
    else:
        computed = evaluation(trial, model, scored.task, scored.language, split, work.eval_items)
    entry = yield from ensure(trial, computed)
    costs.append(trial.account(computed.node, entry))
    return _score_rows(trial, work, scored, split, entry, costs)


def _target_row(
    trial: Trial, work: RungWork, target: Task, model: Computed, entry: Entry
) -> dict[str, Any]:
    return _row(trial, work, entry, [trial.account(model.node, entry)]) | {
        "part": "target",
        "target": target.name,
        "language": "en",
        "split": "dev",
        "metric": trial.bench.catalogue.trained_on(target).metric,
        "value": entry.values["score"],
        "items": entry.values["items"],
    }


def _score_rows(
    trial: Trial,
    work: RungWork,
    scored: Selection,
    split: SplitName,
    entry: Entry,
    costs: list[Cost],
) -> list[dict[str, Any]]:
    """One row per metric; the task's own metric comes last and carries the cost.

    Where it is recorded, so are the others: a write that was cut short is noticed. A metric at
    another hidden layer has a name of its own, `retrieval_accuracy@3`, so that nobody who asks for
    the metric gets it.
    """
    target, metrics = scored.task, entry.values["metrics"]
    names = [*sorted(set(metrics) - {target.metric}), target.metric]
    own = _row(trial, work, entry, costs)
    stages, seed = parse_curriculum(work.curriculum), trial.assignment.stage_seed
    marks = trial.bench.marks(scored, tuning_rows(trial, target, work), stages, seed)
    free = own | {"examples_needed": 0.0, "examples_paid": 0.0, "seconds": 0.0}
    others = [
        (layer, f"{name}@{layer}", value)
        for layer, scores in entry.values["by_layer"].items()
        for name, value in sorted(scores.items())
    ]
    rows = [*others, *((entry.inputs["layer"], name, metrics[name]) for name in names)]
    return [
        (own if name == target.metric else free)
        | {
            "part": "evaluation",
            "target": target.name,
            "language": scored.language,
            "split": split,
            "layer": None if layer is None else int(layer),
            "metric": name,
            "value": value,
            "items": entry.values["items"],
            "stand_in": marks.stand_in,
            "overlap": marks.overlap,
            "train_overlap": marks.train_overlap,
        }
        for layer, name, value in rows
    ]


def _row(trial: Trial, work: RungWork, entry: Entry, costs: list[Cost]) -> dict[str, Any]:
    """The columns that all rows share."""
    assignment = trial.assignment
    needed, paid, seconds = (sum(column) for column in zip(*costs, strict=True))
    return {
        "phase": assignment.phase,
        "curriculum": assignment.curriculum,
        "role": assignment.role,
        "variant": assignment.variant,
        "rung": work.index,
        "num_rungs": len(assignment.rungs),
        "scale": work.scale,
        "stage_seed": assignment.stage_seed,
        "target_seed": assignment.target_seed,
        "layer": None,
        "numerics": entry.numerics,
        "stand_in": False,
        "overlap": None,
        "train_overlap": None,
        "collapsed": False,
        "examples_needed": needed,
        "examples_paid": paid,
        "seconds": seconds,
    }
