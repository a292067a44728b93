"""How well are tagged spans found? Micro F1 over spans, as XTREME scores udpos and panx.

Source: google-research/xtreme evaluate.py, which calls seqeval 1.2.2 `f1_score` (MIT) on the tags
as they are. POS tags have no prefixes, so seqeval reads their first letter as one: equal
neighbours merge into one span, and tags in B, I, E, S begin and end spans. That is what the
benchmark publishes. Written anew from seqeval's rules, without its imports and warnings; a
test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

_ENDS = {pair for after in "BI" for pair in ((after, "B"), (after, "S"), (after, "O"))}
_STARTS = {(before, tag) for before in "ESO" for tag in "EI"}


def span_f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Micro F1 of spans (type, start, end) over sentences of tags; 0 without any common span.

    Raises:
        ValueError: if a sentence has not as many predicted tags as gold tags.
    """
    _same_lengths(gold, predicted)
    wanted, found = spans(gold), spans(predicted)
    right = len(wanted & found)
    if not right:
        return 0.0
    precision, recall = right / len(found), right / len(wanted)
    return 2 * precision * recall / (precision + recall)


def spans(sentences: Sequence[Sequence[str]]) -> set[tuple[str, int, int]]:
    """Spans (type, first token, last token), tokens counted over all sentences plus a gap each."""
    found = set()
    before, before_type, begin, position = "O", "", 0, 0
    for sentence in sentences:
        for tag in (*sentence, "O"):
            prefix, kind = _split(tag)
            if _ends(before, before_type, prefix, kind):
                found.add((before_type, begin, position - 1))
            if _starts(before, before_type, prefix, kind):
                begin = position
            before, before_type = prefix, kind
            position += 1
    return found


def score_tags(case: Mapping[str, Any]) -> dict[str, Any]:
    """Score one case of udpos or panx: `gold` and `predicted`, lists of lists of tags."""
    return {"f1": span_f1(case["gold"], case["predicted"])}


@cache
def _split(tag: str) -> tuple[str, str]:
    if not tag:
        raise ValueError("a tag is empty")
    return tag[:1], tag[1:].split("-", maxsplit=1)[-1] or "_"


def _ends(before: str, before_type: str, prefix: str, kind: str) -> bool:
    changed = before not in "O." and before_type != kind
    return changed or before in "ES" or (before, prefix) in _ENDS


def _starts(before: str, before_type: str, prefix: str, kind: str) -> bool:
    changed = prefix not in "O." and before_type != kind
    return changed or prefix in "BS" or (before, prefix) in _STARTS


def _same_lengths(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> None:
    if len(gold) != len(predicted):
        raise ValueError(f"got tags for {len(predicted)} sentences, wanted {len(gold)}")
    for number, (wanted, found) in enumerate(zip(gold, predicted, strict=True)):
        if len(wanted) != len(found):
            raise ValueError(f"sentence {number} has {len(found)} tags, wanted {len(wanted)}")
