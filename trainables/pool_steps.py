"""How does a task answer in many languages from one pool? Its passages are read once for all.

Two nodes: the vectors of the passages, and the scores of one language's questions among them. Each
cuts its texts into batches of its own, so that a score depends on no other language, nor on whether
the vectors were at hand, in the store, or had to be computed.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch

from trainables.evaluate import read
from trainables.keys import evaluation_node, pool_node
from trainables.kinds import KINDS
from trainables.kinds.dual_encoder import nearest_passages
from trainables.kinds.kind import Outputs
from trainables.nodes import Computed, Event, Progress, Result, Tensors, Trial, weights_of
from trainables.steps import FORWARD_SHARE, load_with_head
from trainables.workbench import Selection


def pool_reading(trial: Trial, model: Computed, rows: Selection) -> Computed:
    """The vectors of all passages from which rows are answered.

    Rows of different languages with the same passages have the same node.
    """
    bench, target = trial.bench, rows.task
    passages = bench.passages(rows)
    node = pool_node(
        model.node,
        passages=passages.hash,
        max_length=bench.encoder.max_length(target),
        numerics=bench.numerics(bench.setup.recipe_of_target(target)),
    )
    name = f"the passages of {target.name}, {len(passages.rows)} of them"

    def compute() -> Generator[Event, None, Result]:
        weights = yield from weights_of(trial, model)
        yield Progress(name)
        said = _read(trial, weights, passages)
        vectors = torch.from_numpy(np.stack(list(said["passage"])))
        return Result(
            values={"passages": len(vectors)},
            examples=FORWARD_SHARE * len(vectors),
            tensors={"passages": vectors},
        )

    return Computed(node, compute, name)


def answering(trial: Trial, model: Computed, pool: Computed, rows: Selection) -> Computed:
    """Scores of a model on the rows of one language, answered from a pool that it has read."""
    bench, target = trial.bench, rows.task
    node = evaluation_node(
        model.node,
        task=target.name,
        language=rows.language,
        rows=rows.hash,
        pool=pool.node,
        max_length=bench.encoder.max_length(target),
        numerics=bench.numerics(bench.setup.recipe_of_target(target)),
    )
    name = f"{target.name} in {rows.language}, from {len(bench.passages(rows).rows)} passages"

    def compute() -> Generator[Event, None, Result]:
        weights = yield from weights_of(trial, model)
        vectors = np.array((yield from weights_of(trial, pool))["passages"])
        yield Progress(name)
        questions = bench.questions(rows)
        said = _read(trial, weights, questions)
        texts = [text for (text,) in bench.passages(rows).rows["candidates"]]
        found = [nearest_passages(vector, vectors, texts) for vector in said["question"]]
        return Result(
            values={
                "metrics": KINDS[target.kind].score(target, rows.language, rows.rows, found),
                "items": len(rows.rows),
                "by_layer": {},
            },
            examples=FORWARD_SHARE * len(rows.rows),
        )

    return Computed(node, compute, name)


def _read(trial: Trial, weights: Tensors, chosen: Selection) -> Outputs:
    """What a model says of rows."""
    bench, target = trial.bench, chosen.task
    head = load_with_head(bench, target, weights)
    recipe = bench.setup.recipe_of_target(target)
    encoded = bench.encoded(chosen)
    return read(bench.encoder, head, target, encoded, precision=recipe.precision)
