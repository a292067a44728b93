"""Mining at a foreign threshold, views of a sentence, pools of passages."""

from dataclasses import replace

import datasets
import numpy as np
import pytest
import torch

from analysis.objective import Objective, ScoredTarget, objective_values
from analysis.observations import as_frame, identity
from search.scored import is_scored
from trainables.assignment import Assignment, RungWork, Setup
from trainables.data import load_rows
from trainables.encoded import encoded
from trainables.encoder import load_encoder
from trainables.evaluate import LabelledRows, evaluate
from trainables.kinds import KINDS
from trainables.kinds.bitext import kept_pairs, mined_pairs, pair_scores, tuned_threshold
from trainables.leases import NoLeases
from trainables.nodes import Trial, pretrained
from trainables.pools import with_translations
from trainables.recipe import Recipe
from trainables.row_checks import faults
from trainables.scorers import mine, mining_scores
from trainables.sentence_views import ANY, VIEWS, SentenceView, pooled
from trainables.steps import evaluation
from trainables.streams import stream
from trainables.tasks import get_task
from trainables.tasks.adapters import ADAPTERS, Origin
from trainables.tasks.passages import sentence_spans
from trainables.train import RungReached, run_assignment
from trainables.workbench import Workbench

LAYERS = [0, 1, 2]


def encode(task, rows, encoder, folder, name):
    return encoded(rows, task, encoder.tokenizer, 32, folder, name)


def pools(seed, pairs=30, alone=10):
    """Noisy vectors of pairs and of sentences without translation, with their rows."""
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, pairs + alone, 12))
    target[:pairs] = source[:pairs] + rng.normal(size=(pairs, 12)) * 0.8
    names = [f"s{i}" for i in range(pairs + alone)]
    blank = [""] * alone
    rows = {
        "id": [str(i) for i in range(pairs + 2 * alone)],
        "source": [*names, *blank],
        "target": [*(f"t{i}" for i in range(pairs)), *blank, *(f"u{i}" for i in range(alone))],
    }
    places = np.arange(pairs + alone), np.r_[0:pairs, pairs + alone : pairs + 2 * alone]
    return rows, source, target, *places


def test_mining_rows_is_the_official_mining_of_their_vectors():
    rows, source, target, _, _ = case = pools(1)
    found = mined_pairs(*case)
    threshold = tuned_threshold(rows, found)
    official = mining_scores(mine(source, target), [(i, i) for i in range(30)])
    scores = pair_scores(rows, kept_pairs(found, threshold))
    assert threshold == official["threshold"] > 0
    assert scores["bucc_f1"] == official["f1"] < 1
    assert (scores["precision"], scores["recall"]) == (official["precision"], official["recall"])


def test_a_foreign_threshold_is_not_the_best_one_of_the_rows():
    other, own = pools(1), pools(2)
    found = mined_pairs(*own)
    foreign = tuned_threshold(other[0], mined_pairs(*other))
    best = tuned_threshold(own[0], found)
    assert foreign != best
    at = {t: pair_scores(own[0], kept_pairs(found, t))["bucc_f1"] for t in (foreign, best)}
    assert 0 < at[foreign] < at[best]


def test_a_sentence_that_stands_in_its_pool_twice_belongs_to_no_pair():
    rows = {"id": ["0", "1", "2"], "source": ["a", "a", "b"], "target": ["x", "y", "z"]}
    found = mined_pairs(rows, np.eye(3), np.eye(3), np.arange(3), np.arange(3))
    assert found[:2] == [None, None]
    assert found[2][0] == 2
    assert pair_scores(rows, found)["recall"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("metric", "bad"), [("bucc_f1", {2}), ("retrieval_accuracy", {0, 1, 2})])
def test_only_bucc_may_lack_one_side(metric, bad, tiny_tasks):
    task = replace(tiny_tasks["retrieval"], metric=metric)
    rows = {"id": ["0", "1", "2", "3"], "source": ["a", "", " ", "b"], "target": ["", "x", "", "y"]}
    table = datasets.Dataset.from_dict(rows).with_format("arrow")[:]
    assert {fault.row for fault in faults(table, task)} == bad


def with_strangers(rows, seed):
    """Bitext rows of which some sentences have lost their translation."""
    sides = {name: list(rows[name]) for name in ("id", "source", "target")}
    for i in range(seed, len(rows), 4):
        sides["target" if i % 8 < 4 else "source"][i] = ""
    return datasets.Dataset.from_dict(sides)


