"""Which rows does a task have in a language and split? Canonical columns, wherever they come from.

Order of places: the embedded world for its own tasks; a mirror folder that has the data set; the
hub. A mirror that has the data set but not the configuration or split is an error, so that no
table mixes two sources unseen. Canonical rows are kept as one Arrow file per task, language and
split in a cache folder, shared by all processes of a machine.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache as cache_in_memory
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa

from trainables import hub
from trainables.canonical import canonical, half, rows_hash, rows_with_ids, with_unique_ids
from trainables.hub import DataError
from trainables.miniworld import rows as miniworld
from trainables.pools import with_translations
from trainables.tasks import get_task
from trainables.tasks.adapters import ADAPTERS
from trainables.tasks.task import HubSource, SplitName, Task

__all__ = ["DataError", "available_languages", "load_rows", "provenance", "rows_hash"]

VERSION = 2
"""Part of every cache key: raised when the canonical rows change, or which are refused."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One split of a hub data set in one language."""

    task: Task
    source: HubSource
    language: str
    split: SplitName
    config: str
    hub_split: str
    id_prefix: str
    """How the ids of the language's rows begin; "" where the configuration has no others."""
    half: str
    """`a`, `b`, or "" for the whole split."""
    stand_in: bool
    """Whether the mirror, if the rows are from one, fills the split from another one."""


def load_rows(
    task: Task,
    language: str,
    split: SplitName,
    *,
    mirror: Path | None = None,
    cache: Path | None = None,
) -> datasets.Dataset:
    """Rows in canonical columns; rows without gold label are left out and counted.

    `train` and `dev` that a target does not have itself are those of its `train_task`.

    Args:
        task: the task.
        language: one of `task.languages`; train and dev are English only.
        split: train, dev, search or report.
        mirror: folder with `datasets/<org>/<name>/...` as on the hub.
        cache: folder for canonical rows, which are then memory-mapped; None: kept in memory.

    Raises:
        DataError: no such split, language, configuration or folder, or no network.
    """
    if _delegated(task, split):
        task = get_task(str(task.train_task))
    rows = _rows(task, language, split, mirror, cache)
    if not task.multilingual_pool or split in ("train", "dev"):
        return rows
    others = [x for x in available_languages(task, split, mirror) if x != language]
    pooled = with_translations(rows, (_rows(task, x, split, mirror, cache) for x in others))
    return _described(pooled, provenance(rows))


def _rows(
    task: Task, language: str, split: SplitName, mirror: Path | None, cache: Path | None
) -> datasets.Dataset:
    """The rows of a language by themselves."""
    if not isinstance(task.source, HubSource):
        return _generated(task.source.generator, language, split, cache)
    place = _place(task, task.source, language, split, mirror)
    files = hub.mirror_files(mirror, place.source, place.config, place.hub_split)
    if cache is None:
        return _described(*_made(place, files, None))
    entry = cache / "rows" / _key(place, files)
    if not _is_complete(entry):
        _write(entry, *_made(place, files, cache / "hub"))
    return _read(entry)


@cache_in_memory
def _generated(
    generator: str, language: str, split: SplitName, cache: Path | None
) -> datasets.Dataset:
    """Rows of the embedded world, made once per machine: making 9,000 takes a second or two."""
    if cache is None:
        return miniworld.read(generator, language, split)
    what = [VERSION, _world_source(), generator, language, split]
    name = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]
    entry = cache / "rows" / name
    if not _is_complete(entry):
        _write(entry, miniworld.read(generator, language, split), {"place": "miniworld"})
    return _read(entry)


@cache_in_memory
def _world_source() -> str:
    """SHA-256 of the code that makes the embedded world: another code, other rows."""
    folder = Path(str(miniworld.__file__)).parent
    return hashlib.sha256(b"".join(p.read_bytes() for p in sorted(folder.glob("*.py")))).hexdigest()


def available_languages(
    task: Task, split: SplitName, mirror: Path | None = None
) -> tuple[str, ...]:
    """Languages in which the split can be loaded, in the order of `task.languages`.

    With a mirror that has the data set: those that it has. Otherwise the declared ones.
    """
    if _delegated(task, split):
        return available_languages(get_task(str(task.train_task)), split, mirror)
    languages = _declared(task, split)
    if not isinstance(task.source, HubSource):
        return languages
    return tuple(x for x in languages if _can_load(task, task.source, x, split, mirror))


def provenance(rows: datasets.Dataset) -> dict[str, Any]:
    """Where loaded rows come from: place, id, revision, config, split, dropped, stand_in.

    `dropped` counts the rows without gold label. Rows of the embedded world: place alone.
    """
    facts: dict[str, Any] = json.loads(rows.info.description or '{"place": "miniworld"}')
    return facts


def _delegated(task: Task, split: SplitName) -> bool:
    own = not isinstance(task.source, HubSource) or split in task.source.splits
    return not own and task.train_task is not None and split in ("train", "dev")


def _declared(task: Task, split: SplitName) -> tuple[str, ...]:
    if isinstance(task.source, HubSource) and split not in task.source.splits:
        return ()
    if split in ("train", "dev"):
        return ("en",) if task.train_size else ()
    hidden = task.report_only if split == "search" else ()
    return tuple(x for x in task.languages if x not in hidden)


