"""Where are canonical rows kept? One Arrow file per task, language and split, mapped by everyone.

An entry is complete when its folder has its name: it is written beside it and renamed.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa

DEFAULT_CACHE = Path("~/.cache/curriculum-search")
"""Where rows are kept unless a study says another place."""

_log = logging.getLogger(__name__)


def described(rows: datasets.Dataset, facts: dict[str, Any]) -> datasets.Dataset:
    """The rows, knowing where they come from (`trainables.data.provenance`)."""
    rows.info.description = json.dumps(facts)
    return rows


def read_entry(entry: Path) -> datasets.Dataset | None:
    """The rows of an entry; None where there is none. One that a crash has cut short is removed."""
    facts, rows = entry / "rows.json", entry / "rows.arrow"
    if not facts.is_file():
        return None
    try:
        found = json.loads(facts.read_text(encoding="utf-8"))
        if found.pop("bytes") == rows.stat().st_size:
            return described(datasets.Dataset.from_file(str(rows)), found)
    except (ValueError, TypeError, KeyError, OSError):
        pass
    _log.warning("the rows in %s are damaged and are made again", entry)
    shutil.rmtree(entry, ignore_errors=True)
    return None


def write_entry(
    entry: Path, tables: Iterable[pa.Table], schema: pa.Schema, facts: Callable[[], dict[str, Any]]
) -> datasets.Dataset:
    """Write beside the entry, rename, read; if another process was first, its rows are as good.

    Args:
        entry: the folder to be.
        tables: the rows, some at a time.
        schema: theirs, with the features of `datasets` in its metadata.
        facts: where the rows come from; asked for when all of them were taken.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{entry.name}.", dir=entry.parent))
    try:
        with pa.ipc.new_stream(str(folder / "rows.arrow"), schema) as stream:
            for table in tables:
                stream.write_table(table.cast(schema))
        sized = {**facts(), "bytes": (folder / "rows.arrow").stat().st_size}
        (folder / "rows.json").write_text(json.dumps(sized), encoding="utf-8")
        folder.rename(entry)
    except OSError:
        if not (entry / "rows.json").is_file():
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = read_entry(entry)
    assert rows is not None, "an entry that was just written is there"
    return rows
