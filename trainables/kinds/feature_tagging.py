"""Which features has each word? A set of labels, one logit each; positive ones are predicted.

`words.py` says which token stands for a word. A word without any token is predicted the empty set.
Scores follow the script of SIGMORPHON 2019 task 2 (McCarthy et al. 2019, W19-4226): `feature_f1`
is its morph F1, micro F1 over the pairs of a word and one of its features; `exact_match` its morph
accuracy, which on given words is also UFeats of the CoNLL 2018 shared task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from trainables.encoder import Encoder
from trainables.kinds.heads import TokenHead
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import as_ragged, collate_tokens
from trainables.kinds.words import NOT_SCORED, encode_words, places, said_of_words
from trainables.ragged import Features, Ragged, padded, ragged
from trainables.scorers import feature_f1, set_accuracy
from trainables.tasks.task import Task

_NO_LABEL = -1
"""Fills the set of a scored word up to the size of the largest of its batch."""
_CONSTANTS_TRIED = 5


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> Features:
    columns, words = encode_words(rows, tokenizer, max_length)
    sets = ragged(list(chain.from_iterable(rows["tags"]))).take(words)
    windows = as_ragged(columns["word"]).offsets
    return {
        **columns,
        "tag": Ragged(sets.values, sets.offsets[windows]),
        "num_tags": Ragged(sets.lengths.astype(np.int32), windows),
    }


def _collate(features: Features, pad_id: int) -> Batch:
    """`tag` is (sequences, tokens, size of the largest set): indices of labels, then -1."""
    batch = collate_tokens(features, pad_id)
    lengths = as_ragged(features["num_tags"]).flat
    sets, _ = padded(as_ragged(features["tag"]).flat, lengths, _NO_LABEL)
    if not sets.shape[1]:
        sets = np.full((len(sets), 1), _NO_LABEL, dtype=np.int64)
    labels = np.full((*batch["input_ids"].shape, sets.shape[1]), NOT_SCORED, dtype=np.int64)
    labels[places(features)] = sets
    return {**batch, "tag": torch.from_numpy(labels)}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return TokenHead(encoder.hidden_size, len(task.labels), encoder.dropout, generator)


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    """Summed over labels, averaged over scored words: minus the log-likelihood of a word's set."""
    scores, tags = head(hidden), batch["tag"]
    scored = tags[..., 0] != NOT_SCORED
    # One more column takes what is no label.
    hot = torch.zeros((*scores.shape[:-1], scores.shape[-1] + 1), device=scores.device)
    hot.scatter_(-1, torch.where(tags < 0, scores.shape[-1], tags), 1.0)
    total = binary_cross_entropy_with_logits(
        scores, hot[..., :-1], weight=scored.unsqueeze(-1).float(), reduction="sum"
    )
    return total / scored.sum().clamp(min=1)


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    return {"tag": head(hidden) > 0}


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[list[list[str]]]:
    predictions: list[list[list[str]]] = [[[] for _ in tokens] for tokens in rows["tokens"]]
    for row, word, said in said_of_words(features, outputs["tag"]):
        predictions[row][word] = [task.labels[tag] for tag in np.flatnonzero(said)]
    return predictions


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    return _scores(_gold(task, rows), predictions)


def _majority(task: Task, rows: Rows, features: Features) -> float:
    gold = _gold(task, rows)
    constants = _constants(gold)
    return max(
        _scores(gold, [[constant] * len(words) for words in gold])[task.metric]
        for constant in constants
    )


def _constants(gold: list[list[list[str]]]) -> Iterator[list[str]]:
    """The most frequent sets (for `exact_match`), then the k most frequent labels (`feature_f1`).

    No set of k labels has a better F1 than the k most frequent ones.
    """
    words = [tuple(word) for sentence in gold for word in sentence]
    yield from (list(word) for word, _ in Counter(words).most_common(_CONSTANTS_TRIED))
    labels = [label for label, _ in Counter(x for word in words for x in word).most_common()]
    yield from (labels[:size] for size in range(1, 1 + min(_CONSTANTS_TRIED, len(labels))))


def _scores(gold: Sequence[Any], predictions: Sequence[Any]) -> dict[str, float]:
    wanted, found = ([word for words in some for word in words] for some in (gold, predictions))
    return {"feature_f1": feature_f1(wanted, found), "exact_match": set_accuracy(wanted, found)}


def _gold(task: Task, rows: Rows) -> list[list[list[str]]]:
    return [[[task.labels[tag] for tag in tags] for tags in words] for words in rows["tags"]]


FEATURE_TAGGING = Kind(
    name="feature_tagging",
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
