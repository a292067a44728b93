"""Encoders come from packages, mirrors and folders, as safetensors, and are named by content."""

import json
import shutil

import pytest
import torch
from huggingface_hub import constants

from trainables.encoder import (
    EncoderError,
    encoder_folder,
    encoder_key,
    encoder_tensors,
    load_encoder,
    load_tensors,
)
from trainables.head_export import save_encoder


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def mirror(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "mirror" / "models" / "org" / "tiny-encoder")
    return tmp_path / "mirror"


def edit_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_mirror_comes_first(mirror):
    folder = encoder_folder("org/tiny-encoder", mirror=mirror)
    assert folder == mirror / "models/org/tiny-encoder"
    assert load_encoder("org/tiny-encoder", mirror=mirror).hidden_size == 32


def test_missing_encoder_names_the_nearest(mirror, offline):
    with pytest.raises(EncoderError, match=r"no encoder 'org/tiny-encodr'.*did you mean org/tiny-"):
        load_encoder("org/tiny-encodr", mirror=mirror)


@pytest.mark.parametrize("name", ["../models/org/tiny-encoder", "/nowhere/at/all", "a/b/c"])
def test_names_that_leave_the_mirror_are_refused(name, mirror, offline):
    with pytest.raises(EncoderError, match=r"folder with a config\.json is wanted"):
        load_encoder(name, mirror=mirror)


def test_missing_mirror_is_said(tmp_path, offline):
    with pytest.raises(EncoderError, match="is not a folder"):
        load_encoder("org/tiny", mirror=tmp_path / "none")


def test_pickled_weights_are_never_read(tiny_folder, tmp_path):
    folder = tmp_path / "pickled"
    shutil.copytree(tiny_folder, folder)
    weights = encoder_tensors(load_encoder(str(folder)).model)
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="cannot be read"):
        load_encoder(str(folder))


def test_torn_weights_are_said(tiny_folder, tmp_path):
    folder = tmp_path / "torn"
    shutil.copytree(tiny_folder, folder)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EncoderError, match="cannot be read"):
        load_encoder(str(folder))


def test_weights_that_are_not_there_are_never_drawn_at_random(tiny_folder, tmp_path):
    folder = tmp_path / "lacking"
    shutil.copytree(tiny_folder, folder)
    edit_json(folder / "config.json", num_hidden_layers=3)
    with pytest.raises(EncoderError, match=r"weights are not in its files, encoder\.layer\.2\."):
        load_encoder(str(folder))


def test_loading_is_silent(tiny_folder, capfd, caplog):
    load_encoder(str(tiny_folder))
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_weights_go_out_and_in(tiny_folder):
    one, two = load_encoder(str(tiny_folder)), load_encoder(str(tiny_folder))
    with torch.no_grad():
        for parameter in one.model.parameters():
            parameter.add_(0.5)
    taken = encoder_tensors(one.model)
    load_tensors(two.model, taken)
    assert encoder_key(one) == encoder_key(two)
    with torch.no_grad():
        next(one.model.parameters()).zero_()
    assert encoder_key(one) != encoder_key(two)
    load_tensors(one.model, taken)
    assert encoder_key(one) == encoder_key(two)


def test_weights_of_another_model_are_refused(tiny_encoder):
    weights = encoder_tensors(tiny_encoder.model)
    weights.popitem()
    with pytest.raises(ValueError, match="another model"):
        load_tensors(tiny_encoder.model, weights)


def test_key_is_of_the_content_not_of_place_or_use(tiny_folder, tmp_path):
    encoder = load_encoder(str(tiny_folder))
    key = encoder_key(encoder)
    shutil.copytree(tiny_folder, tmp_path / "elsewhere")
    assert encoder_key(load_encoder(str(tmp_path / "elsewhere"))) == key
    encoder.tokenizer(["w1 w2", "w3"], truncation=True, max_length=3, padding=True)
    assert encoder_key(encoder) == key
    save_encoder(tmp_path / "saved", encoder)
    assert encoder_key(load_encoder(str(tmp_path / "saved"))) == key


def test_every_ingredient_changes_the_key(tiny_folder, tmp_path):
    keys = [encoder_key(load_encoder(str(tiny_folder)))]
    for ingredient in ("heads", "vocabulary", "weights"):
        folder = tmp_path / ingredient
        shutil.copytree(tiny_folder, folder)
        if ingredient == "heads":
            edit_json(folder / "config.json", num_attention_heads=4)
        if ingredient == "vocabulary":
            text = (folder / "tokenizer.json").read_text()
            (folder / "tokenizer.json").write_text(text.replace('"w7"', '"w777"'))
        if ingredient == "weights":
            data = bytearray((folder / "model.safetensors").read_bytes())
            data[len(data) // 2] ^= 1
            (folder / "model.safetensors").write_bytes(data)
        keys.append(encoder_key(load_encoder(str(folder))))
    keys.append(encoder_key(load_encoder(str(tiny_folder), retrieval_layer=2)))
    assert len(set(keys)) == 5


def test_retrieval_layer_travels_with_the_folder(tiny_folder, tmp_path):
    encoder = load_encoder(str(tiny_folder), retrieval_layer=2)
    save_encoder(tmp_path / "saved", encoder)
    assert load_encoder(str(tmp_path / "saved")).view().layer == 2
    assert load_encoder(str(tiny_folder)).view().layer == 1
    with pytest.raises(EncoderError, match="layers 0 to 2"):
        load_encoder(str(tiny_folder), retrieval_layer=3)


def test_longest_sequence_can_be_read(tiny_folder, tiny_bert_folder):
    for folder in (tiny_folder, tiny_bert_folder):
        encoder = load_encoder(str(folder))
        ids = torch.full((1, encoder.max_tokens), 7)
        hidden = encoder.read({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        assert hidden.shape == (1, 64, 32)


def test_hidden_layers_are_counted_from_the_embeddings(tiny_encoder):
    tiny_encoder.model.eval()
    ids = torch.tensor([[0, 9, 2]])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    embeddings = tiny_encoder.model.embeddings(ids)
    torch.testing.assert_close(tiny_encoder.read(batch, 0), embeddings)
    torch.testing.assert_close(tiny_encoder.read(batch, 2), tiny_encoder.read(batch))


@pytest.mark.shared
def test_the_small_real_encoder_loads(shared_folder):
    encoder = load_encoder("local/xlmr-micro", mirror=shared_folder / "hub")
    assert encoder.view().layer == 3
    assert encoder.max_tokens == 384
    assert {p.dtype for p in encoder.model.parameters()} == {torch.float32}
