"""The command line: what it prints, and how it ends."""

import json
import re
import subprocess
import sys

import pytest
from rich.console import Console
from typer.testing import CliRunner

from search.cli import app
from search.config import preset_text
from search.study_yaml import read_yaml
from trainables.tasks import TASKS
from trainables.tasks.task import UNKNOWN_SIZE

runner = CliRunner()


def test_tasks_lists_every_task():
    result = runner.invoke(app, ["tasks"])
    assert result.exit_code == 0
    first_words = [x.split()[0] for x in result.stdout.splitlines() if x.strip() and x[0] != " "]
    assert [word for word in first_words if word in TASKS] == list(TASKS)


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_says_sizes_licence_and_overlaps_in_narrow_and_wide_terminals(width, monkeypatch):
    monkeypatch.setattr("search.cli_before.out", Console(width=width, highlight=False, emoji=False))
    shown = runner.invoke(app, ["tasks"]).stdout
    assert max(map(len, shown.splitlines())) <= width
    words = " ".join(shown.split())
    for task in TASKS.values():
        assert f"{task.name} {task.kind} " in words
        size = "yours" if task.train_size == UNKNOWN_SIZE else f"{task.train_size:,}"
        languages = f"{len(task.languages)}"
        languages += f"+{len(task.train_languages)}" if task.train_languages else ""
        overlaps = f"; overlaps: {', '.join(task.overlaps)}" if task.overlaps else ""
        assert f" {size} {languages} {task.metric} {task.licence}{overlaps} " in words


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_shown_with_its_languages_and_licence(name):
    result = runner.invoke(app, ["tasks", name])
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    assert TASKS[name].licence in shown
    assert " ".join(TASKS[name].languages) in shown


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mini-nli", "text_pair label = tokens <s> length"),
        ("mini-squad", "context question answers (from place tokens"),
        ("mini-xcopa", "choices 0 1 label tokens 0 <s> tokens 1 <s>"),
        ("mini-pos", "words /DET tokens"),
        ("mini-features", "words the/Definite=Def|PronType=Art tokens"),
        ("mini-tatoeba", "source target tokens 0 <s> tokens 1 <s>"),
        ("mini-answers", "question passages (right) tokens 0 <s> tokens 2 <s>"),
        ("mini-nli@bor", "bor text_pair label = tokens <s>"),
        ("mini-nli@all", "en mini-nli text_pair label = tokens <s>"),
    ],
)
def test_a_task_of_each_kind_shows_a_row_and_its_tokens(name, told, width, monkeypatch):
    monkeypatch.setattr("search.cli_before.out", Console(width=width, highlight=False, emoji=False))
    result = runner.invoke(app, ["tasks", name])
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= width
    _, shown = result.stdout.split("The first of ")
    for part in told.split():
        assert part in shown


def test_a_task_that_is_not_here_says_so_in_one_line_after_its_facts():
    result = runner.invoke(app, ["tasks", "xquad"], env={"CURRICULUM_MIRROR": ""})
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].strip() == (
        "google/xquad is not here; with --mirror DIR a row of it is shown"
    )


@pytest.mark.shared
def test_a_row_of_a_mirror_is_shown_in_the_tokens_of_the_named_encoder(shared_folder):
    where = ["--mirror", str(shared_folder / "hub"), "--encoder", "local/xlmr-micro"]
    result = runner.invoke(app, ["tasks", "cosmos_qa", *where])
    assert result.exit_code == 0, result.output
    assert "As the encoder local/xlmr-micro reads it" in result.stdout
    assert "\u2581" in result.stdout
    assert "None of the above choices" in result.stdout


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mnli@de", "train 392,702 examples (de)"),
        ("mnli@all", "source the rows of mnli, mnli@ar, mnli@bg,"),
        ("anli_plus", "source the rows of snli, mnli, anli_r1, anli_r2, anli_r3"),
        ("ccg", "source your files, named in a study file"),
        ("mlm", "train as many examples as your files have"),
        ("mnli", "trains also in ar bg de"),
    ],
)
def test_a_task_that_is_no_single_data_set_says_what_its_rows_are(name, told):
    shown = runner.invoke(app, ["tasks", name], env={"CURRICULUM_MIRROR": ""}).stdout
    assert told in " ".join(shown.split())
    assert "embedded world" not in shown


