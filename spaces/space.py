"""Which curricula can be searched? A space that can be asked, counted, enumerated and drawn from.

Three sizes to check by: 4 tasks, 2 sizes, up to 3 stages, no repeats: 249 curricula; with joint
pairs, both tasks of a pair with a size of their own: 1,137; 9 tasks of one size in any order and
number: 986,410.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations, product
from math import prod

from spaces.counting import count_with_repeats, count_without_repeats
from spaces.curriculum import Curriculum, Part, Stage

Branch = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], int]
"""Tasks of a stage; then what is free and what is missing after it; ways to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumSpace:
    """Curricula of 0 to `max_stages` stages over given tasks. It always has a member.

    Raises:
        ValueError: with every problem of the fields, one a line.
    """

    tasks: tuple[str, ...]
    sizes: tuple[int, ...] | Mapping[str, tuple[int, ...]]
    """Examples a stage may take of a task, ascending; one tuple for all tasks, or one for each."""
    max_stages: int
    joint: int = 1
    """Most tasks in one stage; 1 means no mixtures. Each task of a mixture has its own size."""
    repeats: bool = False
    """Whether a task may come again in a later stage."""
    required: tuple[str, ...] = ()
    """Tasks that every curriculum has."""
    forbidden: tuple[str, ...] = ()
    """Tasks that no curriculum has, though `tasks` lists them."""

    def __post_init__(self) -> None:
        if problems := [*_name_problems(self), *_size_problems(self), *_shape_problems(self)]:
            raise ValueError("\n".join(problems))

    @property
    def usable(self) -> tuple[str, ...]:
        """Tasks without the forbidden ones, in the order of `tasks`."""
        return tuple(task for task in self.tasks if task not in self.forbidden)

    def sizes_of(self, task: str) -> tuple[int, ...]:
        """Examples a stage may take of this task, ascending."""
        return self.sizes[task] if isinstance(self.sizes, Mapping) else self.sizes

    def contains(self, curriculum: Curriculum) -> bool:
        """Whether the curriculum is in the space."""
        return self.why_not(curriculum) is None

    def why_not(self, curriculum: Curriculum) -> str | None:
        """The first reason why the curriculum is not in the space; None if it is."""
        if len(curriculum) > self.max_stages:
            return f"it has {len(curriculum)} stages, the space at most {self.max_stages}"
        for stage in curriculum.stages:
            if len(stage.parts) > self.joint:
                return (
                    f"stage {stage} mixes {len(stage.parts)} tasks, the space at most {self.joint}"
                )
            for part in stage.parts:
                if reason := self._why_not_part(part):
                    return reason
        tasks = curriculum.tasks
        if not self.repeats and len(set(tasks)) < len(tasks):
            twice = next(task for task in tasks if tasks.count(task) > 1)
            return f"task {twice} comes again, and the space has no repeats"
        if missing := [task for task in self.required if task not in tasks]:
            return f"required task {missing[0]} is missing"
        return None

    def count(self) -> int:
        """How many curricula there are, exactly, without enumerating them."""
        return sum(self._count_of_length())

    def __len__(self) -> int:
        """Like `count()`; OverflowError from 2 ** 63 on."""
        return self.count()

    def enumerate(self) -> Iterator[Curriculum]:
        """Every curriculum once: fewer stages first, then by the order of tasks and of sizes."""
        for num_stages in range(self.max_stages + 1):
            for stages in self._walk(num_stages, self.usable, self.required):
                yield Curriculum(stages)

    def nth(self, index: int) -> Curriculum:
        """The curriculum at a position of `enumerate()`, from 0, without enumerating.

        Raises:
            IndexError: if the space has not so many.
        """
        if index >= 0:
            rest = index
            for num_stages, count in enumerate(self._count_of_length()):
                if rest < count:
                    return Curriculum(self._descend(rest, num_stages))
                rest -= count
        raise IndexError(f"index is {index}, but the space has {self.count()} curricula")

    def draw(self, rng: random.Random) -> Curriculum:
        """A curriculum drawn uniformly from the space."""
        return self.nth(rng.randrange(self.count()))

    def _why_not_part(self, part: Part) -> str | None:
        if part.task in self.forbidden:
            return f"task {part.task} is forbidden"
        if part.task not in self.tasks:
            return f"task {part.task!r} is not in the space{_nearest(part.task, self.usable)}"
        if part.num_examples not in self.sizes_of(part.task):
            known = ", ".join(map(str, self.sizes_of(part.task)))
            return f"{part} is not among the sizes of {part.task}: {known}"
        return None

    def _count_of_length(self) -> list[int]:
        lengths = range(self.max_stages + 1)
        return [self._completions(k, self.usable, self.required) for k in lengths]

    def _completions(self, num_stages: int, free: tuple[str, ...], missing: tuple[str, ...]) -> int:
        """Ways to go on with exactly `num_stages` stages of `free` tasks that use all `missing`."""
        count = count_with_repeats if self.repeats else count_without_repeats
        return count(
            tuple(sorted(len(self.sizes_of(t)) for t in missing)),
            tuple(sorted(len(self.sizes_of(t)) for t in free if t not in missing)),
            num_stages=num_stages,
            joint=self.joint,
        )

    def _branches(
        self, num_stages: int, free: tuple[str, ...], missing: tuple[str, ...]
    ) -> Iterator[Branch]:
        """First stages, sizes apart, that can be gone on with."""
        for num_tasks in range(1, self.joint + 1):
            for tasks in combinations(free, num_tasks):
                left = free if self.repeats else tuple(t for t in free if t not in tasks)
                lacking = tuple(t for t in missing if t not in tasks)
                if completions := self._completions(num_stages - 1, left, lacking):
                    yield tasks, left, lacking, completions

    def _walk(
        self, num_stages: int, free: tuple[str, ...], missing: tuple[str, ...]
    ) -> Iterator[tuple[Stage, ...]]:
        if num_stages == 0:
            if not missing:
                yield ()
            return
        for tasks, left, lacking, _ in self._branches(num_stages, free, missing):
            for sizes in product(*map(self.sizes_of, tasks)):
                first = _stage(tasks, sizes)
                for rest in self._walk(num_stages - 1, left, lacking):
                    yield (first, *rest)

    def _descend(self, index: int, num_stages: int) -> tuple[Stage, ...]:
        """The stages at a position of `_walk`, which it follows by counting."""
        stages: list[Stage] = []
        free, missing = self.usable, self.required
        for stages_left in range(num_stages, 0, -1):
            branches = self._branches(stages_left, free, missing)
            (tasks, free, missing, completions), index = self._branch_at(index, branches)
            sizes_index, index = divmod(index, completions)
            stages.append(_stage(tasks, self._sizes_at(sizes_index, tasks)))
        return tuple(stages)

    def _branch_at(self, index: int, branches: Iterator[Branch]) -> tuple[Branch, int]:
        """The branch that holds a position, and the position within it."""
        for branch in branches:
            block = branch[-1] * prod(len(self.sizes_of(task)) for task in branch[0])
            if index < block:
                return branch, index
            index -= block
        raise AssertionError("positions are counted by the same branches")

    def _sizes_at(self, index: int, tasks: tuple[str, ...]) -> tuple[int, ...]:
        sizes: list[int] = []
        for task in reversed(tasks):
            index, level = divmod(index, len(self.sizes_of(task)))
            sizes.append(self.sizes_of(task)[level])
        return tuple(reversed(sizes))


