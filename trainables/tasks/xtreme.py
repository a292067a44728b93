"""Which targets of XTREME are fine-tuned on English and scored in other languages?

Languages: google-research/xtreme evaluate.py, XTREME_TASK2LANGS, English first. Search split =
official dev, report split = official test; a target with one labelled split (xquad, tydiqa,
tatoeba) is halved by a hash of the item id, alike in every language. `dev` picks the best step: the
English search rows, or the dev split of `train_task` where the target has no English rows. So an
English score on the search split is slightly optimistic, scores in other languages are not.
"""

from __future__ import annotations

from trainables.tasks import labels
from trainables.tasks.languages import (
    BUCC,
    MLQA,
    PANX,
    PAWSX,
    TATOEBA,
    TYDIQA,
    UDPOS,
    XNLI,
    XQUAD,
)
from trainables.tasks.task import HubSource, Task

PANX_LICENCE = "ODC-BY, Wikipedia CC BY-SA"
PANX_CITATION = "Pan et al. 2017, P17-1178; Rahimi et al. 2019, arXiv 1902.00193"

_NO_REVISION = "No revision: no full commit hash of google/xtreme's parquet files was found."
_XTREME_CITATION = "Hu et al. 2020, arXiv 2003.11080"
OFFICIAL_SPLITS = {"train": "train", "dev": "validation", "search": "validation", "report": "test"}
HALVES = {"dev": "validation@a", "search": "validation@a", "report": "validation@b"}

