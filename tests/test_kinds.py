"""Laws of every kind: gold decodes to 1.0, padding and neighbours change nothing."""

from dataclasses import replace

import datasets
import numpy as np
import pytest
import torch

from trainables.data import available_languages, load_rows
from trainables.encoded import encoded
from trainables.encoder import load_encoder
from trainables.evaluate import evaluate, predict
from trainables.kinds import KINDS
from trainables.sentence_views import mean_pooled
from trainables.streams import stream
from trainables.tasks import TASKS, HubSource, get_task

ALL = sorted(KINDS)
REAL = [name for name, task in TASKS.items() if isinstance(task.source, HubSource)]


def has_rows_to_train(task):
    """Whether it has training rows of its own."""
    return bool(task.train_size) and task.train_task is None


TRAINED = sorted(name for name, kind in KINDS.items() if kind.trains)


def encode(task, rows, encoder, folder, max_length=32):
    return encoded(rows, task, encoder.tokenizer, max_length, folder, f"{task.name}-{max_length}")


def gold_outputs(kind, data, rows=None):
    """What a head would say that knew the labels; of a dual encoder, of the rows."""
    columns, size = data.columns, len(data)
    if kind == "feature_tagging":
        return {"tag": list(gold_sets(data))}
    if kind == "dual_encoder":
        candidates, relevant = list(rows["candidates"]), list(rows["relevant"])
        right = [{texts[i] for i in r} for texts, r in zip(candidates, relevant, strict=True)]
        own = np.asarray(columns["row"])
        texts = [candidates[row][k] for row, k in zip(own, columns["candidate"], strict=True)]
        passages = np.array([[float(text in found) for found in right] for text in texts])
        return {"question": np.eye(len(right))[own], "passage": passages}
    if kind == "tagging":
        sequences = [np.zeros(length, dtype=int) for length in data.lengths]
        for i, sequence in enumerate(sequences):
            sequence[columns["first"][i]] = columns["tag"][i]
        return {"tag": sequences}
    if kind == "span_qa":
        found = columns["start"] > 0
        return {
            "start": np.where(found, columns["start"] - columns["context"], 0),
            "end": np.where(found, columns["end"] - columns["context"], 0),
            "score": np.where(found, 1.0, -1.0),
            "none": np.zeros(size),
        }
    if kind == "retrieval":
        return {"embedding": np.eye(size // 2)[np.asarray(columns["row"])]}
    if kind == "mlm":
        return {"predicted": [columns["original"][i] for i in range(size)]}
    return {"label": columns["label"]}


def gold_sets(data, num_labels=100):
    """Per feature a mask (tokens, labels)."""
    columns = data.columns
    for i, length in enumerate(data.lengths):
        hot = np.zeros((length, num_labels), dtype=bool)
        positions = np.repeat(columns["first"][i], columns["num_tags"][i])
        hot[positions, columns["tag"][i]] = True
        yield hot


def head_for(task, encoder):
    still = replace(encoder, dropout=0.0)
    return KINDS[task.kind].new_head(task, still, stream(1, task.name, "head"))


def said(encoder, task, head, features):
    kind = KINDS[task.kind]
    batch = kind.collate(features, encoder.pad_id)
    encoder.model.eval()
    with torch.inference_mode():
        return kind.outputs(head, encoder.read(batch), batch), batch


@pytest.mark.parametrize("name", ALL)
def test_gold_decodes_to_a_perfect_score(name, tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    task, rows = tiny_tasks[name], tiny_rows(name)
    data = encode(task, rows, tiny_encoder, tmp_path)
    predictions = KINDS[name].decode(task, rows, data.columns, gold_outputs(name, data, rows))
    scores = KINDS[name].score(task, "en", rows, predictions)
    assert len(predictions) == len(rows)
    assert scores[task.metric] == 1.0
    assert set(scores.values()) == {1.0}


@pytest.mark.parametrize("name", ALL)
def test_majority_is_reachable_by_a_constant_and_below_gold(
    name, tiny_tasks, tiny_rows, tiny_encoder, tmp_path
):
    task, rows = tiny_tasks[name], tiny_rows(name)
    data = encode(task, rows, tiny_encoder, tmp_path)
    assert 0 < KINDS[name].majority(task, rows, data.columns) < 0.7


@pytest.mark.parametrize("name", ALL)
def test_features_stay_in_the_order_of_their_rows(
    name, tiny_tasks, tiny_rows, tiny_encoder, tmp_path
):
    data = encode(tiny_tasks[name], tiny_rows(name), tiny_encoder, tmp_path)
    row = np.asarray(data.columns["row"])
    assert (np.diff(row) >= 0).all()
    assert set(row) == set(range(100))
    assert int(data.lengths.min()) >= 3


@pytest.mark.parametrize("name", ALL)
def test_padding_changes_no_output(name, tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    task = tiny_tasks[name]
    data, head = encode(task, tiny_rows(name), tiny_encoder, tmp_path), head_for(task, tiny_encoder)
    order = np.argsort(data.lengths, kind="stable")
    short, long = order[:1], order[-1:]
    alone, _ = said(tiny_encoder, task, head, data.take(short))
    beside, _ = said(tiny_encoder, task, head, data.take(np.concatenate([short, long])))
    for key, values in alone.items():
        wanted, found = values[0].float(), beside[key][0].float()
        if name in ("tagging", "feature_tagging", "mlm"):
            found = found[: len(wanted)]
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", TRAINED)
def test_padding_changes_no_loss(name, tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    task, kind = tiny_tasks[name], KINDS[name]
    data, head = encode(task, tiny_rows(name), tiny_encoder, tmp_path), head_for(task, tiny_encoder)
    batch = kind.collate(data.take(np.arange(8)), tiny_encoder.pad_id)
    tiny_encoder.model.eval()
    loss = kind.loss(head, tiny_encoder.read(batch), batch)
    fills = {"input_ids": tiny_encoder.pad_id, "attention_mask": 0, "tag": -100}
    longer = {
        key: torch.nn.functional.pad(  # of the second axis, the tokens
            tensor, (*(0, 0) * (tensor.dim() - 2), 0, 5), value=fills[key]
        )
        if key in fills
        else tensor
        for key, tensor in batch.items()
    }
    torch.testing.assert_close(kind.loss(head, tiny_encoder.read(longer), longer), loss)


@pytest.mark.parametrize("name", ALL)
def test_a_head_comes_from_its_generator_alone(name, tiny_tasks, tiny_encoder):
    before = torch.random.get_rng_state()
    first, second = (head_for(tiny_tasks[name], tiny_encoder).state_dict() for _ in range(2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(first[key], second[key]) for key in first)
    for tensor in first.values():
        spread = 0.02 if tensor.ndim > 1 else 0.0
        assert tensor.std(correction=0) == pytest.approx(spread, abs=0.01)


@pytest.mark.parametrize("name", ALL)
def test_prediction_of_a_row_ignores_how_rows_are_ordered(
    name, tiny_tasks, tiny_rows, tiny_encoder, tmp_path
):
    task, rows = tiny_tasks[name], tiny_rows(name, 50)
    head = head_for(task, tiny_encoder)
    backwards = rows.select(range(49, -1, -1))
    one = predict(tiny_encoder, head, task, rows, encode(task, rows, tiny_encoder, tmp_path / "a"))
    two = predict(
        tiny_encoder, head, task, backwards, encode(task, backwards, tiny_encoder, tmp_path / "b")
    )
    assert one == ([49 - i for i in two[::-1]] if name == "retrieval" else two[::-1])


@pytest.mark.parametrize("name", ALL)
def test_evaluation_repeats_to_the_bit(name, tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    task, rows = tiny_tasks[name], tiny_rows(name)
    data, head = encode(task, rows, tiny_encoder, tmp_path), head_for(task, tiny_encoder)
    first, second = (
        evaluate(tiny_encoder, head, task, "en", rows, data, batch_size=16) for _ in range(2)
    )
    assert first == second
    assert first.num_items == 100
    assert all(0 <= value <= 1 for value in first.metrics.values())


@pytest.mark.parametrize("max_length", [4, 5, 6, 9])
def test_long_sentences_lose_no_word(max_length, tiny_tasks, tiny_encoder, tmp_path):
    task = tiny_tasks["tagging"]
    tokens, tags = ["x1", "x2 x3 x4", "x5", "x6 x7", "x8"], [1, 2, 3, 0, 1]
    rows = datasets.Dataset.from_dict({"id": ["0"], "tokens": [tokens], "tags": [tags]})
    data = encode(task, rows, tiny_encoder, tmp_path, max_length=max_length)
    assert int(data.lengths.max()) <= max_length
    assert data.columns["word"].flat.tolist() == [0, 1, 2, 3, 4]
    predicted = KINDS["tagging"].decode(task, rows, data.columns, gold_outputs("tagging", data))
    assert predicted == [["B-A", "I-A", "B-B", "O", "B-A"]]
    batch = KINDS["tagging"].collate(data.take(np.arange(len(data))), tiny_encoder.pad_id)
    assert (batch["tag"] >= 0).sum() == 5


def test_only_first_sub_words_are_labelled(tiny_tasks, tiny_encoder, tmp_path):
    task = tiny_tasks["tagging"]
    rows = datasets.Dataset.from_dict(
        {"id": ["0"], "tokens": [["w1 w2 w3", "x1", " ", "w4"]], "tags": [[1, 2, 3, 0]]}
    )
    data = encode(task, rows, tiny_encoder, tmp_path)
    batch = KINDS["tagging"].collate(data.take(np.arange(1)), tiny_encoder.pad_id)
    assert batch["tag"].tolist() == [[-100, 1, -100, -100, 2, 0, -100]]
    predicted = KINDS["tagging"].decode(task, rows, data.columns, gold_outputs("tagging", data))
    assert predicted == [["B-A", "I-A", "O", "O"]]


@pytest.mark.parametrize("max_length", [4, 6, 32])
def test_sets_of_first_sub_words_are_kept_over_windows(
    max_length, tiny_tasks, tiny_encoder, tmp_path
):
    task, kind = tiny_tasks["feature_tagging"], KINDS["feature_tagging"]
    tokens, tags = ["x1", "x2 x3 x4", " ", "x6 x7", "x8"], [[0, 2], [], [1], [1], [0, 1, 2]]
    rows = datasets.Dataset.from_dict({"id": ["0"], "tokens": [tokens], "tags": [tags]})
    data = encode(task, rows, tiny_encoder, tmp_path, max_length=max_length)
    assert data.columns["word"].flat.tolist() == [0, 1, 3, 4]  # a blank word has no token
    predicted = kind.decode(task, rows, data.columns, {"tag": list(gold_sets(data))})
    assert predicted == [[["A=1", "B=1"], [], [], ["A=2"], ["A=1", "A=2", "B=1"]]]
    batch = kind.collate(data.take(np.arange(len(data))), tiny_encoder.pad_id)
    scored = batch["tag"][batch["tag"][..., 0] != -100]
    assert [[tag for tag in word if tag >= 0] for word in scored.tolist()] == [
        [0, 2], [], [1], [0, 1, 2],
    ]  # fmt: skip


def test_the_loss_of_sets_is_the_mean_log_loss_of_words():
    scores = torch.tensor([[[9.0, 9.0], [2.0, -1.0], [0.0, 0.0]]])
    tags = torch.tensor([[[-100, -100], [0, -1], [-1, -1]]])
    loss = KINDS["feature_tagging"].loss(torch.nn.Identity(), scores, {"tag": tags})
    first = np.log1p(np.exp(-2)) + np.log1p(np.exp(-1))
    assert loss.item() == pytest.approx((first + 2 * np.log(2)) / 2)


def test_words_that_all_lack_features_are_trained_on(tiny_tasks, tiny_encoder, tmp_path):
    task, kind = tiny_tasks["feature_tagging"], KINDS["feature_tagging"]
    rows = datasets.Dataset.from_dict({"id": ["0"], "tokens": [["w1", "w2"]], "tags": [[[], []]]})
    data = encode(task, rows, tiny_encoder, tmp_path)
    batch = kind.collate(data.take(np.arange(1)), tiny_encoder.pad_id)
    loss = kind.loss(head_for(task, tiny_encoder), torch.zeros(1, 4, 32), batch)
    assert loss.item() == pytest.approx(3 * np.log(2))


@pytest.mark.parametrize(("metric", "best"), [("feature_f1", 0.8), ("exact_match", 0.5)])
def test_the_best_constant_set_depends_on_the_metric(metric, best, tiny_tasks):
    task = replace(tiny_tasks["feature_tagging"], metric=metric)
    rows = {"tags": [[[0], [0], [0, 1]], [[0, 1, 2]]]}
    assert KINDS["feature_tagging"].majority(task, rows, {}) == pytest.approx(best)


def test_a_batch_without_labelled_words_has_no_loss(tiny_tasks, tiny_encoder):
    head = head_for(tiny_tasks["tagging"], tiny_encoder)
    batch = {"tag": torch.full((2, 3), -100)}
    assert KINDS["tagging"].loss(head, torch.zeros(2, 3, 32), batch).item() == 0.0


def test_answers_behind_the_first_window_are_found(tiny_tasks, tiny_encoder, tmp_path):
    context = " ".join([f"w{i % 30}" for i in range(100)] + ["x7", "x8", "w1"])
    rows = datasets.Dataset.from_dict(
        {
            "id": ["0"],
            "context": [context],
            "question": ["what ?"],
            "answers": [["x7 x8"]],
            "answer_starts": [[context.index("x7")]],
        }
    )
    task = tiny_tasks["span_qa"]
    data = encode(task, rows, tiny_encoder, tmp_path, max_length=24)
    start = np.asarray(data.columns["start"])
    assert len(data) > 5
    assert start[0] == 0
    assert (start > 0).any()
    assert int(data.lengths.max()) <= 24
    predicted = KINDS["span_qa"].decode(task, rows, data.columns, gold_outputs("span_qa", data))
    assert predicted == ["x7 x8"]


def test_no_answer_wins_only_where_the_task_allows_it(
    tiny_tasks, tiny_rows, tiny_encoder, tmp_path
):
    rows = tiny_rows("span_qa", 5)
    data = encode(tiny_tasks["span_qa"], rows, tiny_encoder, tmp_path)
    outputs = gold_outputs("span_qa", data) | {"none": np.full(len(data), 2.0)}
    allowed = replace(tiny_tasks["span_qa"], unanswerable=True)
    decode = KINDS["span_qa"].decode
    assert decode(allowed, rows, data.columns, outputs) == [""] * 5
    assert "" not in decode(tiny_tasks["span_qa"], rows, data.columns, outputs)


def test_a_question_without_answer_is_trained_and_scored(tiny_tasks, tiny_encoder, tmp_path):
    task = replace(tiny_tasks["span_qa"], unanswerable=True)
    context = " ".join(f"w{i % 30}" for i in range(60))
    rows = datasets.Dataset.from_dict(
        {
            "id": ["0", "1"],
            "context": [context, context],
            "question": ["what ?", "key ?"],
            "answers": [[], ["w3"]],
            "answer_starts": [[], [context.index("w3")]],
        }
    )
    kind, data = KINDS["span_qa"], encode(task, rows, tiny_encoder, tmp_path, max_length=24)
    mine = np.asarray(data.columns["row"]) == 0
    assert mine.sum() > 1
    assert not np.asarray(data.columns["start"])[mine].any()
    batch = kind.collate(data.take(np.arange(len(data))), tiny_encoder.pad_id)
    assert kind.loss(head_for(task, tiny_encoder), tiny_encoder.read(batch), batch).isfinite()
    predicted = kind.decode(task, rows, data.columns, gold_outputs("span_qa", data))
    assert predicted == ["", "w3"]
    assert kind.score(task, "en", rows, predicted)["qa"] == 1.0
    assert kind.score(task, "en", rows, ["w3", ""])["qa"] == 0.0
    assert kind.majority(task, rows, data.columns) == 0.5


@pytest.mark.parametrize(("metric", "exact"), [("qa", 0.0), ("mlqa", 1.0)])
def test_answers_are_compared_as_the_metric_normalises_them(metric, exact, tiny_tasks):
    task = replace(tiny_tasks["span_qa"], metric=metric)
    rows = {"id": ["0"], "context": ["die Donau"], "answers": [["Donau"]]}
    scores = KINDS["span_qa"].score(task, "de", rows, ["die Donau"])
    assert scores["exact_match"] == exact
    assert scores[metric] == (scores["exact_match"] + scores["f1"]) / 2


def test_best_span_lies_in_the_context_and_is_the_exact_maximum(
    tiny_tasks, tiny_rows, tiny_encoder, tmp_path
):
    task = tiny_tasks["span_qa"]
    data = encode(task, tiny_rows("span_qa", 20), tiny_encoder, tmp_path)
    head = head_for(task, tiny_encoder)
    outputs, batch = said(tiny_encoder, task, head, data.take(np.arange(20)))
    with torch.inference_mode():
        scores = head(tiny_encoder.read(batch))
    for i in range(20):
        first, size = int(batch["context"][i]), int(batch["size"][i])
        spans = {
            (s, e): float(scores[i, first + s, 0] + scores[i, first + e, 1])
            for s in range(size)
            for e in range(s, min(size, s + 30))
        }
        best = max(spans, key=spans.__getitem__)
        assert (int(outputs["start"][i]), int(outputs["end"][i])) == best
        assert float(outputs["score"][i]) == pytest.approx(spans[best])


def test_a_question_longer_than_the_sequence_is_cut(tiny_tasks, tiny_encoder, tmp_path):
    rows = datasets.Dataset.from_dict(
        {
            "id": ["0"],
            "context": ["w1 x7 w2"],
            "question": ["what " * 90],
            "answers": [["x7"]],
            "answer_starts": [[3]],
        }
    )
    data = encode(tiny_tasks["span_qa"], rows, tiny_encoder, tmp_path)
    assert data.lengths.tolist() == [1 + 10 + 2 + 3 + 1]
    assert data.columns["start"].tolist() == [14]


def test_rows_with_another_number_of_choices_are_refused(tiny_tasks, tiny_encoder, tmp_path):
    rows = datasets.Dataset.from_dict(
        {"id": ["0"], "context": ["w1"], "question": [""], "choices": [["w2", "w3"]], "label": [0]}
    )
    with pytest.raises(ValueError, match=r"has 2 choices, .* declares 3 labels"):
        encode(tiny_tasks["multiple_choice"], rows, tiny_encoder, tmp_path)


def test_choices_of_a_row_are_scored_by_themselves(tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    task, rows = tiny_tasks["multiple_choice"], tiny_rows("multiple_choice", 10)
    data = encode(task, rows, tiny_encoder, tmp_path)
    batch = KINDS["multiple_choice"].collate(data.take(np.arange(10)), tiny_encoder.pad_id)
    texts = tiny_encoder.tokenizer.batch_decode(batch["input_ids"], skip_special_tokens=True)
    wanted = [f"{row['context']} what ? {choice}" for row in rows for choice in row["choices"]]
    assert texts == wanted


def test_sentences_find_themselves(tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    task = tiny_tasks["retrieval"]
    rows = tiny_rows("retrieval", 40)
    same = rows.remove_columns("source").add_column("source", list(rows["target"]))
    for data, found in [(same, 1.0), (rows, None)]:
        features = encode(task, data, tiny_encoder, tmp_path / str(found))
        score = evaluate(tiny_encoder, None, task, "xx", data, features).metrics
        assert (score["retrieval_accuracy"] == 1.0) == (found == 1.0)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "language", "least"),
    [("udpos", "fa", 1.0), ("panx", "ja", 1.0), ("xquad", "el", 1.0), ("xquad", "zh", 0.99)],
)
def test_gold_of_real_rows_decodes(name, language, least, shared_folder, tmp_path):
    # Below 1.0 only where a sub-word of the real tokenizer crosses the end of an answer.
    task, mirror = get_task(name), shared_folder / "hub"
    encoder = load_encoder("local/xlmr-micro", mirror=mirror)
    rows = load_rows(task, language, "search", mirror=mirror)
    data = encode(task, rows, encoder, tmp_path, encoder.max_length(task))
    assert len(data) > len(rows)
    kind = KINDS[task.kind]
    predictions = kind.decode(task, rows, data.columns, gold_outputs(task.kind, data, rows))
    assert kind.score(task, language, rows, predictions)[task.metric] >= least


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_gold_of_every_real_task_scores_one(name, in_mirror, shared_folder, tmp_path):
    task, mirror = in_mirror(name), shared_folder / "hub"
    encoder, kind = load_encoder("local/xlmr-micro", mirror=mirror), KINDS[task.kind]
    split = "dev" if task.role == "intermediate" else "search"
    language = available_languages(task, split, mirror)[0]
    rows = load_rows(task, language, split, mirror=mirror).select(range(20))
    data = encode(task, rows, encoder, tmp_path, encoder.max_length(task))
    predictions = kind.decode(task, rows, data.columns, gold_outputs(task.kind, data, rows))
    assert kind.score(task, language, rows, predictions)[task.metric] == 1.0


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", [name for name in REAL if TASKS[name].train_size and not TASKS[name].train_task]
)
def test_every_real_task_learns_a_fixed_batch(name, in_mirror, shared_folder, tmp_path):
    task, mirror = in_mirror(name), shared_folder / "hub"
    encoder, kind = load_encoder("local/xlmr-micro", mirror=mirror), KINDS[task.kind]
    rows = load_rows(task, "en", "train", mirror=mirror).select(range(4))
    data = encode(task, rows, encoder, tmp_path, min(128, encoder.max_length(task)))
    batch = kind.collate(data.take(np.arange(4)), encoder.pad_id)
    head = head_for(task, encoder)
    encoder.model.eval()
    weights = [*encoder.model.parameters(), *head.parameters()]
    optimizer, losses = torch.optim.AdamW(weights, lr=1e-3), []
    for _ in range(10):
        loss = kind.loss(head, encoder.read(batch), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_mean_pooling_is_the_mean_over_real_tokens():
    hidden = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [100.0, 100.0]]])
    assert mean_pooled(hidden, torch.tensor([[1, 1, 0]])).tolist() == [[2.0, 4.0]]
