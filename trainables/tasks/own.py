"""How does an entry under `tasks` in a study file become a task? Without any code of the user's.

A task of one's own, files or a data set of the hub:
my_nli: {kind: classification, files: {train: a.csv, dev: b.csv}, columns: {text: premise, ...}}
A declared task whose data nobody may give away:
ccg: {files: {train: ccg/train.jsonl, dev: ccg/dev.jsonl}}
A declared task in other languages, `hellaswag@de` or `hellaswag@all`:
hellaswag: {train_languages: [de, fr], files: {train: "translated/{language}.jsonl"}}
A declared task, read longer:
xnli: {max_length: 256}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trainables.tasks.catalogue import TASKS, Catalogue
from trainables.tasks.columns import OPTIONAL, WANTED
from trainables.tasks.task import (
    UNKNOWN_SIZE,
    FileSource,
    Group,
    HubSource,
    KindName,
    SplitName,
    Task,
)

Entry = Mapping[str, Any]
"""Plain values, as `search/study_fields.py` has checked them one by one."""

METRICS: dict[KindName, tuple[str, ...]] = {
    "classification": ("accuracy",),
    "multiple_choice": ("accuracy",),
    "span_qa": ("qa", "mlqa"),
    "tagging": ("f1", "accuracy"),
    "retrieval": ("retrieval_accuracy", "bucc_f1"),
    "mlm": ("mlm_accuracy",),
}
"""What a kind is scored by; first the metric of a task that names none."""

_GROUPS: dict[KindName, Group] = {
    "span_qa": "qa",
    "tagging": "structured",
    "retrieval": "retrieval",
}
_SPLITS: tuple[SplitName, ...] = ("train", "dev", "search", "report")
_LENGTHS: dict[KindName, int] = {"span_qa": 384}


def catalogue_of(entries: Mapping[str, Entry]) -> Catalogue:
    """The tasks of a study.

    Raises:
        ValueError: with every problem, one a line, named as in the study file.
    """
    own, problems = {}, []
    for name, entry in entries.items():
        try:
            own[name] = own_task(name, entry)
        except ValueError as error:
            problems += [f"tasks.{name}{line}" for line in str(error).splitlines()]
    catalogue = Catalogue(own=own)
    problems += [
        f"tasks.{name}.train_task {problem}"
        for name, task in own.items()
        if (problem := _train_task_problem(task, catalogue))
    ]
    if problems:
        raise ValueError("\n".join(problems))
    return catalogue


def own_task(name: str, entry: Entry) -> Task:
    """A task of a study file.

    Raises:
        ValueError: for an entry that says too little, or too much; begins as a field's name goes
            on, `.kind is missing`.
    """
    if name in TASKS:
        return _completed(TASKS[name], entry)
    kind: KindName | None = entry.get("kind")
    if kind not in WANTED:
        said = "missing" if kind is None else f"{kind!r}"
        raise ValueError(f".kind is {said}; wanted one of {', '.join(WANTED)}")
    splits = _splits(entry)
    languages = tuple(entry.get("languages") or ("en",))
    is_target = bool({"search", "report"} & set(splits))
    trains = "train" in splits
    _check_source(entry, splits, is_target=is_target)
    _check_languages(entry, splits)
    _check_columns(kind, entry)
    metric = entry.get("metric") or METRICS[kind][0]
    if metric not in METRICS[kind]:
        raise ValueError(f".metric is {metric!r}; {kind} is scored by {' or '.join(METRICS[kind])}")
    return Task(
        name=name,
        kind=kind,
        source=_source(entry, splits),
        labels=tuple(entry.get("labels") or ()),
        languages=languages,
        train_languages=tuple(entry.get("train_languages") or ()),
        metric=metric,
        role="target" if is_target else "intermediate",
        train_task=entry.get("train_task"),
        max_length=entry.get("max_length") or _LENGTHS.get(kind, 128),
        unanswerable=bool(entry.get("unanswerable")),
        morphological=bool(entry.get("morphological")),
        train_size=UNKNOWN_SIZE if trains or entry.get("train_task") else 0,
        group=entry.get("group") or _GROUPS.get(kind, "classification"),
        licence=entry.get("licence") or "yours",
        citation=entry.get("citation") or "",
        note=entry.get("note") or "A task of the study file.",
    )


def _completed(task: Task, entry: Entry) -> Task:
    """A declared task with the user's files, or with translations of its training rows."""
    own_data = isinstance(task.source, FileSource)
    of_data = {"files", "path", "config", "revision", "splits", "columns", "train_languages"}
    allowed = of_data | {"max_length"} | ({"labels", "licence"} if own_data else set())
    if beside := sorted({field for field, value in entry.items() if value} - allowed):
        raise ValueError(
            f".{beside[0]} belongs to the declared task {task.name}; choose another name for a "
            f"task of your own, or give {', '.join(sorted(allowed))} alone"
        )
    task = replace(task, max_length=entry.get("max_length") or task.max_length)
    if not any(entry.get(field) for field in of_data):
        return task
    if not own_data and not entry.get("train_languages"):
        raise ValueError(
            f" names a declared task, which may be completed with training rows in other "
            f"languages: train_languages is missing; for another task choose another name than "
            f"{task.name}"
        )
    splits = _splits(entry)
    _check_source(entry, splits, is_target=False)
    _check_columns(task.kind, entry)
    if own_data or len(entry.get("train_languages") or ()) > 1:
        _check_languages(entry, splits)
    source = _source(entry, splits)
    if own_data:
        labels = tuple(entry.get("labels") or task.labels)
        columns = {**task.source.columns, **source.columns}  # type: ignore[union-attr]
        source = replace(source, columns=columns)
        languages = tuple(entry.get("train_languages") or ())
        return replace(task, source=source, labels=labels, train_languages=languages)
    return replace(task, translations=source, train_languages=tuple(entry["train_languages"]))


