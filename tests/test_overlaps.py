"""Are rows that a target shares with a stage found, and only those?"""

import dataclasses
import hashlib
import unicodedata

import datasets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.data import load_rows
from trainables.overlaps import (
    NO_HASH,
    Overlap,
    distinct,
    normalised,
    overlap,
    overlap_with,
    row_hashes,
)
from trainables.tasks import TASKS

PREMISE = "The committee approved the budget on Tuesday."
HYPOTHESIS = "A budget was approved by the committee."


def pairs(*rows):
    ids = [str(i) for i in range(len(rows))]
    texts, others = zip(*rows, strict=True)
    return datasets.Dataset.from_dict({"id": ids, "text": texts, "text_pair": others})


def questions(*rows):
    names = ("context", "question", "choices")
    return datasets.Dataset.from_list([dict(zip(names, row, strict=True)) for row in rows])


def test_case_punctuation_and_spacing_do_not_hide_an_overlap():
    found = overlap(pairs((PREMISE.upper(), HYPOTHESIS)), pairs((f" {PREMISE[:-1]} !", HYPOTHESIS)))
    assert found == Overlap(whole=1, part=1, rows=1)
    assert found.share == 1.0


def test_one_shared_text_is_a_partial_overlap():
    stage = pairs((PREMISE, HYPOTHESIS))
    target = pairs((PREMISE, "Nobody has ever agreed on any budget."), ("no", "yes"))
    assert overlap(stage, target) == Overlap(whole=0, part=1, rows=1, short=1)


def test_short_texts_are_no_overlap():
    found = overlap(pairs(("yes", "no")), pairs(("yes", "no")))
    assert found == Overlap(whole=0, part=0, rows=0, short=1)
    assert found.share == 0.0


@pytest.mark.parametrize(
    "text", ["The 3 café's of Straße 12 are ＦＵＬＬ.", "ΟΔΟΣ: “ﬁve” naïve Größen"]
)
def test_unicode_forms_of_one_text_are_one_text(text):
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    assert len({normalised(form.upper().lower()) for form in forms}) == 1


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_letters_have_the_normal_form_of_all_others(text):
    assert normalised(text) == normalised(text + "é").removesuffix("é")


def test_a_texts_hash_stays_what_it_is():
    # VERSION must rise with it: kept hashes would no longer fit.
    letters = "thecommitteeapprovedthebudgetontuesday"
    wanted = [
        int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
        for text in (f"{letters}no", letters)
    ]
    assert row_hashes(pairs((PREMISE, "no")))[0].tolist() == [*wanted, NO_HASH]


def test_nothing_is_in_no_rows():
    assert overlap_with(distinct([]), row_hashes(pairs((PREMISE, HYPOTHESIS)))).part == 0


def test_a_text_is_found_in_rows_of_another_kind():
    tagged = datasets.Dataset.from_dict({"tokens": [PREMISE.replace(".", " .").split()]})
    assert overlap(tagged, pairs((PREMISE, HYPOTHESIS))) == Overlap(whole=0, part=1, rows=1)


def retrieved(question, passages, around):
    return datasets.Dataset.from_dict(
        {"question": [question], "candidates": [passages], "contexts": [around], "relevant": [[0]]}
    )


def test_a_question_is_found_with_its_context_where_its_sentences_are_retrieved():
    asked, context = "What did the committee approve on Tuesday?", f"{PREMISE} {HYPOTHESIS}"
    read = datasets.Dataset.from_dict({"context": [context], "question": [asked]})
    retrieval = retrieved(asked, [PREMISE, HYPOTHESIS], [context, context])
    assert overlap(read, retrieval) == overlap(retrieval, read) == Overlap(whole=1, part=1, rows=1)
    other = retrieved("Who approved the budget of the year?", [HYPOTHESIS], [context])
    assert overlap(read, other) == Overlap(whole=0, part=1, rows=1)


def test_passages_by_themselves_are_compared_by_themselves():
    stage = retrieved("{ Budget } of the committee, on Tuesday", [PREMISE], [""])
    assert overlap(stage, pairs((PREMISE, HYPOTHESIS))).part == 1
    assert (
        overlap(stage, retrieved("Another question of some length", [HYPOTHESIS], [""])).part == 0
    )


def test_a_template_question_is_no_overlap():
    asked = "What happened as a result of this?"
    stage = questions(("The man turned on the kitchen faucet.", asked, ["a", "b"]))
    target = questions(("The girl found a small bug in her cereal.", asked, ["c", "d"]))
    assert overlap(stage, target).part == 0
    assert overlap(stage, stage) == Overlap(whole=1, part=1, rows=1)


@pytest.fixture(scope="module")
def load(shared_folder):
    return lambda task, split: load_rows(task, "en", split, mirror=shared_folder / "hub")


@pytest.mark.shared
def test_xnli_trains_on_rows_of_mnli(load):
    xnli = TASKS["xnli"]
    own = dataclasses.replace(xnli.source, splits={**xnli.source.splits, "train": "train"})
    target = load(dataclasses.replace(xnli, source=own), "train")
    found = overlap(load(TASKS["mnli"], "train"), target)
    assert found.whole > 0.99 * found.rows > 1000


@pytest.mark.shared
def test_xquad_items_in_squad_dev_are_found(load):
    dev = load(TASKS["squad"], "dev")
    for split in ("search", "report"):
        target = load(TASKS["xquad"], split)
        found = overlap(dev, target)
        contexts = set(dev["context"])
        assert found.whole == len(set(dev["id"]) & set(target["id"])) > 0
        assert found.part >= sum(context in contexts for context in target["context"]) > 0


@pytest.mark.shared
def test_no_training_stage_holds_english_xquad_items(load):
    assert overlap(load(TASKS["squad"], "train"), load(TASKS["xquad"], "report")).part == 0


@pytest.mark.shared
@pytest.mark.parametrize("stage", ["ud_pos_en", "ud_feats_en", "ud_lemmas_en"])
def test_udpos_trains_on_sentences_of_ewt(load, stage):
    assert overlap(load(TASKS[stage], "train"), load(TASKS["udpos"], "train")).whole > 100
