"""What may a single value of a study file be? Types that say what they want, and nearest names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from spaces.curriculum import FULL, parse_curriculum
from trainables.tasks import Catalogue, Task
from trainables.tasks.suites import SUITES

AGGREGATES = ("mean", "group-mean", "standardised-gain")
ALL = "all"
NONE = "none"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
_DATABASES = ("sqlite", "postgresql", "mysql")


def nearest(name: object, known: Iterable[str]) -> str:
    """A clause that offers the nearest of the known names, or lists them."""
    names = list(known)
    longer = [known_name for known_name in names if known_name.startswith(f"{name}")]
    close = difflib.get_close_matches(str(name), names, n=1) or longer[:1]
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(names) or 'none'}"


def can_be_stage(task: Task) -> bool:
    """Whether a task can be a stage: intermediate, with English training data."""
    return task.role in ("intermediate", "both") and task.train_size > 0


def _catalogue(info: ValidationInfo) -> Catalogue:
    """The tasks that the study can name: its own ones come as the context of the validation."""
    return (info.context or {}).get("catalogue", Catalogue())


def _stage_task(name: str, info: ValidationInfo) -> str:
    task = _any(name, info)
    known = [task.name for task in _catalogue(info).tasks.values() if can_be_stage(task)]
    if not task.train_size:
        raise ValueError(
            f"it has no English training data, so it is no stage; take it as a target"
            f" or choose among {', '.join(known)}"
        )
    if not can_be_stage(task):
        raise ValueError(
            f"it is a target, not an intermediate task; {nearest(name, known)}{_translated(task)}"
        )
    return name


def _translated(task: Task) -> str:
    """How a target can still be a stage."""
    if not task.train_languages:
        return ""
    return f" In other languages it can be one: {task.name}@{task.train_languages[0]}"


def _target_task(name: str, info: ValidationInfo) -> str:
    tasks = _catalogue(info).tasks
    known = [task.name for task in tasks.values() if task.role in ("target", "both")]
    if name not in tasks:
        raise ValueError(f"no task has this name; {nearest(name, known)}")
    if name not in known:
        raise ValueError(f"it is an intermediate task, not a target; {nearest(name, known)}")
    return name


def _targets(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError(f"wanted a list of targets, or a benchmark; {nearest(value, SUITES)}")
    return value


def _any_task(name: str, info: ValidationInfo) -> str:
    return _any(name, info).name


def _any(name: str, info: ValidationInfo) -> Task:
    catalogue = _catalogue(info)
    if name.partition("@")[0] not in catalogue.tasks:
        raise ValueError(f"no task has this name; {nearest(name, catalogue.tasks)}")
    return catalogue.get(name)


def _top(value: Any) -> Any:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not (is_count or value == ALL):
        raise ValueError(f"wanted a whole number, at least 0, or {ALL}")
    return value


def _examples(value: Any) -> Any:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not (is_count or value == FULL):
        raise ValueError(f"wanted a number of examples, at least 1, or {FULL}")
    return value


def _curriculum(text: str) -> str:
    return str(parse_curriculum(text))


def _folder_name(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(
            "wanted a name for a folder: letters, digits, _ . and - only, and a "
            "letter or digit first"
        )
    return name


def _languages_or_all(value: Any) -> Any:
    is_list = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    if not is_list and value != ALL:
        raise ValueError(f"wanted a list of languages, or {ALL}")
    return value


def _database(url: str) -> str:
    scheme = url.split("://")[0].split("+")[0]
    if "://" not in url or scheme not in _DATABASES:
        raise ValueError(
            "wanted a database URL such as sqlite:///study.db, postgresql://… or "
            "mysql+pymysql://…, or null"
        )
    return url


Count = Annotated[int, Field(strict=True, ge=1)]
CountOrZero = Annotated[int, Field(strict=True, ge=0)]
Number = Annotated[float, Field(strict=True, ge=0)]
Positive = Annotated[float, Field(strict=True, gt=0)]
Flag = Annotated[bool, Field(strict=True)]
Examples = Annotated[int | Literal["full"], BeforeValidator(_examples)]
Top = Annotated[int | Literal["all"], BeforeValidator(_top)]
StageTask = Annotated[str, AfterValidator(_stage_task)]
TargetTask = Annotated[str, AfterValidator(_target_task)]
Targets = Annotated[tuple[TargetTask, ...], BeforeValidator(_targets)]
"""A benchmark's name stands for its targets: see `search/benchmark_suites.py`."""
AnyTask = Annotated[str, AfterValidator(_any_task)]
FolderName = Annotated[str, AfterValidator(_folder_name)]
CurriculumText = Annotated[str, AfterValidator(_curriculum)]
LanguagesOrAll = Annotated[Literal["all"] | tuple[str, ...], BeforeValidator(_languages_or_all)]
Database = Annotated[str, AfterValidator(_database)]
