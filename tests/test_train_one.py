"""One curriculum trained outside a study: the study's own numbers, and models that load."""

import json

import pytest
import torch
import transformers
from typer.testing import CliRunner

from analysis.observations import read
from search.cli import app
from search.config import load_study
from search.export import export_run
from search.study_yaml import read_yaml, write_yaml
from search.train_one import train_one
from search.trial_file import TrialChoice, TrialFileError, load_trial, trial_text
from trainables.data import load_rows
from trainables.encoded import encoded
from trainables.encoder import load_encoder
from trainables.evaluate import length_batches
from trainables.keys import digest
from trainables.kinds import KINDS
from trainables.tasks import get_task

TARGETS = ("mini-xnli", "mini-udpos", "mini-xquad", "mini-xcopa")
"""One of every kind with a head."""


@pytest.fixture(scope="module")
def best(small_run):
    """The exported curricula of the small run: the first confirmed, the second not."""
    export_run(small_run, top=2)
    return small_run.best


@pytest.fixture(scope="module")
def trained(best, tmp_path_factory):
    """Every kind of target on the best curriculum: what `train_one` gave, by target."""
    config, choice = load_trial(str(best / "01" / "curriculum.yaml"))
    folder = tmp_path_factory.mktemp("trained")
    return {
        target: train_one(
            config, choice, target=target, out=folder / target, mirror=None, on_progress=print
        )
        for target in TARGETS
    }


def alone(path, tmp_path):
    """A copy of an exported file that knows no store: everything is trained anew."""
    values, _ = read_yaml(path.read_text())
    copy = tmp_path / "curriculum.yaml"
    copy.write_text(write_yaml({**values, "store": {"enabled": False}}))
    return copy


def cells(rows):
    return {
        (row["target"], row["language"], row["split"], row["metric"]): row["value"] for row in rows
    }


@pytest.mark.parametrize(("place", "target"), [("01", "mini-udpos"), ("02", "mini-xnli")])
def test_scores_are_the_bits_of_the_run_without_its_store(best, small_run, tmp_path, place, target):
    config, choice = load_trial(str(alone(best / place / "curriculum.yaml", tmp_path)))
    lines = []
    found = train_one(
        config, choice, target=target, out=tmp_path / "out", mirror=None, on_progress=lines.append
    )
    assert any("stage 1" in line for line in lines)
    frame = read(small_run.observations)
    frame = frame[
        (frame["phase"] == choice.phase)
        & (frame["curriculum"] == choice.curriculum)
        & (frame["stage_seed"] == choice.stage_seed)
        & (frame["rung"] == frame["num_rungs"] - 1)
        & (frame["part"] == "evaluation")
        & (frame["target"] == target)
    ]
    recorded = cells(frame.to_dict("records"))
    assert cells(found.scores) == recorded
    assert {split for _, _, split, _ in recorded} == (
        {"search", "report"} if place == "01" else {"search"}
    )


