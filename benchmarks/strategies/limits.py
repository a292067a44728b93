"""What was wanted of the search, and was it reached? Each limit is held against a final table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from statistics import median

from benchmarks.strategies.entries import LONGER
from benchmarks.strategies.kept import Found, Line
from benchmarks.strategies.markdown import points, ranged, share_of
from benchmarks.strategies.measures import (
    Range,
    change_of_regret,
    full_evaluation,
    ratio_of_medians,
    share,
    spent_to_within,
    truth_quality,
)
from search.recorded_table import RecordedTable
from search.study_fields import StudyConfig

FIRST = "as documented"
SIMPLE = "random+asha+store"
OURS = "sampler"
RANDOM_NEEDS = 300
"""Evaluations from which on random search is held against ours; it never needs more than all."""
WHILE = 30
"""Full evaluations' worth of spending over which regret is averaged."""
STOPPING = "contenders"
"""The step that stops early as a study does that asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Something that was wanted of the search."""

    wanted: str
    found: str
    kept: bool


def limits(table: RecordedTable, found: Found) -> Iterator[Limit]:
    """What is wanted on a final table, held against what was found on this one.

    Nothing where the truth is too noisy to judge by.
    """
    if not found.get(OURS) or not truth_quality(table).judges:
        return
    wanted = {FIRST: 10}
    if len(table.truths) >= RANDOM_NEEDS:
        wanted["random"] = 30
    for name, times in wanted.items():
        if theirs := found.get(f"{LONGER}: {name}") or found.get(name):
            ratio = ratio_of_medians(found[OURS], theirs, "papers")
            yield Limit(
                wanted=f"at least {times} times fewer examples than `{name}` to come within, in "
                "the papers' proportions",
                found=_times(ratio, found[OURS], theirs),
                kept=ratio.value >= times,
            )
    if found.get(SIMPLE):
        yield _never_worse(table, found)
    if not found.get(STOPPING):
        return
    dropped = share(found[STOPPING], lambda line: bool(line["best_stopped"]))
    off = StudyConfig.model_fields["stopping"].default is None
    yield Limit(
        wanted="early stopping drops the true best in at most 5 % of searches "
        f"(`{STOPPING}`), or is off by default",
        found=share_of(dropped) + (", off by default" if off else ""),
        kept=off or dropped.value <= 0.05,
    )


def _never_worse(table: RecordedTable, found: Found) -> Limit:
    """Neither by what is spent to come within, nor by regret: often neither ever comes within."""
    ratio = ratio_of_medians(found[OURS], found[SIMPLE], "papers")
    amount = WHILE * full_evaluation(table, "papers")
    change = change_of_regret(found[OURS], found[SIMPLE], amount, "papers")
    times = _times(ratio, found[OURS], found[SIMPLE])
    return Limit(
        wanted=f"never worse than `{SIMPLE}`",
        found=f"{times}; regret while {WHILE} full evaluations' worth is spent "
        f"{points(change, sign='+')}",
        kept=not ratio.high < 1 and not (change.low is not None and change.low > 0),
    )


def _times(ratio: Range, ours: Sequence[Line], theirs: Sequence[Line]) -> str:
    """How many times fewer examples; where half of neither's searches come within, how many do."""
    own, other = ([spent_to_within(line, "papers") for line in lines] for lines in (ours, theirs))
    if isnan(ratio.value):
        counts = (f"{sum(map(isfinite, spent))} of {len(spent)}" for spent in (own, other))
        return "neither in half of the searches: ours in {}, the other in {}".format(*counts)
    bound = "" if isfinite(median(other)) else "at least "
    return f"{bound}{ranged(ratio)} times fewer"
