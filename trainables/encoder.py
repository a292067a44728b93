"""Which pretrained encoder, and what is its name by content? Loading, weights in and out, hash.

Weights are read from safetensors only and no code comes with a model. The encoder stands alone:
no pooler and no head, since heads are fresh for every stage (peers.md 3.7). The LM head of its
checkpoint is kept beside it: masked language modelling starts from there (`kinds/mlm.py`).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from huggingface_hub import snapshot_download
from huggingface_hub.utils.tqdm import disable_progress_bars
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from trainables.sentence_views import ANY, VIEWS, SentenceView, Views, at_layer
from trainables.tasks.task import Task

PACKAGED = {"miniworld": "encoder"}
"""Encoder of the embedded world: its folder in `trainables/miniworld/`."""

_LM_HEAD = "lm_head."
LM_HEAD_TENSORS = ("dense.weight", "dense.bias", "layer_norm.weight", "layer_norm.bias", "bias")
"""Of XLM-R's LM head, after `lm_head.`; its decoder is tied to the input embeddings."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_FILES = ["*.json", "*.safetensors", "*.model", "vocab.txt", "merges.txt"]
_LOCAL = {"local_files_only": True, "trust_remote_code": False}
_VOLATILE = ("_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version")


class EncoderError(ValueError):
    """The encoder cannot be had; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """An encoder in memory. Training changes `model` in place; the rest stays as it is."""

    name: str
    model: Any
    """An AutoModel in float32 without pooler."""
    tokenizer: Any
    """A fast tokenizer."""
    hidden_size: int
    dropout: float
    """Of a head on it, the encoder's own."""
    max_tokens: int
    """Longest sequence, special tokens included."""
    views: Views
    """How targets that are not trained read a sentence."""
    lm_head: Mapping[str, Tensor] = field(default_factory=dict)
    """`LM_HEAD_TENSORS` on the CPU, as pretrained; empty if the checkpoint brings none."""

    @property
    def pad_id(self) -> int:
        """Token id of padding."""
        return int(self.tokenizer.pad_token_id)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    def read(self, batch: Mapping[str, Tensor], layer: int | None = None) -> Tensor:
        """Hidden states (sequences, tokens, hidden): the last, or hidden_states[layer]."""
        return self.read_all(batch, (layer,))[0]

    def read_all(self, batch: Mapping[str, Tensor], layers: Sequence[int | None]) -> list[Tensor]:
        """The same at several layers, in one forward pass."""
        inputs = {name: batch[name] for name in _INPUTS if name in batch}
        every = any(layer is not None for layer in layers)
        said = self.model(**inputs, output_hidden_states=True) if every else self.model(**inputs)
        return [
            said.last_hidden_state if layer is None else said.hidden_states[layer]
            for layer in layers
        ]

    def view(self, target: str = ANY) -> SentenceView:
        """How a target reads a sentence; by default most of them."""
        return self.views.get(target, self.views[ANY])

    def at_layer(self, layer: int) -> Encoder:
        """The same encoder read at one layer by every target, each pooled as before.

        Raises:
            EncoderError: if it has no such layer.
        """
        views = at_layer(self.views, layer)
        _check_layers(self.name, self.model.config, views)
        return replace(self, views=views)

    def layers(self, wanted: Sequence[int] | Literal["all"]) -> list[int]:
        """The numbers of hidden layers, `all` of them without the embeddings.

        Raises:
            EncoderError: if it lacks one of them.
        """
        if wanted == "all":
            return list(range(1, self.model.config.num_hidden_layers + 1))
        for layer in wanted:
            _check_layers(self.name, self.model.config, {ANY: SentenceView(layer)})
        return sorted(set(wanted))

    def max_length(self, task: Task) -> int:
        """Tokens of a task's examples: what it asks for, or what the encoder can read."""
        return min(task.max_length, self.max_tokens)