@pytest.mark.parametrize("target", TARGETS)
def test_loaded_model_predicts_the_same_scores(trained, tmp_path, target):
    found, task = trained[target], get_task(target)
    model = getattr(transformers, found.loader).from_pretrained(found.folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(found.folder)
    for language, split in (("bor", "report"), ("dun", "search")):
        rows = load_rows(task, language, split)
        first = sorted(range(len(rows)), key=lambda i: digest(rows["id"][i]))[:60]
        rows = rows.select(sorted(first))
        data = encoded(rows, task, tokenizer, task.max_length, tmp_path, f"{language} {split}")
        predictions = predicted(model, task, rows, data, tokenizer.pad_token_id)
        scores = KINDS[task.kind].score(task, language, rows, predictions)
        recorded = cells(found.scores)
        for metric, value in scores.items():
            assert recorded[target, language, split, metric] == value


def predicted(model, task, rows, data, pad_id):
    """Predictions from the logits of a task model of transformers, with no part of our models."""
    kind, outputs = KINDS[task.kind], {}
    for features in length_batches(data, 64):
        batch = kind.collate(data.take(features), pad_id)
        inputs = {k: v for k, v in batch.items() if k in ("input_ids", "attention_mask")}
        if task.kind == "multiple_choice":
            inputs = {k: v.view(len(features), -1, v.shape[-1]) for k, v in inputs.items()}
        with torch.inference_mode():
            said = model(**inputs)
        if task.kind == "span_qa":
            logits = torch.stack([said.start_logits, said.end_logits], dim=-1)
        else:
            logits = said.logits
        for name, values in kind.outputs(torch.nn.Identity(), logits, batch).items():
            column = outputs.setdefault(name, [None] * len(data))
            for feature, value in zip(features, values.numpy(), strict=True):
                column[feature] = value
    return kind.decode(task, rows, data.columns, outputs)


def test_loaded_classifier_names_the_labels(trained):
    folder = trained["mini-xnli"].folder
    classify = transformers.pipeline("text-classification", str(folder), device="cpu")
    row = load_rows(get_task("mini-xnli"), "en", "report")[0]
    said = classify({"text": row["text"], "text_pair": row["text_pair"]})
    assert said["label"] in get_task("mini-xnli").labels


def test_trained_encoder_is_the_exported_one(best, tmp_path):
    result = CliRunner().invoke(
        app, ["train", str(best / "01" / "curriculum.yaml"), "--out", str(tmp_path / "encoder")]
    )
    assert result.exit_code == 0, result.stderr
    assert "AutoModel.from_pretrained" in result.stdout
    assert "next: curriculum train" in result.stdout
    ours, theirs = (
        folder / "model.safetensors" for folder in (tmp_path / "encoder", best / "01" / "encoder")
    )
    assert ours.read_bytes() == theirs.read_bytes()


def test_text_form_takes_encoder_and_recipes_from_a_study(small_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["train", "mini-paraphrase:100", "--study", str(small_run.study_file)]
    result = CliRunner().invoke(app, [*command, "--target", "mini-xnli"])
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert (
        lines[0]
        == "mini-xnli on 150 examples after mini-paraphrase:100, stage seed 1, target seed 1"
    )
    assert any(line.startswith("stage 1 of 1, mini-paraphrase:100: step") for line in lines)
    (bor,) = [line.split() for line in lines if line.startswith("report  bor")]
    config, choice = load_trial(str(tmp_path / "trained/small/mini-xnli/curriculum.yaml"))
    assert choice == TrialChoice(curriculum="mini-paraphrase:100", stage_seed=1, target_seed=1)
    assert config.targets == load_study(small_run.study_file).targets
    model = load_encoder(str(tmp_path / "trained/small/mini-xnli")).model
    assert model.config.id2label[0] == get_task("mini-xnli").labels[0]
    assert 0 <= float(bor[-1]) <= 100


def test_a_trial_file_reads_back_what_was_written(small_run, tmp_path):
    config = load_study(small_run.study_file)
    choice = TrialChoice(phase="search", curriculum="none", stage_seed=3, target_seed=4)
    path = tmp_path / "curriculum.yaml"
    path.write_text(trial_text(config, choice))
    found, again = load_trial(str(path))
    assert again == choice
    default = type(config.store)()
    assert found == config.model_copy(update={"store": default})


REFUSED = {
    "text without a study": (["mini-nli:100"], "say --study"),
    "a task of another name": (["mini-nly:100", "--study", "demo"], "did you mean mini-nli"),
    "a target as a stage": (["mini-xnli:100", "--study", "demo"], "not an intermediate task"),
    "more than there is": (["mini-nli:10000", "--study", "demo"], "has 9000 training examples"),
    "no curriculum": (["mini-nli", "--study", "demo"], "wanted task:number"),
    "no study": (["none", "--study", "demmo"], "did you mean demo"),
    "no file": (["nowhere.yaml"], "cannot be read"),
    "no head": (["none", "--study", "demo", "--target", "mini-tatoeba"], "retrieval"),
    "no target": (["none", "--study", "demo", "--target", "mini-xnly"], "did you mean mini-xnli"),
    "a stage as a target": (["none", "--study", "demo", "--target", "mini-nli"], "no target"),
    "a folder that is there": (["none", "--study", "demo", "--out", "."], "--out"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_ends_with_2_and_starts_nothing(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    arguments, message = REFUSED[case]
    result = CliRunner().invoke(app, ["train", *arguments])
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert not list(tmp_path.glob("trained/*"))


@pytest.mark.parametrize(
    ("trial", "message"),
    [
        ({"curriculum": "none", "phase": "full"}, "wanted search or confirm"),
        ({"curriculum": "none", "stage_seed": -1}, "trial.stage_seed is -1"),
        ({"curriculum": "none", "seed": 1}, "trial.seed is no field"),
        ({"curriculum": 3}, "trial.curriculum is 3"),
        ({"curriculum": "mini-nli"}, "wanted task:number"),
        (None, "wanted a section `trial`"),
    ],
)
def test_a_wrong_trial_section_is_told(small_run, tmp_path, trial, message):
    path = tmp_path / "curriculum.yaml"
    values, _ = read_yaml(small_run.study_file.read_text())
    path.write_text(json.dumps(values if trial is None else {**values, "trial": trial}))
    with pytest.raises(ValueError, match=message):
        load_trial(str(path))


def test_a_file_says_its_own_study(best):
    with pytest.raises(TrialFileError, match="leave --study out"):
        load_trial(str(best / "01" / "curriculum.yaml"), study="demo")
