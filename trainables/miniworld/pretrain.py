"""Where does the embedded world's encoder come from? `python -m trainables.miniworld.pretrain`.

Masked LM on texts in all languages and translation LM on pairs (Conneau and Lample 2019), with
now and then a contrastive loss on translations (as InfoXLM, Chi et al. 2021) of sentences and of
words, from random weights, with a small XLM-RoBERTa configuration. Equal bits for an equal seed,
torch version, processor and number of threads.
"""

from __future__ import annotations

import argparse
import logging
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize
from transformers import (
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaModel,
)

from trainables.miniworld.corpus import dictionary_entry, examples, translation
from trainables.miniworld.tokenizer import MAX_TOKENS, SPECIAL, build_tokenizer
from trainables.sentence_views import mean_pooled

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretraining:
    """Form of an encoder and how it is pretrained."""

    folder: str
    """Under `trainables/miniworld/`."""
    hidden_size: int
    intermediate_size: int
    num_layers: int = 3
    num_heads: int = 4
    retrieval_layer: int = 1
    """Index into hidden_states, as `trainables/encoder.py` reads it from the configuration."""
    num_steps: int = 5000
    batch_size: int = 64
    learning_rate: float = 5e-3
    warmup: float = 0.1
    masked: float = 0.3
    """Share of the tokens that are to be guessed."""
    translated: float = 0.4
    """Share of translation pairs; which languages they are in is `Language.parallel`."""
    restated: float = 0.45
    """Share of restatements; the rest is documents."""
    align_layer: int = 0
    """Index into hidden_states of the contrastive loss: the embeddings of the words, so that
    fine-tuning, which changes the layers above more, forgets little of it."""
    align_every: int = 3
    """Steps between two that have the contrastive loss beside the masked one."""
    align_weight: float = 0.1
    """Of the contrastive loss; the more, the closer are all languages."""
    seed: int = 0


ENCODERS = (Pretraining(folder="encoder", hidden_size=64, intermediate_size=128),)


def pretrain(plan: Pretraining) -> tuple[XLMRobertaForMaskedLM, PreTrainedTokenizerFast]:
    """An encoder with its language-model head, pretrained on one thread, and its tokenizer."""
    torch.set_num_threads(1)
    tokenizer = build_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(plan.seed)
        model = XLMRobertaForMaskedLM(_config(plan, tokenizer)).train()
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: _rate(step / plan.num_steps, plan.warmup)
        )
        pairs = _pairs(plan)
        for step, (ids, attention) in enumerate(_batches(plan, tokenizer)):
            loss = _loss(model, ids, attention, plan.masked)
            if step % plan.align_every == 0:
                loss = loss + plan.align_weight * _alignment(model, tokenizer, plan, next(pairs))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if step % 250 == 0:
                log.info("%s: step %d, loss %.3f", plan.folder, step, loss.item())
    return model.eval(), tokenizer


def save(model: XLMRobertaForMaskedLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write config.json, model.safetensors, tokenizer.json, tokenizer_config.json.

    The encoder alone, with a pooler of zeros: nobody uses it, but without it every loading would
    draw one and say so.
    """
    encoder = XLMRobertaModel(model.config, add_pooling_layer=True)
    torch.nn.init.zeros_(encoder.pooler.dense.weight)
    encoder.load_state_dict(model.roberta.state_dict(), strict=False)
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for path in folder.iterdir():
        path.chmod(0o644)


def _config(plan: Pretraining, tokenizer: PreTrainedTokenizerFast) -> XLMRobertaConfig:
    return XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=plan.hidden_size,
        num_hidden_layers=plan.num_layers,
        num_attention_heads=plan.num_heads,
        intermediate_size=plan.intermediate_size,
        max_position_embeddings=MAX_TOKENS + 2,
        type_vocab_size=1,
        hidden_dropout_prob=0.0,  # so small a model never fits too well
        attention_probs_dropout_prob=0.0,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        retrieval_layer=plan.retrieval_layer,
    )


def _batches(
    plan: Pretraining, tokenizer: PreTrainedTokenizerFast
) -> Iterator[tuple[Tensor, Tensor]]:
    rng = random.Random(f"miniworld corpus {plan.seed}")
    stream = examples(rng, translated=plan.translated, restated=plan.restated)
    for _ in range(plan.num_steps):
        texts = list(islice(stream, plan.batch_size))
        encoded = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        yield encoded["input_ids"], encoded["attention_mask"]


def _loss(model: XLMRobertaForMaskedLM, ids: Tensor, attention: Tensor, masked: float) -> Tensor:
    """Cross entropy of the chosen tokens: 80 % masked, 10 % another token, 10 % as they were."""
    chosen = (torch.rand(ids.shape) < masked) & (ids >= len(SPECIAL))
    fate = torch.rand(ids.shape)
    shown = torch.where(chosen & (fate < 0.8), SPECIAL.index("<mask>"), ids)
    random_ids = torch.randint(len(SPECIAL), model.config.vocab_size, ids.shape)
    shown = torch.where(chosen & (fate >= 0.9), random_ids, shown)
    hidden = model.roberta(input_ids=shown, attention_mask=attention).last_hidden_state
    return cross_entropy(model.lm_head(hidden[chosen]), ids[chosen])


def _pairs(plan: Pretraining) -> Iterator[list[tuple[str, str]]]:
    rng = random.Random(f"miniworld pairs {plan.seed}")
    while True:
        half = plan.batch_size // 4
        yield [draw(rng) for draw in (translation, dictionary_entry) for _ in range(half)]


def _alignment(
    model: XLMRobertaForMaskedLM,
    tokenizer: PreTrainedTokenizerFast,
    plan: Pretraining,
    pairs: list[tuple[str, str]],
) -> Tensor:
    """Cross entropy of finding the translation in the batch, by cosine over 0.1, both ways."""
    sides = [
        tokenizer(list(texts), padding=True, return_tensors="pt")
        for texts in zip(*pairs, strict=True)
    ]
    english, foreign = (_sentence_vectors(model, side, plan.align_layer) for side in sides)
    similarity = english @ foreign.T / 0.1
    right = torch.arange(len(pairs))
    return cross_entropy(similarity, right) + cross_entropy(similarity.T, right)


def _sentence_vectors(
    model: XLMRobertaForMaskedLM, encoded: Mapping[str, Tensor], layer: int
) -> Tensor:
    """(sentences, hidden), of length 1."""
    hidden = model.roberta(**encoded, output_hidden_states=True).hidden_states[layer]
    return normalize(mean_pooled(hidden, encoded["attention_mask"]), dim=1)


def _rate(progress: float, warmup: float) -> float:
    return min(progress / warmup, (1 - progress) / (1 - warmup))


def main() -> None:
    """Regenerate the packaged encoders."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--into", type=Path, default=Path(__file__).parent)
    parser.add_argument("--only", choices=[plan.folder for plan in ENCODERS])
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for plan in ENCODERS:
        if arguments.only in (None, plan.folder):
            save(*pretrain(plan), arguments.into / plan.folder)


if __name__ == "__main__":
    main()
