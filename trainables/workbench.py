"""What does a process keep at hand between trials? Encoder, store, rows, tokenised data."""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spaces.curriculum import Curriculum, Part, Stage
from trainables.assignment import Setup
from trainables.batches import TrainingPart
from trainables.data import load_rows, provenance, rows_hash
from trainables.encoded import EncodedRows, encoded
from trainables.encoder import (
    Encoder,
    encoder_key,
    encoder_tensors,
    load_encoder,
    tokenizer_content,
)
from trainables.kept_hashes import RowPlaces, kept_hashes
from trainables.keys import VERSION, Node, Numerics, digest, encoder_node, numerics_here
from trainables.overlaps import Hashes, distinct, overlap_with
from trainables.pools import passages_of, questions_of
from trainables.precision import autocast_dtype
from trainables.recipe import Recipe
from trainables.store import Store
from trainables.streams import subset_indices
from trainables.tasks.task import SplitName, Task

TENSORS_KEPT = 3
"""Weights kept in memory: the encoder of the trial, its last target, one more."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows really selected of one task, language and split."""

    task: Task
    language: str
    split: SplitName
    rows: Any
    """The selected canonical rows, a `datasets.Dataset`."""
    indices: NDArray[np.int64]
    """Their places in the whole split."""
    hash: str
    """Names their content: part of every key that depends on them."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What must stand beside a score in every table."""

    stand_in: bool
    """The rows are a mirror's stand-in for the true split."""
    overlap: float
    """Share of the rows that have a text in common with the stages' rows."""
    train_overlap: float | None
    """The same share of the rows that fine-tuned the target; None if nothing did."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The encoder with what it was before anything was trained."""

    encoder: Encoder
    weights: dict[str, torch.Tensor]
    hash: str


