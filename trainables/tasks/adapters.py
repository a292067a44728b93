"""How do the columns of a hub data set become the canonical columns of its kind?

An adapter gets a batch of hub columns and where it comes from, and returns canonical columns
(see `task.py`), row for row: a row without gold label (-1 or "") has the label `NO_LABEL`, and
what has no meaning is None. `canonical.py` leaves the former out and refuses the latter. Items that
are translations of each other get the same id in every language; others carry their language in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trainables.tasks.edit_scripts import edit_script
from trainables.tasks.labels import (
    FEATS_EN,
    FEATURE_PAIRS_EN,
    LEMMAS_EN,
    NO_FEATS,
    OTHER,
    UNIMORPH_EN,
    UPOS,
)
from trainables.tasks.passages import joined_sentences, mention_text, sentence_spans

Batch = dict[str, list[Any]]
NO_LABEL = -1
"""The label of a row without gold, and the tag of a word of which the tag is not in the set."""

_COPA_QUESTIONS = {"cause": "What was the cause?", "effect": "What happened as a result?"}
_LABEL_OF_SOCIAL_IQA = {"": NO_LABEL, "1": 0, "2": 1, "3": 2}
_TAG_OF_UPOS = {name: number for number, name in enumerate(UPOS)}
_TAG_OF_FEATS = {name: number for number, name in enumerate(FEATS_EN)}
_TAG_OF_PAIR = {name: number for number, name in enumerate(FEATURE_PAIRS_EN)}
_TAG_OF_SCRIPT = {name: number for number, name in enumerate(LEMMAS_EN)}
_LABEL_OF_UNIMORPH = {name: number for number, name in enumerate(UNIMORPH_EN)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a batch comes from."""

    language: str
    split: str
    """The hub's split name."""
    rows: Sequence[int]
    """Row numbers in the hub's split."""

    def shared_ids(self) -> list[str]:
        """Ids that are equal in every language: row i translates row i."""
        return [f"{self.split}-{row}" for row in self.rows]

    def own_ids(self) -> list[str]:
        """Ids of items that have no translations."""
        return [f"{self.language}-{self.split}-{row}" for row in self.rows]


Adapter = Callable[[Batch, Origin], Batch]


def nli(batch: Batch, origin: Origin) -> Batch:
    """MNLI and XNLI: premise, hypothesis, label (-1 without gold)."""
    return _pairs(batch["premise"], batch["hypothesis"], batch["label"], origin.shared_ids())


def sentences(batch: Batch, origin: Origin) -> Batch:
    """SST-2: one sentence, label (-1 without gold)."""
    alone = [""] * len(batch["sentence"])
    return _pairs(batch["sentence"], alone, batch["label"], origin.shared_ids())


def question_and_sentence(batch: Batch, origin: Origin) -> Batch:
    """QNLI: question, sentence, label (-1 without gold)."""
    return _pairs(batch["question"], batch["sentence"], batch["label"], origin.shared_ids())


def question_pairs(batch: Batch, origin: Origin) -> Batch:
    """QQP: question1, question2, label (-1 without gold)."""
    return _pairs(batch["question1"], batch["question2"], batch["label"], origin.shared_ids())


def sentence_pairs(batch: Batch, origin: Origin) -> Batch:
    """PAWS, PAWS-X, RTE and MRPC: id (in GLUE idx), sentence1, sentence2, label."""
    numbers = batch["id"] if "id" in batch else batch["idx"]
    ids = [f"{origin.split}-{number}" for number in numbers]
    return _pairs(batch["sentence1"], batch["sentence2"], batch["label"], ids)


def hellaswag(batch: Batch, origin: Origin) -> Batch:
    """HellaSwag: every choice is the begun sentence `ctx_b` with one ending, as in jiant."""
    choices = [
        [f"{begun} {ending}".strip() for ending in endings]
        for begun, endings in zip(batch["ctx_b"], batch["endings"], strict=True)
    ]
    labels = [int(label) if label != "" else NO_LABEL for label in batch["label"]]
    return _choices(batch["ctx_a"], [""] * len(labels), choices, labels, origin.shared_ids())


def commonsense_qa(batch: Batch, origin: Origin) -> Batch:
    """CommonsenseQA: answerKey is a letter among the choices' labels, "" without gold."""
    letters = [choice["label"] for choice in batch["choices"]]
    labels = [
        names.index(key) if key in names else (NO_LABEL if key == "" else None)
        for names, key in zip(letters, batch["answerKey"], strict=True)
    ]
    choices = [choice["text"] for choice in batch["choices"]]
    return _choices([""] * len(labels), batch["question"], choices, labels, batch["id"])


