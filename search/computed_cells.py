"""What would a curriculum score and cost, if nobody trained it? Cells of a table, computed.

In a simulation they stand for what was recorded (`search/recorded_table.py`): the same rows, nodes
and prices, so that everything that decides is asked unchanged, on spaces that are larger than
anything that can be trained. Every number depends on its key and on the law alone.

Luck is drawn per node, as in reality: a stage node (a prefix at a stage seed) draws once, and all
curricula on it inherit that; a target's training, a target seed and an evaluation draw their own.
What had no seed (the encoder, scored as it is) has no luck. See `analysis/planted.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from statistics import NormalDist
from typing import Any

from search.recorded_work import Cell, Key, Name, Node, Row, node_names
from spaces.curriculum import EMPTY_TEXT, Curriculum, Stage, parse_curriculum
from trainables.keys import digest

MOST_KEPT = 1_500
"""Cells kept in memory: those of 1,024 workers, with room. Others are computed again."""
DRAWS_KEPT = 8_192
NUMERICS = "computed"
_NORMAL = NormalDist()
_DIGITS = 13
"""Hexadecimal digits of a draw: 52 bits."""

Price = tuple[float, float]
"""Examples, a forward pass counts a third; seconds of one worker."""
Scores = Mapping[tuple[str, str], float]
"""By target and language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedTarget:
    """What a target's rows say."""

    name: str
    metric: str
    languages: tuple[str, ...]
    """Scored by the search, in order."""
    tuned: bool = True
    """False for retrieval: no rung's scale and no target seed moves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """Standard deviations of what seeds do to a score, in units of the target."""

    stage: float = 0.0
    """Of a stage node, alike in all targets."""
    stage_target: float = 0.0
    """Of a stage node, of its own in each target."""
    run: float = 0.0
    """Of a target's training, alike in its languages; for an untuned one of its last stage."""
    seed: float = 0.0
    """Of a target seed: moves all curricula alike in a target."""
    language: float = 0.0
    """Of an evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What nodes cost."""

    stage: Callable[[Stage], Price]
    target: Callable[[str, float], Price]
    """Of a target at a scale."""
    evaluation: Callable[[str, str], Price]
    """Of a target in a language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What cells are computed from."""

    targets: tuple[ComputedTarget, ...]
    expected: Callable[[str, float], Scores]
    """Without luck, of what was trained (text form) at a scale; of untuned targets the scale 1.0
    alone is asked."""
    luck: Luck
    unit: Callable[[str, float], float]
    """Of a target's luck at a scale, in score."""
    prices: Prices
    seed: int = 0
    """Another one is another world with the same law."""


