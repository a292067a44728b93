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
