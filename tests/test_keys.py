"""Laws of the names of computed things."""

import dataclasses

import pytest

from trainables.keys import (
    Numerics,
    chain_numerics,
    digest,
    encoder_node,
    evaluation_node,
    stage_node,
    target_node,
)

ROOT = encoder_node("abc")
STAGE = {
    "parts": [{"task": "mini-nli", "num_examples": 10, "rows": "r", "max_length": 32}],
    "recipe": {"learning_rate": 1e-3},
    "seed": 1,
    "numerics": "cpu",
}
TARGET = {
    "part": {"task": "mini-nli", "num_examples": 10, "rows": "r"},
    "dev_rows": "d",
    "recipe": {"learning_rate": 1e-3},
    "seed": 1,
    "numerics": "cpu",
}
EVALUATION = {
    "task": "mini-xnli",
    "language": "en",
    "rows": "r",
    "max_length": 32,
    "layer": None,
    "pooling": None,
    "tuned_on": None,
    "other_layers": [],
    "numerics": "cpu",
}
CHANGED = {
    "parts": [{"task": "mini-nli", "num_examples": 11, "rows": "r", "max_length": 32}],
    "part": {"task": "mini-nli", "num_examples": 10, "rows": "other"},
    "recipe": {"learning_rate": 2e-3},
    "seed": 2,
    "dev_rows": "e",
    "task": "mini-pos",
    "language": "near",
    "rows": "s",
    "max_length": 33,
    "layer": 2,
    "pooling": "cls",
    "tuned_on": "t",
    "other_layers": [1],
}
MAKERS = {"stage": (stage_node, STAGE), "target": (target_node, TARGET)}
MAKERS["evaluation"] = (evaluation_node, EVALUATION)


@pytest.mark.parametrize(
    ("kind", "field"),
    [(k, f) for k, (_, fields) in MAKERS.items() for f in fields if f != "numerics"],
)
def test_every_field_changes_the_key(kind, field):
    make, fields = MAKERS[kind]
    assert make(ROOT, **fields).key != make(ROOT, **{**fields, field: CHANGED[field]}).key


@pytest.mark.parametrize("kind", MAKERS)
def test_another_parent_changes_the_key(kind):
    make, fields = MAKERS[kind]
    assert make(ROOT, **fields).key != make(encoder_node("abd"), **fields).key


@pytest.mark.parametrize("kind", MAKERS)
def test_numerics_class_is_beside_the_key(kind):
    make, fields = MAKERS[kind]
    one, other = make(ROOT, **fields), make(ROOT, **{**fields, "numerics": "cuda"})
    assert one.key == other.key
    assert one.numerics != other.numerics


def test_same_prefix_gives_same_key():
    first = stage_node(ROOT, **STAGE)
    assert stage_node(first, **STAGE).key == stage_node(stage_node(ROOT, **STAGE), **STAGE).key


def test_version_changes_every_key(monkeypatch):
    before = ROOT.key
    monkeypatch.setattr("trainables.keys.VERSION", 2)
    assert ROOT.key != before


def test_digest_ignores_the_order_of_fields_and_nothing_else():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": 1.5})
    assert digest([1, 2]) != digest([2, 1])


def test_numerics_of_a_chain_names_each_class_once():
    assert chain_numerics("a | b", "b") == "a | b"
    assert chain_numerics("a", "b") == "a | b"
    assert chain_numerics("", "a") == "a"


def test_every_numerics_field_is_in_its_label():
    base = Numerics(device="cpu", dtype="float32", threads=1, torch="2.13")
    for field in dataclasses.fields(base):
        changed = dataclasses.replace(base, **{field.name: "x"})
        assert changed.label(8) != base.label(8)
    assert base.label(8) != base.label(16)
