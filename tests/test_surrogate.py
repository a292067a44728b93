"""A surrogate for the curricula of a table that nobody trained: what it predicts, and says."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import yaml
from planted_table import PRICES
from scipy.stats import spearmanr
from typer.testing import CliRunner

from analysis.planted import World, expected_gain
from benchmarks.tables.parts import first_part, parts_of, recorded_curricula, wanted_names
from benchmarks.tables.record import _missing
from benchmarks.tables.surrogate_facts import add_surrogate
from benchmarks.tables.worlds import WORLDS
from search.assignments import Planner
from search.cli import app
from search.computed_cells import ComputedCells, ComputedTarget, Law, Luck
from search.config import load_study
from search.places import Places
from search.recorded_table import Facts, TableError, complete_seeds, read_table, write_table
from search.simulation import simulate
from search.surrogate_table import PREDICTED
from spaces.curriculum import parse_curriculum

TASKS = ("mini-nli", "mini-paraphrase", "mini-squad", "mini-choice")
WORLD = World(
    curricula=(),
    task={"mini-nli": 0.05, "mini-squad": 0.03, "mini-choice": 0.01, "mini-paraphrase": -0.01},
    place={"mini-nli": 0.01},
    precedence={("mini-squad", "mini-nli"): 0.02, ("mini-choice", "mini-squad"): 0.01},
)
CONFIG = load_study(
    {
        "study": {"name": "part"},
        "encoder": {"name": "miniworld"},
        "space": {"tasks": list(TASKS), "sizes": [1000, 3000], "max_stages": 3},
        "targets": ["mini-xnli", "mini-tatoeba"],
        "languages": {"proxy": ["dun", "bor"], "report": ["eki"]},
        "probe": {"train": 90, "eval": 30},
        "stopping": {"num_rungs": 2},
        "budget": {"trials": 30},
        "seeds": {"noise": [2]},
        "confirm": {"top": 0},
        "sampler": {"name": "RandomSampler"},
    }
)
FACTS = Facts(
    made="2026-01-01", by="record", machine="none", seen=(1, 2), truth=(3, 4), load_seconds=0.5,
    missing="half",
)  # fmt: skip
SCALES = (1 / 3, 1.0)
UNIT = 0.01
LUCK = Luck(stage=0.3, stage_target=0.4, run=0.7, seed=0.3, language=0.5)


def gain(text, scale=1.0):
    return scale * expected_gain(WORLD, text) if text != "none" else 0.0


def expected(text, scale):
    base = {
        ("mini-xnli", "en"): 0.6,
        ("mini-xnli", "dun"): 0.5,
        ("mini-xnli", "bor"): 0.55,
        ("mini-tatoeba", "dun"): 0.4,
        ("mini-tatoeba", "bor"): 0.45,
    }
    return {output: value + gain(text, scale) for output, value in base.items()}


def law(luck):
    tatoeba = {"name": "mini-tatoeba", "metric": "retrieval_accuracy", "tuned": False}
    return Law(
        targets=(
            ComputedTarget(name="mini-xnli", metric="accuracy", languages=("en", "dun", "bor")),
            ComputedTarget(languages=("dun", "bor"), **tatoeba),
        ),
        expected=expected,
        luck=luck,
        unit=lambda target, scale: UNIT,
        prices=PRICES,
    )


@pytest.fixture(scope="module")
def planner(tmp_path_factory):
    places = Places(run_id="", cache=tmp_path_factory.mktemp("cache"), store=None, mirror=None)
    return Planner(CONFIG, places)


@pytest.fixture(scope="module")
def curricula(planner):
    given, space = planner.given().baselines, planner.space.enumerate()
    return [str(curriculum) for curriculum in dict.fromkeys((*given, *space))]


def part_of(curricula, planner, folder, luck, seeds=(1, 2, 3, 4)):
    """A table of the baselines and half of the others, with a surrogate; the others."""
    own = ComputedCells(law(luck), curricula=curricula, scales=SCALES, seeds=seeds)
    drawn = set(random.Random(0).sample(curricula, len(curricula) // 2))
    drawn |= {str(curriculum) for curriculum in planner.given().baselines}
    rows = [row for key, cell in own.items() if key[0] in drawn for row in cell.rows]
    write_table(folder, config=CONFIG, rows=rows, facts=FACTS)
    return own, [text for text in curricula if text not in drawn]


@pytest.fixture(scope="module")
def quiet(curricula, planner, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quiet")
    own, others = part_of(curricula, planner, folder, Luck())
    return folder, add_surrogate(folder), own, others


@pytest.fixture(scope="module")
def noisy(curricula, planner, tmp_path_factory):
    folder = tmp_path_factory.mktemp("noisy")
    own, others = part_of(curricula, planner, folder, LUCK)
    return folder, add_surrogate(folder), own, others


def test_without_noise_the_untrained_half_is_predicted_well(quiet):
    folder, facts, _, others = quiet
    for scale in SCALES:
        error = facts["error"][round(scale, 6)]
        assert error["rmse"] < 0.15 * error["spread"]
        assert error["spearman"] > 0.98
    table = read_table(folder)
    predicted = [table.truths[text].value - 0.475 for text in others]  # of the proxy languages
    true = [gain(text) for text in others]
    wrong = np.subtract(predicted, true)
    # what is missed is drawn again, so that the others are no easier to predict than the trained
    assert np.sqrt((wrong**2).mean()) < 0.25 * np.std(true)
    assert facts["noise"] == {"recorded": 0.0, "computed": pytest.approx(0.0, abs=1e-6)}


def test_with_noise_it_says_how_far_off_it_is(noisy):
    folder, facts, _, others = noisy
    table = read_table(folder)
    true = [gain(text) for text in others]
    predicted = [table.truths[text].value for text in others]
    error = facts["error"][1.0]
    off = float(np.std(np.subtract(predicted, true)))
    assert 0.3 * error["rmse"] < off < 1.5 * error["rmse"]  # the held-out ones have luck too
    assert spearmanr(predicted, true).statistic > 0.9


def test_fitted_luck_is_of_the_size_and_the_parts_of_the_true_one(noisy):
    _, facts, _, _ = noisy
    recorded, computed = facts["noise"]["recorded"], facts["noise"]["computed"]
    assert computed == pytest.approx(recorded, rel=0.25)
    unit = facts["units"]["mini-xnli"][1.0]
    found = {name: size * unit / UNIT for name, size in facts["luck"].items()}
    of_stage = (found["stage"] ** 2 + found["stage_target"] ** 2) ** 0.5
    assert of_stage == pytest.approx(0.5, rel=0.35)
    assert found["run"] == pytest.approx(LUCK.run, rel=0.35)
    assert found["language"] == pytest.approx(LUCK.language, rel=0.2)


def test_what_was_trained_stays_as_it_was_and_everything_else_is_there(noisy, curricula):
    folder, _, own, others = noisy
    whole, part = read_table(folder), read_table(folder, surrogate=False)
    assert complete_seeds(whole, curricula) == (1, 2)
    assert complete_seeds(part, curricula) == ()
    for key in part.cells:
        assert whole.cells[key] == part.cells[key]
    for text, truth in part.truths.items():
        known = whole.truths[text]
        assert (known.error, known.seeds) == (truth.error, truth.seeds)
    moved = [whole.truths[text].value - truth.value for text, truth in part.truths.items()]
    assert np.ptp(moved) < 1e-9  # only by what the seeds of truth do to all
    assert 0 < abs(moved[0]) < UNIT
    assert set(whole.truths) == set(curricula)
    assert len(whole.cells) == len(own)
    for text in others[:10]:
        prices = [sum(n.examples for n in t[text, 1.0, 1, 1].nodes) for t in (whole.cells, own)]
        assert prices[0] == pytest.approx(prices[1])


def test_opened_twice_it_is_the_same_table(noisy):
    folder, _, _, others = noisy
    first, again = read_table(folder), read_table(folder)
    assert first.truths == again.truths
    for text in others[:5]:
        assert first.cells[text, 1.0, 2, 2] == again.cells[text, 1.0, 2, 2]


def test_a_search_runs_on_it(noisy):
    table = read_table(noisy[0])
    found = simulate(table, CONFIG, workers=4)
    assert found.num_sampled == 30
    assert set(found.finals) & set(noisy[3])


def test_a_surrogate_table_says_so(quiet, noisy):
    folder, facts, _, others = noisy
    assert yaml.safe_load((folder / "table.yaml").read_text())["surrogate"] == facts
    asked = ["simulate", str(folder), "--trials", "10", "--seeds", "2", "--strategy", "random"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    of = f"{len(others)} of {facts['curricula']} curricula are of a surrogate: error "
    assert of + f"{100 * facts['error'][1.0]['rmse']:.1f} points" in said


def test_too_little_to_predict_by_is_refused(curricula, planner, tmp_path):
    own, _ = part_of(curricula, planner, tmp_path / "one", LUCK, seeds=(3,))
    with pytest.raises(TableError, match=r"0 curricula are recorded at two seeds.*another seed"):
        add_surrogate(tmp_path / "one")
    rows = [row for text in curricula[:7] for s in (1, 3) for row in own_rows(own, text, s)]
    write_table(tmp_path / "few", config=CONFIG, rows=rows, facts=replace(FACTS, missing="most"))
    with pytest.raises(TableError, match=r"7 curricula of .*at least 20 to predict others by"):
        add_surrogate(tmp_path / "few")


def test_without_its_predictions_a_table_says_what_to_do(noisy, tmp_path):
    copy = shutil.copytree(noisy[0], tmp_path / "copy")
    frame = pd.read_parquet(copy / PREDICTED)
    for column in ("scale", "curriculum", "target"):
        gone = frame[column].iloc[0]
        frame[frame[column] != gone].to_parquet(copy / PREDICTED)
        with pytest.raises(TableError, match=rf"lack.*{gone}.*benchmarks\.tables\.surrogate"):
            read_table(copy)
    (copy / PREDICTED).write_bytes(b"damaged")
    with pytest.raises(TableError, match=r"predicted\.parquet.*benchmarks\.tables\.surrogate"):
        read_table(copy)
    (copy / PREDICTED).unlink()
    with pytest.raises(TableError, match=r"predicted\.parquet.*benchmarks\.tables\.surrogate"):
        read_table(copy)
    add_surrogate(copy)
    assert read_table(copy).truths == read_table(noisy[0]).truths


def own_rows(own, text, seed):
    return own[text, 1.0, 3, 3].rows if seed == 3 else ()


def test_what_is_drawn_from_a_large_world_is_the_same_every_time_and_begins_alike(tmp_path):
    world = WORLDS["miniworld-large-final"]
    config = load_study({**world.study})
    places = Places(run_id="", cache=tmp_path, store=None, mirror=None)
    planner = Planner(config, places)
    assert planner.space.count() >= 5_000
    given = tuple(str(curriculum) for curriculum in planner.given().baselines)
    drawn = recorded_curricula(world, planner)
    assert drawn == recorded_curricula(world, planner)
    assert drawn[: len(given)] == given
    assert world.sampled <= len(drawn) <= world.sampled + len(given)
    fewer = recorded_curricula(replace(world, sampled=50), planner)
    assert drawn[: len(fewer)] == fewer
    drawn = drawn[len(given) :]
    assert all(planner.space.contains(parse_curriculum(text)) for text in drawn)


def test_a_large_world_is_recorded_in_slices_on_a_pair_of_seeds_first(tmp_path):
    world = replace(WORLDS["miniworld-large-final"], sampled=150, more_truth=())
    config = load_study({**world.study})
    places = Places(run_id="", cache=tmp_path, store=None, mirror=None)
    planner = Planner(config, places)
    rows = {"curriculum": "none", "rung": 0, "num_rungs": 1}
    parts = list(islice(parts_of(world, config, planner, lambda part: [rows]), 10))
    assert [(part.seed, part.slice) for part in parts[:4]] == [(1, 0), (4, 0), (1, 1), (4, 1)]
    assert {part.seed for part in parts[4:]} == set(world.seen[1:])
    assert [part.name for part in parts] == wanted_names(world, planner)
    assert parts[0].name == first_part(world).name
    assert parts[0].curricula + parts[2].curricula == recorded_curricula(world, planner)
    many = wanted_names(WORLDS["miniworld-large-final"], planner)
    [said] = _missing([], many)
    assert said == f"all of {len(many)} parts from seed 1 to seed 7"
