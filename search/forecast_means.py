"""What does a forecast say of a study? Records, and the mean of several simulated studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean

from search.work import PARTS, Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What ASHA will meet at a rung."""

    noise: float
    """Standard deviation of one curriculum's value over seeds."""
    spread: float
    """Standard deviation of true values between curricula."""

    @property
    def reliability(self) -> float:
        """Share of the observed variance that is not noise, expected."""
        observed = self.noise**2 + self.spread**2
        return self.spread**2 / observed if observed else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One part of a study: how many trials it has and what they cost beside what was there."""

    name: str
    trials: float
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Means over simulated studies."""

    phases: tuple[Phase, ...]
    num_trials: int
    """Sampled trials."""
    capped: bool
    """The budget has room for more trials than were simulated."""
    halving: tuple[int, ...]
    """Sampled trials per rung by successive halving's own arithmetic."""
    reaching: tuple[float, ...]
    """Sampled trials that reach each rung, simulated."""
    whole_trial: Mapping[str, float]
    """Examples needed by part of a sampled trial that runs to its end, or of a baseline."""


def halving(num_trials: int, num_rungs: int, reduction_factor: int) -> tuple[int, ...]:
    """Trials at each rung if exactly the best 1 / eta go on: 27, 9, 3 of 27 with eta 3."""
    return tuple(ceil(num_trials / reduction_factor**rung) for rung in range(num_rungs))


def mean_forecast(runs: Sequence[Forecast]) -> Forecast:
    """Means over simulated studies of the same phases."""
    return Forecast(
        phases=tuple(map(_mean_phase, zip(*(run.phases for run in runs), strict=True))),
        num_trials=round(fmean(run.num_trials for run in runs)),
        capped=any(run.capped for run in runs),
        halving=tuple(round(fmean(n)) for n in zip(*(run.halving for run in runs), strict=True)),
        reaching=tuple(fmean(n) for n in zip(*(run.reaching for run in runs), strict=True)),
        whole_trial=_mean_parts([run.whole_trial for run in runs]),
    )


def _mean_phase(phases: Sequence[Phase]) -> Phase:
    costs = [phase.cost for phase in phases]
    seconds = [cost.seconds for cost in costs if cost.seconds is not None]
    return Phase(
        name=phases[0].name,
        trials=fmean(phase.trials for phase in phases),
        cost=Cost(
            needed=_mean_parts([cost.needed for cost in costs]),
            paid=_mean_parts([cost.paid for cost in costs]),
            seconds=_mean_parts(seconds) if seconds else None,
            encoders=round(fmean(cost.encoders for cost in costs)),
        ),
    )


def _mean_parts(amounts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {part: fmean(amount[part] for amount in amounts) for part in PARTS}