def cosmos_qa(batch: Batch, origin: Origin) -> Batch:
    """Cosmos QA: answer0 to answer3, label (-1 without gold)."""
    answers = zip(*(batch[f"answer{number}"] for number in range(4)), strict=True)
    choices = [list(texts) for texts in answers]
    return _choices(batch["context"], batch["question"], choices, batch["label"], batch["id"])


def social_iqa(batch: Batch, origin: Origin) -> Batch:
    """Social IQa: answerA to answerC, label "1" to "3"."""
    answers = zip(*(batch[f"answer{letter}"] for letter in "ABC"), strict=True)
    choices = [list(texts) for texts in answers]
    labels = [_LABEL_OF_SOCIAL_IQA.get(label) for label in batch["label"]]
    return _choices(batch["context"], batch["question"], choices, labels, origin.shared_ids())


def copa(batch: Batch, origin: Origin) -> Batch:
    """COPA and XCOPA: COPA's own English question in every language (the data has only a word)."""
    questions = [_COPA_QUESTIONS.get(word) for word in batch["question"]]
    choices = [list(pair) for pair in zip(batch["choice1"], batch["choice2"], strict=True)]
    ids = [f"{origin.split}-{number}" for number in batch["idx"]]
    return _choices(batch["premise"], questions, choices, batch["label"], ids)


def squad(batch: Batch, origin: Origin) -> Batch:
    """SQuAD (v2.0 has rows without answers), XQuAD, MLQA and TyDiQA: ids are the hub's.

    Translations of one item have the same id.
    """
    return {
        "id": batch["id"],
        "context": batch["context"],
        "question": batch["question"],
        "answers": [answers["text"] for answers in batch["answers"]],
        "answer_starts": [answers["answer_start"] for answers in batch["answers"]],
    }


def pos_tags(batch: Batch, origin: Origin) -> Batch:
    """XTREME udpos: tags are integers already."""
    return _tagged(batch["tokens"], batch["pos_tags"], origin)


def ner_tags(batch: Batch, origin: Origin) -> Batch:
    """PAN-X and WNUT-17: tags are integers already."""
    return _tagged(batch["tokens"], batch["ner_tags"], origin)


def ud_pos(batch: Batch, origin: Origin) -> Batch:
    """Universal Dependencies: `upos` are strings; a sentence with another tag is left out."""
    tags = [[_TAG_OF_UPOS.get(tag, NO_LABEL) for tag in sentence] for sentence in batch["upos"]]
    return _tagged(batch["tokens"], tags, origin)


def ud_feats(batch: Batch, origin: Origin) -> Batch:
    """Universal Dependencies: the whole feature bundle of a word is one label."""
    other = _TAG_OF_FEATS[OTHER]
    tags = [
        [_TAG_OF_FEATS.get(bundle or NO_FEATS, other) for bundle in sentence]
        for sentence in batch["feats"]
    ]
    return _tagged(batch["tokens"], tags, origin)


def ud_feature_sets(batch: Batch, origin: Origin) -> Batch:
    """Universal Dependencies: every Feature=Value is a label; an unlisted one drops its row."""
    tags = [
        [[_TAG_OF_PAIR.get(pair, NO_LABEL) for pair in _pairs_of(bundle)] for bundle in sentence]
        for sentence in batch["feats"]
    ]
    return _tagged(batch["tokens"], tags, origin)


def ud_lemmas(batch: Batch, origin: Origin) -> Batch:
    """Universal Dependencies: how the word becomes its lemma is its label."""
    other = _TAG_OF_SCRIPT[OTHER]
    tags = [
        [_TAG_OF_SCRIPT.get(edit_script(*pair), other) for pair in zip(*sentence, strict=True)]
        for sentence in zip(batch["tokens"], batch["lemmas"], strict=True)
    ]
    return _tagged(batch["tokens"], tags, origin)


def inflections(batch: Batch, origin: Origin) -> Batch:
    """UniMorph triples: lemma, form, tag; a triple with an unlisted tag is left out."""
    labels = [_LABEL_OF_UNIMORPH.get(tag, NO_LABEL) for tag in batch["tag"]]
    return _pairs(batch["lemma"], batch["form"], labels, origin.own_ids())


