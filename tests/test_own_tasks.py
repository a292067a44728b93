"""Do a user's own tasks train, score and fail as the study file says? No code, plain messages."""

import csv
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from benchmarks.study_runs import run_alone, run_trial, values
from search.assignments import Planner, setup_of
from search.cli import app
from search.config import StudyError, load_study
from search.launch import launch, resume
from search.run_folder import RunFolder
from search.study import places_of
from search.study_yaml import write_yaml
from trainables.data import DataError, load_rows, provenance, rows_hash
from trainables.encoded import encoded
from trainables.encoder import load_encoder
from trainables.kinds import KINDS
from trainables.miniworld.languages import INVENTED
from trainables.tasks import get_task
from trainables.tasks.columns import WANTED
from trainables.tasks.own import METRICS

FORMATS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
MODELS = {
    "classification": "mini-nli",
    "multiple_choice": "mini-choice",
    "span_qa": "mini-squad",
    "tagging": "mini-pos",
    "retrieval": "mini-tatoeba",
    "mlm": "mini-mlm",
}
"""A task of the embedded world of every kind, of which the user's files have rows."""
SCORED = {
    "classification": "mini-xnli",
    "multiple_choice": "mini-xcopa",
    "span_qa": "mini-xquad",
    "tagging": "mini-udpos",
    "retrieval": "mini-tatoeba",
}
"""Likewise, in other languages."""
PLACES = {
    ".csv": r"row 3 \(line 5\)",
    ".tsv": r"row 3 \(line 5\)",
    ".jsonl": r"row 3 \(line 4\)",
    ".json": "row 3",
    ".parquet": "row 3",
}
"""How the fourth row of a file is named: rows count from 0, lines from 1 with the head."""


def examples(kind, num_rows=60, *, language=None):
    """Rows of the embedded world as a user has them: labels by name, no ids."""
    task = get_task(MODELS[kind] if language is None else SCORED[kind])
    split = "search" if language or kind == "retrieval" else "dev"
    rows = load_rows(task, language or task.languages[0], split).to_list()[:num_rows]
    for row in rows:
        del row["id"]
        if kind == "classification":
            row["label"] = task.labels[row["label"]]
        if kind == "tagging":
            row["tags"] = [task.labels[tag] for tag in row["tags"]]
    return rows


def write(file, rows):
    """Rows in the form that the file's format has for lists."""
    if file.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif file.suffix == ".json":
        file.write_text(json.dumps(rows))
    elif file.suffix == ".jsonl":
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        with file.open("w", newline="") as opened:
            flat = [flattened(row) for row in rows]
            names = list(flat[0])
            writer = csv.DictWriter(
                opened,
                names,
                delimiter="\t" if file.suffix == ".tsv" else ",",
                extrasaction="raise",
            )
            writer.writeheader()
            writer.writerows(flat)
    return file


def flattened(row):
    found = {}
    for name, value in row.items():
        if name == "choices":
            found |= {f"choice{number}": choice for number, choice in enumerate(value)}
        elif name in ("answers", "answer_starts") and isinstance(value, list):
            found[name] = value[0]
        else:
            found[name] = " ".join(value) if isinstance(value, list) else value
    return found


def entry_of(kind, suffix, files):
    """What the study file says of such files."""
    choices = [f"choice{number}" for number in range(3)]
    flat = suffix in (".csv", ".tsv") and kind == "multiple_choice"
    return {
        "kind": kind,
        "files": {name: str(file) for name, file in files.items()},
        **({"columns": {"choices": choices}} if flat else {}),
        **({"languages": ["ane"]} if kind == "retrieval" else {}),
    }


def files_of(folder, kind, suffix):
    """Files with rows of a kind: for training, or of retrieval those to be scored."""
    names = ("search", "report") if kind == "retrieval" else ("train", "dev")
    return {name: write(folder / f"{name}{suffix}", examples(kind)) for name in names}


def study_of(tasks, **changes):
    """The values of a small study."""
    recipe = {"learning_rate": 1e-3, "epochs": 1}
    return {
        "study": {"name": "own"},
        "encoder": {"name": "miniworld"},
        "tasks": tasks,
        "space": {"tasks": ["mine"], "sizes": [40], "max_stages": 1},
        "targets": ["mini-udpos"],
        "languages": {"proxy": ["ane"], "report": ["bor"]},
        "probe": {"train": 30, "eval": 10},
        "full": {"train": 30, "eval": 10},
        "budget": {"trials": 1},
        "stopping": "none",
        "confirm": {"top": 0},
        "seeds": {"noise": []},
        "recipe": {"stage": recipe, "target": recipe},
        **changes,
    }


def own_task(entry, **others):
    """The task of an entry, its labels read from the data where it lists none."""
    config = load_study(study_of({"mine": entry, **others}, space=NO_STAGES))
    return config.catalogue.get("mine")


