"""Benchmark averages: published ones from their rows, and those of a confirmation by hand."""

from __future__ import annotations

import pytest

from analysis.objective import Objective, ScoredTarget
from analysis.observations import as_frame
from analysis.official import BESTS, averages, official
from trainables.tasks import TASKS
from trainables.tasks.suites import SUITES

XTREME = SUITES["xtreme"].targets
GROUPS = {name: TASKS[name].group for name in TASKS}


LANGUAGES = {"xnli": ("en", "de", "sw", "ur"), "tatoeba": ("de", "sw", "ur")}
OBJECTIVE = Objective(
    proxy_languages=("de",),
    targets=tuple(
        ScoredTarget(name=name, metric=TASKS[name].metric, group=GROUPS[name], languages=languages)
        for name, languages in LANGUAGES.items()
    ),
)
FRESH = (11, 12)
SAME_IN_ALL = {
    **{"phase": "confirm", "rung": 0, "num_rungs": 1, "scale": 1.0, "part": "evaluation"},
    **{"layer": None, "items": 100, "numerics": "cpu", "stand_in": False, "overlap": None},
    **{"train_overlap": None, "collapsed": False, "seconds": 0.0},
    **{"examples_needed": 0.0, "examples_paid": 0.0},
}


def qa(f1, exact_match):
    return (f1 + exact_match) / 2


XLM_R = dict(zip(XTREME, (79.2, 86.4, 73.8, 65.4), strict=False)) | {
    "xquad": qa(76.6, 60.8),
    "mlqa": qa(71.6, 53.2),
    "tydiqa": qa(65.1, 45.0),
}
"""Without retrieval; RemBERT (Chung et al. 2020), tables 7 and 16."""
X_STILTS = dict(zip(XTREME, (80.0, 87.9, 74.9, 64.0), strict=False)) | {
    "xquad": qa(78.7, 63.3),
    "mlqa": qa(72.4, 53.7),
    "tydiqa": qa(76.0, 59.5),
}


@pytest.mark.parametrize(("row", "published"), [(XLM_R, 70.14), (X_STILTS, 72.66)])
def test_seven_tasks_average_as_published(row, published):
    assert averages(row, GROUPS).average == pytest.approx(published, abs=0.005)


def test_nine_tasks_average_as_published():
    whole = XLM_R | {"bucc2018": 66.0, "tatoeba": 57.3}
    assert set(whole) == set(XTREME)
    assert averages(whole, GROUPS).average == pytest.approx(68.25, abs=0.01)


def test_groups_average_as_published():
    """To the last digit printed; for XLM-R the printed groups are those of an older POS of 72.6."""
    found = averages(X_STILTS, GROUPS).groups
    assert found == pytest.approx(
        {"classification": 83.9, "structured": 69.4, "qa": 67.2}, abs=0.1 + 1e-9
    )
    assert sum(found.values()) / 3 == pytest.approx(73.5, abs=0.1)
    older = averages(XLM_R | {"udpos": 72.6}, GROUPS).groups
    assert older["classification"] == pytest.approx(82.8)
    assert older["structured"] == pytest.approx(69.0)


def run(curriculum, search, report, *, role="candidate", variant="", seed):
    """Rows of one trial: search scores by target, report scores by target and language."""
    cells = {("search", name, "de"): score for name, score in search.items()}
    cells |= {
        ("report", name, language): score
        for name, by_language in report.items()
        for language, score in by_language.items()
    }
    own = {"curriculum": curriculum, "variant": variant, "role": role}
    seeds = {"stage_seed": seed, "target_seed": seed}
    return [
        {
            **SAME_IN_ALL,
            **own,
            **seeds,
            "target": name,
            "metric": TASKS[name].metric,
            "language": language,
            "split": split,
            "value": score,
        }
        for (split, name, language), score in cells.items()
    ]


def scores(*xnli, tatoeba):
    """xnli in its four languages, tatoeba the same in all of its three."""
    return {
        "xnli": dict(zip(LANGUAGES["xnli"], xnli, strict=True)),
        "tatoeba": dict.fromkeys(LANGUAGES["tatoeba"], tatoeba),
    }


