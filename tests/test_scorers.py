"""Do our scores agree with the official scripts?"""

import json
import random
import warnings

import numpy as np
import pytest

from trainables.scorers import (
    SCORERS,
    accuracy,
    average_precision_at_k,
    mine,
    mining_scores,
    mlqa_scores,
    reciprocal_rank_at_k,
    retrieval_accuracy,
    score_file,
    span_f1,
    squad_scores,
)
from trainables.scorers.mlqa import mlqa_tokens

UPOS = [
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
]
BIO = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
IOBES = ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"]


@pytest.mark.shared
@pytest.mark.parametrize("task", SCORERS)
def test_every_golden_case_scores_as_the_official_script(task, shared_folder):
    path = shared_folder / "golden" / f"{task}.json"
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    scored = list(score_file(task, path))
    assert len(scored) == len(cases) > 0
    for case, line in zip(cases, scored, strict=True):
        assert line["language"] == case.get("language")
        assert set(case["expected"]) <= set(line["metrics"])
        for name, expected in case["expected"].items():
            found = line["metrics"][name]
            assert np.shape(found) == np.shape(expected), name
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.shared
def test_every_golden_file_has_a_scorer(shared_folder):
    files = {path.stem for path in (shared_folder / "golden").glob("*.json")}
    assert files == set(SCORERS)


@pytest.mark.parametrize("labels", [UPOS, BIO, IOBES], ids=["upos", "bio", "iobes"])
def test_span_f1_is_seqeval(labels):
    from seqeval.metrics import f1_score

    rng = random.Random(len(labels))
    for _ in range(40):
        gold = [rng.choices(labels, k=rng.randint(1, 12)) for _ in range(8)]
        noise = [[t if rng.random() < 0.6 else rng.choice(labels) for t in s] for s in gold]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = f1_score(gold, noise)
        assert span_f1(gold, noise) == pytest.approx(expected, abs=1e-12)


def test_pos_neighbours_of_one_tag_are_one_span():
    # NOUN NOUN is one span, so one wrong tag in it loses all of it
    gold, predicted = [["NOUN", "NOUN", "VERB"]], [["NOUN", "ADJ", "VERB"]]
    assert span_f1(gold, predicted) == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))


def test_squad_ignores_case_articles_and_punctuation():
    scores = squad_scores([["Denver Broncos"]], ["the denver broncos!"])
    assert scores == {"exact_match": 1.0, "f1": 1.0}


def test_squad_f1_is_of_the_best_gold_answer():
    # 1 of 2 predicted words is in a gold answer of 1 word: P 1/2, R 1
    scores = squad_scores([["Paris", "city of light"]], ["Paris France"])
    assert scores == {"exact_match": 0.0, "f1": pytest.approx(2 / 3)}


def test_a_question_without_prediction_is_wrong():
    assert squad_scores([["a b"], ["c"]], [None, "c"]) == {"exact_match": 0.5, "f1": 0.5}


def test_an_unanswerable_question_wants_an_empty_answer():
    assert squad_scores([[], []], ["", "Paris"]) == {"exact_match": 0.5, "f1": 0.5}


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("en", "The U.S. team", ["us", "team"]),
        ("de", "der große Fluss.", ["große", "fluss"]),
        ("es", "¿La casa?", ["casa"]),
        ("vi", "những con mèo", ["con", "mèo"]),
        ("hi", "लाल किला।", ["लाल", "किला"]),
        ("ar", "الكتاب", ["كتاب"]),
        ("zh", "在 2008年，NBA", ["在", "2008", "年", "nba"]),
    ],
)
def test_mlqa_tokens_follow_the_language(language, text, tokens):
    assert mlqa_tokens(text, language=language) == tokens


def test_mlqa_counts_chinese_characters():
    # 2 of 4 gold characters found, nothing else: P 1, R 1/2
    assert mlqa_scores([["上单翼船"]], ["单翼"], "zh")["f1"] == pytest.approx(2 / 3)


def test_mlqa_refuses_a_language_it_does_not_have():
    with pytest.raises(ValueError, match="no language 'tr'"):
        mlqa_scores([["a"]], ["a"], "tr")


def test_retrieval_is_by_cosine_not_by_length():
    queries = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    candidates = np.array([[9.0, 1.0], [0.0, 0.1], [-1.0, -1.0]])
    assert retrieval_accuracy(queries, candidates) == pytest.approx(2 / 3)


def test_mining_is_one_to_one_and_best_first():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(20, 6)), rng.normal(size=(15, 6))
    mined = mine(source, target)
    rows, columns, scores = zip(*mined, strict=True)
    assert len(set(rows)) == len(rows) and len(set(columns)) == len(columns)
    assert list(scores) == sorted(scores, reverse=True)


def test_mining_finds_copies():
    vectors = np.random.default_rng(1).normal(size=(10, 8))
    order = np.random.default_rng(2).permutation(10)
    gold = {(int(i), k) for k, i in enumerate(order)}
    assert mining_scores(mine(vectors, vectors[order]), gold)["f1"] == 1.0


def test_mining_threshold_lies_between_the_best_cut_and_the_next_pair():
    mined = [(0, 0, 2.0), (1, 1, 1.5), (2, 3, 1.0), (3, 2, 0.5)]
    scores = mining_scores(mined, {(0, 0), (1, 1), (4, 4)})
    assert scores["threshold"] == 1.25
    assert (scores["precision"], scores["recall"]) == (1.0, pytest.approx(2 / 3))


def test_average_precision_at_k_by_hand():
    # relevant at ranks 1 and 3 of 3 relevant ones: (1/1 + 2/3) / 3
    assert average_precision_at_k([5, 9, 7, 8], {5, 7, 1}) == pytest.approx(5 / 9)
    assert average_precision_at_k(list(range(30)), {25}) == 0.0


def test_reciprocal_rank_stops_at_k():
    ranked = [f"Q{i}" for i in range(30)]
    assert reciprocal_rank_at_k(ranked, "Q3") == 0.25
    assert reciprocal_rank_at_k(ranked, "Q20") == 0.0


def test_accuracy_wants_one_prediction_per_label():
    assert accuracy([1, 0, 2], [1, 1, 2]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="2 predictions for 3"):
        accuracy([1, 0, 2], [1, 1])


@pytest.mark.parametrize(
    ("task", "content", "message"),
    [
        ("udpoz", "{}", "did you mean udpos"),
        ("udpos", "{", "not JSON"),
        ("udpos", "[]", "no list of cases"),
        ("udpos", '{"cases": [{"gold": [["X"]]}]}', r"cases\[0\] lacks 'predicted'"),
        ("udpos", '{"cases": [{"gold": [["X"]], "predicted": [[]]}]}', "0 tags, wanted 1"),
        ("udpos", '{"cases": [{"gold": [["X"]], "predicted": [[""]]}]}', "a tag is empty"),
        ("mlqa", '{"cases": [3]}', "is int, wanted an object"),
        ("mewslix", '{"cases": [{"gold": {}, "predicted": {}}]}', "nothing to score"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(tmp_path, task, content, message):
    path = tmp_path / "cases.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        list(score_file(task, path))


def test_a_missing_file_is_a_value_error(tmp_path):
    with pytest.raises(ValueError, match="cannot read"):
        list(score_file("udpos", tmp_path / "none.json"))
