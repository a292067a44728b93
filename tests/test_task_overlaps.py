"""Are the overlaps that the literature knows found in the rows, and do declarations agree?"""

import dataclasses
import io

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from search.assignments import setup_of
from search.cli import app
from search.config import load_study
from search.overlap_tables import overlap_tables, study_overlaps
from search.places import Places
from spaces.curriculum import parse_curriculum
from trainables.data import load_rows, rows_of_language
from trainables.kept_hashes import RowPlaces, kept_hashes
from trainables.overlaps import Overlap, row_hashes
from trainables.places import is_here
from trainables.task_overlaps import POOLED, WORTH_SAYING, task_overlaps
from trainables.tasks import TASKS, Catalogue, get_task
from trainables.tasks.task import FileSource, MiniworldSource, UnionSource
from trainables.workbench import Workbench

NOT_ROWS = {
    ("social_iqa", "xcopa"): "XTREME-R's own recipe for xcopa trains on it; no row is shared",
    ("squad", "tatoeba_xtreme_r"): "published scores: models tuned on SQuAD; no row is shared",
    ("squad_retrieval", "tatoeba_xtreme_r"): "the same",
}
"""Declared overlaps that no rows can show, with the reason."""


@pytest.fixture(scope="module")
def places(shared_folder, tmp_path_factory):
    return RowPlaces(
        catalogue=Catalogue(),
        mirror=shared_folder / "hub",
        cache=tmp_path_factory.mktemp("cache"),
        download=False,
    )


@pytest.fixture(scope="module")
def computed(places):
    """Every overlap of two tasks that are in the mirror, in both directions."""
    here = [
        task
        for task in TASKS.values()
        if is_here(task, places.mirror) and not isinstance(task.source, MiniworldSource)
    ]
    found = task_overlaps(here, here, places)
    return {(s.holder, s.target, s.split): s.found for s in found}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("stage", "target", "share"),
    [
        ("mnli", "xnli", 1.0),
        ("anli_plus", "xnli", 1.0),
        ("anli_plus", "anli_r3", 1.0),
        ("squad", "xquad", 1.0),
        ("squad", "mlqa", 1.0),
        ("squad", "lareqa", 1.0),  # question and context of each answer
        ("squad_retrieval", "xquad", 1.0),
        ("squad", "squad_v2", 0.4),  # the rest are its questions without answer
        ("squad_v2", "squad", 0.2),
        ("squad_v2", "xquad", 0.2),
        ("squad_v2", "lareqa", 0.2),
        ("panx_en", "panx", 1.0),
        ("ud_pos_en", "udpos", 0.1),  # of EWT, GUM, LinES and ParTUT, both sampled
        ("ud_pos_en", "ud_lemmas_en", 0.8),
        ("paws", "pawsx", 0.25),  # a quarter of the sample; the true sets are the same
        ("copa", "xcopa", 1.0),
    ],
)
def test_a_stage_that_holds_a_training_set_is_found(computed, stage, target, share):
    found = computed[stage, target, "train"]
    assert found.whole >= share * found.rows > 0


@pytest.mark.shared
def test_declared_training_sets_are_whole_even_where_texts_are_short(computed, places):
    rows = len(kept_hashes(TASKS["mnli"], "en", "train", places))
    assert computed["mnli", "xnli", "train"] == Overlap(whole=rows, part=rows, rows=rows)


@pytest.mark.shared
@pytest.mark.parametrize("split", ["train", "search", "report"])
@pytest.mark.parametrize(("stage", "target"), [("snli", "xquad"), ("wnut17", "panx")])
def test_tasks_that_share_nothing_have_no_overlap(computed, stage, target, split):
    assert computed[stage, target, split].part == 0
    assert computed[stage, target, split].rows > 100


@pytest.mark.shared
@pytest.mark.parametrize("name", TASKS)
def test_declared_overlaps_are_those_of_the_rows(computed, name):
    sharing = {
        other
        for (holder, target, _), found in computed.items()
        for one, other in ((holder, target), (target, holder))
        if one == name and found.share >= WORTH_SAYING
    }
    here = {task for key in computed for task in key[:2]}
    if name not in here:
        pytest.skip("the mirror has no rows of it")
    unseen = {b if name == a else a for a, b in NOT_ROWS if name in (a, b)}
    assert set(TASKS[name].overlaps) & here == sharing | unseen & here
    assert not sharing & unseen


@pytest.mark.parametrize("pair", NOT_ROWS)
def test_overlaps_that_no_row_shows_are_declared_and_explained(pair):
    assert pair[1] in TASKS[pair[0]].overlaps
    notes = TASKS[pair[0]].note + TASKS[pair[1]].note
    assert "XTREME-R" in notes


