"""Which other ways to search is ours compared with? Each decides in a simulated search.

`random` without stopping is in `search/strategies.py`. Packages are not the project's: see
requirements.txt. What could not be had (tried on 2026-11-21, Python 3.11):

NePS 0.17.0        wants pandas < 3 (the project: >= 3), gpytorch 1.13.0 and torchvision, with which
                   pip takes torch 2.15 with CUDA: not in one process with the project. 0.0.1 of
                   `neps` on PyPI is another package.
MOBSTER            not in Syne Tune 0.16.0: its Gaussian processes of older releases are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from benchmarks.rivals.as_documented import as_documented
from benchmarks.rivals.greedy import greedy
from benchmarks.rivals.predicted import by_size
from benchmarks.rivals.smac_ask import smac
from benchmarks.rivals.syne_tune_asha import syne_tune_asha
from search.simulated_search import NewSearch
from search.study_fields import StudyConfig
from search.study_values import NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another way to search."""

    says: str
    """What it is, for people."""
    search: NewSearch
    stops: bool
    """Whether it looks at the study's rungs; without them a trial trains its targets once."""
    store: bool
    """Whether what one trial computed serves the others."""
    module: str = ""
    """What it imports beside the project's packages; empty if nothing."""
    package: str = ""
    """Name and version that it was written for."""


RIVALS: dict[str, Rival] = {
    "as documented": Rival(
        says="Ray Tune, OptunaSearch and ASHA as documented; nothing shared",
        search=as_documented,
        stops=True,
        store=False,
        package="ray 2.60.0, optuna 5.0.0",
    ),
    "greedy": Rival(
        says="greedy forward selection, all to the end", search=greedy, stops=False, store=True
    ),
    "short first": Rival(
        says="all tasks, fewest rows first; ends early",
        search=by_size(ascending=True),
        stops=False,
        store=True,
    ),
    "long first": Rival(
        says="all tasks, most rows first; ends early",
        search=by_size(ascending=False),
        stops=False,
        store=True,
    ),
    "smac": Rival(
        says="SMAC3's random forest, all to the end",
        search=smac,
        stops=False,
        store=True,
        module="smac",
        package="smac 2.4.1",
    ),
    "syne tune": Rival(
        says="Syne Tune's ASHA with conformal quantile regression",
        search=syne_tune_asha,
        stops=True,
        store=True,
        module="syne_tune",
        package="syne-tune 0.16.0",
    ),
}
"""By name. Predictors alone come from `predicted.predicted(scores)`, with a study's features."""


def why_absent(rival: Rival) -> str:
    """Why a rival cannot run here; empty if it can."""
    if not rival.module:
        return ""
    try:
        import_module(rival.module)
    except ImportError as error:
        return (
            f"{rival.package} is not installed ({error}); install it with: "
            "python -m pip install --no-deps -r benchmarks/rivals/requirements.txt"
        )
    return ""


def study_of(
    config: StudyConfig, rival: Rival, *, trials: int, stage_seed: int, sampler_seed: int
) -> StudyConfig:
    """The study as a rival searches it: space, targets, probe and recipes stay.

    Args:
        config: the study.
        rival: of `RIVALS`.
        trials: its budget.
        stage_seed: of stages and targets.
        sampler_seed: of its proposals.

    Raises:
        ValueError: if it stops early and the study has no rungs.
    """
    if rival.stops and config.stopping is None:
        raise ValueError(f"{rival.says}: stops early, but the study has no rungs to stop at")
    values = config.model_dump(mode="json")
    values["stopping"] = values["stopping"] if rival.stops else NONE
    values["store"] |= {"enabled": rival.store}
    values["seeds"] |= {"stage": stage_seed, "target": stage_seed, "sampler": sampler_seed}
    unread = [stage_seed + 1] if rival.stops else []  # a study with rungs has to name one
    values["seeds"] |= {"noise": unread, "confirm": []}
    values |= {"enumerate": False, "budget": {"trials": trials}}
    values["confirm"] |= {"top": 0}
    return StudyConfig.model_validate(values)
