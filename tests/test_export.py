"""What is exported: files that make the best curricula again, and models that load."""

import csv
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import safetensors.torch
import torch
from transformers import AutoModel, AutoTokenizer
from typer.testing import CliRunner

from analysis.best import best_curricula
from analysis.observations import read, read_rows
from search.cli import app
from search.config import load_study
from search.export import export_run
from search.in_place import clear_leftovers, folder_in_place, write_in_place
from search.model_card import EMBEDDED
from search.objectives import recorded_objective
from search.run_folder import RunFolder, RunFolderError
from trainables.encoded import encoded
from trainables.encoder import encoder_tensors, load_encoder
from trainables.evaluate import evaluate
from trainables.keys import digest
from trainables.store import Store
from trainables.tasks import get_task

NONE, ONE, TWO = "none", "mini-nli:100", "mini-pos:300 > mini-nli:100"


@pytest.fixture(scope="module")
def exported(small_run):
    """The folder of the small run, exported."""
    export_run(small_run, top=5)
    return small_run


@pytest.fixture
def copied(small_run, tmp_path):
    """A run folder of its own, with a store of its own, both as they were left by the run."""
    run = RunFolder(shutil.copytree(small_run.path, tmp_path / "run"))
    shutil.rmtree(run.best, ignore_errors=True)
    shutil.copytree(small_run.path.parent / "store", tmp_path / "store")
    shutil.rmtree(tmp_path / "store" / "pins", ignore_errors=True)
    text = run.study_file.read_text()
    run.study_file.write_text(text.replace(str(small_run.path.parent), str(tmp_path)))
    return run


def weights(run, place="01"):
    return (run.best / place / "encoder" / "model.safetensors").read_bytes()


def trial_of(run, place):
    return load_yaml_trial(run.best / place / "curriculum.yaml")


def load_yaml_trial(path):
    from search.study_yaml import read_yaml

    return read_yaml(path.read_text())[0]["trial"]


def test_every_score_says_how_much_of_its_rows_the_stages_hold(small_run):
    frame = read(small_run.observations)
    scored = frame[frame["part"] == "evaluation"]
    tuned = ~scored["target"].isin(["mini-tatoeba"])
    assert scored["overlap"].between(0, 1).all()
    assert scored.loc[tuned, "train_overlap"].between(0, 1).all()
    assert scored.loc[~tuned, "train_overlap"].isna().all()
    assert (scored.loc[scored["curriculum"] == NONE, "overlap"] == 0).all()
    assert frame.loc[frame["part"] != "evaluation", ["overlap", "train_overlap"]].isna().all(None)


def test_confirmed_curricula_come_first_and_the_beaten_empty_one_is_left_out(exported):
    assert [path.name for path in sorted(exported.best.iterdir())] == ["01", "02"]
    first, second = trial_of(exported, "01"), trial_of(exported, "02")
    assert (first["phase"], first["curriculum"]) == ("confirm", TWO)
    assert (second["phase"], second["curriculum"]) == ("search", ONE)
    assert (first["stage_seed"], first["target_seed"]) == (11, 11)
    assert (second["stage_seed"], second["target_seed"]) == (1, 1)


def test_exported_encoder_has_the_hidden_states_of_the_trained_one(exported):
    folder = exported.best / "01" / "encoder"
    store = Store(str(exported.path.parent / "store"))
    card = (exported.best / "01" / "README.md").read_text()
    (entry,) = [
        e for e in store.entries() if e.kind == "stage" and e.key in card.split("stage 2")[1]
    ]
    trained = load_encoder("miniworld")
    trained.model.load_state_dict(store.tensors(entry))
    loaded = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    batch = AutoTokenizer.from_pretrained(folder)(["a b", "c"], padding=True, return_tensors="pt")
    before = load_encoder("miniworld").model.eval()
    with torch.inference_mode():
        ours, theirs, untrained = (
            model(**batch, output_hidden_states=True).hidden_states
            for model in (trained.model.eval(), loaded, before)
        )
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert not torch.allclose(theirs[-1], untrained[-1], atol=1e-3)


def test_exported_encoder_alone_gives_the_recorded_retrieval_score(exported, tmp_path):
    from trainables.data import load_rows

    encoder = load_encoder(str(exported.best / "01" / "encoder"))
    task = get_task("mini-tatoeba")
    rows = load_rows(task, "bor", "report")
    first = sorted(range(len(rows)), key=lambda i: digest(rows["id"][i]))[:60]
    rows = rows.select(sorted(first))
    data = encoded(rows, task, encoder.tokenizer, encoder.max_length(task), tmp_path, "rows")
    found = evaluate(encoder, None, task, "bor", rows, data)
    frame = read(exported.observations)
    recorded = frame[
        (frame["curriculum"] == TWO)
        & (frame["stage_seed"] == 11)
        & (frame["target"] == "mini-tatoeba")
        & (frame["language"] == "bor")
    ]
    assert list(recorded["value"]) == [found.metrics["retrieval_accuracy"]]


