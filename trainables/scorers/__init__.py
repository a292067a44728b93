"""Which official scorer belongs to which benchmark task, and what does a file of cases score?

A file is `{"cases": [...]}`; each case holds the inputs of its scorer and maybe `language`.
All scores are fractions in [0, 1]. Needs numpy only.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trainables.scorers.accuracy import accuracy
from trainables.scorers.bucc2018 import best_threshold, mine, mining_scores, score_bucc2018
from trainables.scorers.features import feature_f1, set_accuracy
from trainables.scorers.lareqa import average_precision_at_k, score_lareqa
from trainables.scorers.mewslix import reciprocal_rank_at_k, score_mewslix
from trainables.scorers.mlqa import mlqa_scores, score_mlqa
from trainables.scorers.squad import score_squad, squad_scores
from trainables.scorers.tags import score_tags, span_f1
from trainables.scorers.tatoeba import nearest, retrieval_accuracy, score_tatoeba

__all__ = [
    "SCORERS",
    "accuracy",
    "average_precision_at_k",
    "best_threshold",
    "feature_f1",
    "mine",
    "mining_scores",
    "mlqa_scores",
    "nearest",
    "reciprocal_rank_at_k",
    "retrieval_accuracy",
    "score_file",
    "set_accuracy",
    "span_f1",
    "squad_scores",
]

Scorer = Callable[[Mapping[str, Any]], dict[str, Any]]

SCORERS: dict[str, Scorer] = {
    "udpos": score_tags,
    "panx": score_tags,
    "xquad": score_squad,
    "tydiqa": score_squad,
    "mlqa": score_mlqa,
    "tatoeba": score_tatoeba,
    "bucc2018": score_bucc2018,
    "lareqa": score_lareqa,
    "mewslix": score_mewslix,
}
"""Benchmark task to the function that scores one case of its file."""


def score_file(task: str, path: Path) -> Iterator[dict[str, Any]]:
    """Yield `{"language": ..., "metrics": {...}}` per case; `language` is None where absent.

    Raises:
        ValueError: unknown task, unreadable file, or a case without what its scorer needs.
    """
    scorer = _scorer(task)
    for number, case in enumerate(_cases(path)):
        yield {"language": _language(case), "metrics": _metrics(scorer, case, number, path)}


def _scorer(task: str) -> Scorer:
    if task not in SCORERS:
        near = difflib.get_close_matches(task, SCORERS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(SCORERS)}"
        raise ValueError(f"no official scorer is named {task!r}; {hint}")
    return SCORERS[task]


def _cases(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    cases = content.get("cases") if isinstance(content, dict) else None
    if not isinstance(cases, list):
        raise ValueError(f'{path} has no list of cases; wanted {{"cases": [...]}}')
    return cases


def _language(case: Any) -> str | None:
    return case.get("language") if isinstance(case, dict) else None


def _metrics(scorer: Scorer, case: Any, number: int, path: Path) -> dict[str, Any]:
    where = f"{path}: cases[{number}]"
    if not isinstance(case, dict):
        raise ValueError(f"{where} is {type(case).__name__}, wanted an object")
    try:
        return scorer(case)
    except KeyError as error:
        raise ValueError(f"{where} lacks {error}; it has: {', '.join(case)}") from error
    except ZeroDivisionError as error:
        raise ValueError(f"{where} has nothing to score") from error
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"{where} cannot be scored: {error}") from error
