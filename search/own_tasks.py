"""What of a study's own tasks is read elsewhere? Their file, their folders, their labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from search.study_errors import StudyError, field_problems
from search.study_fields import OwnTask, StudyConfig
from search.study_values import FolderName
from search.study_yaml import read_yaml
from trainables.tasks.own import catalogue_of
from trainables.tasks.task import FileSource

_FIELD = "tasks"


def with_entries(values: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The values of a study with its own tasks in place, their files as absolute paths.

    Args:
        values: as written; `tasks` may be the name of a YAML file beside the study.
        folder: where the study is: names of files are relative to it.

    Returns:
        The values, and problems, one a line.
    """
    found, problems = dict(values), list[str]()
    if isinstance(found.get(_FIELD), str):
        path = folder / found[_FIELD]
        try:
            found[_FIELD], problems = read_yaml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            problems = [f"tasks is {found.pop(_FIELD)!r}, which cannot be read: {error}"]
        problems = [f"{path.name}: {problem}" for problem in problems]
    entries = found.get(_FIELD)
    if isinstance(entries, Mapping):
        found[_FIELD] = {name: _absolute(entry, folder) for name, entry in entries.items()}
    return found, problems


def checked_entries(entries: Any) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The entries as plain values, and problems, one a line."""
    if entries is None:
        return {}, []
    try:
        found = TypeAdapter(dict[FolderName, OwnTask]).validate_python(entries)
    except ValidationError as error:
        return {}, [line for _, line in field_problems(error, under=(_FIELD,))]
    plain = {k: v.model_dump(mode="json", exclude_defaults=True) for k, v in found.items()}
    try:
        catalogue_of(plain)
    except ValueError as error:
        return {}, str(error).splitlines()
    return plain, []


def with_labels(config: StudyConfig, mirror: Path | None) -> StudyConfig:
    """The study with the labels of its own tasks, so that its resolved form says all.

    Raises:
        DataError: if rows must be read for them and cannot be.
        StudyError: if a target has other labels than the task that fine-tunes it.
    """
    if not config.tasks:
        return config
    from trainables.label_names import has_labels, label_names  # here since it imports datasets

    entries = dict(config.tasks)
    for name, entry in entries.items():
        task = config.catalogue.own[name]
        reads = isinstance(task.source, FileSource) or entry.path
        if has_labels(task) and not task.labels and reads and "train" in task.source.splits:  # type: ignore[union-attr]
            entries[name] = entry.model_copy(update={"labels": label_names(task, mirror=mirror)})
    for name, entry in entries.items():
        task = config.catalogue.own[name]
        if entry.train_task is not None and has_labels(task):
            entries[name] = entry.model_copy(update={"labels": _taught(config, entries, name)})
    return config if entries == config.tasks else _with_tasks(config, entries)


def _with_tasks(config: StudyConfig, entries: Mapping[str, OwnTask]) -> StudyConfig:
    """Validated anew: a copy would keep the catalogue of the entries before."""
    tasks = {k: v.model_dump(mode="json", exclude_defaults=True) for k, v in entries.items()}
    values = {**config.model_dump(mode="json"), "tasks": tasks}
    return StudyConfig.model_validate(values, context={"catalogue": catalogue_of(tasks)})


def _taught(config: StudyConfig, entries: Mapping[str, OwnTask], name: str) -> tuple[str, ...]:
    """The labels of a target that another task fine-tunes: those that it teaches."""
    labels, trainer = entries[name].labels, config.catalogue.trained_on(config.catalogue.own[name])
    taught = entries[trainer.name].labels if trainer.name in entries else ()
    taught = taught or trainer.labels
    if labels and labels != taught:
        problem = (
            f"tasks.{name}.labels are {', '.join(labels)}; {trainer.name}, which trains it, has "
            f"{', '.join(taught)}, in this order; leave labels out"
        )
        raise StudyError([problem])
    return taught


def _absolute(entry: Any, folder: Path) -> Any:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("files"), Mapping):
        return entry
    files = {
        name: str((folder / Path(path).expanduser()).absolute()) if isinstance(path, str) else path
        for name, path in entry["files"].items()
    }
    return {**entry, "files": files}
