"""How does a trained encoder with its head leave as a Hugging Face task model?

The folder loads with `AutoModelFor…` and gives the same logits: our heads have the form of the
task models of the RoBERTa and BERT families, only the names differ. A dual encoder's head has no
weights: its encoder is the whole model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers
from torch import nn

from trainables.encoder import Encoder
from trainables.tasks.task import KindName, Task

_CLASSES: dict[KindName, str] = {
    "classification": "AutoModelForSequenceClassification",
    "multiple_choice": "AutoModelForMultipleChoice",
    "span_qa": "AutoModelForQuestionAnswering",
    "tagging": "AutoModelForTokenClassification",
    "feature_tagging": "AutoModelForTokenClassification",
    "dual_encoder": "AutoModel",
}
_POOLED = {"dense": "{base}.pooler.dense", "out": "classifier"}
_TOKENS: dict[KindName, dict[str, str]] = {
    "span_qa": {"out": "qa_outputs"},
    "tagging": {"out": "classifier"},
    "feature_tagging": {"out": "classifier"},
}
_ROBERTA: dict[KindName, dict[str, str]] = {
    "classification": {"dense": "classifier.dense", "out": "classifier.out_proj"},
    "multiple_choice": _POOLED,
    **_TOKENS,
}
_BERT: dict[KindName, dict[str, str]] = {
    "classification": _POOLED,
    "multiple_choice": _POOLED,
    **_TOKENS,
}
NAMES = {"xlm-roberta": _ROBERTA, "roberta": _ROBERTA, "bert": _BERT}
"""model_type -> kind -> our part of a head -> the task model's; `{base}` is the encoder's name."""


def save_with_head(folder: Path, encoder: Encoder, head: nn.Module, task: Task) -> None:
    """Write a Hugging Face folder: configuration, weights (safetensors), tokenizer.

    A head without weights is left out: then it is the folder of `save_encoder`.

    Raises:
        ValueError: for a family of encoders, or a kind, without a known task model.
    """
    config = encoder.model.config
    if _CLASSES.get(task.kind) == "AutoModel":
        save_encoder(folder, encoder)
        return
    if config.model_type not in NAMES:
        raise ValueError(
            f"{encoder.name} is of the family {config.model_type!r}, of which no head can be "
            f"exported; known: {', '.join(NAMES)}; export the encoder alone instead"
        )
    if task.kind not in _CLASSES:
        raise ValueError(f"{task.name} is a {task.kind} task, which has no head to export")
    model = _task_model(encoder, task)
    base = model.base_model_prefix
    weights = {f"{base}.{name}": t for name, t in encoder.model.state_dict().items()}
    names = NAMES[config.model_type][task.kind]
    for name, tensor in head.state_dict().items():
        part, rest = name.split(".", 1)
        weights[f"{names[part].format(base=base)}.{rest}"] = tensor
    model.load_state_dict(weights, strict=True)
    model.save_pretrained(folder)
    save_tokenizer(folder, encoder)


def task_model_class(task: Task) -> str:
    """Name of the transformers class that loads a task's exported model."""
    return _CLASSES[task.kind]


def save_encoder(folder: Path, encoder: Encoder) -> None:
    """Write the encoder alone as a Hugging Face folder that `load_encoder` reads."""
    encoder.model.save_pretrained(folder)
    save_tokenizer(folder, encoder)


def save_tokenizer(folder: Path, encoder: Encoder) -> None:
    """Write the tokenizer without the truncation of the last call."""
    encoder.tokenizer.backend_tokenizer.no_truncation()
    encoder.tokenizer.backend_tokenizer.no_padding()
    encoder.tokenizer.save_pretrained(folder)


def _task_model(encoder: Encoder, task: Task) -> Any:
    named = task.kind in ("classification", "tagging", "feature_tagging")
    labels = task.labels if named else ()
    config = type(encoder.model.config).from_dict(encoder.model.config.to_dict())
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
    if task.kind == "feature_tagging":
        config.problem_type = "multi_label_classification"  # transformers' word for such logits
    return getattr(transformers, _CLASSES[task.kind]).from_config(config)
