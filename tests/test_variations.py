"""A study in another form: with another encoder, or dry."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from analysis.observations import read_rows
from search.cli import app
from search.config import check_resources, load_study, presets
from search.launch import RUNS
from search.run_folder import RunFolder
from search.variations import ITEMS, varied
from spaces.curriculum import parse_curriculum
from spaces.space import CurriculumSpace


def as_dry(preset):
    return load_study(varied(preset, encoder=None, dry=True))


def size_of_space(config):
    space = config.space
    sizes = tuple(range(1, len(space.sizes) + 1))
    return CurriculumSpace(
        tasks=space.tasks, sizes=sizes, max_stages=space.max_stages, joint=space.joint
    ).count()


def test_a_study_as_it_is_stays_what_was_named():
    assert varied("demo", encoder=None, dry=False) == "demo"


def test_another_encoder_changes_nothing_else():
    values = varied("xtreme", encoder="local/small", dry=False)
    config, before = load_study(values), load_study("xtreme")
    assert config.encoder.name == "local/small"
    assert config.model_copy(update={"encoder": before.encoder}) == before


@pytest.mark.parametrize("preset", presets())
def test_a_dry_run_is_the_same_study_on_a_few_rows(preset):
    before, config = load_study(preset), as_dry(preset)
    same = ("encoder", "tasks", "targets", "languages", "objective", "stopping", "sampler")
    for section in same:
        assert getattr(config, section) == getattr(before, section)
    assert size_of_space(config) == size_of_space(before)
    assert max(config.space.sizes) <= 1000
    assert [parse_curriculum(text).tasks for text in config.space.given] == [
        parse_curriculum(text).tasks for text in before.space.given
    ]
    assert (config.probe.eval, config.full.eval) == (ITEMS, ITEMS)
    assert config.budget.trials == 2


@pytest.mark.parametrize("preset", presets())
def test_a_dry_run_touches_neither_the_run_nor_the_store_of_the_study(preset):
    config = as_dry(preset)
    assert config.study.name == f"{preset}-dry-run"
    assert Path(config.store.path) == (RUNS / config.study.name / "store").absolute()


@pytest.mark.parametrize("preset", presets())
def test_batches_and_lengths_of_a_dry_run_are_those_of_the_study(preset):
    """So that what does not fit into memory is found."""
    before, config = load_study(preset).recipe, as_dry(preset).recipe
    kept = ("batch_size", "micro_batch", "precision", "gradient_checkpointing")
    for part in ("stage", "target"):
        for name in kept:
            assert getattr(config, part).get(name) == getattr(before, part).get(name)
        assert getattr(config, part)["epochs"] == 1


def test_a_dry_run_makes_do_with_this_machine_and_says_so():
    notes = []
    config = load_study(varied("xstilts", encoder=None, dry=True, on_note=notes.append))
    check_resources(config, cpus=os.cpu_count(), gpus=torch.cuda.device_count())
    changed = [note for note in notes if "gpus" in note]
    assert len(changed) == (torch.cuda.device_count() == 0)


STUDY = """
study: {name: whole}
encoder: {name: miniworld}
space: {tasks: [mini-nli, mini-pos], sizes: [3000, full], max_stages: 2, given: ["mini-nli:full"]}
targets: [mini-xnli, mini-tatoeba]
languages: {proxy: [ane], report: all}
seeds: {noise: []}
stopping: none
confirm: {top: 1, controls: false, learning_rates: []}
budget: {hours: 5}
"""


@pytest.mark.ray
def test_a_dry_run_goes_from_search_to_export(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "whole.yaml").write_text(STUDY)
    found = CliRunner().invoke(app, ["search", "whole.yaml", "--dry-run"])
    assert found.exit_code == 0, found.output
    folder = RunFolder(tmp_path / "runs" / "whole-dry-run")
    rows = read_rows(folder.observations)
    assert {row["phase"] for row in rows} == {"search", "confirm"}
    assert max(row["items"] for row in rows if row["part"] == "evaluation") <= ITEMS
    assert (folder.path / "benchmark.csv").exists()
    assert (folder.best / "01" / "encoder").is_dir()
