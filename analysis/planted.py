"""Would a method find an effect that is there? Observations of a world whose truth is planted.

The truth of a curriculum's score in a language is a sum of named effects. Noise has the dependence
of real runs: every stage node (a prefix at a stage seed) has one draw that all curricula on that
prefix share, every target run has its own, a target seed moves all curricula together, and finite
items blur each score, partly alike for all curricula since they are scored on the same items.
Nothing is trained, and nothing here describes real tasks or languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.objective import ENGLISH
from analysis.observations import as_frame
from spaces.curriculum import EMPTY_TEXT, Curriculum, parse_curriculum

Array = NDArray[np.float64]
METRIC = "accuracy"
LAWS = ("none", "power", "saturating")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Standard deviations of what differs between repetitions, in score."""

    node: float = 0.01
    """Of a stage node, alike in all languages; shared by every curriculum with that prefix."""
    node_language: float = 0.005
    """Of a stage node, of its own in each target and language."""
    run: float = 0.01
    """Of a target run: one curriculum at one pair of seeds, alike in the target's languages."""
    seed: float = 0.01
    """Of a target seed: moves every curriculum alike in a target (same head, same data order)."""
    items: int = 400
    """Items per language; a score p varies by p (1 - p) / items."""
    shared_items: float = 0.5
    """Share of that variance that is alike in all curricula and seeds; the rest is a run's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLaw:
    """Gain of a stage of n examples: offset + scale * f(n)."""

    kind: str = "none"
    """none: f = 0; power: f = (n / 1000)^shape; saturating: f = n / (n + shape)."""
    offset: float = 0.0
    scale: float = 0.0
    shape: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in LAWS or self.shape <= 0:
            raise ValueError(
                f"size law {self.kind!r} of shape {self.shape}; "
                f"wanted one of {', '.join(LAWS)} and a shape above 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A difference in differences: what stages of some tasks add in some languages alone."""

    tasks: frozenset[str]
    languages: frozenset[str]
    effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is run, what is true of it, and its noise."""

    curricula: tuple[str, ...]
    targets: tuple[str, ...] = ("planted",)
    languages: tuple[str, ...] = (ENGLISH, "l1", "l2", "l3")
    base: float = 0.5
    """Score without stages."""
    english: float = 0.2
    """What English scores above the others."""
    task: Mapping[str, float] = field(default_factory=dict)
    """Gain of a task wherever it stands."""
    place: Mapping[str, float] = field(default_factory=dict)
    """What every stage before it adds to a task's gain."""
    precedence: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """What (A, B) gains when A stands anywhere before B, above B before A."""
    size: Mapping[str, SizeLaw] = field(default_factory=dict)
    contrast: Contrast | None = None
    affinity: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Gain of a (task, language)."""
    covariate: Mapping[str, float] = field(default_factory=dict)
    """A number per language."""
    slope: float = 0.0
    """Gain of every curriculum with stages per unit of the covariate."""
    language_sd: float = 0.0
    """Of the gain between languages, the same for all tasks."""
    task_language_sd: float = 0.0
    """Of the gain between pairs of task and language; languages and tasks are crossed."""
    noise: Noise = Noise()
    seeds: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One draw of a world."""

    truth: Array
    """(curricula, targets, languages): scores without noise, random effects included."""
    scores: Array
    """(seeds, curricula, targets, languages)."""


def plant(world: World, rng: np.random.Generator) -> Planted:
    """Draw the random effects of a world, then its noise."""
    curricula = [parse_curriculum(text) for text in world.curricula]
    truth = _truth(world, curricula, rng)
    return Planted(truth=truth, scores=truth + _noise(world, curricula, truth, rng))


def expected_gain(world: World, curriculum: str) -> float:
    """Gain of a curriculum over none in a language without any effect of its own."""
    return _gain(world, parse_curriculum(curriculum))


def size_gain(law: SizeLaw, examples: Array) -> Array:
    """Gain by the number of examples of a stage, of the same shape."""
    if law.kind == "power":
        return np.asarray(law.offset + law.scale * (examples / 1000) ** law.shape)
    if law.kind == "saturating":
        return np.asarray(law.offset + law.scale * examples / (examples + law.shape))
    return np.full_like(examples, law.offset)