def _can_load(
    task: Task, source: HubSource, language: str, split: SplitName, mirror: Path | None
) -> bool:
    place = _place(task, source, language, split, mirror)
    try:
        files = hub.mirror_files(mirror, source, place.config, place.hub_split)
    except hub.NotInMirrorError:
        return False
    return not (files and place.id_prefix) or hub.have_ids(files, place.id_prefix)


def _place(
    task: Task, source: HubSource, language: str, split: SplitName, mirror: Path | None
) -> _Place:
    if split not in source.splits:
        raise DataError(f"{task.name} has no {split} split; it has: {', '.join(source.splits)}")
    known = _declared(task, split)
    if language not in known:
        raise DataError(
            f"{task.name} has no {split} split in {language!r}; it has one in: {', '.join(known)}"
        )
    hub_split, _, name = source.splits[split].partition("@")
    marks = {split, f"{split}:{language}"} & set(source.stand_in_splits)
    return _Place(
        task=task,
        source=source,
        language=language,
        split=split,
        config=source.config.format(language=source.config_names.get(language, language)),
        hub_split=hub_split,
        id_prefix=source.id_prefixes.get(language, ""),
        half=name,
        stand_in=bool(marks) and hub.stands_in(mirror, source),
    )


def _made(
    place: _Place, files: list[Path], downloads: Path | None
) -> tuple[datasets.Dataset, dict[str, Any]]:
    """Canonical rows and the facts about where they come from."""
    if files:
        raw, found = hub.read_mirror(files), {"place": "mirror", "id": place.source.path}
    else:
        raw, found = hub.read_hub(place.source, place.config, place.hub_split, downloads)
    numbers = rows_with_ids(raw, place.id_prefix)
    raw = raw.select(numbers)
    _check_label_names(raw, place)
    rows = canonical(
        raw,
        ADAPTERS[place.source.adapter],
        place.task,
        language=place.language,
        split=place.hub_split,
        place=lambda row: _row_place(place, files, numbers[row]),
    )
    facts = {
        **found,
        "config": place.config,
        "split": place.source.splits[place.split],
        "dropped": len(raw) - len(rows),
        "stand_in": bool(files) and place.stand_in,
    }
    if facts["dropped"]:
        _log.info("%s: %s rows without gold label left out", facts["config"], facts["dropped"])
    return with_unique_ids(half(rows, place.half)), facts


def _row_place(place: _Place, files: list[Path], row: int) -> str:
    """Where a raw row is, for people."""
    if files:
        return hub.row_place(files, row)
    return f"{place.source.path} {place.config} {place.hub_split}, row {row}"


def _check_label_names(raw: datasets.Dataset, place: _Place) -> None:
    """Refuse rows whose integers mean other labels than the task's."""
    columns = [getattr(feature, "feature", feature) for feature in raw.features.values()]
    named = [tuple(x.names) for x in columns if isinstance(x, datasets.ClassLabel)]
    if (
        place.task.kind in ("classification", "tagging")
        and named
        and place.task.labels not in named
    ):
        raise DataError(
            f"{place.source.path} ({place.config}) has the labels {', '.join(named[0])}; "
            f"{place.task.name} has {', '.join(place.task.labels)}, in this order"
        )


def _described(rows: datasets.Dataset, facts: dict[str, Any]) -> datasets.Dataset:
    rows.info.description = json.dumps(facts)
    return rows


def _key(place: _Place, files: list[Path]) -> str:
    task, source = place.task, place.source
    what = (VERSION, task.kind, task.labels, task.metric, source.adapter, place.language)
    where = (source.path, source.fallbacks, source.revision, place.config, place.hub_split)
    marks = (place.id_prefix, place.half, place.stand_in)
    found = [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return hashlib.sha256(json.dumps([what, where, marks, found]).encode()).hexdigest()[:32]


def _is_complete(entry: Path) -> bool:
    """Whether the entry is there; one that a crash has cut short is removed."""
    facts, rows = entry / "rows.json", entry / "rows.arrow"
    if not facts.is_file():
        return False
    try:
        if json.loads(facts.read_text(encoding="utf-8"))["bytes"] == rows.stat().st_size:
            return True
    except (ValueError, TypeError, KeyError, OSError):
        pass
    _log.warning("the rows in %s are damaged and are made again", entry)
    shutil.rmtree(entry, ignore_errors=True)
    return False


def _write(entry: Path, rows: datasets.Dataset, facts: dict[str, Any]) -> None:
    """Write beside the entry and rename; if another process was first, its rows are as good."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{entry.name}.", dir=entry.parent))
    schema = rows.features.arrow_schema
    try:
        with pa.ipc.new_stream(str(folder / "rows.arrow"), schema) as stream:
            stream.write_table(rows.with_format("arrow")[:].cast(schema))
        sized = {**facts, "bytes": (folder / "rows.arrow").stat().st_size}
        (folder / "rows.json").write_text(json.dumps(sized), encoding="utf-8")
        folder.rename(entry)
    except OSError:
        if not (entry / "rows.json").is_file():
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(entry: Path) -> datasets.Dataset:
    facts = json.loads((entry / "rows.json").read_text(encoding="utf-8"))
    del facts["bytes"]
    return _described(datasets.Dataset.from_file(str(entry / "rows.arrow")), facts)
