"""Which English tasks about a sentence or a pair can be stages of a curriculum?

Ids, columns and sizes: hub pages as stored in 2026, and the papers cited. A revision is a commit
that published code pins, or a release tag; None where neither was found (the note says so).
"""

from __future__ import annotations

from trainables.tasks.labels import NLI, UNIMORPH_EN
from trainables.tasks.task import HubSource, Task


def _glue(
    config: str, *, adapter: str, dev: str = "validation", stand_in_splits: tuple[str, ...] = ()
) -> HubSource:
    """One task of GLUE."""
    return HubSource(
        path="nyu-mll/glue",
        config=config,
        adapter=adapter,
        splits={"train": "train", "dev": dev},
        revision="bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c",
        stand_in_splits=stand_in_splits,
    )


def _anli(number: int, *, train_size: int) -> Task:
    """One round of ANLI."""
    return Task(
        name=f"anli_r{number}",
        kind="classification",
        source=HubSource(
            path="facebook/anli",
            config="plain_text",
            adapter="nli",
            splits={"train": f"train_r{number}", "dev": f"dev_r{number}"},
            revision="8e4813d81f46d313dac7892e1c28076917cfcdf9",
            stand_in_splits=("train",),
        ),
        labels=NLI,
        metric="accuracy",
        role="intermediate",
        max_length=256,
        train_size=train_size,
        licence="CC BY-NC 4.0",
        citation="Nie et al. 2020, arXiv 1910.14599",
        note=(
            f"Round {number} of three, each collected against a stronger model. Half of the pairs"
            " are longer than 128 tokens."
        ),
    )


CLASSIFICATION: tuple[Task, ...] = (
    Task(
        name="mnli",
        kind="classification",
        source=_glue("mnli", adapter="nli", dev="validation_matched"),
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
        name="snli",
        kind="classification",
        source=HubSource(
            path="stanfordnlp/snli",
            config="plain_text",
            adapter="nli",
            splits={"train": "train", "dev": "validation"},
            revision="cdb5c3d5eed6ead6e5a341c8e56e669bb666725b",
        ),
        labels=NLI,
        metric="accuracy",
        role="intermediate",
        train_size=549_367,
        licence="CC BY-SA 4.0",
        citation="Bowman et al. 2015, arXiv 1508.05326",
        note="The hub has 550,152 training rows; those without gold label are left out.",
    ),
    _anli(1, train_size=16_946),
    _anli(2, train_size=45_460),
    _anli(3, train_size=100_459),
    Task(
        name="qqp",
        kind="classification",
        source=_glue("qqp", adapter="question_pairs", stand_in_splits=("dev",)),
        labels=("not_duplicate", "duplicate"),
        metric="accuracy",
        role="intermediate",
        train_size=363_846,
        licence="Quora terms (non-commercial)",
        citation="Iyer et al. 2017, First Quora Dataset Release: Question Pairs",
    ),
    Task(
        name="paws",
        kind="classification",
        source=HubSource(
            path="google-research-datasets/paws",
            config="labeled_final",
            adapter="sentence_pairs",
            splits={"train": "train", "dev": "validation"},
            revision="161ece9501cf0a11f3e48bd356eaa82de46d6a09",
            stand_in_splits=("train",),
        ),
        labels=("0", "1"),
        metric="accuracy",
        role="intermediate",
        train_size=49_401,
        overlaps=("pawsx",),
        licence="free use, credit to Google asked",
        citation="Zhang et al. 2019, arXiv 1904.01130",
        note=(
            "PAWS-Wiki: the English training set of pawsx, whose other rows are translations of its"
            " dev and test splits."
        ),
    ),
    Task(
        name="mrpc",
        kind="classification",
        source=_glue("mrpc", adapter="sentence_pairs"),
        labels=("not_equivalent", "equivalent"),
        metric="accuracy",
        role="intermediate",
        train_size=3_668,
        licence="Microsoft research licence",
        citation="Dolan and Brockett 2005, I05-5002",
    ),
    Task(
        name="qnli",
        kind="classification",
        source=_glue("qnli", adapter="question_and_sentence", stand_in_splits=("dev",)),
        labels=("entailment", "not_entailment"),
        metric="accuracy",
        role="intermediate",
        train_size=104_743,
        overlaps=(
            *("squad", "squad_v2", "squad_retrieval", "xquad", "xquad_xtreme_r", "mlqa", "lareqa"),
        ),
        licence="CC BY-SA 4.0",
        citation="Wang et al. 2019, arXiv 1804.07461",
        note=(
            "Questions and sentences of SQuAD v1.1, which is the training set of xquad and mlqa."
        ),
    ),
    Task(
        name="rte",
        kind="classification",
        source=_glue("rte", adapter="sentence_pairs"),
        labels=("entailment", "not_entailment"),
        metric="accuracy",
        role="intermediate",
        max_length=256,
        train_size=2_490,
        licence="not stated (research)",
        citation=(
            "RTE 1, 2, 3, 5: Dagan et al. 2006, Bar-Haim et al. 2006, Giampiccolo et al. 2007,"
            " Bentivogli et al. 2009; Wang et al. 2019, arXiv 1804.07461"
        ),
        note="A quarter of the premises are longer than 128 tokens.",
    ),
    Task(
        name="sst2",
        kind="classification",
        source=_glue("sst2", adapter="sentences"),
        labels=("negative", "positive"),
        metric="accuracy",
        role="intermediate",
        train_size=67_349,
        licence="not stated (research)",
        citation="Socher et al. 2013, D13-1170",
        note="Training rows are phrases, dev rows whole sentences.",
    ),
    Task(
        name="unimorph_en",
        kind="classification",
        source=HubSource(
            path="local/sigmorphon2018",
            config="english",
            adapter="inflections",
            splits={"train": "train", "dev": "validation"},
        ),
        labels=UNIMORPH_EN,
        metric="accuracy",
        morphological=True,
        role="intermediate",
        max_length=32,
        train_size=10_000,
        licence="CC BY-SA 3.0",
        citation="Cotterell et al. 2018, arXiv 1810.07125; UniMorph",
        note=(
            "Morphology: which form of the first word, a lemma, is the second? Most pasts and past"
            " participles have one form, so no model can score 1. Only from a mirror: put"
            " task1/all/english-train-high and english-dev of github.com/sigmorphon/conll2018"
            " (tab-separated lemma, form, tag) there as parquet files,"
            " datasets/local/sigmorphon2018/english/{train,validation}-00000-of-00001.parquet."
            " Later UniMorph files have more tags, whose rows are left out. No revision: not on"
            " the hub."
        ),
    ),
)
