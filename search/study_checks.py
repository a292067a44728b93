"""Which rules between the fields of a study file are broken? Each rule yields its problems.

A rule names the fields that it reads, so that it is left out where one of them is already wrong.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from search.study_fields import AGGREGATES, ALL, StudyConfig, nearest
from spaces.curriculum import FULL, parse_curriculum
from spaces.space import CurriculumSpace
from trainables.tasks import TASKS, Task

SOURCE_LANGUAGE = "en"
NumTrainRows = Callable[[Task], int]
"""English training rows of a task that are really there."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A check and the fields that it reads."""

    reads: tuple[str, ...]
    problems: Callable[[StudyConfig, NumTrainRows], Iterator[str]]


def rule_problems(
    config: StudyConfig, *, num_train_rows: NumTrainRows | None, wrong: Sequence[str] = ()
) -> list[str]:
    """Problems between fields, one a line.

    Args:
        config: of which the fields `wrong` hold placeholders.
        num_train_rows: None = the sizes that the tasks declare.
        wrong: fields such as `space.sizes`, or whole sections; rules that read them are left out.
    """
    lookup = num_train_rows or _declared_rows
    rules = [rule for rule in RULES if not _reads_wrong(rule, wrong)]
    return list(dict.fromkeys(line for rule in rules for line in rule.problems(config, lookup)))


