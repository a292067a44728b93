"""The embedded world: laws over all its generators, languages and shipped encoders."""

import functools
import json
import random
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from itertools import combinations, islice, pairwise, product
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from trainables.encoder import PACKAGED, load_encoder
from trainables.kinds import KINDS
from trainables.miniworld.concepts import CONCEPTS, EFFECT, VERBS
from trainables.miniworld.corpus import examples
from trainables.miniworld.distances import DISTANCE_KINDS, distances
from trainables.miniworld.draws import draw_clause
from trainables.miniworld.grammar import say
from trainables.miniworld.languages import INVENTED, LANGUAGES, get_language
from trainables.miniworld.lexicon import lexicon
from trainables.miniworld.pretrain import ENCODERS, Pretraining, pretrain
from trainables.miniworld.rows import GENERATORS, read
from trainables.miniworld.tokenizer import build_tokenizer
from trainables.scorers import accuracy, nearest
from trainables.sentence_views import mean_pooled
from trainables.tasks.miniworld import MINIWORLD
from trainables.tasks.xtreme import XTREME
from trainables.tasks.xtreme_r import XTREME_R

FOREIGN = [language.code for language in INVENTED]
SPLITS = ("train", "dev", "search", "report")
WHOLE_SPLITS = [(name, split) for name in GENERATORS for split in GENERATORS[name].sizes]
TASK_OF = {task.source.generator: task for task in MINIWORLD}
BALANCED = [t for t in MINIWORLD if t.kind in ("classification", "multiple_choice")]


def texts_of(row):
    columns = ("text", "text_pair", "context", "question", "source", "target")
    single = [row[column] for column in columns if column in row]
    return [
        *single,
        *row.get("choices", []),
        *row.get("candidates", []),
        *row.get("answers", []),
        *row.get("tokens", []),
    ]


@functools.cache
def contents(name, split):
    rows = read(name, "en", split).remove_columns("id")
    hidden = {"label", "tags", "answers", "answer_starts", "relevant"}
    return [json.dumps({k: v for k, v in row.items() if k not in hidden}) for row in rows]


def test_every_generator_has_one_task_of_its_size():
    assert sorted(TASK_OF) == sorted(GENERATORS)
    for name, task in TASK_OF.items():
        trained_by = GENERATORS[name].train_and_dev_of or name
        assert task.train_size == GENERATORS[trained_by].sizes.get("train", 0)
        has_targets_splits = {"search", "report"} <= set(GENERATORS[name].sizes)
        assert has_targets_splits == (task.role == "target")


def test_there_is_a_target_of_every_kind_of_xtreme_and_an_intermediate_task_of_every_trained_one():
    of_xtreme = {task.kind for task in (*XTREME, *XTREME_R)}
    assert {task.kind for task in MINIWORLD if task.role == "target"} == of_xtreme
    trained = {name for name, kind in KINDS.items() if kind.trains}
    assert {task.kind for task in MINIWORLD if task.role == "intermediate"} == trained


