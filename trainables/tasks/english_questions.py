"""Which English tasks with questions (span QA and multiple choice) can be stages of a curriculum?

Ids, columns and sizes: hub pages as stored in 2026, and the papers cited. A revision is a commit
that published code pins, or a release tag; None where neither was found (the note says so).
"""

from __future__ import annotations

from trainables.tasks.task import HubSource, Task

_SUPER_GLUE = "3de24cf8022e94f4ee4b9d55a6f539891524d646"

MEWSLIX_PAIRS = Task(
    name="mewslix_pairs",
    kind="dual_encoder",
    source=HubSource(
        path="izhx/mewsli-x",
        config="wikipedia_pairs",
        adapter="mewslix",
        splits={"train": "train", "dev": "dev"},
    ),
    metric="map_at_20",
    role="intermediate",
    max_length=64,
    train_size=115_347,
    group="retrieval",
    overlaps=("mewslix",),
    licence="CC BY-SA 3.0",
    citation="Ruder et al. 2021, arXiv 2104.07412",
    note=(
        "English Wikipedia: mention to the entity's description. Read from a mirror alone, see"
        " mewslix. No revision: the original has none."
    ),
)

QUESTIONS: tuple[Task, ...] = (
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
        overlaps=(
            *("squad_v2", "squad_retrieval", "qnli", "xquad", "xquad_xtreme_r", "mlqa"),
            *("lareqa", "tatoeba_xtreme_r"),
        ),
        licence="CC BY-SA 4.0",
        citation="Rajpurkar et al. 2016, arXiv 1606.05250",
        note=(
            "Version 1.1. The training set of xquad and mlqa; its dev split holds the English items"
            " of xquad."
        ),
    ),
    Task(
        name="squad_v2",
        kind="span_qa",
        source=HubSource(
            path="rajpurkar/squad_v2",
            config="squad_v2",
            adapter="squad",
            splits={"train": "train", "dev": "validation"},
            revision="3ffb306f725f7d2ce8394bc1873b24868140c412",
        ),
        metric="qa",
        role="intermediate",
        max_length=384,
        unanswerable=True,
        train_size=130_319,
        group="qa",
        overlaps=("squad", "squad_retrieval", "qnli", "xquad", "xquad_xtreme_r", "mlqa", "lareqa"),
        licence="CC BY-SA 4.0",
        citation="Rajpurkar et al. 2018, arXiv 1806.03822",
        note=(
            "SQuAD v1.1 (the training set of xquad and mlqa) and questions without answer; its dev"
            " split holds English items of xquad. No answer is predicted where it scores as high as"
            " the best span; the official script also prints scores at the best threshold."
        ),
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
        name="cosmos_qa",
        kind="multiple_choice",
        source=HubSource(
            path="allenai/cosmos_qa",
            config="default",
            adapter="cosmos_qa",
            splits={"train": "train", "dev": "validation"},
            fallbacks=("Samsoup/cosmos_qa",),
            stand_in_splits=("train",),
        ),
        labels=("0", "1", "2", "3"),
        metric="accuracy",
        role="intermediate",
        max_length=256,
        train_size=25_262,
        licence="CC BY 4.0",
        citation="Huang et al. 2019, arXiv 1909.00277",
        note=(
            "Most rows are longer than 128 tokens. No revision: the hub's main branch is a loading"
            " script, so its parquet copy is what loads."
        ),
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
        name="social_iqa",
        kind="multiple_choice",
        source=HubSource(
            path="lighteval/siqa",
            config="default",
            adapter="social_iqa",
            splits={"train": "train", "dev": "validation"},
            fallbacks=("allenai/social_i_qa",),
            stand_in_splits=("train",),
        ),
        labels=("0", "1", "2"),
        metric="accuracy",
        role="intermediate",
        train_size=33_410,
        overlaps=("xcopa",),
        licence="CC BY 4.0",
        citation="Sap et al. 2019, arXiv 1904.09728",
        note=(
            "XTREME-R's own recipe for xcopa trains on it before COPA. The parquet copy of"
            " allenai/social_i_qa, a loading script. No revision: no full commit hash was found."
        ),
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
        name="squad_retrieval",
        kind="dual_encoder",
        source=HubSource(
            path="rajpurkar/squad",
            config="plain_text",
            adapter="answer_sentences",
            splits={"train": "train", "dev": "validation"},
            revision="7b6d24c440a36b6815f21b70d25016731768db1f",
        ),
        metric="map_at_20",
        role="intermediate",
        max_length=256,
        train_size=87_599,
        group="retrieval",
        overlaps=(
            *("squad", "squad_v2", "qnli", "xquad", "xquad_xtreme_r", "mlqa", "lareqa"),
            "tatoeba_xtreme_r",
        ),
        licence="CC BY-SA 4.0",
        citation="Rajpurkar et al. 2016, arXiv 1606.05250; Roy et al. 2020, arXiv 2004.05484",
        note=(
            "SQuAD v1.1, question to the sentence that has its answer, as the baseline of lareqa,"
            " whose training set it is. Sentences are cut by a rule."
        ),
    ),
    MEWSLIX_PAIRS,
)
