"""The store keeps what is finished, and never believes what is damaged."""

import json
import multiprocessing
from pathlib import Path

import pytest
import torch

from trainables.keys import encoder_node, stage_node
from trainables.store import Store, StoreError

WEIGHTS = {"w": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([0.1])}


def node(name="r", numerics="cpu"):
    parts = [{"task": "mini-nli", "num_examples": 10, "rows": name, "max_length": 32}]
    return stage_node(encoder_node("e"), parts=parts, recipe={}, seed=1, numerics=numerics)


def commit(store, which, creator="me", tensors=WEIGHTS):
    return store.commit(
        which, values={"score": 0.5}, examples=10, seconds=1, creator=creator, tensors=tensors
    )


def entry_file(store):
    return next(Path(store.path).glob("??/*/entry.json"))


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    return Store(str(tmp_path) if request.param == "local" else f"memory://{tmp_path}")


def test_what_is_committed_is_found_with_the_same_bits(store):
    commit(store, node())
    entry = store.find(node())
    assert entry.values == {"score": 0.5}
    found = store.tensors(entry)
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[k], WEIGHTS[k]) for k in WEIGHTS)


def test_another_numerics_class_is_a_miss_unless_accepted(store):
    commit(store, node(numerics="cuda"))
    assert store.find(node(numerics="cpu")) is None
    assert store.find(node(numerics="cpu"), accept_other_numerics=True).numerics == "cuda"


def test_first_writer_stays(store):
    commit(store, node(), creator="first")
    assert commit(store, node(), creator="second").creator == "first"
    assert store.find(node()).creator == "first"


def test_entry_without_metadata_is_a_miss(tmp_path):
    store = Store(str(tmp_path))
    commit(store, node())
    entry_file(store).unlink()
    assert store.find(node()) is None


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty"])
def test_damaged_metadata_is_a_miss_and_written_again(tmp_path, damage, caplog):
    store = Store(str(tmp_path))
    commit(store, node())
    _damage(entry_file(store), damage)
    assert store.find(node()) is None
    assert "damaged" in caplog.text
    commit(store, node())
    assert store.find(node()) is not None


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty"])
def test_damaged_weights_are_noticed_and_the_entry_is_removed(tmp_path, damage, caplog):
    store = Store(str(tmp_path))
    entry = commit(store, node())
    _damage(next(tmp_path.glob("??/*/weights-*")), damage)
    assert store.tensors(entry) is None
    assert "damaged" in caplog.text
    assert store.find(node()) is None


def test_partial_state_comes_back_and_goes_with_the_commit(store):
    assert store.load_partial(node()) is None
    store.save_partial(node(), WEIGHTS, {"step": 1})
    store.save_partial(node(), WEIGHTS, {"step": 2})
    tensors, numbers = store.load_partial(node())
    assert numbers == {"step": 2}
    assert torch.equal(tensors["w"], WEIGHTS["w"])
    commit(store, node())
    assert store.load_partial(node()) is None


def test_damaged_partial_state_is_no_state(tmp_path):
    store = Store(str(tmp_path))
    store.save_partial(node(), WEIGHTS, {"step": 1})
    _damage(next(tmp_path.glob("??/*/partial-*.safetensors")), "flip")
    assert store.load_partial(node()) is None


def test_eviction_drops_the_least_recently_used_weights_and_keeps_metadata(tmp_path):
    size = len(_bytes_of_weights(tmp_path / "probe"))
    store = Store(str(tmp_path / "store"), limit_bytes=2.5 * size)
    entries = [commit(store, node(name)) for name in "abc"]
    present = [store.tensors(e) is not None for e in entries]
    assert present == [False, True, True]
    assert all(store.find(node(name)) is not None for name in "abc")
    assert store.find(node("a"), weights=True) is None


def test_eviction_spares_what_is_pinned(tmp_path):
    size = len(_bytes_of_weights(tmp_path / "probe"))
    store = Store(str(tmp_path / "store"), limit_bytes=2.5 * size)
    first = commit(store, node("a"))
    store.pin("trial", [first.key])
    second = commit(store, node("b"))
    commit(store, node("c"))
    assert store.tensors(first) is not None
    assert store.tensors(second) is None


def test_evicted_weights_can_be_committed_again(tmp_path):
    store = Store(str(tmp_path))
    entry = commit(store, node())
    next(tmp_path.glob("??/*/weights-*")).unlink()
    assert store.tensors(entry) is None
    again = commit(store, node(), creator="again")
    assert again.creator == "again"
    assert torch.equal(store.tensors(again)["w"], WEIGHTS["w"])


def test_entry_spells_the_inputs_of_its_key(tmp_path):
    store = Store(str(tmp_path))
    commit(store, node())
    written = json.loads(entry_file(store).read_text())["value"]
    assert written["inputs"]["parts"][0]["task"] == "mini-nli"
    assert written["key"] == node().key


def test_unwritable_store_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"store\.path"):
        Store(str(tmp_path / "file" / "store")).check_usable()


def test_writers_in_several_processes_leave_one_whole_entry(tmp_path):
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        pool.map(_commit_many, [str(tmp_path)] * 2)
    store = Store(str(tmp_path))
    for k in range(10):
        entry = store.find(node(f"row{k}"))
        assert torch.equal(store.tensors(entry)["w"], WEIGHTS["w"])
    assert len(list(store.entries())) == 10


def _commit_many(path):
    store = Store(path)
    for k in range(10):
        commit(store, node(f"row{k}"))


def _damage(path, how):
    data = bytearray(path.read_bytes())
    if how == "flip":
        data[len(data) // 2] ^= 0x01
    path.write_bytes({"flip": data, "truncate": data[: len(data) // 2], "empty": b""}[how])


def _bytes_of_weights(path):
    store = Store(str(path))
    commit(store, node())
    return next(path.glob("??/*/weights-*")).read_bytes()
