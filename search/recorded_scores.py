"""What did the trained curricula of a table score? Arrays over seeds, curricula and languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.recorded_work import Cell, Key
from search.truths import seed_effects
from spaces.curriculum import parse_curriculum
from spaces.space import CurriculumSpace

Array = NDArray[np.float64]
Output = tuple[str, str]
"""Target and language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Scores that were recorded."""

    texts: tuple[str, ...]
    """What was trained."""
    seeds: tuple[int, ...]
    outputs: tuple[Output, ...]
    scores: Mapping[float, Array]
    """(seeds, texts, outputs) by scale, ascending; NaN where nothing is recorded."""


def recorded_of(cells: Mapping[Key, Cell], space: CurriculumSpace) -> Recorded:
    """Scores of a table's cells; what is trained of tasks outside the space is left out."""
    known = {
        text: set(parse_curriculum(text).tasks) <= set(space.usable)
        for text in dict.fromkeys(key[0] for key in cells)
    }
    own = {key: cell for key, cell in cells.items() if known[key[0]] and key[2] == key[3]}
    texts = {text: i for i, text in enumerate(t for t, usable in known.items() if usable)}
    seeds = {seed: i for i, seed in enumerate(sorted({key[2] for key in own}))}
    scored = [(key, row) for key, cell in own.items() for row in cell.rows if _is_score(row)]
    named = dict.fromkeys((row["target"], row["language"]) for _, row in scored)
    outputs = {output: i for i, output in enumerate(named)}
    shape = len(seeds), len(texts), len(outputs)
    scores = {scale: np.full(shape, np.nan) for scale in sorted({key[1] for key in own})}
    for (text, scale, seed, _), row in scored:
        place = seeds[seed], texts[text], outputs[row["target"], row["language"]]
        scores[scale][place] = row["value"]
    return Recorded(texts=tuple(texts), seeds=tuple(seeds), outputs=tuple(outputs), scores=scores)


def means_of(scores: Array) -> tuple[Array, NDArray[np.int64]]:
    """Means over seeds, (texts, outputs), less what a seed does to all; and seeds of each text.

    A text without any score has NaN and 0.

    Args:
        scores: (seeds, texts, outputs), NaN where missing.
    """
    there = _there(scores)
    count = there.sum(axis=0)
    rest = np.where(there[..., None], scores - seed_effects(scores), 0.0)
    means = rest.sum(axis=0) / np.maximum(count, 1)[:, None]
    means[count == 0] = np.nan
    return means, count


def trained_whole(recorded: Recorded) -> set[str]:
    """What is recorded at the last rung of some seed."""
    there = np.asarray(_there(recorded.scores[1.0]).any(axis=0))
    return {text for text, known in zip(recorded.texts, there, strict=True) if known}


def _there(scores: Array) -> NDArray[np.bool_]:
    """(seeds, texts): where every output has a score."""
    return np.asarray(np.isfinite(scores).all(axis=2))


def _is_score(row: Mapping[str, object]) -> bool:
    """Tables hold no other evaluations than those of the main metric."""
    return row["part"] == "evaluation" and row["split"] == "search" and row["value"] is not None
