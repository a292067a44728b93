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
from search.strategies import Strategy


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
"""By name. What follows a feature of a table's tasks alone is in `predicted.py`."""


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


def strategy_of(rival: Rival) -> Strategy:
    """What of a study's search a rival changes; it brings what decides itself."""
    stopping = {"z": 0.0} if rival.stops else None
    return Strategy(says=rival.says, sampler={}, stopping=stopping, store=rival.store, contenders=0)
