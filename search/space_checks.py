"""Which rules between the fields of the space, its sizes and the rungs are broken?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from search.study_fields import StudyConfig
from search.study_values import nearest
from spaces.curriculum import FULL, parse_curriculum
from spaces.space import CurriculumSpace
from trainables.tasks import Task

NumTrainRows = Callable[[Task], int]
"""English training rows of a task that are really there."""


def space_problems(config: StudyConfig) -> Iterator[str]:
    """What `CurriculumSpace` refuses, and a space of the empty curriculum alone."""
    space = config.space
    try:
        CurriculumSpace(
            tasks=space.tasks,
            sizes=(1,),
            max_stages=space.max_stages,
            joint=space.joint,
            repeats=space.repeats,
            required=space.required,
            forbidden=space.forbidden,
        )
    except ValueError as error:
        yield from str(error).split("\n")
    if not set(space.tasks) - set(space.forbidden):
        yield "the space is empty: space.tasks has no task that space.forbidden leaves"


def extent_problems(config: StudyConfig) -> Iterator[str]:
    """A space without stages or without sizes."""
    if not config.space.sizes:
        yield "space.sizes is empty; give at least one number of examples"
    if not config.space.max_stages:
        yield "the space is empty: space.max_stages is 0; wanted at least 1"


def codec_problems(config: StudyConfig) -> Iterator[str]:
    """A codec that cannot express the space."""
    if config.space.repeats and config.sampler.codec == "lehmer":
        yield (
            "sampler.codec is lehmer, which numbers orders of different tasks, but "
            "space.repeats is true; use slots or random_keys"
        )


def size_problems(config: StudyConfig, num_train_rows: NumTrainRows) -> Iterator[str]:
    """Sizes above the data, in the space and in given curricula."""
    tasks = tuple(dict.fromkeys(config.space.tasks))
    woven = config.recipe.interleave
    wanted = [(f"space.sizes[{i}]", size, tasks) for i, size in enumerate(config.space.sizes)]
    for i, text in enumerate(config.space.given):
        parts = [part for stage in parse_curriculum(text).stages for part in stage.parts]
        wanted += [(f"space.given[{i}]", part.num_examples, (part.task,)) for part in parts]
    rows: dict[str, int] = {}
    named = dict.fromkeys(tasks, "space.tasks")
    named |= {} if woven is None else {woven.task: "recipe.interleave"}
    for task, field in named.items():
        try:
            rows[task] = num_train_rows(config.catalogue.get(task))
        except ValueError as error:
            yield f"{task} of {field} has no rows: {error}"
    for field, size, concerned in wanted:
        for task in concerned:
            if isinstance(size, int) and task in rows and size > rows[task]:
                yield (
                    f"{field} is {size}, but {task} has {rows[task]} training examples; "
                    f"lower it or drop {task}"
                )


def given_problems(config: StudyConfig) -> Iterator[str]:
    """Given curricula with tasks that are not in the space."""
    for i, text in enumerate(config.space.given):
        for task in dict.fromkeys(parse_curriculum(text).tasks):
            if task not in config.space.tasks:
                hint = nearest(task, config.space.tasks)
                yield f"space.given[{i}] is {text!r}, but {task} is not in space.tasks; {hint}"


def interleave_problems(config: StudyConfig) -> Iterator[str]:
    """A task that is interleaved with itself."""
    woven = config.recipe.interleave
    if woven is not None and woven.task in config.space.tasks:
        yield (
            f"recipe.interleave.task is {woven.task}, which space.tasks has too: a stage cannot "
            "be trained jointly with its own task; take it out of one of them"
        )


def rung_problems(config: StudyConfig) -> Iterator[str]:
    """Rungs that compare nothing, or too little to be trained on."""
    if (stopping := config.stopping) is None:
        return
    shrink = stopping.reduction_factor ** (stopping.num_rungs - 1)
    if stopping.num_rungs == 1:
        yield "stopping.num_rungs is 1, which stops nothing; use at least 2, or stopping: none"
    if config.probe.train < shrink:
        yield (
            f"probe.train is {config.probe.train}, but the first of {stopping.num_rungs} rungs "
            f"uses 1/{shrink} of it; raise it to at least {shrink}, or lower stopping.num_rungs"
        )


def stage_rung_problems(config: StudyConfig) -> Iterator[str]:
    """One rung per stage where there is one stage."""
    if config.stopping and config.stopping.rungs == "stages" and config.space.max_stages == 1:
        yield (
            "stopping.rungs is stages, one rung per stage, but space.max_stages is 1; use "
            "targets or scales"
        )


def noise_problems(config: StudyConfig) -> Iterator[str]:
    """Rungs of which the noise can never be known."""
    if config.stopping and not config.seeds.noise:
        yield (
            "seeds.noise is empty, so that the noise of a rung is never known and nothing "
            "stops; give 2 seeds, or stopping: none"
        )


def scale_problems(config: StudyConfig) -> Iterator[str]:
    """Sizes between which rungs of scales share no work."""
    stopping, sizes = config.stopping, config.space.sizes
    numbers = [size for size in sizes if size != FULL]
    if stopping is None or stopping.rungs != "scales" or not numbers:
        return
    factor, smallest = stopping.reduction_factor, min(numbers)
    shrink = factor ** (stopping.num_rungs - 1)
    if smallest < shrink:
        yield (
            f"space.sizes[{sizes.index(smallest)}] is {smallest}, but the first rung of scales "
            f"uses 1/{shrink} of it; raise it to at least {shrink}"
        )
    powers = [smallest * factor**k for k in range(40)]
    for i, size in enumerate(sizes):
        if size != FULL and size not in powers:
            close = min((abs(power - size), power) for power in powers)[1]
            yield (
                f"space.sizes[{i}] is {size}, but rungs of scales share work only between sizes "
                f"that are {smallest} times a power of {factor}; use {close}, or rungs: targets"
            )