def tatoeba(batch: Batch, origin: Origin) -> Batch:
    """Tatoeba: the id is a hash of the English sentence, hence equal in every language."""
    return _translations(batch["source_sentence"], batch["target_sentence"])


def bitext(batch: Batch, origin: Origin) -> Batch:
    """MTEB's Tatoeba: English is sentence2; ids as `tatoeba` gives them."""
    return _translations(batch["sentence1"], batch["sentence2"])


def bucc(batch: Batch, origin: Origin) -> Batch:
    """BUCC: a sentence without translation stands in a row by itself, the other side "" or null."""
    sides = (
        [text or "" for text in batch[name]] for name in ("source_sentence", "target_sentence")
    )
    source, target = sides
    return {"id": origin.own_ids(), "source": source, "target": target}


def answer_sentences(batch: Batch, origin: Origin) -> Batch:
    """SQuAD and XQuAD-R: the sentences of the context are candidates, of `train` the right one.

    The right sentence is the one in which the first answer starts, as in LAReQA; sentences are cut
    by `passages.py`. Translations of one item have the same id.
    """
    rows: Batch = {name: [] for name in ("candidates", "contexts", "relevant")}
    for context, answers in zip(batch["context"], batch["answers"], strict=True):
        spans = sentence_spans(context)
        start = answers["answer_start"][0]
        right = next(i for i, (_, end) in enumerate(spans) if start < end)
        kept = spans[right : right + 1] if origin.split == "train" else spans
        rows["candidates"].append([context[first:last] for first, last in kept])
        rows["contexts"].append([context] * len(kept))
        rows["relevant"].append([kept.index(spans[right])])
    return {"id": batch["id"], "question": batch["question"], **rows}


def mewslix(batch: Batch, origin: Origin) -> Batch:
    """Mewsli-X as MentionEntityPair: contextual_mention (null where an entity only is), entity."""
    questions = [_mention(value) if value else "" for value in batch["contextual_mention"]]
    entities = [
        joined_sentences(entity["description"], _spans(entity["sentence_spans"]))
        for entity in batch["entity"]
    ]
    return {
        "id": origin.own_ids(),
        "question": questions,
        "candidates": [[text] for text in entities],
        "contexts": [[""] for _ in entities],
        "relevant": [[0] if question else [] for question in questions],
    }


def _mention(value: Any) -> str:
    """A mention marked in its sentence."""
    context, span = value["context"], value["mention"]["mention_span"]
    start, end = span["start"], span["end"]
    first, last = next(
        (a, b) for a, b in _spans(context["sentence_spans"]) if a <= start and end <= b
    )
    return mention_text(context["text"][first:last], start - first, end - first)


def _spans(spans: Any) -> list[tuple[int, int]]:
    return [(span["start"], span["end"]) for span in spans]


ADAPTERS: dict[str, Adapter] = {
    adapter.__name__: adapter
    for adapter in (
        *(nli, sentences, question_and_sentence, question_pairs, sentence_pairs),
        *(hellaswag, cosmos_qa, commonsense_qa, social_iqa, copa),
        squad,
        *(pos_tags, ner_tags, ud_pos, ud_feats, ud_feature_sets, ud_lemmas),
        inflections,
        *(tatoeba, bitext, bucc),
        *(answer_sentences, mewslix),
    )
}
"""Name in a `HubSource` to its function."""


def _pairs(texts: list[str], pairs: list[str], labels: list[int], ids: list[str]) -> Batch:
    return {"id": ids, "text": texts, "text_pair": pairs, "label": labels}


def _choices(
    contexts: list[str],
    questions: Sequence[str | None],
    choices: list[list[str]],
    labels: Sequence[int | None],
    ids: list[str],
) -> Batch:
    return {
        "id": ids,
        "context": contexts,
        "question": list(questions),
        "choices": choices,
        "label": list(labels),
    }


def _pairs_of(bundle: str | None) -> list[str]:
    return bundle.split("|") if bundle and bundle != NO_FEATS else []


def _tagged(tokens: list[list[str]], tags: list[list[Any]], origin: Origin) -> Batch:
    return {"id": origin.own_ids(), "tokens": tokens, "tags": tags}


def _translations(sources: list[str], english: list[str]) -> Batch:
    ids = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in english]
    return {"id": ids, "source": sources, "target": english}
