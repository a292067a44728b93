"""Features of a small study of the embedded world: measured once, the same again, and readable."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from analysis.features import (
    COLUMNS,
    FEATURES,
    FeaturesError,
    as_features,
    language_table,
    missing,
    of_languages,
    of_pairs,
    of_stages,
    of_tasks,
    read_features,
)
from search.assignments import Planner
from search.cli import app
from search.config import load_study, resolved_yaml
from search.features import NEEDED, features_of, study_for_features, summary
from search.run_folder import RunFolder, RunFolderError
from search.study import places_of
from search.train_one import driven, setup_here
from spaces.curriculum import Curriculum
from trainables.encoded import encoded
from trainables.encoder import encoder_tensors, load_encoder
from trainables.features.fisher import WITHOUT_FISHER, fisher_vector, trained_head
from trainables.features.labelled import KINDS_WITH_LABELS, samples
from trainables.features.rows import morphology
from trainables.features.task_vectors import VECTOR, embedding_similarity, task_embedding
from trainables.features.text_rows import parallel_rows, subword_rows
from trainables.features.texts import texts_of
from trainables.features.vectors import LAST, MAX_TOKENS, SENTENCE, read_vectors, text_vectors
from trainables.features.wanted import Amounts, Wanted
from trainables.keys import encoder_node, feature_node
from trainables.kinds import KINDS
from trainables.leases import NoLeases
from trainables.miniworld.distances import DISTANCE_KINDS, distances
from trainables.nodes import Trial, ensure, pretrained
from trainables.recipe import Recipe
from trainables.store import Store
from trainables.tasks import TASKS, get_task
from trainables.workbench import Workbench

SMALL = Amounts(texts=60, labelled=120, head=32, fisher=6)
RECIPE = {"learning_rate": 1e-3, "epochs": 1}


def study(store):
    return load_study(
        {
            "study": {"name": "alike"},
            "encoder": {"name": "miniworld"},
            "space": {"tasks": ["mini-nli", "mini-sentences"], "sizes": [64], "max_stages": 1},
            "targets": ["mini-xnli", "mini-udpos", "mini-xcopa", "mini-tatoeba"],
            "languages": {"proxy": ["dun"], "report": ["ane", "fos"]},
            "probe": {"train": 48, "eval": 20},
            "stopping": "none",
            "budget": {"trials": 1},
            "recipe": {"stage": RECIPE, "target": RECIPE},
            "store": {"path": str(store)},
        }
    )


def new_run(config, path):
    """A run folder as a launch leaves it."""
    path.mkdir()
    folder = RunFolder(path)
    folder.study_file.write_text(resolved_yaml(config))
    folder.remember(run_id="alike", finished="yes")
    return folder


def silent(line):
    """Progress that nobody reads."""


@pytest.fixture(scope="module")
def measured(study_root):
    """Configuration, run folder, and what was measured from nothing."""
    config = study(study_root / "features-store")
    folder = new_run(config, study_root / "features-run")
    return config, folder, features_of(config, folder, amounts=SMALL, on_progress=silent)


@pytest.fixture(scope="module")
def frame(measured):
    return read_features(measured[1].path)


@pytest.fixture
def trial(measured):
    config, folder, _ = measured
    places = places_of(config, folder, None)
    assignment = Planner(config, places).search(Curriculum(), "baseline", None)
    bench = Workbench(setup_here(config, places))
    return Trial(assignment=assignment, bench=bench, leases=NoLeases())


def computed_in(store):
    return {entry.key: entry.seconds for entry in Store(str(store)).entries()}


def test_what_is_read_is_what_was_measured(measured, frame):
    pd.testing.assert_frame_equal(frame, measured[2].frame)
    assert list(frame.columns) == list(COLUMNS)


def test_a_second_call_computes_nothing(measured, study_root):
    config, folder, first = measured
    before, lines = computed_in(study_root / "features-store"), []
    again = features_of(config, folder, amounts=SMALL, on_progress=lines.append)
    assert lines == []
    assert computed_in(study_root / "features-store") == before
    pd.testing.assert_frame_equal(again.frame, first.frame)


def test_an_interrupted_call_goes_on_and_gives_the_same_bits(measured, study_root):
    """In a store of its own: nothing of the first call is read, so this is determinism too."""
    config = study(study_root / "features-store-again")
    folder = new_run(config, study_root / "features-run-again")

    def stop_in_embeddings(line):
        if "TaskEmb of mini-udpos" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        features_of(config, folder, amounts=SMALL, on_progress=stop_in_embeddings)
    assert not (folder.path / "features.parquet").exists()
    kept, lines = computed_in(study_root / "features-store-again"), []
    found = features_of(config, folder, amounts=SMALL, on_progress=lines.append)
    pd.testing.assert_frame_equal(found.frame, measured[2].frame)
    assert lines
    assert not any(x.startswith(("vectors of", "stage 1 of 1, mini-nli")) for x in lines)
    after = computed_in(study_root / "features-store-again")
    assert kept and kept.items() <= after.items()


def test_every_feature_of_the_embedded_world_is_measured_in_the_columns_that_it_declares(frame):
    for feature, rows in frame.groupby("feature"):
        columns = set(FEATURES[feature][0])
        for column in ("task", "target", "language", "other"):
            assert column in columns or (rows[column] == "").all(), (feature, column)
        assert rows["value"].notna().any(), feature
    human = {"script", "family", "cc100_gib", "cc100_tokens", "sentence_cosine", "sentence_mmd2"}
    of_uriel = {"genetic", "geographic", "phonological", "inventory", "script"}
    absent = human | {f"distance_{kind}" for kind in of_uriel}
    assert FEATURES.keys() - set(frame["feature"]) == absent


def test_what_cannot_be_measured_has_a_reason(frame):
    lacking = missing(frame)
    assert (lacking["note"] != "").all()
    without = lacking.groupby("feature")["target"].agg(set)
    assert without["logme"] == {"mini-tatoeba"}
    assert set(lacking[lacking["feature"] == "taskemb_cosine"]["task"]) == {"mini-sentences"}


def test_the_nearest_language_is_more_like_english_than_the_farthest(frame):
    """As the world was made: cognates and aligned translations fall from `ane` to `fos`."""
    table = language_table(frame)
    assert list(table.index[:1]) == ["en"]
    for feature in ("parallel_accuracy", "parallel_margin", "subword_tokens", "subword_types"):
        assert table.loc["ane", feature] > table.loc["dun", feature] > table.loc["fos", feature]
    near, far = (
        of_languages(frame, "parallel_accuracy", by_target=True).loc[["ane", "fos"]]
    ).values
    assert ((near > far) | np.isnan(near)).all()


def test_distances_of_the_embedded_world_are_its_own(frame):
    table = language_table(frame)
    for known in distances():
        if known.source == "en" and known.language in table.index:
            for kind in DISTANCE_KINDS:
                assert table.loc[known.language, f"distance_{kind}"] == getattr(known, kind)
    assert table["agglutinative"].to_dict() == {"en": 0, "ane": 0, "dun": 0, "fos": 1}


def test_tasks_are_morphological_as_declared(trial, frame):
    (work,) = trial.assignment.rungs
    tasks = ("mini-nli", "mini-pos", "mini-pos@fos", "mini-features", "mini-ner")
    wanted = Wanted(singles={task: f"{task}:9" for task in tasks}, targets={}, work=work)
    rows = as_features(morphology(trial, wanted))
    assert rows.set_index("task")["value"].to_dict() == dict(
        zip(tasks, (0, 1, 1, 1, 0), strict=True)
    )
    measured_too = frame[frame["feature"] == "morphological"].set_index("task")["value"]
    assert measured_too.to_dict() == {"mini-nli": 0, "mini-sentences": 0}


def test_task_matrices_are_symmetrical_and_cosines(frame):
    for feature in ("textemb_cosine", "taskemb_cosine"):
        matrix = of_tasks(frame, feature)
        values = matrix.to_numpy()
        assert np.array_equal(values, values.T, equal_nan=True)
        assert np.nanmax(np.abs(values)) <= 1
    texts = of_tasks(frame, "textemb_cosine")
    assert {"mini-nli", "mini-sentences", "mini-xnli", "mini-xcopa"} <= set(texts.index)
    assert texts.loc["mini-nli"].idxmax() == "mini-xnli"


def test_stages_by_targets_have_a_row_without_any_stage(frame):
    evidence = of_stages(frame, "logme")
    assert list(evidence.index) == ["none", "mini-nli", "mini-sentences"]
    assert list(evidence.columns) == ["mini-xnli", "mini-udpos", "mini-xcopa"]
    assert evidence.notna().all(axis=None)
    assert of_stages(frame, "text_mmd2").shape == (2, 4)


def test_pairs_hold_two_measures_side_by_side(frame):
    pairs = of_pairs(frame, "text_cosine", "text_mmd2")
    assert pairs.notna().all(axis=None)
    assert len(pairs) == (frame["feature"] == "text_cosine").sum()
    assert pairs.corr(method="spearman").iloc[0, 1] < -0.5


def test_english_text_is_more_like_english_text_than_foreign_text_is(frame):
    similar = frame[(frame["feature"] == "text_cosine") & (frame["task"] == "mini-nli")]
    english = similar[similar["language"] == "en"].set_index("target")["value"]
    foreign = similar[similar["language"] == "fos"].set_index("target")["value"]
    assert (english > foreign[english.index]).all()


def test_a_target_without_english_items_says_so(trial):
    """As XCOPA, whose English is another data set."""
    (work,) = trial.assignment.rungs
    wanted = Wanted(singles={}, targets={"mini-xnli": {"ane": "search"}}, work=work, amounts=SMALL)
    rows = driven(parallel_rows(trial, wanted), silent) + driven(
        subword_rows(trial, wanted), silent
    )
    lacking = missing(as_features(rows))
    assert len(lacking) == 6
    assert set(lacking["note"]) == {"no English items"}


def test_vectors_are_those_of_the_encoder(trial):
    """Sentence by sentence, without batches or padding."""
    rows = trial.bench.items("mini-xnli", "bor", "search", 9)
    texts = texts_of(rows.rows, "classification", "whole", name="some")
    node = text_vectors(trial, pretrained(trial), texts)
    found = {name: driven(read_vectors(trial, node, name), silent) for name in (SENTENCE, LAST)}
    encoder = trial.bench.encoder
    for i, text in enumerate(texts.texts):
        tokens = encoder.tokenizer(
            text, return_tensors="pt", truncation=True, max_length=MAX_TOKENS
        )
        with torch.inference_mode():
            hidden = encoder.model(**tokens, output_hidden_states=True).hidden_states
        for name, layer in ((SENTENCE, encoder.view().layer), (LAST, -1)):
            alone = hidden[layer][0].mean(dim=0).numpy()
            np.testing.assert_allclose(found[name][i], alone, atol=1e-5)


def test_labelled_samples_are_items_answers_and_words(trial):
    bench = trial.bench
    for name in ("mini-xnli", "mini-xcopa", "mini-udpos"):
        rows = bench.training_rows(name, 20, 1)
        vectors, labels = samples(bench.encoder, rows, bench.encoded(rows), "auto")
        assert vectors.shape == (len(labels), bench.encoder.hidden_size)
        task = get_task(name)
        gold = list(rows.rows["tags" if task.kind == "tagging" else "label"])
        wanted = {
            "classification": lambda gold: gold,
            "multiple_choice": lambda gold: [i == x for x in gold for i in range(2)],
            "tagging": lambda gold: [tag for tags in gold for tag in tags],
        }[task.kind](gold)
        assert sorted(labels.tolist()) == sorted(map(int, wanted))
        assert task.kind in KINDS_WITH_LABELS


KINDS_WITH_FISHER = sorted({task.kind for task in TASKS.values()} - WITHOUT_FISHER)


@pytest.mark.parametrize("kind", KINDS_WITH_FISHER)
def test_fisher_information_is_the_mean_of_squared_gradients(
    kind, tiny_folder, tiny_tasks, tiny_rows, tmp_path
):
    """Against plain backward passes, one weight matrix after the other."""
    encoder, task = load_encoder(str(tiny_folder)), tiny_tasks[kind]
    data = encoded(tiny_rows(kind, 12), task, encoder.tokenizer, 32, tmp_path, kind)
    before = encoder_tensors(encoder.model)
    recipe = Recipe(learning_rate=1e-2, epochs=2, batch_size=4, micro_batch=4)
    head = ended(trained_head(encoder, task, data, recipe=recipe, seed=1))
    assert all(torch.equal(before[k], v) for k, v in encoder_tensors(encoder.model).items())
    found = ended(fisher_vector(encoder, head, task, data, 3))
    squares: dict[str, torch.Tensor] = {}
    for i in range(3):
        batch = KINDS[kind].collate(data.take(np.array([i])), encoder.pad_id)
        encoder.model.zero_grad()
        KINDS[kind].loss(head, encoder.read(batch), batch).backward()
        for name, weight in encoder.model.named_parameters():
            if name.startswith("encoder.layer.") and weight.ndim == 2:
                squares[name] = squares.get(name, 0) + weight.grad.double() ** 2
    layers = [
        torch.cat([s.mean(dim=1) for name, s in squares.items() if f".{i}." in name])
        for i in (0, 1)
    ]
    wanted = torch.cat([layer / layer.norm() for layer in layers]).float()
    torch.testing.assert_close(found, wanted)


def ended(steps):
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_task_is_nearer_to_itself_on_other_rows_than_to_another_task(trial):
    bench, model = trial.bench, pretrained(trial)

    def embedded(task, seed):
        rows = bench.training_rows(task, 48, seed)
        return task_embedding(trial, model, rows, head_seed=1, num_examples=24)

    here, elsewhere, other = (
        embedded("mini-nli", 1),
        embedded("mini-nli", 2),
        embedded("mini-pos", 1),
    )

    def cosine(a, b):
        return driven(ensure(trial, embedding_similarity(trial, a, b)), silent).values["cosine"]

    assert cosine(here, elsewhere) > cosine(here, other)
    assert cosine(here, here) == pytest.approx(1)
    entry = driven(ensure(trial, here, weights=True), silent)
    vector = bench.store.tensors(entry)[VECTOR]
    layers = bench.encoder.model.config.num_hidden_layers
    assert vector.norm().item() ** 2 == pytest.approx(layers)
    assert all(p.requires_grad for p in bench.encoder.model.parameters())


def test_every_kind_has_text(tiny_tasks, tiny_rows):
    assert tiny_tasks.keys() == {task.kind for task in TASKS.values()}
    for kind in tiny_tasks:
        rows = tiny_rows(kind, 5)
        for view in ("whole", "item", *(("english",) if kind == "retrieval" else ())):
            texts = texts_of(rows, kind, view, name="five")
            assert len(texts) == 5
            assert texts.ids == tuple(rows["id"])


def test_the_key_of_a_feature_is_made_of_all_that_decides_it():
    root, other = encoder_node("a"), encoder_node("b")
    base = {"parents": [root], "purpose": "x", "inputs": {"n": 1}, "numerics": "cpu"}
    key = feature_node(**base).key
    for change in ({"parents": [other]}, {"parents": []}, {"purpose": "y"}, {"inputs": {"n": 2}}):
        assert feature_node(**{**base, **change}).key != key
    assert feature_node(**{**base, "numerics": "cuda"}).key == key
    child = feature_node([feature_node(**base)], purpose="z", inputs={}, numerics="cuda")
    assert child.numerics == "cpu | cuda"


def test_another_sentence_encoder_compares_the_same_texts(measured, study_root, tiny_folder):
    config, _, first = measured
    folder = new_run(config, study_root / "features-run-two-encoders")
    found = features_of(
        config, folder, amounts=SMALL, sentence_encoder=str(tiny_folder), on_progress=silent
    ).frame
    other = found[found["feature"].isin(["sentence_cosine", "sentence_mmd2"])]
    own = found[found["feature"].isin(["text_cosine", "text_mmd2"])]
    assert len(other) == len(own) > 0
    assert set(other["note"]) == {f"by {tiny_folder}"}
    rest = found[~found["feature"].str.startswith("sentence_")].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, first.frame)


def test_the_command_measures_into_a_finished_run_and_leaves_it_finished(measured, monkeypatch):
    _, folder, _ = measured
    monkeypatch.setattr("search.features.Amounts", lambda: SMALL)
    done = CliRunner().invoke(app, ["features", str(folder.path)])
    assert done.exit_code == 0, done.output
    assert "features.parquet" in done.output
    assert "mini-tatoeba" in done.output
    assert json.loads(folder.facts.read_text())["finished"] == "yes"


def test_a_study_that_never_ran_gets_its_run_folder(study_root, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(resolved_yaml(study(study_root / "features-store")))
    config, folder = study_for_features(str(path), run=tmp_path / "run", mirror=None)
    assert folder.study_file.is_file()
    assert study_for_features(str(folder.path), run=None, mirror=None) == (config, folder)
    changed = path.read_text().replace("eval: 20", "eval: 21")
    path.write_text(changed)
    with pytest.raises(RunFolderError, match=r"probe\.eval"):
        study_for_features(str(path), run=tmp_path / "run", mirror=None)


def test_summary_counts_what_is_missing(frame):
    lines = list(summary(frame))
    assert lines[0].startswith(f"{frame['value'].notna().sum():,} values")
    assert any("logme of mini-tatoeba" in line for line in lines)


def test_a_file_that_is_not_there_or_damaged_says_what_to_type(tmp_path):
    with pytest.raises(FeaturesError, match="curriculum features"):
        read_features(tmp_path)
    (tmp_path / "features.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(FeaturesError, match="is damaged"):
        read_features(tmp_path)
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "features.parquet")
    with pytest.raises(FeaturesError, match="has the columns x"):
        read_features(tmp_path)


def test_rows_that_are_unknown_or_come_twice_are_refused():
    row = dict.fromkeys(COLUMNS, "") | {"feature": "logme", "value": 1.0, "n": 1}
    with pytest.raises(FeaturesError, match="a row twice"):
        as_features([row, row])
    with pytest.raises(FeaturesError, match="unknown features: log_me"):
        as_features([{**row, "feature": "log_me"}])
    with pytest.raises(FeaturesError, match="no feature is named"):
        of_tasks(as_features([row]), "taskemb")


READ = {
    "order": {"train_rows", "textemb_cosine", "taskemb_cosine", "logme", "h_score"},
    "morphology": {"morphological", "agglutinative"},
    "semantic": {"text_cosine", "text_mmd2", "parallel_accuracy", "parallel_margin"},
    "linguistic": {"distance_featural", "distance_syntactic", "subword_tokens"},
}


@pytest.mark.parametrize("asks", NEEDED)
def test_a_study_measures_what_its_answer_reads_and_no_more_than_all(asks, measured, tmp_path):
    config, _, whole = measured
    folder = new_run(config, tmp_path / "run")
    parts = NEEDED[asks]
    part = features_of(config, folder, amounts=SMALL, parts=parts, on_progress=silent).frame
    assert READ[asks] <= set(part["feature"])
    assert set(part["feature"]) < set(whole.frame["feature"])
