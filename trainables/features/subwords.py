"""How much does a language's text share with English on its surface, to the encoder's tokenizer?

Overlap as Pires et al. 2019 (arXiv 1906.01502) and LangRank (Lin et al. 2019, arXiv 1905.12688)
use it, fertility as Rust et al. 2021 (arXiv 2012.15613, section 3.3). Special tokens do not count.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from trainables.encoder import tokenizer_content
from trainables.features.texts import Texts
from trainables.features.vectors import tokens_of
from trainables.keys import Node, digest, feature_node
from trainables.nodes import Computed, Event, Result, Trial

UNSPACED = frozenset({"ja", "km", "lo", "my", "th", "zh"})
"""Languages that do not write spaces between words: their words are known in tagged text alone."""
_WHOLE = 1 << 20
"""More tokens than any text has."""


def subword_overlap(trial: Trial, english: Texts, other: Texts) -> Computed:
    """Shares of a language's sub-words that stand in English text too, each in [0, 1].

    `tokens`: of all sub-word tokens of the other text, those whose type the English text has;
    `types`: the same of its different sub-words; `jaccard`: types of both over types of either.
    Both texts are as many items of one target; the shares grow with the English text's length.
    """

    def compute() -> Generator[Event, None, Result]:
        yield from ()  # too short for progress
        known = {token for ids in _tokens(trial, english.texts) for token in ids}
        known -= {trial.bench.encoder.tokenizer.unk_token_id}  # stands for anything
        found = [token for ids in _tokens(trial, other.texts) for token in ids]
        types = set(found)
        values = {
            "tokens": sum(token in known for token in found) / len(found),
            "types": len(types & known) / len(types),
            "jaccard": len(types & known) / len(types | known),
        }
        return Result(values=values, examples=0.0)

    node = _node(trial, "sub-word overlap 1", {"english": english.hash, "texts": other.hash})
    return Computed(node, compute, f"sub-words of {other.name}")


def fertility(trial: Trial, texts: Texts, words: Sequence[int]) -> Computed:
    """`fertility`: sub-word tokens per word, at least 1 as a rule.

    Args:
        trial: who asks.
        texts: what is counted.
        words: words of each text.
    """

    def compute() -> Generator[Event, None, Result]:
        yield from ()
        tokens = sum(len(ids) for ids in _tokens(trial, texts.texts))
        return Result(values={"fertility": tokens / sum(words)}, examples=0.0)

    node = _node(trial, "fertility 1", {"texts": texts.hash, "words": sum(words)})
    return Computed(node, compute, f"words of {texts.name}")


def _node(trial: Trial, purpose: str, inputs: dict[str, Any]) -> Node:
    content = digest(tokenizer_content(trial.bench.encoder.tokenizer))
    return feature_node([], purpose=purpose, inputs={"tokenizer": content, **inputs})


def _tokens(trial: Trial, texts: Sequence[str]) -> list[list[int]]:
    """Token ids without special ones, whole texts."""
    tokenizer = trial.bench.encoder.tokenizer
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    ids = tokens_of(tokenizer, texts, _WHOLE)["input_ids"]
    return [[token for token in each if token not in special] for each in ids]
