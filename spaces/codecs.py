"""How does Optuna see a curriculum? As a dictionary of fixed dimensions, so that any sampler works.

    random_keys  a number per task that orders it among those chosen
    lehmer       the digits of the Lehmer code of the order of all tasks
    slots        a task for each place of the curriculum
Sizes are whole levels, 0 = left out, then the task's sizes ascending: samplers may learn that more
examples do more. `encode` gives a canonical form that `decode` turns back into the very curriculum.
`decode` is total: what lies outside the space is folded into it by `spaces/folding.py`.
Compared in `research/peers.md` 3.8: none wins everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from spaces.curriculum import Curriculum, Part
from spaces.folding import Places, fold
from spaces.permutation import lehmer_decode, lehmer_encode
from spaces.space import CurriculumSpace

Params = Mapping[str, Any]

IDLE_KEY = 0.5
"""Key of a task that is left out: in the middle, where it says nothing."""


class Codec(Protocol):
    """Two-way translation between the curricula of a space and parameters."""

    def distributions(self) -> dict[str, BaseDistribution]:
        """Parameter names and what they may be; the same for the whole space."""
        ...

    def decode(self, params: Params) -> Curriculum:
        """The curriculum of the space that these parameters mean; any parameters mean one."""
        ...

    def encode(self, curriculum: Curriculum) -> dict[str, Any]:
        """Canonical parameters, `decode(encode(c)) == c`; ValueError outside the space."""
        ...


@dataclass(frozen=True, slots=True)
class RandomKeys:
    """Per task a key in [0, 1], a size level and, with mixtures, `join`: one stage with the next.

    Tasks are ordered by key. Where tasks may repeat there is one set of dimensions per copy.
    """

    space: CurriculumSpace

    def distributions(self) -> dict[str, BaseDistribution]:
        """See `Codec`."""
        keys = {f"key:{name}": FloatDistribution(0.0, 1.0) for name in _copies(self.space)}
        return {**keys, **_choice_distributions(self.space)}

    def decode(self, params: Params) -> Curriculum:
        """See `Codec`."""
        ordered = sorted(_copies(self.space), key=lambda name: params[f"key:{name}"])
        return _decode_ordered(ordered, params, self.space)

    def encode(self, curriculum: Curriculum) -> dict[str, Any]:
        """See `Codec`."""
        choices, ordered = _encode_choices(curriculum, self.space)
        keys = {f"key:{name}": IDLE_KEY for name in _copies(self.space)}
        for position, name in enumerate(ordered):
            keys[f"key:{name}"] = (position + 0.5) / len(ordered)
        return {**keys, **choices}


@dataclass(frozen=True, slots=True)
class Lehmer:
    """Digits of the Lehmer code of the order of all tasks; per task a size level and `join`.

    Raises:
        ValueError: for a space with repeats, whose curricula are no choices from one order.
    """

    space: CurriculumSpace

    def __post_init__(self) -> None:
        if self.space.repeats:
            raise ValueError(
                "codec lehmer numbers orders of different tasks, but space.repeats is true; "
                "use the codec slots or random_keys"
            )

    def distributions(self) -> dict[str, BaseDistribution]:
        """See `Codec`. The last digit is always 0 and left out."""
        num_tasks = len(self.space.usable)
        digits = {f"digit:{i}": IntDistribution(0, num_tasks - i - 1) for i in range(num_tasks - 1)}
        return {**digits, **_choice_distributions(self.space)}

    def decode(self, params: Params) -> Curriculum:
        """See `Codec`."""
        tasks = self.space.usable
        code = [params[f"digit:{i}"] for i in range(len(tasks) - 1)]
        order = lehmer_decode([*code, 0] if tasks else [])
        return _decode_ordered([tasks[i] for i in order], params, self.space)

    def encode(self, curriculum: Curriculum) -> dict[str, Any]:
        """See `Codec`. Tasks that are left out follow the chosen ones in their own order."""
        choices, ordered = _encode_choices(curriculum, self.space)
        tasks = self.space.usable
        ordered += [task for task in tasks if task not in ordered]
        code = lehmer_encode([tasks.index(task) for task in ordered])
        return {**{f"digit:{i}": digit for i, digit in enumerate(code[:-1])}, **choices}


@dataclass(frozen=True, slots=True)
class Slots:
    """Per place a categorical task and a size level; level 0 leaves the place empty.

    With mixtures every stage has `joint` places: `task:2` and `task:2+1` share the second stage.
    """

    space: CurriculumSpace

    def distributions(self) -> dict[str, BaseDistribution]:
        """See `Codec`. A level above a task's own sizes means its largest."""
        tasks = self.space.usable
        levels = max((len(self.space.sizes_of(task)) for task in tasks), default=0)
        found: dict[str, BaseDistribution] = {}
        for place in self._places():
            found[f"task:{place}"] = CategoricalDistribution(tasks)
            found[f"size:{place}"] = IntDistribution(0, levels)
        return found

    def decode(self, params: Params) -> Curriculum:
        """See `Codec`."""
        stages: Places = [[] for _ in range(self._num_stages())]
        for place in self._places():
            task, level = params[f"task:{place}"], params[f"size:{place}"]
            if level:
                sizes = self.space.sizes_of(task)
                part = Part(task, sizes[min(level, len(sizes)) - 1])
                stages[int(place.split("+")[0]) - 1].append(part)
        return fold(stages, self.space)

    def encode(self, curriculum: Curriculum) -> dict[str, Any]:
        """See `Codec`."""
        _check_member(curriculum, self.space)
        params: dict[str, Any] = {}
        for place in self._places():
            params[f"task:{place}"] = self.space.usable[0]
            params[f"size:{place}"] = 0
        for number, stage in enumerate(curriculum.stages, 1):
            for nth, part in enumerate(stage.parts):
                place = _place(number, nth)
                params[f"task:{place}"] = part.task
                params[f"size:{place}"] = _level(part, self.space)
        return params

    def _num_stages(self) -> int:
        tasks = len(self.space.usable)
        most = self.space.max_stages
        return most if self.space.repeats and tasks else min(most, tasks)

    def _places(self) -> list[str]:
        parts = min(self.space.joint, len(self.space.usable))
        return [_place(k + 1, nth) for k in range(self._num_stages()) for nth in range(parts)]


