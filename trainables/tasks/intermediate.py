"""Which English tasks can be stages of a curriculum?

Ids, columns and sizes: hub pages as stored in 2026, and the papers cited. A revision is a commit
that published code pins, or a release tag; None where neither was found (the note says so).
"""

from __future__ import annotations

from trainables.tasks.labels import FEATS_EN, NLI, UPOS, WNUT
from trainables.tasks.task import HubSource, Task

_GLUE = "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"
_SUPER_GLUE = "3de24cf8022e94f4ee4b9d55a6f539891524d646"
_UD = "universal-dependencies/universal_dependencies"
_UD_FALLBACKS = ("commul/universal_dependencies",)
_UD_RELEASE = "2.17"

INTERMEDIATE: tuple[Task, ...] = (
    Task(
        name="mnli",
        kind="classification",
        source=HubSource(
            path="nyu-mll/glue",
            config="mnli",
            adapter="nli",
            splits={"train": "train", "dev": "validation_matched"},
            revision=_GLUE,
        ),
        labels=NLI,
        metric="accuracy",
        role="intermediate",
        train_size=392_702,
        overlaps=("xnli",),
        licence="OANC, CC BY-SA 3.0, MIT (by genre)",
        citation="Williams et al. 2018, arXiv 1704.05426",
        note="Also the English training set of xnli.",
    ),
    Task(
        name="qqp",
        kind="classification",
        source=HubSource(
            path="nyu-mll/glue",
            config="qqp",
            adapter="question_pairs",
            splits={"train": "train", "dev": "validation"},
            revision=_GLUE,
            stand_in_splits=("dev",),
        ),
        labels=("not_duplicate", "duplicate"),
        metric="accuracy",
        role="intermediate",
        train_size=363_846,
        licence="Quora terms (non-commercial)",
        citation="Iyer et al. 2017, First Quora Dataset Release: Question Pairs",
    ),
    Task(
        name="squad",
        kind="span_qa",
        source=HubSource(
            path="rajpurkar/squad",
            config="plain_text",
            adapter="squad",
            splits={"train": "train", "dev": "validation"},
            revision="7b6d24c440a36b6815f21b70d25016731768db1f",
        ),
        metric="qa",
        role="intermediate",
        max_length=384,
        train_size=87_599,
        group="qa",
        overlaps=("xquad",),
        licence="CC BY-SA 4.0",
        citation="Rajpurkar et al. 2016, arXiv 1606.05250",
        note="Version 1.1. Its dev split holds the English items of xquad.",
    ),
    Task(
        name="hellaswag",
        kind="multiple_choice",
        source=HubSource(
            path="Rowan/hellaswag",
            config="default",
            adapter="hellaswag",
            splits={"train": "train", "dev": "validation"},
            revision="218ec52e09a7e7462a5400043bb9a69a41d06b76",
            stand_in_splits=("train",),
        ),
        labels=("0", "1", "2", "3"),
        metric="accuracy",
        role="intermediate",
        train_size=39_905,
        licence="MIT",
        citation="Zellers et al. 2019, arXiv 1905.07830",
    ),
    Task(
        name="commonsense_qa",
        kind="multiple_choice",
        source=HubSource(
            path="tau/commonsense_qa",
            config="default",
            adapter="commonsense_qa",
            splits={"train": "train", "dev": "validation"},
            revision="94630fe30dad47192a8546eb75f094926d47e155",
        ),
        labels=("0", "1", "2", "3", "4"),
        metric="accuracy",
        role="intermediate",
        train_size=9_741,
        licence="MIT",
        citation="Talmor et al. 2019, arXiv 1811.00937",
    ),
    Task(
        name="copa",
        kind="multiple_choice",
        source=HubSource(
            path="aps/super_glue",
            config="copa",
            adapter="copa",
            splits={"train": "train", "dev": "validation"},
            revision=_SUPER_GLUE,
        ),
        labels=("0", "1"),
        metric="accuracy",
        role="intermediate",
        train_size=400,
        overlaps=("xcopa",),
        licence="BSD 2-Clause",
        citation="Roemmele et al. 2011, Choice of Plausible Alternatives",
        note="The English training set of xcopa, whose validation items translate its dev split.",
    ),
    Task(
        name="ud_pos_en",
        kind="tagging",
        source=HubSource(
            path=_UD,
            config="en_ewt",
            adapter="ud_pos",
            splits={"train": "train", "dev": "dev"},
            revision=_UD_RELEASE,
            fallbacks=_UD_FALLBACKS,
        ),
        labels=UPOS,
        metric="f1",
        role="intermediate",
        train_size=12_544,
        group="structured",
        overlaps=("udpos",),
        licence="CC BY-SA 4.0",
        citation="Silveira et al. 2014, A Gold Standard Dependency Corpus for English",
        note="UD English-EWT, which is also part of the English training set of udpos.",
    ),
    Task(
        name="ud_feats_en",
        kind="tagging",
        source=HubSource(
            path=_UD,
            config="en_ewt",
            adapter="ud_feats",
            splits={"train": "train", "dev": "dev"},
            revision=_UD_RELEASE,
            fallbacks=_UD_FALLBACKS,
        ),
        labels=FEATS_EN,
        metric="f1",
        role="intermediate",
        train_size=12_544,
        group="structured",
        overlaps=("udpos",),
        licence="CC BY-SA 4.0",
        citation="Silveira et al. 2014, A Gold Standard Dependency Corpus for English",
        note="Morphology: the whole feature bundle of a word is one label (ud_feats_en.txt).",
    ),
    Task(
        name="ner_en",
        kind="tagging",
        source=HubSource(
            path="leondz/wnut_17",
            config="wnut_17",
            adapter="ner_tags",
            splits={"train": "train", "dev": "validation"},
        ),
        labels=WNUT,
        metric="f1",
        role="intermediate",
        train_size=3_394,
        group="structured",
        licence="CC BY 4.0",
        citation="Derczynski et al. 2017, W17-4418",
        note=(
            "WNUT-17 (social media), chosen since it shares nothing with panx. No revision: the"
            " hub's main branch is a loading script, so its parquet copy is what loads."
        ),
    ),
)
