"""Facts about languages, and distances of URIEL+ where its package is installed."""

import csv
import logging
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from analysis import uriel
from analysis.features import as_features, language_table, missing
from analysis.languages import LANGUAGES, UNSPACED, unknown_languages
from search.language_features import language_rows
from search.train_one import driven
from trainables.assignment import Assignment, Setup
from trainables.leases import NoLeases
from trainables.nodes import Trial
from trainables.recipe import Recipe
from trainables.tasks import TASKS
from trainables.tasks.task import MiniworldSource
from trainables.workbench import Workbench

needs_uriel = pytest.mark.skipif(
    bool(uriel.obstacle()), reason=f"{uriel.obstacle()}: its distances are not tested"
)


def test_every_language_of_a_declared_task_has_facts():
    human = [task for task in TASKS.values() if not isinstance(task.source, MiniworldSource)]
    codes = {code for task in human for code in (*task.languages, *task.train_languages)}
    assert unknown_languages(sorted(codes)) == []
    assert unknown_languages(["tr", "xx", "xx"]) == ["xx"]


def test_facts_are_well_formed():
    assert len({facts.iso3 for facts in LANGUAGES.values()}) == len(LANGUAGES)
    for code, facts in LANGUAGES.items():
        assert (len(code), len(facts.iso3), len(facts.script)) == (2, 3, 4)
        assert (facts.cc100_tokens is None) == (code in UNSPACED)


def test_branches_of_one_family_are_told_apart_and_turkish_is_agglutinative():
    assert LANGUAGES["de"].family == LANGUAGES["nl"].family != LANGUAGES["ru"].family
    assert [LANGUAGES[x].agglutinative for x in ("tr", "zh", "id")] == [True, False, None]


@pytest.mark.shared
def test_cc100_is_the_published_table(shared_folder):
    lines = (shared_folder / "research/cc100_sizes.csv").read_text().splitlines()
    published: dict[str, list[tuple[float, float]]] = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        sizes = float(row["Size (GiB)"]), float(row["Tokens (M)"])
        published.setdefault(row["ISO code"], []).append(sizes)
    for code, facts in LANGUAGES.items():
        gib, tokens = (sum(x) for x in zip((0.0, 0.0), *published.get(code, []), strict=True))
        assert facts.cc100_gib == pytest.approx(gib), code
        assert facts.cc100_tokens in (None, tokens), code


