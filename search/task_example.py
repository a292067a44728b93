"""What does one row of a task look like, and what does the encoder read of it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search.table_parts import heading, remark
from trainables.data import available_languages, load_rows
from trainables.encoder import Encoder, load_encoder
from trainables.kinds import KINDS
from trainables.places import is_here
from trainables.tasks import HubSource, Task, get_task
from trainables.tasks.task import SplitName

_SPLITS: tuple[SplitName, ...] = ("dev", "search", "report", "train")
"""Small ones first, since a split is read as a whole."""
_LONGEST = 400
"""Letters of a value that are shown."""
_MOST_TOKENS = 60
_TEXTS = ("text", "text_pair", "context", "question", "source", "target")


def task_example(name: str, *, encoder: str, mirror: Path | None) -> Iterator[RenderableType]:
    """The first row of the task's first split that is here, its labels, and its tokens.

    To describe a task is no reason to download it.

    Raises:
        EncoderError: if there is no such encoder.
    """
    task = get_task(name)
    if isinstance(task.source, HubSource) and not is_here(task, mirror):
        yield heading("A row")
        yield remark(f"{task.source.path} is not here; with --mirror DIR a row of it is shown")
        return
    try:
        split, language, rows = _rows(task, mirror)
    except ValueError as error:
        yield heading("A row")
        yield remark(str(error))
        return
    row = rows[0]
    yield heading(f"The first of {len(rows):,} rows here ({split}, {language})")
    yield _pairs(_told(row, task))
    yield heading(f"As the encoder {encoder} reads it")
    yield _pairs(_encoding(rows[:1], task, load_encoder(encoder, mirror=mirror)))


def _rows(task: Task, mirror: Path | None) -> tuple[SplitName, str, Any]:
    """The first split of its own that can be loaded: another task's may not be in the mirror.

    Raises:
        ValueError: if there is none.
    """
    own = task.source.splits if isinstance(task.source, HubSource) else _SPLITS
    for split in (split for split in _SPLITS if split in own):
        for language in available_languages(task, split, mirror)[:1]:
            return split, language, load_rows(task, language, split, mirror=mirror)
    raise ValueError(f"the mirror has no split of {task.name}")


def _told(row: Mapping[str, Any], task: Task) -> dict[str, Text]:
    """Column to value, integers of labels with their names."""
    told = {"id": Text(row["id"])}
    told |= {name: _text(row[name]) for name in _TEXTS if row.get(name)}
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


def _encoding(rows: Mapping[str, Any], task: Task, encoder: Encoder) -> dict[str, Text]:
    """One line of tokens for each sequence that the row becomes."""
    features = KINDS[task.kind].encode(
        {**rows, "row": [0]}, task, encoder.tokenizer, encoder.max_length(task)
    )
    told = {}
    sequences = list(_sequences(features))
    for number, ids in enumerate(sequences):
        title = "tokens" if len(sequences) == 1 else f"tokens {number}"
        told[title] = Text(_tokens(ids, encoder))
    lengths = ", ".join(str(len(ids)) for ids in sequences)
    told["length"] = Text(f"{lengths}; at most {encoder.max_length(task)}, special tokens included")
    unknown = [id_ == encoder.tokenizer.unk_token_id for ids in sequences for id_ in ids]
    if sum(unknown) > len(unknown) / 2:
        told["note"] = Text("it does not know most of these words; --encoder NAME: another one")
    return told


def _tokens(ids: list[int], encoder: Encoder) -> str:
    """Both ends of a long sequence: the second text, or the choice, is the last part of it."""
    tokens = encoder.tokenizer.convert_ids_to_tokens(ids)
    left = len(tokens) - _MOST_TOKENS
    if left > 0:
        half = _MOST_TOKENS // 2
        tokens = [*tokens[:half], f"... ({left} more) ...", *tokens[-half:]]
    return " ".join(tokens)


def _sequences(features: Mapping[str, Any]) -> Iterator[list[int]]:
    """The choices of a row are kept in one list, `lengths` tells them apart."""
    for i, ids in enumerate(features["input_ids"]):
        start = 0
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
