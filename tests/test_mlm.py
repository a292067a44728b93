"""Masked language modelling: BERT's shares, a tied head, the checkpoint's own head as its start."""

import shutil

import datasets
import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

from trainables.encoded import encoded
from trainables.encoder import LM_HEAD_TENSORS, encoder_key, load_encoder
from trainables.evaluate import evaluate
from trainables.kinds import KINDS
from trainables.row_checks import faults
from trainables.streams import stream
from trainables.tasks import get_task

MLM = KINDS["mlm"]


@pytest.fixture
def task(tiny_tasks):
    return tiny_tasks["mlm"]


@pytest.fixture(scope="session")
def pretrained_folder(tiny_folder, tmp_path_factory):
    """The tiny encoder's form with an LM head, as transformers pretrains and saves it."""
    folder = tmp_path_factory.mktemp("with-head") / "encoder"
    shutil.copytree(tiny_folder, folder)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = XLMRobertaForMaskedLM(XLMRobertaConfig.from_pretrained(tiny_folder))
        with torch.no_grad():
            for tensor in model.lm_head.parameters():
                tensor.normal_(std=0.3)
    model.save_pretrained(folder)
    return folder


def rows_of(*texts):
    return datasets.Dataset.from_dict({"id": list(map(str, range(len(texts)))), "text": texts})


def encode(texts, task, encoder, max_length=64):
    columns = {"row": list(range(len(texts))), "text": list(texts)}
    found = MLM.encode(columns, task, encoder.tokenizer, max_length)
    return {
        name: [np.asarray(found[name][i]).tolist() for i in range(len(texts))] for name in found
    }


def head_of(encoder, task):
    return MLM.new_head(task, encoder, stream(1, task.name, "head"))


def batch_of(texts, task, encoder, folder):
    data = encoded(rows_of(*texts), task, encoder.tokenizer, 32, folder, "rows")
    return MLM.collate(data.take(np.arange(len(data))), encoder.pad_id)


def test_tokens_are_asked_for_and_hidden_in_the_shares_of_bert(task, tiny_encoder):
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in rng.integers(30, size=60)) for _ in range(2000)]
    found = encode(texts, task, tiny_encoder)
    plain = tiny_encoder.tokenizer(texts)["input_ids"]
    fates = {"mask": 0, "other": 0, "kept": 0}
    for ids, shown, position, original in zip(
        plain, found["input_ids"], found["position"], found["original"], strict=True
    ):
        assert len(position) == round(0.15 * 60)
        assert [ids[i] for i in position] == original
        assert position == sorted(set(position))
        rest = set(range(len(ids))) - set(position)
        assert {0, len(ids) - 1} <= rest
        assert all(ids[i] == shown[i] for i in rest)
        for i in position:
            hidden = shown[i] == tiny_encoder.tokenizer.mask_token_id
            fates["mask" if hidden else "kept" if shown[i] == ids[i] else "other"] += 1
    total = sum(fates.values())
    assert fates["mask"] / total == pytest.approx(0.8, abs=0.01)
    assert fates["other"] / total == pytest.approx(0.1, abs=0.01)
    assert fates["kept"] / total == pytest.approx(0.1, abs=0.01)


def test_the_mask_depends_on_the_tokens_alone(task, tiny_encoder):
    texts = [f"w{i} w{i + 1} x{i} w3 x7 w9 x1 w2" for i in range(20)]
    straight, backwards = (encode(t, task, tiny_encoder) for t in (texts, texts[::-1]))
    for column in ("input_ids", "position", "original"):
        assert straight[column] == backwards[column][::-1]
    assert len({tuple(position) for position in straight["position"]}) > 3


def test_a_short_text_is_asked_for_one_token_and_one_of_unknown_words_for_none(
    task, tiny_encoder, tmp_path
):
    texts = ["w1", "w1 w2", "strange words"]
    assert [len(p) for p in encode(texts, task, tiny_encoder)["position"]] == [1, 1, 0]
    head = head_of(tiny_encoder, task)
    batch = batch_of(texts[2:], task, tiny_encoder, tmp_path / "a")
    loss = MLM.loss(head, tiny_encoder.read(batch), batch)
    loss.backward()
    assert loss.item() == 0.0
    rows = rows_of(*texts[2:])
    data = encoded(rows, task, tiny_encoder.tokenizer, 32, tmp_path / "a", "rows")
    assert evaluate(tiny_encoder, head, task, "en", rows, data).metrics == {"mlm_accuracy": 0.0}
    assert MLM.majority(task, rows, data.columns) == 0.0