class Workbench:
    """Loaded once per process and setup."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.catalogue = setup.catalogue
        torch.set_num_threads(setup.threads)
        torch.use_deterministic_algorithms(setup.device == "cpu")
        self._private = tempfile.TemporaryDirectory() if setup.store is None else None
        path = setup.store if self._private is None else self._private.name
        self.store = Store(str(path), limit_bytes=setup.store_limit_bytes)
        self._selections: dict[tuple[Any, ...], Selection] = {}
        self._all_rows: dict[tuple[str, str, str], Any] = {}
        self._split_hashes: dict[str, str] = {}
        self._seen: dict[tuple[str, ...], Hashes] = {}
        self._overlaps: dict[tuple[str, ...], float] = {}
        self._tensors: OrderedDict[str, dict[str, torch.Tensor]] = OrderedDict()
        self._pool: dict[str, dict[str, torch.Tensor]] = {}

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder in memory; training overwrites its weights."""
        layer = self.setup.retrieval_layer
        loaded = self._loaded.encoder
        return loaded if layer is None else loaded.at_layer(layer)

    @cached_property
    def other_layers(self) -> list[int]:
        """Hidden layers at which tasks that are not trained are scored too.

        Raises:
            EncoderError: if the encoder lacks one of them.
        """
        return self._loaded.encoder.layers(self.setup.retrieval_layers)

    @property
    def root(self) -> Node:
        """The node of the pretrained encoder."""
        return encoder_node(self._loaded.hash)

    @property
    def pretrained(self) -> dict[str, torch.Tensor]:
        """The weights of the pretrained encoder."""
        return self._loaded.weights

    @cached_property
    def _loaded(self) -> _Loaded:
        mirror = None if self.setup.mirror is None else Path(self.setup.mirror)
        encoder = load_encoder(
            self.setup.encoder,
            revision=self.setup.revision,
            mirror=mirror,
            device=self.setup.device,
        )
        return _Loaded(encoder, encoder_tensors(encoder.model), encoder_key(encoder))

    def numerics(self, recipe: Recipe) -> str:
        """The numerics class of something computed here with a recipe."""
        device = torch.device(self.setup.device)
        dtype = autocast_dtype(recipe.precision, device) or torch.float32
        here: Numerics = numerics_here(
            device=self.setup.device,
            dtype=str(dtype).removeprefix("torch."),
            threads=self.setup.threads,
        )
        return here.label(recipe.micro_batch)

    def num_rows(self, task: str) -> int:
        """Training rows that are really there."""
        return len(self._training_split(self.catalogue.get(task)))

    def stage_parts(self, stage: Stage) -> tuple[Part, ...]:
        """What a stage is trained on: its own parts, then the study's interleaved task."""
        woven = self.setup.interleave
        added = None if woven is None else woven.part(stage, self.num_rows(woven.task))
        return stage.parts if added is None else (*stage.parts, added)

    def training_rows(self, task: str, num_examples: int, seed: int) -> Selection:
        """A nested random subset of the training rows; 0 examples means all."""
        record = self.catalogue.get(task)

        def choose(rows: Any) -> NDArray[np.int64]:
            return subset_indices(len(rows), num_examples or len(rows), seed, task)

        return self._select(record, record.source_language, "train", choose, (num_examples, seed))

    def dev_items(self, task: Task, limit: int) -> Selection:
        """At most `limit` rows of the dev split, in the language that the task trains in."""
        return self.items(task.name, task.source_language, "dev", limit)

    def items(self, task: str, language: str, split: SplitName, limit: int) -> Selection:
        """At most `limit` items (0: all), the same ones in every language: least hash of the id."""
        record = self.catalogue.get(task)

        return self._select(record, language, split, partial(item_indices, limit=limit), (limit,))

    def passages(self, selection: Selection) -> Selection:
        """The different passages from which the questions of a selection are answered."""
        return self._made_of(selection, "passages", passages_of)

    def questions(self, selection: Selection) -> Selection:
        """The questions of a selection, without their candidates."""
        return self._made_of(selection, "questions", questions_of)

    def training_part(self, selection: Selection) -> TrainingPart:
        """Selected training rows, with their whole split tokenised (once for all subsets)."""
        task = selection.task
        tokens = self._encode(self._training_split(task), self._split_hash(task), task)
        return TrainingPart(task=task, encoded=tokens, rows=selection.indices)

    def encoded(self, selection: Selection) -> EncodedRows:
        """The tokenised rows of a selection, memory-mapped."""
        return self._encode(selection.rows, selection.hash, selection.task)

    def _encode(self, rows: Any, content: str, task: Task) -> EncodedRows:
        max_length = self.encoder.max_length(task)
        about = [content, self._tokenizer_hash, task.kind, list(task.labels), max_length, VERSION]
        folder = Path(self.setup.cache) / "encoded"
        return encoded(
            rows,
            task,
            self.encoder.tokenizer,
            max_length,
            folder,
            digest(about),
            processes=self.setup.threads,
        )

    def _split_hash(self, task: Task) -> str:
        if task.name not in self._split_hashes:
            self._split_hashes[task.name] = rows_hash(self._training_split(task))
        return self._split_hashes[task.name]

    def _training_split(self, task: Task) -> Any:
        return self._load(task, task.source_language, "train")

    def marks(
        self, scored: Selection, trained_on: Selection | None, stages: Curriculum, seed: int
    ) -> Marks:
        """Stand-in and overlaps of scored rows, for a curriculum trained with a stage seed.

        Args:
            scored: the rows.
            trained_on: those that fine-tuned the target; None if nothing did.
            stages: the curriculum.
            seed: of its stages.
        """
        parts = [part for stage in stages.stages for part in self.stage_parts(stage)]
        trained = [self.training_rows(part.task, part.num_examples, seed) for part in parts]
        return Marks(
            stand_in=bool(provenance(scored.rows).get("stand_in")),
            overlap=self._overlap(scored, trained),
            train_overlap=None if trained_on is None else self._overlap(trained_on, trained),
        )

    def _overlap(self, rows: Selection, trained: list[Selection]) -> float:
        """Share of the rows that have a text in common with the others."""
        names = tuple(sorted(selection.hash for selection in trained))
        key = (rows.hash, *names)
        if key not in self._overlaps:
            if names not in self._seen:  # those of one curriculum are enough
                self._seen = {names: distinct([self._hashes(s) for s in trained])}
            self._overlaps[key] = overlap_with(self._seen[names], self._hashes(rows)).share
        return self._overlaps[key]

    def _hashes(self, selection: Selection) -> Hashes:
        places = RowPlaces(
            catalogue=self.catalogue,
            mirror=None if self.setup.mirror is None else Path(self.setup.mirror),
            cache=Path(self.setup.cache),
            skip_bad_rows=self.setup.skip_bad_rows,
        )
        whole = kept_hashes(selection.task, selection.language, selection.split, places)
        chosen: Hashes = whole[selection.indices]
        return chosen

    def remember(self, node: Node, tensors: dict[str, torch.Tensor]) -> None:
        """Keep weights in memory for the steps that follow; one pool, until other weights come."""
        self._pool = {}
        if node.kind == "pool":
            self._pool[_full_name(node)] = tensors
            return
        self._tensors[_full_name(node)] = tensors
        self._tensors.move_to_end(_full_name(node))
        while len(self._tensors) > TENSORS_KEPT:
            self._tensors.popitem(last=False)

    def recalled(self, node: Node) -> dict[str, torch.Tensor] | None:
        """What is kept in memory, if it still is."""
        return (self._pool if node.kind == "pool" else self._tensors).get(_full_name(node))

    @cached_property
    def _tokenizer_hash(self) -> str:
        return digest(tokenizer_content(self.encoder.tokenizer))

    def _select(
        self, task: Task, language: str, split: SplitName, choose: Any, how: tuple[Any, ...]
    ) -> Selection:
        name = (task.name, language, split, *how)
        if name not in self._selections:
            rows = self._load(task, language, split)
            indices = choose(rows)
            chosen = rows.select(indices)
            self._selections[name] = Selection(
                task, language, split, chosen, indices, rows_hash(chosen)
            )
        return self._selections[name]

    def _made_of(self, selection: Selection, what: str, make: Callable[[Any], Any]) -> Selection:
        name = (what, selection.task.name, selection.language, selection.hash)
        if name not in self._selections:
            rows = make(selection.rows)
            self._selections[name] = replace(
                selection, rows=rows, indices=np.arange(len(rows)), hash=rows_hash(rows)
            )
        return self._selections[name]

    def _load(self, task: Task, language: str, split: SplitName) -> Any:
        name = (task.name, language, split)
        if name not in self._all_rows:
            mirror = None if self.setup.mirror is None else Path(self.setup.mirror)
            self._all_rows[name] = load_rows(
                task,
                language,
                split,
                mirror=mirror,
                cache=Path(self.setup.cache),
                skip_bad_rows=self.setup.skip_bad_rows,
            )
        return self._all_rows[name]


def item_indices(rows: Any, limit: int) -> NDArray[np.int64]:
    """Which rows are scored: at most `limit` (0: all), those with the least hash of the id."""
    ids = list(rows["id"])
    order = sorted(range(len(ids)), key=lambda i: digest(ids[i]))
    return np.array(sorted(order[: limit or len(ids)]), dtype=np.int64)


def recipe_inputs(recipe: Recipe, *, num_tasks: int = 1) -> dict[str, Any]:
    """What of a recipe is part of a key: all but what the numerics class says.

    How tasks are sampled is left out where there is one.
    """
    fields = asdict(recipe)
    del fields["micro_batch"], fields["precision"], fields["gradient_checkpointing"]
    if num_tasks == 1:
        del fields["sampling"], fields["sampling_cap"], fields["sampling_temperature"]
    return fields


def _full_name(node: Node) -> str:
    return f"{node.key} {node.numerics}"
