"""How much of a value is noise, and which trials are run to find out? Curricula on several seeds.

Noise seeds are those of the empty curriculum, the best single task and the joint one. Beside them
a crowded prefix (`spaces/crowding.py`) runs on a second seed, as a curriculum of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from analysis.observations import CROWDED_PREFIX
from search.given import Given
from search.tally import Identity
from spaces.crowding import crowded_prefixes
from spaces.curriculum import Curriculum
from spaces.stopping import pooled_sd
from trainables.assignment import Assignment

Assign = Callable[[Curriculum, str, int | None], Assignment]


class Arrivals:
    """Values of all trials at each rung, in the order of arrival."""

    def __init__(self) -> None:
        self._rungs: dict[int, dict[Identity, float]] = {}

    def record(self, rung: int, identity: Identity, value: float) -> None:
        """Keep a trial's value at a rung; a second one of the same trial is ignored."""
        self._rungs.setdefault(rung, {}).setdefault(identity, value)

    def of(self, identity: Identity) -> dict[int, float]:
        """The values of a trial by rung, in the order of rungs."""
        return {rung: at[identity] for rung, at in sorted(self._rungs.items()) if identity in at}

    def noise(self, rung: int, *, before: Identity) -> float | None:
        """Standard deviation within curricula over seeds, pooled; None if none has two seeds.

        Only of what came to the rung before the trial did: crowded prefixes come all along, and
        a trial that is decided on again after a crash must meet the noise that it met.
        """
        by_seeds: dict[str, dict[tuple[int, int], float]] = {}
        for identity, value in self._rungs.get(rung, {}).items():
            if identity == before:
                break
            _, text, _, stage_seed, target_seed = identity
            by_seeds.setdefault(text, {})[stage_seed, target_seed] = value
        return pooled_sd([list(by_seeds[text].values()) for text in sorted(by_seeds)])


def noise_seeds(
    given: Given, *, assign: Assign, final: Callable[[Assignment], float | None]
) -> list[Assignment]:
    """Of the empty, the best single and the joint curriculum; all singles have ended.

    Args:
        given: curricula and seeds.
        assign: the assignment of a curriculum with a role at a seed.
        final: the value of a trial at its last rung; None if it failed.
    """
    finals = {single: final(assign(single, "baseline", None)) for single in given.singles}
    scores = {c: float("-inf") if value is None else value for c, value in finals.items()}
    best = max(scores, key=lambda c: (scores[c], str(c)), default=None)
    return [
        assign(curriculum, "noise", seed)
        for curriculum in (given.empty, best, given.joint)
        if curriculum is not None
        for seed in given.noise_seeds
    ]


def second_seeds(
    sampled: Sequence[Curriculum],
    *,
    given: Given,
    covered: Sequence[Assignment],
    assign: Assign,
    is_known: Callable[[Assignment], bool],
) -> list[Assignment]:
    """Of every crowded prefix on the first noise seed, and on the study's own if not known there.

    They have a variant, so that the sampler may still propose the same curriculum as a trial.

    Args:
        sampled: curricula in the order in which they began.
        given: at least one noise seed.
        covered: noise seeds; their curricula need no more.
        assign: the assignment of a curriculum with a role at a seed.
        is_known: whether a trial runs, or ran to its end.
    """
    done = {assignment.curriculum for assignment in covered}
    found = []
    for prefix in crowded_prefixes(sampled):
        if str(prefix) not in done:
            known = is_known(assign(prefix, "sampled", None))
            seeds = given.noise_seeds[:1] if known else (None, given.noise_seeds[0])
            found += [assign(prefix, "noise", seed) for seed in seeds]
    return [replace(assignment, variant=CROWDED_PREFIX) for assignment in found]