def test_a_tokenizer_without_a_mask_token_is_refused(task, tiny_encoder):
    tiny_encoder.tokenizer.mask_token = None
    with pytest.raises(ValueError, match="no mask token"):
        encode(["w1"], task, tiny_encoder)


def test_accuracy_and_majority_count_asked_tokens(task):
    predictions = [[(7, 7), (8, 9), (7, 1)], [(7, 7)]]
    assert MLM.score(task, "en", {}, predictions) == {"mlm_accuracy": 0.5}


def test_the_decoder_is_the_encoders_own_embeddings(task, tiny_encoder, tmp_path):
    head = head_of(tiny_encoder, task)
    assert set(head.state_dict()) == set(LM_HEAD_TENSORS)
    words = tiny_encoder.model.get_input_embeddings().weight
    assert all(parameter is not words for parameter in head.parameters())
    batch = batch_of(["w1 w2 w3"], task, tiny_encoder, tmp_path)
    hidden = tiny_encoder.read(batch).detach()
    MLM.loss(head, hidden, batch).backward()
    assert words.grad is not None and words.grad.abs().sum() > 0
    before = head(hidden)
    with torch.no_grad():
        words.mul_(2.0)
    torch.testing.assert_close(head(hidden), 2 * before)


def logits_of_both(folder, encoder, task, texts):
    """Ours and those of transformers' own model, at every token."""
    head = head_of(encoder, task)
    inputs = encoder.tokenizer(texts, padding=True, return_tensors="pt")
    theirs = XLMRobertaForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval()
    encoder.model.eval(), head.eval()
    with torch.inference_mode():
        return head(encoder.read(inputs)), theirs(**inputs).logits


def test_a_stage_starts_from_the_checkpoints_own_head(pretrained_folder, task):
    encoder = load_encoder(str(pretrained_folder))
    ours, theirs = logits_of_both(pretrained_folder, encoder, task, ["w1 w2 x3", "w4"])
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.shared
def test_the_small_real_encoder_starts_from_its_own_head(shared_folder, tmp_path):
    encoder = load_encoder("local/xlmr-micro", mirror=shared_folder / "hub")
    folder = shared_folder / "hub/models/local/xlmr-micro"
    texts = ["Die Donau ist ein Fluss in Europa.", "The river is long."]
    ours, theirs = logits_of_both(folder, encoder, get_task("mini-mlm"), texts)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_the_head_is_part_of_the_encoders_name_and_all_or_nothing(pretrained_folder, tmp_path):
    whole = load_encoder(str(pretrained_folder))
    assert set(whole.lm_head) == set(LM_HEAD_TENSORS)
    keys = [encoder_key(whole)]
    for change in ("other", "torn"):
        folder = tmp_path / change
        shutil.copytree(pretrained_folder, folder)
        tensors = load_file(folder / "model.safetensors")
        if change == "other":
            tensors["lm_head.dense.bias"] += 1.0
        else:
            del tensors["lm_head.dense.bias"]
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        found = load_encoder(str(folder))
        assert bool(found.lm_head) == (change == "other")
        keys.append(encoder_key(found))
    assert len(set(keys)) == 3


def test_a_head_in_several_files_is_found(pretrained_folder, tmp_path):
    shutil.copytree(pretrained_folder, tmp_path / "sharded")
    (tmp_path / "sharded/model.safetensors").unlink()
    model = XLMRobertaForMaskedLM.from_pretrained(pretrained_folder)
    model.save_pretrained(tmp_path / "sharded", max_shard_size="20KB")
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 1
    one, many = load_encoder(str(pretrained_folder)), load_encoder(str(tmp_path / "sharded"))
    assert encoder_key(one) == encoder_key(many)


def test_a_text_without_letters_is_refused(task):
    rows = pa.table({"id": ["0", "1", "2"], "text": ["w1", " ", None]})
    assert [(fault.row, fault.what) for fault in faults(rows, task)] == [
        (1, "its text is empty"),
        (2, "text is missing or has no meaning here"),
    ]
