"""Which English tasks that tag every word can be stages of a curriculum?

Ids, columns and sizes: hub pages as stored in 2026, and the papers cited. A revision is a commit
that published code pins, or a release tag; None where neither was found (the note says so).
"""

from __future__ import annotations

from trainables.tasks.labels import FEATS_EN, FEATURE_PAIRS_EN, LEMMAS_EN, PANX, UPOS, WNUT
from trainables.tasks.task import UNKNOWN_SIZE, FileSource, HubSource, Task
from trainables.tasks.xtreme import PANX_CITATION, PANX_LICENCE

_EWT_CITATION = "Silveira et al. 2014, A Gold Standard Dependency Corpus for English"


def _ewt(adapter: str) -> HubSource:
    """UD English-EWT."""
    return HubSource(
        path="universal-dependencies/universal_dependencies",
        config="en_ewt",
        adapter=adapter,
        splits={"train": "train", "dev": "dev"},
        revision="2.17",
        fallbacks=("commul/universal_dependencies",),
    )


CCG = Task(
    name="ccg",
    kind="tagging",
    source=FileSource(
        splits={"train": "train", "dev": "dev"}, columns={"tags": "supertags", "tokens": "tokens"}
    ),
    metric="accuracy",
    role="intermediate",
    train_size=UNKNOWN_SIZE,
    group="structured",
    licence="LDC user agreement (CCGbank, LDC2005T13)",
    citation="Hockenmaier and Steedman 2007, J07-3004",
    note=(
        "CCG supertagging: CCGbank is sold by the LDC, so nobody may give it away and there is no"
        " free copy. Bring files of sentences with the columns tokens and supertags, as lists or"
        " with spaces between; the labels are those of the training file (jiant has 1,363)."
    ),
)

TAGGING: tuple[Task, ...] = (
    Task(
        name="ud_pos_en",
        kind="tagging",
        source=_ewt("ud_pos"),
        labels=UPOS,
        metric="f1",
        morphological=True,
        role="intermediate",
        train_size=12_544,
        group="structured",
        overlaps=("udpos", "ud_feats_en", "ud_feature_set_en", "ud_lemmas_en"),
        licence="CC BY-SA 4.0",
        citation=_EWT_CITATION,
        note=(
            "UD English-EWT, which is also part of the English training set of udpos. f1 is that of"
            " udpos: spans of equal tags, as XTREME scores them."
        ),
    ),
    Task(
        name="ud_feats_en",
        kind="tagging",
        source=_ewt("ud_feats"),
        labels=FEATS_EN,
        metric="accuracy",
        morphological=True,
        role="intermediate",
        train_size=12_544,
        group="structured",
        overlaps=("udpos", "ud_pos_en", "ud_feature_set_en", "ud_lemmas_en"),
        licence="CC BY-SA 4.0",
        citation=_EWT_CITATION,
        note=(
            "Morphology: the whole feature bundle of a word is one label (ud_feats_en.txt)."
            " Accuracy, which on given words is UFeats of the CoNLL 2018 shared task: f1 would"
            " read bundles as spans, merge equal neighbours and take a first letter for a prefix."
        ),
    ),
    Task(
        name="ud_feature_set_en",
        kind="feature_tagging",
        source=_ewt("ud_feature_sets"),
        labels=FEATURE_PAIRS_EN,
        metric="feature_f1",
        morphological=True,
        role="intermediate",
        train_size=12_544,
        group="structured",
        overlaps=("udpos", "ud_pos_en", "ud_feats_en", "ud_lemmas_en"),
        licence="CC BY-SA 4.0",
        citation=_EWT_CITATION,
        note=(
            "Morphology: every Feature=Value of a word is a label of its own"
            " (ud_feature_pairs_en.txt); a sentence with another one is left out."
        ),
    ),
    Task(
        name="ud_lemmas_en",
        kind="tagging",
        source=_ewt("ud_lemmas"),
        labels=LEMMAS_EN,
        metric="accuracy",
        morphological=True,
        role="intermediate",
        train_size=12_544,
        group="structured",
        overlaps=("udpos", "ud_pos_en", "ud_feats_en", "ud_feature_set_en"),
        licence="CC BY-SA 4.0",
        citation=_EWT_CITATION,
        note=(
            "Morphology: a word's label is the script that makes its lemma (edit_scripts.py,"
            " ud_lemmas_en.txt). Accuracy: scripts are no spans, see ud_feats_en."
        ),
    ),
    Task(
        name="wnut17",
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
    Task(
        name="panx_en",
        kind="tagging",
        source=HubSource(
            path="google/xtreme",
            config="PAN-X.en",
            adapter="ner_tags",
            splits={"train": "train", "dev": "validation"},
        ),
        labels=PANX,
        metric="f1",
        role="intermediate",
        train_size=20_000,
        group="structured",
        overlaps=("panx", "panx_xtreme_r"),
        licence=PANX_LICENCE,
        citation=PANX_CITATION,
        note=(
            "PAN-X English: the training set of panx itself, as a stage. No revision: no full"
            " commit hash of google/xtreme's parquet files was found."
        ),
    ),
    CCG,
)
