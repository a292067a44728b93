"""How does text become passages? Sentences of a paragraph, mentions of an entity in a sentence."""

from __future__ import annotations

import re
from itertools import pairwise

_BREAK = re.compile(r"[.!?।؟][\"'”’»)\]]*(?=\s)\s+|[。！？][”’」』）]*\s*")
_BRACED = re.compile(r"\{(.*?)\}")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence; they cover the text but for space around it.

    A sentence ends after `.`, `!`, `?`, the Arabic question mark or the danda, with closing quotes
    and brackets, where white space follows, and after CJK full stops anywhere. So an abbreviation
    ends one too early, and Thai, which has no such marks, is one sentence a paragraph.
    """
    cuts = [0, *(match.end() for match in _BREAK.finditer(text)), len(text)]
    spans = []
    for start, end in pairwise(cuts):
        part = text[start:end]
        if part.strip():
            lead = len(part) - len(part.lstrip())
            spans.append((start + lead, start + len(part.rstrip())))
    return spans


def mention_text(context: str, start: int, end: int) -> str:
    """`Smith: The verdict came for { Smith }, who ...`, as utils_mewslix `preprocess_mention`.

    Source: google-research/xtreme (Apache-2.0).
    """
    left, right = (_BRACED.sub(r"(\1)", part) for part in (context[:start], context[end:]))
    mention = context[start:end]
    return _one_line(f"{mention}: {left} {{ {mention} }} {right}")


def joined_sentences(text: str, spans: list[tuple[int, int]]) -> str:
    """The sentences of a description in one line, as `preprocess_entity_description`."""
    return _one_line(" ".join(text[start:end] for start, end in spans))


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).replace("  ", " ").strip()
