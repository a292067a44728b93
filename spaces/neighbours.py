"""Which curricula are one change away? What a local search tries; any member reaches any other.

The swap moves of BOPS' local search (Deshwal, Belakaria, Doppa and Kim, AAAI 2022), and since a
curriculum is more than an order also moves that insert, drop, replace, resize, merge and split.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from spaces.curriculum import Curriculum, Part, Stage
from spaces.space import CurriculumSpace

Stages = tuple[Stage, ...]


def neighbours(curriculum: Curriculum, space: CurriculumSpace) -> list[Curriculum]:
    """Members one change away, each once, always in the same order; not the curriculum itself."""
    stages = curriculum.stages
    changed = [*_reordered(stages), *_with_other_parts(stages, space), *_inserted(stages, space)]
    if space.joint > 1:
        changed += _regrouped(stages)
    found = dict.fromkeys(map(Curriculum, changed))
    return [other for other in found if other != curriculum and space.contains(other)]


def extensions(curriculum: Curriculum, space: CurriculumSpace) -> list[Curriculum]:
    """Members that begin with the curriculum and have one stage of one task more."""
    longer = (Curriculum((*curriculum.stages, Stage((part,)))) for part in _parts(space))
    return [other for other in longer if space.contains(other)]


def _reordered(stages: Stages) -> Iterator[Stages]:
    """Two stages swapped, or one moved elsewhere."""
    for i, j in combinations(range(len(stages)), 2):
        swapped = list(stages)
        swapped[i], swapped[j] = stages[j], stages[i]
        yield tuple(swapped)
    for i, stage in enumerate(stages):
        rest = (*stages[:i], *stages[i + 1 :])
        for j in range(len(stages)):
            yield (*rest[:j], stage, *rest[j:])


def _with_other_parts(stages: Stages, space: CurriculumSpace) -> Iterator[Stages]:
    """A part dropped, of another size, or of another task; a part more in a mixture."""
    for i, stage in enumerate(stages):
        before, after = stages[:i], stages[i + 1 :]
        for nth, part in enumerate(stage.parts):
            others = (*stage.parts[:nth], *stage.parts[nth + 1 :])
            yield (*before, *_stage(others), *after)
            for new in _parts(space):
                if new != part and _free(new, others):
                    yield (*before, Stage((*others, new)), *after)
        if len(stage.parts) < space.joint:
            for new in _parts(space):
                if _free(new, stage.parts):
                    yield (*before, Stage((*stage.parts, new)), *after)


def _inserted(stages: Stages, space: CurriculumSpace) -> Iterator[Stages]:
    """A stage more, anywhere."""
    if len(stages) < space.max_stages:
        for i in range(len(stages) + 1):
            for part in _parts(space):
                yield (*stages[:i], Stage((part,)), *stages[i:])


def _regrouped(stages: Stages) -> Iterator[Stages]:
    """Two stages in a row as one mixture, or a part as a stage of its own before or after."""
    for i, stage in enumerate(stages):
        before, after = stages[:i], stages[i + 1 :]
        if after and not set(stage.tasks) & set(after[0].tasks):
            yield (*before, Stage((*stage.parts, *after[0].parts)), *after[1:])
        for nth, part in enumerate(stage.parts):
            others = _stage((*stage.parts[:nth], *stage.parts[nth + 1 :]))
            yield (*before, Stage((part,)), *others, *after)
            yield (*before, *others, Stage((part,)), *after)


def _parts(space: CurriculumSpace) -> Iterator[Part]:
    for task in space.usable:
        for size in space.sizes_of(task):
            yield Part(task, size)


def _free(part: Part, others: tuple[Part, ...]) -> bool:
    return all(part.task != other.task for other in others)


def _stage(parts: tuple[Part, ...]) -> Stages:
    """A stage of these parts; none of none."""
    return (Stage(parts),) if parts else ()
