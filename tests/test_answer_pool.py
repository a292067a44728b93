"""One pool for all languages: read once, and no score depends on when or for whom."""

import numpy as np
import pytest
import torch

from trainables.assignment import Assignment, RungWork, Setup
from trainables.data import load_rows
from trainables.keys import pool_node
from trainables.kinds import KINDS
from trainables.kinds.dual_encoder import nearest_passages
from trainables.leases import NoLeases
from trainables.nodes import Trial, pretrained
from trainables.pools import passages_of, questions_of
from trainables.recipe import Recipe
from trainables.scorers import average_precision_at_k
from trainables.sentence_views import mean_pooled
from trainables.steps import load_with_head, target_training
from trainables.tasks import get_task
from trainables.train import RungReached, run_assignment
from trainables.workbench import Workbench

ANSWERS = get_task("mini-answers")
LANGUAGES = list(ANSWERS.languages[:4])
ITEMS = 30


@pytest.fixture
def bench(tmp_path):
    """Makes workbenches of one cache; those of one store share it."""

    def make(store="store", **changes):
        recipe = Recipe(learning_rate=1e-3, epochs=1)
        fields = {"encoder": "miniworld", "cache": str(tmp_path / "cache"), **changes}
        path = None if store is None else str(tmp_path / store)
        return Workbench(
            Setup(run_id="r", store=path, stage_recipe=recipe, target_recipe=recipe, **fields)
        )

    return make


def trial_of(target, languages, items=ITEMS, seed=1, train=64):
    """The empty curriculum, fine-tuned a little and scored."""
    work = RungWork(
        index=0,
        scale=1.0,
        curriculum="none",
        train_examples={target: train},
        metrics={target: "map_at_20"},
        eval_items=items,
        splits={"search": {target: list(languages)}},
    )
    return Assignment(
        phase="search",
        role="baseline",
        curriculum="none",
        stage_seed=seed,
        target_seed=1,
        rungs=(work,),
    )


def scored(bench, languages, target="mini-answers", **changes):
    """Observations of one trial by language."""
    events = run_assignment(trial_of(target, languages, **changes), bench, NoLeases())
    rows = [row for e in events if isinstance(e, RungReached) for row in e.rows]
    return {row["language"]: row for row in rows if row["part"] == "evaluation"}


def values(rows):
    return {language: row["value"] for language, row in rows.items()}


def pool_size(bench):
    """Different passages of the items of these tests."""
    return len(bench.passages(bench.items("mini-answers", "en", "search", ITEMS)).rows)


def sequences_read(bench):
    """Sequences of every forward pass from now on."""
    read = []

    def note(module, args, kwargs, output):
        read.append(len(kwargs["input_ids"]))

    bench.encoder.model.register_forward_hook(note, with_kwargs=True)
    return read


def test_every_language_scores_the_same_in_any_order_and_alone(bench):
    all_at_once = values(scored(bench(None), LANGUAGES))
    assert len(set(all_at_once.values())) > 1
    assert values(scored(bench(None), LANGUAGES[::-1])) == all_at_once
    alone = {}
    for language in LANGUAGES:  # a process of its own: the pool comes from the store
        alone |= values(scored(bench("shared"), [language]))
    assert alone == all_at_once
    for language in LANGUAGES[1:3]:  # nothing at hand at all
        assert values(scored(bench(None), [language])) == {language: all_at_once[language]}


def test_a_pool_whose_vectors_were_evicted_is_read_again_and_scores_the_same(bench, tmp_path):
    whole = values(scored(bench(None), LANGUAGES))
    first = scored(bench("small"), LANGUAGES[:2])
    for file in (tmp_path / "small").glob("*/*/*.safetensors"):
        file.unlink()
    second = bench("small")
    read = sequences_read(second)
    assert values(first) | values(scored(second, LANGUAGES[2:])) == whole
    assert sum(read) > pool_size(second)


def test_the_pool_is_read_once_for_all_languages_and_every_passage_alone(bench):
    own = bench()
    scored(own, [])
    read = sequences_read(own)
    scored(own, LANGUAGES)
    assert sum(read) == pool_size(own) + ITEMS * len(LANGUAGES)
    read.clear()
    scored(own, LANGUAGES)
    assert not read


def test_vectors_of_one_pool_are_kept_and_none_beside_other_weights(bench):
    own = bench()
    model = own.root
    one, two = (
        pool_node(model, passages=name, max_length=32, numerics="cpu") for name in ("one", "two")
    )
    own.remember(one, {"passages": torch.zeros(1)})
    assert own.recalled(one) is not None
    own.remember(two, {"passages": torch.ones(1)})
    assert (own.recalled(one), own.recalled(two)) == (None, {"passages": torch.ones(1)})
    own.remember(model, {})
    assert own.recalled(two) is None


def test_the_first_language_of_a_trial_needs_the_pool_and_only_who_reads_it_pays(bench):
    own = bench("costs")
    size = pool_size(own)
    alone = bench(None)
    for languages in (LANGUAGES, LANGUAGES[::-1], LANGUAGES[2:]):
        wanted = [(size + ITEMS) / 3] + [ITEMS / 3] * (len(languages) - 1)
        for rows in (scored(own, languages, seed=len(languages)), scored(alone, languages)):
            assert [row["examples_needed"] for row in rows.values()] == pytest.approx(wanted)
    again = scored(own, LANGUAGES, seed=9)  # another trial of the same model
    assert all(row["examples_paid"] == 0 for row in again.values())