def test_report_rows_are_cut_where_the_search_rows_say(
    tiny_tasks, tiny_rows, tiny_encoder, tmp_path
):
    task = replace(tiny_tasks["retrieval"], metric="bucc_f1")
    search, report = (with_strangers(tiny_rows("retrieval", 60, seed), 1) for seed in (1, 2))
    labelled = LabelledRows(search, encode(task, search, tiny_encoder, tmp_path, "search"))
    features = encode(task, report, tiny_encoder, tmp_path, "report")

    def scored(**tuned):
        return evaluate(tiny_encoder, None, task, "xx", report, features, **tuned)

    own, foreign = scored(), scored(tuned_on=labelled)
    assert own.metrics["bucc_f1"] >= foreign.metrics["bucc_f1"]
    kept = [{i for i, pair in enumerate(e.predictions) if pair} for e in (own, foreign)]
    assert kept[0] != kept[1]
    assert scored(tuned_on=LabelledRows(report, features)) == own


def test_rows_of_one_side_are_read_and_gold_scores_one(
    tiny_tasks, tiny_rows, tiny_encoder, tmp_path
):
    task, kind = replace(tiny_tasks["retrieval"], metric="bucc_f1"), KINDS["retrieval"]
    rows = with_strangers(tiny_rows("retrieval", 40), 0)
    data = encode(task, rows, tiny_encoder, tmp_path, "rows")
    assert len(data) == 70
    outputs = {"embedding": np.eye(40)[np.asarray(data.columns["row"])] + 0.01}
    found, tuning = kind.decode(task, rows, data.columns, outputs), kind.tunings["bucc_f1"]
    kept = tuning.keep(found, tuning.best(rows, found))
    assert kind.score(task, "xx", rows, kept)["bucc_f1"] == 1.0


def test_other_layers_change_no_value_and_are_what_they_would_be_alone(
    tiny_tasks, tiny_rows, tiny_encoder, tmp_path
):
    for metric in ("retrieval_accuracy", "bucc_f1"):
        task, rows = replace(tiny_tasks["retrieval"], metric=metric), tiny_rows("retrieval", 40)
        data = encode(task, rows, tiny_encoder, tmp_path, metric)
        alone = evaluate(tiny_encoder, None, task, "xx", rows, data)
        swept = evaluate(tiny_encoder, None, task, "xx", rows, data, layers=LAYERS)
        assert (swept.metrics, swept.predictions) == (alone.metrics, alone.predictions)
        assert swept.by_layer == {
            layer: evaluate(tiny_encoder.at_layer(layer), None, task, "xx", rows, data).metrics
            for layer in LAYERS
        }
    assert len({scores["bucc_f1"] for scores in swept.by_layer.values()}) > 1


def test_a_trained_task_has_no_layers_to_sweep(tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    task, rows = tiny_tasks["tagging"], tiny_rows("tagging", 5)
    data = encode(task, rows, tiny_encoder, tmp_path, "rows")
    head = KINDS["tagging"].new_head(task, tiny_encoder, stream(1, task.name, "head"))
    with pytest.raises(ValueError, match="reads the last layer"):
        evaluate(tiny_encoder, head, task, "en", rows, data, layers=[1])


def test_a_target_may_have_a_view_of_its_own(tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    task, rows = tiny_tasks["retrieval"], tiny_rows("retrieval", 30)
    data = encode(task, rows, tiny_encoder, tmp_path, "rows")
    views = {ANY: SentenceView(2), task.name: SentenceView(1, "cls")}
    encoder = replace(tiny_encoder, views=views)
    batch = KINDS["retrieval"].collate(data.take(np.arange(len(data))), encoder.pad_id)
    encoder.model.eval()
    with torch.inference_mode():
        first = pooled(encoder.read(batch, 1), batch["attention_mask"], "cls").numpy()
    wanted = KINDS["retrieval"].decode(task, rows, data.columns, {"embedding": first})
    assert evaluate(encoder, None, task, "xx", rows, data).predictions == wanted
    assert encoder.at_layer(0).view(task.name) == SentenceView(0, "cls")
    assert encoder.view("another") == SentenceView(2, "mean")


def test_the_official_view_of_bucc_is_not_that_of_tatoeba():
    assert VIEWS["xlm-roberta-large"]["bucc2018"] == SentenceView(20, "cls")
    assert VIEWS["xlm-roberta-large"][ANY] == SentenceView(14, "mean")
    with pytest.raises(ValueError, match="wanted mean or cls"):
        SentenceView(3, "max")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ('One. "Two!" Three?', ["One.", '"Two!"', "Three?"]),
        ("3.5 points (yes.) End", ["3.5 points (yes.)", "End"]),
        ("一。二！三", ["一。", "二！", "三"]),
        ("एक। दो।", ["एक।", "दो।"]),
        ("ما؟ نعم.", ["ما؟", "نعم."]),
        ("  no mark ", ["no mark"]),
    ],
)
def test_sentences_are_cut_by_the_rule(text, sentences):
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


