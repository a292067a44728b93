"""Which passage answers the question? One encoder reads both apart; trained, then ranked by cosine.

As XTREME-R's baselines for LAReQA and Mewsli-X (google-research/xtreme third_party/bert.py
`BertForRetrieval`, run_retrieval_qa.py; Apache-2.0): one tower for both texts, last layer, cosine
similarity times a factor, softmax over the passages of the batch. Negatives are the other passages
of a micro-batch, as there (four of them). Departures: the mean over the tokens in place of BERT's
pooler on the first one, so that the encoder alone is the whole model; and a constant factor of 20
(SimCSE's temperature 0.05), where there it is learnt from 100 in steps of the learning rate. With
the first token and 100 XLM-R "scored near zero" says their train_mewslix.sh, and so it did here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from trainables.encoder import Encoder
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import collate_tokens, encode_texts, label_tensor
from trainables.ragged import Features
from trainables.scorers import average_precision_at_k
from trainables.sentence_views import mean_pooled
from trainables.tasks.task import Task

_MAX_QUESTION_TOKENS = 96
"""XTREME-R's `max_query_length`; in shorter sequences the length of the task."""
_SCALE = 20.0
_TOP = 20
"""Passages that are ranked per question."""
_NO_CANDIDATE = -1


class DualHead(nn.Module):
    """The last layer -> vectors of length 1; nothing to train."""

    def forward(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """(sequences, tokens, hidden) -> (sequences, hidden)."""
        return normalize(mean_pooled(hidden, attention_mask), dim=-1)


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> dict[str, list[Any]]:
    """A feature is a pair of sequences: a question with its first right passage.

    Other passages stand in features of their own beside an empty question, equal ones once.
    """
    pairs = list(_pairs(rows))
    numbers, questions, candidates, passages = (list(part) for part in zip(*pairs, strict=True))
    limit = min(_MAX_QUESTION_TOKENS, max_length)
    asked = encode_texts(tokenizer, questions, [""] * len(questions), limit)
    texts, contexts = (list(part) for part in zip(*passages, strict=True))
    answers = encode_texts(tokenizer, texts, contexts, max_length)
    lengths = [
        [len(first), len(second)]
        for first, second in zip(asked["input_ids"], answers["input_ids"], strict=True)
    ]
    tokens = {
        name: [first + second for first, second in zip(asked[name], answers[name], strict=True)]
        for name in asked
    }
    flags = [int(bool(question)) for question in questions]
    return {"row": numbers, "asked": flags, "candidate": candidates, "lengths": lengths, **tokens}


def _pairs(rows: Mapping[str, Sequence[Any]]) -> Any:
    """Per feature: row, question, number of the candidate, (passage, what stands around it)."""
    seen: set[tuple[str, str]] = set()
    columns = (rows[name] for name in ("row", "question", "candidates", "contexts", "relevant"))
    for row, question, texts, contexts, relevant in zip(*columns, strict=True):
        passages = list(zip(texts, contexts, strict=True))
        first = relevant[0] if question else _NO_CANDIDATE
        if question:
            seen.add(passages[first])
            yield row, question, first, passages[first]
        for number, passage in enumerate(passages):
            if passage not in seen:
                seen.add(passage)
                yield row, "", number, passage
        if not question and not passages:
            yield row, "", _NO_CANDIDATE, ("", "")


def _collate(features: Features, pad_id: int) -> Batch:
    return {**collate_tokens(features, pad_id), "asked": label_tensor(features, "asked")}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return DualHead()


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    vectors = head(hidden, batch["attention_mask"])
    return {"question": vectors[0::2], "passage": vectors[1::2]}


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    said = _outputs(head, hidden, batch)
    asked = batch["asked"].nonzero()[:, 0]
    scores = _SCALE * said["question"][asked] @ said["passage"].T
    return cross_entropy(scores, asked, reduction="sum") / max(len(asked), 1)


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[list[str]]:
    """Per row the best passages of all rows, best first; none for a row without question."""
    row, number = np.asarray(features["row"]), np.asarray(features["candidate"])
    passages, place = _pool(rows, row, number)
    if not passages:
        return [[] for _ in rows["id"]]
    vectors = np.stack([np.asarray(outputs["passage"][feature]) for feature in place])
    found: list[list[str]] = [[] for _ in rows["id"]]
    for feature in np.flatnonzero(np.asarray(features["asked"])).tolist():
        scores = vectors @ np.asarray(outputs["question"][feature])
        best = np.argsort(-scores, kind="stable")[:_TOP]
        found[row[feature]] = [passages[i] for i in best]
    return found


def _pool(rows: Rows, row: Any, number: Any) -> tuple[list[str], list[int]]:
    """Different passages, sorted, and the feature that has each.

    A passage that stands in several contexts is read in the first of these by spelling, so that
    the order of the rows does not matter.
    """
    texts, contexts = list(rows["candidates"]), list(rows["contexts"])
    found: dict[str, tuple[str, int]] = {}
    for feature, (i, k) in enumerate(zip(row, number, strict=True)):
        if k != _NO_CANDIDATE:
            one = (contexts[i][k], feature)
            found[texts[i][k]] = min(found.get(texts[i][k], one), one)
    return sorted(found), [found[text][1] for text in sorted(found)]


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    """Mean average precision at 20 of the questions; with one right passage: mean 1 / rank."""
    precisions = [
        _precision(ranked, right)
        for ranked, right in zip(predictions, _right(rows), strict=True)
        if right
    ]
    return {"map_at_20": sum(precisions) / len(precisions)}


def _precision(ranked: Sequence[str], right: set[str]) -> float:
    numbers = {text: number for number, text in enumerate(sorted({*ranked, *right}))}
    relevant = {numbers[text] for text in right}
    return average_precision_at_k([numbers[text] for text in ranked], relevant, _TOP)


def _right(rows: Rows) -> list[set[str]]:
    """The right passages of every question; none for a row without question."""
    columns = zip(rows["question"], rows["candidates"], rows["relevant"], strict=True)
    return [{texts[i] for i in relevant} if asked else set() for asked, texts, relevant in columns]


def _majority(task: Task, rows: Rows, features: Features) -> float:
    """The same ranking for every question: passages by how often they are right."""
    counts = Counter(text for right in _right(rows) for text in sorted(right))
    ranking = [text for text, _ in counts.most_common(_TOP)]
    return _score(task, "en", rows, [ranking] * len(rows["id"]))["map_at_20"]


DUAL_ENCODER = Kind(
    name="dual_encoder",
    trains=True,
    encode=_encode,
    collate=_collate,
    new_head=_new_head,
    loss=_loss,
    outputs=_outputs,
    decode=_decode,
    score=_score,
    majority=_majority,
    sides=2,
)
