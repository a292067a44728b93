"""Are rows that a target shares with a stage found, and only those?"""

import dataclasses

import datasets
import pytest

from trainables.data import load_rows
from trainables.overlaps import Overlap, overlap
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
    assert overlap(stage, target) == Overlap(whole=0, part=1, rows=2)


def test_short_texts_are_no_overlap():
    assert overlap(pairs(("yes", "no")), pairs(("yes", "no"))).part == 0


def test_a_text_is_found_in_rows_of_another_kind():
    tagged = datasets.Dataset.from_dict({"tokens": [PREMISE.replace(".", " .").split()]})
    assert overlap(tagged, pairs((PREMISE, HYPOTHESIS))) == Overlap(whole=0, part=1, rows=1)


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
