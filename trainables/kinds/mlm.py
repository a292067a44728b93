"""Which token stood here? Masked language modelling; the answers are in the text itself.

Of the non-special tokens of a text 15 % are asked for, at least one: 80 % of them are masked, 10 %
are another token, 10 % stand as they were (BERT, arXiv 1810.04805, 3.1; so RoBERTa and XLM-R).
The mask is drawn once, from the tokens of the text alone, and kept with the tokenised data. So
encoding stays a function of the rows, and every epoch repeats the mask: where RoBERTa's changes
from epoch to epoch, more text does here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainables.encoder import Encoder
from trainables.kinds.heads import LanguageModelHead
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import as_ragged, collate_tokens, encode_texts
from trainables.ragged import Features, Ragged, padded, ragged
from trainables.tasks.task import Task

SHARE = 0.15
_MASKED, _REPLACED = 0.8, 0.1
_NOT_ASKED = -100


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Token ids: what hides a token, which are never asked for, what may replace one."""

    mask: int
    is_special: NDArray[np.bool_]
    """By token id."""
    ordinary: NDArray[np.int64]


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> Features:
    vocabulary = _vocabulary(tokenizer)
    texts = rows["text"]
    columns = encode_texts(tokenizer, texts, [""] * len(texts), max_length)
    ids = columns["input_ids"]
    asked = [_corrupted(ids[text], vocabulary) for text in range(len(ids))]
    shown, positions, originals = zip(*asked, strict=True)
    own = {"position": ragged(positions), "original": ragged(originals)}
    hidden = Ragged(np.concatenate(shown).astype(np.int32), ids.offsets)
    return {"row": np.array(rows["row"]), **columns, "input_ids": hidden, **own}


def _vocabulary(tokenizer: Any) -> _Vocabulary:
    if tokenizer.mask_token_id is None:
        raise ValueError(
            "the encoder's tokenizer has no mask token, so there is no masked language modelling "
            "with it; take an encoder that was pretrained so, or leave tasks of kind mlm out"
        )
    is_special = np.zeros(len(tokenizer), dtype=bool)
    is_special[tokenizer.all_special_ids] = True
    return _Vocabulary(int(tokenizer.mask_token_id), is_special, np.flatnonzero(~is_special))


def _corrupted(
    ids: NDArray[np.int32], vocabulary: _Vocabulary
) -> tuple[NDArray[np.int64], list[int], list[int]]:
    """What the encoder sees, the positions that are asked for (ascending), what stood there.

    A text of special tokens alone, such as unknown ones, is asked for nothing.
    """
    shown = ids.astype(np.int64)
    candidates = np.flatnonzero(~vocabulary.is_special[shown])
    count = min(len(candidates), max(1, round(SHARE * len(candidates))))
    generator = torch.Generator().manual_seed(_seed(shown))
    order = torch.randperm(len(candidates), generator=generator).numpy()
    position = np.sort(candidates[order[:count]])
    original = shown[position]
    fate = torch.rand(count, generator=generator).numpy()
    drawn = torch.randint(len(vocabulary.ordinary), (count,), generator=generator).numpy()
    shown[position] = np.where(fate < _MASKED, vocabulary.mask, original)
    replaced = (fate >= _MASKED) & (fate < _MASKED + _REPLACED)
    shown[position] = np.where(replaced, vocabulary.ordinary[drawn], shown[position])
    return shown, position.tolist(), original.tolist()


def _seed(ids: NDArray[np.int64]) -> int:
    """From the tokens alone; in one byte order on every machine."""
    return int.from_bytes(hashlib.sha256(ids.astype("<i8").tobytes()).digest()[:8], "big") >> 1


def _collate(features: Features, pad_id: int) -> Batch:
    """With position and original: (sequences, most asked for), filled with 0 and -100."""
    position, original = as_ragged(features["position"]), as_ragged(features["original"])
    places, _ = padded(position.flat, position.lengths, 0)
    answers, _ = padded(original.flat, original.lengths, _NOT_ASKED)
    batch = collate_tokens(features, pad_id)
    return {**batch, "position": torch.from_numpy(places), "original": torch.from_numpy(answers)}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return LanguageModelHead(encoder, generator)


def _scores(head: nn.Module, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """(asked, vocabulary) of the asked tokens alone, and where they are in `original`."""
    asked = batch["original"] != _NOT_ASKED
    sequence, slot = asked.nonzero(as_tuple=True)
    return head(hidden[sequence, batch["position"][sequence, slot]]), asked


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    scores, asked = _scores(head, hidden, batch)
    total = cross_entropy(scores, batch["original"][asked], reduction="sum")
    return total / asked.sum().clamp(min=1)


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Predicted ids, in the form of `original`."""
    scores, asked = _scores(head, hidden, batch)
    predicted = torch.full_like(batch["original"], _NOT_ASKED)
    predicted[asked] = scores.argmax(dim=-1)
    return {"predicted": predicted}


def _decode(
    task: Task, rows: Rows, features: Features, outputs: Outputs
) -> list[list[tuple[int, int]]]:
    """Per row, (original, predicted) of its asked tokens: a row alone does not say its answers."""
    original = as_ragged(features["original"])
    pairs: list[list[tuple[int, int]]] = []
    for feature, predicted in enumerate(outputs["predicted"]):
        answers = original[feature].tolist()
        found = np.asarray(predicted)[: len(answers)].tolist()
        pairs.append(list(zip(answers, found, strict=True)))
    return pairs


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    """Share of all asked tokens that were predicted; 0 if none was asked for."""
    right = [original == predicted for row in predictions for original, predicted in row]
    return {"mlm_accuracy": sum(right) / max(1, len(right))}


def _majority(task: Task, rows: Rows, features: Features) -> float:
    originals = as_ragged(features["original"]).flat.tolist()
    return max(Counter(originals).values(), default=0) / max(1, len(originals))


MLM = Kind(
    name="mlm",
    trains=True,
    encode=_encode,
    collate=_collate,
    new_head=_new_head,
    loss=_loss,
    outputs=_outputs,
    decode=_decode,
    score=_score,
    majority=_majority,
)
