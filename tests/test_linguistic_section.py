"""What a report says of similarity to English: planted slopes found, silence where data lack."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.evidence import evidence
from analysis.features import as_features
from analysis.figures.labels import label_points
from analysis.figures.style import new_figure
from analysis.objective import ENGLISH, Objective, ScoredTarget
from analysis.planted import METRIC, World, observations, plant
from analysis.report import all_pictures, make_report
from analysis.report_page import report_html
from analysis.sections.linguistic import linguistic_section
from analysis.statistics.leave_one_out import leave_one_out
from analysis.statistics.marginal_means import marginal_means
from analysis.studies.associations import Outcome, associate
from analysis.studies.language_covariates import (
    CC100,
    FLOOR,
    KIN,
    LATIN,
    OVERLAP,
    language_covariates,
)
from analysis.studies.linguistic import GAIN, GAP, LinguisticStudy, linguistic_study
from benchmarks.xnli_uriel import ACCURACIES, LANGUAGES, PRINTED_MEANS

TASKS = ("alpha", "beta", "gamma")
HUMAN = (
    *("ar", "bg", "de", "el", "fr", "hi", "ru"),
    *("sw", "th", "tr", "ur", "vi", "zh", "id"),
)
PROXY = "es"
DISTANCE = dict(zip((PROXY, *HUMAN), np.linspace(0.3, 0.65, 15), strict=True))
SLOPE = -0.3


def world_of(*, slope=SLOPE, languages=HUMAN, tasks=TASKS, seeds=5, **more):
    covariate = {name: DISTANCE.get(name, 0.5) for name in languages}
    return World(
        curricula=("none", *(f"{task}:1000" for task in tasks)),
        targets=("first", "second"),
        languages=(ENGLISH, PROXY, *languages),
        covariate=covariate,
        slope=slope,
        task=dict.fromkeys(tasks, 0.2),
        language_sd=0.008,
        task_language_sd=0.005,
        seeds=seeds,
        **more,
    )


def features_of(languages=HUMAN, *, kinds=("featural", "syntactic"), n=100, fewer=None):
    """Distances, text sizes, scripts and families of languages; `fewer` by language: their n."""
    empty = {"task": "", "target": "", "other": "", "value": None, "label": "", "note": "", "n": 0}
    rows = []
    for place, language in enumerate(languages):
        own = {**empty, "language": language}
        for kind in kinds:
            count = (fewer or {}).get(language, n)
            rows.append(
                {**own, "feature": f"distance_{kind}", "other": ENGLISH, "n": count}
                | {"value": DISTANCE[language]}
            )
        rows.append({**own, "feature": "cc100_gib", "value": float(1 + (place * 7) % 20)})
        rows.append({**own, "feature": "script", "label": "Latn" if place % 2 else "Cyrl"})
        family = "Indo-European: Slavic" if place % 3 else "Turkic"
        rows.append({**own, "feature": "family", "label": family})
    return as_features(rows)


def objective_of(world):
    targets = tuple(
        ScoredTarget(name=name, metric=METRIC, group="classification", languages=world.languages)
        for name in world.targets
    )
    return Objective(proxy_languages=(PROXY,), targets=targets)


def frame_of(world):
    return observations(world, plant(world, np.random.default_rng(7)))


def seen(world, features=None):
    features = features_of() if features is None else features
    return evidence(frame_of(world), objective_of(world), features)


@pytest.fixture(scope="module")
def sloped():
    """A study with a planted slope."""
    return linguistic_study(seen(world_of()))


def found_in(study: LinguisticStudy, outcome, covariate):
    return next(x for x in study.associations if (x.outcome, x.covariate) == (outcome, covariate))


def test_a_planted_slope_is_recovered_by_every_method(sloped):
    own = found_in(sloped, GAIN, "featural distance")
    assert sloped.headline == "featural distance"
    assert own.alone.slope.low < SLOPE < own.alone.slope.high < 0
    assert own.given.slope.low < SLOPE < own.given.slope.high < 0
    assert own.alone.spearman.mean < -0.8
    assert own.p_adjusted < 0.05
    assert own.alone.languages == len(HUMAN)
    model = sloped.mixed["alone"].slope
    assert model.low < SLOPE < model.high < 0
    assert sloped.over_seeds.n == 5
    assert sloped.over_seeds.high < 0


def test_the_gap_of_none_has_no_slope_where_none_was_planted(sloped):
    own = found_in(sloped, GAP, "featural distance")
    assert own.alone.slope.low < 0 < own.alone.slope.high
    assert own.p_adjusted > 0.05


def test_the_distance_predicts_languages_that_it_has_not_seen_and_noise_does_not(sloped):
    skills = {own.covariate: own.skill for own in sloped.predictions[GAIN]}
    assert skills["featural distance"] > 0.5
    assert skills[CC100] < 0.3


def test_the_answer_gives_the_slope_with_its_interval_and_every_n():
    section = linguistic_section(seen(world_of()))
    assert section.answer.startswith("Languages farther from English gain less")
    for part in ("95 % interval", "14 languages", "3 tasks", "2 targets", "5 repetitions"):
        assert part in section.answer


def test_without_a_slope_the_answer_is_that_nothing_can_be_told_and_no_line_is_drawn():
    section = linguistic_section(seen(world_of(slope=0.0)))
    assert section.answer.startswith("Nothing can be told")
    figure = next(x.figure for x in section.pictures if x.name == "typology")
    assert not any(len(set(line.get_ydata())) > 1 for axes in figure.axes for line in axes.lines)
    (gain, *_) = (sheet.frame for sheet in section.sheets)
    assert (gain["p_adjusted"] > 0.05).all()


def test_a_line_is_drawn_where_there_is_a_slope():
    section = linguistic_section(seen(world_of()))
    figure = next(x.figure for x in section.pictures if x.name == "typology")
    gain, _ = figure.axes
    assert any(len(set(line.get_ydata())) > 1 for line in gain.lines)


def test_a_covariate_that_is_the_control_is_held_against_the_distance(sloped):
    assert found_in(sloped, GAIN, CC100).control == "featural distance"
    assert found_in(sloped, GAIN, "featural distance").control == CC100


def test_p_values_are_adjusted_within_each_group_of_outcomes(sloped):
    raw = [x.alone.p_value for x in sloped.associations if x.group == GAIN]
    adjusted = [x.p_adjusted for x in sloped.associations if x.group == GAIN]
    assert adjusted == pytest.approx(stats.false_discovery_control(raw))
    assert all(own.method == "benjamini-hochberg" for own in sloped.families)


def silent_cases():
    few = ("de", "fr", "ru", "tr")
    yield (
        "no task was repeated alone",
        seen(World(curricula=("none", "alpha:9 > beta:9"), languages=(ENGLISH, PROXY, *HUMAN))),
    )
    yield "no features of languages were measured", seen(world_of(), as_features([]))
    yield "at least 5 are needed", seen(world_of(languages=few), features_of(few))
    yield "0 have a featural distance", seen(world_of(), features_of(kinds=("genetic",)))


@pytest.mark.parametrize(("why", "found"), silent_cases())
def test_where_nothing_can_be_estimated_the_section_says_why(why, found):
    assert why in linguistic_section(found)


def test_with_one_task_the_mixed_model_says_why_it_is_silent():
    section = linguistic_section(seen(world_of(tasks=("alpha",))))
    assert any("too few tasks, 1 of at least 3" in note for note in section.notes)
    assert "1 tasks" in section.answer


@pytest.mark.parametrize("seeds", [1, 2])
def test_with_few_repetitions_nothing_is_told(seeds):
    section = linguistic_section(seen(world_of(seeds=seeds)))
    assert section.answer.startswith(f"Nothing can be told: {seeds} repetitions")
    assert any("What other seeds would give is not known" in note for note in section.notes)


def test_without_english_scores_gains_are_told_and_gaps_are_not():
    frame = frame_of(world_of())
    objective = objective_of(world_of())
    section = linguistic_section(
        evidence(frame[frame["language"] != ENGLISH], objective, features_of())
    )
    assert section.answer.startswith("Languages farther from English gain less")
    assert "an unknown amount (not estimable: 0 languages" in section.answer


def test_languages_without_features_are_listed_and_counted():
    world = world_of(languages=(*HUMAN, "xx"))
    section = linguistic_section(seen(world))
    sheets = {sheet.name: sheet.frame for sheet in section.sheets}
    gone = sheets["linguistic_missing"]
    assert set(gone["language"]) == {"xx"}
    assert (gone["note"] == "no row in the features").all()
    assert "xx" in set(sheets["linguistic_languages"]["language"])
    assert sheets["linguistic_gain"].set_index("covariate").loc[CC100, "left_out"] == "xx"
    assert any("Without any distance: xx." in note for note in section.notes)


def test_the_reason_why_a_distance_is_missing_is_the_features_own():
    rows = features_of().to_dict(orient="records")
    for row in rows:
        if row["language"] == "sw" and row["feature"] == "distance_featural":
            row.update(value=None, n=0, note="unknown to URIEL+")
    gone = language_covariates(as_features(rows), HUMAN).missing
    assert gone.to_dict(orient="records") == [
        {"covariate": "featural distance", "language": "sw", "note": "unknown to URIEL+"}
    ]


@pytest.mark.parametrize(("n", "is_known"), [(0, True), (1, False), (9, False), (10, True)])
def test_a_distance_of_few_shared_features_counts_as_missing(n, is_known):
    """n of 0: a distance that is exact, as those of the embedded world."""
    assert FLOOR == 10
    known = language_covariates(features_of(fewer={"sw": n}), HUMAN)
    assert known.table["featural distance"].notna()["sw"] == is_known
    if not is_known:
        note = f"rests on {n} shared features, at least 10 are wanted"
        assert set(known.missing["note"]) == {note}


def test_where_featural_distances_are_too_few_the_headline_is_the_syntactic_distance():
    thin = as_features(
        row
        for row in features_of().to_dict(orient="records")
        if row["feature"] != "distance_featural" or row["language"] in HUMAN[:4]
    )
    assert linguistic_study(seen(world_of(), thin)).headline == "syntactic distance"


def test_covariates_without_any_value_are_named():
    known = language_covariates(features_of(), HUMAN)
    assert "lexical distance" in known.unmeasured
    assert OVERLAP in known.unmeasured
    assert {LATIN, KIN, CC100} <= set(known.table)
    assert known.table[LATIN].tolist() == [float(i % 2) for i in range(len(HUMAN))]
    assert known.table[KIN].tolist() == [float(bool(i % 3)) for i in range(len(HUMAN))]
    assert known.table[CC100].iloc[0] == pytest.approx(np.log10(2))


def test_sub_word_overlap_is_a_mean_over_targets_with_their_difference_taken_out():
    """The second target's text shares 0.2 more with English and only two languages have it."""
    cells = [("first", x, 0.1 * i) for i, x in enumerate(HUMAN[:5])]
    cells += [("second", x, 0.1 * i + 0.2) for i, x in enumerate(HUMAN[:2])]
    rows = features_of().to_dict(orient="records") + [
        {"feature": "subword_tokens", "task": "", "target": target, "language": language}
        | {"other": ENGLISH, "value": value, "label": "", "n": 50, "note": ""}
        for target, language, value in cells
    ]
    overlap = language_covariates(as_features(rows), HUMAN).table[OVERLAP]
    assert overlap.dropna().diff().dropna().tolist() == pytest.approx([0.1] * 4)
    assert overlap.isna().sum() == len(HUMAN) - 5


