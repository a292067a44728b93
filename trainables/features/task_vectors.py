"""Which vector stands for a task? TextEmb and TaskEmb, compared by cosine.

TextEmb (Vu et al. 2020, arXiv 2005.00770): the mean of the pretrained encoder's last layer over the
task's English training text; it says the domain. TaskEmb (there): the Fisher information
(`fisher.py`) of an encoder that was fine-tuned on the task; it says what the task asks of the
encoder. As in Task2Vec the head is trained anew on the encoder held still, since the store keeps
encoders without heads, and a stage and a target are to be read in the same way.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any, TypeVar

import torch

from trainables.encoder import load_tensors
from trainables.features.distances import cosine
from trainables.features.fisher import fisher_vector, trained_head
from trainables.features.texts import Texts
from trainables.features.vectors import LAST, read_vectors, text_vectors
from trainables.keys import feature_node
from trainables.nodes import Computed, Event, Progress, Result, Trial, weights_of
from trainables.steps import FORWARD_SHARE, encoder_of
from trainables.workbench import Selection, recipe_inputs

VECTOR = "vector"
_HEAD: dict[str, Any] = {
    "learning_rate": 1e-3,
    "epochs": 5,
    "weight_decay": 0.0,
    "evaluations": None,
}
"""How a head is trained on the encoder held still; the rest is the study's recipe."""
_Found = TypeVar("_Found")


def text_embedding(trial: Trial, encoder: Computed, texts: Texts) -> Computed:
    """TextEmb: a tensor `vector`, (hidden,), of a task's texts."""
    vectors = text_vectors(trial, encoder, texts)

    def compute() -> Generator[Event, None, Result]:
        found = yield from read_vectors(trial, vectors, LAST)
        mean = torch.from_numpy(found).double().mean(dim=0).float()
        return Result(values={"texts": len(texts)}, examples=0.0, tensors={VECTOR: mean})

    node = feature_node([vectors.node], purpose="TextEmb 1", inputs={})
    return Computed(node, compute, f"TextEmb of {texts.name}")


def task_embedding(
    trial: Trial, model: Computed, rows: Selection, *, head_seed: int, num_examples: int
) -> Computed:
    """TaskEmb: a tensor `vector`, (layers x outputs,), of a model that was trained on a task.

    Args:
        trial: who asks.
        model: a stage of the task alone, or a target's model; of both the encoder is read.
        rows: of the task; they train the head, the first ones give the Fisher information.
        head_seed: draws the head.
        num_examples: features that the Fisher information is averaged over.
    """
    bench, task = trial.bench, rows.task
    recipe = replace(bench.setup.recipe_of_stage((task.name,)), **_HEAD)
    node = feature_node(
        [model.node],
        purpose="TaskEmb 1",
        inputs={
            "task": task.name,
            "rows": rows.hash,
            "max_length": bench.encoder.max_length(task),
            "seed": head_seed,
            "examples": num_examples,
            "head": recipe_inputs(recipe),
        },
        numerics=bench.numerics(recipe),
    )
    name = f"TaskEmb of {task.name}"

    def compute() -> Generator[Event, None, Result]:
        weights = yield from weights_of(trial, model)
        load_tensors(bench.encoder.model, encoder_of(weights))
        data = bench.encoded(rows)
        training = trained_head(bench.encoder, task, data, recipe=recipe, seed=head_seed)
        head = yield from _told(training, f"{name}: its head")
        gradients = fisher_vector(bench.encoder, head, task, data, num_examples)
        fisher = yield from _told(gradients, f"{name}: its gradients")
        trained = len(data) * recipe.epochs * FORWARD_SHARE
        return Result(
            values={"examples": min(num_examples, len(data))},
            examples=trained + min(num_examples, len(data)),
            tensors={VECTOR: fisher},
        )

    return Computed(node, compute, name)


def embedding_similarity(trial: Trial, a: Computed, b: Computed) -> Computed:
    """`cosine` of two task vectors of one form, in [-1, 1]."""

    def compute() -> Generator[Event, None, Result]:
        one = yield from weights_of(trial, a)
        two = yield from weights_of(trial, b)
        value = cosine(one[VECTOR].numpy(), two[VECTOR].numpy())
        return Result(values={"cosine": value}, examples=0.0)

    node = feature_node([a.node, b.node], purpose="cosine 1", inputs={})
    return Computed(node, compute, f"cosine of {a.name} and {b.name}")


def _told(
    steps: Generator[tuple[int, int], None, _Found], name: str
) -> Generator[Event, None, _Found]:
    """Run to the end, as progress."""
    while True:
        try:
            number, of = next(steps)
        except StopIteration as end:
            found: _Found = end.value
            return found
        yield Progress(f"{name}: step {number} of {of}")
