"""On which seeds does a repetition search, and which are its truth? All whole seeds take turns.

What a curriculum is worth at one stage and target seed is the same in every search that sees it:
on two seeds, fifty searches are two draws of luck. So every set of as many whole seeds as a
strategy may see is seen in turn, and judged by all other seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

from search.recorded_table import RecordedTable, read_table, with_seen
from search.simulate import seeds_of


def turns(table: RecordedTable) -> Sequence[tuple[int, ...]]:
    """Sets of seeds that are seen together; the table's own where no other seed is whole."""
    seen = seeds_of(table)
    if table.facts.surrogate is not None:  # its truth is no mean over recorded seeds
        return [seen]
    facts = replace(table.facts, seen=(*table.facts.seen, *table.facts.truth), truth=())
    whole = seeds_of(replace(table, facts=facts))
    return list(combinations(whole, len(seen))) if len(whole) > len(seen) else [seen]


@cache
def table_of(folder: Path, repetition: int) -> RecordedTable:
    """The table as a repetition sees it; every seed of a set begins a search before the next set.

    Args:
        folder: of the table.
        repetition: from 0.
    """
    table = read_table(folder)
    found = turns(table)
    return _seen(folder, found[repetition // len(found[0]) % len(found)])


@cache
def _seen(folder: Path, seeds: tuple[int, ...]) -> RecordedTable:
    table = read_table(folder)
    return table if seeds == table.facts.seen else with_seen(table, seeds)
