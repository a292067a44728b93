"""How does text of the embedded world become tokens? Roots whole, suffixes as pieces after them.

A WordPiece tokenizer whose vocabulary is the lexicons and suffixes; one word form splits in one
way. Special tokens and pairs as XLM-R's: `<s> a </s></s> b </s>`.
"""

from __future__ import annotations

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from trainables.miniworld.languages import LANGUAGES, Language
from trainables.miniworld.lexicon import lexicon

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
MAX_TOKENS = 128


def vocabulary() -> dict[str, int]:
    """Piece to id: special tokens, full stop, roots, suffixes; in a fixed order."""
    roots = [root for language in LANGUAGES.values() for root in lexicon(language).values()]
    suffixes = [f"##{s}" for language in LANGUAGES.values() for s in _suffixes(language)]
    return {piece: i for i, piece in enumerate(dict.fromkeys((*SPECIAL, ".", *roots, *suffixes)))}


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer, ready to be saved."""
    pieces = vocabulary()
    tokenizer = Tokenizer(WordPiece(pieces, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, pieces[token]) for token in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=MAX_TOKENS,
        model_input_names=["input_ids", "attention_mask"],
    )


def _suffixes(language: Language) -> tuple[str, ...]:
    every = (
        language.plural,
        language.accusative,
        language.locative,
        language.instrumental,
        language.passive,
        language.negative,
    )
    return tuple(suffix for suffix in every if suffix)
