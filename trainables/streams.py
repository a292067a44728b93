"""Which random numbers does a training draw? Streams named by (seed, task, purpose).

Never by the prefix: equal seeds give equal subsets, orders and heads in every curriculum, so that
two curricula are compared in pairs (DESIGN, idea 1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

Purpose = Literal["subset", "order", "head", "dropout", "mixture"]


def stream(seed: int, task: str, purpose: Purpose, index: int = 0) -> torch.Generator:
    """A fresh CPU generator; `index` counts independent draws, such as epochs or steps."""
    return torch.Generator().manual_seed(_stream_seed(seed, task, purpose, index))


def subset_indices(num_rows: int, num_examples: int, seed: int, task: str) -> NDArray[np.int64]:
    """The first `num_examples` of a random order of the rows: smaller subsets are prefixes.

    Raises:
        ValueError: if more examples are asked for than there are rows.
    """
    if not 1 <= num_examples <= num_rows:
        raise ValueError(
            f"{num_examples} examples of {task} were asked for, but it has {num_rows} training "
            f"examples; ask for 1 to {num_rows}, or for {task}:full"
        )
    order = torch.randperm(num_rows, generator=stream(seed, task, "subset"))
    return order[:num_examples].numpy()


def dropout_seed(seed: int, task: str, step: int) -> int:
    """Seed of the dropout masks of one optimizer step: a resumed training needs no saved state."""
    return _stream_seed(seed, task, "dropout", step)


@contextmanager
def seeded_dropout(seed: int, task: str, step: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators, which dropout draws from, and put them back afterwards.

    `torch.manual_seed` would do, but it also queues a seed, with a stack trace, for each kind of
    accelerator that is not there: 5 % of the embedded world's training.
    """
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_gpu else []):
        drawn = dropout_seed(seed, task, step)
        torch.default_generator.manual_seed(drawn)
        if on_gpu:
            torch.cuda.manual_seed_all(drawn)
        yield


def _stream_seed(seed: int, task: str, purpose: str, index: int) -> int:
    name = "\0".join((str(seed), task, purpose, str(index)))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
