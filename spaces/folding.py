"""Which curriculum is meant by stages that break the rules of the space?

Samplers propose freely; every proposal must mean something, and always the same thing.
"""

from __future__ import annotations

from itertools import pairwise

from spaces.curriculum import Curriculum, Part, Stage
from spaces.space import CurriculumSpace

Places = list[list[Part]]
"""Parts by stage, in order; stages may be empty or too many."""


def fold(stages: Places, space: CurriculumSpace) -> Curriculum:
    """A member of the space; members come back unchanged.

    1. A task keeps its first place, in its stage or, without repeats, in all; empty stages vanish.
    2. A required task that is missing comes last, in a stage of its own, at its smallest size.
    3. Of too many stages the last without a required task go; if all have one, the required tasks
       are dealt out in order over as many stages as there may be.

    Args:
        stages: parts with tasks and sizes of the space, at most `space.joint` in a stage.
        space: where to.
    """
    kept = [stage for stage in _without_repeats(stages, space) if stage]
    present = {part.task for stage in kept for part in stage}
    kept += [[Part(t, space.sizes_of(t)[0])] for t in space.required if t not in present]
    for index in reversed(range(len(kept))):
        if len(kept) > space.max_stages and not _required_parts(kept[index], space):
            kept.pop(index)
    if len(kept) > space.max_stages:
        kept = _deal(kept, space)
    return Curriculum(tuple(Stage(tuple(parts)) for parts in kept))


def _without_repeats(stages: Places, space: CurriculumSpace) -> Places:
    seen: set[str] = set()
    kept: Places = []
    for stage in stages:
        if space.repeats:
            seen = set()
        kept.append([])
        for part in stage:
            if part.task not in seen:
                kept[-1].append(part)
                seen.add(part.task)
    return kept


def _required_parts(stage: list[Part], space: CurriculumSpace) -> list[Part]:
    return [part for part in stage if part.task in space.required]


def _deal(stages: Places, space: CurriculumSpace) -> Places:
    """The first part of each required task, in order, over `max_stages` stages of even length."""
    first: dict[str, Part] = {}
    for stage in stages:
        for part in _required_parts(stage, space):
            first.setdefault(part.task, part)
    parts, most = list(first.values()), space.max_stages
    bounds = [len(parts) * k // most for k in range(most + 1)]
    return [parts[a:b] for a, b in pairwise(bounds) if a < b]
