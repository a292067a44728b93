"""Which targets make a benchmark, and which of their languages guide a search over it?

Targets and groups: google-research/xtreme evaluate.py (TASK2LANGS, GROUP2TASK); a task's group is
declared with it. Proxies are ours: few, of three families, and every target has one at least.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A benchmark as a list of targets."""

    targets: tuple[str, ...]
    proxies: tuple[str, ...]
    """Languages whose search split guides a search that names none."""
    citation: str


_PROXIES = ("ar", "tr", "zh")
"""Semitic, Turkic, Sino-Tibetan; in 7, 5 and 8 of XTREME's nine targets."""

SUITES: dict[str, Suite] = {
    "xtreme": Suite(
        targets=(
            *("xnli", "pawsx"),
            *("udpos", "panx"),
            *("xquad", "mlqa", "tydiqa"),
            *("bucc2018", "tatoeba"),
        ),
        proxies=_PROXIES,
        citation="Hu et al. 2020, arXiv 2003.11080",
    ),
    "xtreme-r": Suite(
        targets=(
            *("xnli", "xcopa"),
            *("udpos_xtreme_r", "panx_xtreme_r"),
            *("xquad_xtreme_r", "mlqa", "tydiqa"),
            *("tatoeba_xtreme_r", "lareqa", "mewslix"),
        ),
        proxies=_PROXIES,
        citation="Ruder et al. 2021, arXiv 2104.07412",
    ),
}
"""Name to suite, as `targets:` in a study file may say it."""
