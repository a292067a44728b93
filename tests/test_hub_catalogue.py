"""Is what the tasks say of hub data sets what research found on the hub (hub_catalogue.md)?

Rows of its tables are looked up by hub id. An adapter gets rows with the catalogue's columns alone,
so that one which reads another column fails.
"""

import itertools
import re
from collections import defaultdict

import pytest

from trainables.hub import LOCAL, PARQUET_COPY, attempts
from trainables.tasks import TASKS, HubSource
from trainables.tasks.adapters import ADAPTERS, Origin

UNCERTAIN = {
    "mewslix": "the catalogue's columns are partly guessed: a mirror of the original files is read",
    "mewslix_pairs": "the same",
}
HUB_TASKS = {
    name: task
    for name, task in TASKS.items()
    if isinstance(task.source, HubSource)
    and not task.source.path.startswith(LOCAL)  # on no hub
    and name not in UNCERTAIN
}
every_hub_task = pytest.mark.parametrize("name", HUB_TASKS)

ROW_OF = {
    "pawsx": "PAWS-X (own)",
    "panx": "- NER",
    "panx_en": "- NER",
    "udpos": "- POS",
    "mlqa": "- MLQA",
    "tatoeba": "- Tatoeba",
    "bucc2018": "- BUCC",
}
"""Tasks of data sets that have several rows: which one."""

TRAIN_SIZE_DIFFERS = {
    "snli": (550_152, "rows without gold label are left out; `note` gives both"),
    "tydiqa": (49_881, "of eleven languages; `train_size` counts the 3,696 English ones"),
}
CONFIG_NOT_LISTED = {
    "udpos": {"Afrikaans": "spelled Afrikans in one list of the card and Afrikaans in another"},
}
"""What differs from the catalogue, and why."""

VALUES = {
    "answers": {"text": ["b"], "answer_start": [1]},
    "answerKey": "A",
    "choices": {"label": ["A", "B"], "text": ["a", "b"]},
    "endings": ["a", "b"],
    "tokens": ["a", "b"],
    "upos": ["NOUN", "VERB"],
    "lemmas": ["a", "b"],
    "feats": ["Number=Sing", None],
    "pos_tags": [0, 1],
    "ner_tags": [0, 1],
    "idx": 0,
}
"""Invented values of columns that hold no text."""


def tables(text):
    """The rows of a markdown text's tables, each a dict by its table's heads."""
    rows = []
    lines = text.splitlines()
    for is_table, part in itertools.groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            head, _, *body = (
                [cell.strip() for cell in line.strip("|").split("|")] for line in part
            )
            assert all(len(cells) == len(head) for cells in body), head
            rows += [dict(zip(head, cells, strict=True)) for cells in body]
    return rows


def ids_in(cell):
    """Hub ids that a cell names, without what it says in brackets."""
    named = re.findall(r"[\w-]+/[\w.-]+", re.sub(r"\(.*?\)", "", cell.replace("**", "")))
    return [name for name in named if not name.startswith("refs/")]


def outside_brackets(cell):
    """The cell's words outside ( ), and one part per comma or space."""
    return set(re.split(r"[,;\s]+", re.sub(r"\([^)]*\)", " ", cell))) - {""}


def configs_in(cell, languages):
    """Configurations of a cell: names, `a.{b,c}` for each, `a.xx` or `xx-b` for each language."""
    known = set()
    whole = re.sub(r"\([^)]*\)", " ", cell)
    for start, names in re.findall(r"([\w.-]+)\.\{([^}]*)\}", whole):
        known |= {f"{start}.{name.strip()}" for name in names.split(",")}
    for name in outside_brackets(re.sub(r"\S+\{[^}]*\}", " ", whole)):
        known.add(name)
        for language in languages:
            known.add(re.sub(r"(?<![a-z])(xxx?|yy)(?![a-z])", language, name))
    if "two-letter codes" in cell:
        known |= {language for language in languages if len(language) == 2}
    return known


def split_names(cell):
    """Split names of a cell; `train_r1/2/3` are three."""
    rounds = {
        f"{start}{number}"
        for start, numbers in re.findall(r"\b(\w+_r)(\d(?:/\d)+)", cell)
        for number in numbers.split("/")
    }
    return rounds | set(re.findall(r"\b(?:train|validation(?:_\w+)?|dev|test)\b", cell))


def train_size(row):
    """English rows of the train split where a row gives them; else None.

    `train 392,702` among the splits, `English 21,253 / 3,974` or `en 20,000/10,000` beside them.
    """
    found = re.search(r"\btrain ([\d,]*\d)", row["splits"]) or re.search(
        r"\b(?:English|en) ([\d,]*\d) ?/", row["evidence, fallback"]
    )
    return int(found[1].replace(",", "")) if found else None


def columns_in(cell):
    """Column names of a cell with their number of values: `label[5]` lists are one column."""
    flat = re.sub(r"\([^)]*\)|\{[^}]*\}|\[[^\]]*\]", " ", cell)
    numbered = re.sub(r"\b([a-z]+)0\.\.3", r"\g<1>0, \g<1>1, \g<1>2, \g<1>3", flat)
    return set(re.findall(r"[A-Za-z_]\w*", numbered))


