"""In which languages besides English can a task be a stage: `mnli@tr`, `panx@all`?

Human annotation (PAN-X, UD, TyDi QA) or machine translation (XNLI's and PAWS-X's training sets,
MLQA's translate-train), as the hub has them. Others come from the user's files (`own.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from trainables.tasks.languages import MLQA, PANX, PANX_XTREME_R, PAWSX, TYDIQA, UDPOS, XNLI
from trainables.tasks.task import HubSource

_NO_DEV_ROWS = ("kk", "th", "tl", "yo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """Training rows of a task in other languages."""

    languages: tuple[str, ...]
    source: HubSource | None = None
    """None: where the task's own rows are."""


TRANSLATIONS: dict[str, Translations] = {
    "mnli": Translations(
        languages=XNLI[1:],
        source=HubSource(
            path="facebook/xnli",
            config="{language}",
            adapter="nli",
            splits={"train": "train", "dev": "validation"},
            revision="b8dd5d7af51114dbda02c0e3f6133f332186418e",
        ),
    ),
    "paws": Translations(
        languages=PAWSX[1:],
        source=HubSource(
            path="google-research-datasets/paws-x",
            config="{language}",
            adapter="sentence_pairs",
            splits={"train": "train", "dev": "validation"},
            revision="4cd8187c404bda33cb1f62b49b001115862acf37",
        ),
    ),
    "squad": Translations(
        languages=MLQA[1:],
        source=HubSource(
            path="facebook/mlqa",
            config="mlqa-translate-train.{language}",
            adapter="squad",
            splits={"train": "train", "dev": "validation"},
        ),
    ),
    "udpos": Translations(languages=tuple(x for x in UDPOS if x not in ("en", *_NO_DEV_ROWS))),
    "panx": Translations(languages=PANX[1:]),
    "panx_xtreme_r": Translations(languages=PANX_XTREME_R[1:]),
    "tydiqa": Translations(languages=tuple(TYDIQA)[1:]),
    "mlm": Translations(languages=PANX_XTREME_R[1:]),
}
"""Task to what it has."""