XTREME: tuple[Task, ...] = (
    Task(
        name="xnli",
        kind="classification",
        source=HubSource(
            path="facebook/xnli",
            config="{language}",
            adapter="nli",
            splits={"dev": "validation", "search": "validation", "report": "test"},
            revision="b8dd5d7af51114dbda02c0e3f6133f332186418e",
        ),
        labels=labels.NLI,
        languages=XNLI,
        metric="accuracy",
        role="target",
        train_task="mnli",
        train_size=392_702,
        overlaps=("mnli",),
        licence="CC BY-NC 4.0",
        citation="Conneau et al. 2018, arXiv 1809.05053",
    ),
    Task(
        name="pawsx",
        kind="classification",
        source=HubSource(
            path="google-research-datasets/paws-x",
            config="{language}",
            adapter="sentence_pairs",
            splits=OFFICIAL_SPLITS,
            revision="4cd8187c404bda33cb1f62b49b001115862acf37",
            stand_in_splits=("train", *(f"report:{x}" for x in ("en", "es", "fr", "ja", "ko"))),
        ),
        labels=("0", "1"),
        languages=PAWSX,
        metric="accuracy",
        role="target",
        train_size=49_401,
        overlaps=("paws",),
        licence="free use, credit to Google asked",
        citation="Yang et al. 2019, arXiv 1908.11828",
        note="Its English training set is the stage paws.",
    ),
    Task(
        name="udpos",
        kind="tagging",
        source=HubSource(
            path="google/xtreme",
            config="udpos.{language}",
            adapter="pos_tags",
            splits=OFFICIAL_SPLITS,
            config_names=UDPOS,
            stand_in_splits=("report:ar", "report:fa", "report:hi", "report:ur"),
        ),
        labels=labels.UPOS,
        languages=tuple(UDPOS),
        report_only=("kk", "th", "tl", "yo"),
        metric="f1",
        morphological=True,
        role="target",
        train_size=21_253,
        group="structured",
        overlaps=("ud_pos_en", "ud_feats_en", "ud_feature_set_en", "ud_lemmas_en"),
        licence="per UD treebank",
        citation=_XTREME_CITATION,
        note=(
            f"{_NO_REVISION} In the sample mirror report rows are from a newer UD release where"
            " they do not stand in."
        ),
    ),
    Task(
        name="panx",
        kind="tagging",
        source=HubSource(
            path="google/xtreme",
            config="PAN-X.{language}",
            adapter="ner_tags",
            splits=OFFICIAL_SPLITS,
            stand_in_splits=("report",),
        ),
        labels=labels.PANX,
        languages=PANX,
        metric="f1",
        role="target",
        train_size=20_000,
        group="structured",
        overlaps=("panx_en", "panx_xtreme_r"),
        licence=PANX_LICENCE,
        citation=PANX_CITATION,
        note=f"{_NO_REVISION} Its English training set is the stage panx_en.",
    ),
    Task(
        name="xquad",
        kind="span_qa",
        source=HubSource(
            path="google/xquad",
            config="xquad.{language}",
            adapter="squad",
            splits=HALVES,
            revision="51adfef1c1287aab1d2d91b5bead9bcfb9c68583",
        ),
        languages=XQUAD,
        metric="qa",
        role="target",
        train_task="squad",
        max_length=384,
        train_size=87_599,
        group="qa",
        overlaps=("squad", "squad_v2", "squad_retrieval", "qnli", "xquad_xtreme_r", "lareqa"),
        licence="CC BY-SA 4.0",
        citation="Artetxe et al. 2020, arXiv 1910.11856",
        note="One labelled split, halved by item id. Its English items are from SQuAD's dev split.",
    ),
    Task(
        name="mlqa",
        kind="span_qa",
        source=HubSource(
            path="google/xtreme",
            config="MLQA.{language}.{language}",
            adapter="squad",
            splits={"dev": "validation", "search": "validation", "report": "test"},
        ),
        languages=MLQA,
        metric="mlqa",
        role="target",
        train_task="squad",
        max_length=384,
        train_size=87_599,
        group="qa",
        overlaps=("squad", "squad_v2", "squad_retrieval", "qnli"),
        licence="CC BY-SA 3.0",
        citation="Lewis et al. 2020, arXiv 1910.07475",
        note=(
            "Question and context in one language. google/xtreme has it without the loading script"
            f" of facebook/mlqa. {_NO_REVISION} The sample mirror has no report split."
        ),
    ),
    Task(
        name="tydiqa",
        kind="span_qa",
        source=HubSource(
            path="google-research-datasets/tydiqa",
            config="secondary_task",
            adapter="squad",
            splits={"train": "train", **HALVES},
            revision="da78f23f9119363459acbaf46bf89426ff26c259",
            id_prefixes=TYDIQA,
            stand_in_splits=("dev", "search", "report"),
        ),
        languages=tuple(TYDIQA),
        metric="qa",
        role="target",
        max_length=384,
        train_size=3_696,
        group="qa",
        licence="Apache-2.0",
        citation="Clark et al. 2020, arXiv 2003.05002",
        note=(
            "GoldP. One labelled split besides train (XTREME's test), halved by item id. All"
            " languages are in one configuration; only English training rows are used. In the"
            " sample mirror ids are cut short and repeat, so its halves differ in size."
        ),
    ),
    Task(
        name="tatoeba",
        kind="retrieval",
        source=HubSource(
            path="google/xtreme",
            config="tatoeba.{language}",
            adapter="tatoeba",
            splits={"search": "validation@a", "report": "validation@b"},
            config_names=TATOEBA,
        ),
        languages=tuple(TATOEBA),
        metric="retrieval_accuracy",
        role="target",
        train_size=0,
        group="retrieval",
        overlaps=("tatoeba_xtreme_r",),
        licence="CC BY 2.0 FR",
        citation="Artetxe and Schwenk 2019, arXiv 1812.10464",
        note=(
            f"{_NO_REVISION} One labelled split, halved by the English sentence: candidates are"
            " half as many as in XTREME, so scores are higher than published ones."
        ),
    ),
    Task(
        name="bucc2018",
        kind="retrieval",
        source=HubSource(
            path="google/xtreme",
            config="bucc18.{language}",
            adapter="bucc",
            splits={"search": "validation", "report": "test"},
        ),
        languages=BUCC,
        metric="bucc_f1",
        role="target",
        train_size=0,
        group="retrieval",
        licence="research use",
        citation="Zweigenbaum et al. 2017, W17-2512; 2018",
        note=(
            f"{_NO_REVISION} google/xtreme has the gold pairs only: without the sentences that have"
            " no translation, mining is far easier and scores are far above published ones. Whole"
            " pools: a mirror of the same form, with rows of one side alone. The report split is"
            " cut at the search split's threshold. The sample mirror has no report split."
        ),
    ),
)