def test_rows_are_equal_in_every_process():
    script = (
        "import json; from trainables.miniworld.rows import GENERATORS, read\n"
        "for n in GENERATORS: print(json.dumps(read(n, 'eki', 'search')[:3]"
        " if 'search' in GENERATORS[n].sizes else read(n, 'en', 'dev')[:3]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == len(GENERATORS)


@pytest.mark.parametrize("name", GENERATORS)
def test_splits_have_their_sizes_and_no_text_twice(name):
    found = {split: contents(name, split) for split in GENERATORS[name].sizes}
    for split, texts in found.items():
        assert len(texts) == len(set(texts)) == GENERATORS[name].sizes[split]
    for first, second in combinations(found.values(), 2):
        assert not set(first) & set(second)


def test_no_search_or_report_text_of_a_target_is_trained_on_by_another_task():
    trained = {t for name, split in WHOLE_SPLITS if split == "train" for t in contents(name, split)}
    scored = {
        t for name, split in WHOLE_SPLITS if split in SPLITS[2:] for t in contents(name, split)
    }
    assert not trained & scored


@pytest.mark.parametrize("task", MINIWORLD, ids=lambda task: task.name)
def test_rows_are_translations_of_each_other(task):
    name, split = task.source.generator, "search" if task.role == "target" else "dev"
    english = read(name, "en", split)
    for language in FOREIGN if split == "search" else ():
        foreign = read(name, language, split)
        assert foreign["id"] == english["id"]
        assert foreign.column_names == english.column_names
        if "label" in foreign.column_names:
            assert foreign["label"] == english["label"]


@pytest.mark.parametrize("task", BALANCED, ids=lambda task: task.name)
def test_labels_are_in_range_and_balanced(task):
    labels = Counter(read(task.source.generator, "en", "train")["label"])
    assert sorted(labels) == list(range(len(task.labels)))
    assert max(labels.values()) < 1.25 * min(labels.values())


@pytest.mark.parametrize("name", ["pos", "ner", "udpos", "panx"])
def test_every_tag_occurs_and_every_word_has_one(name):
    rows = read(name, "en", "train")
    tags = Counter(tag for row in rows for tag in row["tags"])
    declared = set(range(len(TASK_OF[name].labels)))
    assert set(tags) <= declared
    assert len(tags) >= len(declared) - 2  # one clause has no full stop and asks nothing
    assert all(len(row["tokens"]) == len(row["tags"]) for row in rows)


def test_features_are_those_of_the_clause():
    rows, labels = read("features", "en", "train"), TASK_OF["features"].labels
    marked = [
        list(
            zip(row["tokens"], ({labels[tag] for tag in tags} for tags in row["tags"]), strict=True)
        )
        for row in rows
    ]
    assert {label for words in marked for _, found in words for label in found} == set(labels)
    for words in marked:
        said = {label for _, found in words for label in found}
        tokens = [word for word, _ in words]
        assert ("Polarity=Neg" in said) == ("not" in tokens)
        assert ("Voice=Pass" in said) == ("was" in tokens)
        assert all((word == "the") == ("Definite=Def" in found) for word, found in words)
        for (before, _), (word, found) in pairwise(words):
            assert word.endswith("s") if "Number=Plur" in found else True
            assert not found if word in ("was", "not", "by", "in") else before


@pytest.mark.parametrize(("name", "language"), product(["squad", "xquad"], LANGUAGES))
def test_answers_are_exact_substrings_between_spaces(name, language):
    if name == "squad" and language != "en":
        return
    for row in read(name, language, "dev" if name == "squad" else "search"):
        (answer,), (start,) = row["answers"], row["answer_starts"]
        assert row["context"][start : start + len(answer)] == answer
        assert f" {answer} " in f" {row['context']} "[start:]


@pytest.mark.parametrize("language", FOREIGN)
def test_foreign_text_has_no_word_of_another_language(language):
    own = set(lexicon(get_language(language)).values())
    strange = {root for code in LANGUAGES for root in lexicon(LANGUAGES[code]).values()} - own
    for name in GENERATORS:
        if "search" not in GENERATORS[name].sizes:
            continue
        rows = read(name, language, "search").select(range(60))
        rows = rows.remove_columns("target") if name == "tatoeba" else rows
        words = {word for row in rows for text in texts_of(row) for word in text.split()}
        assert not words & strange


def test_words_split_into_their_roots_and_suffixes():
    tokenizer = build_tokenizer()
    rng = random.Random(0)
    for language in LANGUAGES.values():
        roots = set(lexicon(language).values()) | {"."}
        for _ in range(200):
            text = " ".join(word.text for word in say(draw_clause(rng), language))
            pieces = tokenizer.tokenize(text)
            assert "<unk>" not in pieces
            firsts = [piece for piece in pieces if not piece.startswith("##")]
            assert len(firsts) == len(text.split())
            assert set(firsts) <= roots


def test_sentences_are_short():
    tokenizer = build_tokenizer()
    lengths = [
        len(tokenizer(*pair)["input_ids"])
        for pair in islice(examples(random.Random(0), translated=0.4, restated=0.4), 500)
    ]
    assert max(lengths) < 64
    assert 8 <= sum(lengths) / len(lengths) <= 32


def test_every_verb_has_one_effect_and_one_cause():
    assert sorted(effect for effect, _ in EFFECT.values()) == sorted(VERBS)
    assert all(verb != effect for verb, (effect, _) in EFFECT.items())


def test_verbs_have_the_form_of_their_nouns_in_every_language():
    verbal = [concept for concept in CONCEPTS if concept.endswith(".v")]
    assert verbal
    for language in LANGUAGES.values():
        forms = lexicon(language)
        assert all(forms[concept] == forms[concept.removesuffix(".v")] for concept in verbal)


@pytest.mark.parametrize("kind", DISTANCE_KINDS)
def test_distances_are_symmetric_and_zero_on_the_diagonal_only_there_for_words(kind):
    table = {(d.source, d.language): getattr(d, kind) for d in distances()}
    assert len(table) == len(LANGUAGES) ** 2
    for (source, language), distance in table.items():
        assert distance == table[language, source]
        assert 0 <= distance <= 1
        assert distance == 0 if source == language else True
    if kind in ("lexical", "featural"):
        assert all(distance > 0 for (a, b), distance in table.items() if a != b)


@pytest.mark.parametrize("kind", DISTANCE_KINDS)
def test_languages_are_listed_from_near_to_far(kind):
    from_english = [getattr(d, kind) for d in distances() if d.source == "en"]
    assert from_english == sorted(from_english)


def test_what_does_not_exist_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="did you mean xnli"):
        read("xnl", "en", "search")
    with pytest.raises(ValueError, match="did you mean bor"):
        read("xnli", "borr", "search")
    with pytest.raises(ValueError, match="has no split 'report'; it has train, dev"):
        read("nli", "en", "report")


