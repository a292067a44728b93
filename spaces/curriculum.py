"""What is a curriculum? Ordered stages before the target, and their text form.

none                                      the empty curriculum
mnli:9000 > squad:3000+hellaswag:3000     a stage of one task, then a joint stage of two
mnli:full                                 every training example of the task
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

EMPTY_TEXT = "none"
FULL = "full"
_PART = re.compile(r"^(?P<task>[A-Za-z][A-Za-z0-9_.@-]*):(?P<size>\d+|full)$")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One task in a stage with its number of examples."""

    task: str
    num_examples: int
    """Examples drawn, at least 1; 0 stands for `full` until `resolve_full` replaces it."""

    def __str__(self) -> str:
        return f"{self.task}:{self.num_examples or FULL}"


@dataclass(frozen=True, slots=True, order=True)
class Stage:
    """One task, or several trained jointly. Parts are kept sorted: a mixture has no order."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a stage needs at least one task")
        names = [part.task for part in self.parts]
        if len(set(names)) < len(names):
            raise ValueError(f"a joint stage names a task twice: {self}")
        object.__setattr__(self, "parts", tuple(sorted(self.parts)))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, sorted."""
        return tuple(part.task for part in self.parts)

    @property
    def num_examples(self) -> int:
        """Examples of all parts together."""
        return sum(part.num_examples for part in self.parts)

    def __str__(self) -> str:
        return "+".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True, order=True)
class Curriculum:
    """Ordered stages; maybe none."""

    stages: tuple[Stage, ...] = ()

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks in the order of their stages, repeats kept."""
        return tuple(task for stage in self.stages for task in stage.tasks)

    @property
    def num_examples(self) -> int:
        """Examples of all stages together."""
        return sum(stage.num_examples for stage in self.stages)

    def prefixes(self) -> tuple[Curriculum, ...]:
        """Every prefix, from the empty one to the curriculum itself."""
        return tuple(Curriculum(self.stages[:k]) for k in range(len(self.stages) + 1))

    def __len__(self) -> int:
        return len(self.stages)

    def __str__(self) -> str:
        return " > ".join(str(stage) for stage in self.stages) or EMPTY_TEXT


def parts_alone(texts: Iterable[str]) -> dict[str, Part]:
    """The part of each curriculum that has one task alone, by its text; others are left out."""
    stages = {text: parse_curriculum(text).stages for text in texts}
    return {
        text: own[0].parts[0]
        for text, own in stages.items()
        if len(own) == 1 and len(own[0].parts) == 1
    }


def parse_curriculum(text: str) -> Curriculum:
    """Read the text form; `parse_curriculum(str(c)) == c` for every curriculum.

    Raises:
        ValueError: if a part is not `task:number` or `task:full`.
    """
    if text.strip() == EMPTY_TEXT:
        return Curriculum()
    return Curriculum(tuple(_parse_stage(stage, text) for stage in text.split(">")))


def resolve_full(curriculum: Curriculum, sizes: dict[str, int]) -> Curriculum:
    """Replace `full` by the task's number of training examples, from `sizes`."""
    return Curriculum(
        tuple(
            Stage(tuple(Part(p.task, p.num_examples or sizes[p.task]) for p in stage.parts))
            for stage in curriculum.stages
        )
    )


def scaled(curriculum: Curriculum, scale: float) -> Curriculum:
    """The same curriculum on a fraction of its examples, at least 1 per part."""
    if scale == 1:
        return curriculum
    return Curriculum(
        tuple(
            Stage(tuple(Part(p.task, max(1, round(p.num_examples * scale))) for p in stage.parts))
            for stage in curriculum.stages
        )
    )


def _parse_stage(text: str, whole: str) -> Stage:
    return Stage(tuple(_parse_part(part.strip(), whole) for part in text.split("+")))


def _parse_part(text: str, whole: str) -> Part:
    match = _PART.match(text)
    if match is None or match["size"] == "0":
        raise ValueError(
            f"cannot read {text!r} in the curriculum {whole!r}: "
            f"wanted task:number or task:full, as in 'mnli:9000 > squad:3000+hellaswag:3000', "
            f"or '{EMPTY_TEXT}' for no stages"
        )
    size = match["size"]
    return Part(match["task"], 0 if size == FULL else int(size))
