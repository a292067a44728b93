"""How does a package say a curriculum that knows categories alone? In slots, as a user would.

`slot_0` holds the tasks of the first stage, `size_0` the examples of its first task, `size_0_1`
those of its second where a stage may mix two, and so on. Most curricula have several spellings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from spaces.curriculum import Curriculum, Part, Stage
from spaces.space import CurriculumSpace

NO_TASK = "none"
SEVERAL = "+"
"""Between the tasks of a mixture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The categories of a space."""

    mixtures: tuple[str, ...]
    """What a stage may hold: a task, or several."""
    sizes: tuple[int, ...]
    """Of each of its tasks, examples."""
    num_stages: int
    joint: int
    """Most tasks of a stage."""

    def categories(self) -> dict[str, tuple[Any, ...]]:
        """Choices by name; a slot's last is none of the tasks."""
        found: dict[str, tuple[Any, ...]] = {}
        for i in range(self.num_stages):
            found[f"slot_{i}"] = (*self.mixtures, NO_TASK)
            for place in range(self.joint):
                found[size_name(i, place)] = self.sizes
        return found

    def curriculum(self, values: Mapping[str, Any]) -> Curriculum:
        """What these choices say: empty slots are skipped, and a task that was there before."""
        stages, known = [], set[str]()
        for i in range(self.num_stages):
            tasks = tasks_of(str(values.get(f"slot_{i}", NO_TASK)))
            parts = [
                Part(task, int(values[size_name(i, place)]))
                for place, task in enumerate(tasks)
                if task not in known
            ]
            known |= set(tasks)
            stages += [Stage(tuple(parts))] if parts else []
        return Curriculum(tuple(stages))


def slots_of(space: CurriculumSpace) -> Slots:
    """The categories of a space.

    Raises:
        ValueError: if they cannot say the space.
    """
    sizes = {space.sizes_of(task) for task in space.usable}
    if space.required or space.repeats or len(sizes) != 1:
        raise ValueError(
            "rivals search slots with the same sizes for all tasks; wanted a space without "
            "repeats, without required tasks and without `full`"
        )
    mixtures = [
        SEVERAL.join(tasks)
        for number in range(1, space.joint + 1)
        for tasks in combinations(space.usable, number)
    ]
    return Slots(
        mixtures=tuple(mixtures),
        sizes=sizes.pop(),
        num_stages=space.max_stages,
        joint=space.joint,
    )


def tasks_of(choice: str) -> tuple[str, ...]:
    """Of what a slot holds."""
    return () if choice == NO_TASK else tuple(choice.split(SEVERAL))


def size_name(stage: int, place: int) -> str:
    """Of the choice of a size: of a stage's task, both from 0."""
    return f"size_{stage}" + (f"_{place}" if place else "")
