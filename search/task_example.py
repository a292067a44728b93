"""What does one row of a task look like, and what does the encoder read of it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search.table_parts import heading, remark
from trainables.data import DataError, available_languages, rows_of_language
from trainables.encoder import EncoderError, load_tokenizer, mirrored
from trainables.kinds import KINDS
from trainables.places import is_here
from trainables.tasks.task import (
    FileSource,
    HubSource,
    MiniworldSource,
    SplitName,
    Task,
    UnionSource,
)

_PACKAGED = "miniworld"
_SPLITS: tuple[SplitName, ...] = ("dev", "search", "report", "train")
"""Small ones first, since a split is read as a whole."""
_LONGEST = 400
"""Letters of a value that are shown."""
_MOST_LINES = 8
"""Of the passages of a question."""
_MOST_TOKENS = 60
_MOST_SEQUENCES = 4
_TEXTS = ("text", "text_pair", "context", "question", "source", "target")


def task_example(
    task: Task, *, encoder: str | None, mirror: Path | None, skip_bad_rows: bool = False
) -> Iterator[RenderableType]:
    """The first row of the task's first split that is here, its labels, and its tokens.

    To describe a task is no reason to download it.

    Args:
        task: a union shows a row of the first of its parts that is here.
        encoder: whose tokens; None: an encoder that the mirror has, for the embedded world its own.
        mirror: the folder whose rows are shown.
        skip_bad_rows: whether rows that cannot be used are left out.

    Raises:
        EncoderError: if there is no such encoder.
    """
    parts = task.source.parts if isinstance(task.source, UnionSource) else (task,)
    try:
        part = _first_here(parts, mirror)
        split, language, rows = _rows(part, mirror, skip_bad_rows)
    except ValueError as error:
        yield heading("A row")
        yield remark(str(error))
        return
    of = "" if part is task else f", of {part.name}"
    yield heading(f"The first of {len(rows):,} rows here ({split}, {language}{of})")
    yield _pairs(_told(rows[0], part))
    name, tokenizer, max_tokens = _reader(encoder, part, mirror)
    yield heading(f"As the encoder {name} reads it")
    yield _pairs(_encoding(rows[:1], part, tokenizer, min(max_tokens, part.max_length)))


def _first_here(parts: Sequence[Task], mirror: Path | None) -> Task:
    """The first part that is here.

    Raises:
        DataError: if none is.
    """
    for part in parts:
        if is_here(part, mirror):
            return part
    source = parts[0].source
    if isinstance(source, FileSource):
        raise DataError(
            f"{parts[0].name} has no files yet: name yours under tasks in a study file, then give "
            "--study FILE"
        )
    assert isinstance(source, HubSource), "generated rows are always here"
    raise DataError(f"{source.path} is not here; with --mirror DIR a row of it is shown")


def _rows(task: Task, mirror: Path | None, skip_bad_rows: bool) -> tuple[SplitName, str, Any]:
    """The first split of its own that can be loaded: another task's may not be in the mirror.

    Raises:
        ValueError: if there is none.
    """
    own = task.source.splits if isinstance(task.source, HubSource | FileSource) else _SPLITS
    for split in (split for split in _SPLITS if split in own):
        for language in available_languages(task, split, mirror)[:1]:
            rows = rows_of_language(
                task, language, split, mirror=mirror, skip_bad_rows=skip_bad_rows
            )
            return split, language, rows
    where = "the mirror" if isinstance(task.source, HubSource) else "its files"
    raise DataError(f"no split of {task.name} is in {where}")


def _told(row: Mapping[str, Any], task: Task) -> dict[str, Text]:
    """Column to value, integers of labels with their names."""
    told = {"id": Text(row["id"])}
    told |= {name: _text(row[name]) for name in _TEXTS if row.get(name)}
    if "candidates" in row:
        told["passages"] = _lines(_passages(row))
        if any(row["contexts"][:1]):
            told["around them"] = _text(row["contexts"][0])
    if "choices" in row:
        told["choices"] = _lines(f"{i}  {_cut(c)}" for i, c in enumerate(row["choices"]))
    if "tokens" in row:
        tagged = zip(row["tokens"], row["tags"], strict=True)
        told["words"] = _text("  ".join(f"{word}/{_tag(tag, task)}" for word, tag in tagged))
    if "answers" in row:
        spans = zip(row["answers"], row["answer_starts"], strict=True)
        answers = dict.fromkeys(f"{answer} (from place {start})" for answer, start in spans)
        told["answers"] = _lines(answers or ["none: the context has no answer"])
    if "label" in row:
        number, label = str(row["label"]), task.labels[row["label"]]
        told["label"] = Text(number if number == label else f"{number} = {label}")
    return told


def _tag(tag: int | list[int], task: Task) -> str:
    """The label of a word, or its labels as Universal Dependencies writes them."""
    if isinstance(tag, int):
        return task.labels[tag]
    return "|".join(task.labels[number] for number in tag) or "_"


def _passages(row: Mapping[str, Any]) -> Iterator[str]:
    """Passages with their numbers, cut; the right ones are marked."""
    passages, left = row["candidates"], len(row["candidates"]) - _MOST_LINES
    for number, passage in enumerate(passages[:_MOST_LINES]):
        right = "  (right)" if number in row["relevant"] else ""
        yield f"{number}  {_cut(passage)}{right}"
    if left > 0:
        yield f"and {left} more"


def _reader(encoder: str | None, task: Task, mirror: Path | None) -> tuple[str, Any, int]:
    """Name, tokenizer and longest sequence of the encoder that shows a row.

    Raises:
        EncoderError: if there is none of the name.
    """
    if encoder is not None:
        return encoder, *load_tokenizer(encoder, mirror=mirror)
    for name in mirrored(mirror) if mirror and not isinstance(task.source, MiniworldSource) else ():
        with suppress(EncoderError):
            return name, *load_tokenizer(name, mirror=mirror)
    return _PACKAGED, *load_tokenizer(_PACKAGED)


def _encoding(
    rows: Mapping[str, Any], task: Task, tokenizer: Any, max_length: int
) -> dict[str, Text]:
    """One line of tokens for each sequence that the row becomes; empty ones only stand in."""
    features = KINDS[task.kind].encode({**rows, "row": [0]}, task, tokenizer, max_length)
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id, tokenizer.mask_token_id}
    sequences = [ids for ids in _sequences(features) if not special.issuperset(ids)]
    told = {}
    for number, ids in enumerate(sequences[:_MOST_SEQUENCES]):
        title = "tokens" if len(sequences) == 1 else f"tokens {number}"
        told[title] = Text(_tokens(ids, tokenizer))
    if len(sequences) > _MOST_SEQUENCES:
        told["..."] = Text(f"and {len(sequences) - _MOST_SEQUENCES} more sequences")
    lengths = ", ".join(str(len(ids)) for ids in sequences)
    told["length"] = Text(f"{lengths}; at most {max_length}, special tokens included")
    unknown = [id_ == tokenizer.unk_token_id for ids in sequences for id_ in ids]
    if sum(unknown) > len(unknown) / 2:
        told["note"] = Text("it does not know most of these words; --encoder NAME: another one")
    return told


def _tokens(ids: list[int], tokenizer: Any) -> str:
    """Both ends of a long sequence: the second text, or the choice, is the last part of it."""
    tokens = tokenizer.convert_ids_to_tokens(ids)
    left = len(tokens) - _MOST_TOKENS
    if left > 0:
        half = _MOST_TOKENS // 2
        tokens = [*tokens[:half], f"... ({left} more) ...", *tokens[-half:]]
    return " ".join(tokens)


def _sequences(features: Mapping[str, Any]) -> Iterator[list[int]]:
    """The choices of a row are kept in one list, `lengths` tells them apart."""
    for i in range(len(features["row"])):
        ids, start = features["input_ids"][i].tolist(), 0
        for length in features["lengths"][i] if "lengths" in features else [len(ids)]:
            yield ids[start : start + length]
            start += length


def _pairs(told: Mapping[str, Text]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in told.items():
        table.add_row(name, value)
    return Padding(table, (0, 0, 0, 2), expand=False)


def _lines(texts: Any) -> Text:
    return Text("\n".join(texts))


def _text(value: str) -> Text:
    return Text(_cut(value))


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]} ..."
