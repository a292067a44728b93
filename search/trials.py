"""Which trial comes next, and does this one go on? The decisions of a search, without Ray.

Everything known is rebuilt from the observations on opening, in their order; Optuna's study is
told what they say. So a first launch, a resume and an extension are the same act.

Order of trials: baselines, and where there are contenders the empty one on the noise seeds, since
the best so far must clearly beat it; other noise seeds (as soon as the best single task is known;
where no rung can stop a trial, in the end); what an earlier launch left running; further seeds of
the best so far, and of prefixes that are crowded by now; then what the sampler proposes. All but
the sampled ones run to the end and do not count as trials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.trial import TrialState

from search.contenders import Contenders
from search.endings import MAX_FAILURES_IN_A_ROW, Budget, SearchStopped, Verdict
from search.given import Given
from search.noise_trials import Arrivals, SecondSeeds, noise_seeds
from search.scored import is_scored
from search.suggestions import Outcome, Suggestions
from search.tally import Identity, identity_of
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.standings import Standings
from spaces.stopping import RungTable
from trainables.assignment import Assignment

Rows = Sequence[Mapping[str, Any]]


class Trials:
    """State of a search: what runs, what ended how, what the rungs hold.

    Args:
        assign: the assignment of a curriculum with a role at given seeds (None: the study's own).
        record: writes rows that are not recorded yet and gives them back, durable by then.
        objective: value of one trial at one rung from its rows; None if rows are missing.
        elapsed_hours: wall-clock hours of all launches so far.
        contenders: so many of the best so far run on the noise seeds too.
        contend_last: they do when all else has ended, one after the other, so that an enumeration
            has the same ones with any number of workers.
        empty_first: nothing else starts before the empty curriculum ended: values are gains.
    """

    def __init__(
        self,
        *,
        given: Given,
        budget: Budget,
        suggestions: Suggestions,
        rungs: RungTable,
        assign: Callable[[Curriculum, str, int | None], Assignment],
        record: Callable[[Rows], Rows],
        objective: Callable[[Rows], float | None],
        elapsed_hours: Callable[[], float],
        contenders: int = 0,
        contend_last: bool = False,
        empty_first: bool = False,
    ) -> None:
        self._given = given
        self._budget = budget
        self._suggestions = suggestions
        self._rungs = rungs
        self._assign = assign
        self._record = record
        self._objective = objective
        self._elapsed_hours = elapsed_hours
        self._contend_last = contend_last
        self._empty_first = empty_first
        self._noise_first = rungs.num_rungs > 1 or empty_first
        self._arrivals = Arrivals()
        self._second_seeds = SecondSeeds(
            given,
            assign=assign,
            is_valued=lambda a: a.identity in self._running or self._final(a) is not None,
            is_begun=self._known,
        )
        self._standings = Standings()
        self._contenders = Contenders(
            self._standings,
            noise_seeds=given.noise_seeds,
            top=contenders,
            assign=assign,
            is_running=lambda a: a.identity in self._running,
            has_ended=lambda a: a.identity in self._ended,
        )
        self._running: dict[Identity, Assignment] = {}
        self._ended: set[Identity] = set()
        self._baselines = [assign(curriculum, "baseline", None) for curriculum in given.baselines]
        of_empty = [assign(given.empty, "noise", seed) for seed in given.noise_seeds]
        self._first = self._baselines + (of_empty if contenders else [])
        self._noise_seeds: list[Assignment] = []
        self._roles: dict[Identity, str] = {}
        self._examples_paid = 0.0
        self._failures_in_a_row = 0
        self._interrupted: list[tuple[Curriculum, str]] = []
        self.exhausted = False

    @property
    def num_sampled(self) -> int:
        """Trials that the sampler proposed, running ones included."""
        return self._suggestions.num_sampled

    def recall(self, rows: Rows) -> None:
        """Take in the recorded rows of one trial at one rung, in the order of the file."""
        self._examples_paid += _paid(rows)
        first = rows[0]
        identity = identity_of(first)
        role, rung = first["role"], first["rung"]
        self._roles[identity] = role
        seed = first["stage_seed"] if role == "noise" else None
        assignment = self._assign(parse_curriculum(first["curriculum"]), role, seed)
        if not is_scored(assignment.rungs[rung], rows):
            return  # the write of these rows was cut short: the trial comes here again
        last = rung == assignment.rungs[-1].index
        self._book(identity, role, rung, self._objective(rows), last=last)
        if last:
            self._ended.add(identity)

    def reconcile(self) -> None:
        """After recalling everything: tell Optuna what the observations know and it does not."""
        for identity, role in self._roles.items():
            if role == "noise":
                continue
            curriculum = parse_curriculum(identity[1])
            self._suggestions.open(curriculum, role=role)
            if identity in self._ended:
                self._tell(self._assign(curriculum, role, None), stopped=False)
        self._interrupted = [
            (curriculum, role)
            for curriculum, role, outcome in self._suggestions.told()
            if outcome is None or len(outcome.values) > self._num_recorded(curriculum, role)
        ]

    def next(self) -> Assignment | None:
        """The next trial, or None if there is nothing to start now."""
        if given := self._pending_given():
            return self._start(given[0])
        if self._waits_for_empty():
            return None
        while self._interrupted:
            curriculum, role = self._interrupted.pop(0)
            assignment = self._assign(curriculum, role, None)
            if not self._known(assignment):
                return self._start(assignment)
        if further := self._pending_further():
            return self._start(further[0])
        if self._all_proposed():
            return None
        suggestion = self._suggestions.ask()
        if suggestion is None:
            self.exhausted = True
            return self.next()  # noise seeds, where they run in the end
        return self._start(self._assign(suggestion, "sampled", None))

    def finished(self) -> bool:
        """Whether nothing runs and nothing will come."""
        if self._running or self._interrupted or self._pending_given() or self._pending_further():
            return False
        return self._all_proposed()

    def on_rung(self, assignment: Assignment, rung: int, rows: Rows) -> Verdict:
        """Record a trial's rows at a rung, then decide whether it goes on.

        Written in this order: observations, then Optuna (on the trial's end).
        """
        self._examples_paid += _paid(self._record(rows))
        self._failures_in_a_row = 0
        value = self._objective(rows)
        last = rung == assignment.rungs[-1].index
        self._book(assignment.identity, assignment.role, rung, value, last=last)
        stop, reason = False, ""
        if assignment.role == "sampled" and not last and not self._went_on(assignment, rung):
            noise = self._noise(rung, assignment)
            decision = self._rungs.decide(rung, assignment.curriculum, noise=noise)
            stop, reason = decision.stop, decision.reason
        if stop or last:
            self._end(assignment)
            self._tell(assignment, stopped=stop)
        return Verdict(ends=stop or last, stopped=stop, reason=reason, value=value)

    def on_failure(self, assignment: Assignment, message: str) -> None:
        """A trial failed for good.

        Raises:
            SearchStopped: if that happened several times in a row.
        """
        self._end(assignment)
        if assignment.role != "noise":  # the same curriculum may run as a trial
            outcome = Outcome((), TrialState.FAIL, failure=message)
            self._suggestions.tell(parse_curriculum(assignment.curriculum), outcome)
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            raise SearchStopped(
                f"{self._failures_in_a_row} trials failed one after another; the last: {message}"
            )

    def _noise(self, rung: int, assignment: Assignment) -> float | None:
        """Pooled standard deviation within curricula over seeds, as a trial meets it at a rung.

        None until every noise seed has ended, so that a decision does not depend on which of them
        had arrived.
        """
        known = self._noise_seeds_ended()
        return self._arrivals.noise(rung, before=assignment.identity) if known else None

    def _pending_given(self) -> list[Assignment]:
        first = self._first[:1] if self._waits_for_empty() else self._first
        pending = [a for a in first if not self._known(a)]
        if pending or any(a.identity in self._running for a in self._first):
            return pending
        if not self._noise_first and (self._interrupted or not self._all_proposed()):
            return []
        if not self._noise_seeds:
            self._noise_seeds = noise_seeds(self._given, assign=self._assign, final=self._final)
        return [a for a in self._noise_seeds if not self._known(a)]

    def _noise_seeds_ended(self) -> bool:
        """False without any."""
        ended = [a.identity in self._ended for a in self._noise_seeds]
        return bool(ended) and all(ended)

    def _pending_further(self) -> list[Assignment]:
        """Contenders and crowded prefixes.

        After noise seeds that come first, since a value may be one over the empty curriculum's.
        """
        too_early = self._noise_first and not self._noise_seeds_ended()
        if too_early or not self._given.noise_seeds:
            return []
        wait = self._contend_last and (self._running or not self._all_proposed())
        if not wait and (contenders := self._contenders.pending()):
            return contenders
        self._second_seeds.count(self._suggestions.sampled(since=self._second_seeds.num_counted))
        return self._second_seeds.pending(self._noise_seeds)

    def _waits_for_empty(self) -> bool:
        return self._empty_first and self._baselines[0].identity not in self._ended

    def _final(self, assignment: Assignment) -> float | None:
        """The value at the last rung; None if the trial has none."""
        return self._arrivals.of(assignment.identity).get(assignment.rungs[-1].index)

    def _start(self, assignment: Assignment) -> Assignment:
        self._running[assignment.identity] = assignment
        if assignment.role == "baseline":
            self._suggestions.open(parse_curriculum(assignment.curriculum), role="baseline")
        return assignment

    def _end(self, assignment: Assignment) -> None:
        self._running.pop(assignment.identity, None)
        self._ended.add(assignment.identity)
        self._second_seeds.on_end(parse_curriculum(assignment.curriculum))

    def _tell(self, assignment: Assignment, *, stopped: bool) -> None:
        if assignment.role == "noise":
            return
        state = TrialState.PRUNED if stopped else TrialState.COMPLETE
        outcome = Outcome(tuple(self._arrivals.of(assignment.identity).values()), state)
        self._suggestions.tell(parse_curriculum(assignment.curriculum), outcome)

    def _went_on(self, assignment: Assignment, rung: int) -> bool:
        """Whether the trial passed this rung before it was interrupted: that is not taken back."""
        return any(later > rung for later in self._arrivals.of(assignment.identity))

    def _num_recorded(self, curriculum: Curriculum, role: str) -> int:
        """Rungs of which the observations are there: they may have been lost, told or not."""
        return len(self._arrivals.of(self._assign(curriculum, role, None).identity))

    def _known(self, assignment: Assignment) -> bool:
        return assignment.identity in self._running or assignment.identity in self._ended

    def _book(
        self, identity: Identity, role: str, rung: int, value: float | None, *, last: bool
    ) -> None:
        if value is None:
            return
        self._arrivals.record(rung, identity, value)
        if last:
            self._standings.record(identity[1], identity[3], value, repeat=role == "noise")
        if role != "noise":
            self._rungs.record(rung, identity[1], value)
            return
        values = self._arrivals.of(identity).values()
        self._suggestions.note_other_seed(identity[1], identity[3], tuple(values))

    def _all_proposed(self) -> bool:
        return self.exhausted or self._budget.spent(
            trials=self.num_sampled, examples=self._examples_paid, hours=self._elapsed_hours()
        )


def _paid(rows: Rows) -> float:
    return float(sum(row["examples_paid"] for row in rows))
