"""How is one node of the tree of everything computed had? From the store, or computed once.

A node knows its parent: if the parent's weights were evicted or damaged, they are computed again.
Two trials that miss the same node at the same time do not both compute it (leases).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from trainables.assignment import Assignment
from trainables.keys import Node
from trainables.leases import Leases
from trainables.store import Entry
from trainables.workbench import Workbench

LEASE_POLL_SECONDS = 0.1

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Progress:
    """Something is being computed; sent often."""

    detail: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another trial computes what this one needs."""

    detail: str
    seconds: float


Event = Progress | Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What computing a node gave."""

    values: Mapping[str, Any]
    examples: float
    tensors: Tensors | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """A node with the way to compute it."""

    node: Node
    compute: Callable[[], Generator[Event, None, Result]]
    name: str
    """For people."""


@dataclass(slots=True, kw_only=True)
class Trial:
    """One running assignment: the tools it works with and the nodes it stands on."""

    assignment: Assignment
    bench: Workbench
    leases: Leases
    _keys: dict[str, None] = field(default_factory=dict)

    @property
    def creator(self) -> str:
        """Names this trial in the store, across restarts."""
        return ":".join([self.bench.setup.run_id, *map(str, self.assignment.identity)])

    def account(self, node: Node, entry: Entry) -> tuple[float, float, float]:
        """Examples needed, examples paid and seconds paid for a node; zeros from the second time.

        Paid is what this trial computed itself, be it before an interruption.
        """
        if node.key in self._keys:
            return 0.0, 0.0, 0.0
        self._keys[node.key] = None
        mine = entry.creator == self.creator
        return entry.examples, entry.examples if mine else 0.0, entry.seconds if mine else 0.0

    def pin(self) -> None:
        """Protect the weights that this trial stands on from eviction."""
        self.bench.store.pin(self.creator, self._keys)


def ensure(
    trial: Trial, computed: Computed, *, weights: bool = False
) -> Generator[Event, None, Entry]:
    """The entry of a node, computed now if it is not in the store.

    Args:
        trial: who asks.
        computed: what for.
        weights: whether the weights are wanted too, so that an evicted entry is a miss.
    """
    store, key = trial.bench.store, f"{computed.node.key} {computed.node.numerics}"
    accept = trial.bench.setup.accept_other_numerics

    def find() -> Entry | None:
        return store.find(computed.node, weights=weights, accept_other_numerics=accept)

    while (entry := find()) is None and not trial.leases.acquire(key):
        yield Waiting(f"waiting for {computed.name}", LEASE_POLL_SECONDS)
        time.sleep(LEASE_POLL_SECONDS)
    if entry is not None:
        return entry
    try:
        entry = find()  # its last holder may have finished it between the look and the lease
        return entry or (yield from _compute(trial, computed))
    finally:
        trial.leases.release(key)


def as_found(computed: Computed, entry: Entry) -> Computed:
    """The node under the numerics class of its entry, which its children inherit.

    It differs only where another class was accepted.
    """
    return replace(computed, node=replace(computed.node, numerics=entry.numerics))


def _compute(trial: Trial, computed: Computed) -> Generator[Event, None, Entry]:
    started = time.monotonic()
    result = yield from computed.compute()
    if result.tensors is not None:
        trial.bench.remember(computed.node, result.tensors)
    return trial.bench.store.commit(
        computed.node,
        values=result.values,
        examples=result.examples,
        seconds=round(time.monotonic() - started, 3),
        creator=trial.creator,
        tensors=result.tensors,
    )


def weights_of(trial: Trial, computed: Computed) -> Generator[Event, None, Tensors]:
    """The weights of a node: from memory, from the store, or computed again."""
    if computed.node.kind == "encoder":
        return trial.bench.pretrained
    while (tensors := trial.bench.recalled(computed.node)) is None:
        entry = yield from ensure(trial, computed, weights=True)
        tensors = trial.bench.store.tensors(entry)
        if tensors is not None:
            trial.bench.remember(computed.node, tensors)
    return tensors


def pretrained(trial: Trial) -> Computed:
    """The encoder before any stage: its weights are at hand."""

    def compute() -> Generator[Event, None, Result]:
        yield Progress("the pretrained encoder")
        return Result(values={}, examples=0.0, tensors=trial.bench.pretrained)

    return Computed(trial.bench.root, compute, "the pretrained encoder")
