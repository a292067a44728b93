"""How would this study have gone? Its own search on a recorded table that is near enough.

Near enough: the same encoder, targets, objective and recipes, and of the table's space, probe and
languages the whole or a part. Only the joint baseline may be missing, as it is where a study has
fewer tasks than the table; then the search does without.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

from analysis.statistics.intervals import Interval, t_interval
from search.assignments import Planner
from search.given import Given
from search.recorded_table import RecordedTable, TableError, read_table
from search.simulated import Simulated, distinct
from search.simulated_search import Decides, as_in_a_run
from search.simulation import planner_on, simulate
from search.strategies import in_turn
from search.study_fields import StudyConfig
from search.turns import tables_in_turn, turns_with

REPETITIONS = 12
SAME = ("encoder", "targets", "objective", "recipe")
"""Fields that move every score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A study, searched several times on a table."""

    turns: Sequence[tuple[int, ...]]
    """Seeds that are seen in turn."""
    tables: tuple[RecordedTable, ...]
    """As each search sees and is judged by it, with the truths of the study's own space."""
    runs: tuple[Simulated, ...]
    without_joint: bool
    """The joint baseline is not in the table."""

    @property
    def table(self) -> RecordedTable:
        """As the first search sees it."""
        return self.tables[0]

    @property
    def regret(self) -> Interval | None:
        """How far the best known in the end is below the true best; None if a run found nothing."""
        regrets = self._regrets([run.winner for run in self.runs])
        return None if inf in regrets else t_interval(regrets, unit="searches")

    @property
    def num_within(self) -> int:
        """Searches whose best known is as good as the true best."""
        return self._num_within([run.winner for run in self.runs])

    @property
    def num_confirmed_within(self) -> int:
        """Searches whose confirmed winner is."""
        return self._num_within([run.confirmed for run in self.runs])

    def _num_within(self, curricula: list[str | None]) -> int:
        regrets = self._regrets(curricula)
        return sum(r <= own.tolerance for r, own in zip(regrets, self.tables, strict=True))

    def _regrets(self, curricula: list[str | None]) -> list[float]:
        """Infinite where a search has no winner."""
        judged = zip(curricula, self.tables, strict=True)
        return [inf if text is None else own.regret(text) for text, own in judged]


def replay(config: StudyConfig, folder: Path, *, mirror: Path | None = None) -> Replayed:
    """Search a study on a table.

    Args:
        config: the study; its seeds are replaced by those of the table.
        folder: of the table.
        mirror: folder that stands in for the hub, where rows are counted.

    Raises:
        TableError: if the table is not near enough, or lacks what the search asks for.
    """
    found = read_table(folder)
    if strange := list(_strange(config, found.config)):
        raise TableError(f"the table {folder} is of another study: {'; '.join(strange)}")
    planner = planner_on(found, config, mirror)
    own = _recorded(planner, found)
    joint = planner.given().joint
    without_joint = joint is not None and str(joint) not in found.truths
    sets = turns_with(found, own)
    tables = tuple(_of(table, own) for table in tables_in_turn(found, sets, REPETITIONS))
    studies = [_seeded(config, table.facts.seen, i) for i, table in enumerate(tables)]
    how: dict[str, Any] = {"workers": config.resources.workers, "mirror": mirror}
    if without_joint:
        how["search"] = _without_joint
    runs = [simulate(*searched, **how) for searched in zip(tables, studies, strict=True)]
    tables, kept = distinct(tables, runs)
    return Replayed(turns=sets, tables=tables, runs=kept, without_joint=without_joint)


def _of(table: RecordedTable, own: Collection[str]) -> RecordedTable:
    """With the truths of these curricula alone."""
    truths = {text: truth for text, truth in table.truths.items() if text in own}
    return replace(table, truths=truths)


class _WithoutJoint(Planner):
    """Makes the assignments of a study that has no joint baseline."""

    def given(self) -> Given:
        """The others."""
        return replace(super().given(), joint=None)


def _without_joint(
    config: StudyConfig, planner: Planner, elapsed_hours: Callable[[], float]
) -> Decides:
    return as_in_a_run(config, _WithoutJoint(config, planner.places), elapsed_hours)


def _strange(config: StudyConfig, recorded: StudyConfig) -> Iterator[str]:
    """What keeps the study from being replayed, for people."""
    for name in SAME:
        if getattr(config, name) != getattr(recorded, name):
            yield f"{name} differs"
    there = recorded.languages.proxy
    if more := [language for language in config.languages.proxy if language not in there]:
        yield f"languages.proxy has {', '.join(more)}, the table {', '.join(there)}"
    if config.probe.eval != recorded.probe.eval:
        yield f"probe.eval is {config.probe.eval}, the table's {recorded.probe.eval}"


def _recorded(planner: Planner, found: RecordedTable) -> set[str]:
    """The curricula of the study, all of which the table has; the joint baseline is left out."""
    count = planner.space.count()
    lacks = f"the table {found.folder} has {len(found.truths)} curricula"
    if count > len(found.truths):
        raise TableError(f"{lacks}, the study's space {count}; narrow `space` to plan on it")
    joint = planner.given().joint
    given = (curriculum for curriculum in planner.given().baselines if curriculum != joint)
    own = {str(curriculum) for curriculum in (*given, *planner.space.enumerate())}
    if absent := sorted(own - set(found.truths)):
        raise TableError(f"{lacks}, but not {len(absent)} of the study's, such as {absent[0]}")
    return own


def _seeded(config: StudyConfig, seeds: tuple[int, ...], repetition: int) -> StudyConfig:
    """At one of the table's seeds, the others for noise and confirmation."""
    seed, fresh = in_turn(seeds, repetition)
    values = config.model_dump(mode="json")
    values["seeds"] = {
        "stage": seed,
        "target": seed,
        "sampler": repetition + 1,
        "noise": fresh if config.seeds.noise else (),
        "confirm": fresh,
    }
    if not fresh:
        values["confirm"] |= {"top": 0}
    return StudyConfig.model_validate(values)
