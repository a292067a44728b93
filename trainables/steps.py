"""How is a stage trained, a target fine-tuned, a model scored? The three steps, as nodes.

Making a step only selects rows and names the node; nothing is trained before it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from spaces.curriculum import Stage
from trainables.assignment import RungWork, stage_dev_items, target_dev_items
from trainables.batches import num_trained
from trainables.encoder import encoder_tensors, load_tensors
from trainables.evaluate import LabelledRows, evaluate
from trainables.keys import Node, evaluation_node, stage_node, target_node
from trainables.kinds import KINDS
from trainables.nodes import Computed, Event, Progress, Result, Tensors, Trial, weights_of
from trainables.recipe import Recipe
from trainables.stage import FineTuning
from trainables.streams import stream
from trainables.tasks.task import SplitName, Task
from trainables.workbench import Selection, Workbench, recipe_inputs

FORWARD_SHARE = 1 / 3
"""What scoring an example costs, in examples of training: one pass of forward, backward, update."""
COLLAPSE_MARGIN = 1.1
"""A stage must beat the majority baseline by this factor on English dev."""


def stage_training(
    trial: Trial, parent: Computed, stage: Stage, *, seed: int, name: str
) -> Computed:
    """One intermediate stage on a parent encoder; the encoder alone is kept.

    An interleaved task is trained and looked at with it, but the score is that of its own tasks.
    """
    bench = trial.bench
    recipe = bench.setup.recipe_of_stage(stage.tasks)
    chosen = [bench.training_rows(p.task, p.num_examples, seed) for p in bench.stage_parts(stage)]
    node = stage_node(
        parent.node,
        parts=[_part(bench, selection) for selection in chosen],
        recipe=recipe_inputs(recipe, num_tasks=len(chosen)),
        seed=seed,
        numerics=bench.numerics(recipe),
    )

    def compute() -> Generator[Event, None, Result]:
        parent_weights = yield from weights_of(trial, parent)
        load_tensors(bench.encoder.model, parent_weights)
        parts = [bench.training_part(selection) for selection in chosen]
        tuning = FineTuning(bench.encoder, parts, recipe=recipe, seed=seed, stage=name)
        yield from _train(trial, node, tuning, name)
        tensors = encoder_tensors(bench.encoder.model)
        dev = {
            s.task.name: _dev(bench, _stage_dev(bench, s), head, recipe)
            for s, head in zip(chosen, tuning.heads, strict=True)
        }
        own = [dev[task] for task in stage.tasks]
        scored = sum(d.num_items for d in dev.values())
        return Result(
            values={
                "score": sum(d.score for d in own) / len(own),
                "dev": {task: d.score for task, d in dev.items()},
                "items": sum(d.num_items for d in own),
                "collapsed": any(d.collapsed for d in own),
            },
            examples=num_trained(parts, recipe, seed) + FORWARD_SHARE * scored,
            tensors=tensors,
        )

    return Computed(node, compute, name)


def tuning_rows(trial: Trial, target: Task, work: RungWork) -> Selection | None:
    """The English rows that fine-tune a target at a rung; None for one that is not trained."""
    if not KINDS[target.kind].trains:
        return None
    source = trial.bench.catalogue.trained_on(target)
    num_examples = work.train_examples[target.name]
    return trial.bench.training_rows(source.name, num_examples, trial.assignment.target_seed)


def target_training(trial: Trial, encoder: Computed, target: Task, work: RungWork) -> Computed:
    """A target's English training set on an encoder, best step by English dev; head and encoder."""
    bench, assignment = trial.bench, trial.assignment
    num_dev = target_dev_items(work.eval_items)
    source = bench.catalogue.trained_on(target)
    seed = assignment.target_seed
    chosen = tuning_rows(trial, target, work)
    assert chosen is not None, "a target that is trained has rows"
    recipe = _target_recipe(trial, target, len(chosen.rows))
    dev_rows = bench.dev_items(source, num_dev)
    node = target_node(
        encoder.node,
        part=_part(bench, chosen),
        dev_rows=dev_rows.hash,
        recipe=recipe_inputs(recipe),
        seed=seed,
        numerics=bench.numerics(recipe),
    )
    name = f"target {target.name} on {len(chosen.rows)} examples"

    def compute() -> Generator[Event, None, Result]:
        encoder_weights = yield from weights_of(trial, encoder)
        load_tensors(bench.encoder.model, encoder_weights)
        part = bench.training_part(chosen)
        tuning = FineTuning(
            bench.encoder,
            [part],
            recipe=recipe,
            seed=seed,
            stage=name,
            dev_score=lambda tuning: _dev(bench, dev_rows, tuning.heads[0], recipe).score,
        )
        yield from _train(trial, node, tuning, name)
        tensors = {f"encoder/{k}": t for k, t in encoder_tensors(bench.encoder.model).items()}
        tensors |= {f"head/{k}": t for k, t in encoder_tensors(tuning.heads[0]).items()}
        looks = len(tuning.dev_scores) * len(dev_rows.rows)
        return Result(
            values={
                "score": max(score for _, score in tuning.dev_scores),
                "items": len(dev_rows.rows),
                "best_step": tuning.best_step,
                "steps": tuning.num_steps,
            },
            examples=len(part.features) * recipe.epochs + FORWARD_SHARE * looks,
            tensors=tensors,
        )

    return Computed(node, compute, name)


