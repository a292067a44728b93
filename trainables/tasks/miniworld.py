"""Which tasks does the embedded world have? Generated ones of every kind; nothing is downloaded.

Intermediate tasks teach what the targets need on simpler text; apart from mini-squad and
mini-sentences, which are those of mini-xquad and mini-answers, none is the training set of a
target. A test bed: no result on these tasks says anything about human languages.
"""

from __future__ import annotations

from trainables.miniworld.generators import NLI
from trainables.miniworld.grammar import ENTITIES, FEATURES, POS
from trainables.miniworld.languages import INVENTED, LANGUAGES
from trainables.tasks.task import KindName, MiniworldSource, Task

_LANGUAGES = tuple(LANGUAGES)
_FOREIGN = tuple(language.code for language in INVENTED)
_INTERMEDIATE_SIZE, _TARGET_SIZE = 9_000, 2_700
_GROUPS = {
    "span_qa": "qa",
    "tagging": "structured",
    "feature_tagging": "structured",
    "retrieval": "retrieval",
    "dual_encoder": "retrieval",
}
_MAX_LENGTH = 80


def _task(
    name: str,
    kind: KindName,
    *,
    metric: str,
    labels: tuple[str, ...] = (),
    languages: tuple[str, ...] = (),
    train_task: str | None = None,
    train_size: int | None = None,
    multilingual_pool: bool = False,
    morphological: bool = False,
    overlaps: tuple[str, ...] = (),
    note: str = "",
) -> Task:
    default_size = _TARGET_SIZE if languages else _INTERMEDIATE_SIZE
    return Task(
        name=f"mini-{name}",
        kind=kind,
        source=MiniworldSource(generator=name),
        labels=labels,
        languages=languages or ("en",),
        train_languages=() if train_size == 0 or train_task else _FOREIGN,
        metric=metric,
        role="target" if languages else "intermediate",
        train_task=train_task,
        max_length=_MAX_LENGTH,
        multilingual_pool=multilingual_pool,
        morphological=morphological,
        train_size=default_size if train_size is None else train_size,
        group=_GROUPS.get(kind, "classification"),  # type: ignore[arg-type]
        overlaps=overlaps,
        licence="generated; the licence of this package",
        citation="trainables/miniworld",
        note=note,
    )


MINIWORLD: tuple[Task, ...] = (
    _task("nli", "classification", metric="accuracy", labels=NLI, note="Single clauses."),
    _task(
        "paraphrase",
        "classification",
        metric="accuracy",
        labels=("different", "same"),
        note="Pairs with nearly the same words, as in PAWS.",
    ),
    _task(
        "squad",
        "span_qa",
        metric="qa",
        overlaps=("mini-xquad",),
        note="Also the training set of mini-xquad.",
    ),
    _task(
        "choice",
        "multiple_choice",
        metric="accuracy",
        labels=("0", "1", "2"),
        note="Effects only.",
    ),
    _task(
        "sentences",
        "dual_encoder",
        metric="map_at_20",
        overlaps=("mini-answers",),
        note="Which clause answers? Also the training set of mini-answers.",
    ),
    _task("pos", "tagging", metric="f1", labels=POS, morphological=True),
    _task(
        "features",
        "feature_tagging",
        metric="feature_f1",
        labels=FEATURES,
        morphological=True,
        note="Morphology: every word has a set of features.",
    ),
    _task("ner", "tagging", metric="f1", labels=ENTITIES),
    _task(
        "mlm",
        "mlm",
        metric="mlm_accuracy",
        note="Sentences without labels; mini-mlm@all has those of all languages.",
    ),
    _task("xnli", "classification", metric="accuracy", labels=NLI, languages=_LANGUAGES),
    _task("udpos", "tagging", metric="f1", labels=POS, languages=_LANGUAGES, morphological=True),
    _task("panx", "tagging", metric="f1", labels=ENTITIES, languages=_LANGUAGES),
    _task(
        "xquad",
        "span_qa",
        metric="qa",
        languages=_LANGUAGES,
        train_task="mini-squad",
        train_size=_INTERMEDIATE_SIZE,
    ),
    _task("xcopa", "multiple_choice", metric="accuracy", labels=("0", "1"), languages=_LANGUAGES),
    _task(
        "tatoeba",
        "retrieval",
        metric="retrieval_accuracy",
        languages=_FOREIGN,
        train_size=0,
        note="English is the other side of every language.",
    ),
    _task(
        "answers",
        "dual_encoder",
        metric="map_at_20",
        languages=_LANGUAGES,
        train_task="mini-sentences",
        train_size=_INTERMEDIATE_SIZE,
        multilingual_pool=True,
        note="The answers in all languages are to be found, as in LAReQA.",
    ),
)