def rows_of(candidates):
    """A confirmation: {curriculum: (search scores by target, report cells)}."""
    return [
        row
        for seed in FRESH
        for text, (search, report) in candidates.items()
        for row in run(text, search, report, seed=seed)
    ]


CANDIDATES = {
    "a:1": ({"xnli": 0.9, "tatoeba": 0.2}, scores(0.8, 0.6, 0.4, 0.2, tatoeba=0.3)),
    "b:1": ({"xnli": 0.1, "tatoeba": 0.8}, scores(0.4, 0.4, 0.4, 0.4, tatoeba=0.7)),
}
FOUND = official(as_frame(rows_of(CANDIDATES)), OBJECTIVE)


HELD = {("a:1", "tatoeba"), ("b:1", "xnli")}
"""Where no curriculum is the best."""


def row(frame, curriculum):
    return frame.set_index("curriculum").loc[curriculum]


def test_english_and_proxies_are_in_a_benchmarks_average():
    assert row(FOUND.tasks, "a:1")["xnli"] == pytest.approx((0.8 + 0.6 + 0.4 + 0.2) / 4)
    assert row(FOUND.tasks, "a:1")["average"] == pytest.approx((0.5 + 0.3) / 2)
    assert FOUND.languages == {"xnli": 4, "tatoeba": 3}
    assert row(FOUND.tasks, "a:1")["n"] == len(FRESH)


def test_groups_stand_beside_the_average():
    assert row(FOUND.groups, "b:1")[["classification", "retrieval"]].to_dict() == pytest.approx(
        {"classification": 0.4, "retrieval": 0.7}
    )
    assert FOUND.groups["average"].tolist() == FOUND.tasks["average"].tolist()


def test_the_best_of_each_target_is_chosen_on_the_search_split():
    """On the report split a is better on xnli and b on tatoeba, whatever the search split says."""
    assert FOUND.best_per_target == {"xnli": "a:1", "tatoeba": "b:1"}
    assert row(FOUND.tasks, BESTS)["average"] == pytest.approx((0.5 + 0.7) / 2)
    swapped = {
        "a:1": (CANDIDATES["b:1"][0], CANDIDATES["a:1"][1]),
        "b:1": (CANDIDATES["a:1"][0], CANDIDATES["b:1"][1]),
    }
    found = official(as_frame(rows_of(swapped)), OBJECTIVE)
    assert found.best_per_target == {"xnli": "b:1", "tatoeba": "a:1"}
    assert row(found.tasks, BESTS)["average"] == pytest.approx((0.4 + 0.3) / 2)


def test_overlaps_are_marked_and_the_bests_have_those_of_their_own_targets():
    held = [
        {**row, "train_overlap": float((row["curriculum"], row["target"]) in HELD)}
        for row in rows_of(CANDIDATES)
    ]
    found = official(as_frame(held), OBJECTIVE)
    assert found.tasks.set_index("curriculum")["marks"].to_dict() == {
        "a:1": "training rows overlap up to 100.0%",
        "b:1": "training rows overlap up to 100.0%",
        BESTS: "",
    }
    assert found.groups["marks"].tolist() == found.tasks["marks"].tolist()


def test_a_control_is_shown_but_never_a_best():
    best = {"xnli": 0.99, "tatoeba": 0.99}
    control = [
        row
        for seed in FRESH
        for row in run(
            "c:1", best, scores(1, 1, 1, 1, tatoeba=1), role="control", variant="x", seed=seed
        )
    ]
    found = official(as_frame([*rows_of(CANDIDATES), *control]), OBJECTIVE)
    assert "c:1" in set(found.tasks["curriculum"])
    assert "c:1" not in found.best_per_target.values()


def test_there_is_no_table_before_the_report_split_is_read():
    search = [row for row in rows_of(CANDIDATES) if row["split"] == "search"]
    assert official(as_frame(search), OBJECTIVE) is None


def test_every_suite_has_targets_of_its_own_and_proxies_in_every_target():
    for suite in SUITES.values():
        for name in suite.targets:
            task = TASKS[name]
            assert task.role in ("target", "both")
            searched_in = set(task.languages) - set(task.report_only)
            assert searched_in & set(suite.proxies), name