CODECS: dict[str, Callable[[CurriculumSpace], Codec]] = {
    "random_keys": RandomKeys,
    "lehmer": Lehmer,
    "slots": Slots,
}


def _place(stage: int, nth: int) -> str:
    return f"{stage}+{nth}" if nth else f"{stage}"


def _copies(space: CurriculumSpace) -> list[str]:
    """A name for each time that a task can come: `mnli`, then `mnli#2`, ..."""
    copies = space.max_stages if space.repeats else 1
    return [_copy(task, k) for task in space.usable for k in range(max(1, copies))]


def _copy(task: str, nth: int) -> str:
    return f"{task}#{nth + 1}" if nth else task


def _choice_distributions(space: CurriculumSpace) -> dict[str, BaseDistribution]:
    """Size level and join flag of every copy; a required task is never left out."""
    found: dict[str, BaseDistribution] = {}
    for name in _copies(space):
        lowest = 1 if name in space.required else 0
        num_sizes = len(space.sizes_of(name.split("#")[0]))
        found[f"size:{name}"] = IntDistribution(lowest, num_sizes)
        if space.joint > 1:
            found[f"join:{name}"] = CategoricalDistribution((False, True))
    return found


def _decode_ordered(ordered: list[str], params: Params, space: CurriculumSpace) -> Curriculum:
    """Stages of the chosen tasks in this order; a task that joins takes the next one in."""
    stages: Places = []
    joins = False
    for name in ordered:
        task, level = name.split("#")[0], params[f"size:{name}"]
        if not level:
            continue
        part = Part(task, space.sizes_of(task)[level - 1])
        if joins and len(stages[-1]) < space.joint:
            stages[-1].append(part)
        else:
            stages.append([part])
        joins = space.joint > 1 and bool(params[f"join:{name}"])
    return fold(stages, space)


def _encode_choices(
    curriculum: Curriculum, space: CurriculumSpace
) -> tuple[dict[str, Any], list[str]]:
    """Canonical levels and flags, and the copies in use in the order of the curriculum."""
    _check_member(curriculum, space)
    params: dict[str, Any] = {}
    for name in _copies(space):
        params[f"size:{name}"] = 0
        if space.joint > 1:
            params[f"join:{name}"] = False
    ordered: list[str] = []
    for stage in curriculum.stages:
        for nth, part in enumerate(stage.parts):
            times = sum(name.split("#")[0] == part.task for name in ordered)
            name = _copy(part.task, times)
            params[f"size:{name}"] = _level(part, space)
            if nth + 1 < len(stage.parts):
                params[f"join:{name}"] = True
            ordered.append(name)
    return params, ordered


def _level(part: Part, space: CurriculumSpace) -> int:
    return space.sizes_of(part.task).index(part.num_examples) + 1


def _check_member(curriculum: Curriculum, space: CurriculumSpace) -> None:
    if reason := space.why_not(curriculum):
        raise ValueError(f"{curriculum} is not in the space: {reason}")
