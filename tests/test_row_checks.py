"""Is bad data refused before anything is trained, with file, row and what is wrong?"""

import re

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from search.cli import app
from trainables.canonical import FEATURES
from trainables.data import DataError, load_rows
from trainables.row_checks import faults, is_labelled
from trainables.tasks import TASKS

GOOD = 2100
"""More than two batches, so that a bad row is found in the last."""

SQUAD = {
    "id": "q",
    "context": "Æsop was born in Thrace.",
    "question": "Where?",
    "answers": {"text": ["Thrace"], "answer_start": [17]},
}
COPA = {"premise": "It rained.", "choice1": "a", "choice2": "b", "question": "effect"}
ANSWERS = ("answerA", "answerB", "answerC")
ROWS = {
    "mnli": {"premise": "a b", "hypothesis": "c", "label": 1},
    "commonsense_qa": {
        "id": "i",
        "question": "Why?",
        "choices": {"label": list("ABCDE"), "text": list("vwxyz")},
        "answerKey": "B",
    },
    "copa": {**COPA, "idx": 0, "label": 1},
    "social_iqa": {"context": "a", "question": "b", **dict.fromkeys(ANSWERS, "c"), "label": "3"},
    "squad": SQUAD,
    "squad_v2": SQUAD,
    "panx_en": {"tokens": ["Ada", "ran"], "ner_tags": [1, 0]},
    "ud_feature_set_en": {"tokens": ["Ada", "ran"], "feats": ["Number=Sing", None]},
    "ud_lemmas_en": {"tokens": ["Ada", "ran"], "lemmas": ["Ada", "run"]},
    "unimorph_en": {"lemma": "run", "form": "ran", "tag": "V;PST"},
    "tatoeba": {"source_sentence": "a", "target_sentence": "b"},
}
BAD = [
    ("mnli", {"label": 3}, r"label 3 is not one of 0 to 2 \(entailment, neutral, contradiction\)"),
    ("mnli", {"label": -7}, "label -7 is not one of 0 to 2"),
    ("mnli", {"label": None}, "label is missing"),
    ("mnli", {"hypothesis": None}, "text_pair is missing"),
    ("mnli", {"premise": " ", "hypothesis": ""}, "its text is empty"),
    ("commonsense_qa", {"answerKey": "F"}, "label is missing or has no meaning here"),
    ("commonsense_qa", {"question": " "}, "context and question are empty"),
    ("copa", {"question": "affect"}, "question is missing or has no meaning here"),
    ("social_iqa", {"label": "0"}, "label is missing or has no meaning here"),
    ("squad", {"context": ""}, "its context is empty"),
    ("squad", {"question": ""}, "its question is empty"),
    ("squad", {"answers": {"text": [], "answer_start": []}}, "every question of squad has one"),
    ("squad", {"answers": {"text": ["a"], "answer_start": []}}, "has 1 answers, but 0 starts"),
    (
        "squad",
        {"answers": {"text": ["Rome"], "answer_start": [17]}},
        "'Rome' is not at place 17 of its context; it is not in it",
    ),
    (
        "squad_v2",
        {"answers": {"text": ["Thrace"], "answer_start": [18]}},
        "'Thrace' is not at place 18 of its context; it is elsewhere in it",
    ),
    ("panx_en", {"ner_tags": [1]}, "has 2 tokens, but 1 tags"),
    ("panx_en", {"ner_tags": [1, 9]}, r"tag 9 is not one of 0 to 6 \(O, B-PER"),
    ("panx_en", {"tokens": [], "ner_tags": []}, "its sentence is empty"),
    ("panx_en", {"tokens": ["Ada", None]}, "tokens is missing"),
    ("ud_feature_set_en", {"feats": [None]}, "has 2 tokens, but 1 tags"),
    ("ud_feature_set_en", {"tokens": [], "feats": []}, "its sentence is empty"),
    ("unimorph_en", {"lemma": " ", "form": ""}, "its text is empty"),
    ("tatoeba", {"target_sentence": " "}, "its target sentence is empty"),
]


def mirror_of(folder, task, rows, split):
    """A mirror with these rows as a split of a task: the first two in a file of their own."""
    source = task.source
    language = task.languages[0]
    config = source.config.format(language=source.config_names.get(language, language))
    place = folder / "datasets" / source.path / config
    place.mkdir(parents=True, exist_ok=True)
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows)
    name = source.splits[split].partition("@")[0]
    for part, piece in enumerate((table.slice(0, 2), table.slice(2))):
        pq.write_table(piece, place / f"{name}-{part:05d}-of-00002.parquet")
    return folder


def loaded(folder, name, rows):
    task = TASKS[name]
    split = "dev" if "dev" in task.source.splits else "search"
    mirror = mirror_of(folder, task, rows, split)
    return load_rows(task, task.languages[0], split, mirror=mirror)


@pytest.mark.parametrize(("name", "change", "told"), BAD)
def test_a_bad_row_is_named_with_its_file_and_what_is_wrong(name, change, told, tmp_path):
    rows = [ROWS[name]] * GOOD + [{**ROWS[name], **change}, ROWS[name]]
    where = rf"00001-of-00002\.parquet, row {GOOD - 2}: .*{told}"
    with pytest.raises(DataError, match=where) as refused:
        loaded(tmp_path, name, rows)
    assert str(refused.value).startswith(f"1 of {GOOD + 2:,} rows of {name} are bad")