def test_what_distance_and_text_size_share_is_said():
    section = linguistic_section(seen(world_of()))
    assert any("itself goes with log CC-100 text: Spearman" in note for note in section.notes)


def test_proxies_and_english_enter_nothing():
    frame, objective = frame_of(world_of()), objective_of(world_of())
    features = features_of((PROXY, *HUMAN))
    other = frame.assign(value=frame["value"].where(frame["language"] != PROXY, 0.123))
    first, second = (linguistic_section(evidence(x, objective, features)) for x in (frame, other))
    assert first.answer == second.answer
    for one, two in zip(first.sheets, second.sheets, strict=True):
        pd.testing.assert_frame_equal(one.frame, two.frame)
    assert PROXY not in set(first.sheets[-1].frame["language"])


def test_an_easy_target_that_few_languages_have_does_not_make_them_look_good():
    rows = pd.DataFrame(
        [
            {"language": language, "target": target, "value": value + easy}
            for target, easy, there in (("all", 0.0, "abcd"), ("easy", 0.4, "ab"))
            for language, value in zip("abcd", (0.1, 0.2, 0.3, 0.4), strict=True)
            if language in there
        ]
    )
    means = marginal_means(rows, "value", over=("target",))
    assert means.diff().dropna().tolist() == pytest.approx([0.1, 0.1, 0.1])
    assert rows.groupby("language")["value"].mean()["a"] > 0.1 + 0.15


