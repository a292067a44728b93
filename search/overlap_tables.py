"""Which tasks share rows with this one, or with a study's targets? Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType

from analysis.tables import MISSING
from search.table_parts import Column, count, heading, remark, table
from trainables.files import DataError
from trainables.kept_hashes import RowPlaces
from trainables.places import is_here
from trainables.task_overlaps import WORTH_SAYING, Shared, task_overlaps
from trainables.tasks.catalogue import Catalogue
from trainables.tasks.task import MiniworldSource, SplitName, Task

_SPLITS: tuple[SplitName, ...] = ("train", "search", "report")


def overlap_tables(
    name: str, *, mirror: Path, cache: Path, catalogue: Catalogue | None = None
) -> Iterator[RenderableType]:
    """Overlaps of a task with every other one that is here, beside the declared ones.

    Args:
        name: of the task.
        mirror: the folder whose rows are compared.
        cache: folder for rows and the hashes of their texts.
        catalogue: of the tasks; None: the declared ones.
    """
    places = RowPlaces(
        catalogue=catalogue or Catalogue(), mirror=mirror, cache=cache, download=False
    )
    task = places.catalogue.get(name)
    yield heading("Rows in common with other tasks, in the rows that are here")
    if not is_here(task, mirror):
        yield remark(f"{name} is not here")
        return
    try:
        found = overlaps_of(task, places)
    except DataError as error:
        yield remark(f"not compared: {error}")
        return
    yield from _shares(found, places.catalogue)
    yield from _against_declared(task, found, places)


def study_overlaps(found: Sequence[Shared], catalogue: Catalogue) -> Iterator[RenderableType]:
    """What the stages of a study share with its targets: those worth saying, and declared ones.

    Args:
        found: every stage with every target.
        catalogue: of the study.
    """
    shares: dict[tuple[str, str], dict[str, float]] = {}
    for shared in found:
        shares.setdefault((shared.holder, shared.target), {})[shared.split] = shared.found.share
    yield heading("Stages that hold rows of the targets")
    rows, rest = [], [0.0]
    for pair, of in shares.items():
        declared = is_declared(*pair, catalogue)
        if max(of.values()) >= WORTH_SAYING or declared:
            told = [f"{of[split]:.1%}" if split in of else MISSING for split in _SPLITS]
            rows.append([*pair, *told, "yes" if declared else "no"])
        else:
            rest += of.values()
    if rows:
        columns = [Column("stage", number=False), Column("target", number=False)]
        columns += [Column(split) for split in _SPLITS]
        yield table([*columns, Column("declared", number=False)], rows)
        yield remark("share of a target's rows that have a text of 20 letters in common with the")
        yield remark("stage's; train: the English rows that fine-tune the target; sizes left aside")
    yield remark(f"{'others' if rows else 'none'}: at most {max(rest):.1%} of the rows of a split")


def overlaps_of(task: Task, places: RowPlaces) -> list[Shared]:
    """A task against every other one of its world that is here, both ways."""
    generated = isinstance(task.source, MiniworldSource)
    others = [
        other
        for other in places.catalogue.tasks.values()
        if other.name != task.name
        and isinstance(other.source, MiniworldSource) == generated
        and is_here(other, places.mirror)
    ]
    as_stage = task_overlaps([task], others, places) if task.role != "target" else ()
    return [*as_stage, *task_overlaps(others, [task], places)]


def undeclared(found: Iterable[Shared], catalogue: Catalogue) -> list[tuple[str, str]]:
    """Pairs that share rows and do not say so."""
    return [
        pair
        for pair in _pairs(s for s in found if s.found.share >= WORTH_SAYING)
        if not is_declared(*pair, catalogue)
    ]


def is_declared(one: str, other: str, catalogue: Catalogue) -> bool:
    """Whether one of the two names the other; `mnli@tr` shares what mnli does."""
    bases = [name.partition("@")[0] for name in (one, other)]
    tasks = [catalogue.get(name) for name in bases]
    return bases[1] in tasks[0].overlaps or bases[0] in tasks[1].overlaps


def _pairs(found: Iterable[Shared]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((s.holder, s.target) for s in found))


def _shares(found: Sequence[Shared], catalogue: Catalogue) -> Iterator[RenderableType]:
    shown = [shared for shared in found if shared.found.part]
    if not shown:
        yield remark("none")
        return
    columns = [Column("rows of", number=False), Column("hold rows of", number=False)]
    columns += [Column("split", number=False), Column("share"), Column("whole"), Column("of")]
    rows = [
        [
            shared.holder,
            shared.target,
            shared.split,
            f"{shared.found.share:.1%}",
            count(shared.found.whole),
            count(shared.found.rows),
            "yes" if is_declared(shared.holder, shared.target, catalogue) else "no",
        ]
        for shared in shown
    ]
    yield table([*columns, Column("declared", number=False)], rows)
    yield remark("rows of a stage: its training rows; of a target: those that it scores")
    yield remark(
        "share: of the rows with a text of 20 letters, those that have such a text in common; "
        "whole: rows of which all texts are the same; all languages together"
    )


def _against_declared(
    task: Task, found: Sequence[Shared], places: RowPlaces
) -> Iterator[RenderableType]:
    known = undeclared(found, places.catalogue)
    if known:
        pairs = ", ".join(f"{holder} and {target}" for holder, target in known)
        yield remark(f"in the rows, but not declared ({WORTH_SAYING:.0%} or more): {pairs}")
    seen = {name for s in found if s.found.part for name in (s.holder, s.target)}
    for name in task.overlaps:
        if name not in seen:
            here = is_here(places.catalogue.get(name), places.mirror)
            why = "not in the rows that are here" if here else "whose rows are not here"
            yield remark(f"declared, but {why}: {name}")