def test_foreign_training_rows_translate_the_english_ones():
    english, foreign = (read("nli", language, "train")[:] for language in ("en", "bor"))
    assert foreign["id"] == english["id"] and foreign["label"] == english["label"]
    different = sum(a != b for a, b in zip(english["text"], foreign["text"], strict=True))
    assert different > 0.9 * len(english["id"])


def test_xquad_is_trained_on_the_rows_of_squad():
    assert read("xquad", "en", "train")[:] == read("squad", "en", "train")[:]


@pytest.mark.parametrize("folder", PACKAGED.values())
def test_a_shipped_encoder_is_small_and_knows_the_tokens(folder):
    path = Path(str(files("trainables.miniworld") / folder))
    assert {file.name for file in path.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert sum(file.stat().st_size for file in path.iterdir()) <= 4_000_000
    shipped = AutoTokenizer.from_pretrained(path)
    assert shipped.get_vocab() == build_tokenizer().get_vocab()
    text = ("the king not see the horses", "λαμαθεασα")
    assert shipped(*text)["input_ids"] == build_tokenizer()(*text)["input_ids"]


@pytest.mark.parametrize("name", PACKAGED)
def test_retrieval_falls_from_near_to_far_languages(name):
    scores = retrieval_scores(name, num_sentences=200)
    near, middle, far = (sum(scores[i : i + 2]) / 2 for i in (0, 2, 4))
    assert scores[0] > 0.9
    assert near > middle > far
    assert scores[-1] > 3 / 200  # chance is 1 / 200


@torch.inference_mode()
def retrieval_scores(name, num_sentences):
    encoder = load_encoder(name)
    model = encoder.model.eval()

    def embed(texts):
        batch = encoder.tokenizer(list(texts), padding=True, return_tensors="pt")
        hidden = model(**batch, output_hidden_states=True).hidden_states
        return mean_pooled(hidden[encoder.view().layer], batch["attention_mask"]).numpy()

    scores = []
    for language in FOREIGN:
        rows = read("tatoeba", language, "search").select(range(num_sentences))
        found = nearest(embed(rows["target"]), embed(rows["source"]))
        scores.append(accuracy(range(num_sentences), found.tolist()))
    return scores


def test_pretraining_is_deterministic():
    plan = Pretraining(
        folder="tiny", hidden_size=16, intermediate_size=16, num_layers=2, num_steps=6, batch_size=8
    )
    first, second = pretrain(plan)[0].state_dict(), pretrain(plan)[0].state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_every_packaged_encoder_has_a_plan():
    assert sorted(plan.folder for plan in ENCODERS) == sorted(PACKAGED.values())