def evaluation(
    trial: Trial, model: Computed, target: Task, language: str, split: SplitName, limit: int
) -> Computed:
    """Scores of a model on a target's rows in one language."""
    bench, kind = trial.bench, KINDS[target.kind]
    rows = bench.items(target.name, language, split, limit)
    tuning = None
    if target.metric in kind.tunings and split == "report":
        tuning = bench.items(target.name, language, "search", limit)
    recipe = bench.setup.recipe_of_target(target)
    node = evaluation_node(
        model.node,
        task=target.name,
        language=language,
        rows=rows.hash,
        tuned_on=tuning.hash if tuning else None,
        max_length=bench.encoder.max_length(target),
        numerics=bench.numerics(recipe),
        **_view_inputs(bench, target),
    )
    name = f"{target.name} in {language}, {split} split"

    def compute() -> Generator[Event, None, Result]:
        weights = yield from weights_of(trial, model)
        head = load_with_head(bench, target, weights) if kind.trains else None
        if head is None:
            load_tensors(bench.encoder.model, weights)
        found = evaluate(
            bench.encoder,
            head,
            target,
            language,
            rows.rows,
            bench.encoded(rows),
            tuned_on=LabelledRows(tuning.rows, bench.encoded(tuning)) if tuning else None,
            layers=node.inputs["other_layers"],
            precision=recipe.precision,
        )
        yield Progress(name)
        read = found.num_items + (len(tuning.rows) if tuning else 0)
        return Result(
            values={
                "metrics": found.metrics,
                "items": found.num_items,
                "by_layer": {str(layer): scores for layer, scores in found.by_layer.items()},
            },
            examples=FORWARD_SHARE * kind.sides * read,
        )

    return Computed(node, compute, name)


def _view_inputs(bench: Workbench, target: Task) -> dict[str, Any]:
    """What of reading hidden layers is part of a key: nothing where a head was trained."""
    if KINDS[target.kind].trains:
        return {}
    view = bench.encoder.view(target.name)
    others = [layer for layer in bench.other_layers if layer != view.layer]
    return {"layer": view.layer, "pooling": view.pooling, "other_layers": others}


def _stage_dev(bench: Workbench, trained: Selection) -> Selection:
    return bench.dev_items(trained.task, stage_dev_items(len(trained.rows)))


@dataclass(frozen=True, slots=True)
class _Dev:
    score: float
    num_items: int
    collapsed: bool


def _dev(bench: Workbench, dev: Selection, head: nn.Module, recipe: Recipe) -> _Dev:
    """Dev score of the encoder as it is now."""
    task, tokens = dev.task, bench.encoded(dev)
    found = evaluate(
        bench.encoder, head, task, dev.language, dev.rows, tokens, precision=recipe.precision
    )
    score = found.metrics[task.metric]
    majority = KINDS[task.kind].majority(task, dev.rows, tokens.columns)
    return _Dev(score, found.num_items, score < COLLAPSE_MARGIN * majority)


def _train(trial: Trial, node: Node, tuning: FineTuning, name: str) -> Generator[Event, None, None]:
    """Drive a training to its end, from its partial checkpoint if one was kept."""
    store = trial.bench.store
    partial = store.load_partial(node)
    if partial is not None:
        tuning.restore(*partial)
    saved = time.monotonic()
    for step in tuning:
        yield Progress(f"{name}: step {step.number} of {step.num_steps}")
        if time.monotonic() - saved > trial.bench.setup.partial_seconds:
            store.save_partial(node, tuning.tensors(), tuning.numbers())
            saved = time.monotonic()


def _target_recipe(trial: Trial, target: Task, num_examples: int) -> Recipe:
    """The recipe of a target, with what a control changes."""
    setup, assignment = trial.bench.setup, trial.assignment
    recipe = setup.recipe_of_target(target)
    extra_epochs = round(assignment.extra_examples / num_examples)
    return replace(
        recipe,
        learning_rate=recipe.learning_rate * assignment.learning_rate_factor,
        epochs=recipe.epochs + extra_epochs,
    )


def _part(bench: Workbench, selection: Selection) -> dict[str, Any]:
    """What of a training set is part of a key."""
    return {
        "task": selection.task.name,
        "num_examples": len(selection.rows),
        "rows": selection.hash,
        "max_length": bench.encoder.max_length(selection.task),
    }


def load_with_head(bench: Workbench, target: Task, weights: Tensors) -> nn.Module:
    """Put encoder weights in place and give the head that was trained on them."""
    source = bench.catalogue.trained_on(target)
    head = KINDS[source.kind].new_head(source, bench.encoder, stream(0, source.name, "head"))
    load_tensors(bench.encoder.model, _under("encoder/", weights))
    load_tensors(head, _under("head/", weights))
    return head.to(bench.encoder.device)


def encoder_of(weights: Tensors) -> Tensors:
    """The encoder's own among the weights of a stage, or of a target's model with its head."""
    return _under("encoder/", weights) or weights


def _under(prefix: str, tensors: Tensors) -> Tensors:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
