"""Is everything recorded that a trial was to score?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainables.assignment import RungWork


def is_scored(work: RungWork, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the rows hold every score that a rung asks for.

    A task's own metric is the last row of an evaluation, so that nothing of it is missing then.
    """
    found = {
        (row["split"], row["target"], row["language"], row["metric"])
        for row in rows
        if row["part"] == "evaluation"
    }
    return all(
        (split, target, language, work.metrics[target]) in found
        for split, languages_of in work.splits.items()
        for target, languages in languages_of.items()
        for language in languages
    )
