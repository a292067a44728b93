"""What is recorded of a world, and in which order? One run for each part.

Whole seeds come first, a seen one and one of truth before the others, so that a table is soon of
use; then more of truth, for curricula of which the seen seeds say that they are good; what only
ablations ask for comes last. Of a world too large to be trained some curricula are drawn, the same
at every seed, and recorded a hundred at a time on a pair of seeds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.finals import final_values
from analysis.objective import objective_values
from analysis.observations import as_frame
from benchmarks.tables.worlds import World
from search.assignments import Planner
from search.objectives import recorded_objective
from search.study_fields import StudyConfig

TARGETS, SCALES = "targets", "scales"
OTHERS_SEED = 0
"""Draws the curricula beside the best."""
SAMPLED_SEED = 0
"""Draws those of a world that is too large."""
SLICE = 100
"""Of those, recorded on two seeds before the next are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One run: some curricula at one seed."""

    seed: int
    curricula: tuple[str, ...]
    """In text form; the baselines come first."""
    whole: bool
    """All of the space: it can be enumerated."""
    slice: int = 0
    """Which of those that are drawn, from 0."""
    rungs: str = TARGETS
    """What grows from rung to rung."""

    @property
    def name(self) -> str:
        """For people."""
        later = f", from {self.slice * SLICE + 1}" if self.slice else ""
        return f"seed {self.seed}{later}" + (f", {self.rungs}" if self.rungs != TARGETS else "")


def first_part(world: World) -> Part:
    """Its run is begun before all others; without its curricula."""
    return Part(seed=world.seen[0], curricula=(), whole=not world.sampled)


def parts_of(
    world: World,
    config: StudyConfig,
    planner: Planner,
    rows_of: Callable[[Part], Sequence[dict[str, Any]]],
) -> Iterator[Part]:
    """All of them, in order.

    Args:
        world: what is recorded.
        config: its study.
        planner: of that study.
        rows_of: what is recorded of a part, asked for when the whole seeds are.
    """
    begun = list(_whole_seeds(world, planner))
    yield from begun
    seen = [row for part in begun if part.seed in world.seen for row in rows_of(part)]
    chosen = _chosen(world, config, seen)
    for seed in world.more_truth:
        curricula = tuple(dict.fromkeys((*baselines_of(planner), *chosen)))
        yield Part(seed=seed, curricula=curricula, whole=False)
    everything = recorded_curricula(world, planner)
    for seed in world.scaled:
        yield Part(seed=seed, curricula=everything, whole=not world.sampled, rungs=SCALES)


def wanted_names(world: World, planner: Planner) -> list[str]:
    """Of all parts."""
    return [
        *(part.name for part in _whole_seeds(world, planner)),
        *(f"seed {seed}" for seed in world.more_truth),
        *(f"seed {seed}, {SCALES}" for seed in world.scaled),
    ]


def view_of(config: StudyConfig, name: str, targets: Sequence[str]) -> StudyConfig:
    """The study of a table in which fewer targets count."""
    values = config.model_dump(mode="json")
    values["study"] |= {"name": name}
    return StudyConfig.model_validate(values | {"targets": list(targets)})


def recorded_curricula(world: World, planner: Planner) -> tuple[str, ...]:
    """The baselines, then the space, or curricula drawn from it: always the same ones.

    Those drawn come in the order of the draw, so that a part that is not finished is a random one.
    """
    given = baselines_of(planner)
    if not world.sampled:
        space = (str(curriculum) for curriculum in planner.space.enumerate())
        return tuple(dict.fromkeys((*given, *space)))
    rng, drawn = random.Random(SAMPLED_SEED), dict[str, None]()
    while len(drawn) < min(world.sampled, planner.space.count()):
        drawn[str(planner.space.draw(rng))] = None
    return tuple(dict.fromkeys((*given, *drawn)))


def baselines_of(planner: Planner) -> tuple[str, ...]:
    """Curricula that every run trains first."""
    return tuple(str(curriculum) for curriculum in planner.given().baselines)


def _whole_seeds(world: World, planner: Planner) -> Iterator[Part]:
    everything, whole = recorded_curricula(world, planner), not world.sampled
    size = len(everything) if whole else SLICE
    slices = [everything[i : i + size] for i in range(0, len(everything), size)]
    for seeds in ((world.seen[0], world.truth[0]), (*world.seen[1:], *world.truth[1:])):
        for number, own in enumerate(slices):
            for seed in seeds:
                yield Part(seed=seed, curricula=own, whole=whole, slice=number)


def _chosen(world: World, config: StudyConfig, rows: Sequence[dict[str, Any]]) -> list[str]:
    """The best by the seen seeds alone, so that the truth is not chosen by itself, and others."""
    frame = as_frame(rows)
    views = [view_of(config, name, targets) for name, targets in world.views.items()]
    ranked = [_ranked(own, frame) for own in (config, *views)]
    best = dict.fromkeys(text for own in ranked for text in own[: world.top])
    rest = sorted(set(ranked[0]) - best.keys())
    drawn = random.Random(OTHERS_SEED).sample(rest, min(world.others, len(rest)))
    return [*best, *drawn]


def _ranked(config: StudyConfig, frame: pd.DataFrame) -> list[str]:
    """Best first, by the mean over seeds."""
    objective = recorded_objective(config, frame)
    assert objective is not None, "the whole space has ended"
    means = final_values(objective_values(frame, objective)).groupby("curriculum")["value"].mean()
    return sorted(means.index, key=lambda text: (-means[text], text))
