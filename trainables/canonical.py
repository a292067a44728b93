"""What do canonical rows look like, and what identifies their content?

Columns per kind as `trainables/tasks/task.py` describes them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable

import datasets
import pyarrow as pa

from trainables.hub import DataError, quiet
from trainables.tasks.adapters import Adapter, Batch, Origin
from trainables.tasks.task import KindName

_BATCH = 1000
_TEXT, _NUMBER = datasets.Value("string"), datasets.Value("int64")
_TEXTS, _NUMBERS = datasets.List(_TEXT), datasets.List(_NUMBER)

FEATURES: dict[KindName, datasets.Features] = {
    "classification": datasets.Features(id=_TEXT, text=_TEXT, text_pair=_TEXT, label=_NUMBER),
    "multiple_choice": datasets.Features(
        id=_TEXT, context=_TEXT, question=_TEXT, choices=_TEXTS, label=_NUMBER
    ),
    "span_qa": datasets.Features(
        id=_TEXT, context=_TEXT, question=_TEXT, answers=_TEXTS, answer_starts=_NUMBERS
    ),
    "tagging": datasets.Features(id=_TEXT, tokens=_TEXTS, tags=_NUMBERS),
    "retrieval": datasets.Features(id=_TEXT, source=_TEXT, target=_TEXT),
}
"""Canonical columns and their types, per kind."""


def canonical(
    raw: datasets.Dataset, adapter: Adapter, kind: KindName, *, language: str, split: str
) -> datasets.Dataset:
    """Hub rows in canonical columns; those that the adapter leaves out (no gold) are missing.

    Args:
        raw: rows in hub columns.
        adapter: see `trainables/tasks/adapters.py`.
        kind: the task's kind.
        language: the rows' language.
        split: the hub's split name, part of the ids.

    Raises:
        DataError: no rows, or columns that the adapter does not know.
    """
    if not len(raw):
        raise DataError(f"the {split} split in {language!r} has no rows")

    def adapt(batch: Batch, numbers: list[int]) -> Batch:
        return adapter(batch, Origin(language=language, split=split, rows=numbers))

    try:
        return _mapped(raw, adapt, kind)
    except KeyError as error:
        has = ", ".join(raw.column_names)
        raise DataError(f"the {split} split has no column {error}; it has: {has}") from error


def _mapped(
    raw: datasets.Dataset, adapt: Callable[[Batch, list[int]], Batch], kind: KindName
) -> datasets.Dataset:
    with quiet():
        return raw.map(
            adapt,
            batched=True,
            batch_size=_BATCH,
            with_indices=True,
            remove_columns=raw.column_names,
            features=FEATURES[kind],
            keep_in_memory=True,
            load_from_cache_file=False,
            new_fingerprint=f"canonical-{kind}",
        )


def with_ids(raw: datasets.Dataset, prefix: str) -> datasets.Dataset:
    """The hub rows whose ids begin so; all of them if the prefix is empty."""
    if not prefix:
        return raw
    kept = [number for number, item in enumerate(raw["id"]) if item.startswith(prefix)]
    return raw.select(kept)


def half(rows: datasets.Dataset, name: str) -> datasets.Dataset:
    """The rows whose ids fall into half `a` or `b`; all of them if the name is empty."""
    if not name:
        return rows
    kept = [number for number, item in enumerate(rows["id"]) if half_of(item) == name]
    return rows.select(kept)


def half_of(item: str) -> str:
    """The half, `a` or `b`, of an item id: the last bit of its SHA-256."""
    return "ab"[hashlib.sha256(item.encode()).digest()[-1] & 1]


def with_unique_ids(rows: datasets.Dataset) -> datasets.Dataset:
    """Number repeated ids `id#2`, `id#3`: two Tatoeba pairs may share their English sentence."""
    ids = rows["id"][:]
    if len(set(ids)) == len(ids):
        return rows
    seen: Counter[str] = Counter()
    unique = []
    for item in ids:
        seen[item] += 1
        unique.append(item if seen[item] == 1 else f"{item}#{seen[item]}")
    table = rows.with_format("arrow")[:]
    place = table.schema.get_field_index("id")
    return datasets.Dataset(table.set_column(place, "id", pa.array(unique, pa.string())))


def rows_hash(rows: datasets.Dataset) -> str:
    """SHA-256 of the content of the rows in their order, whatever file or chunks hold them."""
    digest = hashlib.sha256(json.dumps(sorted(rows.column_names)).encode())
    arrow = rows.with_format("arrow")
    for start in range(0, len(rows), _BATCH):
        batch = arrow[start : start + _BATCH].to_pydict()
        digest.update(json.dumps(batch, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()
