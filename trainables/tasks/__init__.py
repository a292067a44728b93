"""Which tasks are there? One dict of every declaration; no behaviour, no torch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from trainables.tasks.intermediate import INTERMEDIATE
from trainables.tasks.miniworld import MINIWORLD
from trainables.tasks.task import HubSource, KindName, MiniworldSource, SplitName, Task
from trainables.tasks.xtreme import XTREME
from trainables.tasks.xtreme_r import XTREME_R

__all__ = [
    "TASKS",
    "HubSource",
    "KindName",
    "MiniworldSource",
    "SplitName",
    "Task",
    "by_name",
    "get_task",
]


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


def get_task(name: str) -> Task:
    """The task of that name.

    Raises:
        ValueError: if there is none, with the nearest name.
    """
    if name not in TASKS:
        near = difflib.get_close_matches(name, TASKS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known tasks: {', '.join(TASKS)}"
        raise ValueError(f"no task is named {name!r}; {hint}")
    return TASKS[name]


TASKS: dict[str, Task] = by_name((*INTERMEDIATE, *XTREME, *XTREME_R, *MINIWORLD))
"""Every declared task by name."""
