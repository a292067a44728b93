"""Which curricula run besides the sampled ones? Baselines, and the seeds that measure noise."""

from __future__ import annotations

from dataclasses import dataclass

from spaces.curriculum import Curriculum


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Curricula that are run besides the sampled ones."""

    empty: Curriculum
    singles: tuple[Curriculum, ...]
    joint: Curriculum | None
    others: tuple[Curriculum, ...]
    noise_seeds: tuple[int, ...]

    @property
    def baselines(self) -> tuple[Curriculum, ...]:
        """All of them, each once, in the order in which they run."""
        joint = () if self.joint is None else (self.joint,)
        return tuple(dict.fromkeys((self.empty, *self.singles, *joint, *self.others)))

    @property
    def num_trials(self) -> int:
        """Baselines, and noise seeds of the empty, the best single and the joint curriculum."""
        repeated = 1 + bool(self.singles) + (self.joint is not None)
        return len(self.baselines) + repeated * len(self.noise_seeds)
