"""Which tasks share rows with this one, or with a study's targets? Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import RenderableType

from analysis.tables import MISSING
from search.table_parts import Column, count, heading, remark, table
from trainables.files import DataError
from trainables.kept_hashes import RowPlaces
from trainables.task_overlaps import WORTH_SAYING, Shared, has_rows, task_overlaps
from trainables.tasks.catalogue import Catalogue
from trainables.tasks.task import MiniworldSource, SplitName, Task

_SPLITS: tuple[SplitName, ...] = ("train", "search", "report")
_A_LINE = 0.01
"""Share of rows below which an overlap that is not declared has no line of its own."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A task beside all others of its world, the real one or the embedded one."""

    found: tuple[Shared, ...]
    missing: tuple[str, ...]
    """Names of those of which no rows are here."""
    unreadable: tuple[str, ...]
    """Names of those whose rows cannot be read, each with the reason."""


def overlap_tables(task: Task, places: RowPlaces) -> Iterator[RenderableType]:
    """Overlaps of a task with every other one that is here, beside the declared ones.

    Args:
        task: one of the catalogue, or one of them in another language.
        places: where the rows are, and the tasks that it is compared with.
    """
    catalogue = places.catalogue
    yield heading("Rows in common with other tasks, in the rows that are here")
    try:
        here = has_rows(task, places)
    except DataError as error:
        yield remark(f"not compared: {error}")
        return
    if not here:
        rows = "training rows" if task.role == "intermediate" else "rows"
        yield remark(f"not compared: no {rows} of {task.name} are here")
        return
    compared = compare(task, places)
    yield from _shares(task, compared.found, catalogue)
    yield from _against_declared(task, compared, catalogue)


def compare(task: Task, places: RowPlaces) -> Compared:
    """A task against every other one of its world, as holder and as held, whatever is here."""
    generated = isinstance(task.source, MiniworldSource)
    found, missing, unreadable = list[Shared](), list[str](), list[str]()
    for other in places.catalogue.tasks.values():
        if other.name == task.name or isinstance(other.source, MiniworldSource) != generated:
            continue
        try:
            shared = [] if task.role == "target" else [*task_overlaps([task], [other], places)]
            shared += task_overlaps([other], [task], places)
        except DataError as error:
            unreadable.append(f"{other.name}: {error}")
            continue
        found += shared
        if not shared:
            missing.append(other.name)
    return Compared(tuple(found), tuple(missing), tuple(unreadable))


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


def undeclared(found: Iterable[Shared], catalogue: Catalogue) -> list[str]:
    """Pairs that share rows and do not say so, each once."""
    pairs = dict.fromkeys(
        " and ".join(sorted((shared.holder, shared.target)))
        for shared in found
        if shared.found.share >= WORTH_SAYING
        and not is_declared(shared.holder, shared.target, catalogue)
    )
    return list(pairs)


def is_declared(one: str, other: str, catalogue: Catalogue) -> bool:
    """Whether one of the two names the other; `mnli@tr` shares what mnli does, and with mnli."""
    bases = [name.partition("@")[0] for name in (one, other)]
    tasks = [catalogue.get(name) for name in bases]
    return bases[0] == bases[1] or bases[1] in tasks[0].overlaps or bases[0] in tasks[1].overlaps


def _shares(task: Task, found: Sequence[Shared], catalogue: Catalogue) -> Iterator[RenderableType]:
    """A table of those worth a line, and the names of the others."""
    rows, few = [], dict[str, None]()
    for shared in found:
        declared = is_declared(shared.holder, shared.target, catalogue)
        if shared.found.share >= _A_LINE or (declared and shared.found.part):
            rows.append(_cells(shared, declared=declared))
        elif shared.found.part:
            few[shared.target if shared.holder == task.name else shared.holder] = None
    if not rows and not few:
        yield remark("none")
    if rows:
        columns = [Column("rows of", number=False), Column("hold rows of", number=False)]
        columns += [Column("split", number=False), Column("share"), Column("whole"), Column("of")]
        yield table([*columns, Column("declared", number=False)], rows)
        yield remark("rows of a stage: its training rows; of a target: those that it scores")
        yield remark("share: rows that have a text of 20 letters in common, of all with such texts")
        yield remark("whole: rows of which all texts are the same; all languages together")
    if few:
        told = ", ".join(few)
        yield remark(f"single rows, fewer than {_A_LINE:.0%} of a split, in common with: {told}")


def _cells(shared: Shared, *, declared: bool) -> list[str]:
    of = shared.found
    share = "<0.1%" if of.share < 0.001 else f"{of.share:.1%}"
    names = [shared.holder, shared.target, shared.split]
    return [*names, share, count(of.whole), count(of.rows), "yes" if declared else "no"]


def _against_declared(
    task: Task, compared: Compared, catalogue: Catalogue
) -> Iterator[RenderableType]:
    """What declarations and rows say differently, and what was not compared."""
    if known := undeclared(compared.found, catalogue):
        told = "; ".join(known)
        yield remark(f"in the rows, but not declared ({WORTH_SAYING:.0%} or more): {told}")
    seen = {name for s in compared.found if s.found.part for name in (s.holder, s.target)}
    apart = [name for name in task.overlaps if name not in {*seen, *compared.missing}]
    if apart:
        why = " (a translation has other words)" if "@" in task.name else ""
        yield remark(f"declared, but not in the rows that are here: {', '.join(apart)}{why}")
    if compared.missing:
        yield remark(f"not compared, no rows are here: {', '.join(compared.missing)}")
    for told in compared.unreadable:
        yield remark(f"not compared, {told}")
