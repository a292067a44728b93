"""Which targets does XTREME-R add: xcopa, and tasks of XTREME with more languages?

The latter are declared beside XTREME's own, since a task's mean is over its languages: a study
takes one of the two. Splits and halves as in `xtreme.py`. Languages: google-research/xtreme
evaluate.py. Not here: udpos with five more languages, of which no hub copy was seen.
"""

from __future__ import annotations

from dataclasses import replace

from trainables.tasks.languages import PANX_XTREME_R, TATOEBA_XTREME_R, XCOPA, XQUAD_XTREME_R
from trainables.tasks.task import HubSource, Task
from trainables.tasks.xtreme import OFFICIAL_SPLITS, XTREME

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
        overlaps=("squad", "squad_v2", "qnli", "xquad"),
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
        overlaps=("squad", "tatoeba"),
        licence="CC BY 2.0 FR",
        citation=f"Artetxe and Schwenk 2019, arXiv 1812.10464; {_XTREME_R_CITATION}",
        note=(
            "tatoeba and five more languages, with the same halves. XTREME-R's published scores are"
            " those of a model fine-tuned on SQuAD v1.1: compare them with the stage squad only."
        ),
    ),
)