def _splits(entry: Entry) -> dict[str, str]:
    """As written; else by the names of the files, or as the hub usually has them.

    Without a dev split of its own, a tenth of the training rows is one.
    """
    files = entry.get("files") or {}
    found = dict(entry.get("splits") or {name: name for name in _SPLITS if name in files})
    if not found and entry.get("path"):
        found = {"train": "train", "dev": "validation"}
    if "train" in found and "dev" not in found:
        found |= {"train": f"{found['train']}@rest", "dev": f"{found['train']}@tenth"}
    return found


def _source(entry: Entry, splits: dict[str, str]) -> HubSource | FileSource:
    written = entry.get("columns") or {}
    columns = {k: v if isinstance(v, str) else tuple(v) for k, v in written.items()}
    if entry.get("files"):
        return FileSource(files=dict(entry["files"]), splits=splits, columns=columns)
    return HubSource(
        path=entry["path"],
        config=entry.get("config") or "default",
        revision=entry.get("revision"),
        splits=splits,
        columns=columns,
    )


def _check_source(entry: Entry, splits: Mapping[str, str], *, is_target: bool) -> None:
    files = entry.get("files") or {}
    if bool(files) == bool(entry.get("path")):
        raise ValueError(": give either files, or path for a data set of the hub")
    if not splits:
        raise ValueError(f".files has none of {', '.join(_SPLITS)}; name them so, or give splits")
    for split, written in splits.items():
        name = written.partition("@")[0]
        if files and name not in files:
            raise ValueError(f".splits.{split} is {name!r}, but files has {', '.join(files)}")
    if is_target and not {"search", "report"} <= set(splits):
        raise ValueError(".splits: a target has both search and report")
    trains = "train" in splits or entry.get("train_task") or entry.get("kind") == "retrieval"
    if is_target and not trains:
        raise ValueError(".train_task is missing: which task trains this target?")


def _check_languages(entry: Entry, splits: Mapping[str, str]) -> None:
    """One file for several languages would be scored as each of them."""
    files = entry.get("files") or {}
    for split, written in splits.items():
        field = "train_languages" if split in ("train", "dev") else "languages"
        languages = entry.get(field) or ()
        name = written.partition("@")[0]
        where = f".files.{name}" if files else ".config"
        holds = files[name] if files else entry.get("config")
        several = len(languages) > (field == "languages")
        if several and "{language}" not in (holds or ""):
            raise ValueError(
                f"{where} is {holds or 'missing'!r} for all of {field} ({', '.join(languages)}); "
                "write {language} where it differs"
            )


def _check_columns(kind: KindName, entry: Entry) -> None:
    known = [*WANTED[kind], *OPTIONAL.get(kind, ()), "id"]
    for name, written in (entry.get("columns") or {}).items():
        if name not in known:
            raise ValueError(
                f".columns.{name} is no column of {kind}, which has {', '.join(known)}; write "
                "ours first, then the data's own: text: premise"
            )
        if not isinstance(written, str) and name != "choices":
            raise ValueError(f".columns.{name} is a list; only choices can be several columns")


def _train_task_problem(task: Task, catalogue: Catalogue) -> str:
    """What is wrong with the task that fine-tunes a target; empty if nothing is."""
    if task.name in TASKS or task.train_task is None:
        return ""
    try:
        trainer = catalogue.get(task.train_task)
    except ValueError as error:
        return f"is {task.train_task!r}; {error}"
    if trainer.kind != task.kind:
        return f"is {trainer.name}, of kind {trainer.kind}; wanted one of kind {task.kind}"
    if not trainer.train_size or trainer.train_task:
        return f"is {trainer.name}, which has no training rows of its own"
    return ""
