"""The observations file: what is written is read back, and damage is noticed."""

from __future__ import annotations

import errno
import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.observations import (
    COLUMNS,
    IDENTITY,
    append,
    as_frame,
    cut_torn_line,
    identity,
    observation,
    read,
    read_rows,
)

ROW = {
    "phase": "search",
    "curriculum": "mnli:9000 > squad:3000",
    "variant": "",
    "role": "sampled",
    "rung": 0,
    "num_rungs": 3,
    "scale": 1 / 9,
    "stage_seed": 1,
    "target_seed": 1,
    "part": "evaluation",
    "target": "xnli",
    "language": "sw",
    "split": "search",
    "layer": None,
    "metric": "accuracy",
    "value": 0.1 + 0.2,
    "items": 120,
    "numerics": "cpu float32 1 2.13 8",
    "stand_in": False,
    "overlap": None,
    "train_overlap": None,
    "collapsed": False,
    "examples_needed": 40.0,
    "examples_paid": 0.0,
    "seconds": 0.25,
}
OTHER = {
    **ROW,
    "language": "日本",
    "value": None,
    "layer": 14,
    "overlap": 0.5,
    "train_overlap": 1.0,
}


def test_rows_come_back_as_written(tmp_path):
    path = tmp_path / "observations.jsonl"
    append(path, [ROW])
    append(path, [observation(OTHER)])
    assert read_rows(path) == [ROW, OTHER]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back_to_the_bit(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("run") / "observations.jsonl"
    append(path, [{**ROW, "value": value}])
    found = read(path)["value"][0]
    assert float(found).hex() == value.hex()


def test_an_empty_file_gives_all_columns_with_the_types_of_a_full_one(tmp_path):
    empty = read(tmp_path / "observations.jsonl")
    assert list(empty.columns) == list(COLUMNS)
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, as_frame([ROW, OTHER]).dtypes)


def test_a_frame_tells_missing_layers_and_values():
    frame = as_frame([ROW, OTHER])
    assert frame["layer"].isna().tolist() == [True, False]
    assert frame["layer"][1] == 14
    assert frame["value"].isna().tolist() == [False, True]


def test_appending_nothing_makes_no_file(tmp_path):
    append(tmp_path / "observations.jsonl", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phase": "training"}, "phase is 'training', wanted one of search, confirm"),
        ({"rung": 3}, "rung is 3, wanted 0 to 2"),
        ({"value": float("nan")}, "value is nan, wanted a finite number"),
        ({"stage_seed": 1.5}, "stage_seed is 1.5, wanted int"),
        ({"items": True}, "items is True, wanted int"),
        ({"seed": 1}, "unknown columns"),
    ],
)
def test_what_is_no_observation_is_refused_and_nothing_written(tmp_path, change, message):
    path = tmp_path / "observations.jsonl"
    with pytest.raises(ValueError, match=message):
        append(path, [ROW, {**ROW, **change}])
    assert not path.exists()


def test_a_missing_column_is_named():
    row = {key: value for key, value in ROW.items() if key != "target"}
    with pytest.raises(ValueError, match="'target'"):
        observation(row)


@pytest.mark.parametrize("column", IDENTITY)
def test_every_column_of_the_identity_tells_rows_apart(column):
    other = {**ROW, column: 2 if isinstance(ROW[column], int) else "other"}
    assert identity(ROW) != identity(other)
    assert identity(ROW) == identity(observation(ROW))


@pytest.mark.parametrize("column", sorted(set(COLUMNS) - set(IDENTITY)))
def test_other_columns_do_not_tell_rows_apart(column):
    assert identity(ROW) == identity({**ROW, column: "other"})


@pytest.mark.parametrize("kept", range(0, 12))
def test_a_torn_last_line_is_cut_wherever_it_was_torn(tmp_path, kept):
    path = tmp_path / "observations.jsonl"
    append(path, [ROW, OTHER])
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    end = first + 1 + kept * (len(whole) - first - 2) // 11
    path.write_bytes(whole[:end])
    assert "line 2" in cut_torn_line(path)
    assert path.read_bytes() == whole[:first]
    assert cut_torn_line(path) is None


def test_a_last_line_of_zeros_is_cut(tmp_path):
    path = tmp_path / "observations.jsonl"
    append(path, [ROW])
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(300) + b"\n")
    assert "line 2, 301 bytes" in cut_torn_line(path)
    assert path.read_bytes() == whole


def test_a_whole_file_is_left_alone(tmp_path):
    path = tmp_path / "observations.jsonl"
    append(path, [ROW, OTHER])
    whole = path.read_bytes()
    assert cut_torn_line(path) is None
    assert path.read_bytes() == whole


def test_damage_in_the_middle_is_no_torn_line(tmp_path):
    path = tmp_path / "observations.jsonl"
    append(path, [ROW, OTHER, ROW])
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = lines[0] + lines[1][:50] + b"\n" + lines[2][:-20]
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match="line 2 of 3"):
        cut_torn_line(path)
    assert path.read_bytes() == damaged
    with pytest.raises(ValueError, match="line 2"):
        read(path)


def test_a_line_that_is_json_but_no_observation_is_named(tmp_path):
    path = tmp_path / "observations.jsonl"
    append(path, [ROW])
    with path.open("a") as file:
        file.write(json.dumps({"curriculum": "none"}) + "\n")
    with pytest.raises(ValueError, match="line 2"):
        read(path)


FULL_DISK = """
import json, resource, sys
from pathlib import Path
from analysis.observations import append
path, row = Path(sys.argv[1]), json.loads(sys.argv[2])
append(path, [row])
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100,) * 2)
try:
    append(path, [row, row])
except OSError as error:
    print(error.errno)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no file size limits here")
def test_a_write_that_fails_half_way_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "observations.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), json.dumps(ROW)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
    )
    assert done.stdout.strip() == str(errno.EFBIG)
    assert read_rows(path) == [ROW]
    assert cut_torn_line(path) is None
    assert list(tmp_path.iterdir()) == [path]
