"""What does a kind of task do? The record of its functions; the table is KINDS.

A kind knows canonical columns (trainables/tasks/task.py) and never the name of a data set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn

from trainables.kinds.heads import NewHead
from trainables.ragged import Features
from trainables.tasks.task import KindName, Task

Batch = dict[str, Tensor]
"""input_ids and attention_mask (sequences, tokens), and a kind's own tensors, on one device."""
Outputs = Mapping[str, Sequence[Any]]
"""What a head said, one entry per feature."""


class Rows(Protocol):
    """Canonical rows by column: a `datasets.Dataset` or a dict of lists."""

    def __getitem__(self, column: str, /) -> Sequence[Any]:
        """One value per row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How predictions of a metric are cut at a threshold that labelled rows have chosen."""

    best: Callable[[Rows, Sequence[Any]], float]
    """(labelled rows, predictions) -> their best threshold."""
    keep: Callable[[Sequence[Any], float], list[Any]]
    """(predictions, threshold) -> predictions that pass it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Behaviour of all tasks of one form, as functions."""

    name: KindName
    trains: bool
    """Whether it has a head and a loss; the others read a hidden layer as it is."""
    encode: Callable[[Mapping[str, Sequence[Any]], Task, Any, int], dict[str, list[Any]]]
    """(rows with their indices as `row`, task, fast tokenizer, max_length) -> feature columns.
    A row may give several features; they stay together and in the order of the rows."""
    collate: Callable[[Features, int], Batch]
    """(features, pad id) -> tensors padded to the longest."""
    new_head: NewHead
    """A head freshly drawn from the generator, on the CPU."""
    loss: Callable[[nn.Module, Tensor, Batch], Tensor]
    """(head, hidden (sequences, tokens, hidden), batch) -> scalar, a mean."""
    outputs: Callable[[nn.Module, Tensor, Batch], dict[str, Tensor]]
    """As loss, but what decode needs: tensors whose first axis is the feature."""
    decode: Callable[[Task, Rows, Features, Outputs], list[Any]]
    """One JSON-able prediction per row."""
    score: Callable[[Task, str, Rows, Sequence[Any]], dict[str, float]]
    """(task, language, rows, predictions) -> metrics in [0, 1]; `task.metric` is among them."""
    majority: Callable[[Task, Rows, Features], float]
    """`task.metric` of the best constant answer: what a collapsed model reaches. The features are
    those of the rows: where the answers are tokens, the rows alone do not say them."""
    tunings: Mapping[str, Tuning] = field(default_factory=dict)
    """Metric to how its threshold is tuned. Most metrics have none."""
    sides: int = 1
    """Sequences that a scored item is counted as: its two texts, where they are read apart."""
