"""Which words of the context answer the question? Start and end scores, long contexts in windows.

As `run_squad` / transformers' `run_qa`: windows overlap by a stride, a window without the answer
points at the first token, the best allowed span over all windows of a row wins. The search over
spans is exact here, where those scripts look at the 20 best starts and ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainables.encoder import Encoder
from trainables.kinds.heads import TokenHead
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import as_ragged, collate_tokens, label_tensor, token_columns
from trainables.ragged import Features
from trainables.scorers import mlqa_scores, squad_scores
from trainables.tasks.task import Task

_MAX_QUESTION_TOKENS = 64
_STRIDE = 128
_MAX_ANSWER_TOKENS = 30
"""The three are run_squad's defaults; in sequences under 384 tokens a third of them at most."""


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> dict[str, list[Any]]:
    questions = _shortened(rows["question"], tokenizer, min(_MAX_QUESTION_TOKENS, max_length // 3))
    encoding = tokenizer(
        questions,
        list(rows["context"]),
        truncation="only_second",
        max_length=max_length,
        stride=min(_STRIDE, max_length // 3),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    sources = encoding["overflow_to_sample_mapping"]
    columns: dict[str, list[Any]] = {
        name: [] for name in ("row", "start", "end", "context", "begins", "ends")
    }
    for window, source in enumerate(sources):
        sequence = encoding.sequence_ids(window)
        context, size = (sequence.index(1), sequence.count(1)) if 1 in sequence else (0, 0)
        offsets = encoding["offset_mapping"][window][context : context + size]
        begins, ends = [begin for begin, _ in offsets], [end for _, end in offsets]
        span = _token_span(rows["answers"][source], rows["answer_starts"][source], begins, ends)
        start, end = (context + span[0], context + span[1]) if span else (0, 0)
        values = (rows["row"][source], start, end, context, begins, ends)
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return {**columns, **token_columns(encoding)}


def _shortened(questions: Sequence[str], tokenizer: Any, max_tokens: int) -> list[str]:
    """Questions cut to a number of tokens, since only contexts may overflow."""
    encoding = tokenizer(
        list(questions),
        add_special_tokens=False,
        truncation=True,
        max_length=max_tokens,
        return_offsets_mapping=True,
    )
    last = [offsets[-1][1] if offsets else 0 for offsets in encoding["offset_mapping"]]
    return [question[:end] for question, end in zip(questions, last, strict=True)]


def _token_span(
    answers: Sequence[str], starts: Sequence[int], begins: list[int], ends: list[int]
) -> tuple[int, int] | None:
    """First and last context token of the first answer; None where the window lacks it."""
    if not answers or not begins:
        return None
    first, last = starts[0], starts[0] + len(answers[0])
    if not (begins[0] <= first and last <= ends[-1] and first < last):
        return None
    start = int(np.searchsorted(ends, first, side="right"))
    end = int(np.searchsorted(begins, last, side="left")) - 1
    return (start, end) if start <= end else None


def _collate(features: Features, pad_id: int) -> Batch:
    batch = collate_tokens(features, pad_id)
    size = torch.from_numpy(as_ragged(features["begins"]).lengths.astype(np.int64))
    numbers = {name: label_tensor(features, name) for name in ("start", "end", "context")}
    return {**batch, **numbers, "size": size}


def _new_head(task: Task, encoder: Encoder, generator: torch.Generator) -> nn.Module:
    return TokenHead(encoder.hidden_size, 2, encoder.dropout, generator)


def _scores(head: nn.Module, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Start and end scores, both (features, tokens), padding never chosen."""
    padding = (batch["attention_mask"] == 0).unsqueeze(-1)
    scores = head(hidden).masked_fill(padding, torch.finfo(torch.float32).min)
    return scores[..., 0], scores[..., 1]


def _loss(head: nn.Module, hidden: Tensor, batch: Batch) -> Tensor:
    start, end = _scores(head, hidden, batch)
    return (cross_entropy(start, batch["start"]) + cross_entropy(end, batch["end"])) / 2


def _outputs(head: nn.Module, hidden: Tensor, batch: Batch) -> dict[str, Tensor]:
    """The best span per feature, in tokens of its context, and the score of no answer."""
    start, end = _scores(head, hidden, batch)
    tokens = start.shape[1]
    position = torch.arange(tokens, device=start.device)
    distance = position[None, :] - position[:, None]
    near = (distance >= 0) & (distance < _MAX_ANSWER_TOKENS)
    context = batch["context"].unsqueeze(1)
    inside = (position >= context) & (position < context + batch["size"].unsqueeze(1))
    allowed = near & inside.unsqueeze(2) & inside.unsqueeze(1)
    spans = (start.unsqueeze(2) + end.unsqueeze(1)).masked_fill(~allowed, -torch.inf)
    score, best = spans.flatten(1).max(dim=1)
    return {
        "start": best // tokens - batch["context"],
        "end": best % tokens - batch["context"],
        "score": score,
        "none": start[:, 0] + end[:, 0],
    }


def _decode(task: Task, rows: Rows, features: Features, outputs: Outputs) -> list[str]:
    contexts = rows["context"]
    begins, ends = as_ragged(features["begins"]), as_ragged(features["ends"])
    answers, best = [""] * len(contexts), np.full(len(contexts), -np.inf)
    none = np.full(len(contexts), np.inf)
    for feature, row in enumerate(np.asarray(features["row"])):
        none[row] = min(none[row], float(outputs["none"][feature]))
        if float(outputs["score"][feature]) > best[row]:
            best[row] = float(outputs["score"][feature])
            first = begins[feature][int(outputs["start"][feature])]
            last = ends[feature][int(outputs["end"][feature])]
            answers[row] = contexts[row][first:last].strip()
    if task.unanswerable:
        return [a if b > n else "" for a, b, n in zip(answers, best, none, strict=True)]
    return answers


def _score(task: Task, language: str, rows: Rows, predictions: Sequence[Any]) -> dict[str, float]:
    scores = _SCORES[task.metric](list(rows["answers"]), list(predictions), language)
    return {**scores, task.metric: (scores["exact_match"] + scores["f1"]) / 2}


_SCORES: dict[str, Callable[[list[list[str]], list[str], str], dict[str, float]]] = {
    "qa": lambda gold, predicted, language: squad_scores(gold, predicted),
    "mlqa": mlqa_scores,
}
"""Metric to the official exact match and F1 that it is the mean of."""


def _majority(task: Task, rows: Rows, features: Features) -> float:
    """The best of: the most frequent answer, the whole context, no answer."""
    firsts = Counter(answers[0] if answers else "" for answers in rows["answers"])
    size = len(rows["id"])
    constants = [[firsts.most_common(1)[0][0]] * size, list(rows["context"])]
    if task.unanswerable:
        constants.append([""] * size)
    return max(_score(task, "en", rows, constant)[task.metric] for constant in constants)


SPAN_QA = Kind(
    name="span_qa",
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
