"""Which targets does XTREME-R add: xcopa, lareqa, mewslix, and tasks with more languages?

The latter are declared beside XTREME's own, since a task's mean is over its languages: a study
takes one of the two. Splits and halves as in `xtreme.py`. Languages: google-research/xtreme
evaluate.py.
"""

from __future__ import annotations

from dataclasses import replace

from trainables.tasks.english_questions import MEWSLIX_PAIRS
from trainables.tasks.languages import (
    MEWSLIX,
    PANX_XTREME_R,
    TATOEBA_XTREME_R,
    UDPOS_XTREME_R,
    XCOPA,
    XQUAD,
    XQUAD_XTREME_R,
)
from trainables.tasks.task import HubSource, Task
from trainables.tasks.xtreme import HALVES, OFFICIAL_SPLITS, XTREME

_XTREME_R_CITATION = "Ruder et al. 2021, arXiv 2104.07412"
_OF_XTREME = {task.name: task for task in XTREME}

XTREME_R: tuple[Task, ...] = (
    Task(
        name="xcopa",
        kind="multiple_choice",
        source=HubSource(
            path="cambridgeltl/xcopa",
            config="{language}",
            adapter="copa",
            splits={"search": "validation", "report": "test"},
        ),
        labels=("0", "1"),
        languages=XCOPA,
        metric="accuracy",
        role="target",
        train_task="copa",
        train_size=400,
        overlaps=("copa", "social_iqa"),
        licence="CC BY 4.0",
        citation="Ponti et al. 2020, arXiv 2005.00333",
        note=(
            "No English items, hence no English score. XTREME-R trains on Social IQa before COPA:"
            " here such a stage belongs to the curriculum. No revision: no commit hash of the"
            " parquet files was found."
        ),
    ),
    replace(
        _OF_XTREME["udpos"],
        name="udpos_xtreme_r",
        source=HubSource(
            path="izhx/xtreme-r-udpos",
            config="{language}",
            adapter="pos_tags",
            splits=OFFICIAL_SPLITS,
        ),
        languages=UDPOS_XTREME_R,
        overlaps=("udpos", *_OF_XTREME["udpos"].overlaps),
        note=(
            "udpos and five more languages (UD 2.7). The hub copy is known by its id alone; its"
            " splits and columns are taken to be those of google/xtreme. No revision."
        ),
    ),
    replace(
        _OF_XTREME["panx"],
        name="panx_xtreme_r",
        source=HubSource(
            path="unimelb-nlp/wikiann",
            config="{language}",
            adapter="ner_tags",
            splits=OFFICIAL_SPLITS,
            stand_in_splits=("report",),
        ),
        languages=PANX_XTREME_R,
        overlaps=("panx", "panx_en"),
        note=(
            "panx and eight more languages, which google/xtreme lacks. No revision: no commit hash"
            " of the parquet files was found."
        ),
    ),
    replace(
        _OF_XTREME["xquad"],
        name="xquad_xtreme_r",
        languages=XQUAD_XTREME_R,
        overlaps=("squad", "squad_v2", "squad_retrieval", "qnli", "xquad", "lareqa"),
        citation=f"{_OF_XTREME['xquad'].citation}; {_XTREME_R_CITATION}",
        note="xquad and Romanian, with the same halves.",
    ),
    Task(
        name="tatoeba_xtreme_r",
        kind="retrieval",
        source=HubSource(
            path="mteb/tatoeba-bitext-mining",
            config="{language}-eng",
            adapter="bitext",
            splits={"search": "test@a", "report": "test@b"},
            revision="69e8f12da6e31d59addadda9a9c8a2e601a0e282",
            config_names=TATOEBA_XTREME_R,
        ),
        languages=tuple(TATOEBA_XTREME_R),
        metric="retrieval_accuracy",
        role="target",
        train_size=0,
        group="retrieval",
        overlaps=("squad", "squad_retrieval", "tatoeba"),
        licence="CC BY 2.0 FR",
        citation=f"Artetxe and Schwenk 2019, arXiv 1812.10464; {_XTREME_R_CITATION}",
        note=(
            "tatoeba and five more languages, with the same halves. XTREME-R's published scores are"
            " those of a model fine-tuned on SQuAD v1.1: compare them with the stage squad only."
        ),
    ),
    Task(
        name="lareqa",
        kind="dual_encoder",
        source=HubSource(
            path="google-research-datasets/xquad_r",
            config="{language}",
            adapter="answer_sentences",
            splits=HALVES,
        ),
        languages=XQUAD,
        metric="map_at_20",
        role="target",
        train_task="squad_retrieval",
        max_length=256,
        multilingual_pool=True,
        train_size=87_599,
        group="retrieval",
        overlaps=("squad", "squad_v2", "squad_retrieval", "qnli", "xquad", "xquad_xtreme_r"),
        licence="CC BY-SA 4.0",
        citation=f"Roy et al. 2020, arXiv 2004.05484; {_XTREME_R_CITATION}",
        note=(
            "XQuAD-R: a question's answers in all languages are right. The parquet copy lacks the"
            " sentence breaks, so sentences are cut by a rule, and only the half's own contexts are"
            " candidates: not the published 13,014, hence scores are not comparable with published"
            " ones. No revision: no commit hash of the parquet files was found."
        ),
    ),
    Task(
        name="mewslix",
        kind="dual_encoder",
        source=HubSource(
            path="izhx/mewsli-x",
            config="{language}",
            adapter="mewslix",
            splits={"search": "dev", "report": "test"},
        ),
        languages=MEWSLIX,
        metric="map_at_20",
        role="target",
        train_task="mewslix_pairs",
        max_length=64,
        train_size=MEWSLIX_PAIRS.train_size,
        group="retrieval",
        overlaps=("mewslix_pairs",),
        licence="CC BY-SA 3.0 (Wikipedia), CC BY 2.5 (Wikinews)",
        citation=f"{_XTREME_R_CITATION}, section 4",
        note=(
            "The hub copy is a loading script and is not read: put parquet files of the original"
            " into a mirror, per language rows of contextual_mention and entity as the original's"
            " MentionEntityPair, with contextual_mention null for an entity that only is a"
            " candidate. Fewer candidates than the original's million give higher scores."
            " No revision: the original has none."
        ),
    ),
)
