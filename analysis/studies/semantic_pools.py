"""Which targets, tasks and languages can be averaged alike? Complete blocks, and their noise.

Targets have different languages. A mean over whichever targets a language has would compare
targets, not languages; so means are over blocks in which every target has every pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.statistics.correlations import MIN_LANGUAGES

Array = NDArray[np.float64]


def block(rows: pd.DataFrame, among: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Means over targets by (task, language), and those targets.

    Args:
        rows: by (task, target, language), NaN where missing.
        among: targets to choose from.

    Returns:
        The block of most (target, language) cells with languages enough for a correlation, or of
        most cells where there is none such. A language belongs to a target if all tasks that the
        target knows have it; tasks that one of the targets lacks are left out.
    """
    known = rows.dropna()
    task, target, language = (
        known.index.get_level_values(name) for name in ("task", "target", "language")
    )
    tasks, languages = {}, {}
    for name in among:
        own = pd.crosstab(task[target == name], language[target == name])
        tasks[name] = set(own.index)
        languages[name] = {str(x) for x in own.columns[(own > 0).all()]}
    targets, shared = _largest({name: own for name, own in languages.items() if own})
    alike = set.intersection(*(tasks[name] for name in targets)) if targets else set()
    kept = known[target.isin(targets) & task.isin(list(alike)) & language.isin(list(shared))]
    return kept.groupby(level=["task", "language"], sort=False).mean(), targets


def pool(
    transfers: pd.DataFrame, column: str, targets: Sequence[str], pairs: pd.Index[Any]
) -> Array:
    """Values of single repetitions, means over targets.

    Args:
        transfers: as `single_transfers` gives them.
        column: whose values.
        targets: over which they are averaged.
        pairs: complete (task, language) pairs of a block of these targets.

    Returns:
        (repetitions that all have, tasks, languages).
    """
    tasks, languages = pairs.unique("task"), pairs.unique("language")
    own = transfers[transfers["target"].isin(list(targets))]
    table = own.pivot(index="repetition", columns=["target", "task", "language"], values=column)
    wanted = pd.MultiIndex.from_product([targets, tasks, languages])
    values = table.reindex(columns=wanted).dropna().to_numpy(dtype=np.float64)
    if not len(wanted):
        return np.zeros((0, 1, 0))
    cells = values.reshape(len(values), len(targets), len(tasks), len(languages))
    return np.asarray(cells.mean(axis=1))


def reliability(samples: Array) -> float | None:
    """Share of the variance of the mean table, its means removed, that is not noise of seeds.

    Noise that repetitions have alike, such as that of the same items, is not seen.

    Args:
        samples: (repetitions, tasks, languages); of one task only the languages' mean is removed.

    Returns:
        In [0, 1]; None with fewer than two repetitions, or where nothing varies.
    """
    if len(samples) < 2 or not samples.size:
        return None
    left = samples - samples.mean(axis=2, keepdims=True)
    if samples.shape[1] > 1:
        left = left - left.mean(axis=1, keepdims=True)
    observed = float((left.mean(axis=0) ** 2).mean())
    noise = float(left.var(axis=0, ddof=1).mean()) / len(samples)
    return max(0.0, 1 - noise / observed) if observed > 0 else None


def _largest(languages: Mapping[str, set[str]]) -> tuple[tuple[str, ...], set[str]]:
    """Targets and the languages that all of them have; most cells, then most targets."""
    best: tuple[tuple[bool, int, int], tuple[str, ...], set[str]] = ((False, 0, 0), (), set())
    for count in range(1, len(languages) + 1):
        for targets in combinations(languages, count):
            shared = set.intersection(*(languages[name] for name in targets))
            rank = (len(shared) >= MIN_LANGUAGES, count * len(shared), count)
            best = max(best, (rank, targets, shared), key=lambda own: own[0])
    return best[1], best[2]
