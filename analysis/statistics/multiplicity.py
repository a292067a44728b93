"""How many of the findings would chance alone give? p-values adjusted over a named family.

Holm keeps the chance of any false finding below the level, Benjamini-Hochberg the expected share
of false ones among the findings. Both leave effect sizes as they are. Written here, and compared
with statsmodels in the tests: its multipletests runs the garbage collector each time (0.1 s).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.distributions import benjamini_hochberg, t_above
from analysis.statistics.intervals import MIN_SEEDS

METHODS = {"holm": "Holm", "benjamini-hochberg": "Benjamini–Hochberg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Tests that were looked at together."""

    name: str
    """What they ask, for people."""
    method: str
    tests: tuple[str, ...]
    """Those with a p-value, in their order."""
    untested: tuple[str, ...]
    """Those that had none."""
    raw: Mapping[str, float]
    adjusted: Mapping[str, float]

    @property
    def note(self) -> str:
        """The family in words."""
        left = f"; {len(self.untested)} could not be tested" if self.untested else ""
        return f"{METHODS[self.method]} over {len(self.tests)} tests: {self.name}{left}"


def family(name: str, p_values: Mapping[str, float | None], *, method: str = "holm") -> Family:
    """Adjust the p-values of a family.

    Args:
        name: what the tests ask, for people.
        p_values: by test; None for a test that could not be made, which is counted apart.
        method: holm or benjamini-hochberg.

    Raises:
        ValueError: for another method, or a p-value outside [0, 1].
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, wanted one of {', '.join(METHODS)}")
    raw = {test: p for test, p in p_values.items() if p is not None}
    if wrong := [test for test, p in raw.items() if not 0 <= p <= 1]:
        raise ValueError(f"p-values outside [0, 1]: {', '.join(wrong)}")
    adjust = _holm if method == "holm" else benjamini_hochberg
    found = adjust(np.array(list(raw.values()))) if raw else np.zeros(0)
    return Family(
        name=name,
        method=method,
        tests=tuple(raw),
        untested=tuple(test for test, p in p_values.items() if p is None),
        raw=raw,
        adjusted={test: float(p) for test, p in zip(raw, found, strict=True)},
    )


def p_of_zero(samples: Sequence[float]) -> float | None:
    """Two-sided p-value of Student's t that a mean over repetitions is 0; None with too few."""
    if len(samples) < MIN_SEEDS:
        return None
    spread = stdev(samples)
    if spread == 0:
        return float(fmean(samples) == 0)
    t = abs(fmean(samples)) / spread * len(samples) ** 0.5
    return float(2 * t_above(t, len(samples) - 1))


def _holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Step down: the k-th smallest of m times m - k + 1, and never below the one before."""
    order = np.argsort(p_values)
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    found = np.empty_like(p_values)
    found[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return found
