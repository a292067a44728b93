"""Which tasks can be stages of a curriculum? All of them: by form, a mixture, and plain text."""

from __future__ import annotations

from trainables.tasks.english_classification import CLASSIFICATION
from trainables.tasks.english_questions import QUESTIONS
from trainables.tasks.english_tagging import TAGGING
from trainables.tasks.labels import NLI
from trainables.tasks.task import UNKNOWN_SIZE, HubSource, Task, UnionSource

_NLI = {task.name: task for task in CLASSIFICATION}

ANLI_PLUS = Task(
    name="anli_plus",
    kind="classification",
    source=UnionSource(
        parts=tuple(_NLI[name] for name in ("snli", "mnli", "anli_r1", "anli_r2", "anli_r3"))
    ),
    labels=NLI,
    metric="accuracy",
    role="intermediate",
    max_length=256,
    train_size=1_104_934,
    overlaps=("mnli", "snli", "anli_r1", "anli_r2", "anli_r3", "xnli"),
    licence="as its parts: CC BY-NC 4.0 (ANLI), CC BY-SA 4.0 (SNLI), MNLI's by genre",
    citation="Nie et al. 2020, arXiv 1910.14599; Phang et al. 2020, arXiv 2005.13013",
    note=(
        "The paper's ANLI+: SNLI, MNLI and ANLI rounds 1 to 3 under one head; a subset is drawn"
        " from all rows alike, so in proportion to size. It holds mnli, the training set of xnli."
    ),
)

MLM = Task(
    name="mlm",
    kind="mlm",
    source=HubSource(
        path="local/text_multilingual",
        config="{language}",
        columns={"text": "text"},
        splits={"train": "train@rest", "dev": "train@tenth"},
    ),
    metric="mlm_accuracy",
    role="intermediate",
    train_size=UNKNOWN_SIZE,
    licence="that of the user's text",
    citation="Devlin et al. 2019, arXiv 1810.04805",
    note=(
        "Text of your own, a sentence or passage a line: MIRROR/datasets/local/text_multilingual/"
        "LANGUAGE.txt, or files in the study file. mlm is English, mlm@all multilingual; with every"
        " stage: recipe.interleave."
    ),
)

INTERMEDIATE: tuple[Task, ...] = (*CLASSIFICATION, ANLI_PLUS, *QUESTIONS, *TAGGING, MLM)
