"""Tables whose cells are computed: laws of their luck, and the same searches as recorded ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from statistics import fmean, pstdev

import pytest
from planted_table import PRICES

from analysis.planted import World, expected_gain
from search.assignments import Planner
from search.computed_cells import ComputedCells, ComputedTarget, Law, Luck
from search.config import load_study
from search.places import Places
from search.recorded_table import Facts, RecordedTable, read_table, write_table
from search.simulation import simulate

TASKS = ("mini-nli", "mini-paraphrase", "mini-squad")
WORLD = World(
    curricula=(),
    task={"mini-nli": 0.05, "mini-squad": 0.03, "mini-paraphrase": -0.01},
    precedence={("mini-squad", "mini-nli"): 0.02},
)
CONFIG = load_study(
    {
        "study": {"name": "computed"},
        "encoder": {"name": "miniworld"},
        "space": {"tasks": list(TASKS), "sizes": [1000, 3000], "max_stages": 3},
        "targets": ["mini-xnli", "mini-tatoeba"],
        "languages": {"proxy": ["dun"], "report": ["bor"]},
        "probe": {"train": 90, "eval": 30},
        "stopping": {},
        "budget": {"trials": 40},
        "seeds": {"noise": [2]},
        "confirm": {"top": 0},
        "sampler": {"name": "RandomSampler", "codec": "random_keys"},
    }
)
SCALES = (1 / 9, 1 / 3, 1.0)
SEEDS = (1, 2, 3)
UNIT = 0.01


def law(**luck):
    return Law(
        targets=(
            ComputedTarget(name="mini-xnli", metric="accuracy", languages=("en", "dun")),
            ComputedTarget(
                name="mini-tatoeba", metric="retrieval_accuracy", languages=("dun",), tuned=False
            ),
        ),
        expected=lambda text, scale: dict.fromkeys(
            (("mini-xnli", "en"), ("mini-xnli", "dun"), ("mini-tatoeba", "dun")),
            0.5 + (expected_gain(WORLD, text) if text != "none" else 0.0),
        ),
        luck=Luck(**luck),
        unit=lambda target, scale: UNIT,
        prices=PRICES,
    )


@pytest.fixture(scope="module")
def curricula(tmp_path_factory):
    places = Places(run_id="", cache=tmp_path_factory.mktemp("cache"), store=None, mirror=None)
    planner = Planner(CONFIG, places)
    found = dict.fromkeys((*planner.given().baselines, *planner.space.enumerate()))
    return [str(curriculum) for curriculum in found]


def cells(curricula, seeds=SEEDS, **luck):
    return ComputedCells(law(**luck), curricula=curricula, scales=SCALES, seeds=seeds)


def scores(cell):
    return {
        (row["target"], row["language"]): row["value"]
        for row in cell.rows
        if row["part"] == "evaluation"
    }


def luck_of(own, text, seed, scale=1.0):
    """In units, by target and language."""
    gain = expected_gain(WORLD, text) if text != "none" else 0.0
    return {k: (v - 0.5 - gain) / UNIT for k, v in scores(own[text, scale, seed, seed]).items()}


ALL_LUCK = {"stage": 0.5, "stage_target": 0.3, "run": 0.6, "seed": 0.2, "language": 0.3}
ONE, OTHER = "mini-nli:1000 > mini-squad:1000", "mini-nli:1000 > mini-paraphrase:3000"


def test_the_same_key_has_the_same_cell_whatever_was_asked_before(curricula):
    first, again = cells(curricula, **ALL_LUCK), cells(list(reversed(curricula)), **ALL_LUCK)
    keys = [(text, 1.0, 2, 2) for text in curricula]
    there = [first[key] for key in keys]
    assert [again[key] for key in reversed(keys)] == there[::-1]
    other = ComputedCells(
        replace(law(**ALL_LUCK), seed=1), curricula=curricula, scales=SCALES, seeds=SEEDS
    )
    assert scores(other[keys[5]]) != scores(there[5])


def test_it_is_a_mapping_of_all_curricula_scales_and_seeds(curricula):
    own = cells(curricula[:4])
    keys = list(own)
    assert len(keys) == len(own) == len(set(keys)) == 4 * 3 * 3
    assert all(key in own and own[key].rows[0]["curriculum"] == key[0] for key in keys)
    for absent in (("none", 0.5, 1, 1), ("none", 1.0, 4, 4), ("none", 1.0, 1, 2), "none"):
        assert absent not in own
    with pytest.raises(KeyError):
        own["mini-pos:1000", 1.0, 1, 1]


def test_curricula_inherit_the_luck_of_the_prefix_that_they_share_and_no_other(curricula):
    own = cells(curricula, stage=1.0)
    cell = ("mini-xnli", "dun")
    prefix, seed = "mini-nli:1000", 1
    shared = luck_of(own, prefix, seed)[cell]
    further = {t: luck_of(own, t, seed)[cell] - shared for t in curricula if t.startswith(prefix)}
    after = {t: v for t, v in further.items() if t.count(">") == 1}
    assert len(after) == 4 and len({round(v, 6) for v in after.values()}) == 4
    longer = ONE + " > mini-paraphrase:1000"
    own_draws = [luck_of(own, longer, s)[cell] - luck_of(own, ONE, s)[cell] for s in SEEDS]
    assert len(set(own_draws)) == 3  # a stage node of another seed draws anew
    assert luck_of(own, prefix, 2)[cell] != pytest.approx(shared)
    joint = next(text for text in curricula if "+" in text)
    assert luck_of(own, joint, 1)[cell] != pytest.approx(shared)


def test_each_part_of_luck_reaches_what_it_is_of_and_has_its_size(curricula):
    seeds = range(1, 401)

    def draws(text, **luck):
        own = cells([ONE, OTHER, "none"], seeds=seeds, **luck)
        return [luck_of(own, text, seed) for seed in seeds]

    tuned, tuned_en, untuned = ("mini-xnli", "dun"), ("mini-xnli", "en"), ("mini-tatoeba", "dun")
    sizes = {"stage": 2**0.5, "stage_target": 2**0.5, "run": 1, "seed": 1, "language": 1}
    for part, size in sizes.items():
        own = draws(ONE, **{part: 1.0})
        assert pstdev(d[tuned] for d in own) == pytest.approx(size, rel=0.12), part
        assert abs(fmean(d[tuned] for d in own)) < 0.15 * size
        alike = all(d[tuned] == pytest.approx(d[tuned_en]) for d in own)
        assert alike == (part != "language")
        across = all(d[tuned] == pytest.approx(d[untuned]) for d in own)
        assert across == (part == "stage")
        assert any(abs(d[untuned]) > 1e-6 for d in own) == (part != "seed")
        both = all(
            a[tuned] == pytest.approx(b[tuned])
            for a, b in zip(own, draws(OTHER, **{part: 1.0}), strict=True)
        )
        assert both == (part == "seed")
    empty = draws("none", **ALL_LUCK)
    assert all(abs(d[untuned]) < 1e-6 for d in empty)  # the encoder has no seed
    assert len({d[tuned] for d in empty}) == 400


def test_a_rung_has_the_luck_of_its_stages_and_retrieval_is_the_same_at_every_rung(curricula):
    own = cells(curricula, **ALL_LUCK)
    low, high = (luck_of(own, ONE, 1, round(scale, 6)) for scale in (SCALES[0], 1.0))
    assert low["mini-tatoeba", "dun"] == high["mini-tatoeba", "dun"]
    assert low["mini-xnli", "dun"] != high["mini-xnli", "dun"]
    alone = cells(curricula, stage=1.0, stage_target=1.0)
    assert luck_of(alone, ONE, 1, round(SCALES[0], 6)) == luck_of(alone, ONE, 1)


def test_a_search_on_computed_cells_is_that_on_the_same_cells_recorded(curricula, tmp_path):
    own = cells(curricula, **ALL_LUCK)
    facts = Facts(
        made="2026-01-01", by="computed", machine="none", seen=(1, 2), truth=(3,),
        load_seconds=0.5, missing="",
    )  # fmt: skip
    rows = [row for cell in own.values() for row in cell.rows]
    write_table(tmp_path, config=CONFIG, rows=rows, facts=facts)
    recorded = read_table(tmp_path)
    assert len(recorded.cells) == len(own)
    computed = RecordedTable(
        folder=tmp_path, config=CONFIG, facts=facts, cells=own, truths=recorded.truths
    )
    for workers, store in product((1, 8), (True, False)):
        config = CONFIG.model_copy(
            update={"store": CONFIG.store.model_copy(update={"enabled": store})}
        )
        found, again = (simulate(t, config, workers=workers) for t in (computed, recorded))
        assert found.order == again.order
        assert found.num_stopped == again.num_stopped > 0
        assert found.finals == again.finals
        assert found.spent.clock_seconds == pytest.approx(again.spent.clock_seconds)
        assert found.spent.papers == pytest.approx(again.spent.papers)
