"""Similarity of texts against the transfer gap: planted relations are found, and nothing else is.

Worlds are planted: which task helps which language is known, and so is how alike their texts are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import evidence, single_transfers
from analysis.features import as_features
from analysis.figures.scatter import draw_scatter, name_points
from analysis.figures.style import new_figure
from analysis.objective import ENGLISH, Objective, ScoredTarget
from analysis.planted import METRIC, World, observations, plant
from analysis.report import make_report
from analysis.report_page import report_html
from analysis.sections.semantic import semantic_section
from analysis.studies.semantic import CHANGE, NONE_GAP, semantic_study
from analysis.studies.semantic_pools import block, reliability

TASKS = ("alpha", "beta", "gamma", "delta")
LANGUAGES = tuple(f"l{i}" for i in range(1, 11))
PROXY = "proxy"
TARGETS = ("reading", "tags")
GAIN = 0.04
"""Standard deviation of what a task gains in a language, in score."""
RNG = np.random.default_rng
SHAPE = len(TASKS), len(LANGUAGES)
AFFINITY = RNG(11).standard_normal(SHAPE)
OF_TASKS, OF_LANGUAGES = RNG(12).standard_normal((SHAPE[0], 1)), RNG(13).standard_normal(SHAPE[1])
MEANS = 0.05 * OF_TASKS + 0.05 * OF_LANGUAGES
"""What makes all texts of a task, and all of a language, more alike."""


def world(tasks=TASKS, languages=LANGUAGES, *, targets=TARGETS, gain=GAIN, seeds=4, **changes):
    affinity = {
        (task, language): gain * AFFINITY[i, j]
        for i, task in enumerate(tasks)
        for j, language in enumerate(languages)
    }
    return World(
        curricula=("none", *(f"{task}:1000" for task in tasks)),
        targets=targets,
        languages=(ENGLISH, PROXY, *languages),
        affinity=affinity,
        seeds=seeds,
        **changes,
    )


def row(feature, value, *, task="", target="", language="", note=""):
    other = ENGLISH if feature.startswith("parallel_") else ""
    return {
        "feature": feature, "task": task, "target": target, "language": language, "other": other,
        "value": value, "label": "", "n": 200, "note": note,
    }  # fmt: skip


def texts(own, similarity, feature="text_cosine"):
    """Rows of a similarity of (task, language), the same in every target."""
    reported = own.languages[2:]
    tasks = [text.split(":")[0] for text in own.curricula[1:]]
    return [
        row(feature, float(similarity[i, j]), task=task, target=target, language=language)
        for target in own.targets
        for i, task in enumerate(tasks)
        for j, language in enumerate(reported)
    ]


def translations(own, values, feature="parallel_accuracy"):
    return [
        row(feature, float(value), target=target, language=language)
        for target in own.targets
        for language, value in zip(own.languages[2:], values, strict=False)
    ]


def objective_of(own):
    targets = tuple(
        ScoredTarget(name=name, metric=METRIC, group="classification", languages=own.languages)
        for name in own.targets
    )
    return Objective(proxy_languages=(PROXY,), targets=targets)


def seen(own, rows, *, seed=7, change=lambda frame: frame):
    """The evidence of one draw of a world."""
    frame = change(observations(own, plant(own, RNG(seed))))
    return evidence(frame, objective_of(own), as_features(rows))


def study_of(own, rows, **more):
    return semantic_study(seen(own, rows, **more), rng=RNG(0))


def centred(table):
    return table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()


def without(target, language):
    """Drops the scores of a target in a language."""
    return lambda frame: frame[~((frame["target"] == target) & (frame["language"] == language))]


ALIKE = 0.6 + 0.02 * AFFINITY + MEANS
PLANTED = world()
NOISY = ALIKE + 0.006 * RNG(5).standard_normal(SHAPE)


def test_a_planted_affinity_is_found_through_a_similarity_that_equals_it():
    study = study_of(PLANTED, texts(PLANTED, ALIKE))
    (pooled,) = study.pooled
    wanted = -GAIN * centred(AFFINITY).std()
    assert pooled.found.slope.low < wanted < pooled.found.slope.high < 0
    assert pooled.found.spearman.mean < -0.9
    assert pooled.p_adjusted < 0.01
    assert pooled.targets == TARGETS
    assert pooled.reading == "more alike, smaller gap"
    assert {own.targets for own in study.by_target} == {(name,) for name in TARGETS}


def test_a_noisy_similarity_and_a_distance_find_it_too_with_opposite_signs():
    rows = texts(PLANTED, NOISY) + texts(PLANTED, 0.9 - NOISY, "text_mmd2")
    cosine, distance = study_of(PLANTED, rows).pooled
    assert cosine.found.spearman.mean == pytest.approx(-distance.found.spearman.mean)
    assert -0.97 < cosine.found.spearman.mean < -0.7
    assert cosine.reading == distance.reading == "more alike, smaller gap"


def test_once_means_are_removed_the_gap_its_change_and_minus_the_gain_are_the_same():
    transfers = single_transfers(seen(PLANTED, []))
    transfers["change"] = transfers["gap"] - transfers["none_gap"]
    own = transfers[transfers["target"] == TARGETS[0]]
    tables = {
        name: centred(own.pivot_table(index="task", columns="language", values=name).to_numpy())
        for name in ("gap", "change", "gain")
    }
    np.testing.assert_allclose(tables["gap"], tables["change"], atol=1e-12)
    np.testing.assert_allclose(tables["gap"], -tables["gain"], atol=1e-12)


def test_where_similarity_says_nothing_of_pairs_there_is_silence():
    """Although it is known to go with the means of tasks and of languages."""
    told = 0
    for seed in range(40):
        similarity = MEANS + 0.02 * RNG(100 + seed).standard_normal(SHAPE)
        own = world(
            gain=0.02,
            task={task: 0.05 * x for task, x in zip(TASKS, OF_TASKS[:, 0], strict=True)},
            covariate=dict(zip(LANGUAGES, OF_LANGUAGES, strict=True)),
            slope=0.05,
            targets=TARGETS[:1],
        )
        (pooled,) = study_of(own, texts(own, similarity), seed=seed).pooled
        told += pooled.p_adjusted < 0.05
    assert told <= 6  # of 40 at a true level of 0.05 more than 6 have a chance of 0.003


def test_over_languages_translations_found_go_with_the_gap_and_its_change():
    accuracy = 0.5 + 0.1 * OF_LANGUAGES
    own = world(gain=0.0, covariate=dict(zip(LANGUAGES, OF_LANGUAGES, strict=True)), slope=0.03)
    easier = dict(zip(LANGUAGES, 0.05 * OF_LANGUAGES, strict=True))

    def moved(frame):
        return frame.assign(value=frame["value"] + frame["language"].map(easier).fillna(0.0))

    study = study_of(own, translations(own, accuracy), change=moved)
    assert study.pooled == ()
    found = {relation.outcome: relation for relation in study.over_languages}
    spread = OF_LANGUAGES.std()
    for outcome, size in ((NONE_GAP, 0.05), (CHANGE, 0.03)):
        slope = found[outcome].found.slope
        assert slope.low < -size * spread < slope.high < 0
        assert found[outcome].p_adjusted < 0.01


def test_the_answer_has_effect_interval_and_counts():
    section = semantic_section(seen(PLANTED, texts(PLANTED, NOISY)))
    assert "points of gap (95 % interval" in section.answer
    assert "4 tasks x 10 languages, reading, tags, 4 repetitions" in section.answer
    assert section.answer.startswith("One standard deviation more similarity")
    rows = section.sheets[0].frame
    assert (rows["n"] == 40).all()
    assert not rows["left_out"].any()


def test_an_answer_that_chance_explains_says_so_first():
    section = semantic_section(seen(PLANTED, texts(PLANTED, RNG(3).standard_normal(SHAPE))))
    assert section.answer.startswith("Not told from chance: one standard deviation")


def test_a_similarity_of_means_alone_is_not_a_relation_of_pairs():
    """Rounding is all that is left, and it is not blown up."""
    (pooled,) = study_of(PLANTED, texts(PLANTED, MEANS) + translations(PLANTED, range(10))).pooled
    assert "nothing varies" in pooled.found.note


@pytest.mark.parametrize(
    ("own", "why"),
    [
        (world(languages=LANGUAGES[:4]), "4 languages, at least 5 are needed"),
        (world(seeds=1), "one pair of fresh seeds; at least 2"),
        (replace(PLANTED, curricula=("none", "alpha:9 > beta:9")), "no task was repeated alone"),
    ],
)
def test_with_too_little_the_section_says_why(own, why):
    rows = texts(own, ALIKE) if "alpha:1000" in own.curricula else []
    found = semantic_section(seen(own, rows))
    assert isinstance(found, str) and why in found


def test_without_features_the_section_names_the_command():
    assert "curriculum features" in semantic_section(seen(PLANTED, []))


@pytest.mark.parametrize("count", [1, 2])
def test_with_too_few_tasks_pairs_are_not_estimable_but_languages_are(count):
    own = world(tasks=TASKS[:count])
    rows = texts(own, ALIKE) + translations(own, OF_LANGUAGES)
    section = semantic_section(seen(own, rows))
    assert f"{count} task" in section.answer and "at least 3 are needed" in section.answer
    assert section.sheets[1].frame["spearman"].notna().all()


def test_a_retrieval_target_has_no_gap_but_its_pairs_are_compared():
    found = seen(PLANTED, texts(PLANTED, ALIKE), change=without("tags", ENGLISH))
    study = semantic_study(found, rng=RNG(0))
    assert (study.with_gap, study.without_gap) == (("reading",), ("tags",))
    assert study.pooled[0].targets == ("reading",)
    (tags,) = study.by_target
    assert tags.targets == ("tags",) and tags.found.spearman.mean < -0.8
    section = semantic_section(found)
    assert any("Without English score" in note and "tags" in note for note in section.notes)
    levels = section.sheets[2].frame.set_index("target")
    assert np.isnan(levels.loc["tags", "change"])
    assert "no English score" in levels.loc["tags", "note"]


def test_with_retrieval_alone_nothing_is_told_of_the_gap():
    own = world(targets=("tags",))
    found = seen(own, texts(own, ALIKE), change=without("tags", ENGLISH))
    section = semantic_section(found)
    assert "no target has an English score" in section.answer
    assert [picture.name for picture in section.pictures] == []


def test_a_change_of_the_gap_is_what_english_gains_more():
    own = world(gain=0.0, task=dict.fromkeys(TASKS, 0.05), covariate={ENGLISH: 1.0}, slope=0.04)
    section = semantic_section(seen(own, texts(own, ALIKE)))
    for _, level in section.sheets[2].frame.iterrows():
        assert level["low"] < 0.04 < level["high"]
        assert level["change"] == pytest.approx(level["english_gain"] - level["gain"])


def test_means_over_targets_are_over_those_that_share_most_languages():
    """Every pair has each of them; the others are named."""

    def few(frame):
        return frame[(frame["target"] != "short") | frame["language"].isin(["en", "l1", "l2"])]

    own = world(targets=(*TARGETS, "short"))
    found = seen(own, texts(own, ALIKE), change=few)
    (pooled,) = semantic_study(found, rng=RNG(0)).pooled
    assert pooled.targets == TARGETS
    assert len(pooled.points) == 40
    notes = semantic_section(found).notes
    assert any("In no mean over targets: short" in note for note in notes)


def test_a_language_without_a_value_in_one_task_is_left_out_and_named():
    rows = [
        own | ({"value": float("nan"), "note": "3 and 200 texts"} if is_gone else {})
        for own in texts(PLANTED, ALIKE)
        for is_gone in [(own["task"], own["language"]) == ("beta", "l3")]
    ]
    section = semantic_section(seen(PLANTED, rows))
    frame = section.sheets[0].frame
    assert set(frame["left_out"]) == {"l3"}
    assert set(frame["n"]) == {36}
    lines = [note for note in section.notes if note.startswith("Not measured")]
    assert len(lines) == 1 and "beta reading l3" in lines[0] and "3 and 200 texts" in lines[0]
    assert any("Not asked for: text_mmd2" in note for note in section.notes)


def test_english_and_proxies_enter_nothing():
    rows = texts(PLANTED, ALIKE)
    extra = [
        row("text_cosine", 9.0, task=task, target=target, language=language)
        for task in TASKS
        for target in TARGETS
        for language in (ENGLISH, PROXY)
    ]

    def other(frame):
        return frame.assign(value=frame["value"].where(frame["language"] != PROXY, 0.123))

    first = semantic_section(seen(PLANTED, rows))
    second = semantic_section(seen(PLANTED, rows + extra, change=other))
    for one, two in zip(first.sheets, second.sheets, strict=True):
        pd.testing.assert_frame_equal(one.frame, two.frame)


def test_families_are_named_and_count_their_tests():
    rows = texts(PLANTED, ALIKE) + texts(PLANTED, -ALIKE, "text_mmd2")
    rows += translations(PLANTED, OF_LANGUAGES)
    section = semantic_section(seen(PLANTED, rows))
    counts = [note.split(" tests")[0] for note in section.notes if note.startswith("Benjamini")]
    assert counts == [f"Benjamini–Hochberg over {n}" for n in (2, 4, 6)]


def test_the_section_stands_in_the_page():
    rows = texts(PLANTED, NOISY) + translations(PLANTED, OF_LANGUAGES)
    frame = observations(PLANTED, plant(PLANTED, RNG(7)))
    report = make_report(
        frame,
        objective_of(PLANTED),
        name="planted",
        question="",
        asks="semantic",
        features=as_features(rows),
    )
    assert "standard deviation" in report.finding
    names = {picture.name for section in report.sections for picture in section.pictures}
    assert {"semantic_gaps", "semantic_changes", "semantic_languages"} <= names
    page = report_html(report)
    assert "Does transfer degrade less where texts are alike?" in page
    assert "tables/semantic_pairs.csv" in page


def test_a_block_has_every_pair_in_every_target():
    index = pd.MultiIndex.from_product(
        [["a", "b"], ["s", "t", "u"], list("pqrstuv")], names=["task", "target", "language"]
    )
    rows = pd.DataFrame({"x": np.arange(len(index), dtype=float)}, index=index)
    rows.loc[("a", "s", "p"), "x"] = np.nan
    rows.loc[(slice(None), "u", list("qrstuv")), "x"] = np.nan
    means, targets = block(rows, ["s", "t", "u"])
    assert targets == ("s", "t")
    assert len(means) == 12 and "p" not in means.index.unique("language")
    assert means.loc[("a", "q"), "x"] == rows.loc[[("a", "s", "q"), ("a", "t", "q")], "x"].mean()


def test_reliability_is_the_share_that_seeds_do_not_make():
    truth, rng = RNG(1).standard_normal((12, 40)), RNG(2)
    samples = truth + rng.standard_normal((5, 12, 40))
    assert reliability(samples) == pytest.approx(1 / (1 + 1 / 5), abs=0.05)
    assert reliability(rng.standard_normal((5, 12, 40))) < 0.15
    assert reliability(samples[:1]) is None


@pytest.mark.parametrize("count", [6, 25])
def test_names_of_languages_do_not_overlap(count):
    table = pd.DataFrame({"x": RNG(4).standard_normal(count), "y": RNG(5).standard_normal(count)})
    table["name"] = [f"l{i}" for i in range(count)]
    figure, (axes, _) = new_figure(3.3, columns=2)
    draw_scatter(axes, table, xlabel="x", ylabel="y")
    figure.draw_without_rendering()
    name_points(axes, table, all_points=table)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) >= 0.8 * count
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
