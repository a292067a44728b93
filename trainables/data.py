"""Which rows does a task have in a language and split? Canonical columns, wherever they come from.

Places, in their order: the embedded world for its own tasks, the user's files for theirs; a mirror
folder that has the data set; the hub (`trainables/places.py`). Canonical rows are kept as one Arrow
file per task, language and split in a cache folder, shared by all processes of a machine.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import cache as cache_in_memory
from functools import partial
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.compute as pc

from trainables.canonical import (
    FEATURES,
    Report,
    canonical_tables,
    part_of,
    rows_hash,
    told,
    unique_ids,
)
from trainables.files import DataError
from trainables.miniworld import rows as miniworld
from trainables.places import (
    Place,
    available_languages,
    files_of,
    name_of,
    place_of,
    raw_tables,
    row_name,
)
from trainables.pools import with_translations
from trainables.row_cache import described, read_entry, write_entry
from trainables.tasks.adapters import ADAPTERS, Adapter
from trainables.tasks.columns import by_columns
from trainables.tasks.task import FileSource, MiniworldSource, SplitName, Task, UnionSource

__all__ = ["DataError", "available_languages", "load_rows", "provenance", "rows_hash"]

VERSION = 4
"""Part of every cache key: raised when the canonical rows change, or which are refused."""

_COUNTS = ("read", "dropped", "skipped")
_log = logging.getLogger(__name__)


def load_rows(
    task: Task,
    language: str,
    split: SplitName,
    *,
    mirror: Path | None = None,
    cache: Path | None = None,
    skip_bad_rows: bool = False,
) -> datasets.Dataset:
    """Rows in canonical columns; rows without gold label are left out and counted.

    Args:
        task: the task.
        language: one of `task.languages`; for train and dev `task.source_language`.
        split: train, dev, search or report.
        mirror: folder with `datasets/<org>/<name>/...` as on the hub.
        cache: folder for canonical rows, which are then memory-mapped; None: kept in memory.
        skip_bad_rows: whether rows that cannot be used are left out and counted too.

    Raises:
        DataError: no such split, language, configuration, file or folder, no network, bad rows.
    """
    how: dict[str, Any] = {"mirror": mirror, "cache": cache, "skip_bad_rows": skip_bad_rows}
    if isinstance(task.source, UnionSource):
        return _united(task, task.source, split, how)
    rows = rows_of_language(task, language, split, **how)
    if not task.multilingual_pool or split in ("train", "dev"):
        return rows
    others = [x for x in available_languages(task, split, mirror) if x != language]
    pooled = with_translations(rows, (rows_of_language(task, x, split, **how) for x in others))
    return described(pooled, provenance(rows))


def rows_of_language(
    task: Task,
    language: str,
    split: SplitName,
    *,
    mirror: Path | None = None,
    cache: Path | None = None,
    skip_bad_rows: bool = False,
) -> datasets.Dataset:
    """`load_rows` of a task that is no union, without the passages of other languages."""
    if isinstance(task.source, MiniworldSource):
        return _generated(task.source.generator, language, split, cache)
    assert not isinstance(task.source, UnionSource), "its parts are read"
    place = place_of(task, task.source, language, split, mirror)
    files = files_of(place, mirror)
    schema = FEATURES[task.kind].arrow_schema
    if cache is None:
        tables, facts = _made(place, files, None, skip_bad_rows)
        table = pa.concat_tables([schema.empty_table(), *tables]).cast(schema)
        return described(datasets.Dataset(table), facts())
    entry = _entry(cache, place, files, skip_bad_rows)
    if (rows := read_entry(entry)) is None:
        tables, facts = _made(place, files, cache / "hub", skip_bad_rows)
        rows = write_entry(entry, tables, schema, facts)
    return rows


def rows_entry(
    task: Task,
    language: str,
    split: SplitName,
    *,
    mirror: Path | None = None,
    cache: Path,
    skip_bad_rows: bool = False,
) -> Path:
    """The folder in which `rows_of_language` keeps these rows, there or not.

    Raises:
        DataError: no such split, language, configuration, file or folder.
    """
    if isinstance(task.source, MiniworldSource):
        return _generated_entry(task.source.generator, language, split, cache)
    assert not isinstance(task.source, UnionSource), "a union's parts have entries"
    place = place_of(task, task.source, language, split, mirror)
    return _entry(cache, place, files_of(place, mirror), skip_bad_rows)


def _entry(cache: Path, place: Place, files: list[Path], skip_bad_rows: bool) -> Path:
    return cache / "rows" / _key(place, files, skip_bad_rows)


def _generated_entry(generator: str, language: str, split: SplitName, cache: Path) -> Path:
    what = [VERSION, _world_source(), generator, language, split]
    return cache / "rows" / hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


@cache_in_memory
def _generated(
    generator: str, language: str, split: SplitName, cache: Path | None
) -> datasets.Dataset:
    """Rows of the embedded world, made once per machine: making 9,000 takes a second or two."""
    if cache is None:
        return miniworld.read(generator, language, split)
    entry = _generated_entry(generator, language, split, cache)
    if (rows := read_entry(entry)) is None:
        made = miniworld.read(generator, language, split)
        table = made.with_format("arrow")[:]
        facts = {"place": "miniworld"}
        rows = write_entry(entry, [table], made.features.arrow_schema, lambda: facts)
    return rows


@cache_in_memory
def _world_source() -> str:
    """SHA-256 of the code that makes the embedded world: another code, other rows."""
    folder = Path(str(miniworld.__file__)).parent
    return hashlib.sha256(b"".join(p.read_bytes() for p in sorted(folder.glob("*.py")))).hexdigest()


def _united(
    task: Task, source: UnionSource, split: SplitName, how: dict[str, Any]
) -> datasets.Dataset:
    """The rows of all parts, one after the other, each with its task's name in the id."""
    parts = [
        part
        for part in source.parts
        if not source.partial or available_languages(part, split, how["mirror"])
    ]
    if not parts:
        raise DataError(f"{task.name} has no {split} split: the mirror has none of its parts")
    tables, facts = [], {}
    for part in parts:
        rows = load_rows(part, part.source_language, split, **how)
        table, facts[part.name] = rows.with_format("arrow")[:], provenance(rows)
        ids = pc.binary_join_element_wise(part.name, table["id"].cast(pa.string()), "/")
        tables.append(table.set_column(table.schema.get_field_index("id"), "id", ids))
    united = {
        "place": "union",
        "parts": facts,
        "stand_in": any(each.get("stand_in") for each in facts.values()),
        **{k: sum(each.get(k, 0) for each in facts.values()) for k in _COUNTS},
    }
    return described(datasets.Dataset(pa.concat_tables(tables)), united)


