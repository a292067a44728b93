"""What did the search say of curricula that ran to the end, on all seeds that they ran on?

Beside the study's own seeds these are the noise seeds of baselines, of curricula that would have
been the best, and of crowded prefixes.
"""

from __future__ import annotations

import pandas as pd


def final_values(values: pd.DataFrame) -> pd.DataFrame:
    """Rows at the last rung of curricula that ended on the study's own seeds, those rows first.

    Args:
        values: as `objective_values` gives them.

    Returns:
        The rows, each curriculum and seeds once.
    """
    last = (values["phase"] == "search") & (values["rung"] == values["num_rungs"] - 1)
    own = last & (values["role"] != "noise")
    others = last & ~own & values["curriculum"].isin(values.loc[own, "curriculum"])
    found = pd.concat([values[own], values[others]])
    return found.drop_duplicates(["curriculum", "stage_seed", "target_seed"])
