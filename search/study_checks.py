"""Which rules between the fields of a study file are broken? The table of rules, and the rest.

A rule names the fields that it reads, so that it is left out where one of them is already wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from search import part_checks, space_checks
from search.space_checks import NumTrainRows
from search.study_fields import StudyConfig
from search.study_values import AGGREGATES, ALL, nearest
from trainables.tasks import Task

SOURCE_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Rule:
    """A check and the fields that it reads."""

    reads: tuple[str, ...]
    """`space.tasks[]`: those items of the list that are right are enough."""
    problems: Callable[[StudyConfig], Iterator[str]]


def rule_problems(
    config: StudyConfig, *, num_train_rows: NumTrainRows | None, wrong: Sequence[str] = ()
) -> list[str]:
    """Problems between fields, one a line.

    Args:
        config: of which the fields `wrong` are placeholders.
        num_train_rows: None = the sizes that the tasks declare.
        wrong: fields such as `space.joint`, whole sections, or `space.tasks[]` where an item was
            wrong and is left out; rules that read them are left out.
    """
    sizes = partial(space_checks.size_problems, num_train_rows=num_train_rows or _declared_rows)
    rules = (*RULES, Rule(("space.tasks[]", "space.sizes[]", "space.given[]"), sizes))
    readable = [rule for rule in rules if not any(map(partial(_hit, wrong=wrong), rule.reads))]
    return list(dict.fromkeys(line for rule in readable for line in rule.problems(config)))


def _hit(read: str, *, wrong: Sequence[str]) -> bool:
    """Whether a field that is read, or what it is part of, or a part of it, is wrong."""
    whole = read.removesuffix("[]")
    tolerated = {f"{whole}[]"} if read.endswith("[]") else set()
    names = [field.removesuffix("[]") for field in wrong if field not in tolerated]
    return any(
        whole == name or whole.startswith(f"{name}.") or name.startswith(f"{whole}.")
        for name in names
    )


def _declared_rows(task: Task) -> int:
    return task.train_size


def _repeated(field: str, config: StudyConfig) -> Iterator[str]:
    section, _, name = field.partition(".")
    values = getattr(config, section)
    values = getattr(values, name) if name else values
    for value, count in Counter(values if isinstance(values, tuple) else ()).items():
        if count > 1:
            yield f"{field} names {value} {count} times; name it once"


def _no_target(config: StudyConfig) -> Iterator[str]:
    if not config.targets:
        yield "targets is empty; name at least one"


def _language_lists(config: StudyConfig) -> Iterator[str]:
    proxy, report = config.languages.proxy, config.languages.report
    for field, languages in (("proxy", proxy), ("report", report)):
        if isinstance(languages, tuple) and SOURCE_LANGUAGE in languages:
            yield (
                f"languages.{field}[{languages.index(SOURCE_LANGUAGE)}] is 'en'; English is "
                "trained on and always scored, so it is not named here"
            )
    for language in proxy:
        if isinstance(report, tuple) and language in report:
            yield (
                f"languages.report names {language}, which languages.proxy names too: what "
                "guides the search is not reported; take it from one of them"
            )
    if report == ():
        yield f"languages.report is empty; name some, or {ALL}"


def _unknown_languages(config: StudyConfig) -> Iterator[str]:
    known = sorted({x for name in config.targets for x in config.catalogue.get(name).languages})
    if not known:
        return
    for field in ("proxy", "report"):
        languages = getattr(config.languages, field)
        for i, language in enumerate(languages if isinstance(languages, tuple) else ()):
            if language not in (*known, SOURCE_LANGUAGE):
                hint = nearest(language, known)
                yield f"languages.{field}[{i}] is {language!r}, which no target has; {hint}"


def _no_proxy(config: StudyConfig) -> Iterator[str]:
    if config.objective.select == "proxy" and not config.languages.proxy:
        yield "languages.proxy is empty, but objective.select is proxy; name two or three languages"


def _unguided_targets(config: StudyConfig) -> Iterator[str]:
    if config.objective.select != "proxy" or not config.languages.proxy:
        return
    for name in config.targets:
        task = config.catalogue.get(name)
        outside = (SOURCE_LANGUAGE, *task.report_only)
        searched = [language for language in task.languages if language not in outside]
        if not set(config.languages.proxy) & set(searched):
            yield (
                f"targets has {name}, whose search split has no language of languages.proxy; "
                f"add one of {', '.join(searched)}, or drop {name}"
            )


def _unreported_targets(config: StudyConfig) -> Iterator[str]:
    report = config.languages.report
    guides = config.languages.proxy if config.objective.select == "proxy" else ()
    for name in config.targets:
        outside = (SOURCE_LANGUAGE, *guides)
        free = [
            language for language in config.catalogue.get(name).languages if language not in outside
        ]
        if not [language for language in free if isinstance(report, str) or language in report]:
            remedy = f"add one of {', '.join(free)}" if free else "name fewer proxies"
            yield f"targets has {name}, of which languages.report leaves no language; {remedy}"


def _aggregate(config: StudyConfig) -> Iterator[str]:
    known = [*AGGREGATES, *config.targets]
    if (aggregate := config.objective.aggregate) not in known:
        hint = nearest(aggregate, known)
        yield f"objective.aggregate is {aggregate!r}; wanted a mean or one of the targets; {hint}"


def _english_scores(config: StudyConfig) -> Iterator[str]:
    aggregate = config.objective.aggregate
    chosen = [name for name in config.targets if aggregate in (*AGGREGATES, name)]
    scored = [name for name in chosen if SOURCE_LANGUAGE in config.catalogue.get(name).languages]
    if config.objective.select == "english" and chosen and not scored:
        yield (
            f"objective.select is english, but {', '.join(chosen)} has no English score: the "
            "objective leaves no target; add one that has, or select proxy"
        )


def _budget(config: StudyConfig) -> Iterator[str]:
    given = [name for name, value in config.budget if value is not None]
    if len(given) > 1:
        yield f"budget has {' and '.join(given)}; give exactly one of trials, examples, hours"
    if not given and not config.enumerate:
        yield "budget is empty; give exactly one of trials, examples, hours"


def _seeds(config: StudyConfig) -> Iterator[str]:
    seeds = config.seeds
    used = dict.fromkeys(seeds.noise, "seeds.noise")
    used |= {seeds.target: "seeds.target", seeds.stage: "seeds.stage"}
    for i, seed in enumerate(seeds.noise):
        if seed in (seeds.stage, seeds.target):
            yield f"seeds.noise[{i}] is {seed}, which {used[seed]} has; wanted another seed"
    for i, seed in enumerate(seeds.confirm):
        if seed in used:
            yield f"seeds.confirm[{i}] is {seed}, which {used[seed]} has; wanted fresh seeds"


def _confirmation(config: StudyConfig) -> Iterator[str]:
    if config.confirm.top and not config.seeds.confirm:
        yield "seeds.confirm is empty, but confirm.top is not 0; give at least 2 fresh seeds"


_LISTS = (
    "targets",
    "space.sizes",
    "languages.proxy",
    "languages.report",
    "seeds.noise",
    "seeds.confirm",
)
_SHAPE = ("tasks", "max_stages", "joint", "repeats", "required", "forbidden")
_RUNGS = ("stopping.num_rungs", "stopping.reduction_factor")

RULES: tuple[Rule, ...] = (
    Rule(tuple(f"space.{name}" for name in _SHAPE), space_checks.space_problems),
    Rule(("space.sizes", "space.max_stages"), space_checks.extent_problems),
    Rule(("space.repeats", "sampler.codec"), space_checks.codec_problems),
    Rule(("space.tasks", "space.given[]"), space_checks.given_problems),
    Rule((*_RUNGS, "probe.train"), space_checks.rung_problems),
    Rule(("stopping.rungs", "space.max_stages"), space_checks.stage_rung_problems),
    Rule(("stopping", "seeds.noise"), space_checks.noise_problems),
    Rule((*_RUNGS, "stopping.rungs", "space.sizes[]"), space_checks.scale_problems),
    *(Rule((field,), partial(_repeated, field)) for field in _LISTS),
    Rule(("targets",), _no_target),
    Rule(("languages",), _language_lists),
    Rule(("languages", "targets"), _unknown_languages),
    Rule(("languages.proxy", "objective.select"), _no_proxy),
    Rule(("languages.proxy", "objective.select", "targets[]"), _unguided_targets),
    Rule(("languages", "objective.select", "targets[]"), _unreported_targets),
    Rule(("objective.aggregate", "targets"), _aggregate),
    Rule(("objective", "targets"), _english_scores),
    Rule(("sampler.name", "sampler.options"), part_checks.sampler_problems),
    Rule(("budget", "enumerate"), _budget),
    Rule(("seeds",), _seeds),
    Rule(("seeds.confirm", "confirm.top"), _confirmation),
    Rule(("recipe.stage", "recipe.target", "recipe.tasks[]"), part_checks.recipe_problems),
    Rule(("recipe.tasks[]", "space.tasks", "targets"), part_checks.recipe_task_problems),
    Rule(("recipe.interleave", "space.tasks[]"), space_checks.interleave_problems),
)
