"""Tables: frames as people read them."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.agreement import RungAgreement
from analysis.tables import formatted, markdown, plain, records

LONG = "intermediate_task_0:9000 > intermediate_task_1:9000+intermediate_task_2:9000"
FRAME = pd.DataFrame(
    {
        "rank": [1, 2],
        "curriculum": ["none", LONG],
        "score": [0.61234, float("nan")],
        "examples_paid": [1234567.3, 0.0],
        "reported": [True, False],
    }
)


def test_plain_tables_are_aligned_and_wrap_long_curricula_after_a_stage():
    assert plain(FRAME).splitlines() == [
        "rank  curriculum                                         score  examples paid  reported",
        "----  -------------------------------------------------  -----  -------------  --------",
        "   1  none                                                61.2      1,234,567  yes",
        "   2  intermediate_task_0:9000 >                             –              0  no",
        "      intermediate_task_1:9000+intermediate_task_2:9000",
    ]


def test_markdown_keeps_curricula_as_they_are_typed():
    lines = markdown(FRAME).splitlines()
    assert lines[1] == "| ---: | --- | ---: | ---: | --- |"
    assert lines[2] == "| 1 | `none` | 61.2 | 1,234,567 | yes |"
    assert f"`{LONG}`" in lines[3]


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (0.5, "score", "50.0"),
        (-0.004, "gain", "-0.4"),
        (12, "n", "12"),
        (9000, "num_examples", "9,000"),
        (0.456, "spearman", "0.46"),
        (None, "layer", "–"),
        (pd.NA, "layer", "–"),
    ],
)
def test_cells_read_as_their_column_asks(value, column, text):
    assert formatted(value, column) == text


def test_an_empty_table_is_its_header():
    assert len(plain(FRAME.iloc[:0]).splitlines()) == 2
    assert len(markdown(FRAME.iloc[:0]).splitlines()) == 2


def test_records_become_a_table_with_their_fields_as_columns():
    agreement = RungAgreement(
        rung=0, n=5, spearman=0.456, num_stopped=3, best_dropped=0.034, basis="a line"
    )
    lines = markdown(records([agreement])).splitlines()
    assert lines[0] == "| rung | n | spearman | num stopped | best dropped | basis |"
    assert lines[2] == "| 0 | 5 | 0.46 | 3 | 3.4 | a line |"
