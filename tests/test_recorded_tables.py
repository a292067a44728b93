"""Recording a table for real: the tiny one of the embedded world, stopped once and gone on."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pandas as pd
import pytest
from planted_table import planted, study

from analysis.observations import read_rows
from benchmarks.study_runs import bits, run_trial
from benchmarks.tables.record import record
from benchmarks.tables.worlds import WORLDS
from search.assignments import Planner, setup_of
from search.config import load_study
from search.places import Places
from search.recorded_table import (
    MAX_BYTES,
    OBSERVATIONS,
    TableError,
    complete_seeds,
    read_table,
    whole_space,
)
from search.simulate import study_of
from search.simulation import simulate
from search.strategies import STRATEGIES
from search.study_fields import StudyConfig
from search.truths import Truth
from search.turns import turns
from spaces.curriculum import parse_curriculum

TINY = WORLDS["tiny"]
ORDERED = "mini-pos:64 > mini-paraphrase:64"
CURRICULA = {
    "none",
    "mini-paraphrase:64",
    "mini-pos:64",
    "mini-paraphrase:64+mini-pos:64",
    "mini-paraphrase:64 > mini-pos:64",
    ORDERED,
}


@pytest.mark.parametrize(("begun", "best"), [(10, "high"), (11, "low 0")])
def test_the_best_has_most_seeds_unless_the_last_has_just_begun(tmp_path, begun, best):
    table, _ = planted(tmp_path, study(), (1, 2, 3, 4))
    low = {f"low {i}": Truth(value=-0.01 * i, error=0.01, seeds=1) for i in range(99)}
    for text in list(low)[:begun]:
        low[text] = replace(low[text], seeds=2)
    truths = {"high": Truth(value=1.0, error=0.01, seeds=1)} | low
    assert replace(table, truths=truths).best == best


@pytest.fixture(scope="module")
def recorded(ray_session, tmp_path_factory):
    """The folder, what was said and missing in each recording, why the first is no table yet."""
    folder = tmp_path_factory.mktemp("recorded")
    said, missing, early = [], [], None
    for minutes in (0, None, None):
        lines = []
        how = {"runs": folder / "runs", "minutes": minutes, "by": "again", "say": lines.append}
        missing.append(record(TINY, folder / "tiny", **how))
        said.append(lines)
        if minutes == 0:
            with pytest.raises(TableError) as refused:
                read_table(folder / "tiny")
            early = str(refused.value)
    return folder, said, missing, early


@pytest.mark.ray
def test_a_recording_that_runs_out_of_time_says_what_is_missing_and_goes_on(recorded):
    _, said, missing, early = recorded
    assert said[0] == ["seed 1: 6 of 6 curricula to train", "the time is up"]
    assert missing[0] == (
        "6 of 6 curricula of seed 1; all of seed 2; all of seed 3; all of seed 1, scales"
    )
    assert "no curriculum at a seed of truth (2, 3); go on recording: again" in early
    begun = [line.partition(":")[0] for line in said[1]]
    assert begun == ["seed 1", "seed 2", "seed 3", "seed 1, scales"]
    assert missing[1:] == ["", ""]
    assert said[2] == []  # nothing was left to train


@pytest.mark.ray
def test_what_a_table_holds_is_not_trained_again_where_its_runs_are_lost(recorded, tmp_path):
    whole, said = recorded[0] / "tiny", []
    copy = shutil.copytree(whole, tmp_path / "tiny")
    frame = pd.read_parquet(whole / OBSERVATIONS)
    lost = (frame["stage_seed"] == 2) & frame["curriculum"].isin(["mini-pos:64", ORDERED])
    frame[~lost].to_parquet(copy / OBSERVATIONS, index=False)
    how = {"runs": tmp_path / "runs", "by": "again", "say": said.append}
    assert record(TINY, copy, minutes=0, **how).startswith("2 of 6 curricula of seed 2")
    assert record(TINY, copy, **how) == ""
    lines = ["seed 2: 2 of 6 curricula to train", "seed 1, scales: 6 of 6 curricula to train"]
    assert said == [lines[0], "the time is up", *lines]
    first, again = (read_table(folder) for folder in (whole, copy))
    assert again.cells.keys() == first.cells.keys()
    for key, cell in first.cells.items():
        rows = [
            row | {"role": "sampled"} for row in cell.rows
        ]  # a run of some calls them baselines
        assert bits(row | {"role": "sampled"} for row in again.cells[key].rows) == bits(rows)
    assert again.truths == first.truths


@pytest.mark.ray
def test_the_table_has_every_curriculum_at_every_rung_and_more_seeds_of_some(recorded):
    table = read_table(recorded[0] / "tiny")
    assert (recorded[0] / "tiny" / "observations.parquet").stat().st_size < MAX_BYTES
    assert set(table.truths) == CURRICULA
    for scale in (0.333333, 1.0):
        for seed in (1, 2):
            kept = {t for t, s, own, _ in table.cells if (s, own) == (scale, seed)}
            scaled = {t for t in kept if ":21" in t}  # 64 examples at a third
            assert kept - scaled == CURRICULA
            assert len(scaled) == (5 if (scale, seed) == (0.333333, 1) else 0)
    assert complete_seeds(table, CURRICULA) == (1,)
    again = {text for text, truth in table.truths.items() if truth.seeds == 2}
    assert again >= {text for text in CURRICULA if ">" not in text}  # the baselines
    assert table.best in again
    assert 0 < table.facts.load_seconds < 1


@pytest.mark.ray
def test_a_table_is_searched_without_its_data(recorded, monkeypatch):
    monkeypatch.setattr("search.row_counts.load_rows", lambda *_, **__: pytest.fail("rows read"))
    table = read_table(recorded[0] / "tiny")
    found = simulate(table, study_of(table, STRATEGIES["ours"], trials=2, repetition=0))
    assert found.num_sampled == 2
    assert turns(table) == [(1,), (2,)]


@pytest.mark.ray
def test_what_is_recorded_is_what_the_curriculum_scores_and_costs_alone(recorded, tmp_path):
    folder = recorded[0]
    config = load_study(folder / "tiny" / "study.yaml")
    places = Places(run_id="alone", cache=folder / "runs" / "cache", store=None, mirror=None)
    assignment = Planner(config, places).search(parse_curriculum(ORDERED), "sampled", None)
    _, rows = run_trial(setup_of(config, places), assignment)
    kept = read_rows(folder / "runs" / "seed-1" / "observations.jsonl")
    own = [row for row in kept if row["curriculum"] == ORDERED]
    assert bits(own) == bits(rows)
    table = read_table(folder / "tiny")
    for work in assignment.rungs:
        cell = table.cell(work, stage_seed=1, target_seed=1)
        known = bits(cell.rows)
        assert known.items() <= bits(own).items()
        scored = {(row["target"], row["language"]) for row in cell.rows if row["split"] == "search"}
        assert scored == {(t, x) for t in config.targets for x in work.splits["search"][t]}


@pytest.mark.ray
def test_replayed_it_pays_and_finds_what_the_recording_did(recorded):
    folder = recorded[0]
    table = read_table(folder / "tiny")
    values = table.config.model_dump(mode="json") | {"enumerate": True, "budget": {}}
    values["seeds"] |= {"noise": [], "confirm": []}
    found = simulate(table, StudyConfig.model_validate(values), workers=2)
    rows = read_rows(folder / "runs" / "seed-1" / "observations.jsonl")
    assert found.spent.examples == pytest.approx(sum(r["examples_paid"] for r in rows))
    assert set(found.finals) == CURRICULA


@pytest.mark.ray
@pytest.mark.parametrize("definition", ["targets", "scales", "stages"])
def test_every_kind_of_rung_can_be_replayed(recorded, definition):
    table = read_table(recorded[0] / "tiny")
    values = table.config.model_dump(mode="json") | {"enumerate": True, "budget": {}}
    values["seeds"] |= {"noise": [], "confirm": []}
    values["stopping"] |= {"rungs": definition}
    found = simulate(table, StudyConfig.model_validate(values), workers=2)
    assert set(found.finals) == CURRICULA


@pytest.mark.ray
def test_a_view_is_the_same_recording_with_fewer_targets(recorded):
    whole, view = (read_table(recorded[0] / name) for name in ("tiny", "tiny-pos"))
    assert set(view.truths) == set(whole.truths)
    found = [sum(whole_space(table, 1).values()) for table in (whole, view)]
    assert found[0] > found[1] > 0
    for key, cell in view.cells.items():
        assert {r["target"] for r in cell.rows if r["part"] != "stage"} == {"mini-udpos"}
        kept = [r for r in whole.cells[key].rows if r["target"] != "mini-tatoeba"]
        assert [r["value"] for r in cell.rows] == [r["value"] for r in kept]