def test_the_mean_of_a_complete_table_is_the_plain_mean():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        [(x, y, z, rng.random()) for x in "abc" for y in "de" for z in "fgh"],
        columns=["language", "target", "task", "value"],
    )
    means = marginal_means(rows, "value", over=("target", "task"))
    pd.testing.assert_series_equal(
        means, rows.groupby("language")["value"].mean(), check_names=False
    )


def test_targets_that_share_no_language_cannot_be_compared():
    rows = pd.DataFrame(
        [("a", "x", 0.1), ("b", "x", 0.2), ("c", "y", 0.3), ("d", "y", 0.4)],
        columns=["language", "target", "value"],
    )
    assert marginal_means(rows, "value", over=("target",)).isna().all()


def test_a_line_predicts_its_own_points_and_beats_the_mean():
    x = pd.Series(np.arange(8.0), index=list("abcdefgh"), name="x")
    found = leave_one_out(0.2 - 0.03 * x, x)
    assert found.error == pytest.approx(0, abs=1e-12)
    assert found.skill == pytest.approx(1)
    assert found.n == 8


def test_leaving_one_out_gives_the_errors_of_the_hat_matrix():
    rng = np.random.default_rng(2)
    x, y = (pd.Series(rng.random(9), index=range(9), name=name) for name in "xy")
    line = stats.linregress(x, y)
    leverage = 1 / 9 + (x - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
    errors = (y - line.intercept - line.slope * x) / (1 - leverage)
    assert leave_one_out(y, x).error == pytest.approx(errors.abs().mean())


def test_the_one_language_of_another_script_is_predicted_by_the_mean():
    y = pd.Series([0.1, 0.2, 0.3, 0.2, 0.4, 0.3])
    x = pd.Series([1.0, 0, 0, 0, 0, 0], name="script")
    assert np.isfinite(leave_one_out(y, x).skill)


def test_too_few_languages_are_not_predicted_and_it_says_so():
    y = pd.Series([0.1, 0.2, 0.3, 0.4])
    found = leave_one_out(y, pd.Series([1.0, 2.0, 3.0, 4.0], name="x"))
    assert found.skill != found.skill
    assert "4 languages, at least 5" in found.note


def test_without_text_sizes_there_is_no_partial_correlation():
    rng = np.random.default_rng(1)
    index = pd.Index(HUMAN, name="language")
    outcome = Outcome(name="y", group="y", values=pd.Series(rng.random(14), index=index))
    table = pd.DataFrame({"featural distance": rng.random(14)}, index=index)
    (own,), _ = associate([outcome], table, headline="featural distance", rng=rng)
    assert own.given is None
    assert own.control == ""


@pytest.mark.parametrize("n", [12, 25])
def test_names_of_points_do_not_cover_each_other(n):
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=n), rng.normal(size=n)
    _, (axes, _) = new_figure(4.6, columns=2)
    axes.scatter(x, y)
    label_points(axes, x, y, [f"l{chr(97 + i)}" for i in range(n)])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == n
    frame = axes.get_window_extent()
    for i, one in enumerate(boxes):
        assert frame.x0 <= one.x0 and one.x1 <= frame.x1
        assert not any(one.overlaps(other) for other in boxes[:i])


def test_the_section_stands_in_the_page():
    world = world_of()
    report = make_report(
        frame_of(world), objective_of(world), name="planted", question="", asks="linguistic",
        features=features_of(),
    )  # fmt: skip
    assert report.finding.startswith("Languages farther from English gain less")
    names = {picture.name for picture in all_pictures(report)}
    assert {"typology", "language_correlations", "language_correlations_by_task"} <= names
    assert "Do gains go with similarity to English?" in report_html(report)


@pytest.mark.parametrize("model", ACCURACIES)
def test_published_accuracies_have_the_published_mean(model):
    values = [float(x) for x in ACCURACIES[model].split()]
    assert len(values) == len(LANGUAGES) == 15
    assert np.mean(values) == pytest.approx(PRINTED_MEANS[model], abs=0.051)
