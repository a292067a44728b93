"""Which curricula gain most over none, and how sure is that? The best few with their intervals.

Where curricula were repeated on fresh seeds: gains on the report split, paired with `none` by
repetition, a t interval for each alone. Else: gains of the search, which have no interval.
Nothing is chosen here; the winner of a study was fixed before on the search split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.evidence import Evidence
from analysis.leaderboard import Leaderboard
from analysis.repetitions import UNIT, seed_table
from analysis.statistics.intervals import LEVEL, MIN_SEEDS, Interval, t_interval
from spaces.curriculum import EMPTY_TEXT, parse_curriculum

SHOWN = 20
COLUMNS = {
    "curriculum": "str", "reference": "str", "gain": "float64", "low": "float64",
    "high": "float64", "n": "int64",
}  # fmt: skip
SINGLE, JOINT = "single task", "joint"
"""References that a curriculum of several stages must beat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaders:
    """Curricula by their gain over none, the largest first; `none` itself is the zero line."""

    table: pd.DataFrame
    """COLUMNS: reference is SINGLE, JOINT (one stage of several tasks) or ""; gain in [-1, 1];
    low and high NaN without an interval; n repetitions, or trials of the search."""
    repeated: bool
    """Whether these are gains on fresh seeds."""
    note: str
    """What the numbers are, for people."""

    @property
    def shown(self) -> pd.DataFrame:
        """The first SHOWN rows, and the best of each reference wherever it stands."""
        references = self.table[self.table["reference"] != ""].drop_duplicates("reference")
        return self.table[self.table.index.isin([*self.table.index[:SHOWN], *references.index])]


def leaders(found: Evidence, board: Leaderboard) -> tuple[Leaders, ...]:
    """Gains of a study's curricula: those on fresh seeds, and those of the search beside them.

    Args:
        found: its evidence.
        board: its search, left out where SHOWN curricula were repeated, or all.

    Returns:
        None, one or both; none where nothing can be compared with the empty curriculum.
    """
    repeated, searched = _repeated(found), _searched(board)
    if repeated is not None and searched is not None:
        more = set(searched.table["curriculum"]) - set(repeated.table["curriculum"])
        if not more or len(repeated.table) >= SHOWN:
            searched = None
    return tuple(own for own in (repeated, searched) if own is not None)


def _repeated(found: Evidence) -> Leaders | None:
    if found.cells.empty:
        return None
    seeds = seed_table(found.gains, languages=found.languages)
    if seeds.scores.empty:
        return None
    intervals = {
        str(text): t_interval([float(v) for v in seeds.scores[text]], unit=UNIT)
        for text in seeds.scores.columns
    }
    n = len(seeds.scores)
    note = (
        "Report split, mean over languages that did not guide the search, then over targets; "
        f"paired with none over {n} {UNIT}. "
    )
    note += (
        f"{LEVEL:.0%} t intervals, each for itself and not at once: of many, some miss their "
        "truth, and the first looks better than it is."
        if n >= MIN_SEEDS
        else f"No interval: at least {MIN_SEEDS} repetitions are needed."
    )
    if seeds.left_out:
        note += f" Left out, with fewer repetitions: {len(seeds.left_out)} curricula."
    return Leaders(table=_table(intervals), repeated=True, note=note)


def _searched(board: Leaderboard) -> Leaders | None:
    known = board.ranked[board.ranked["gain"].notna() & (board.ranked["curriculum"] != EMPTY_TEXT)]
    if known.empty:
        return None
    rows = known[["curriculum", "gain", "n"]].itertuples(index=False, name=None)
    note = (
        "Search split of probes, mostly one trial each: no interval, and the first of many noisy "
        "trials looks better than it is. Intervals come with the confirmation."
    )
    bare = {
        str(text): Interval(mean=gain, low=None, high=None, n=n, unit="trials", note=note)
        for text, gain, n in rows
    }
    return Leaders(table=_table(bare), repeated=False, note=note)


def _table(intervals: dict[str, Interval]) -> pd.DataFrame:
    ordered = sorted(intervals.items(), key=lambda pair: (-pair[1].mean, pair[0]))
    rows: Sequence[tuple[object, ...]] = [
        (text, _reference(text), own.mean, own.low, own.high, own.n) for text, own in ordered
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _reference(text: str) -> str:
    curriculum = parse_curriculum(text)
    if len(curriculum.stages) != 1:
        return ""
    return SINGLE if len(curriculum.stages[0].parts) == 1 else JOINT
