"""What is the name of something computed? The hash of everything that produced it.

key_k = hash(key_{k-1}, what was done, rows, recipe, seed, VERSION), key_0 = hash(encoder). A node
holds its inputs in clear beside the key, so that an entry in the store explains itself.

What the key leaves out, on purpose: worker count, paths, logging, how often partial checkpoints
are written, store limits. The numerics class (device, dtype, threads, torch, micro-batch) is kept
beside the key, not in it: the same content computed by another class is a different entry of the
same node (DESIGN idea 1; Tango's step ids chain in the same way).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

VERSION = 2
"""Raise it when training, encoding or scoring changes what the same inputs give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numerics:
    """What decides the bits of a floating-point result besides its inputs."""

    device: str
    """Device type, `cpu` or `cuda`; for cuda with the device's name."""
    dtype: str
    threads: int
    """CPU threads of one trial."""
    torch: str
    """Major and minor version."""

    def label(self, micro_batch: int) -> str:
        """One line for entries and observations, such as `cpu float32 threads=1 torch=2.13`."""
        return (
            f"{self.device} {self.dtype} threads={self.threads} torch={self.torch} "
            f"micro={micro_batch}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Something that can be computed, with its name."""

    kind: str
    """encoder, stage, target, pool, evaluation or feature."""
    inputs: Mapping[str, Any]
    """JSON values that decide the content."""
    numerics: str
    """Numerics classes of the node and of all it was made from."""

    @property
    def key(self) -> str:
        """40 hexadecimal digits of the content's name, without the numerics class."""
        return digest({"kind": self.kind, "version": VERSION, **self.inputs})


def digest(value: Any) -> str:
    """40 hexadecimal digits of SHA-256 over canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def numerics_here(*, device: str, dtype: str, threads: int) -> Numerics:
    """The numerics class of this process."""
    name = device
    if device.startswith("cuda"):
        name = f"cuda {torch.cuda.get_device_name()}"
    major_minor = ".".join(torch.__version__.split(".")[:2])
    return Numerics(device=name, dtype=dtype, threads=threads, torch=major_minor)


def chain_numerics(parent: str, own: str) -> str:
    """Classes of the parent's chain and of this step, each once."""
    classes = [*(parent.split(" | ") if parent else []), own]
    return " | ".join(dict.fromkeys(classes))


def encoder_node(encoder_hash: str) -> Node:
    """The pretrained encoder: key_0. It was not computed here, so it has no numerics class."""
    return Node(kind="encoder", inputs={"encoder": encoder_hash}, numerics="")


def feature_node(
    parents: Sequence[Node], *, purpose: str, inputs: Mapping[str, Any], numerics: str = ""
) -> Node:
    """What was measured on encoders, texts or other features: a similarity, an embedding.

    Args:
        parents: what it was measured on, in order.
        purpose: says what is measured, with its own version where the meaning changed.
        inputs: JSON values that decide it besides the parents.
        numerics: class of this step; none where it only counts or compares.
    """
    classes = ""
    for one in [*(parent.numerics for parent in parents), numerics]:
        for each in filter(None, one.split(" | ")):
            classes = chain_numerics(classes, each)
    named = {"parents": [parent.key for parent in parents], "purpose": purpose, **inputs}
    return Node(kind="feature", inputs=named, numerics=classes)


def stage_node(
    parent: Node,
    *,
    parts: Sequence[Mapping[str, Any]],
    recipe: Mapping[str, Any],
    seed: int,
    numerics: str,
) -> Node:
    """A stage trained on a parent encoder. Each part: task, num_examples, rows, max_length."""
    inputs = {"parent": parent.key, "parts": list(parts), "recipe": dict(recipe), "seed": seed}
    return Node(kind="stage", inputs=inputs, numerics=chain_numerics(parent.numerics, numerics))


def target_node(
    parent: Node,
    *,
    part: Mapping[str, Any],
    dev_rows: str,
    recipe: Mapping[str, Any],
    seed: int,
    numerics: str,
) -> Node:
    """A target's English training set, fine-tuned on a parent encoder, best step by dev rows."""
    inputs = {
        "parent": parent.key,
        "part": dict(part),
        "dev_rows": dev_rows,
        "recipe": dict(recipe),
        "seed": seed,
    }
    return Node(kind="target", inputs=inputs, numerics=chain_numerics(parent.numerics, numerics))


def pool_node(model: Node, *, passages: str, max_length: int, numerics: str) -> Node:
    """The vectors that a model gives to passages, named by the hash of these."""
    inputs = {"model": model.key, "passages": passages, "max_length": max_length}
    return Node(kind="pool", inputs=inputs, numerics=chain_numerics(model.numerics, numerics))


def evaluation_node(
    model: Node,
    *,
    task: str,
    language: str,
    rows: str,
    max_length: int,
    tuned_on: str | None = None,
    pool: Node | None = None,
    layer: int | None = None,
    pooling: str | None = None,
    other_layers: Sequence[int] = (),
    numerics: str,
) -> Node:
    """Scores of a model on rows of one task and language.

    Args:
        model: the model.
        task: its name.
        language: of the rows.
        rows: their hash.
        max_length: tokens of a sequence.
        tuned_on: hash of the rows that choose a threshold, if those are others.
        pool: passages that the model has read for several languages.
        layer: hidden layer, of tasks that are not trained; so are the next two.
        pooling: of the layer.
        other_layers: hidden layers that are scored too.
        numerics: class of this step.
    """
    inputs = {
        "model": model.key,
        "task": task,
        "language": language,
        "rows": rows,
        "max_length": max_length,
        "tuned_on": tuned_on,
        "pool": None if pool is None else pool.key,
        "layer": layer,
        "pooling": pooling,
        "other_layers": list(other_layers),
    }
    parent = pool or model
    return Node(
        kind="evaluation", inputs=inputs, numerics=chain_numerics(parent.numerics, numerics)
    )
