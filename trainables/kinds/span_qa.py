"""Which words of the context answer the question? Start and end scores, long contexts in windows.

As `run_squad` / transformers' `run_qa`: windows overlap by a stride, a window without the answer
points at the first token, the best allowed span over all windows of a row wins. The search over
spans is exact here, where those scripts look at the 20 best starts and ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainables.encoder import Encoder
from trainables.kinds.heads import TokenHead
from trainables.kinds.kind import Batch, Kind, Outputs, Rows
from trainables.kinds.tokens import as_ragged, collate_tokens, label_tensor, token_columns
from trainables.ragged import Features, Ragged, ends_of
from trainables.scorers import mlqa_scores, squad_scores
from trainables.tasks.task import Task

_MAX_QUESTION_TOKENS = 64
_STRIDE = 128
_MAX_ANSWER_TOKENS = 30
"""The three are run_squad's defaults; in sequences under 384 tokens a third of them at most."""


def _encode(
    rows: Mapping[str, Sequence[Any]], task: Task, tokenizer: Any, max_length: int
) -> Features:
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
    context, begins, ends = _context_tokens(encoding)
    spans = np.zeros((len(sources), 2), dtype=np.int64)
    for window, source in enumerate(sources):
        found = rows["answers"][source], rows["answer_starts"][source]
        span = _token_span(*found, begins[window], ends[window])
        if span:
            spans[window] = np.add(span, context[window])
    return {
        "row": np.array(rows["row"])[sources],
        "start": spans[:, 0],
        "end": spans[:, 1],
        "context": context,
        "begins": begins,
        "ends": ends,
        **token_columns(encoding),
    }


def _context_tokens(encoding: Any) -> tuple[NDArray[np.int64], Ragged, Ragged]:
    """Where the context starts in each window (0: it has none), and its tokens' begins and ends."""
    places, sizes, offsets = [], [], []
    for window, pairs in enumerate(encoding["offset_mapping"]):
        sequence = encoding.sequence_ids(window)
        place, size = (sequence.index(1), sequence.count(1)) if 1 in sequence else (0, 0)
        places.append(place)
        sizes.append(size)
        offsets += pairs[place : place + size]
    flat = np.fromiter(chain.from_iterable(offsets), dtype=np.int32, count=2 * len(offsets))
    windows = ends_of(np.array(sizes, dtype=np.int64))
    begins, ends = np.ascontiguousarray(flat.reshape(-1, 2).T)
    return np.array(places), Ragged(begins, windows), Ragged(ends, windows)


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
    answers: Sequence[str],
    starts: Sequence[int],
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
) -> tuple[int, int] | None:
    """First and last context token of the first answer; None where the window lacks it."""
    if not answers or not len(begins):
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
