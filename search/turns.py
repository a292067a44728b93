"""On which seeds does a repetition search, and which are its truth? All whole seeds take turns.

What a curriculum is worth at one stage and target seed is the same in every search that sees it:
on two seeds, fifty searches are two draws of luck. So every set of as many whole seeds as a
strategy may see is seen in turn, and judged by all other seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from search.recorded_table import RecordedTable, TableError, complete_seeds, with_seen
from search.simulation import planner_on


def turns(table: RecordedTable, mirror: Path | None = None) -> Sequence[tuple[int, ...]]:
    """Sets of seeds that are seen together by searches of the table's own space.

    Raises:
        TableError: if no seed that a strategy may see has all its curricula.
    """
    planner = planner_on(table, table.config, mirror)
    return turns_with(table, map(str, (*planner.given().baselines, *planner.space.enumerate())))


def turns_with(table: RecordedTable, curricula: Iterable[str]) -> Sequence[tuple[int, ...]]:
    """Sets of seeds with all these curricula; the table's own where no other seed has them.

    Raises:
        TableError: if no seed that a strategy may see has them.
    """
    texts = tuple(curricula)
    if not (seen := complete_seeds(table, texts)):
        raise TableError(
            f"the table {table.folder} has no seed to search on with all {len(texts)} curricula"
            f" (missing: {table.facts.missing}); go on recording: {table.facts.by}"
        )
    if table.facts.surrogate is not None:  # its truth is no mean over recorded seeds
        return [seen]
    facts = replace(table.facts, seen=(*table.facts.seen, *table.facts.truth), truth=())
    whole = complete_seeds(replace(table, facts=facts), texts)
    return list(combinations(whole, len(seen))) if len(whole) > len(seen) else [seen]


def turn_of(sets: Sequence[tuple[int, ...]], repetition: int) -> tuple[int, ...]:
    """The set that a repetition sees; each of its seeds begins a search before the next set.

    Args:
        sets: that take turns.
        repetition: from 0.
    """
    return sets[repetition // len(sets[0]) % len(sets)]


def tables_in_turn(
    table: RecordedTable, sets: Sequence[tuple[int, ...]], repetitions: int
) -> tuple[RecordedTable, ...]:
    """The table as each repetition sees it, made once per set.

    Args:
        table: without a surrogate, if another seed than its own is to be seen.
        sets: that take turns.
        repetitions: how many.
    """
    turn = [turn_of(sets, i) for i in range(repetitions)]
    seeing = {seeds: with_seen(table, seeds) for seeds in dict.fromkeys(turn)}
    return tuple(seeing[seeds] for seeds in turn)


def in_words(sets: Sequence[Sequence[int]]) -> str:
    """For people."""
    return ", ".join(" and ".join(map(str, seeds)) for seeds in sets)