def load_encoder(
    name: str,
    *,
    revision: str | None = None,
    mirror: Path | None = None,
    device: str = "cpu",
    retrieval_layer: int | None = None,
) -> Encoder:
    """Load an encoder by the name of a packaged one, hub id, or folder.

    Args:
        name: `miniworld`, `org/name`, or the path of a folder.
        revision: commit or tag on the hub.
        mirror: folder whose `models/<org>/<name>` is looked at before the hub.
        device: decides the attention: on a CPU the plain one, of which the bits are the same
            every time; elsewhere the fused one.
        retrieval_layer: for all targets, instead of the encoder's own.

    Raises:
        EncoderError: if there is no such encoder, it cannot be read, or lacks the layer.
    """
    disable_progress_bars()
    folder = encoder_folder(name, revision=revision, mirror=mirror)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, **_LOCAL)
        model = _load_model(folder, "eager" if torch.device(device).type == "cpu" else "sdpa")
        lm_head = _lm_head(folder)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise EncoderError(f"the encoder {name!r} in {folder} cannot be read: {error}") from error
    _check_tokenizer(name, tokenizer)
    config = model.config
    views = _views(name, config)
    if retrieval_layer is not None:
        views = at_layer(views, retrieval_layer)
    _check_layers(name, config, views)
    config.sentence_views = {target: asdict(view) for target, view in views.items()}
    return Encoder(
        name=name,
        model=model.to(device),
        tokenizer=tokenizer,
        hidden_size=config.hidden_size,
        dropout=float(getattr(config, "hidden_dropout_prob", 0.1)),
        max_tokens=_max_tokens(tokenizer, config),
        lm_head=lm_head,
        views=views,
    )


def load_tokenizer(
    name: str, *, revision: str | None = None, mirror: Path | None = None
) -> tuple[Any, int]:
    """An encoder's fast tokenizer, and the most tokens that it reads, without its weights.

    Raises:
        EncoderError: if there is no such encoder, or it cannot be read.
    """
    folder = encoder_folder(name, revision=revision, mirror=mirror)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, **_LOCAL)
        config = AutoConfig.from_pretrained(folder, **_LOCAL)
    except (OSError, ValueError, KeyError) as error:
        raise EncoderError(f"the encoder {name!r} in {folder} cannot be read: {error}") from error
    _check_tokenizer(name, tokenizer)
    return tokenizer, _max_tokens(tokenizer, config)


def encoder_folder(name: str, *, revision: str | None = None, mirror: Path | None = None) -> Path:
    """Where the files of an encoder lie: packaged, mirror, local folder, hub cache; in this order.

    Raises:
        EncoderError: if they are nowhere, and the nearest known name is offered; or if the weights
            are in no safetensors file.
    """
    folder = _found(name, revision, mirror)
    if not any(folder.glob("*.safetensors")):
        raise EncoderError(
            f"the encoder {name!r} in {folder} cannot be read: it has no *.safetensors file, and "
            "weights in other files (pytorch_model.bin) are not read, since they can hold code; "
            "name a revision that has one (on the hub perhaps refs/pr/1), or save it as safetensors"
        )
    return folder


def _found(name: str, revision: str | None, mirror: Path | None) -> Path:
    if name in PACKAGED:
        return Path(str(files("trainables.miniworld") / PACKAGED[name]))
    if mirror is not None and not mirror.is_dir():
        raise EncoderError(f"the mirror {mirror} is not a folder")
    if mirror is not None and ".." not in Path(name).parts and not Path(name).is_absolute():
        folder = mirror / "models" / name
        if (folder / "config.json").is_file():
            return folder
    if (Path(name) / "config.json").is_file():
        return Path(name)
    if name.count("/") > 1 or name.startswith((".", "/")) or ".." in Path(name).parts:
        raise EncoderError(f"no encoder in {name!r}: a folder with a config.json is wanted")
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=_FILES))
    except Exception as error:  # offline, refused and unknown have no common class over versions
        raise EncoderError(_missing(name, revision, mirror, error)) from error


def _load_model(folder: Path, attention: str) -> Any:
    """The weights without pooler; transformers' report on what it drops is not for our users."""
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    try:
        model, report = AutoModel.from_pretrained(
            folder,
            config=AutoConfig.from_pretrained(folder, **_LOCAL),
            dtype=torch.float32,
            use_safetensors=True,
            attn_implementation=attention,
            output_loading_info=True,
            **_LOCAL,
        )
    finally:
        transformers_logging.set_verbosity(verbosity)
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise ValueError(f"{len(missing)} weights are not in its files, {missing[0]} for one")
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model


def _lm_head(folder: Path) -> dict[str, Tensor]:
    """The checkpoint's LM head in float32; empty if it lacks one of its tensors."""
    index = folder / "model.safetensors.index.json"
    names = {"model.safetensors"}
    if not (folder / "model.safetensors").is_file():
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    wanted, found = {f"{_LM_HEAD}{name}" for name in LM_HEAD_TENSORS}, {}
    for name in sorted(names):
        with safe_open(folder / name, framework="pt") as file:
            for key in wanted.intersection(file.keys()):
                found[key.removeprefix(_LM_HEAD)] = file.get_tensor(key).float()
    return found if len(found) == len(wanted) else {}


