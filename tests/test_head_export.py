"""An exported task model gives the logits that our encoder and head give."""

import numpy as np
import pytest
import torch
import transformers

from trainables.encoded import encoded
from trainables.encoder import load_encoder
from trainables.head_export import _CLASSES, NAMES, save_with_head, task_model_class
from trainables.kinds import KINDS
from trainables.streams import stream

KINDS_WITH_HEAD = sorted(set(_CLASSES) - {"dual_encoder"})
FIXTURES = {"xlm-roberta": "tiny_folder", "bert": "tiny_bert_folder"}


@pytest.mark.parametrize("family", sorted(FIXTURES))
@pytest.mark.parametrize("name", KINDS_WITH_HEAD)
def test_exported_model_gives_equal_logits(name, family, request, tiny_tasks, tiny_rows, tmp_path):
    encoder = load_encoder(str(request.getfixturevalue(FIXTURES[family])))
    task, rows = tiny_tasks[name], tiny_rows(name, 6)
    generator = stream(1, task.name, "head")
    head = KINDS[name].new_head(task, encoder, generator)
    with torch.no_grad():
        head.out.bias.normal_(generator=generator)
    data = encoded(rows, task, encoder.tokenizer, 32, tmp_path, "rows")
    batch = KINDS[name].collate(data.take(np.arange(len(data))), encoder.pad_id)
    inputs = {k: v for k, v in batch.items() if k.endswith(("ids", "mask"))}
    assert ("token_type_ids" in inputs) == (family == "bert")

    save_with_head(tmp_path / "model", encoder, head, task)
    model = getattr(transformers, _CLASSES[name]).from_pretrained(
        tmp_path / "model", use_safetensors=True
    )
    encoder.model.eval(), head.eval(), model.eval()
    with torch.inference_mode():
        ours = head(encoder.read(batch))
        if name == "multiple_choice":
            ours = ours.view(6, 3)
            inputs = {k: v.view(6, 3, -1) for k, v in inputs.items()}
        theirs = model(**inputs)
    if name == "span_qa":
        logits = torch.stack([theirs.start_logits, theirs.end_logits], dim=-1)
    else:
        logits = theirs.logits
    torch.testing.assert_close(logits, ours, atol=1e-6, rtol=1e-5)
    multi_label = model.config.problem_type == "multi_label_classification"
    assert multi_label == (name == "feature_tagging")
    if name in ("classification", "tagging", "feature_tagging"):
        assert tuple(model.config.id2label.values()) == task.labels
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    assert len(tokenizer("w1 " * 40)["input_ids"]) == 42


def test_every_kind_of_a_trained_target_can_be_exported():
    assert set(_CLASSES) == {name for name, kind in KINDS.items() if kind.trains} - {"mlm"}


def test_a_dual_encoder_is_its_encoder_alone(tiny_encoder, tiny_tasks, tmp_path):
    task = tiny_tasks["dual_encoder"]
    head = KINDS["dual_encoder"].new_head(task, tiny_encoder, stream(1, task.name, "head"))
    save_with_head(tmp_path / "model", tiny_encoder, head, task)
    read = getattr(transformers, task_model_class(task)).from_pretrained(tmp_path / "model")
    ids = torch.tensor([[0, 9, 12, 2]])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    tiny_encoder.model.eval(), read.eval()
    with torch.inference_mode():
        torch.testing.assert_close(read(**batch).last_hidden_state, tiny_encoder.read(batch))


def test_unknown_families_are_refused(tiny_encoder, tiny_tasks, tmp_path):
    tiny_encoder.model.config.model_type = "gpt2"
    with pytest.raises(ValueError, match=rf"'gpt2'.*{', '.join(NAMES)}"):
        save_with_head(tmp_path, tiny_encoder, torch.nn.Identity(), tiny_tasks["tagging"])


@pytest.mark.parametrize("name", ["retrieval", "mlm"])
def test_kinds_that_are_no_trained_target_have_no_head_to_export(
    name, tiny_encoder, tiny_tasks, tmp_path
):
    with pytest.raises(ValueError, match="no head to export"):
        save_with_head(tmp_path, tiny_encoder, torch.nn.Identity(), tiny_tasks[name])