def recipe_problems(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    """Fields that Recipe does not have, and values that it refuses."""
    recipe = config.recipe
    parts = {"recipe.stage": recipe.stage, "recipe.target": recipe.target}
    parts |= {f"recipe.tasks.{task}": own for task, own in recipe.tasks.items()}
    if any(parts.values()):
        for field, own in parts.items():
            bases = [recipe.stage, recipe.target] if own in recipe.tasks.values() else [{}]
            yield from _recipe_part_problems(field, own, bases)


def _recipe_part_problems(
    field: str, own: Mapping[str, Any], bases: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    from trainables.recipe import Recipe  # here since it imports torch

    known = [f.name for f in fields(Recipe)]
    for name in own:
        if name not in known:
            yield f"{field}.{name} is no field; {nearest(name, known)}"
    for base in bases:
        try:
            Recipe(**{k: v for k, v in {**base, **own}.items() if k in known})
        except ValueError as error:
            for line in str(error).split("; recipe."):
                yield f"{field}.{line.removeprefix('recipe.')}"


def _duplicates(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    lists = {
        "targets": config.targets,
        "languages.proxy": config.languages.proxy,
        "languages.report": config.languages.report,
        "seeds.noise": config.seeds.noise,
        "seeds.confirm": config.seeds.confirm,
        "space.sizes": config.space.sizes,
    }
    for field, values in lists.items():
        if isinstance(values, tuple):
            for value, count in Counter(values).items():
                if count > 1:
                    yield f"{field} names {value} {count} times; name it once"


def _emptiness(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    if not config.targets:
        yield "targets is empty; name at least one"


def _space(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    space = config.space
    try:
        CurriculumSpace(
            tasks=space.tasks,
            sizes=tuple(sorted({size for size in space.sizes if size != FULL})) or (1,),
            max_stages=space.max_stages,
            joint=space.joint,
            repeats=space.repeats,
            required=space.required,
            forbidden=space.forbidden,
        )
    except ValueError as error:
        yield from str(error).split("\n")
    if not space.sizes:
        yield "space.sizes is empty; give at least one number of examples"
    if not set(space.tasks) - set(space.forbidden):
        yield "the space is empty: space.tasks has no task that space.forbidden leaves"
    if not space.max_stages:
        yield "the space is empty: space.max_stages is 0; wanted at least 1"
    if space.repeats and config.sampler.codec == "lehmer":
        yield (
            "sampler.codec is lehmer, which numbers orders of different tasks, but "
            "space.repeats is true; use slots or random_keys"
        )


def _sizes(config: StudyConfig, num_train_rows: NumTrainRows) -> Iterator[str]:
    wanted = [
        (f"space.sizes[{i}]", size, config.space.tasks) for i, size in enumerate(config.space.sizes)
    ]
    for i, text in enumerate(config.space.given):
        for stage in parse_curriculum(text).stages:
            wanted += [
                (f"space.given[{i}]", p.num_examples or FULL, (p.task,))
                for p in stage.parts
                if p.task in config.space.tasks
            ]
    rows: dict[str, int] = {}
    for task in dict.fromkeys(config.space.tasks):
        try:
            rows[task] = num_train_rows(TASKS[task])
        except ValueError as error:
            yield f"space.tasks[{config.space.tasks.index(task)}] is {task!r}; {error}"
    for field, size, tasks in wanted:
        for task in tasks:
            if size != FULL and int(size) > rows.get(task, int(size)):
                yield (
                    f"{field} is {size}, but {task} has {rows[task]} training examples; "
                    f"lower it or drop {task}"
                )


def _given(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    for i, text in enumerate(config.space.given):
        for task in dict.fromkeys(parse_curriculum(text).tasks):
            if task not in config.space.tasks:
                hint = nearest(task, config.space.tasks)
                yield f"space.given[{i}] is {text!r}, but {task} is not in space.tasks; {hint}"


def _rungs(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    stopping, space = config.stopping, config.space
    if stopping is None:
        return
    shrink = stopping.reduction_factor ** (stopping.num_rungs - 1)
    if stopping.num_rungs == 1:
        yield "stopping.num_rungs is 1, which stops nothing; use at least 2, or stopping: none"
    if config.probe.train < shrink:
        yield (
            f"probe.train is {config.probe.train}, but the first of {stopping.num_rungs} rungs "
            f"uses 1/{shrink} of it; raise it to at least {shrink}, or lower num_rungs"
        )
    if stopping.rungs == "stages" and space.max_stages == 1:
        yield (
            "stopping.rungs is stages, one rung per stage, but space.max_stages is 1; use "
            "targets or scales"
        )
    if not config.seeds.noise:
        yield (
            "seeds.noise is empty, so that the noise of a rung is never known and nothing "
            "stops; give 2 seeds, or stopping: none"
        )
    if stopping.rungs == "scales":
        yield from _scales(config, stopping.reduction_factor, shrink)


def _scales(config: StudyConfig, factor: int, shrink: int) -> Iterator[str]:
    numbers = [size for size in config.space.sizes if isinstance(size, int)]
    if not numbers:
        return
    smallest = min(numbers)
    if smallest < shrink:
        yield (
            f"space.sizes[{config.space.sizes.index(smallest)}] is {smallest}, but the first "
            f"rung of scales uses 1/{shrink} of it; raise it to at least {shrink}"
        )
    powers = [smallest * factor**k for k in range(40)]
    for i, size in enumerate(config.space.sizes):
        if size != FULL and size not in powers:
            close = min(powers, key=lambda power: abs(power - int(size)))
            yield (
                f"space.sizes[{i}] is {size}, but rungs: scales shares work only between sizes "
                f"that are {smallest} times a power of {factor}; use {close}, or rungs: targets"
            )


def _languages(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    proxy, report = config.languages.proxy, config.languages.report
    fields_ = {"proxy": proxy, "report": () if isinstance(report, str) else report}
    known = sorted({lang for name in config.targets for lang in TASKS[name].languages})
    for field, languages in fields_.items():
        for i, language in enumerate(languages):
            where = f"languages.{field}[{i}] is {language!r}"
            if language == SOURCE_LANGUAGE:
                yield f"{where}; English is trained on and always scored, so it is not named here"
            elif language not in known:
                yield f"{where}, which no target has; {nearest(language, known)}"
    for language in proxy:
        if language in fields_["report"]:
            yield (
                f"languages.report names {language}, which languages.proxy names too: what "
                "guides the search is not reported; take it from one of them"
            )
    if report == () and not isinstance(report, str):
        yield f"languages.report is empty; name some, or {ALL}"


def _language_coverage(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    proxy, report = config.languages.proxy, config.languages.report
    guided = config.objective.select == "proxy"
    if guided and not proxy:
        yield "languages.proxy is empty, but objective.select is proxy; name two or three languages"
    for i, name in enumerate(config.targets):
        task = TASKS[name]
        foreign = [language for language in task.languages if language != SOURCE_LANGUAGE]
        searched = [language for language in foreign if language not in task.report_only]
        if guided and proxy and not set(proxy) & set(searched):
            yield (
                f"targets[{i}] is {name}, whose search split has no language of languages.proxy;"
                f" add one of {', '.join(searched)}, or drop {name}"
            )
        left = [lang for lang in foreign if not (guided and lang in proxy)]
        if not isinstance(report, str):
            left = [lang for lang in left if lang in report]
        if not left:
            yield (
                f"targets[{i}] is {name}, which has no language left to report; add one of "
                f"{', '.join(lang for lang in foreign if lang not in proxy) or 'its languages'}"
                " to languages.report"
            )


def _objective(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    objective, targets = config.objective, config.targets
    known = [*AGGREGATES, *targets]
    if objective.aggregate not in known:
        hint = nearest(objective.aggregate, known)
        yield f"objective.aggregate is {objective.aggregate!r}; wanted a mean or a target; {hint}"
    chosen = [t for t in targets if objective.aggregate in (*AGGREGATES, t)]
    scored = [t for t in chosen if SOURCE_LANGUAGE in TASKS[t].languages]
    if objective.select == "english" and chosen and not scored:
        yield (
            f"objective.select is english, but {', '.join(chosen)} has no English score: no "
            "target is left; add a target with one, or use proxy"
        )


def _sampler(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    import optuna.samplers  # here since it takes a third of a second

    name, options = config.sampler.name, config.sampler.options
    known = [n for n in optuna.samplers.__all__ if n.endswith("Sampler") and n not in _NO_SAMPLERS]
    if name in _NO_SAMPLERS:
        yield f"sampler.name is {name!r}; {_NO_SAMPLERS[name]}"
    elif name not in known:
        yield f"sampler.name is {name!r}; {nearest(name, known)}"
    else:
        accepted = list(inspect.signature(getattr(optuna.samplers, name)).parameters)
        for option in options:
            if option == "seed":
                yield "sampler.options.seed is given; the sampler's seed is seeds.sampler"
            elif option not in accepted:
                hint = nearest(option, [a for a in accepted if a != "seed"])
                yield f"sampler.options.{option} is no option of {name}; {hint}"
    if name == "CmaEsSampler" and importlib.util.find_spec("cmaes") is None:
        yield "sampler.name is 'CmaEsSampler', which needs the package cmaes; install it"


_NO_SAMPLERS = {
    "BaseSampler": "it is abstract; use TPESampler",
    "BaseGASampler": "it is abstract; use NSGAIISampler",
    "BruteForceSampler": "use enumerate: true for a whole space",
    "GridSampler": "use enumerate: true for a whole space",
    "PartialFixedSampler": "use space.required and space.forbidden to fix a part",
}
"""Samplers that cannot be named, and what serves instead."""


def _budget(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    given = [name for name, value in config.budget if value is not None]
    if len(given) > 1:
        yield f"budget has {' and '.join(given)}; give exactly one of trials, examples, hours"
    if not given and not config.enumerate:
        yield "budget is empty; give exactly one of trials, examples, hours"


def _seeds(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    seeds = config.seeds
    if seeds.stage in seeds.noise:
        i = seeds.noise.index(seeds.stage)
        yield f"seeds.noise[{i}] is {seeds.stage}, which is seeds.stage; noise needs other seeds"
    used = {seeds.stage: "seeds.stage", seeds.target: "seeds.target"}
    used |= dict.fromkeys(seeds.noise, "seeds.noise")
    for i, seed in enumerate(seeds.confirm):
        if seed in used:
            yield f"seeds.confirm[{i}] is {seed}, which {used[seed]} has; wanted fresh seeds"
    if config.confirm.top and not seeds.confirm:
        yield "seeds.confirm is empty, but confirm.top is not 0; give at least 2 fresh seeds"


def _recipe_tasks(config: StudyConfig, _: NumTrainRows) -> Iterator[str]:
    known = list(dict.fromkeys([*config.space.tasks, *config.targets]))
    for task in config.recipe.tasks:
        if task not in known:
            yield f"recipe.tasks.{task} is neither a stage nor a target here; {nearest(task, known)}"


def _declared_rows(task: Task) -> int:
    return task.train_size


def _reads_wrong(rule: Rule, wrong: Sequence[str]) -> bool:
    return any(
        read == field or read.startswith(f"{field}.") or field.startswith(f"{read}.")
        for read in rule.reads
        for field in wrong
    )


RULES = (
    Rule(("targets", "languages", "seeds", "space.sizes"), _duplicates),
    Rule(("targets",), _emptiness),
    Rule(("space", "sampler.codec"), _space),
    Rule(("space.tasks", "space.sizes", "space.given"), _sizes),
    Rule(("space.tasks", "space.given"), _given),
    Rule(("stopping", "probe.train", "space.max_stages", "space.sizes", "seeds.noise"), _rungs),
    Rule(("targets", "languages"), _languages),
    Rule(("targets", "languages", "objective.select"), _language_coverage),
    Rule(("targets", "objective"), _objective),
    Rule(("sampler.name", "sampler.options"), _sampler),
    Rule(("budget", "enumerate"), _budget),
    Rule(("seeds", "confirm.top"), _seeds),
    Rule(("recipe",), recipe_problems),
    Rule(("recipe.tasks", "space.tasks", "targets"), _recipe_tasks),
)
