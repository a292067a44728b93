"""Which features say the texts of tasks and targets? Rows of similarities, translations, sub-words.

No stage is trained for any of them: the pretrained encoder reads, or its tokenizer alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainables.features.similarity import (
    FEWEST,
    parallel_similarity,
    text_similarity,
    translations,
)
from trainables.features.subwords import UNSPACED, fertility, subword_overlap
from trainables.features.task_vectors import embedding_similarity, text_embedding
from trainables.features.texts import Texts
from trainables.features.vectors import SENTENCE
from trainables.features.wanted import (
    ENGLISH,
    Row,
    Rows,
    Wanted,
    feature_row,
    target_texts,
    task_texts,
    trained_tasks,
    with_english,
)
from trainables.nodes import Computed, Trial, ensure, pretrained
from trainables.store import Entry
from trainables.tasks.task import Task


def text_rows(
    trial: Trial, wanted: Wanted, *, prefix: str = "text", reading: str = SENTENCE
) -> Rows:
    """`text_cosine` and `text_mmd2` of each task's training text and each target's text.

    Args:
        trial: whose encoder reads.
        wanted: tasks and targets.
        prefix: of the features' names.
        reading: of `text_vectors`.
    """
    rows: list[Row] = []
    names = ("cosine", "mmd2")
    encoder = pretrained(trial)
    of_tasks = {task: task_texts(trial, task, wanted) for task in wanted.singles}
    for target, language, theirs in target_texts(trial, wanted, "whole"):
        for task, ours in of_tasks.items():
            where = {"task": task, "target": target, "language": language}
            if min(len(ours), len(theirs)) < FEWEST:
                note = f"{len(ours)} and {len(theirs)} texts"
                rows += [feature_row(f"{prefix}_{name}", where, note=note) for name in names]
                continue
            node = text_similarity(trial, encoder, ours, theirs, reading=reading)
            entry = yield from ensure(trial, node)
            rows += _values(entry, prefix, names, where, n=len(theirs))
    return rows


def parallel_rows(trial: Trial, wanted: Wanted) -> Rows:
    """`parallel_accuracy`, `_cosine` and `_margin` of translations, by target and language."""
    rows: list[Row] = []
    names = ("accuracy", "cosine", "margin")
    for target, language, english, theirs in with_english(trial, wanted, "item"):
        where = {"target": target, "language": language, "other": ENGLISH}
        pair = translations(english, theirs, wanted.amounts.texts)
        if len(pair[0]) < FEWEST:
            note = "no parallel items" if len(english) else "no English items"
            rows += [feature_row(f"parallel_{name}", where, note=note) for name in names]
            continue
        node = parallel_similarity(trial, pretrained(trial), *pair)
        entry = yield from ensure(trial, node)
        rows += _values(entry, "parallel", names, where, n=len(pair[0]))
    return rows


def subword_rows(trial: Trial, wanted: Wanted) -> Rows:
    """`subword_tokens`, `_types`, `_jaccard` with English, and `fertility`, by target, language."""
    rows: list[Row] = []
    for target, language, english, theirs in with_english(trial, wanted, "whole"):
        where = {"target": target, "language": language, "other": ENGLISH}
        names = ("tokens", "types", "jaccard")
        if not (len(english) and len(theirs)):
            note = "no English items" if len(theirs) else "no text"
            rows += [feature_row(f"subword_{name}", where, note=note) for name in names]
            continue
        entry = yield from ensure(trial, subword_overlap(trial, english, theirs))
        rows += _values(entry, "subword", names, where, n=len(theirs))
    for target, language, theirs in target_texts(trial, wanted, "whole"):
        where = {"target": target, "language": language}
        words = _words(trial.bench.catalogue.get(target), language, theirs)
        if words is None or not sum(words):
            note = "no text" if not len(theirs) else "no spaces between words"
            rows.append(feature_row("fertility", where, note=note))
            continue
        entry = yield from ensure(trial, fertility(trial, theirs, words))
        value = entry.values["fertility"]
        rows.append(feature_row("fertility", where, value, n=sum(words)))
    return rows


def text_embedding_rows(trial: Trial, wanted: Wanted) -> Rows:
    """`textemb_cosine` of every two tasks, targets by their English training text."""
    encoder = pretrained(trial)
    embeddings = {
        name: text_embedding(trial, encoder, task_texts(trial, task.name, wanted))
        for name, task in trained_tasks(trial, wanted).items()
    }
    return (yield from cosine_rows(trial, "textemb_cosine", embeddings, wanted.amounts.texts))


def cosine_rows(
    trial: Trial, feature: str, embeddings: Mapping[str, Computed], amount: int
) -> Rows:
    """Rows of every ordered pair of different names; equal both ways."""
    rows: list[Row] = []
    names = list(embeddings)
    for i, a in enumerate(names):
        for b in names[:i]:
            node = embedding_similarity(trial, embeddings[a], embeddings[b])
            value = (yield from ensure(trial, node)).values["cosine"]
            for x, y in ((a, b), (b, a)):
                rows.append(feature_row(feature, {"task": x, "other": y}, value, n=amount))
    return rows


def _words(target: Task, language: str, texts: Texts) -> Sequence[int] | None:
    """Words of each text: those that are tagged, or what stands between spaces."""
    if language in UNSPACED and target.kind not in ("tagging", "feature_tagging"):
        return None
    return [len(text.split()) for text in texts.texts]


def _values(
    entry: Entry, prefix: str, names: Sequence[str], where: Mapping[str, str], *, n: int
) -> list[Row]:
    return [feature_row(f"{prefix}_{name}", where, entry.values[name], n=n) for name in names]
