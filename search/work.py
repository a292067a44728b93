"""What must be computed for a trial, and what do trials share? Pieces of work, without doing it.

The same nodes and the same examples as `trainables/steps.py` makes, counted beforehand: equal
pieces have equal names and are computed once. Left out: a collapsed stage's second attempt.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from search.calibration import Rates
from spaces.curriculum import Part, Stage, parse_curriculum
from trainables.assignment import (
    Assignment,
    Interleave,
    RungWork,
    stage_dev_items,
    target_dev_items,
)
from trainables.kinds import KINDS
from trainables.recipe import Recipe
from trainables.sampling import batches_per_epoch, batches_per_pass
from trainables.tasks.task import SplitName, Task

PARTS = ("stage", "target", "evaluation")
FORWARD_SHARE = 1 / 3
"""What scoring an example costs, in examples of training (`trainables/steps.py`)."""

Name = tuple[Hashable, ...]


class Facts(Protocol):
    """What counting must know of data and recipes."""

    def task(self, name: str) -> Task:
        """The task of that name."""

    def rows(self, task: str, split: SplitName, language: str) -> int:
        """Rows that are really there."""

    def passages(self, task: str, split: SplitName, language: str, limit: int) -> int:
        """Different passages from which at most `limit` items (0: all) are answered."""

    def features_per_row(self, task: str) -> float:
        """Training features of a row: long texts give several."""

    def recipe_of_stage(self, tasks: tuple[str, ...]) -> Recipe:
        """How a stage of these tasks is trained."""

    def recipe_of_target(self, target: Task) -> Recipe:
        """How a target is trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One node of the tree of everything computed."""

    name: Name
    """Equal names: the same node."""
    part: str
    """stage, target or evaluation."""
    trained: Mapping[str, float]
    """Examples trained on, by task, epochs counted."""
    scored: Mapping[str, float]
    """Items scored, by task; of a pool its passages."""
    forward: float = 1.0
    """Forward passes of a scored item."""

    @property
    def examples(self) -> float:
        """Its cost in examples; a forward pass counts a third."""
        passes = sum(self.trained.values()), self.forward * sum(self.scored.values())
        return passes[0] + FORWARD_SHARE * passes[1]

    def seconds(self, rates: Rates) -> float:
        """Its cost in seconds of one trial slot."""
        training = sum(n * rates.train_seconds[task] for task, n in self.trained.items())
        return training + sum(n * rates.score_seconds[task] for task, n in self.scored.items())


class Counter:
    """Makes the pieces of trials.

    Args:
        facts: of the study's data and recipes.
        interleave: the task that every stage is trained jointly with.
    """

    def __init__(self, facts: Facts, interleave: Interleave | None = None) -> None:
        self._facts, self._interleave = facts, interleave

    def pieces(self, assignment: Assignment, *, until: int | None = None) -> dict[Name, Piece]:
        """All pieces of a trial up to a rung (None: the last), each once."""
        rungs = assignment.rungs if until is None else assignment.rungs[: until + 1]
        found = [piece for work in rungs for piece in self._of_rung(assignment, work)]
        return {piece.name: piece for piece in found}

    def _of_rung(self, assignment: Assignment, work: RungWork) -> Iterator[Piece]:
        encoder: Name = ("encoder",)
        for stage in parse_curriculum(work.curriculum).stages:
            piece = self._stage(encoder, stage, assignment.stage_seed)
            encoder = piece.name
            yield piece
        for target in work.train_examples:
            task, model = self._facts.task(target), encoder
            if task.kind != "retrieval":
                training = self._target(encoder, task, work, assignment)
                model = training.name
                yield training
            for split, languages in work.splits.items():
                spoken = languages.get(target, ())
                if spoken and task.multilingual_pool:
                    yield self._pool(model, task, spoken[0], split, work.eval_items)
                for language in spoken:
                    yield self._evaluation(model, task, language, split, work.eval_items)

    def _stage(self, encoder: Name, stage: Stage, seed: int) -> Piece:
        parts = self._parts(stage)
        recipe = self._facts.recipe_of_stage(stage.tasks)
        return Piece(
            name=("stage", encoder, str(stage), seed),
            part="stage",
            trained=self._trained(parts, recipe),
            scored={
                part.task: self._dev(part.task, stage_dev_items(part.num_examples))
                for part in parts
            },
        )

    def _parts(self, stage: Stage) -> list[Part]:
        woven, parts = self._interleave, list(stage.parts)
        if woven is not None:
            added = woven.part(stage, self._facts.rows(woven.task, "train", "en"))
            parts += [] if added is None else [added]
        return parts

    def _trained(self, parts: Sequence[Part], recipe: Recipe) -> dict[str, float]:
        """Examples of all epochs; of a sampled task to within a batch, since its last is drawn."""
        sizes = [p.num_examples * self._facts.features_per_row(p.task) for p in parts]
        shares = batches_per_epoch([round(size) for size in sizes], recipe)
        return {
            part.task: size * recipe.epochs * share / batches_per_pass(round(size), recipe)
            for part, size, share in zip(parts, sizes, shares, strict=True)
        }

    def _target(self, encoder: Name, target: Task, work: RungWork, assignment: Assignment) -> Piece:
        source = target.train_task or target.name
        num_examples, dev = work.train_examples[target.name], target_dev_items(work.eval_items)
        recipe = self._facts.recipe_of_target(target)
        epochs = recipe.epochs + round(assignment.extra_examples / num_examples)
        changes = (assignment.learning_rate_factor, epochs, recipe)
        looks = recipe.evaluations or epochs
        features = num_examples * self._facts.features_per_row(source)
        return Piece(
            name=("target", encoder, source, num_examples, dev, assignment.target_seed, *changes),
            part="target",
            trained={source: features * epochs},
            scored={source: float(looks * self._dev(source, dev))},
        )

    def _pool(self, model: Name, target: Task, language: str, split: str, limit: int) -> Piece:
        """What all languages are answered from, taken to have the same items."""
        passages = self._facts.passages(target.name, _split(split), language, limit)
        return Piece(
            name=("pool", model, target.name, split, passages),
            part="evaluation",
            trained={},
            scored={target.name: float(passages)},
        )

    def _evaluation(
        self, model: Name, target: Task, language: str, split: str, limit: int
    ) -> Piece:
        there = self._facts.rows(target.name, _split(split), language)
        items = min(limit or there, there)
        read = items
        if split == "report" and target.metric in KINDS[target.kind].tunings:
            tuning = self._facts.rows(target.name, "search", language)
            read += min(limit or tuning, tuning)
        return Piece(
            name=("evaluation", model, target.name, language, split, items),
            part="evaluation",
            trained={},
            scored={target.name: float(read)},
            forward=1 if target.multilingual_pool else KINDS[target.kind].sides,
        )

    def _dev(self, task: str, limit: int) -> int:
        return min(limit, self._facts.rows(task, "dev", "en"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Examples and seconds by part, needed (nothing shared) and paid (equal pieces once)."""

    needed: Mapping[str, float]
    paid: Mapping[str, float]
    seconds: Mapping[str, float] | None
    """Of one slot, for what is paid; None without a calibration."""
    encoders: int
    """New weights of the size of the encoder."""


def cost_of(trials: Sequence[Mapping[Name, Piece]], known: set[Name], rates: Rates | None) -> Cost:
    """What trials cost one after the other; `known` pieces are free, and new ones are added."""
    new: dict[Name, Piece] = {}
    for pieces in trials:
        new |= {name: piece for name, piece in pieces.items() if name not in known}
    known.update(new)
    timed = None if rates is None else [(p.part, p.seconds(rates)) for p in new.values()]
    return Cost(
        needed=_by_part((p.part, p.examples) for pieces in trials for p in pieces.values()),
        paid=_by_part((p.part, p.examples) for p in new.values()),
        seconds=None if timed is None else _by_part(timed),
        encoders=sum(piece.part != "evaluation" for piece in new.values()),
    )


def _by_part(amounts: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums = dict.fromkeys(PARTS, 0.0)
    for part, amount in amounts:
        sums[part] += amount
    return sums


def _split(name: str) -> SplitName:
    return "search" if name == "search" else "report"
