"""On which prefixes do so many curricula stand that one draw of them decides much? Counting only.

The stages of a shared prefix are trained once, with one seed: a lucky draw raises every curriculum
on it, and neither more of them nor other seeds of the empty curriculum show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from spaces.curriculum import Curriculum

CROWDED = 5
"""So many curricula make a prefix crowded: the two trials that it may cost are then at most two in
five of those that stand on it."""


def crowded_prefixes(curricula: Iterable[Curriculum]) -> dict[Curriculum, int]:
    """Crowded prefixes, and how many of the curricula stand on each, in the order of appearance.

    A curriculum stands on itself too. Of nested prefixes with the very same curricula only the
    longest is there. More curricula add prefixes and never take one away, so that a search that
    is resumed finds again those that it had.

    Args:
        curricula: each once.
    """
    counts = Counter(prefix for curriculum in curricula for prefix in curriculum.prefixes()[1:])
    shorter = {
        before
        for prefix, count in counts.items()
        if counts[before := Curriculum(prefix.stages[:-1])] == count
    }
    return {p: n for p, n in counts.items() if n >= CROWDED and p not in shorter}


class Crowding:
    """Those of `crowded_prefixes`, as curricula come: each is looked at once."""

    def __init__(self) -> None:
        self._seen: dict[Curriculum, tuple[int, int]] = {}
        """Place in the order of appearance and number of curricula, by prefix."""
        self.crowded: dict[Curriculum, int] = {}
        """Prefixes with their places in the order of appearance."""

    def add(self, curriculum: Curriculum) -> list[Curriculum]:
        """The prefixes that one more curriculum makes crowded.

        Only its own prefixes have one more now. One of them has the same curricula as a longer one
        if that is the next longer of these: on any other there stood fewer already.
        """
        prefixes = curriculum.prefixes()[1:]
        for prefix in prefixes:
            place, count = self._seen.get(prefix, (len(self._seen), 0))
            self._seen[prefix] = place, count + 1
        counts = [self._seen[prefix][1] for prefix in prefixes]
        longer = [*counts[1:], 0][: len(counts)]
        found = [
            prefix
            for prefix, own, next_longer in zip(prefixes, counts, longer, strict=True)
            if own >= CROWDED and own > next_longer and prefix not in self.crowded
        ]
        self.crowded |= {prefix: self._seen[prefix][0] for prefix in found}
        return found