@pytest.mark.parametrize("name", ROWS)
def test_good_rows_are_not_refused(name, tmp_path):
    rows = loaded(tmp_path, name, [ROWS[name]] * 5)
    assert 0 < len(rows) <= 5  # of tatoeba, the half that the English sentences fall into


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mnli", {"hypothesis": ""}),
        ("squad_v2", {"answers": {"text": [], "answer_start": []}}),
        ("panx_en", {"tokens": ["Ada", "\u200b"]}),
    ],
)
def test_what_real_data_sets_have_is_taken(name, change, tmp_path):
    assert len(loaded(tmp_path, name, [ROWS[name], {**ROWS[name], **change}])) == 2


def test_the_first_rows_are_listed_and_all_are_counted(tmp_path):
    labels = [-1, 1, 5, *range(3, 10), 2]
    rows = [{**ROWS["mnli"], "label": label} for label in labels]
    with pytest.raises(DataError) as refused:
        loaded(tmp_path, "mnli", rows)
    head, *lines = str(refused.value).splitlines()
    assert head.startswith("8 of 11 rows")
    assert [int(n) for n in re.findall(r"row (\d+):", str(refused.value))] == [0, 1, 2, 3, 4]
    assert lines[-2] == "  and 3 more"
    assert lines[-1].endswith("on_bad_row: skip in the study file")


def test_text_that_is_not_utf_8_is_named(tmp_path):
    texts = [b"fine"] * 5 + ["Æsop".encode("latin-1")]
    premises = pa.Array.from_buffers(pa.string(), 6, pa.array(texts, pa.binary()).buffers())
    table = pa.table({"premise": premises, "hypothesis": ["b"] * 6, "label": [0] * 6})
    with pytest.raises(DataError, match=r"parquet, row 3: is not in UTF-8 .*0xc6"):
        loaded(tmp_path, "mnli", table)


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("mnli", {"label": "neutral"}, "row 0: cannot be read: .*neutral"),
        ("squad", {"answers": None}, "row 0: cannot be read"),
    ],
)
def test_a_value_of_another_form_is_named(name, change, told, tmp_path):
    with pytest.raises(DataError, match=told):
        loaded(tmp_path, name, [{**ROWS[name], **change}] * 3)


def test_a_missing_column_is_named_with_its_file(tmp_path):
    with pytest.raises(DataError, match=r"00000-of.*parquet.* no column 'label'; it has: premise"):
        loaded(tmp_path, "mnli", [{"premise": "a", "hypothesis": "b"}] * 3)


def test_a_study_on_bad_data_ends_with_2_before_anything_starts(tmp_path):
    rows = [{**ROWS["panx_en"], "ner_tags": [1]}] * 3
    task = TASKS["panx_en"]
    mirror = mirror_of(tmp_path / "mirror", task, rows, "train")
    study = tmp_path / "study.yaml"
    study.write_text(
        "study: {name: bad}\nspace: {tasks: [panx_en], sizes: [2], max_stages: 1}\n"
        "targets: [mini-xnli]\nlanguages: {proxy: [bor]}\nbudget: {trials: 1}\n"
        "stopping: none\nencoder: {name: miniworld}\n"
        f"store: {{path: {tmp_path / 'store'}}}\n"
    )
    arguments = ["search", str(study), "--run", str(tmp_path / "run"), "--mirror", str(mirror)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert "00000-of-00002.parquet, row 0: has 2 tokens, but 1 tags" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "run").exists()


def test_bad_rows_met_in_a_trial_fail_it_with_the_message(tmp_path):
    from trainables.trainable import CurriculumTrainable

    def events():
        yield loaded(tmp_path, "panx_en", [{**ROWS["panx_en"], "ner_tags": [1]}] * 3)

    trainable = CurriculumTrainable.__new__(CurriculumTrainable)  # one step of it, without Ray
    trainable._events = events()
    result = trainable._step()
    assert result["event"] == "failed"
    assert "00000-of-00002.parquet, row 0: has 2 tokens, but 1 tags" in result["detail"]


SETS = datasets.Features(FEATURES["feature_tagging"])


def features(*tags):
    """Rows of two words; of each row the sets of features."""
    columns = {"id": [], "tokens": [], "tags": []}
    for number, row in enumerate(tags):
        for name, value in zip(columns, (str(number), ["a", "b"], row), strict=True):
            columns[name].append(value)
    return pa.table(columns, schema=SETS.arrow_schema)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ([[0], [-2]], "tag -2 is not one of 0 to"),
        ([[0, 999], []], "tag 999 is not one of 0 to"),
        ([[0], [None]], "tags is missing"),
        ([[0], None], "tags is missing"),
        (None, "tags is missing"),
    ],
)
def test_a_bad_set_of_features_is_found_whatever_stands_before(row, told):
    table = features(*[[[], [1, 2]]] * GOOD, row, [[3], []])
    for part in (table, table.slice(7)):
        (fault,) = faults(part, TASKS["ud_feature_set_en"])
        assert fault.row == len(part) - 2
        assert told in fault.what


def test_a_sentence_with_an_unlisted_feature_has_no_gold():
    table = pa.concat_tables([features([[1], []], [[], [2, -1]]), features([[-1], []], [[], []])])
    assert is_labelled(table, -1).tolist() == [True, False, False, True]
