"""Did one draw of a shared prefix decide? Crowded prefixes on the study's seed and on a second one.

Curricula share the stages of their prefix with the luck of those stages, so that a difference
between its two seeds that noise does not explain is in the ranks of all of them.
"""

from __future__ import annotations

from math import sqrt

import pandas as pd

from analysis.noise import noise_by_rung
from spaces.crowding import crowded_prefixes
from spaces.curriculum import parse_curriculum

Seeds = tuple[int, int]
"""Of stages and of targets."""


def crowded(values: pd.DataFrame, *, own: Seeds, second: Seeds) -> pd.DataFrame:
    """The crowded prefixes of a search as curricula, the most crowded first.

    Args:
        values: as `objective_values` gives them.
        own: the study's seeds.
        second: the first noise seed, of both.

    Returns:
        prefix, trials (that stand on it), score and second_score (at the last rung, on either
        seeds), difference (of the two), noise (standard deviation of such a difference); NaN where
        not known.
    """
    search = values[values["phase"] == "search"]
    sampled = search.loc[search["role"] == "sampled", "curriculum"].unique()
    counts = crowded_prefixes(map(parse_curriculum, sampled))
    full = search[search["rung"] == search["num_rungs"] - 1]
    columns = full[["curriculum", "stage_seed", "target_seed", "value"]]
    scores = {(c, (s, t)): v for c, s, t, v in columns.itertuples(index=False, name=None)}
    rows = [
        (str(prefix), trials, scores.get((str(prefix), own)), scores.get((str(prefix), second)))
        for prefix, trials in sorted(counts.items(), key=lambda item: -item[1])
    ]
    table = pd.DataFrame(rows, columns=["prefix", "trials", "score", "second_score"])
    table = table.astype({"score": "float64", "second_score": "float64"})
    table["difference"] = table["second_score"] - table["score"]
    noises = [found.noise for _, found in sorted(noise_by_rung(values).items())]
    noise = noises[-1] if noises else None
    table["noise"] = float("nan") if noise is None else sqrt(2) * noise
    return table
