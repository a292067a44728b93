"""On which seeds does a repetition search, and which are its truth? All whole seeds take turns.

What a curriculum is worth at one stage and target seed is the same in every search that sees it:
on two seeds, fifty searches are two draws of luck. So every set of as many whole seeds as a
strategy may see is seen in turn, and judged by all other seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from search.assignments import Planner
from search.recorded_table import RecordedTable, TableError, complete_seeds
from search.simulation import places_of_simulation


def seeds_of(found: RecordedTable, mirror: Path | None = None) -> tuple[int, ...]:
    """Those that a strategy may see, with every curriculum that it may ask for.

    Raises:
        TableError: if there is none.
    """
    planner = Planner(found.config, places_of_simulation(found.config, mirror))
    curricula = (*planner.given().baselines, *planner.space.enumerate())
    if seeds := complete_seeds(found, map(str, curricula)):
        return seeds
    raise TableError(
        f"the table {found.folder} has no seed to search on with all {len(curricula)} curricula"
        f" (missing: {found.facts.missing}); go on recording: {found.facts.by}"
    )


def turns(table: RecordedTable, mirror: Path | None = None) -> Sequence[tuple[int, ...]]:
    """Sets of seeds that are seen together; the table's own where no other seed is whole."""
    seen = seeds_of(table, mirror)
    if table.facts.surrogate is not None:  # its truth is no mean over recorded seeds
        return [seen]
    facts = replace(table.facts, seen=(*table.facts.seen, *table.facts.truth), truth=())
    whole = seeds_of(replace(table, facts=facts), mirror)
    return list(combinations(whole, len(seen))) if len(whole) > len(seen) else [seen]


def turn_of(sets: Sequence[tuple[int, ...]], repetition: int) -> tuple[int, ...]:
    """The set that a repetition sees; each of its seeds begins a search before the next set.

    Args:
        sets: that take turns.
        repetition: from 0.
    """
    return sets[repetition // len(sets[0]) % len(sets)]


def in_words(sets: Sequence[Sequence[int]]) -> str:
    """For people."""
    return ", ".join(" and ".join(map(str, seeds)) for seeds in sets)
