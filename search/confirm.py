"""Is the best curriculum really better? The best few again, on fresh seeds with full targets.

First pass: candidates and the empty curriculum on the search split; the winner is fixed there.
Second pass: the same and the winner's controls on the report split, which is read once. Models
come from the store, so that the second pass trains only the controls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from analysis.confirmation import winner_of
from analysis.objective import Objective
from analysis.observations import TRIAL, as_frame
from search.assignments import Planner
from search.controls import controls_of
from search.endings import MAX_FAILURES_IN_A_ROW, SearchStopped, Verdict
from search.objectives import Values
from search.scored import is_scored
from search.study_fields import StudyConfig
from search.tally import Identity, identity_of
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.standings import Standings
from trainables.assignment import SEARCH, Assignment
from trainables.tasks.task import SplitName

Row = dict[str, Any]


class Records(Protocol):
    """Where rows are written and found."""

    rows: list[Row]

    def record(self, rows: list[Row]) -> list[Row]:
        """Write the rows that are new."""


class Confirmation:
    """The two passes of a confirmation."""

    def __init__(
        self, config: StudyConfig, planner: Planner, recorder: Records, objective: Objective
    ) -> None:
        self._config = config
        self._planner = planner
        self._recorder = recorder
        self._objective = objective

    def passes(self) -> Iterator[GivenTrials]:
        """The trials of each pass; the second is made when the first has run."""
        if not self._config.confirm.top:
            return
        candidates = self._candidates()
        yield self._trials(candidates, split="search", controls=[])
        winner = self._winner()
        seeds = self._config.seeds.confirm
        controls = [
            assignment
            for seed in seeds
            for assignment in controls_of(winner, self._planner, self._config, seed)
        ]
        yield self._trials(
            candidates, split="report", controls=controls if self._config.confirm.controls else []
        )

    def _winner(self) -> Curriculum:
        """As every table names it."""
        winner = winner_of(as_frame(self._recorder.rows), self._objective)
        if winner is None:
            raise SearchStopped("no candidate was scored in the confirmation; see the failures")
        return parse_curriculum(winner)

    def _candidates(self) -> list[Curriculum]:
        """The best of the search, the empty one apart."""
        finals: dict[Identity, list[Row]] = {}
        for row in self._recorder.rows:
            if row["phase"] == SEARCH and row["rung"] == row["num_rungs"] - 1:
                finals.setdefault(identity_of(row), []).append(row)
        value, standings = Values(self._objective), Standings()
        for (_, text, _, seed, _), rows in finals.items():
            if (found := value(rows)) is not None:
                standings.record(text, seed, found, repeat=rows[0]["role"] == "noise")
        ranked = map(parse_curriculum, standings.ranked())
        return candidates_of(ranked, self._config, self._planner)

    def _trials(
        self, candidates: list[Curriculum], *, split: SplitName, controls: list[Assignment]
    ) -> GivenTrials:
        seeds = self._config.seeds.confirm
        wanted = [*to_compare(candidates, seeds, self._planner, split=split), *controls]
        return GivenTrials([a for a in wanted if not self._recorded(a)], self._recorder.record)

    def _recorded(self, assignment: Assignment) -> bool:
        """Whether every score that the assignment asks for is written already."""
        rows = [
            row
            for row in self._recorder.rows
            if assignment.identity == tuple(row[column] for column in TRIAL)
        ]
        return all(is_scored(work, rows) for work in assignment.rungs)


def candidates_of(
    ranked: Iterable[Curriculum], config: StudyConfig, planner: Planner
) -> list[Curriculum]:
    """What is confirmed of the curricula that ran to the end, best first: the best, or the space.

    Where all are, they are those of the space: baselines outside it, such as all tasks jointly, can
    cost more than all of them together.
    """
    trained, top = [curriculum for curriculum in ranked if len(curriculum)], config.confirm.top
    if top == "all":
        return [curriculum for curriculum in trained if planner.space.contains(curriculum)]
    return trained[:top]


def to_compare(
    candidates: Sequence[Curriculum], seeds: Sequence[int], planner: Planner, *, split: SplitName
) -> list[Assignment]:
    """The trials of candidates and of the empty curriculum, all at the same seeds."""
    make = planner.confirm
    found = [make(c, "candidate", seed, split=split) for seed in seeds for c in candidates]
    return found + [make(Curriculum(), "baseline", seed, split=split) for seed in seeds]


class InTurn:
    """The passes one after the other as one list of trials, so that workers stay between them."""

    def __init__(self, passes: Iterator[GivenTrials]) -> None:
        self._passes = passes
        self._current = next(passes, None)
        self._advance()

    def next(self) -> Assignment | None:
        """The next trial of the pass that runs."""
        return None if self._current is None else self._current.next()

    def finished(self) -> bool:
        """Whether the last pass has ended."""
        return self._current is None

    def on_rung(self, assignment: Assignment, rung: int, rows: list[Row]) -> Verdict:
        """Hand on to the pass that runs."""
        assert self._current is not None, "a trial of a pass that has ended"
        verdict = self._current.on_rung(assignment, rung, rows)
        self._advance()
        return verdict

    def on_failure(self, assignment: Assignment, message: str) -> None:
        """Hand on to the pass that runs."""
        assert self._current is not None, "a trial of a pass that has ended"
        self._current.on_failure(assignment, message)
        self._advance()

    def _advance(self) -> None:
        while self._current is not None and self._current.finished():
            self._current = next(self._passes, None)


class GivenTrials:
    """A fixed list of trials, each run to its end."""

    def __init__(
        self, assignments: list[Assignment], record: Callable[[list[Row]], list[Row]]
    ) -> None:
        self._waiting = list(assignments)
        self._running = 0
        self._record = record
        self._failures_in_a_row = 0

    def next(self) -> Assignment | None:
        """The next of the list."""
        if not self._waiting:
            return None
        self._running += 1
        return self._waiting.pop(0)

    def finished(self) -> bool:
        """Whether all have ended."""
        return not self._waiting and not self._running

    def on_rung(self, assignment: Assignment, rung: int, rows: list[Row]) -> Verdict:
        """Record; the last rung is the end."""
        self._record(rows)
        self._failures_in_a_row = 0
        last = rung == assignment.rungs[-1].index
        self._running -= last
        return Verdict(ends=last)

    def on_failure(self, assignment: Assignment, message: str) -> None:
        """Count it; several in a row end the confirmation."""
        self._running -= 1
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            raise SearchStopped(
                f"{self._failures_in_a_row} confirmation trials failed in a row: {message}"
            )
