"""What the five packaged studies found on the embedded world, from recorded runs.

The runs are those of `python -m benchmarks.studies`; the claims about them hold on fresh runs too,
at other seeds: distances of the embedded world are known, and so is what its stages do.
"""

from __future__ import annotations

import gzip
import re
import shutil
from html import escape

import pytest

from analysis.evidence import evidence, single_transfers
from analysis.features import of_languages, read_features
from analysis.observations import read
from analysis.report import all_pictures
from analysis.report_page import report_html
from analysis.statistics.distributions import spearman
from benchmarks.studies import RECORDED, STUDIES
from search.config import load_study
from search.objectives import recorded_objective
from search.report_files import study_report
from search.run_folder import RunFolder

SAID = re.compile(r"\|([\w-]+) (\d+) (\d+)\|")
COUNTING = """
<script>
onload = () => document.querySelectorAll("iframe").forEach(frame => {
  const drawn = [...frame.contentDocument.querySelectorAll("svg")];
  const seen = drawn.filter(svg => svg.getBoundingClientRect().height > 50);
  document.body.append(`|${frame.id} ${drawn.length} ${seen.length}|`);
});
</script>
"""
"""Says of each page how many figures it has, and how many of them have a height."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Run folders by study."""
    root = tmp_path_factory.mktemp("recorded")
    for name in STUDIES:
        shutil.copytree(RECORDED / name, root / name)
        packed = root / name / "observations.jsonl.gz"
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    return {name: RunFolder(root / name) for name in STUDIES}


@pytest.fixture(scope="module")
def reports(runs):
    return {name: study_report(load_study(run.study_file), run) for name, run in runs.items()}


def seen(run):
    """The evidence of a run."""
    frame = read(run.observations)
    objective = recorded_objective(load_study(run.study_file), frame)
    return evidence(frame, objective, read_features(run.path))


@pytest.mark.parametrize("name", STUDIES)
def test_the_recorded_run_is_of_the_packaged_study(name, runs):
    recorded, packaged = load_study(runs[name].study_file), load_study(name)
    assert packaged.enumerate  # so that no sampler was asked
    assert recorded.model_copy(update={"sampler": packaged.sampler}) == packaged


@pytest.mark.parametrize("name", STUDIES)
def test_the_first_section_answers_the_question(name, reports):
    report = reports[name]
    assert report.finding
    assert "cannot be estimated" not in report.finding
    assert "95 % interval" in report.finding
    assert report.sections[0].answer == report.finding
    assert report.sections[0].pictures


@pytest.fixture(scope="module")
def pages(reports):
    """Pages by study, as text."""
    return {name: report_html(report) for name, report in reports.items()}


@pytest.mark.parametrize("name", STUDIES)
def test_a_page_asks_for_nothing(name, pages):
    assert "://" not in re.sub(r"http://(www.w3.org|purl.org)/", "", pages[name])


def test_a_browser_draws_every_figure_without_a_word(pages, reports, browser, tmp_path):
    frames = [
        f'<iframe id="{k}" width="1000" srcdoc="{escape(text)}"></iframe>'
        for k, text in pages.items()
    ]
    (tmp_path / "all.html").write_text("<!doctype html>" + COUNTING + "".join(frames))
    done = browser(tmp_path / "all.html")
    assert "CONSOLE" not in done.stderr
    found = {name: (int(n), int(seen)) for name, n, seen in SAID.findall(done.stdout)}
    numbers = {name: len(list(all_pictures(report))) for name, report in reports.items()}
    assert found == {name: (n, n) for name, n in numbers.items()}


def test_the_gap_of_every_seed_orders_languages_by_their_known_distance(runs):
    found = seen(runs["linguistic"])
    distance = of_languages(found.features, "distance_featural")["distance_featural"]
    transfers = single_transfers(found)
    gaps = transfers.groupby(["repetition", "language"])["none_gap"].mean().unstack()
    assert len(gaps) >= 3
    for seed, own in gaps.iterrows():
        assert spearman(own, distance[own.index]) > 0.8, seed


def test_the_agglutinative_contrast_is_told_from_chance(reports):
    table = reports["morphology"].tables["morphology_differences"]
    first = table[(table["over"] == "repetitions") & (table["against"] != "none")].iloc[0]
    assert first["n"] >= 3
    assert first["low"] * first["high"] > 0
