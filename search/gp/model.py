"""What would a curriculum score, and how sure is that? Exact Gaussian process regression.

Rasmussen and Williams 2006, algorithm 2.1; hyper-parameters at the maximum of marginal likelihood
times their priors (equations 5.8 and 5.9). Plain numpy: a few hundred observations need no more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from search.gp.features import Features
from search.gp.kernel import (
    BELIEFS,
    PRIOR_WEIGHT,
    Parts,
    Points,
    across_points,
    covariance,
    gradient,
    names_of,
    parts_of,
    points_of,
    variances_of,
)
from search.gp.observed import Observation
from spaces.curriculum import Curriculum

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

MOST_OBSERVATIONS = 600
"""More than these are sub-sampled, and a line in the log says so."""
MOST_FITTED = 200
"""Of so many the hyper-parameters are learnt: their fit looks at all of them many times."""
MOST_STEPS = 25
"""Of the fit."""
OWN_SHARE = 0.5
"""Of the variance by finite items: the rest is alike in all curricula, which are scored on the
same ones (as in `analysis/planted.py`)."""
LOWEST = 3.0
"""So many (normal) standard deviations below the median. A curriculum whose training collapsed lies
far below: that it is poor is learnt, but not how poor, which would hide what others differ by."""
JITTER = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Values are fitted in units of their own: mean 0 and variance 1."""

    centre: dict[float, float]
    """By fidelity."""
    scale: float
    lowest: dict[float, float]
    """By fidelity: a value below it counts as this one."""
    item_noise: float
    """Variance, in units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Hyper-parameters."""

    names: tuple[str, ...]
    theta: Array
    """Logarithms, but for the growth."""
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What is believed after the data."""

    fitted: Fitted
    features: Features
    observations: tuple[Observation, ...]
    points: Points
    """Of the observations, then of what is believed of trials that run."""
    chol: Array
    weights: Array
    """Inverse covariance times values, (points,)."""

    def predict(self, curricula: Sequence[Curriculum]) -> tuple[Array, Array]:
        """Mean and standard deviation of their noiseless values at the highest fidelity.

        In units in which observed values have variance about 1; `value` translates a mean.
        """
        from scipy.linalg import solve_triangular

        asked = self.features.describe(curricula)
        cross = across_points(self.fitted.theta, self.points, asked)
        means = PRIOR_WEIGHT * asked.prior + cross.T @ self.weights
        explained = np.sum(solve_triangular(self.chol, cross, lower=True) ** 2, axis=0)
        variances = variances_of(self.fitted.theta, asked) - explained
        return means, np.sqrt(np.maximum(variances, 1e-12))

    def value(self, mean: Array) -> Array:
        """A predicted mean in the units of the objective."""
        unit = self.fitted.unit
        return np.asarray(mean * unit.scale + unit.centre[0.0])

    def believing(self, curricula: Sequence[Curriculum], seed: int) -> Posterior:
        """As if these had scored what is expected of them: kriging believer.

        Ginsbourger, Le Riche and Carraro 2010: expectations stay, doubts where trials run shrink.
        """
        if not curricula:
            return self
        supposed = [
            Observation(curriculum=c, fidelity=0.0, seed=seed, value=nan) for c in curricula
        ]
        points = points_of(
            [*self.observations, *supposed],
            self.features,
            item_noise=self.fitted.unit.item_noise,
        )
        return replace(
            self,
            points=points,
            chol=_cholesky(covariance(self.fitted.theta, parts_of(points))),
            weights=np.append(self.weights, np.zeros(len(supposed))),  # as expected: no news
        )


def fit(observations: Sequence[Observation], features: Features, *, item_variance: float) -> Fitted:
    """Learn the hyper-parameters; at least one observation.

    Args:
        observations: more than `MOST_FITTED` are sub-sampled.
        features: of the space.
        item_variance: of a value; see `Problem`.
    """
    from scipy.optimize import minimize

    unit = _unit_of(observations, item_variance)
    names = names_of(features.groups)
    used = some_of(observations, MOST_FITTED)
    points = points_of(used, features, item_noise=unit.item_noise)
    parts, values = parts_of(points), _residuals(used, points, unit)
    beliefs = np.array([BELIEFS[name] for name in names])
    centre, spread = beliefs[:, 0], beliefs[:, 1]

    def loss(theta: Array) -> tuple[float, Array]:
        pull = (theta - centre) / spread
        value, slope = _negative_log_likelihood(theta, parts, values)
        return value + 0.5 * float(pull @ pull), slope + pull / spread

    bounds = list(zip(centre - 4 * spread, centre + 4 * spread, strict=True))
    found = minimize(
        loss, centre, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_STEPS}
    )
    return Fitted(names=names, theta=np.asarray(found.x), unit=unit)


def condition(observations: Sequence[Observation], features: Features, fitted: Fitted) -> Posterior:
    """What is believed of all curricula, given observations and hyper-parameters."""
    if len(observations) > MOST_OBSERVATIONS:
        _say_once()
    used = some_of(observations, MOST_OBSERVATIONS)
    points = points_of(used, features, item_noise=fitted.unit.item_noise)
    chol = _cholesky(covariance(fitted.theta, parts_of(points)))
    values = _residuals(used, points, fitted.unit)
    return Posterior(
        fitted=fitted,
        features=features,
        observations=tuple(used),
        points=points,
        chol=chol,
        weights=_solve(chol, values),
    )


@cache
def _say_once() -> None:
    log.warning(
        "the sampler learns from %d observations, the best among them, and no more: "
        "more would take it too long",
        MOST_OBSERVATIONS,
    )


def some_of(observations: Sequence[Observation], most: int) -> list[Observation]:
    """At most so many, high fidelities first, in the order of arrival.

    Of a fidelity for which there is not enough room, half are the best, the others are spread
    evenly over the time of arrival.
    """
    kept: list[int] = []
    for fidelity in sorted({o.fidelity for o in observations}):
        own = [i for i, o in enumerate(observations) if o.fidelity == fidelity]
        room = most - len(kept)
        if len(own) > room:
            best = sorted(own, key=lambda i: -observations[i].value)[: room // 2]
            among_best = set(best)
            rest = [i for i in own if i not in among_best]
            spread = np.linspace(0, len(rest) - 1, room - len(best)).round().astype(int)
            own = best + [rest[i] for i in spread]
        kept += own
    return [observations[i] for i in sorted(kept)]


def noise_of(fitted: Fitted) -> dict[str, float]:
    """Standard deviations of noise in units of the objective: stage, target and items."""
    log_variances = dict(zip(fitted.names, fitted.theta, strict=True))
    scale = fitted.unit.scale
    return {
        "stage": scale * float(np.exp(log_variances["stage"] / 2)),
        "target": scale * float(np.exp(log_variances["run"] / 2)),
        "items": scale * fitted.unit.item_noise**0.5,
    }


def _unit_of(observations: Sequence[Observation], item_variance: float) -> Unit:
    by_fidelity: dict[float, list[float]] = {0.0: []}
    for observation in observations:
        by_fidelity.setdefault(observation.fidelity, []).append(observation.value)
    values = [o.value for o in observations]
    middle = {x: float(np.median(v or values)) for x, v in by_fidelity.items()}
    deviation = 1.4826 * np.median([abs(o.value - middle[o.fidelity]) for o in observations])
    room = LOWEST * float(deviation) or inf
    lowest = {x: median - room for x, median in middle.items()}
    raised = {x: np.maximum(v or values, lowest[x]) for x, v in by_fidelity.items()}
    centre = {x: float(v.mean()) for x, v in raised.items()}
    spread = np.concatenate([raised[x] - centre[x] for x, v in by_fidelity.items() if v]).std()
    scale = float(spread) if spread > 1e-9 else 1.0
    noise = OWN_SHARE * item_variance / scale**2
    return Unit(centre=centre, scale=scale, lowest=lowest, item_noise=noise)


def _residuals(observations: Sequence[Observation], points: Points, unit: Unit) -> Array:
    """Values less what the prior says, in units, collapsed ones raised."""
    raised = [max(o.value, unit.lowest[o.fidelity]) for o in observations]
    centre = [unit.centre[o.fidelity] for o in observations]
    units = (np.array(raised) - np.array(centre)) / unit.scale
    return np.asarray(units - PRIOR_WEIGHT * points.described.prior)


def _negative_log_likelihood(theta: Array, parts: Parts, values: Array) -> tuple[float, Array]:
    """And its gradient."""
    chol = _cholesky(covariance(theta, parts))
    weights = _solve(chol, values)
    inverse = _solve(chol, np.eye(len(values)))
    value = 0.5 * float(values @ weights) + float(np.log(np.diag(chol)).sum())
    return value, 0.5 * gradient(theta, parts, inverse - np.outer(weights, weights))


def _cholesky(matrix: Array) -> Array:
    return np.asarray(np.linalg.cholesky(matrix + JITTER * np.eye(len(matrix))))


def _solve(chol: Array, right: Array) -> Array:
    from scipy.linalg import cho_solve

    return np.asarray(cho_solve((chol, True), right))
