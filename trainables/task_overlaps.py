"""Which tasks share rows? Stages against the training, search and report rows of targets.

Computed from the rows that are there, whatever is declared; stages are compared with one another
by their training rows, targets by the rows that they score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trainables.data import available_languages
from trainables.kept_hashes import RowPlaces, kept_hashes, parts_here
from trainables.overlaps import Hashes, Overlap, distinct, overlap_with
from trainables.places import is_here
from trainables.tasks.task import SplitName, Task, UnionSource

POOLED = ""
"""Stands for all languages together."""
SCORED: tuple[SplitName, ...] = ("search", "report")
WORTH_SAYING = 0.05
"""Share of rows below which two data sets may have sentences in common by chance: up to 0.03 in
real samples, 0.06 in the embedded world. Shown in any case; declared from here on."""
LanguagesOf = Callable[[Task, SplitName], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """How much of the rows of one task is in another one."""

    holder: str
    """Task whose rows hold them: the training rows of a stage, the scored rows of a target."""
    target: str
    """Task whose rows these are; it may be a stage."""
    split: SplitName
    """train: what the target trains on, its own rows or those of its `train_task`."""
    language: str
    """`POOLED` or one of them."""
    found: Overlap


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of a target that are counted together."""

    target: str
    split: SplitName
    language: str
    trained_on: str
    """The task whose training rows the target has."""
    hashes: Hashes


def task_overlaps(
    holders: Iterable[Task],
    targets: Iterable[Task],
    places: RowPlaces,
    *,
    languages: LanguagesOf | None = None,
    by_language: bool = False,
) -> Iterator[Shared]:
    """Overlap of every holder with the rows of every target; no task with itself.

    Of a holder or a split without rows here nothing is said.

    Args:
        holders: stages, or targets, which are then compared with the scored rows of others.
        targets: or stages, of which there are training rows alone.
        places: where the rows are.
        languages: in which scored rows are compared; None: in all that are there.
        by_language: each language by itself, else those of a split together.

    Raises:
        DataError: if rows cannot be read.
    """
    groups = [
        _Group(target.name, split, language, places.catalogue.trained_on(target).name, hashes)
        for target in targets
        for split in _splits(target)
        for language, hashes in _hashes(target, split, places, languages).items()
    ]
    if not by_language:
        groups = _pooled(groups)
    for holder in holders:
        splits = SCORED if holder.role == "target" else ("train",)
        held = [h for split in splits for h in _hashes(holder, split, places, languages).values()]
        if not held:
            continue
        seen = distinct(held)
        for group in groups:
            if group.target != holder.name and not (splits == SCORED and group.split == "train"):
                yield _shared(holder.name, seen, group)


def has_rows(task: Task, places: RowPlaces) -> bool:
    """Whether there are rows to compare: a stage's training rows, any of a target.

    Raises:
        DataError: if rows cannot be read.
    """
    return any(_hashes(task, split, places, None) for split in _splits(task))


def _shared(holder: str, seen: Hashes, group: _Group) -> Shared:
    found = overlap_with(seen, group.hashes)
    if group.split == "train" and group.trained_on == holder:
        num_rows = len(group.hashes)
        found = Overlap(whole=num_rows, part=num_rows, rows=num_rows)
    return Shared(
        holder=holder,
        target=group.target,
        split=group.split,
        language=group.language,
        found=found,
    )


def _splits(task: Task) -> tuple[SplitName, ...]:
    return ("train",) if task.role == "intermediate" else ("train", *SCORED)


def _hashes(
    task: Task, split: SplitName, places: RowPlaces, languages: LanguagesOf | None
) -> dict[str, Hashes]:
    """Those of a split by language, of a target's training rows too; none where it is not here."""
    source = places.catalogue.trained_on(task) if split == "train" else task
    if not places.download and not is_here(source, places.mirror):
        return {}
    if isinstance(source.source, UnionSource) and not parts_here(source.source, split, places):
        return {}
    if split == "train" or languages is None:
        wanted: Sequence[str] = available_languages(source, split, places.mirror)
    else:
        wanted = languages(task, split)
    return {language: kept_hashes(source, language, split, places) for language in wanted}


def _pooled(groups: Sequence[_Group]) -> list[_Group]:
    """All languages of a split in one group."""
    splits: dict[tuple[str, SplitName, str], list[Hashes]] = {}
    for group in groups:
        splits.setdefault((group.target, group.split, group.trained_on), []).append(group.hashes)
    return [
        _Group(target, split, POOLED, trained_on, np.concatenate(hashes))
        for (target, split, trained_on), hashes in splits.items()
    ]