NO_STAGES = {"tasks": ["mini-pos"], "sizes": [40], "max_stages": 1}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One store for all studies here, so that rows and tokens are prepared once."""
    return {"path": str(tmp_path_factory.mktemp("stores") / "store")}


@pytest.fixture(scope="module")
def trial(tmp_path_factory, store):
    """Runs one curriculum to its last rung, without Ray; gives its observations."""
    folder = tmp_path_factory.mktemp("trials")

    def run(values, curriculum):
        config = load_study({**values, "store": store})
        (folder / "run").mkdir(exist_ok=True)
        places = places_of(config, RunFolder(folder / "run"), None)
        planner = Planner(config, places)
        assignment = planner.search(planner.resolved(curriculum), "baseline", None)
        return run_trial(setup_of(config, places), assignment)[1]

    return run


@pytest.fixture(scope="module")
def tokenizer():
    return load_encoder("miniworld").tokenizer


GOLD = {
    "classification": lambda task, rows: rows["label"],
    "multiple_choice": lambda task, rows: rows["label"],
    "span_qa": lambda task, rows: [answers[0] for answers in rows["answers"]],
    "tagging": lambda task, rows: [[task.labels[tag] for tag in tags] for tags in rows["tags"]],
    "retrieval": lambda task, rows: list(range(len(rows))),
}
"""Right predictions; of masked language modelling they are tokens, not rows."""


@pytest.mark.parametrize("kind", WANTED)
def test_a_file_of_any_format_gives_the_same_rows(kind, tmp_path, tokenizer):
    found = {}
    for suffix in FORMATS:
        folder = tmp_path / suffix
        folder.mkdir()
        task = own_task(entry_of(kind, suffix, files_of(folder, kind, suffix)))
        language, split = ("ane", "search") if kind == "retrieval" else ("en", "train")
        rows = load_rows(task, language, split)
        found[suffix] = (task.labels, rows_hash(rows), rows.to_list())
    assert all(one == found[".csv"] for one in found.values())
    assert set(task.labels) <= set(get_task(MODELS[kind]).labels)
    data = encoded(rows, task, tokenizer, task.max_length, tmp_path, "data")
    assert data.num_rows == len(rows) == 60
    if kind in GOLD:
        scores = KINDS[kind].score(task, language, rows, GOLD[kind](task, rows))
        assert scores[task.metric] == 1.0


def target_of(folder, kind, languages=("en", "ane", "bor")):
    """An entry with search and report rows in several languages, and training rows in English."""
    if kind == "retrieval":
        languages = languages[1:]
    for language in languages:
        for split in ("search", "report"):
            write(folder / f"{language}-{split}.jsonl", examples(kind, 20, language=language))
    files = {split: str(folder / f"{{language}}-{split}.jsonl") for split in ("search", "report")}
    if kind != "retrieval":
        rows = examples(kind, 40, language="en")
        files["train"] = str(write(folder / "train.jsonl", rows))
    return {"kind": kind, "files": files, "languages": list(languages)}


@pytest.mark.parametrize("kind", WANTED)
def test_own_tasks_of_every_kind_train_as_stages_and_are_scored_as_targets(kind, tmp_path, trial):
    tasks = {"mine": entry_of(kind, ".jsonl", files_of(tmp_path, kind, ".jsonl"))}
    changes = {}
    if kind != "mlm":
        (tmp_path / "target").mkdir()
        tasks["aim"] = target_of(tmp_path / "target", kind)
        changes["targets"] = ["aim"]
    if kind == "retrieval":
        changes["space"] = NO_STAGES
    rows = trial(study_of(tasks, **changes), "none" if kind == "retrieval" else "mine:40")
    for stage in (row for row in rows if row["part"] == "stage"):
        assert (stage["target"], stage["items"]) == ("mine:40", 40)
        assert 0 <= stage["value"] <= 1
    metric = METRICS[kind][0]
    found = {row["language"]: row for row in rows if row["metric"] == metric}
    if kind != "mlm":
        assert set(found) == ({"ane"} if kind == "retrieval" else {"en", "ane"})
    assert all(row["items"] == 10 and 0 <= row["value"] <= 1 for row in found.values())


# Labels


def test_labels_that_are_not_given_are_those_of_the_training_rows(tmp_path):
    rows = [
        {"text": f"text {number}", "label": label}
        for number, label in enumerate(["very good", "bad", "very good", "10", "9"])
    ]
    files = {"train": str(write(tmp_path / "train.csv", rows))}
    task = own_task({"kind": "classification", "files": files})
    assert task.labels == ("bad", "very good", "9", "10")
    assert load_rows(task, "en", "dev").column_names == ["id", "text", "text_pair", "label"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_tags_that_are_not_given_are_those_of_the_training_rows_o_first(suffix, tmp_path):
    rows = [{"tokens": ["Ada", "ran"], "tags": ["B-PER", "O"]}, {"tokens": ["x"], "tags": ["A"]}]
    files = {"train": str(write(tmp_path / f"train{suffix}", rows))}
    assert own_task({"kind": "tagging", "files": files}).labels == ("O", "A", "B-PER")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("labels", [None, ["no", "yes"]])
def test_a_label_outside_is_refused_with_file_row_found_and_wanted(suffix, labels, tmp_path):
    rows = [{"text": f"text {number}", "label": ["no", "yes"][number % 2]} for number in range(9)]
    train = write(tmp_path / f"train{suffix}", rows)
    dev = write(tmp_path / f"dev{suffix}", [*rows[:3], {**rows[3], "label": "maybe"}, *rows[4:]])
    entry = {"kind": "classification", "files": {"train": str(train), "dev": str(dev)}}
    task = own_task(entry if labels is None else {**entry, "labels": labels})
    told = rf"{re.escape(str(dev))}, {PLACES[suffix]}: .*label 'maybe' is not one of no, yes"
    with pytest.raises(DataError, match=told):
        load_rows(task, "en", "dev")


def test_a_target_that_another_task_trains_has_its_labels(tmp_path):
    files = target_of(tmp_path, "classification")["files"]
    del files["train"]
    entry = {"kind": "classification", "files": files, "languages": ["en", "ane", "bor"]}
    values = study_of({"mine": {**entry, "train_task": "mini-nli"}}, space=NO_STAGES)
    assert load_study(values).catalogue.get("mine").labels == get_task("mini-nli").labels
    other = {"mine": {**entry, "train_task": "mini-nli", "labels": ["a", "b", "c"]}}
    with pytest.raises(
        StudyError, match=r"tasks\.mine\.labels are a, b, c; mini-nli, which trains"
    ):
        load_study({**values, "tasks": other})


def test_labels_that_nobody_has_written_are_missed(tmp_path):
    rows = [{"text": "a", "label": ""}] * 3
    files = {"train": str(write(tmp_path / "train.csv", rows))}
    with pytest.raises(DataError, match=r"train.csv: the column 'label' has no labels in any row"):
        own_task({"kind": "classification", "files": files})


# Studies


@pytest.fixture(scope="module")
def own_study(tmp_path_factory, store):
    """A study file with an own stage, an own target and relative paths, and its finished run."""
    folder = tmp_path_factory.mktemp("own") / "data"
    (folder / "texts").mkdir(parents=True)
    (folder / "target").mkdir()
    files_of(folder / "texts", "classification", ".csv")
    target_of(folder / "target", "tagging")
    (folder / "tasks.yaml").write_text(
        "mine: {kind: classification, files: {train: texts/train.csv, dev: texts/dev.csv}}\n"
        "aim:\n"
        "  kind: tagging\n"
        "  metric: accuracy\n"
        "  languages: [en, ane, bor]\n"
        "  files:\n"
        "    train: target/train.jsonl\n"
        '    search: "target/{language}-search.jsonl"\n'
        '    report: "target/{language}-report.jsonl"\n'
    )
    changes = {"targets": ["aim"], "store": store}
    changes |= {"confirm": {"top": 1, "controls": False, "learning_rates": []}}
    changes["seeds"] = {"noise": [], "confirm": [11, 12]}
    (folder / "study.yaml").write_text(write_yaml(study_of("tasks.yaml", **changes)))
    run = folder.parent / "run"
    launched = launch(folder / "study.yaml", run=run)
    run_alone(launched.config, run)
    return folder, run


def command(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert "Traceback" not in result.output
    return result


def test_a_study_of_own_tasks_in_a_file_beside_it_ends_with_a_leaderboard(own_study):
    _, run = own_study
    shown = command("report", run)
    assert shown.exit_code == 0, shown.output
    assert "mine:40" in shown.stdout
    assert "Confirmation" in shown.stdout
    assert {row["language"] for row in values(run).values()} == {"en", "ane", "bor"}


def test_a_launch_from_another_folder_is_the_same_study(own_study, tmp_path, monkeypatch):
    folder, run = own_study
    monkeypatch.chdir(folder)
    assert launch("study.yaml", run=run).config == resume(run).config


def test_a_run_whose_files_have_moved_names_them_and_goes_on_where_they_are(own_study):
    folder, run = own_study
    before = values(run)
    moved = folder.rename(folder.with_name("moved"))
    try:
        result = command("resume", run)
        assert result.exit_code == 2
        train = folder / "texts/train.csv"
        assert f"mine: there is no file {train}, which its train split reads" in result.stderr
        assert "mend tasks in the study file (of a run: in its study.yaml)" in result.stderr
        assert command("status", run).exit_code == command("report", run).exit_code == 0
        text = (run / "study.yaml").read_text()
        (run / "study.yaml").write_text(text.replace(f"{folder}/", f"{moved}/"))
        run_alone(resume(run).config, run)
        assert values(run) == before
        (run / "study.yaml").write_text(text)
    finally:
        moved.rename(folder)


def test_an_exported_curriculum_with_own_tasks_trains_again(own_study, tmp_path):
    from search.export import export_run

    _, run = own_study
    (exported,) = export_run(RunFolder(run), top=1)
    out = tmp_path / "model"
    result = command("train", exported / "curriculum.yaml", "--target", "aim", "--out", out)
    assert result.exit_code == 0, result.output
    labels = json.loads((out / "config.json").read_text())["id2label"].values()
    assert set(labels) <= set(get_task("mini-udpos").labels)


# CCG


CCG = {"tokens": ["Ada", "ran", "home"], "supertags": ["N", "(S\\NP)/NP", "N"]}


def test_ccg_without_files_says_that_there_is_no_free_data_and_what_to_write(tmp_path, store):
    space = {"tasks": ["ccg"], "sizes": [2], "max_stages": 1}
    values = study_of({}, space=space, store=store)
    (tmp_path / "study.yaml").write_text(write_yaml(values))
    result = command("search", tmp_path / "study.yaml", "--run", tmp_path / "run")
    assert result.exit_code == 2
    assert "sold by the LDC, so nobody may give it away and there is no free copy" in result.stderr
    assert "tasks: {ccg: {files: {train: FILE, dev: FILE}}}" in result.stderr


@pytest.mark.parametrize("suffix", FORMATS)
def test_ccg_trains_on_the_files_of_a_user(suffix, tmp_path, trial):
    files = {n: str(write(tmp_path / f"{n}{suffix}", [CCG] * 40)) for n in ("train", "dev")}
    space = {"tasks": ["ccg"], "sizes": [40], "max_stages": 1}
    values = study_of({"ccg": {"files": files}}, space=space)
    assert load_study(values).catalogue.get("ccg").labels == ("(S\\NP)/NP", "N")
    rows = trial(values, "ccg:40")
    (stage,) = (row for row in rows if row["part"] == "stage")
    assert stage["items"] == 40


# Other languages


def test_a_task_trains_as_a_stage_in_another_language(trial):
    name = "mini-udpos@bor"
    space = {"tasks": [name], "sizes": [40], "max_stages": 1}
    rows = trial(study_of({}, space=space), f"{name}:40")
    (stage,) = (row for row in rows if row["part"] == "stage")
    assert stage["target"] == f"{name}:40"


def test_all_is_every_language_and_one_is_its_own():
    every = load_rows(get_task("mini-udpos@all"), "en", "dev")
    languages = ["en", *(language.code for language in INVENTED)]
    english = [item for item in every["id"] if item.startswith("mini-udpos/")]
    assert len(every) == len(english) * len(languages)
    one = load_rows(get_task("mini-udpos@bor"), "bor", "dev")
    assert one["tokens"][0] != load_rows(get_task("mini-udpos"), "en", "dev")["tokens"][0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mini-nli@xx", "mini-nli has no training rows in 'xx'; it has them in: ane, bor, cel"),
        ("hellaswag@de", "hellaswag has no training rows in 'de'; it has them in English alone"),
        ("hellaswag@all", "hellaswag has no training rows in 'all'; it has them in English alone"),
        ("mini-nlo@bor", "no task has this name; did you mean mini-nli?"),
    ],
)
def test_a_language_that_is_not_there_is_answered_with_those_that_are(name, told):
    with pytest.raises(StudyError, match=re.escape(told)):
        load_study(study_of({}, space={"tasks": [name], "sizes": [40], "max_stages": 1}))


def test_the_users_translations_of_a_declared_task_are_stages_alone_and_with_english(
    tmp_path, trial
):
    for language in ("de", "fr"):
        rows = [{**row, "text": f"{language} {row['text']}"} for row in examples("classification")]
        write(tmp_path / f"{language}.tsv", rows)
    entry = {"train_languages": ["de", "fr"], "files": {"train": str(tmp_path / "{language}.tsv")}}
    space = {"tasks": ["mini-xnli@de", "mini-xnli@all"], "sizes": [40], "max_stages": 2}
    values = study_of({"mini-xnli": entry}, space=space)
    catalogue = load_study(values).catalogue
    german = load_rows(catalogue.get("mini-xnli@de"), "de", "train")
    assert all(text.startswith("de ") for text in german["text"])
    united = load_rows(catalogue.get("mini-xnli@all"), "en", "train")
    english = load_rows(get_task("mini-xnli"), "en", "train")
    assert len(united) == len(english) + 2 * len(german)
    rows = trial(values, "mini-xnli@de:40 > mini-xnli@all:40")
    assert [row["target"] for row in rows if row["part"] == "stage"] == [
        "mini-xnli@de:40",
        "mini-xnli@de:40 > mini-xnli@all:40",
    ]


def test_a_missing_translation_is_an_error_and_not_left_out(tmp_path):
    write(tmp_path / "de.tsv", examples("classification"))
    entry = {"train_languages": ["de", "fr"], "files": {"train": str(tmp_path / "{language}.tsv")}}
    task = load_study(study_of({"mini-nli": entry}, space=NO_STAGES)).catalogue.get("mini-nli@all")
    with pytest.raises(DataError, match=r"there is no file .*fr\.tsv"):
        load_rows(task, "en", "train")


def test_an_own_task_may_train_in_other_languages_too(tmp_path):
    for language in ("en", "de", "fr"):
        rows = [{**row, "text": f"{language} {row['text']}"} for row in examples("classification")]
        write(tmp_path / f"{language}.csv", rows)
    files = {name: str(tmp_path / "{language}.csv") for name in ("train", "dev")}
    entry = {"kind": "classification", "files": files, "train_languages": ["de", "fr"]}
    catalogue = load_study(study_of({"mine": entry})).catalogue
    united = load_rows(catalogue.get("mine@all"), "en", "train")
    assert {text[:3] for text in united["text"]} == {"en ", "de ", "fr "}
    assert len(united) == 3 * len(load_rows(catalogue.get("mine@fr"), "fr", "train")) == 180


# Entries that cannot be right


GOOD = {"kind": "classification", "files": {"train": "train.csv"}}
TARGET = {"kind": "tagging", "files": {"search": "{language}.csv", "report": "{language}.csv"}}
WRONG = [
    ({"mnli": GOOD}, "tasks.mnli.kind belongs to the declared task mnli; choose another name"),
    ({"mnli": {"files": {"train": "a.csv"}}}, "tasks.mnli names a declared task"),
    ({"mine": {"files": {"train": "a.csv"}}}, "tasks.mine.kind is missing; wanted one of class"),
    ({"mine": {**GOOD, "kind": "clasification"}}, "did you mean classification?"),
    ({"mine": {**GOOD, "kind": "dual_encoder"}}, "tasks.mine.kind is 'dual_encoder'; wanted one"),
    ({"mine": {**GOOD, "columms": {}}}, "tasks.mine.columms is no field; did you mean columns?"),
    (
        {"mine": {**GOOD, "columns": {"premise": "text"}}},
        "tasks.mine.columns.premise is no column of classification, which has text, label,",
    ),
    (
        {"mine": {**GOOD, "columns": {"text": ["a", "b"]}}},
        "tasks.mine.columns.text is a list; only choices can be several columns",
    ),
    ({"mine": {**GOOD, "metric": "f1"}}, "tasks.mine.metric is 'f1'; classification is scored by"),
    ({"mine": {"kind": "mlm"}}, "tasks.mine: give either files, or path for a data set of the hub"),
    ({"mine": {**GOOD, "path": "a/b"}}, "tasks.mine: give either files, or path"),
    ({"mine": {**GOOD, "files": {"validation": "a.csv"}}}, "tasks.mine.files has none of train"),
    (
        {"mine": {**GOOD, "splits": {"train": "trian"}}},
        "tasks.mine.splits.train is 'trian', but files has train",
    ),
    ({"mine": {**TARGET, "files": {"search": "a.csv"}}}, "a target has both search and report"),
    ({"mine": TARGET}, "tasks.mine.train_task is missing: which task trains this target?"),
    (
        {"mine": {**TARGET, "train_task": "mini-pas"}},
        "tasks.mine.train_task is 'mini-pas'; no task is named 'mini-pas'; did you mean mini-pos?",
    ),
    (
        {"mine": {**TARGET, "train_task": "mini-nli"}},
        "tasks.mine.train_task is mini-nli, of kind classification; wanted one of kind tagging",
    ),
    (
        {"mine": {**GOOD, "train_languages": ["de"]}},
        "tasks.mine.files.train is 'TRAIN' for all of train_languages (de); write {language}",
    ),
    (
        {
            "mine": {
                **TARGET,
                "files": {"search": "a.csv", "report": "b.csv"},
                "train_task": "mini-pos",
                "languages": ["en", "ane"],
            }
        },
        "for all of languages (en, ane); write {language} where it differs",
    ),
    ("no.yaml", "tasks is 'no.yaml', which cannot be read"),
    ("list.yaml", "tasks is ['mine']; wanted"),
    ({"a/b": GOOD}, "wanted a name for a folder"),
]


@pytest.mark.parametrize(("tasks", "told"), WRONG)
def test_an_entry_that_cannot_be_right_is_told_by_its_field(tasks, told, tmp_path):
    (tmp_path / "list.yaml").write_text("[mine]")
    (tmp_path / "study.yaml").write_text(write_yaml(study_of(tasks, space=NO_STAGES)))
    with pytest.raises(StudyError) as refused:
        load_study(tmp_path / "study.yaml")
    assert told.replace("TRAIN", str(tmp_path / "train.csv")) in str(refused.value)


@pytest.mark.parametrize("suffix", [".py", ".pkl", ".pt", ".csv.gz", ""])
def test_a_file_of_another_form_is_refused_and_never_run(suffix, tmp_path):
    file = tmp_path / f"train{suffix}"
    file.write_text(f"open({str(tmp_path / 'was-run')!r}, 'w').write('x')\n")
    values = study_of({"mine": {"kind": "classification", "files": {"train": str(file)}}})
    (tmp_path / "study.yaml").write_text(write_yaml(values))
    result = command("search", tmp_path / "study.yaml", "--run", tmp_path / "run")
    assert result.exit_code == 2
    assert f"{file} has no suffix of .parquet, .jsonl, .json, .csv, .tsv, .txt" in result.stderr
    assert not (tmp_path / "was-run").exists()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("classification", {"text": "premise"}),
        ("classification", {"text_pair": "hypothesis"}),
        ("span_qa", {"id": "number"}),
    ],
)
def test_a_column_that_is_named_and_not_there_is_refused_with_those_there(
    kind, columns, suffix, tmp_path
):
    files = files_of(tmp_path, kind, suffix)
    task = own_task({**entry_of(kind, suffix, files), "columns": columns})
    (missing,) = columns.values()
    has = ", ".join(examples(kind)[0])
    told = f"{files['train']}: no column '{missing}'; it has: {has}"
    with pytest.raises(DataError, match=re.escape(told)):
        load_rows(task, "en", "train")


def test_the_users_columns_may_have_other_names(tmp_path):
    rows = [{"s1": row["text"], "gold": row["label"]} for row in examples("classification")]
    files = {"train": str(write(tmp_path / "train.parquet", rows))}
    columns = {"text": "s1", "label": "gold"}
    task = own_task({"kind": "classification", "files": files, "columns": columns})
    assert task.labels == ("contradiction", "entailment", "neutral")
    assert load_rows(task, "en", "train")["text"][0] == rows[0]["s1"]


def test_a_halved_file_has_the_same_halves_in_every_language(tmp_path):
    for language in ("en", "ane", "bor"):
        write(tmp_path / f"{language}.csv", examples("tagging", 50, language=language))
    entry = {
        "kind": "tagging",
        "files": {"test": str(tmp_path / "{language}.csv")},
        "splits": {"search": "test@a", "report": "test@b"},
        "languages": ["en", "ane", "bor"],
        "train_task": "mini-udpos",
    }
    task = own_task(entry)
    ids = {
        x: {s: load_rows(task, x, s)["id"][:] for s in ("search", "report")} for x in ("en", "bor")
    }
    assert ids["en"] == ids["bor"]
    assert not set(ids["en"]["search"]) & set(ids["en"]["report"])
    assert len(ids["en"]["search"]) + len(ids["en"]["report"]) == 50


# What files of people look like


ODD = {
    "dates.jsonl": '{"text": "2020-01-01"}\n{"text": "2021-01-01"}\n',
    "late.jsonl": '{"text": "a", "note": null}\n' * 12_000 + '{"text": "b", "note": "n"}\n',
    "long.jsonl": json.dumps({"text": "word " * 400_000}) + "\n",
    "more.jsonl": '{"text": "a"}\n' * 12_000 + '{"text": "b", "note": 1}\n',
    "blank.jsonl": '\n{"text": "a"}\n\n{"text": "b"}\n',
    "mark.csv": "\ufefftext,label\na,1\n",
    "mark.jsonl": '\ufeff{"text": "a"}\n',
    "mark.txt": "\ufeffa\n",
    "lines.csv": 'text\n"two\nlines"\n',
    "data[1].csv": "text\na\n",
    "list.json": '  [{"text": "a"}, {"text": "b"}]',
}


@pytest.mark.parametrize("name", ODD)
def test_files_are_read_as_they_are_written(name, tmp_path):
    file = tmp_path / name
    file.write_text(ODD[name])
    task = own_task({"kind": "mlm", "files": {"train": str(file)}})
    texts = list(load_rows(task, "en", "dev")["text"]) + list(
        load_rows(task, "en", "train")["text"]
    )
    if name.endswith("jsonl"):
        lines = ODD[name].removeprefix("\ufeff").splitlines()
        wanted = [json.loads(line)["text"] for line in lines if line]
    else:
        wanted = (
            ["two\nlines"] if name == "lines.csv" else ["a", "b"] if name == "list.json" else ["a"]
        )
    assert sorted(texts) == sorted(wanted)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("short.csv", "text,label\na,1\nb\n", r"row 1 \(line 3\) has 1 values, but the first line"),
        ("broken.jsonl", '{"text": "a"}\n\n{"text": \n', "line 3 is no JSON"),
        ("number.jsonl", '{"text": "a"}\n7\n', "line 2 is 7; wanted an object"),
        (
            "forms.jsonl",
            '{"text": "a"}\n{"text": ["b"]}\n',
            r"line 2: text is \[\"b\"\], of another",
        ),
        ("empty.csv", "", "Empty CSV file"),
        ("head.csv", "text,label\n", "'en' has no rows"),
        ("empty.jsonl", "", "'en' has no rows"),
        ("no.parquet", "text", "cannot read .*no.parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_place(name, text, told, tmp_path):
    (tmp_path / name).write_text(text)
    task = own_task({"kind": "mlm", "files": {"train": str(tmp_path / name)}})
    with pytest.raises(DataError, match=rf"{re.escape(name)}.*{told}"):
        load_rows(task, "en", "train")


ANSWERS = [
    {"answers": "Ada", "answer_starts": 0},
    {"answers": ["Ada"], "answer_starts": [0]},
    {"answers": {"text": ["Ada"], "answer_start": [0]}},
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_may_have_any_usual_form(answer, tmp_path):
    row = {"context": "Ada ran.", "question": "Who?", **answer}
    files = {"train": str(write(tmp_path / "train.jsonl", [row] * 3))}
    (first, *_) = load_rows(own_task({"kind": "span_qa", "files": files}), "en", "train")
    assert (first["answers"], first["answer_starts"]) == (["Ada"], [0])


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_question_without_an_answer_is_one_where_the_task_says_so(suffix, tmp_path):
    rows = [
        {"context": "Ada ran.", "question": "Who?", "answers": "Ada", "answer_starts": 0},
        {"context": "Ada ran.", "question": "Why?", "answers": "", "answer_starts": ""},
    ]
    file = str(write(tmp_path / f"train{suffix}", rows))
    entry = {"kind": "span_qa", "files": {"train": file, "dev": file}}
    found = load_rows(own_task({**entry, "unanswerable": True}), "en", "train")
    assert found["answers"][:] == [["Ada"], []]
    with pytest.raises(DataError, match=r"row 1.*every question of mine has one"):
        load_rows(own_task(entry), "en", "train")


def test_answers_without_places_are_told_what_is_missing(tmp_path):
    row = {"context": "Ada ran.", "question": "Who?", "answers": "Ada"}
    files = {"train": str(write(tmp_path / "train.jsonl", [row] * 3))}
    with pytest.raises(DataError, match="answers is 'Ada' without a place; wanted a column answer"):
        load_rows(own_task({"kind": "span_qa", "files": files}), "en", "train")


# Bad rows


def without(row, name):
    return {key: value for key, value in row.items() if key != name}


FAULTS = {
    "label": ("classification", {"label": "maybe"}, "label 'maybe' is not one of"),
    "tag": ("tagging", {"tags": ["NOPE"] * 3}, "label 'NOPE' is not one of"),
    "answer": ("span_qa", {"answers": ["nowhere"]}, "answer 'nowhere' is not at place"),
    "empty text": ("classification", {"text": " ", "text_pair": ""}, "its text is empty"),
    "empty sentence": ("tagging", {"tokens": [], "tags": []}, "its sentence is empty"),
    "tags": ("tagging", {"tokens": ["a", "b"], "tags": ["NOUN"]}, "has 2 tokens, but 1 tags"),
    "no translation": ("retrieval", {"target": ""}, "its target sentence is empty"),
    "no line": ("mlm", {"text": ""}, "its text is empty"),
    "choices": ("multiple_choice", {"choices": ["a", "b"]}, "has 2 choices, but mine has 3"),
    "no context": ("span_qa", {"context": "", "answers": ["x"]}, "its context is empty"),
}


def broken(folder, kind, suffix, change):
    """An own task of which the fourth row of a file is bad, that file, and the split."""
    files = files_of(folder, kind, suffix)
    split = "report" if kind == "retrieval" else "dev"
    rows = examples(kind)
    rows[3] = {**rows[3], **change}
    write(files[split], rows)
    return entry_of(kind, suffix, files), files[split], split


FAULTY = [
    (fault, suffix)
    for fault in FAULTS
    for suffix in FORMATS
    if not (fault == "choices" and suffix in (".csv", ".tsv"))  # every row has all columns
]


@pytest.mark.parametrize(("fault", "suffix"), FAULTY)
def test_a_bad_row_is_told_with_file_row_and_fault_or_skipped_and_counted(fault, suffix, tmp_path):
    kind, change, told = FAULTS[fault]
    entry, file, split = broken(tmp_path, kind, suffix, change)
    task = own_task(entry)
    language = task.languages[0] if kind == "retrieval" else "en"
    place = rf"{re.escape(str(file))}, {PLACES[suffix]}: .*{re.escape(told)}"
    with pytest.raises(DataError, match=place) as refused:
        load_rows(task, language, split)
    assert str(refused.value).startswith("1 of 60 rows of mine are bad (rows count from 0):")
    rows = load_rows(task, language, split, skip_bad_rows=True)
    facts = provenance(rows)
    assert (len(rows), facts["read"], facts["skipped"]) == (59, 60, 1)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_missing_column_is_told_with_those_there_and_cannot_be_skipped(suffix, skip, tmp_path):
    files = files_of(tmp_path, "tagging", suffix)
    task = own_task(entry_of("tagging", suffix, files))
    write(files["dev"], [without(row, "tags") for row in examples("tagging")])
    with pytest.raises(DataError, match=rf"dev{suffix}: no column 'tags'; it has: tokens"):
        load_rows(task, "en", "dev", skip_bad_rows=skip)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
@pytest.mark.parametrize("suffix", [*(x for x in FORMATS if x != ".parquet"), ".txt"])
def test_a_file_in_another_encoding_is_told_with_the_line_and_cannot_be_skipped(
    suffix, encoding, skip, tmp_path
):
    texts = ["plain", "plain", "plain", "café"]
    file = tmp_path / f"train{suffix}"
    if suffix == ".txt":
        file.write_text("\n".join(texts))
    else:
        write(file, [{"text": text} for text in texts])
    text = json.dumps([{"text": x} for x in texts], ensure_ascii=False, indent=0)
    text = text if suffix == ".json" else file.read_text().replace("\\u00e9", "é")
    file.write_bytes(text.encode(encoding))
    line = next(n for n, each in enumerate(text.splitlines(), start=1) if "é" in each)
    line, byte = (line, "0xe9") if encoding == "latin-1" else (1, "0xff")
    task = own_task({"kind": "mlm", "files": {"train": str(file)}})
    told = rf"{re.escape(str(file))}: line {line} is not in UTF-8 \(byte {byte}\)"
    with pytest.raises(DataError, match=told):
        load_rows(task, "en", "train", skip_bad_rows=skip)


def test_a_row_of_parquet_in_another_encoding_is_told_or_skipped(tmp_path):
    texts = [b"plain"] * 3 + ["café".encode("latin-1")]
    column = pa.Array.from_buffers(pa.string(), 4, pa.array(texts, pa.binary()).buffers())
    pq.write_table(pa.table({"text": column}), tmp_path / "train.parquet")
    files = {name: str(tmp_path / "train.parquet") for name in ("train", "dev")}
    task = own_task({"kind": "mlm", "files": files})
    with pytest.raises(DataError, match=r"train\.parquet, row 3: is not in UTF-8 .*0xe9"):
        load_rows(task, "en", "train")
    rows = load_rows(task, "en", "train", skip_bad_rows=True)
    assert (len(rows), provenance(rows)["skipped"]) == (3, 1)


def broken_study(folder, split, store, **changes):
    """A study file whose target has one bad row in one of its splits."""
    (folder / "target").mkdir()
    entry = target_of(folder / "target", "tagging")
    name = "train.jsonl" if split in ("train", "dev") else f"bor-{split}.jsonl"
    rows = examples("tagging", 20, language="en" if split in ("train", "dev") else "bor")
    rows[3] = {**rows[3], "tags": rows[3]["tags"][:-1]}
    write(folder / "target" / name, rows)
    changes = {"confirm": {"top": 1, "controls": False, "learning_rates": []}, **changes}
    mine = entry_of("mlm", ".jsonl", files_of(folder, "mlm", ".jsonl"))
    values = study_of({"aim": entry, "mine": mine}, targets=["aim"], **changes)
    values |= {"languages": {"proxy": ["ane"], "report": ["bor"]}, "budget": {"trials": 2}}
    values |= {"seeds": {"noise": [], "confirm": [11, 12]}}
    values["store"] = store
    (folder / "study.yaml").write_text(write_yaml(values))
    return folder / "study.yaml", folder / "target" / name


@pytest.mark.parametrize("split", ["train", "report"])
def test_bad_rows_of_a_target_end_the_launch_with_2_before_any_trial(split, tmp_path, store):
    study, file = broken_study(tmp_path, split, store)
    result = command("search", study, "--run", tmp_path / "run")
    assert result.exit_code == 2
    assert re.search(rf"{re.escape(str(file))}, row 3 \(line 4\): has \d+ tokens", result.stderr)
    assert "on_bad_row: skip" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("language", ["ane", "bor"])
def test_a_language_of_a_target_without_its_file_is_an_error_and_not_left_out(
    language, tmp_path, store
):
    study, _ = broken_study(tmp_path, "report", store, on_bad_row="skip")
    missing = tmp_path / "target" / f"{language}-report.jsonl"
    missing.unlink()
    with pytest.raises(DataError, match=f"aim: there is no file {missing}"):
        launch(study, run=tmp_path / "run")


def test_a_split_that_the_study_never_reads_may_be_bad(tmp_path, store):
    study, _ = broken_study(tmp_path, "report", store, confirm={"top": 0})
    assert launch(study, run=tmp_path / "run").warnings == ()


def test_skipped_rows_are_counted_in_every_place_where_a_study_is_looked_at(tmp_path, store):
    study, file = broken_study(tmp_path, "report", store, on_bad_row="skip")
    run = tmp_path / "run"
    launched = launch(study, run=run)
    line = f"1 of 20 rows of aim were skipped as bad rows (on_bad_row: skip): {file}"
    assert launched.warnings == (line,)
    run_alone(launched.config, run)
    for verb in ("report", "status"):
        shown = command(verb, run)
        assert shown.exit_code == 0
        assert line.replace(" ", "") in re.sub(r"\s", "", shown.stdout)
    (report,) = {
        row["items"]
        for row in values(run).values()
        if row["split"] == "report" and row["language"] == "bor"
    }
    assert report == 10


def test_a_split_without_rows_is_told_at_launch(tmp_path, store):
    file = write(
        tmp_path / "train.csv", [{"text": "a", "label": "no"}, {"text": "b", "label": "yes"}]
    )
    entry = {
        "kind": "classification",
        "files": {"train": str(file)},
        "splits": {"train": "train", "dev": "train@tenth"},
    }
    values = study_of({"mine": entry}, store=store)
    values["space"] = {"tasks": ["mine"], "sizes": [2], "max_stages": 1}
    with pytest.raises(DataError, match="the dev split of mine in 'en' has no rows: of 2 read 0"):
        launch(values, run=tmp_path / "run")


# Data sets of the hub


HUB = {"kind": "classification", "path": "nyu-mll/glue", "config": "rte"}
PAIR = {"text": "sentence1", "text_pair": "sentence2"}


@pytest.mark.shared
def test_a_data_set_of_the_hub_is_a_task_by_its_id_and_columns(shared_folder, in_mirror):
    declared = in_mirror("rte")
    values = study_of({"mine": {**HUB, "columns": PAIR}}, space=NO_STAGES)
    task = load_study(values, mirror=shared_folder / "hub").catalogue.get("mine")
    assert task.labels == declared.labels
    found, wanted = (
        load_rows(each, "en", "dev", mirror=shared_folder / "hub").remove_columns("id")
        for each in (task, declared)
    )
    assert rows_hash(found) == rows_hash(wanted)


@pytest.mark.shared
def test_a_column_that_a_data_set_of_the_hub_has_not_is_told_with_those_it_has(
    shared_folder, in_mirror
):
    in_mirror("rte")
    columns = {**PAIR, "label": "gold"}
    values = study_of({"mine": {**HUB, "columns": columns}}, space=NO_STAGES)
    with pytest.raises(DataError, match="no column 'gold'; it has: sentence1, sentence2, label"):
        load_study(values, mirror=shared_folder / "hub")