@pytest.mark.shared
def test_a_union_holds_the_rows_of_its_parts(places):
    parts = (TASKS["snli"], TASKS["mnli"])
    union = dataclasses.replace(TASKS["mnli"], name="both", source=UnionSource(parts=parts))
    found = {(s.holder, s.target): s.found for s in task_overlaps([union], parts, places)}
    for part in parts:
        overlap = found["both", part.name]
        assert overlap.whole == overlap.rows > 1000


@pytest.mark.shared
def test_languages_add_up_to_the_pooled_split(places):
    stage, target = [TASKS["panx_en"]], [TASKS["panx"]]
    pooled = {s.split: s for s in task_overlaps(stage, target, places)}
    alone = list(task_overlaps(stage, target, places, by_language=True))
    assert {s.language for s in pooled.values()} == {POOLED}
    for field in ("whole", "part", "rows", "short"):
        of_report = [getattr(s.found, field) for s in alone if s.split == "report"]
        assert len(of_report) > 20
        assert sum(of_report) == getattr(pooled["report"].found, field) > 0


@pytest.mark.shared
def test_hashes_are_computed_once_and_kept_in_8_bytes_a_text(places, monkeypatch):
    first = kept_hashes(TASKS["rte"], "en", "train", places)
    monkeypatch.setattr("trainables.kept_hashes.row_hashes", lambda rows: pytest.fail("again"))
    again = kept_hashes(TASKS["rte"], "en", "train", places)
    np.testing.assert_array_equal(first, again)
    assert again.dtype == np.uint64 and again.shape[1] == 3
    assert isinstance(again, np.memmap)


@pytest.mark.shared
def test_other_rows_get_other_hashes(places):
    dev, train = (kept_hashes(TASKS["rte"], "en", split, places) for split in ("dev", "train"))
    assert len(dev) != len(train)


def test_the_hashes_of_a_union_are_in_the_order_of_its_rows(tmp_path):
    mini = RowPlaces(catalogue=Catalogue(), cache=tmp_path)
    task = get_task("mini-ner@all")
    rows = load_rows(task, "en", "train", cache=tmp_path)
    np.testing.assert_array_equal(kept_hashes(task, "en", "train", mini), row_hashes(rows))


def test_a_question_that_is_answered_in_all_languages_has_the_hashes_of_its_own(tmp_path):
    mini = RowPlaces(catalogue=Catalogue(), cache=tmp_path)
    task = get_task("mini-answers")
    pooled = load_rows(task, "bor", "search", cache=tmp_path)
    alone = rows_of_language(task, "bor", "search", cache=tmp_path)
    assert len(pooled[0]["candidates"]) > len(alone[0]["candidates"])
    hashes = kept_hashes(task, "bor", "search", mini)
    np.testing.assert_array_equal(hashes, row_hashes(alone))
    assert len(hashes) == len(pooled)


def test_a_stage_of_the_embedded_world_that_trains_a_target_is_the_whole_of_it(tmp_path):
    mini = RowPlaces(catalogue=Catalogue(), cache=tmp_path)
    stages = [get_task("mini-squad"), get_task("mini-pos")]
    found = {
        (s.holder, s.split): s.found for s in task_overlaps(stages, [get_task("mini-xquad")], mini)
    }
    assert found["mini-squad", "train"].share == 1.0
    assert found["mini-squad", "report"].share < WORTH_SAYING
    assert found["mini-pos", "train"].share < WORTH_SAYING


def test_scored_rows_are_compared_in_the_languages_asked_for(tmp_path):
    mini = RowPlaces(catalogue=Catalogue(), cache=tmp_path)
    pair = [get_task("mini-nli")], [get_task("mini-xnli")]
    found = task_overlaps(
        *pair,
        mini,
        languages=lambda task, split: ["bor"] if split == "search" else [],
        by_language=True,
    )
    assert [(s.split, s.language) for s in found] == [("train", "en"), ("search", "bor")]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marks")
    study = {
        "study": {"name": "marks"},
        "encoder": {"name": "miniworld"},
        "space": {"tasks": ["mini-squad", "mini-pos"], "sizes": [300], "max_stages": 1},
        "targets": ["mini-xquad"],
        "languages": {"proxy": ["dun"]},
        "budget": {"trials": 1},
        "store": {"path": str(folder / "store")},
    }
    places = Places(run_id="t", cache=folder / "cache", store=str(folder / "store"), mirror=None)
    return Workbench(setup_of(load_study(study), places))


@pytest.mark.parametrize(
    ("stages", "low", "high"),
    [("mini-squad:9000", 1.0, 1.0), ("mini-squad:3000", 0.2, 0.5), ("mini-pos:9000", 0.0, 0.05)],
)
def test_a_score_is_marked_with_how_many_of_its_training_rows_the_stages_hold(
    bench, stages, low, high
):
    scored = bench.items("mini-xquad", "bor", "search", 50)
    tuned_on = bench.training_rows("mini-squad", 300, seed=7)
    marks = bench.marks(scored, tuned_on, parse_curriculum(stages), 1)
    assert low <= marks.train_overlap <= high
    assert marks.overlap < 0.05
    assert bench.marks(scored, None, parse_curriculum(stages), 1).train_overlap is None


