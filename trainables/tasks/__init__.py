"""Which tasks are there? Declarations without behaviour; no torch."""

from trainables.tasks.catalogue import TASKS, Catalogue, by_name, get_task
from trainables.tasks.task import (
    FileSource,
    HubSource,
    KindName,
    MiniworldSource,
    SplitName,
    Task,
    UnionSource,
)

__all__ = [
    "TASKS",
    "Catalogue",
    "FileSource",
    "HubSource",
    "KindName",
    "MiniworldSource",
    "SplitName",
    "Task",
    "UnionSource",
    "by_name",
    "get_task",
]
