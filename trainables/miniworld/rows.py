"""Which rows has a task of the embedded world? Generated, equal in every process.

`read(generator, language, split)` is the only way in. Items are free of language, so the same id
is the same item in all of them. Splits share no English text, over all tasks together: a hash of
the text decides which split it may stand in.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datasets import Dataset, Features, List, Value

from trainables.miniworld.generators import DRAWS
from trainables.miniworld.items import Item, Row
from trainables.miniworld.languages import ENGLISH, get_language
from trainables.tasks.task import SplitName

_INT, _TEXT = Value("int64"), Value("string")
_FEATURES: dict[str, dict[str, Any]] = {
    "pair": {"text": _TEXT, "text_pair": _TEXT, "label": _INT},
    "span": {
        "context": _TEXT,
        "question": _TEXT,
        "answers": List(_TEXT),
        "answer_starts": List(_INT),
    },
    "sentences": {
        "question": _TEXT,
        "candidates": List(_TEXT),
        "contexts": List(_TEXT),
        "relevant": List(_INT),
    },
    "choice": {"context": _TEXT, "question": _TEXT, "choices": List(_TEXT), "label": _INT},
    "tagged": {"tokens": List(_TEXT), "tags": List(_INT)},
    "features": {"tokens": List(_TEXT), "tags": List(List(_INT))},
    "translation": {"source": _TEXT, "target": _TEXT},
    "text": {"text": _TEXT},
}
_INTERMEDIATE: dict[SplitName, int] = {"train": 9_000, "dev": 400}
_TARGET: dict[SplitName, int] = {"train": 2_700, "dev": 300, "search": 300, "report": 300}
_UNTRAINED: dict[SplitName, int] = {"search": 300, "report": 300}
_BUCKETS: dict[SplitName, range] = {
    "train": range(10),
    "dev": range(10, 12),
    "search": range(12, 14),
    "report": range(14, 16),
}
"""Which sixteenths of all texts a split may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """How many rows of which form a task has, and how one is drawn."""

    draw: Callable[[random.Random], Item]
    form: str
    """Key of the columns."""
    sizes: Mapping[SplitName, int]
    """Rows per split, in every language: foreign training rows translate the English ones."""
    train_and_dev_of: str = ""
    """Generator whose train and dev splits are read in the stead of its own."""


def _generator(name: str, form: str, sizes: Mapping[SplitName, int]) -> Generator:
    return Generator(draw=DRAWS[name], form=form, sizes=sizes)


GENERATORS: dict[str, Generator] = {
    "nli": _generator("nli", "pair", _INTERMEDIATE),
    "paraphrase": _generator("paraphrase", "pair", _INTERMEDIATE),
    "squad": _generator("squad", "span", _INTERMEDIATE),
    "choice": _generator("choice", "choice", _INTERMEDIATE),
    "sentences": _generator("sentences", "sentences", _INTERMEDIATE),
    "pos": _generator("pos", "tagged", _INTERMEDIATE),
    "features": _generator("features", "features", _INTERMEDIATE),
    "ner": _generator("ner", "tagged", _INTERMEDIATE),
    "xnli": _generator("xnli", "pair", _TARGET),
    "udpos": _generator("udpos", "tagged", _TARGET),
    "panx": _generator("panx", "tagged", _TARGET),
    "xquad": Generator(
        draw=DRAWS["xquad"], form="span", sizes=_UNTRAINED, train_and_dev_of="squad"
    ),
    "xcopa": _generator("xcopa", "choice", _TARGET),
    "tatoeba": _generator("tatoeba", "translation", _UNTRAINED),
    "mlm": _generator("mlm", "text", _INTERMEDIATE),
    "answers": Generator(
        draw=DRAWS["answers"], form="sentences", sizes=_UNTRAINED, train_and_dev_of="sentences"
    ),
}
"""Every generator by the name that a `MiniworldSource` gives."""


def read(generator: str, language: str, split: SplitName) -> Dataset:
    """Canonical rows (`trainables/tasks/task.py`) with `id`, in a fixed order.

    Raises:
        ValueError: for an unknown generator or language, or a split that the generator does not
            have; says which there are.
    """
    if generator not in GENERATORS:
        raise ValueError(_unknown(generator))
    record, spoken = GENERATORS[generator], get_language(language)
    if split in ("train", "dev") and record.train_and_dev_of:
        return read(record.train_and_dev_of, language, split)
    if split not in record.sizes:
        raise ValueError(
            f"{generator!r} of the embedded world has no split {split!r}; "
            f"it has {', '.join(record.sizes)}"
        )
    rows = (_shown(item.row(spoken), split) for item in _items(generator, split))
    named = [{"id": f"{generator}-{split}-{i}", **row} for i, row in enumerate(rows)]
    return Dataset.from_list(
        named, features=Features({"id": _TEXT, **_FEATURES[record.form]}), split=None
    )


def _shown(row: Row, split: SplitName) -> Row:
    """Training rows without wrong candidates: a dual encoder's negatives are the other rows."""
    if split != "train" or "candidates" not in row:
        return row
    right = row["relevant"][0]
    one = {name: row[name][right : right + 1] for name in ("candidates", "contexts")}
    return {**row, **one, "relevant": [0]}


def _items(generator: str, split: SplitName) -> list[Item]:
    """As many different items as the split holds, all of texts that belong to it."""
    record = GENERATORS[generator]
    rng = random.Random(f"miniworld {generator} {split}")
    allowed = _BUCKETS[split]
    found: dict[str, Item] = {}
    while len(found) < record.sizes[split]:
        item = record.draw(rng)
        row = item.row(ENGLISH)
        if _bucket(_content(row)) in allowed:
            found.setdefault(_content(_shown(row, split)), item)
    return list(found.values())


def _content(row: Row) -> str:
    """The English text without labels: what must not stand in two splits."""
    texts = [row[c] for c in _TEXT_COLUMNS if c in row]
    return json.dumps(texts)


_TEXT_COLUMNS = (
    *("text", "text_pair", "context", "question", "choices", "candidates", "tokens", "source"),
)


def _bucket(content: str) -> int:
    return hashlib.sha256(content.encode()).digest()[0] % 16


def _unknown(generator: str) -> str:
    near = difflib.get_close_matches(generator, GENERATORS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(GENERATORS)}"
    return f"the embedded world has no generator {generator!r}; {hint}"