def encoder_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Copies of the weights on the CPU by name, ready for safetensors."""
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous()
        for name, tensor in model.state_dict().items()
    }


def load_tensors(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put weights into a model of the same form, in place.

    Raises:
        ValueError: if names or shapes are not the model's.
    """
    try:
        model.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as error:
        raise ValueError(f"these are the weights of another model: {error}") from error


def encoder_key(encoder: Encoder) -> str:
    """SHA-256 over weights, LM head, configuration and tokenizer, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    config = encoder.model.config.to_dict()
    settings = {name: value for name, value in config.items() if name not in _VOLATILE}
    _update_json(digest, settings)
    _update_json(digest, tokenizer_content(encoder.tokenizer))
    head = {f"{_LM_HEAD}{name}": tensor for name, tensor in encoder.lm_head.items()}
    for name, tensor in sorted({**encoder.model.state_dict(), **head}.items()):
        values = tensor.detach().cpu().contiguous()
        _update_json(digest, [name, str(values.dtype), list(values.shape)])
        digest.update(values.view(-1).view(torch.uint8).numpy() if values.numel() else b"")
    return digest.hexdigest()


def tokenizer_content(tokenizer: Any) -> dict[str, Any]:
    """All that decides token ids: the rules and the special tokens, without settings of a call."""
    rules = json.loads(tokenizer.backend_tokenizer.to_str())
    rules.update(truncation=None, padding=None)
    return {"rules": rules, "special_ids": sorted(tokenizer.all_special_ids)}


def _update_json(digest: Any, value: Any) -> None:
    digest.update(json.dumps(value, sort_keys=True, default=str).encode() + b"\0")


def _check_tokenizer(name: str, tokenizer: Any) -> None:
    if not tokenizer.is_fast or tokenizer.pad_token_id is None:
        raise EncoderError(
            f"the tokenizer of {name!r} is no fast one with a padding token, which is wanted for "
            "offsets and batches; convert it with transformers and save it as tokenizer.json"
        )


def _views(name: str, config: Any) -> Views:
    """The configuration's own word, the table, or two thirds of the layers."""
    own = getattr(config, "sentence_views", None)
    if own is not None:
        return {target: SentenceView(**view) for target, view in own.items()}
    layer = getattr(config, "retrieval_layer", None)
    if layer is not None:
        return {ANY: SentenceView(layer)}
    return VIEWS.get(Path(name).name, {ANY: SentenceView(round(config.num_hidden_layers * 2 / 3))})


def _check_layers(name: str, config: Any, views: Views) -> None:
    layers: int = config.num_hidden_layers
    for view in views.values():
        if not 0 <= view.layer <= layers:
            raise EncoderError(
                f"retrieval layer {view.layer} of {name!r}: it has layers 0 to {layers}"
            )


def _max_tokens(tokenizer: Any, config: Any) -> int:
    positions = int(getattr(config, "max_position_embeddings", 0) or np.iinfo(np.int32).max)
    if config.model_type in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"):
        positions -= int(config.pad_token_id) + 1  # positions are counted from there on
    return min(positions, int(tokenizer.model_max_length))


def _missing(name: str, revision: str | None, mirror: Path | None, error: Exception) -> str:
    found = [] if mirror is None else mirrored(mirror)
    near = difflib.get_close_matches(name, [*PACKAGED, *found], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"packaged: {', '.join(PACKAGED)}"
    where = "no mirror was given" if mirror is None else f"{mirror} holds {', '.join(found)}"
    wanted = repr(name) if revision is None else f"{name!r} at {revision}"
    reason = textwrap.shorten(str(error), 300).rstrip(".")
    return (
        f"no encoder {wanted}: {where}; the hub said: {reason}; {hint}. Without network give a "
        "mirror folder (--mirror DIR or CURRICULUM_MIRROR) that has models/<org>/<name>, or the "
        "path of a folder"
    )


def mirrored(mirror: Path) -> list[str]:
    """Names of the encoders in a mirror."""
    configs = (mirror / "models").glob("*/*/config.json")
    return sorted("/".join(config.parts[-3:-1]) for config in configs)