def test_card_has_scores_with_seeds_gains_marks_and_recipe(exported):
    card = (exported.best / "01" / "README.md").read_text()
    frame = read(exported.observations)
    cell = frame[
        (frame["phase"] == "confirm")
        & (frame["target"] == "mini-udpos")
        & (frame["language"] == "bor")
        & (frame["metric"] == get_task("mini-udpos").metric)
    ].set_index(["curriculum", "stage_seed"])["value"]
    mean = cell[TWO].mean()
    gain = (cell[TWO] - cell[NONE]).mean()
    assert f"| mini-udpos | bor | 2 | – | – | {100 * mean:.1f} | {100 * gain:.1f} |" in card
    for text in (EMBEDDED, "proxy: guided the search", "overlap", "learning_rate: 0.001"):
        assert text in card
    assert get_task("mini-pos").licence in card
    assert "Not confirmed" not in card
    assert "Not confirmed" in (exported.best / "02" / "README.md").read_text()


def test_tables_hold_every_curriculum_and_observation(exported):
    with (exported.path / "leaderboard.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert {row["curriculum"] for row in rows} == {NONE, ONE, TWO}
    bests = pd.read_csv(exported.path / "best_per_target.csv").set_index("target")
    assert bests.index[-1] == "average"
    assert set(bests.index[:-1]) == {name for name in rows[0] if name.startswith("mini-")}
    assert bests["score"]["average"] == pytest.approx(bests["score"][:-1].mean())
    for target in bests.index[:-1]:
        assert bests["score"][target] == max(float(row[target]) for row in rows)
    parquet = pd.read_parquet(exported.path / "observations.parquet")
    pd.testing.assert_frame_equal(parquet, read(exported.observations))


def test_evicted_weights_are_trained_again_to_the_same_bits(exported, copied):
    for path in (copied.path.parent / "store").glob("??/*/weights-*"):
        path.unlink()
    lines = []
    export_run(copied, top=1, on_progress=lines.append)
    assert any("stage 2 of 2" in line for line in lines)
    assert weights(copied) == weights(exported)


def test_the_best_stay_in_a_store_that_must_shrink(exported, copied):
    export_run(copied, top=1)
    store = Store(str(copied.path.parent / "store"), limit_bytes=1)
    before = len(list(Path(store.path).glob("??/*/weights-*")))
    store.evict()
    assert 0 < len(list(Path(store.path).glob("??/*/weights-*"))) < before
    lines = []
    export_run(copied, top=1, on_progress=lines.append)
    assert lines == [f"exporting 1 of 1: {TWO}"]
    assert weights(copied) == weights(exported)


def test_the_empty_curriculum_is_exported_where_nothing_beat_it(copied):
    rows = read_rows(copied.observations)
    for row in rows:
        if row["curriculum"] != NONE and row["part"] == "evaluation":
            row["value"] = 0.0
    copied.observations.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    export_run(copied, top=1)
    assert trial_of(copied, "01")["curriculum"] == NONE
    assert "No curriculum beat the empty one" in (copied.best / "01" / "README.md").read_text()
    exported = safetensors.torch.load(weights(copied))
    packaged = encoder_tensors(load_encoder("miniworld").model)
    assert exported.keys() == packaged.keys()
    assert all(torch.equal(exported[name], packaged[name]) for name in packaged)


def test_an_unfinished_confirmation_ranks_by_the_seeds_that_all_have(small_run):
    frame = read(small_run.observations)
    config = load_study(small_run.study_file)
    torn = frame[~((frame["curriculum"] == NONE) & (frame["stage_seed"] == 12))]
    best = best_curricula(torn, recorded_objective(config, frame))
    assert best[0].phase == "confirm"
    assert best[0].seeds == ((11, 11),)


def test_export_takes_the_place_of_an_earlier_one(copied):
    (copied.best / "03").mkdir(parents=True)
    (copied.best / "03" / "README.md").write_text("of an earlier export")
    (copied.path / ".best-killed").mkdir()
    assert export_run(copied, top=1) == [copied.best / "01"]
    assert [path.name for path in copied.best.iterdir()] == ["01"]
    assert not list(copied.path.glob(".best-*"))


def test_nothing_half_written_takes_the_place_of_what_was_whole(tmp_path):
    place = tmp_path / "best"
    place.mkdir()
    (place / "old").write_text("whole")
    with pytest.raises(OSError, match="disk"), folder_in_place(place) as new:
        (new / "new").write_text("half")
        raise OSError("disk full")
    with pytest.raises(OSError, match="disk"):
        write_in_place(place / "old", lambda path: [path.write_text("half"), _fail()])
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    assert [path.name for path in place.iterdir()] == ["old"]
    assert (place / "old").read_text() == "whole"


def _fail():
    raise OSError("disk full")


def test_leftovers_of_a_killed_export_go_and_nothing_else(tmp_path):
    for name in (".best-1", ".best-1-old", "best", ".bestial"):
        (tmp_path / name).mkdir()
    clear_leftovers(tmp_path / "best")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".bestial", "best"]


def test_export_of_nothing_is_refused_with_what_to_do(copied, tmp_path):
    copied.observations.write_text("")
    with pytest.raises(RunFolderError, match=r"no trial has run to its end.*curriculum resume"):
        export_run(copied, top=1)
    with pytest.raises(RunFolderError, match="no run folder"):
        export_run(RunFolder(tmp_path / "nowhere"), top=1)
    assert not (tmp_path / "nowhere").exists()
    result = CliRunner().invoke(app, ["export", str(copied.path), "--top", "0"])
    assert result.exit_code == 2
    assert "wanted at least 1" in result.stderr
