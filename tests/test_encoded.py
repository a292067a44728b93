"""Tokenised data is computed once, mapped without copying, and never believed when broken."""

import copy
import os
import pickle
import threading
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from trainables import encoding
from trainables.encoded import EncodedRows, encoded, open_encoded
from trainables.kinds import KINDS
from trainables.ragged import Ragged, padded


@pytest.fixture
def case(tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    rows, task = tiny_rows("span_qa", 2500), tiny_tasks["span_qa"]
    return rows, task, tiny_encoder.tokenizer, 24, tmp_path, "key"


def lists(data):
    """Per column what each feature has."""
    return {
        name: [np.asarray(column[i]).tolist() for i in range(len(data))]
        for name, column in data.columns.items()
    }


@dataclass
class EndsItsReader:
    """A tokenizer that no other process survives."""

    tokenizer: Any

    def __call__(self, *args, **kwargs):
        return self.tokenizer(*args, **kwargs)

    def __reduce__(self):
        return os._exit, (1,)


def test_second_reader_needs_no_tokenizer(case):
    rows, task, _, length, folder, key = case
    first = encoded(*case)
    second = encoded(rows, task, None, length, folder, key)
    assert lists(first) == lists(second)
    assert second.num_rows == 2500
    assert [path.name for path in folder.iterdir()] == ["key.arrow"]


def test_columns_are_views_of_the_mapped_file(case):
    for column in encoded(*case).columns.values():
        values = column.values if isinstance(column, Ragged) else column
        assert not values.flags.owndata
        assert not values.flags.writeable


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_row_gives_the_same_features_alone_and_in_any_batch(
    name, size, tiny_tasks, tiny_rows, tiny_encoder, tmp_path, monkeypatch
):
    rows = tiny_rows(name, 60)
    if name == "classification":  # pairs and single texts are not tokenised together
        pairs = [pair if i % 3 else "" for i, pair in enumerate(rows["text_pair"])]
        rows = rows.remove_columns("text_pair").add_column("text_pair", pairs)
    args = (rows, tiny_tasks[name], tiny_encoder.tokenizer, 12, tmp_path)
    together = encoded(*args, "together")
    monkeypatch.setattr(encoding, "_BATCH_ROWS", size)
    assert lists(encoded(*args, "apart")) == lists(together)
    assert (tmp_path / "apart.arrow").read_bytes() == (tmp_path / "together.arrow").read_bytes()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_work_that_travels_to_another_process_gives_the_same_features(
    name, tiny_tasks, tiny_rows, tiny_encoder
):
    work = encoding._Work(tiny_rows(name, 1200), tiny_tasks[name], tiny_encoder.tokenizer, 12)
    copy_there = pickle.loads(pickle.dumps(work))
    for start in (1000, 0):  # in another order too
        came_back = pickle.loads(pickle.dumps(encoding._encode(copy_there, start)))
        here = encoding._encode(work, start)
        assert lists(EncodedRows(columns=came_back, num_rows=1200)) == lists(
            EncodedRows(columns=here, num_rows=1200)
        )


def test_several_processes_write_the_same_bytes(case, monkeypatch):
    rows, task, tokenizer, length, folder, _ = case
    encoded(rows, task, tokenizer, length, folder, "one")
    monkeypatch.setattr(encoding, "LARGE", len(rows))
    monkeypatch.setattr(encoding, "_cpus", lambda: 2)
    monkeypatch.setattr(encoding, "_here", None)  # which would fail
    encoded(rows, task, tokenizer, length, folder, "many", processes=9)
    assert (folder / "many.arrow").read_bytes() == (folder / "one.arrow").read_bytes()


def test_where_processes_die_the_rows_are_tokenised_all_the_same(
    tiny_tasks, tiny_rows, tiny_encoder, tmp_path, monkeypatch, caplog
):
    rows, task = tiny_rows("classification", 1500), tiny_tasks["classification"]
    wanted = lists(encoded(rows, task, tiny_encoder.tokenizer, 32, tmp_path, "one"))
    monkeypatch.setattr(encoding, "LARGE", 1)
    monkeypatch.setattr(encoding, "_cpus", lambda: 2)
    deadly = EndsItsReader(tiny_encoder.tokenizer)
    assert lists(encoded(rows, task, deadly, 32, tmp_path, "many", processes=2)) == wanted
    assert "tiny-classification is tokenised in one process" in caplog.text


def test_few_rows_and_a_single_cpu_start_no_process(case, monkeypatch):
    monkeypatch.setattr(encoding, "_elsewhere", None)  # which would fail
    monkeypatch.setattr(encoding, "_cpus", lambda: 2)
    rows, task, tokenizer, length, folder, _ = case
    encoded(rows, task, tokenizer, length, folder, "few", processes=2)
    monkeypatch.setattr(encoding, "LARGE", 1)
    encoded(rows, task, tokenizer, length, folder, "alone", processes=1)
    monkeypatch.setattr(encoding, "_cpus", lambda: 1)
    encoded(rows, task, tokenizer, length, folder, "small", processes=2)


def test_features_of_rows_ignore_the_order_asked_for(case):
    data = encoded(*case)
    wanted = [i for i, row in enumerate(data.columns["row"]) if row in (3, 2400, 17)]
    assert data.features_of(np.array([2400, 3, 17])).tolist() == wanted
    assert len(wanted) > 3


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty"])
def test_a_broken_file_is_said_and_made_anew(case, damage, caplog):
    wanted = lists(encoded(*case))
    path = case[4] / "key.arrow"
    good = path.read_bytes()
    middle = len(good) // 2
    broken = {
        "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
        "cut": good[:middle],
        "empty": b"",
    }
    path.unlink()
    path.write_bytes(broken[damage])
    assert lists(encoded(*case)) == wanted
    assert "made anew" in caplog.text
    assert path.read_bytes() == good


def test_a_file_with_offsets_of_32_bits_is_made_anew(case, caplog):
    wanted = lists(encoded(*case))
    path = case[4] / "key.arrow"
    table = pa.ipc.open_file(path.read_bytes()).read_all()
    types = [pa.list_(pa.int32()) if "list" in str(t) else t for t in table.schema.types]
    fields = zip(table.schema.names, types, strict=True)
    narrow = table.cast(pa.schema(fields, table.schema.metadata))
    path.unlink()
    with pa.ipc.new_file(path, narrow.schema) as writer:
        writer.write_table(narrow)
    assert lists(encoded(*case)) == wanted
    assert "made anew" in caplog.text


def test_a_file_that_was_replaced_is_read_again(case):
    rows, task, tokenizer, length, folder, key = case
    encoded(*case)
    (folder / "key.arrow").unlink()
    other = encoded(rows.select(range(10)), task, tokenizer, length, folder, key)
    assert other.num_rows == open_encoded(folder / "key.arrow").num_rows == 10


def test_two_writers_leave_one_good_file(case):
    rows, task, tokenizer, length, folder, key = case
    threads = [
        threading.Thread(
            target=encoded, args=(rows, task, copy.deepcopy(tokenizer), length, folder, key)
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in folder.iterdir()] == ["key.arrow"]
    assert len(open_encoded(folder / "key.arrow")) > 2500


def test_no_rows_are_refused(case):
    rows, *rest = case
    with pytest.raises(ValueError, match="tiny-span_qa has no rows"):
        encoded(rows.select([]), *rest)


@pytest.mark.parametrize("seed", range(5))
def test_taken_and_padded_lists_are_the_lists(seed):
    rng = np.random.default_rng(seed)
    lists = [rng.integers(1, 99, size).tolist() for size in rng.integers(0, 7, 12)]
    offsets = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    whole = Ragged(np.array(list(chain(*lists)), dtype=np.int32), offsets)
    chosen = rng.integers(0, 12, 20)
    taken = whole.take(chosen)
    assert [taken[i].tolist() for i in range(20)] == [lists[i] for i in chosen]
    part = Ragged(whole.values, offsets[4:9])
    rectangle, filled = padded(part.flat, part.lengths, 0)
    assert [r[f].tolist() for r, f in zip(rectangle, filled, strict=True)] == lists[4:8]
    assert (rectangle[~filled] == 0).all()
