"""Can all rows that a study will read be read? Looked at before its first trial starts.

Rows that are generated are not looked at. Canonical rows are kept, so that trials find them there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from search.assignments import Planner
from search.study_fields import StudyConfig
from trainables.data import DataError, load_rows, provenance
from trainables.tasks.task import MiniworldSource, SplitName, Task, UnionSource


def skipped_rows(
    config: StudyConfig, planner: Planner, *, mirror: Path | None, cache: Path
) -> list[str]:
    """Load every split of the study; gives a line for each of which bad rows are left out.

    Raises:
        DataError: if one cannot be read, has bad rows that are not to be skipped, or has no rows.
    """
    found: list[str] = []
    skip = config.on_bad_row == "skip"
    for task, language, split in dict.fromkeys(_splits(config, planner)):
        rows = load_rows(
            config.catalogue.get(task),
            language,
            split,
            mirror=mirror,
            cache=cache,
            skip_bad_rows=skip,
        )
        facts = provenance(rows)
        if not len(rows):
            raise DataError(_nothing_left(task, language, split, facts))
        found += _told(task, facts)
    return list(dict.fromkeys(found))


def _splits(config: StudyConfig, planner: Planner) -> Iterator[tuple[str, str, SplitName]]:
    """Task, language and split of all rows that are not generated."""
    catalogue, woven = config.catalogue, config.recipe.interleave
    targets = [catalogue.get(name) for name in config.targets]
    trained = [catalogue.get(name) for name in config.space.tasks]
    trained += [] if woven is None else [catalogue.get(woven.task)]
    trained += [catalogue.trained_on(target) for target in targets]
    for task in trained:
        if task.train_size and not _is_generated(task):
            yield task.name, task.source_language, "train"
            yield task.name, task.source_language, "dev"
    scored: tuple[SplitName, ...] = ("search", "report") if config.confirm.top else ("search",)
    for task in targets:
        if not _is_generated(task):
            for split in scored:
                for language in planner.languages(split)[task.name]:
                    yield task.name, language, split


def _is_generated(task: Task) -> bool:
    parts = task.source.parts if isinstance(task.source, UnionSource) else (task,)
    return all(isinstance(part.source, MiniworldSource) for part in parts)


def _nothing_left(task: str, language: str, split: SplitName, facts: dict[str, Any]) -> str:
    remedy = "add rows, or give a file for each split in tasks of the study file"
    return (
        f"the {split} split of {task} in {language!r} has no rows: of {facts.get('read', 0):,} read"
        f" {facts.get('dropped', 0):,} have no gold label and {facts.get('skipped', 0):,} are bad,"
        f" and the part {facts.get('split', split)!r} of the others has none; {remedy}"
    )


def _told(task: str, facts: dict[str, Any]) -> Iterator[str]:
    if facts["place"] == "union":
        for name, part in facts["parts"].items():
            yield from _told(name, part)
    elif facts.get("skipped"):
        named = (facts["id"], facts["config"], facts["split"].partition("@")[0])
        where = facts["id"] if facts["place"] == "files" else " ".join(named)
        count = f"{facts['skipped']:,} of {facts['read']:,} rows"
        yield f"{count} of {task} were skipped as bad rows (on_bad_row: skip): {where}"