def provenance(rows: datasets.Dataset) -> dict[str, Any]:
    """Where loaded rows come from: place, id, revision, config, split, counts, stand_in.

    `read` counts the rows looked at, `dropped` those without gold label, `skipped` the bad ones.
    Rows of the embedded world: place alone.
    """
    facts: dict[str, Any] = json.loads(rows.info.description or '{"place": "miniworld"}')
    return facts


def _made(
    place: Place, files: list[Path], downloads: Path | None, skip_bad_rows: bool
) -> tuple[Iterator[pa.Table], Callable[[], dict[str, Any]]]:
    """The canonical rows of a place, and the facts about them, to be asked for afterwards."""
    raw, found = raw_tables(place, files, downloads)
    report = Report()
    rows = _canonical(raw, place, report)
    checked = _checked(rows, place, files, report, skip_bad_rows=skip_bad_rows)
    return checked, partial(_facts, place, {**found, "is_file": bool(files)}, report)


def _canonical(raw: Iterable[pa.Table], place: Place, report: Report) -> Iterator[pa.Table]:
    rows = canonical_tables(
        _with_right_labels(raw, place.task),
        _adapter(place),
        place.task,
        language=place.language,
        split=place.own_split,
        id_prefix=place.id_prefix,
        report=report,
    )
    ours = (part_of(table, place.part) for table in rows)
    return ours if place.split == "train" else unique_ids(ours)


def _adapter(place: Place) -> Adapter:
    source = place.source
    if isinstance(source, FileSource) or not source.adapter:
        return by_columns(place.task, source.columns)
    return ADAPTERS[source.adapter]


def _checked(
    rows: Iterator[pa.Table],
    place: Place,
    files: list[Path],
    report: Report,
    *,
    skip_bad_rows: bool,
) -> Iterator[pa.Table]:
    """The rows; after the last ones an error if there are none, or bad ones."""
    try:
        yield from rows
    except DataError as error:
        raise DataError(f"{name_of(place, files)}: {error}") from error
    if not report.rows:
        raise DataError(f"{name_of(place, files)}: {place.language!r} has no rows")
    if report.bad and not skip_bad_rows:
        what = told(report, lambda row: row_name(place, files, row), place.task)
        raise DataError(
            f"{what}\ncorrect them or take them out, then start again; to leave them out, say "
            "on_bad_row: skip in the study file"
        )


def _facts(place: Place, found: dict[str, Any], report: Report) -> dict[str, Any]:
    """See `provenance`."""
    if report.dropped:
        _log.info("%s: %s rows without gold label left out", place.task.name, report.dropped)
    if report.bad:
        _log.warning("%s: %s bad rows skipped", place.task.name, report.bad)
    is_file = found.pop("is_file")
    return {
        **found,
        "config": place.config,
        "split": place.source.splits[place.split],
        **dict(zip(_COUNTS, (report.rows, report.dropped, report.bad), strict=True)),
        "stand_in": is_file and place.stand_in,
    }


def _with_right_labels(tables: Iterable[pa.Table], task: Task) -> Iterator[pa.Table]:
    """The tables, refused where their integers mean other labels than the task's."""
    for number, table in enumerate(tables):
        if number == 0 and task.kind in ("classification", "tagging"):
            features = datasets.Features.from_arrow_schema(table.schema).values()
            columns = [getattr(feature, "feature", feature) for feature in features]
            named = [tuple(x.names) for x in columns if isinstance(x, datasets.ClassLabel)]
            if named and task.labels not in named:
                raise DataError(
                    f"its labels are {', '.join(named[0])}; {task.name} has "
                    f"{', '.join(task.labels)}, in this order"
                )
        yield table


def _key(place: Place, files: list[Path], skip_bad_rows: bool) -> str:
    """Names canonical rows by all that makes them."""
    found = [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    task = place.task
    made_by = (VERSION, task.kind, task.labels, task.metric, task.unanswerable, skip_bad_rows)
    of = (place.language, place.split, place.config, place.id_prefix, place.stand_in)
    what = [made_by, asdict(place.source), of, found]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]