def shown(parts):
    console = Console(width=100, file=io.StringIO())
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return capture.get()


@pytest.mark.shared
def test_the_command_shows_computed_overlaps_beside_declared_ones(places, monkeypatch):
    monkeypatch.setattr("trainables.row_cache.DEFAULT_CACHE", places.cache)
    result = CliRunner().invoke(app, ["tasks", "squad", "--mirror", str(places.mirror)])
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["squad", "xquad", "train", "100.0%", "6,000", "6,000", "yes"] in lines
    _, missing = result.stdout.split("not compared, no rows are here: ")
    assert "tatoeba_xtreme_r" in missing


@pytest.mark.shared
def test_declared_and_computed_overlaps_that_disagree_are_told(places):
    twin = dataclasses.replace(TASKS["copa"], name="twin", overlaps=())
    catalogue = Catalogue(own={"twin": twin})
    where = dataclasses.replace(places, catalogue=catalogue)
    told = " ".join(shown(overlap_tables(twin, where)).split())
    assert "in the rows, but not declared (5% or more): copa and twin" in told
    told = shown(overlap_tables(TASKS["social_iqa"], where))
    assert "declared, but not in the rows that are here: xcopa" in told


@pytest.fixture(scope="module")
def part_of_the_mirror(places, tmp_path_factory):
    """Without MNLI, SQuAD v2 and all configurations of google/xtreme but PAN-X English."""
    mirror = tmp_path_factory.mktemp("part")
    for name in ("facebook/xnli", "rajpurkar/squad", "google/xquad", "stanfordnlp/snli"):
        there = mirror / "datasets" / name
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(places.mirror / "datasets" / name)
    panx = mirror / "datasets" / "google" / "xtreme" / "PAN-X.en"
    panx.parent.mkdir()
    panx.symlink_to(places.mirror / "datasets" / "google" / "xtreme" / "PAN-X.en")
    return mirror


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xnli", "none not compared, no rows are here: mnli, anli_r1"),
        ("squad", "squad xquad train 100.0% 6,000 6,000 yes"),
        ("panx", "panx_en panx train 100.0% 4,177 4,177 yes"),
        ("anli_plus", "not compared: no training rows of anli_plus are here"),
        ("udpos", "not compared: no rows of udpos are here"),
        ("mnli@all", "not compared: no training rows of mnli@all are here"),
    ],
)
def test_what_a_part_of_a_mirror_lacks_is_not_said_to_share_nothing(
    name, said, places, part_of_the_mirror, tmp_path_factory
):
    cache = tmp_path_factory.getbasetemp() / "cache-part"
    where = dataclasses.replace(places, mirror=part_of_the_mirror, cache=cache)
    told = shown(overlap_tables(get_task(name), where))
    assert said in " ".join(told.split())
    if "no rows are here: " in told:
        _, missing = " ".join(told.split()).split("no rows are here: ")
        assert {"mnli", "squad_v2", "udpos"} - {name} <= set(missing.split(", "))
        assert "squad" not in missing.split(", ")
    assert "but not declared" not in told


@pytest.mark.shared
def test_rows_that_cannot_be_read_are_told_and_the_others_compared(places, tmp_path):
    (tmp_path / "rows.csv").write_text("text,label\nsome text,other\n")
    source = FileSource(files={"train": str(tmp_path / "rows.csv")}, splits={"train": "train"})
    bad = dataclasses.replace(TASKS["sst2"], name="bad", source=source, labels=("a",))
    where = dataclasses.replace(places, catalogue=Catalogue(own={"bad": bad}))
    told = shown(overlap_tables(TASKS["copa"], where))
    assert "not compared, bad: " in told
    assert ["copa", "xcopa", "train", "100.0%"] in [x.split()[:4] for x in told.splitlines()]


def test_a_plan_names_stages_that_hold_rows_of_its_targets(tmp_path):
    mini = RowPlaces(catalogue=Catalogue(), cache=tmp_path)
    stages = map(get_task, ("mini-squad", "mini-pos"))
    found = list(task_overlaps(stages, [get_task("mini-xquad")], mini))
    lines = shown(study_overlaps(found, Catalogue())).splitlines()
    (row,) = [line.split() for line in lines if "mini-xquad" in line]
    assert row[:3] == ["mini-squad", "mini-xquad", "100.0%"]
    assert row[-1] == "yes"
    assert not any("mini-pos" in line for line in lines)
    assert "others: at most" in lines[-1]