def _stage(tasks: Sequence[str], sizes: Sequence[int]) -> Stage:
    return Stage(tuple(Part(task, size) for task, size in zip(tasks, sizes, strict=True)))


def _name_problems(space: CurriculumSpace) -> Iterator[str]:
    for task in sorted({task for task in space.tasks if space.tasks.count(task) > 1}):
        yield f"space.tasks names {task} twice; name it once"
    for field in ("required", "forbidden"):
        for task in getattr(space, field):
            if task not in space.tasks:
                hint = _nearest(task, space.tasks)
                yield f"space.{field} names {task!r}, which is not in space.tasks{hint}"
    for task in space.required:
        if task in space.forbidden:
            yield f"space.required and space.forbidden both name {task}; take it from one of them"


def _size_problems(space: CurriculumSpace) -> Iterator[str]:
    if isinstance(space.sizes, Mapping):
        fields = {f"space.sizes[{task}]": space.sizes.get(task, ()) for task in space.tasks}
    else:
        fields = {"space.sizes": space.sizes}
    for field, sizes in fields.items():
        if not sizes:
            yield f"{field} is empty; give at least one number of examples"
        for i, size in enumerate(sizes):
            if size < 1:
                yield f"{field}[{i}] is {size}; wanted at least 1 example, and `full` as a number"
            elif i and size <= sizes[i - 1]:
                yield f"{field}[{i}] is {size} after {sizes[i - 1]}; wanted ascending sizes"


def _shape_problems(space: CurriculumSpace) -> Iterator[str]:
    if space.max_stages < 0:
        yield f"space.max_stages is {space.max_stages}; wanted 0 or more"
    if space.joint < 1:
        yield f"space.joint is {space.joint}; wanted 1 (no mixtures) or more"
    room = space.max_stages * space.joint
    if min(space.max_stages + 1, space.joint) > 0 and len(set(space.required)) > room:
        yield (
            f"the space is empty: space.required names {len(set(space.required))} tasks, but "
            f"{space.max_stages} stages of at most {space.joint} have room for {room}"
        )


def _nearest(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; it has {', '.join(known) or 'none'}"
