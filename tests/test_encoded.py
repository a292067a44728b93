"""Tokenised data is computed once, mapped without copying, and never believed when broken."""

import copy
import threading
from itertools import chain

import numpy as np
import pytest

from trainables.encoded import encoded, open_encoded
from trainables.ragged import Ragged, padded


@pytest.fixture
def case(tiny_tasks, tiny_rows, tiny_encoder, tmp_path):
    rows, task = tiny_rows("span_qa", 2500), tiny_tasks["span_qa"]
    return rows, task, tiny_encoder.tokenizer, 24, tmp_path, "key"


def content(data):
    flat = {}
    for name, column in data.columns.items():
        flat[name] = column.flat.tolist() if isinstance(column, Ragged) else column.tolist()
    return flat


def test_second_reader_needs_no_tokenizer(case):
    rows, task, _, length, folder, key = case
    first = encoded(*case)
    second = encoded(rows, task, None, length, folder, key)
    assert content(first) == content(second)
    assert second.num_rows == 2500
    assert [path.name for path in folder.iterdir()] == ["key.arrow"]


def test_columns_are_views_of_the_mapped_file(case):
    for column in encoded(*case).columns.values():
        values = column.values if isinstance(column, Ragged) else column
        assert not values.flags.owndata
        assert not values.flags.writeable


def test_every_row_is_encoded_as_it_is_by_itself(case):
    rows, task, tokenizer, length, folder, _ = case
    data = encoded(*case)
    for row in (0, 999, 1000, 2499):
        alone = encoded(rows.select([row]), task, tokenizer, length, folder, f"row-{row}")
        there = data.take(data.features_of(np.array([row])))
        assert there["input_ids"].flat.tolist() == alone.columns["input_ids"].flat.tolist()
        assert set(there["row"]) == {row}


def test_features_of_rows_ignore_the_order_asked_for(case):
    data = encoded(*case)
    wanted = [i for i, row in enumerate(data.columns["row"]) if row in (3, 2400, 17)]
    assert data.features_of(np.array([2400, 3, 17])).tolist() == wanted
    assert len(wanted) > 3


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty"])
def test_a_broken_file_is_said_and_made_anew(case, damage, caplog):
    wanted = content(encoded(*case))
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
    assert content(encoded(*case)) == wanted
    assert "made anew" in caplog.text
    assert path.read_bytes() == good


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