def test_a_language_without_translations_is_refused_with_those_that_there_are():
    result = runner.invoke(app, ["tasks", "mnli@xx"])
    assert result.exit_code == 2
    assert "it has them in: ar, bg, de" in result.stderr
    result = runner.invoke(app, ["tasks", "xnli@all"])
    assert "xnli has no training rows in 'all'; it has them in English alone" in result.stderr


def test_the_own_tasks_of_a_study_are_listed_and_shown(tmp_path, monkeypatch):
    rows = "text,label\n" + "".join(f"sentence {i},{'ab'[i % 2]}\n" for i in range(40))
    (tmp_path / "rows.csv").write_text(rows)
    own = "tasks: {mine: {kind: classification, files: {train: rows.csv}},"
    own += " lent: {kind: classification, licence: CC0, files: {train: rows.csv}}}\n"
    study = tmp_path / "study.yaml"
    study.write_text(preset_text("demo") + own)
    listed = runner.invoke(app, ["tasks", "--study", str(study)])
    assert listed.exit_code == 0, listed.output
    words = " ".join(listed.stdout.split())
    assert "mine classification stage yours 1 accuracy yours lent " in words
    assert "lent classification stage yours 1 accuracy CC0 " in words
    assert listed.stdout.splitlines()[-1].endswith(f"tasks NAME --study {study}")
    shown = runner.invoke(app, ["tasks", "mine", "--study", str(study)])
    assert shown.exit_code == 0, shown.output
    words = " ".join(shown.stdout.split())
    assert "licence yours" in words
    assert "label" in words.split("The first of ")[1]
    assert runner.invoke(app, ["tasks", "mine"]).exit_code == 2


def test_a_missing_encoder_ends_with_2():
    result = runner.invoke(app, ["tasks", "mini-nli", "--encoder", "/no/such"])
    assert result.exit_code == 2
    assert "/no/such" in result.stderr


def test_a_misspelt_task_ends_with_2_and_the_nearest_name():
    result = runner.invoke(app, ["tasks", "mnly"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "did you mean mnli?" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_the_user_wrote_is_no_markup():
    result = runner.invoke(app, ["tasks", "[bold]mnli[/nothing]"])
    assert result.exit_code == 2
    assert "[bold]mnli[/nothing]" in result.stderr


def test_schema_prints_a_schema_with_an_example():
    result = runner.invoke(app, ["schema"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["examples"] == [read_yaml(preset_text("demo"))[0]]
    assert "space" in found["required"]


def test_score_prints_one_json_line_per_case(tmp_path):
    gold = [{"id": "q", "answers": ["the Danube"]}]
    cases = [
        {"language": "de", "gold": gold, "predicted": {"q": "Danube"}},
        {"language": "tr", "gold": gold, "predicted": {"q": "Rhine"}},
    ]
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"cases": cases}))
    result = runner.invoke(app, ["score", "--task", "xquad", str(file)])
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"language": "de", "metrics": {"exact_match": 1.0, "f1": 1.0}},
        {"language": "tr", "metrics": {"exact_match": 0.0, "f1": 0.0}},
    ]


@pytest.mark.shared
@pytest.mark.parametrize(
    "task",
    ["udpos", "panx", "xquad", "mlqa", "tydiqa", "tatoeba", "bucc2018", "lareqa", "mewslix"],
)
def test_score_agrees_with_the_official_scores(task, shared_folder):
    path = shared_folder / "golden" / f"{task}.json"
    cases = json.loads(path.read_text())["cases"]
    result = runner.invoke(app, ["score", "--task", task, str(path)])
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == len(cases)
    for case, line in zip(cases, lines, strict=True):
        assert line["language"] == case.get("language")
        for metric, value in case["expected"].items():
            if isinstance(value, float):
                assert line["metrics"][metric] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["score", "--task", "xquadd", "none.json"], "did you mean xquad?"),
        (["score", "--task", "xquad", "none.json"], "cannot read none.json"),
        (["score", "none.json"], "--task"),
        (["tassk"], "tassk"),
    ],
)
def test_bad_arguments_end_with_2_and_say_why(arguments, told):
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert told in re.sub(r"\x1b\[[0-9;]*m", "", result.stderr)
    assert "Traceback" not in result.stderr


def test_help_loads_neither_torch_nor_ray():
    code = (
        "import sys; from search.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'ray', 'transformers', 'pandas', 'optuna'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