def observations(world: World, planted: Planted, *, phase: str = "confirm") -> pd.DataFrame:
    """A draw as a frame of evaluation rows of the report split, at the last of one rung.

    Every repetition has a stage seed and a target seed of its own, both 1 to `world.seeds`.
    """
    shared = {
        "phase": phase,
        "role": "baseline",
        "rung": 0,
        "num_rungs": 1,
        "scale": 1.0,
        "part": "evaluation",
        "split": "report",
        "layer": None,
        "metric": METRIC,
        "items": world.noise.items,
        "numerics": "planted",
        "stand_in": False,
        "overlap": None,
        "train_overlap": None,
        "collapsed": False,
        "examples_needed": 1.0,
        "examples_paid": 1.0,
        "seconds": 0.0,
    }
    names = ("curriculum", "target", "language")
    axes = (world.curricula, world.targets, world.languages)
    rows = []
    for (seed, *cell), value in np.ndenumerate(planted.scores):
        found = {name: axis[i] for name, axis, i in zip(names, axes, cell, strict=True)}
        seeds = {"stage_seed": seed + 1, "target_seed": seed + 1}
        rows.append({**shared, **found, **seeds, "value": float(value)})
    return as_frame(rows)


def _truth(world: World, curricula: Sequence[Curriculum], rng: np.random.Generator) -> Array:
    """(curricula, targets, languages)."""
    shape = (len(curricula), len(world.targets), len(world.languages))
    tasks = sorted({task for curriculum in curricula for task in curriculum.tasks})
    by_language = world.language_sd * rng.standard_normal(shape[1:])
    pairs = rng.standard_normal((len(tasks), *shape[1:])) * world.task_language_sd
    by_task = dict(zip(tasks, pairs, strict=True))
    covariate = np.array([world.covariate.get(name, 0.0) for name in world.languages])
    truth = np.full(shape, world.base)
    for i, curriculum in enumerate(curricula):
        if not curriculum.stages:
            continue
        truth[i] += _gain(world, curriculum) + by_language + world.slope * covariate
        for task in curriculum.tasks:
            affinity = [world.affinity.get((task, name), 0.0) for name in world.languages]
            truth[i] += by_task[task] + np.array(affinity)
        if world.contrast and world.contrast.tasks & set(curriculum.tasks):
            inside = [name in world.contrast.languages for name in world.languages]
            truth[i, :, inside] += world.contrast.effect
    truth[:, :, [name == ENGLISH for name in world.languages]] += world.english
    return truth


def _gain(world: World, curriculum: Curriculum) -> float:
    total = 0.0
    place = {task: i for i, stage in enumerate(curriculum.stages) for task in stage.tasks}
    for stage in curriculum.stages:
        for part in stage.parts:
            law = world.size.get(part.task, SizeLaw())
            total += world.task.get(part.task, 0.0)
            total += world.place.get(part.task, 0.0) * place[part.task]
            total += float(size_gain(law, np.array([float(part.num_examples)]))[0])
    for (first, second), effect in world.precedence.items():
        if first in place and second in place:
            total += effect * (place[first] < place[second])
    return total


def _noise(
    world: World, curricula: Sequence[Curriculum], truth: Array, rng: np.random.Generator
) -> Array:
    """(seeds, curricula, targets, languages)."""
    noise, n = world.noise, world.seeds
    num_curricula, *cells = truth.shape
    on_node = nodes_of(curricula)
    num_nodes = on_node.shape[1]
    node = noise.node * rng.standard_normal((n, num_nodes, 1, 1))
    node = node + noise.node_language * rng.standard_normal((n, num_nodes, *cells))
    found = np.einsum("ck,sktl->sctl", on_node, node)
    found += noise.run * rng.standard_normal((n, num_curricula, cells[0], 1))
    found += noise.seed * rng.standard_normal((n, 1, cells[0], 1))
    p = np.clip(truth, 0.02, 0.98)
    item = np.sqrt(p * (1 - p) / noise.items)
    own, alike = np.sqrt(1 - noise.shared_items), np.sqrt(noise.shared_items)
    found += item * own * rng.standard_normal((n, *truth.shape))
    return np.asarray(found + item * alike * rng.standard_normal((1, 1, *cells)))


def nodes_of(curricula: Sequence[Curriculum]) -> Array:
    """Which curricula stand on which stage nodes: 1 or 0, (curricula, distinct prefixes)."""
    prefixes = [[str(p) for p in curriculum.prefixes()[1:]] for curriculum in curricula]
    columns = {name: i for i, name in enumerate(dict.fromkeys(p for own in prefixes for p in own))}
    on_node = np.zeros((len(curricula), len(columns)))
    for i, own in enumerate(prefixes):
        on_node[i, [columns[name] for name in own]] = 1.0
    return on_node


def all_orders(tasks: Sequence[str], *, size: int = 1000, longest: int = 3) -> tuple[str, ...]:
    """`none` and every ordered choice of up to `longest` tasks, as texts of curricula."""
    orders = (own for k in range(longest + 1) for own in permutations(tasks, k))
    return tuple(" > ".join(f"{task}:{size}" for task in own) or EMPTY_TEXT for own in orders)
