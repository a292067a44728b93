"""Where is one split of a task in one language? In the user's files, a mirror, or on the hub.

A mirror that has a data set but not the configuration or split is an error, so that no table mixes
two sources unseen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from trainables import hub
from trainables.files import DataError, read_files, row_place
from trainables.tasks.task import (
    FileSource,
    HubSource,
    MiniworldSource,
    SplitName,
    Task,
    UnionSource,
)

_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One split of a data set in one language."""

    task: Task
    source: HubSource | FileSource
    language: str
    split: SplitName
    config: str
    """Of the hub; "" for the user's files."""
    own_split: str
    """The data set's own name of the split."""
    id_prefix: str
    """How the ids of the language's rows begin; "" where the configuration has no others."""
    part: str
    """Which rows of it by hash of their ids (`trainables.canonical.part_of`); "" for all."""
    stand_in: bool
    """Whether the mirror, if the rows are from one, fills the split from another one."""


def available_languages(
    task: Task, split: SplitName, mirror: Path | None = None
) -> tuple[str, ...]:
    """Languages in which the split can be loaded, in the order of `task.languages`.

    With a mirror that has the data set: those that it has. Otherwise the declared ones.

    Raises:
        DataError: if a file of the user's is not there: what they wrote is not passed over.
    """
    source, languages = task.source, _declared(task, split)
    if isinstance(source, UnionSource):
        return languages if split in ("train", "dev") else ()
    if isinstance(source, MiniworldSource):
        return languages
    return tuple(x for x in languages if _can_load(task, source, x, split, mirror))


def is_here(task: Task, mirror: Path | None) -> bool:
    """Whether rows of the task can be had without the hub; a split may still be missing."""
    source = task.source
    if isinstance(source, UnionSource):
        there = [is_here(part, mirror) for part in source.parts]
        return any(there) if source.partial else all(there)
    if isinstance(source, HubSource):
        ids = () if mirror is None else (source.path, *source.fallbacks)
        return any((Path(str(mirror)) / "datasets" / name).is_dir() for name in ids)
    return isinstance(source, MiniworldSource) or bool(source.files)


def _declared(task: Task, split: SplitName) -> tuple[str, ...]:
    if isinstance(task.source, HubSource | FileSource) and split not in task.source.splits:
        return ()
    if split in ("train", "dev"):
        return (task.source_language,) if task.train_size else ()
    hidden = task.report_only if split == "search" else ()
    return tuple(x for x in task.languages if x not in hidden)


def _can_load(
    task: Task,
    source: HubSource | FileSource,
    language: str,
    split: SplitName,
    mirror: Path | None,
) -> bool:
    place = place_of(task, source, language, split, mirror)
    try:
        files = files_of(place, mirror)
    except hub.NotInMirrorError:
        return False
    return not (files and place.id_prefix) or hub.have_ids(files, place.id_prefix)


def files_of(place: Place, mirror: Path | None) -> list[Path]:
    """The files of a split, in the user's folders or in the mirror; none: to be had from the hub.

    Raises:
        DataError: if the user's pattern finds none.
        NotInMirrorError: if the mirror has the data set but not this split of it.
    """
    source = place.source
    if isinstance(source, HubSource):
        return hub.mirror_files(mirror, source, place.config, place.own_split)
    pattern = Path(source.files[place.own_split].replace("{language}", place.language))
    if pattern.is_file():  # also where its name has a letter of patterns, as in data[1].csv
        return [pattern]
    anchor = Path(pattern.anchor)
    files = sorted(file for file in anchor.glob(str(pattern.relative_to(anchor))) if file.is_file())
    if not files:
        raise DataError(
            f"{place.task.name}: there is no file {pattern}, which its {place.split} split reads; "
            "put it there, or mend tasks in the study file (of a run: in its study.yaml)"
        )
    return files


def place_of(
    task: Task,
    source: HubSource | FileSource,
    language: str,
    split: SplitName,
    mirror: Path | None,
) -> Place:
    """The place of a split.

    Raises:
        DataError: if the task has no such split or language.
    """
    if isinstance(source, FileSource) and not source.files:
        raise DataError(
            f"{task.name} has no data of its own: {task.note} Name your files in the study file: "
            f"tasks: {{{task.name}: {{files: {{train: FILE, dev: FILE}}}}}}"
        )
    if split not in source.splits:
        raise DataError(f"{task.name} has no {split} split; it has: {', '.join(source.splits)}")
    known = _declared(task, split)
    if language not in known:
        raise DataError(
            f"{task.name} has no {split} split in {language!r}; it has one in: {', '.join(known)}"
        )
    own_split, _, part = source.splits[split].partition("@")
    if isinstance(source, FileSource):
        named: dict[str, Any] = {"config": "", "id_prefix": "", "stand_in": False}
    else:
        marks = {split, f"{split}:{language}"} & set(source.stand_in_splits)
        named = {
            "config": source.config.format(language=source.config_names.get(language, language)),
            "id_prefix": source.id_prefixes.get(language, ""),
            "stand_in": bool(marks) and hub.stands_in(mirror, source),
        }
    return Place(
        task=task,
        source=source,
        language=language,
        split=split,
        own_split=own_split,
        part=part,
        **named,
    )


def raw_tables(
    place: Place, files: list[Path], downloads: Path | None
) -> tuple[Iterable[pa.Table], dict[str, Any]]:
    """Rows in their own columns, and where they are from."""
    source = place.source
    if isinstance(source, FileSource):
        pattern = source.files[place.own_split].replace("{language}", place.language)
        return read_files(files), {"place": "files", "id": pattern}
    if files:
        return read_files(files), {"place": "mirror", "id": source.path}
    rows, found = hub.read_hub(source, place.config, place.own_split, downloads)
    schema = rows.features.arrow_schema
    return (table.cast(schema) for table in rows.with_format("arrow").iter(_BATCH)), found


def row_name(place: Place, files: list[Path], row: int) -> str:
    """Where a raw row is, for people."""
    if files:
        return row_place(files, row)
    assert isinstance(place.source, HubSource)
    return f"{place.source.path} {place.config} {place.own_split}, row {row}"


def name_of(place: Place, files: list[Path]) -> str:
    """What holds the rows, for people."""
    if files:
        return str(files[0])
    assert isinstance(place.source, HubSource)
    return f"{place.source.path} ({place.config})"
