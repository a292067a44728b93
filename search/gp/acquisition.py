"""Which curriculum is worth its cost? Log expected improvement less log remaining cost.

Expected improvement over the best mean among the curricula tried (values are noisy, so the best
value is not the best curriculum), stable where it is tiny: LogEI, Ament et al. 2023, "Unexpected
improvements to expected improvement". Per unit of remaining cost: EEIPU (Essofi et al. 2024, arXiv
2411.03731). Maximised over neighbours of the best, extensions of prefixes that are trained, and
random draws; then a climb from the most promising ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from search.gp.model import Posterior
from search.gp.observed import Known, Problem, remaining_cost
from spaces.curriculum import Curriculum
from spaces.neighbours import extensions, neighbours
from spaces.space import CurriculumSpace

Array = NDArray[np.float64]

WHOLE = 300
"""A space of at most so many is looked at as a whole."""
BEST = 4
"""So many of the best tried curricula have their neighbours looked at."""
EXTENDED, DRAWN = 20, 100
"""Trained prefixes that are extended, and random draws."""
CLIMBS, STEPS = 2, 2
"""From so many, so often, to the best neighbours."""
MOST = 300
"""Candidates of one round."""


def propose(
    posterior: Posterior, known: Known, problem: Problem, rng: random.Random
) -> Curriculum | None:
    """The most promising curriculum that was not tried; None if none was found."""
    best_tried = _best_tried(posterior, problem.space)
    incumbent = float(posterior.predict(best_tried[:1])[0][0]) if best_tried else 0.0
    scores: dict[Curriculum, float] = {}

    def look_at(curricula: Iterable[Curriculum]) -> None:
        new = [c for c in dict.fromkeys(curricula) if c not in known.tried and c not in scores]
        if len(new) > MOST:
            new = rng.sample(new, MOST)
        if new:
            found = scores_of(new, posterior, known, problem, incumbent=incumbent)
            scores.update(zip(new, found.tolist(), strict=True))

    space = problem.space
    if space.count() <= WHOLE:
        look_at(space.enumerate())
        return _ranked(scores)[0] if scores else None
    look_at(other for best in best_tried for other in neighbours(best, space))
    look_at(_extended(known, space, rng))
    look_at(space.draw(rng) for _ in range(DRAWN))
    for _ in range(STEPS):
        look_at(other for start in _ranked(scores)[:CLIMBS] for other in neighbours(start, space))
    return _ranked(scores)[0] if scores else None


def scores_of(
    curricula: Sequence[Curriculum],
    posterior: Posterior,
    known: Known,
    problem: Problem,
    *,
    incumbent: float,
) -> Array:
    """Log expected improvement over the incumbent's mean, less log remaining cost."""
    means, deviations = posterior.predict(curricula)
    costs = np.array([remaining_cost(c, known, problem) for c in curricula])
    return log_expected_improvement(means, deviations, incumbent) - np.log(costs)


def log_expected_improvement(means: Array, deviations: Array, incumbent: float) -> Array:
    """Of normal f, log E[max(0, f - incumbent)]; equation 9 of Ament et al. 2023."""
    u = (means - incumbent) / deviations
    return np.asarray(_log_h(u) + np.log(deviations))


def _log_h(u: Array) -> Array:
    """log(phi(u) + u Phi(u)), which underflows when written like this."""
    from scipy.special import erfcx, ndtr

    high = np.maximum(u, -1.0)
    low = np.minimum(u, -1.0)
    density = np.exp(-0.5 * high**2) / np.sqrt(2 * np.pi)
    near = np.log(density + high * ndtr(high))
    ratio = np.sqrt(np.pi / 2) * erfcx(-low / np.sqrt(2)) * -low  # to 1 - 1 / u^2
    tail = np.where(low > -1e3, np.log1p(-np.minimum(ratio, 1 - 1e-12)), -2 * np.log(-low))
    far = -0.5 * low**2 - 0.5 * np.log(2 * np.pi) + tail
    return np.where(u > -1.0, near, far)


def _best_tried(posterior: Posterior, space: CurriculumSpace) -> list[Curriculum]:
    """By their means, the best first; members of the space that have a value."""
    valued = dict.fromkeys(o.curriculum for o in posterior.observations)
    tried = [curriculum for curriculum in valued if space.contains(curriculum)]
    if not tried:
        return []
    means, _ = posterior.predict(tried)
    return [tried[i] for i in np.argsort(-means, kind="stable")[:BEST]]


def _extended(known: Known, space: CurriculumSpace, rng: random.Random) -> list[Curriculum]:
    prefixes = sorted(known.trained, key=str)
    some = rng.sample(prefixes, min(EXTENDED, len(prefixes)))
    return [
        longer
        for prefix in some
        for longer in (prefix, *extensions(prefix, space))
        if space.contains(longer)
    ]


def _ranked(scores: dict[Curriculum, float]) -> list[Curriculum]:
    """The best first; of equals the first by name."""
    return sorted(scores, key=lambda c: (-scores[c], str(c)))
