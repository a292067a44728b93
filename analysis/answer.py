"""What is a study's answer, in one sentence that says how sure it is?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.confirmation import Confirmation
from analysis.leaderboard import Leaderboard
from analysis.report_split import AVERAGE, label
from spaces.curriculum import EMPTY_TEXT

POINTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader takes away from the first lines of a report."""

    sentence: str
    curriculum: str
    """The best one: confirmed, else the first of the leaderboard; empty without any."""
    basis: str
    """What the sentence rests on, a clause."""
    better: tuple[str, ...] = ()
    """What was run beside it and did better for sure, a sentence each."""


def answer(board: Leaderboard, confirmed: Confirmation | None) -> Answer:
    """The answer of a study.

    Args:
        board: its search.
        confirmed: its confirmation, if that has run to the end for one candidate.
    """
    if confirmed is not None and confirmed.is_reported:
        return _confirmed(confirmed)
    if board.ranked.empty:
        return Answer(
            sentence="No curriculum has run to the end yet: nothing can be said.",
            curriculum="",
            basis="no finished trial",
        )
    best = board.ranked.iloc[0]
    gain = best["gain"]
    against = "" if gain != gain else f", {_points(gain)} points over none"
    return Answer(
        sentence=(
            f"The best curriculum of the search scores {POINTS * best['score']:.1f}{against}; it is"
            " not confirmed, and the best of many noisy trials looks better than it is."
        ),
        curriculum=str(best["curriculum"]),
        basis="one trial of the search, search split, no interval",
    )


def _confirmed(found: Confirmation) -> Answer:
    average = found.per_target[found.per_target["target"] == AVERAGE]
    basis = "confirmation on fresh seeds, report split, languages that did not guide the search"
    if average.empty or found.winner == EMPTY_TEXT:
        sentence = "No curriculum beats fine-tuning the targets alone."
        return Answer(sentence=sentence, curriculum=found.winner, basis=basis)
    row: dict[Any, Any] = average.iloc[0].to_dict()
    gain, low, high, n = row["gain"], row["low"], row["high"], int(row["n"])
    sure = f"95 % interval {_points(low)} to {_points(high)}, {n} seeds"
    if low != low:
        seeds = "1 seed gives" if n == 1 else f"{n} seeds give"
        verdict = f"gains {_points(gain)} points, but {seeds} no interval"
    elif low > 0:
        verdict = f"gains {_points(gain)} points ({sure})"
    elif high < 0:
        verdict = f"loses {POINTS * -gain:.1f} points ({sure})"
    else:
        verdict = f"gains nothing that can be told from noise: {_points(gain)} points ({sure})"
    return Answer(
        sentence=f"Over no intermediate task the best curriculum {verdict}.",
        curriculum=found.winner,
        basis=f"{basis}, {n} seeds",
        better=tuple(
            f"{label((str(other['curriculum']), str(other['variant'])))} does better by "
            f"{POINTS * -other['winner_gain']:.1f} points (95 % interval "
            f"{POINTS * -other['high']:.1f} to {POINTS * -other['low']:.1f})."
            for other in found.comparisons.to_dict(orient="records")
            if other["high"] < 0
        ),
    )


def _points(value: float) -> str:
    return f"{POINTS * value:+.1f}"
