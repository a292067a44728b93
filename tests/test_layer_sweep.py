"""A sweep over hidden layers: a table beside the leaderboard, read by nothing."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from analysis.layers import layer_sweep
from analysis.observations import as_frame, read_rows
from benchmarks.study_runs import run_alone, tiny_study
from search.objectives import recorded_objective
from search.result_tables import search_results
from search.run_folder import RunFolder


def study(folder, layers):
    """A tiny study, its observations and its objective."""
    config = tiny_study(
        folder / "store",
        encoder={"name": "miniworld", "retrieval_layers": layers},
        space={"tasks": ["mini-pos"], "sizes": [100], "max_stages": 1},
        budget={"trials": 1},
        stopping=None,
        seeds={"noise": []},
        confirm={"top": 0},
    )
    run_alone(config, folder / "run")
    frame = as_frame(read_rows(RunFolder(folder / "run").observations))
    return config, frame, recorded_objective(config, frame)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return study(tmp_path_factory.mktemp("swept"), "all")


def shown(config, frame, objective):
    console = Console(file=io.StringIO(), width=100)
    for part in search_results(config, frame, objective):
        console.print(part)
    return console.file.getvalue()


def test_every_layer_has_a_row_and_the_studys_own_is_marked(swept):
    _, frame, objective = swept
    sweep = layer_sweep(frame, objective, "mini-pos:100")
    assert sweep["target"].unique().tolist() == ["mini-tatoeba"]
    assert sweep["layer"].tolist() == [1, 2, 3]
    assert sweep.loc[sweep["own"], "layer"].tolist() == [1]
    assert sweep[["none", "best"]].notna().all(axis=None)


def test_the_own_layer_scores_what_the_search_scored(swept):
    _, frame, objective = swept
    sweep = layer_sweep(frame, objective, "mini-pos:100").set_index("own")
    row = frame[
        (frame["target"] == "mini-tatoeba")
        & (frame["metric"] == "retrieval_accuracy")
        & (frame["language"] == "ane")
        & (frame["curriculum"] == "none")
    ]
    assert sweep.loc[True, "none"] == row["value"].iloc[0]


def test_the_table_is_shown_with_a_sweep_alone(swept, tmp_path):
    assert "Retrieval by hidden layer" in shown(*swept)
    assert "Retrieval by hidden layer" not in shown(*study(tmp_path, []))
