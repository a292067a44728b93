"""At which points does ASHA compare curricula, and what is trained until there? Pure arithmetic.

    targets  stages at full size; the probe with 1/9, then 1/3, then all of its examples
    scales   the whole curriculum and its probe at 1/9, 1/3, 1
    stages   one rung per stage, each with a short probe; the last trains and probes everything
(for 3 rungs and a reduction factor of 3; geometric rungs as in Li et al. 2020, "A System for
Massively Parallel Hyperparameter Tuning").
"""

from __future__ import annotations

from dataclasses import dataclass

from spaces.curriculum import Curriculum, scaled

RUNG_DEFINITIONS = ("targets", "scales", "stages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A comparison point: which part of a curriculum's work is done when it is reached."""

    index: int
    """From 0; the last rung is everything."""
    stage_scale: float
    """Fraction of each stage's examples, in (0, 1]."""
    target_scale: float
    """Fraction of the probe's training examples, in (0, 1]."""
    num_stages: int | None
    """Stages trained so far; None for all. A shorter curriculum is compared as it stands."""

    def part_of(self, curriculum: Curriculum) -> Curriculum:
        """What is trained of a curriculum until this rung: its prefix, scaled.

        With sizes that are powers of the reduction factor this is a curriculum of the space, so
        that its training is shared (9000 examples at 1/9 are the stage of 1000).
        """
        return scaled(Curriculum(curriculum.stages[: self.num_stages]), self.stage_scale)

    def probe_examples(self, num_examples: int) -> int:
        """Training examples of a probe that has `num_examples` in full; 0 stays 0 (retrieval)."""
        return max(1, round(num_examples * self.target_scale)) if num_examples else 0


def rungs(
    definition: str, *, num_rungs: int, reduction_factor: int, max_stages: int
) -> tuple[Rung, ...]:
    """The rungs of a study, from the cheapest to the whole.

    Args:
        definition: one of RUNG_DEFINITIONS.
        num_rungs: how many; with `stages` there are `max_stages`, and this sets the short probe.
        reduction_factor: each rung of `targets` and `scales` uses so many times the one before.
        max_stages: most stages of a curriculum.

    Raises:
        ValueError: for an unknown definition, or numbers that give no rung.
    """
    if definition not in RUNG_DEFINITIONS:
        raise ValueError(f"rungs is {definition!r}, wanted one of {', '.join(RUNG_DEFINITIONS)}")
    if num_rungs < 1 or reduction_factor < 2:
        raise ValueError(
            f"num_rungs is {num_rungs} and reduction_factor {reduction_factor}; "
            f"wanted at least 1 and 2"
        )
    scales = [1 / reduction_factor**power for power in reversed(range(num_rungs))]
    if definition == "stages":
        return _rung_per_stage(max(1, max_stages), short_probe=scales[0])
    return tuple(
        Rung(
            index=index,
            stage_scale=scale if definition == "scales" else 1.0,
            target_scale=scale,
            num_stages=None,
        )
        for index, scale in enumerate(scales)
    )


def _rung_per_stage(max_stages: int, *, short_probe: float) -> tuple[Rung, ...]:
    short = [
        Rung(index=k, stage_scale=1.0, target_scale=short_probe, num_stages=k + 1)
        for k in range(max_stages - 1)
    ]
    whole = Rung(index=max_stages - 1, stage_scale=1.0, target_scale=1.0, num_stages=None)
    return (*short, whole)
