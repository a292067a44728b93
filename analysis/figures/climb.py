"""How did scores grow with what was spent, and where did trials stop?"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import BLUE, FADED, MUTED, ORANGE, POINTS, log_examples
from spaces.curriculum import EMPTY_TEXT

COLUMNS = ("curriculum", "rung", "examples", "score", "ended")


def climbs(frame: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Every trial of the search at its rungs.

    Args:
        frame: observations.
        values: as `analysis.objective.objective_values` gives them.

    Returns:
        COLUMNS: examples are those needed until the rung (as if nothing were shared; a forward
        pass counts a third), score is the objective there, ended whether the last rung came.
    """
    keys = ["curriculum", "stage_seed", "target_seed"]
    search = frame[(frame["phase"] == "search") & (frame["role"] != "noise")]
    spent = search.groupby([*keys, "rung"])["examples_needed"].sum().groupby(level=keys).cumsum()
    own = values[(values["phase"] == "search") & (values["role"] != "noise")].copy()
    own["examples"] = [
        spent.get(tuple(row), float("nan")) for row in own[[*keys, "rung"]].to_numpy()
    ]
    last = own.groupby(keys)["rung"].transform("max")
    own["ended"] = last == own["num_rungs"] - 1
    return own.rename(columns={"value": "score"})[list(COLUMNS)]


def draw_climbs(axes: Axes, table: pd.DataFrame) -> None:
    """One line per trial over a log axis of examples; where a faded line ends, it was stopped."""
    finals = table.loc[table["ended"]].sort_values("score")
    best = None if finals.empty else finals["curriculum"].iloc[-1]
    for curriculum, trial in table.groupby("curriculum"):
        points = trial.sort_values("rung")
        ended = bool(points["ended"].all())
        colour, width = (BLUE, 1.0) if ended else (MUTED, 0.8)
        if curriculum == best:
            colour, width = ORANGE, 2.0
        axes.plot(
            points["examples"],
            POINTS * points["score"],
            color=colour,
            linewidth=width,
            marker="o",
            markersize=3,
            alpha=1 if ended else FADED,
            zorder=2 if ended else 1,
        )
        if curriculum in (best, EMPTY_TEXT):
            end = points.iloc[-1]
            axes.annotate(
                "best" if curriculum != EMPTY_TEXT else "none",
                (end["examples"], POINTS * end["score"]),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    log_examples(axes)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_xlabel("examples needed until the rung, stages, targets and evaluation (log)")
    axes.set_ylabel("score, points")
