"""How much of a value is noise, and which trials are run to find out? Curricula on several seeds.

Noise seeds are those of the empty curriculum, the best single task and the joint one. Beside them
a crowded prefix (`spaces/crowding.py`) runs on a second seed, as a curriculum of its own.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from analysis.observations import CONTENDER, CROWDED_PREFIX
from search.given import Given
from search.tally import Identity
from spaces.crowding import Crowding
from spaces.curriculum import Curriculum
from spaces.stopping import pooled_sd
from trainables.assignment import Assignment

Assign = Callable[[Curriculum, str, int | None], Assignment]


@dataclass(slots=True)
class _Rung:
    """Values of trials at one rung."""

    values: dict[Identity, tuple[int, float]] = field(default_factory=dict)
    """Place in the order of arrival, and value."""
    trials: dict[str, list[Identity]] = field(default_factory=dict)
    """Of each curriculum."""
    repeated: list[str] = field(default_factory=list)
    """Curricula with several trials, sorted."""


class Arrivals:
    """Values of all trials at each rung, in the order of arrival."""

    def __init__(self) -> None:
        self._rungs: dict[int, _Rung] = {}

    def record(self, rung: int, identity: Identity, value: float) -> None:
        """Keep a trial's value at a rung; a second one of the same trial is ignored."""
        at = self._rungs.setdefault(rung, _Rung())
        if identity in at.values:
            return
        at.values[identity] = len(at.values), value
        same = at.trials.setdefault(identity[1], [])
        same.append(identity)
        if len(same) == 2:
            insort(at.repeated, identity[1])

    def of(self, identity: Identity) -> dict[int, float]:
        """The values of a trial by rung, in the order of rungs."""
        rungs = sorted(self._rungs.items())
        return {rung: at.values[identity][1] for rung, at in rungs if identity in at.values}

    def noise(self, rung: int, *, before: Identity) -> float | None:
        """Standard deviation within curricula over seeds, pooled; None if none has two seeds.

        Only of what came to the rung before the trial did: crowded prefixes come all along, and
        a trial that is decided on again after a crash must meet the noise that it met. Contenders
        are left out: they were chosen for a high first value, which is not like the others.
        """
        at = self._rungs.get(rung, _Rung())
        end, _ = at.values.get(before, (len(at.values), 0.0))
        groups = []
        for text in at.repeated:  # the others say nothing of noise
            by_seeds: dict[tuple[int, int], float] = {}
            for identity in at.trials[text]:
                place, value = at.values[identity]
                _, _, variant, stage_seed, target_seed = identity
                if place < end and variant != CONTENDER:
                    by_seeds[stage_seed, target_seed] = value
            groups.append(list(by_seeds.values()))
        return pooled_sd(groups)


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


class SecondSeeds:
    """Trials of crowded prefixes, on the first noise seed and, if not known there, the study's own.

    They have a variant, so that the sampler may still propose the same curriculum as a trial. A
    prefix of which nothing is to run is looked at again only when a trial of it ends: that of the
    study's own seed may have been stopped.

    Args:
        given: at least one noise seed.
        assign: the assignment of a curriculum with a role at a seed.
        is_valued: whether a trial runs, or ran to its end.
        is_begun: whether a trial runs, or ended.
    """

    def __init__(
        self,
        given: Given,
        *,
        assign: Assign,
        is_valued: Callable[[Assignment], bool],
        is_begun: Callable[[Assignment], bool],
    ) -> None:
        self._given = given
        self._assign = assign
        self._is_valued = is_valued
        self._is_begun = is_begun
        self._crowding = Crowding()
        self._to_look_at: set[Curriculum] = set()
        self.num_counted = 0
        """Curricula so far."""

    def count(self, sampled: Sequence[Curriculum]) -> None:
        """Take in the next curricula, in the order in which they began."""
        for curriculum in sampled:
            self._to_look_at.update(self._crowding.add(curriculum))
        self.num_counted += len(sampled)

    def on_end(self, curriculum: Curriculum) -> None:
        """A trial of a curriculum ended."""
        if curriculum in self._crowding.crowded:
            self._to_look_at.add(curriculum)

    def pending(self, covered: Sequence[Assignment]) -> list[Assignment]:
        """Those that have not begun, by the order in which their prefixes appeared.

        Args:
            covered: noise seeds; their curricula need no more.
        """
        done = {assignment.curriculum for assignment in covered}
        found = {
            prefix: [] if str(prefix) in done else self._pending_of(prefix)
            for prefix in sorted(self._to_look_at, key=self._crowding.crowded.__getitem__)
        }
        self._to_look_at = {prefix for prefix, own in found.items() if own}
        return [assignment for own in found.values() for assignment in own]

    def _pending_of(self, prefix: Curriculum) -> list[Assignment]:
        valued = self._is_valued(self._assign(prefix, "sampled", None))
        first = self._given.noise_seeds[0]
        wanted = [
            self._assign(prefix, "noise", seed) for seed in ((first,) if valued else (None, first))
        ]
        variants = [replace(assignment, variant=CROWDED_PREFIX) for assignment in wanted]
        return [assignment for assignment in variants if not self._is_begun(assignment)]