def test_the_sentence_of_the_answer_is_the_right_candidate():
    context = "Ann sings. Bob reads. Eve runs."
    batch = {
        "id": ["q"],
        "question": ["Who reads?"],
        "context": [context],
        "answers": [{"text": ["Bob"], "answer_start": [context.index("Bob")]}],
    }
    origin = Origin(language="en", split="validation", rows=[0])
    found = ADAPTERS["answer_sentences"](batch, origin)
    assert found["candidates"] == [["Ann sings.", "Bob reads.", "Eve runs."]]
    assert (found["relevant"], found["contexts"]) == ([[1]], [[context] * 3])
    train = ADAPTERS["answer_sentences"](batch, replace(origin, split="train"))
    assert (train["candidates"], train["relevant"]) == ([["Bob reads."]], [[0]])


def test_mewslix_is_read_from_files_of_the_user(tmp_path):
    def entity(name):
        text = f"{name} is here. More."
        spans = [{"start": 0, "end": len(name) + 9}]
        return {"entity_id": name, "description": text, "sentence_spans": spans}

    text = "First. The court heard Smith {again} today."
    start = text.index("Smith")
    mention = {
        "context": {"text": text, "sentence_spans": [{"start": 7, "end": len(text)}]},
        "mention": {"mention_span": {"start": start, "end": start + 5}, "entity_id": "Q1"},
    }
    folder = tmp_path / "datasets/izhx/mewsli-x/de"
    folder.mkdir(parents=True)
    rows = {"contextual_mention": [mention, None], "entity": [entity("Q1"), entity("Q2")]}
    datasets.Dataset.from_dict(rows).to_parquet(folder / "dev-00000-of-00001.parquet")
    loaded = load_rows(get_task("mewslix"), "de", "search", mirror=tmp_path)
    assert loaded["question"][:] == ["Smith: The court heard { Smith } (again) today.", ""]
    assert loaded["candidates"][:] == [["Q1 is here."], ["Q2 is here."]]
    assert loaded["relevant"][:] == [[0], []]
    kind, task = KINDS["dual_encoder"], get_task("mewslix")
    assert kind.score(task, "de", loaded, [["Q2 is here.", "Q1 is here."], []]) == {
        "map_at_20": 0.5
    }


def test_a_multilingual_pool_holds_the_answers_of_every_language():
    task = get_task("mini-answers")
    english, foreign = (load_rows(task, x, "search") for x in ("en", task.languages[1]))
    row = english[3]
    assert len(row["relevant"]) == len(task.languages)
    assert len(row["candidates"]) == len(row["contexts"]) == 2 * len(task.languages)
    assert sorted(row["candidates"]) == sorted(foreign[3]["candidates"])
    assert row["candidates"][:2] != foreign[3]["candidates"][:2]
    assert len(load_rows(task, "en", "dev")[0]["candidates"]) == 2


def test_items_that_another_language_lacks_stay_as_they_are(tiny_rows):
    rows = tiny_rows("dual_encoder", 3)
    joined = with_translations(rows, [rows.select([1])])
    assert joined[0] == rows[0]
    assert len(joined[1]["candidates"]) == 4
    assert joined[1]["relevant"] == [rows[1]["relevant"][0], 2 + rows[1]["relevant"][0]]


def test_precision_is_that_of_the_ranking_by_cosine(tiny_tasks):
    rows = {
        "id": ["0", "1"],
        "question": ["q", ""],
        "candidates": [["a", "b"], ["c"]],
        "contexts": [["", ""], [""]],
        "relevant": [[0, 1], []],
    }
    features = {
        "row": np.array([0, 0, 1]),
        "asked": np.array([1, 0, 0]),
        "candidate": np.array([0, 1, 0]),
    }
    passages = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]])
    outputs = {"question": np.array([[1.0, 0.0]] * 3), "passage": passages}
    task, kind = tiny_tasks["dual_encoder"], KINDS["dual_encoder"]
    found = kind.decode(task, rows, features, outputs)
    assert found == [["a", "c", "b"], []]
    assert kind.score(task, "en", rows, found) == {"map_at_20": (1 + 2 / 3) / 2}