class ComputedCells(Mapping[Key, Cell]):  # a class, since a table's cells are a mapping
    """Cells of all curricula at all scales and seeds; few are kept in memory.

    Args:
        law: what they are computed from.
        curricula: text forms of what can be trained.
        scales: fractions of the probe, ascending; the last is 1.0.
        seeds: of stages and targets, the same for both.
    """

    def __init__(
        self, law: Law, *, curricula: Iterable[str], scales: Iterable[float], seeds: Iterable[int]
    ) -> None:
        self.law = law
        self._curricula = dict.fromkeys(curricula)
        self._scales = {round(scale, 6): i for i, scale in enumerate(scales)}
        self._seeds = tuple(seeds)
        self._of_key = lru_cache(maxsize=MOST_KEPT)(self._computed)
        self._drawn = lru_cache(maxsize=DRAWS_KEPT)(self._draw)

    def __getitem__(self, key: Key) -> Cell:
        if key not in self:
            raise KeyError(key)
        return self._of_key(key)

    def __contains__(self, key: object) -> bool:
        if not (isinstance(key, tuple) and len(key) == 4):
            return False
        text, scale, stage_seed, target_seed = key
        known = text in self._curricula and scale in self._scales
        return known and stage_seed == target_seed and stage_seed in self._seeds

    def __iter__(self) -> Iterator[Key]:
        for seed, text, scale in product(self._seeds, self._curricula, self._scales):
            yield text, scale, seed, seed

    def __len__(self) -> int:
        return len(self._curricula) * len(self._scales) * len(self._seeds)

    def _computed(self, key: Key) -> Cell:
        text, scale, *_ = key
        curriculum = parse_curriculum(text)
        shared = _shared(key, rung=self._scales[scale], num_rungs=len(self._scales))
        rows = [*_unscored(curriculum, shared, self.law.targets)]
        names = tuple(node_names(rows, key))
        prices = self._prices(curriculum, rows, scale)
        nodes = []
        for row, name, (examples, seconds) in zip(rows, names, prices, strict=True):
            row |= {"examples_needed": examples, "examples_paid": examples, "seconds": seconds}
            nodes.append(Node(name=name, part=row["part"], examples=examples, seconds=seconds))
        self._score(curriculum, key, rows, names)
        return Cell(rows=tuple(rows), nodes=tuple(nodes))

    def _prices(self, curriculum: Curriculum, rows: Iterable[Row], scale: float) -> Iterator[Price]:
        prices, stages = self.law.prices, iter(curriculum.stages)
        for row in rows:
            if row["part"] == "stage":
                yield prices.stage(next(stages))
            elif row["part"] == "target":
                yield prices.target(row["target"], scale)
            else:
                yield prices.evaluation(row["target"], row["language"])

    def _score(
        self, curriculum: Curriculum, key: Key, rows: list[Row], names: Iterable[Name]
    ) -> None:
        """Give the evaluations their scores."""
        text, scale, stage_seed, target_seed = key
        luck, own = self.law.luck, {target.name: target for target in self.law.targets}
        nodes = [("stage", str(prefix), stage_seed) for prefix in curriculum.prefixes()[1:]]
        alike = sum(luck.stage * self._drawn(node) for node in nodes)
        expected: dict[float, Scores] = {}
        for row, name in zip(rows, names, strict=True):
            if row["part"] != "evaluation":
                continue
            target, tuned = row["target"], own[row["target"]].tuned
            at = scale if tuned else 1.0
            if at not in expected:
                expected[at] = self.law.expected(text, at)
            drawn = alike
            drawn += sum(luck.stage_target * self._drawn((node, target)) for node in nodes)
            if tuned:
                drawn += luck.seed * self._drawn(("seed", target, at, target_seed))
            if tuned or text != EMPTY_TEXT:
                drawn += luck.run * self._drawn((name[1], target))
                drawn += luck.language * self._drawn(name)
            value = expected[at][target, row["language"]] + self.law.unit(target, at) * drawn
            row["value"] = min(max(value, 0.0), 1.0)

    def _draw(self, name: Name) -> float:
        return normal([self.law.seed, name])


def normal(name: Any) -> float:
    """A standard normal draw that a name (JSON values) decides."""
    return _NORMAL.inv_cdf((int(digest(name)[:_DIGITS], 16) + 0.5) / 16**_DIGITS)


def _shared(key: Key, *, rung: int, num_rungs: int) -> Row:
    """What all rows of a cell have in common, and what nobody reads of them."""
    text, scale, stage_seed, target_seed = key
    return {
        "phase": "search",
        "curriculum": text,
        "variant": "",
        "role": "sampled",
        "rung": rung,
        "num_rungs": num_rungs,
        "scale": scale,
        "stage_seed": stage_seed,
        "target_seed": target_seed,
        "part": "",
        "target": "",
        "language": "en",
        "split": "dev",
        "layer": None,
        "metric": "none",
        "value": None,
        "items": 0,
        "numerics": NUMERICS,
        "stand_in": False,
        "overlap": None,
        "train_overlap": None,
        "collapsed": False,
        "examples_needed": 0.0,
        "examples_paid": 0.0,
        "seconds": 0.0,
    }


def _unscored(
    curriculum: Curriculum, shared: Row, targets: Iterable[ComputedTarget]
) -> Iterator[Row]:
    """Rows in the order of a trial: stages; every target, then its evaluations."""
    for prefix in curriculum.prefixes()[1:]:
        yield shared | {"part": "stage", "target": str(prefix)}
    for target in targets:
        own: dict[str, Any] = {"target": target.name, "metric": target.metric}
        if target.tuned:
            yield shared | own | {"part": "target"}
        for language in target.languages:
            scored = {"part": "evaluation", "language": language, "split": "search"}
            yield shared | own | scored