@pytest.fixture(scope="module")
def catalogue(shared_folder):
    """Hub id to its rows; a row stands under its id alone, `fallback` cells under no id."""
    file = shared_folder / "research/hub_catalogue.md"
    if not file.is_file():
        pytest.skip(f"no {file}")
    by_id = defaultdict(list)
    columns = ""
    for row in tables(file.read_text(encoding="utf-8")):
        columns = columns if row["columns"].startswith("same;") else row["columns"]
        row["columns"] = columns
        for name in ids_in(row["hub id"]):
            by_id[name].append({**row, "config": row.get("config") or row["config(s)"]})
    return by_id


@pytest.fixture
def row(name, catalogue):
    """The catalogue's row of a task."""
    task = HUB_TASKS[name]
    rows = catalogue[task.source.path]
    assert rows, f"{name}: the catalogue has no {task.source.path}"
    if name in ROW_OF:
        rows = [row for row in rows if row["task"].strip("- ") == ROW_OF[name].strip("- ")]
    elif len(rows) > 1:
        rows = [row for row in rows if task.source.config in outside_brackets(row["config"])]
    assert len(rows) == 1, f"{name}: {len(rows)} rows of the catalogue are of it"
    return rows[0]


def all_configs(task):
    source = task.source
    names = (source.config_names.get(x, x) for x in task.languages)
    return {source.config.format(language=name) for name in names}


def loads(row):
    """Whether main has files that load, not a script."""
    return not re.match(r"(?:loading |probably a )?script", row["stored as"])


@pytest.mark.shared
def test_the_catalogue_is_read(catalogue):
    assert len(catalogue) > 25
    (squad,) = catalogue["rajpurkar/squad"]
    assert split_names(squad["splits"]) == {"train", "validation"}
    assert train_size(squad) == 87_599
    assert columns_in(squad["columns"]) == {"id", "title", "context", "question", "answers"}
    assert "allenai/cosmos_qa" in catalogue and not loads(catalogue["allenai/cosmos_qa"][0])


@pytest.mark.shared
@every_hub_task
def test_configurations_are_in_the_catalogue(name, row):
    task = HUB_TASKS[name]
    languages = [task.source.config_names.get(x, x) for x in task.languages]
    missing = all_configs(task) - configs_in(row["config"], languages)
    excused = CONFIG_NOT_LISTED.get(name, {})
    assert {config.split(".")[-1] for config in missing} == set(excused), missing


@pytest.mark.shared
@every_hub_task
def test_splits_are_in_the_catalogue(name, row):
    declared = {split.partition("@")[0] for split in HUB_TASKS[name].source.splits.values()}
    assert declared <= split_names(row["splits"])


@pytest.mark.shared
@every_hub_task
def test_train_size_is_the_catalogues(name, row):
    task, listed = HUB_TASKS[name], train_size(row)
    if "train" not in task.source.splits or listed is None:
        return
    if name in TRAIN_SIZE_DIFFERS:
        assert TRAIN_SIZE_DIFFERS[name][0] == listed != task.train_size
    else:
        assert task.train_size == listed


@pytest.mark.shared
@every_hub_task
def test_the_adapter_reads_only_columns_of_the_catalogue(name, row):
    task = HUB_TASKS[name]
    words = {"label": "1" if re.search(r'label \((STRING|")', row["columns"]) else 1}
    words["question"] = "cause"  # COPA's is one of two words
    columns = columns_in(row["columns"])
    batch = {column: [({**VALUES, **words}).get(column, "text")] for column in columns}
    adapted = ADAPTERS[task.source.adapter](batch, Origin(language="en", split="train", rows=[0]))
    assert all(len(values) == 1 and values[0] is not None for values in adapted.values())


@pytest.mark.shared
@every_hub_task
def test_a_loading_script_is_not_pinned_and_its_parquet_copy_is_next(name, row):
    source = HUB_TASKS[name].source
    if loads(row):
        return
    assert source.revision is None
    alternatives = set(ids_in(row["evidence, fallback"])) - {source.path}
    assert set(source.fallbacks) == alternatives
    ids = (source.path, *source.fallbacks)
    assert attempts(source) == [(x, revision) for x in ids for revision in (None, PARQUET_COPY)]


@pytest.mark.shared
def test_some_tasks_are_of_loading_scripts(catalogue):
    scripts = {task.source.path for task in HUB_TASKS.values()} & {
        name for name, rows in catalogue.items() if not all(map(loads, rows))
    }
    assert scripts == {"allenai/cosmos_qa", "leondz/wnut_17"}


@pytest.mark.shared
@every_hub_task
def test_a_fallback_is_named_in_the_row(name, row):
    named = {x for cell in row.values() for x in re.findall(r"[\w-]+/[\w.-]+", cell)}
    assert set(HUB_TASKS[name].source.fallbacks) <= named