def test_scores_are_those_of_reading_every_text_by_itself(bench):
    own = bench()
    found = values(scored(own, LANGUAGES))
    trial = Trial(assignment=trial_of("mini-answers", []), bench=own, leases=NoLeases())
    work = trial.assignment.rungs[0]
    model = target_training(trial, pretrained(trial), ANSWERS, work)
    weights = own.store.tensors(own.store.find(model.node, weights=True))
    load_with_head(own, ANSWERS, weights)
    own.encoder.model.eval()
    for language in LANGUAGES:
        rows = own.items("mini-answers", language, "search", ITEMS).rows
        assert found[language] == pytest.approx(straight_map(own.encoder, rows), abs=1e-9)


def straight_map(encoder, rows):
    """Encode all, cosine, the best 20, mean average precision; every text in a batch of its own."""
    around = {}
    for row in rows:
        for text, context in zip(row["candidates"], row["contexts"], strict=True):
            around.setdefault(text, set()).add(context)
    texts = sorted(around)
    passages = torch.stack([vector(encoder, text, min(around[text])) for text in texts])
    precisions = []
    for row in rows:
        cosines = passages @ vector(encoder, row["question"], "")
        best = torch.topk(cosines, 20).indices.tolist()
        right = {texts.index(row["candidates"][i]) for i in row["relevant"]}
        precisions.append(average_precision_at_k(best, right, 20))
    return float(np.mean(precisions))


@torch.inference_mode()
def vector(encoder, text, context):
    given = encoder.tokenizer(text, context or None, return_tensors="pt")
    mask = given["attention_mask"]
    hidden = encoder.model(input_ids=given["input_ids"], attention_mask=mask).last_hidden_state
    pooled = mean_pooled(hidden, mask)[0]
    return pooled / pooled.norm()


def test_gold_vectors_find_every_answer_in_every_language():
    for language in LANGUAGES:
        rows = load_rows(ANSWERS, language, "search").select(range(40))
        texts = [text for (text,) in passages_of(rows)["candidates"]]
        right = [{row["candidates"][i] for i in row["relevant"]} for row in rows]
        vectors = np.array([[float(text in answers) for answers in right] for text in texts])
        found = [nearest_passages(question, vectors, texts) for question in np.eye(len(rows))]
        scores = KINDS["dual_encoder"].score(ANSWERS, language, rows, found)
        assert scores == {"map_at_20": 1.0}


def test_every_language_has_the_same_passages_and_its_own_questions():
    rows = [load_rows(ANSWERS, language, "search").select(range(40)) for language in LANGUAGES]
    pools, questions = (list(map(of, rows)) for of in (passages_of, questions_of))
    assert all(pool[:] == pools[0][:] for pool in pools)
    texts = [text for (text,) in pools[0]["candidates"]]
    assert texts == sorted(set(texts))
    assert len({tuple(q["question"]) for q in questions}) == len(LANGUAGES)
    assert {len(q) for q in questions} == {40}


def test_a_passage_is_read_in_its_first_context_whatever_the_order(tiny_rows):
    rows = tiny_rows("dual_encoder", 2)
    rows = rows.map(lambda row: {**row, "candidates": ["same", "same"], "relevant": [0]})
    rows = rows.map(lambda row: {**row, "contexts": [f"b{row['id']}", f"a{row['id']}"]})
    for order in ([0, 1], [1, 0]):
        pool = passages_of(rows.select(order))
        assert (pool["candidates"][:], pool["contexts"][:]) == ([["same"]], [["a0"]])


def test_a_text_that_a_feature_lacks_is_not_read(bench):
    own = bench()
    rows = own.items("mini-answers", "en", "search", ITEMS)
    kind, pad = KINDS["dual_encoder"], own.encoder.pad_id
    for made, sides in ((own.passages(rows), [0, 1]), (own.questions(rows), [1, 0])):
        data = own.encoded(made)
        batch = kind.collate(data.take(np.arange(5)), pad)
        assert batch["there"].tolist() == [sides] * 5
        assert len(batch["input_ids"]) == 5
        assert (batch["attention_mask"].sum(1) > 2).all()


@pytest.mark.shared
def test_real_questions_of_every_language_are_answered_from_one_pool(bench, shared_folder):
    how = {"encoder": "local/xlmr-micro", "mirror": str(shared_folder / "hub")}
    trial = {"target": "lareqa", "items": 2, "train": 8}
    languages = ["de", "th", "en"]
    own = bench(None, **how)
    pools = {own.passages(own.items("lareqa", x, "search", 2)).hash for x in languages}
    assert len(pools) == 1
    rows = scored(own, languages, **trial)
    reversed_ = values(scored(bench(None, **how), languages[1::-1], **trial))
    assert reversed_ == {x: rows[x]["value"] for x in languages[:2]}
    assert [row["examples_needed"] for row in rows.values()][1:] == pytest.approx([2 / 3] * 2)