@pytest.mark.shared
def test_real_answers_are_found_in_all_languages_of_the_mirror(shared_folder):
    task, mirror = get_task("lareqa"), shared_folder / "hub"
    rows = load_rows(task, "de", "search", mirror=mirror)
    counts = [len(right) for right in rows["relevant"]]
    assert 10 < np.mean(counts) <= 11
    encoder = load_encoder("local/xlmr-micro", mirror=mirror)
    assert encoder.view("lareqa") == SentenceView(3)


def bench_of(tmp_path, **setup):
    recipe = Recipe(learning_rate=1e-3)
    return Workbench(
        Setup(
            run_id="r",
            encoder="miniworld",
            cache=str(tmp_path / "cache"),
            store=None,
            stage_recipe=recipe,
            target_recipe=recipe,
            **setup,
        )
    )


def rows_of(bench, target, splits):
    """Observations of the empty curriculum, scored without training."""
    work = RungWork(
        index=0,
        scale=1.0,
        curriculum="none",
        train_examples={target: 0},
        metrics={target: get_task(target).metric},
        eval_items=40,
        splits=splits,
    )
    assignment = Assignment(
        phase="search",
        role="baseline",
        curriculum="none",
        stage_seed=1,
        target_seed=1,
        rungs=(work,),
    )
    events = list(run_assignment(assignment, bench, NoLeases()))
    return work, [row for e in events if isinstance(e, RungReached) for row in e.rows]


def test_a_sweep_over_layers_changes_nothing_that_is_read(tmp_path):
    splits = {"search": {"mini-tatoeba": ["dun"]}}
    work, alone = rows_of(bench_of(tmp_path), "mini-tatoeba", splits)
    _, swept = rows_of(bench_of(tmp_path, retrieval_layers="all"), "mini-tatoeba", splits)
    extra = [row for row in swept if "@" in row["metric"]]
    assert [(row["layer"], row["metric"]) for row in extra] == [
        (layer, f"retrieval_accuracy@{layer}") for layer in (2, 3)
    ]
    assert all(row["examples_needed"] == row["examples_paid"] == 0 for row in extra)
    assert len({identity(row) for row in swept}) == 3
    assert not is_scored(work, extra)
    target = ScoredTarget(
        name="mini-tatoeba",
        metric="retrieval_accuracy",
        group="retrieval",
        languages=("dun",),
        trained=False,
    )
    objective = Objective(targets=(target,), proxy_languages=("dun",))
    values = [
        objective_values(as_frame(rows), objective)["value"].tolist()
        for rows in (alone, swept, [*extra, *alone])
    ]
    assert values[0] == values[1] == values[2] == [alone[0]["value"]]


def test_the_key_of_a_report_score_names_the_rows_of_its_threshold(tmp_path):
    folder = tmp_path / "datasets/google/xtreme/bucc18.zh"
    folder.mkdir(parents=True)
    words = [f"{a} {b}" for a in "abcdef" for b in "ghijkl"]
    for split, chosen in (("validation", words[:16]), ("test", words[16:])):
        pairs = {"source_sentence": chosen, "target_sentence": [w.upper() for w in chosen]}
        datasets.Dataset.from_dict(pairs).to_parquet(folder / f"{split}-00000-of-00001.parquet")
    bench = bench_of(tmp_path, mirror=str(tmp_path))
    trial = Trial(assignment=None, bench=bench, leases=NoLeases())
    task = get_task("bucc2018")
    nodes = {
        split: evaluation(trial, pretrained(trial), task, "zh", split, 0).node.inputs
        for split in ("search", "report")
    }
    assert nodes["search"]["tuned_on"] is None
    assert nodes["report"]["tuned_on"] == nodes["search"]["rows"] != nodes["report"]["rows"]
    _, rows = rows_of(bench, "bucc2018", {"report": {"bucc2018": ["zh"]}})
    assert [row["metric"] for row in rows] == ["precision", "recall", "bucc_f1"]
    assert rows[-1]["examples_needed"] == pytest.approx(2 * (16 + 20) / 3)