def test_angle_of_vectors_over_a_right_angle():
    a, b = np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    assert uriel.angular_distance(a, b) == 1
    assert uriel.angular_distance(a, 2 * a) == 0
    assert uriel.angular_distance(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == 0.5
    assert math.isfinite(uriel.angular_distance(a, np.zeros(3)))


def test_without_the_package_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(uriel, "PACKAGE", "no_such_package")
    with pytest.raises(uriel.NoUriel, match=r"pip install no_such_package==1\.3\.2"):
        uriel.uriel_distances(["tr"])


@needs_uriel
def test_another_version_of_the_package_is_refused(monkeypatch):
    monkeypatch.setattr(uriel, "VERSION", "9.9")
    with pytest.raises(uriel.NoUriel, match=r"1\.3\.2 is installed, wanted 9\.9"):
        uriel.uriel_distances(["tr"])


def test_opening_analysis_does_not_load_the_package():
    code = "import analysis.uriel, sys; print('urielplus' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture(scope="module")
def found():
    root = logging.getLogger()
    before = list(root.handlers), root.level, logging.root.manager.disable
    distances = uriel.uriel_distances(["en", "de", "tr", "ms", "xx"])
    assert before == (list(root.handlers), root.level, logging.root.manager.disable)
    return distances


@needs_uriel
def test_distances_are_those_of_the_whole_of_uriel_plus(found):
    """Values of urielplus 1.3.2 after `integrate_databases()` over all of its languages."""
    wanted = {
        ("de", "syntactic"): 0.3539,
        ("de", "genetic"): 0.6996,
        ("de", "geographic"): 0.0437,
        ("de", "phonological"): 0.3613,
        ("de", "inventory"): 0.4364,
        ("de", "featural"): 0.4010,
        ("de", "script"): 0.1950,
        ("tr", "syntactic"): 0.6406,
        ("tr", "genetic"): 1.0,
        ("tr", "geographic"): 0.1194,
        ("tr", "phonological"): 0.3824,
        ("tr", "inventory"): 0.5183,
        ("tr", "featural"): 0.5942,
        ("tr", "morphological"): 0.6638,
        ("tr", "script"): 0.1950,
    }
    for (code, kind), value in wanted.items():
        assert found.table.loc[code, kind] == pytest.approx(value, abs=1e-6)


@needs_uriel
def test_what_is_missing_stays_missing_and_unknown_languages_are_listed(found):
    assert math.isnan(found.table.loc["de", "morphological"])
    assert found.features.loc["de", "morphological"] == 0
    assert math.isnan(found.table.loc["ms", "script"])
    assert ((found.features > 0) == found.table.notna()).all(axis=None)
    assert found.unknown == ("xx",)
    assert list(found.table.index) == ["en", "de", "tr", "ms"]
    assert (found.table.loc["en"] == 0).all()


@pytest.fixture
def trial(tmp_path):
    """A trial with a store of its own; nothing of it is trained."""
    setup = Setup(
        run_id="languages",
        encoder="miniworld",
        cache=str(tmp_path / "cache"),
        store=str(tmp_path / "store"),
        stage_recipe=Recipe(),
        target_recipe=Recipe(),
    )
    assignment = Assignment(
        phase="search", role="baseline", curriculum="none", stage_seed=1, target_seed=1, rungs=()
    )
    return Trial(assignment=assignment, bench=Workbench(setup), leases=NoLeases())


def rows_of(trial, human, invented=(), lines=None):
    tell = (lambda line: None) if lines is None else lines.append
    return as_features(driven(language_rows(trial, invented=invented, human=human), tell))


def test_without_the_package_facts_are_there_and_distances_say_why_not(trial, monkeypatch):
    monkeypatch.setattr(uriel, "PACKAGE", "no_such_package")
    frame = rows_of(trial, ["en", "tr", "id", "xx"])
    table = language_table(frame)
    assert table.loc["tr", "script"] == "Latn"
    assert table["agglutinative"].isna().to_dict() == {"en": 0, "tr": 0, "id": 1, "xx": 1}
    assert table.loc["en", "cc100_gib"] == 300.8
    lacking = missing(frame)
    distances = lacking[lacking["feature"].str.startswith("distance_")]
    assert len(distances) == 4 * len(uriel.DISTANCES)
    assert set(distances["note"]) == {"the package no_such_package is not installed"}
    unknown = lacking[(lacking["language"] == "xx") & (lacking["other"] == "")]
    assert len(unknown) == 5


@needs_uriel
def test_distances_are_kept_in_the_store(trial, found, monkeypatch):
    codes, lines = ["en", "de", "tr", "ms", "xx"], []
    first = rows_of(trial, codes, lines=lines)
    assert lines == ["distances of URIEL+"]
    monkeypatch.setattr(uriel, "uriel_distances", None)
    pd.testing.assert_frame_equal(rows_of(trial, codes), first)
    table = language_table(first)
    for kind in uriel.DISTANCES:
        got, wanted = table[f"distance_{kind}"].dropna(), found.table[kind].dropna()
        pd.testing.assert_series_equal(got, wanted, check_names=False)
    lacking = missing(first)
    assert set(lacking[lacking["language"] == "xx"]["note"]) == {
        "unknown to URIEL+",
        "not in the table of analysis/languages.py",
    }


def test_english_of_both_worlds_is_the_human_one(trial, monkeypatch):
    monkeypatch.setattr(uriel, "PACKAGE", "no_such_package")
    frame = rows_of(trial, ["en", "tr"], invented=["en", "ane"])
    assert set(frame[frame["feature"] == "distance_lexical"]["language"]) == {"ane"}
