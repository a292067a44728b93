"""Which tasks can a study name? The declared ones, its own, and either in another language."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from trainables.tasks.intermediate import INTERMEDIATE
from trainables.tasks.miniworld import MINIWORLD
from trainables.tasks.task import Task, UnionSource
from trainables.tasks.translations import TRANSLATIONS
from trainables.tasks.xtreme import XTREME
from trainables.tasks.xtreme_r import XTREME_R

ALL_LANGUAGES = "all"


def by_name(tasks: Iterable[Task]) -> dict[str, Task]:
    """Name to task, in order.

    Raises:
        ValueError: if two tasks have one name.
    """
    named: dict[str, Task] = {}
    for task in tasks:
        if task.name in named:
            raise ValueError(f"two tasks are named {task.name!r}; rename one of them")
        named[task.name] = task
    return named


def _with_translations(task: Task) -> Task:
    found = TRANSLATIONS.get(task.name)
    if found is None:
        return task
    return replace(task, train_languages=found.languages, translations=found.source)


def _with_overlaps_both_ways(tasks: Iterable[Task]) -> Iterator[Task]:
    """Each overlap is declared once and holds for both."""
    known = by_name(tasks)
    for task in known.values():
        others = [other.name for other in known.values() if task.name in other.overlaps]
        yield replace(task, overlaps=tuple(dict.fromkeys([*task.overlaps, *others])))


_DECLARED = (*INTERMEDIATE, *XTREME, *XTREME_R, *MINIWORLD)

TASKS: Mapping[str, Task] = MappingProxyType(
    by_name(map(_with_translations, _with_overlaps_both_ways(_DECLARED)))
)
"""Every declared task by name."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tasks of one study."""

    own: Mapping[str, Task] = field(default_factory=dict)
    """Those of its study file; one with a declared name completes that declaration."""

    @property
    def tasks(self) -> dict[str, Task]:
        """Declared and own ones by name, without those that `@` makes."""
        return {**TASKS, **self.own}

    def get(self, name: str) -> Task:
        """The task of that name; `mnli@tr` is mnli in Turkish, `mnli@all` in all its languages.

        Raises:
            ValueError: if there is none, with the nearest name.
        """
        base, _, language = name.partition("@")
        known = self.tasks
        if base not in known:
            near = difflib.get_close_matches(base, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known tasks: {', '.join(known)}"
            raise ValueError(f"no task is named {base!r}; {hint}")
        if "@" not in name:
            return known[base]
        if language == ALL_LANGUAGES and known[base].train_languages:
            return _in_all_languages(known[base])
        return _in_language(known[base], language)

    def trained_on(self, target: Task) -> Task:
        """The task whose English training set fine-tunes a target: itself or another one."""
        return target if target.train_task is None else self.get(target.train_task)


def get_task(name: str) -> Task:
    """A declared task, or one of them in another language.

    Raises:
        ValueError: if there is none, with the nearest name.
    """
    return Catalogue().get(name)


def _in_language(task: Task, language: str) -> Task:
    if language not in task.train_languages:
        there = ", ".join((*task.train_languages, ALL_LANGUAGES) if task.train_languages else ())
        raise ValueError(
            f"{task.name} has no training rows in {language!r}; "
            + (f"it has them in: {there}" if there else "it has them in English alone")
        )
    return replace(
        task,
        name=f"{task.name}@{language}",
        source=task.translations or task.source,
        source_language=language,
        languages=(language,),
        report_only=(),
        train_languages=(),
        translations=None,
        role="intermediate",
        train_task=None,
    )


def _in_all_languages(task: Task) -> Task:
    """English, where the task has it, and all others: rows of a mixture, not copies of one."""
    parts = tuple(_in_language(task, language) for language in task.train_languages)
    english = (replace(task, role="intermediate", train_languages=()),)
    return replace(
        task,
        name=f"{task.name}@{ALL_LANGUAGES}",
        source=UnionSource(parts=(*english, *parts), partial=True),
        languages=(task.source_language, *task.train_languages),
        report_only=(),
        train_languages=(),
        translations=None,
        role="intermediate",
        train_task=None,
        train_size=task.train_size * (1 + len(parts)),
    )
