"""What did sharing save? Examples needed minus examples paid: stages, targets, evaluation apart.

An example is one pass of forward, backward and update; a forward pass alone counts a third. Needed
is what trials would have cost had each computed everything itself; trials that early stopping cut
short need only what they ran. The same under the papers' proportions, where targets cost more.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.observations import TRIAL

PARTS = ("stage", "target", "evaluation")
TOTAL = "total"
COLUMNS = ("part", "needed", "paid", "saved", "share")
PAPERS = {"stage": 269_000.0, "target": 1_630_000.0, "evaluation": 122_000.0}
"""Examples of one curriculum in Phang et al. 2020, by part (research/literature.md 1.2 and 2.1).

target: MNLI 392,702 x 2 epochs, PAWS-X 49,401 x 5, UD 21,253 x 10, PAN-X 20,000 x 10, SQuAD
87,599 x 2 (shared by XQuAD and MLQA), TyDiQA 3,696 x 2.
stage: one pass over one intermediate task, the mean of the eight whose size is known.
evaluation, rough: a third of 365,000 test items (XNLI 15 x 5,010; PAWS-X 7 x 2,000; XQuAD
11 x 1,190; Tatoeba 36 x 2 x 1,000; POS, NER, MLQA, TyDiQA at about the middle of the printed
ranges: 33 x 1,000; 40 x 2,500; 7 x 6,900; 9 x 1,000).
"""


def savings(frame: pd.DataFrame, *, phase: str | None = None) -> pd.DataFrame:
    """Examples needed and paid by part, and in total.

    Args:
        frame: observations.
        phase: search or confirm; None for both.

    Returns:
        A row per part and one for the total: part, needed, paid, saved (examples) and share, the
        fraction of what was needed that was saved (NaN if nothing was needed).
    """
    chosen = frame if phase is None else frame[frame["phase"] == phase]
    return _table(_sums(chosen, "examples_needed"), _sums(chosen, "examples_paid"))


def savings_in_proportions(
    frame: pd.DataFrame, *, proportions: Mapping[str, float] = PAPERS, phase: str = "search"
) -> pd.DataFrame:
    """The same table as if a whole trial cost what `proportions` say.

    Every part is rescaled so that its mean over the trials that ran to the end (baselines and
    noise seeds left out if there are others) is that of `proportions`; the shares of the parts
    stay, their weights in the total change. All NaN if no trial ran to the end.
    """
    search = frame[frame["phase"] == phase]
    mean = _whole_trial(search)
    factors = {part: proportions[part] / mean[part] if mean[part] else 0.0 for part in PARTS}
    needed, paid = (_sums(search, column) for column in ("examples_needed", "examples_paid"))
    return _table(
        {part: needed[part] * factors[part] for part in PARTS},
        {part: paid[part] * factors[part] for part in PARTS},
    )


def _whole_trial(frame: pd.DataFrame) -> dict[str, float]:
    """Examples needed by part, the mean over trials that ran to the end."""
    full = frame[frame["rung"] == frame["num_rungs"] - 1]
    if (full["role"] == "sampled").any():
        full = full[full["role"] == "sampled"]
    if full.empty:
        return dict.fromkeys(PARTS, float("nan"))
    names = full[list(TRIAL)].drop_duplicates()
    sums = _sums(frame.merge(names, on=list(TRIAL)), "examples_needed")
    return {part: needed / len(names) for part, needed in sums.items()}


def _sums(frame: pd.DataFrame, column: str) -> dict[str, float]:
    return {part: float(frame.loc[frame["part"] == part, column].sum()) for part in PARTS}


def _table(needed: Mapping[str, float], paid: Mapping[str, float]) -> pd.DataFrame:
    needed = {**needed, TOTAL: sum(needed.values())}
    paid = {**paid, TOTAL: sum(paid.values())}
    rows = [
        (part, need, paid[part], need - paid[part], 1 - paid[part] / need if need else float("nan"))
        for part, need in needed.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
