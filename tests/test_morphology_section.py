"""What a report says of morphological stages: what was planted, and silence where data lack."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import evidence
from analysis.features import as_features
from analysis.objective import ENGLISH, Objective, ScoredTarget
from analysis.planted import METRIC, Contrast, Noise, World, observations, plant
from analysis.report import all_pictures, make_report
from analysis.report_page import report_html
from analysis.sections.morphology import morphology_section
from analysis.studies.morphology import morphology_study
from analysis.studies.morphology_comparison import SAME_SIZE
from search.study_fields import OwnTask
from trainables.miniworld.grammar import FEATURES, POS
from trainables.tasks import TASKS
from trainables.tasks.labels import FEATS_EN, FEATURE_PAIRS_EN, LEMMAS_EN, UNIMORPH_EN, UPOS
from trainables.tasks.own import own_task

AGGLUTINATIVE = ("fi", "hu", "ta", "ko")
OTHERS = ("de", "es", "ru", "hi", "vi")
DISPUTED = "id"
PROXY = "tr"
LANGUAGES = (ENGLISH, PROXY, *AGGLUTINATIVE, *OTHERS, DISPUTED)
MORPHOLOGICAL = {"pos": 1.0, "lemmas": 1.0, "nli": 0.0, "qa": 0.0}
EFFECT = 0.06


def world(**changes):
    """POS and lemmas help agglutinative languages, or as changed."""
    planted = Contrast(
        tasks=frozenset({"pos", "lemmas"}),
        languages=frozenset((PROXY, *AGGLUTINATIVE)),
        effect=EFFECT,
    )
    base = {
        "curricula": ("none", "pos:900", "lemmas:900", "nli:900", "qa:900", "pos:900 > nli:900"),
        "targets": ("udpos",),
        "languages": LANGUAGES,
        "task": {"pos": 0.02, "nli": 0.03},
        "contrast": planted,
        "noise": Noise(node=0.005, run=0.005, items=2000),
        "seeds": 5,
    }
    return World(**{**base, **changes})


def features_of(*, tasks=MORPHOLOGICAL, agglutinative=(PROXY, *AGGLUTINATIVE), others=OTHERS):
    """What `curriculum features` would have told."""
    empty = {"task": "", "target": "", "language": "", "other": "", "label": "", "n": 0, "note": ""}
    rows = [{"feature": "morphological", "task": t, "value": v} for t, v in tasks.items()]
    rows += [
        {"feature": "agglutinative", "language": code, "value": float(code in agglutinative)}
        for code in (ENGLISH, *agglutinative, *others)
    ]
    rows.append(
        {"feature": "agglutinative", "language": DISPUTED, "value": None, "note": "disputed"}
    )
    return as_features([{**empty, **row} for row in rows])


def objective_of(made, groups):
    targets = tuple(
        ScoredTarget(
            name=name,
            metric=METRIC,
            group=groups.get(name, "structured"),
            languages=made.languages,
        )
        for name in made.targets
    )
    return Objective(proxy_languages=(PROXY,), targets=targets)


def frame_of(made, seed=7):
    return observations(made, plant(made, np.random.default_rng(seed)))


def seen(made, features=None, *, groups=None, frame=None, seed=7):
    """The evidence of a world."""
    features = features_of() if features is None else features
    frame = frame_of(made, seed) if frame is None else frame
    return evidence(frame, objective_of(made, groups or {}), features)


def tables(section):
    return {sheet.name: sheet.frame for sheet in section.sheets}


def differences(section):
    keys = ["targets", "against", "over"]
    return tables(section)["morphology_differences"].set_index(keys)


def test_a_planted_contrast_is_found_against_none_and_against_other_stages():
    section = morphology_section(seen(world()))
    found = differences(section)
    for against in ("none", SAME_SIZE):
        for over in ("repetitions", "languages", "repetitions and languages"):
            row = found.loc[("udpos", against, over)]
            assert row["low"] < EFFECT < row["high"]
            assert row["low"] > 0
            assert (row["num_agglutinative"], row["num_others"]) == (4, 5)
        assert found.loc[("udpos", against, "repetitions and languages"), "p_adjusted"] < 0.05
    assert section.answer.startswith("On udpos, morphological stages gain ")
    assert "points more in the 4 agglutinative languages than in the 5 others" in section.answer
    assert "5 repetitions, for other languages too" in section.answer


def test_what_a_stage_does_everywhere_is_in_both_classes_and_in_no_difference():
    made = world(contrast=None, task={"pos": 0.08, "lemmas": 0.08})
    section = morphology_section(seen(made))
    classes = tables(section)["morphology_classes"]
    against_none = classes[(classes["against"] == "none") & (classes["over"] == "repetitions")]
    assert (against_none["gain"] - 0.08).abs().max() < 0.02
    assert (against_none["low"] > 0).all()
    found = differences(section)
    assert ((found["low"] < 0) & (found["high"] > 0)).all()
    assert (found["p_adjusted"].dropna() > 0.05).all()


def test_what_any_stage_does_in_agglutinative_languages_is_no_matter_of_morphology():
    every = Contrast(
        tasks=frozenset(MORPHOLOGICAL), languages=frozenset(AGGLUTINATIVE), effect=EFFECT
    )
    found = differences(morphology_section(seen(world(contrast=every))))
    assert found.loc[("udpos", "none", "repetitions"), "low"] > 0
    matched = found.loc[("udpos", SAME_SIZE, "repetitions")]
    assert matched["low"] < 0 < matched["high"]


def test_a_difference_below_zero_is_said_to_be_less():
    harm = Contrast(
        tasks=frozenset({"pos", "lemmas"}), languages=frozenset(AGGLUTINATIVE), effect=-EFFECT
    )
    section = morphology_section(seen(world(contrast=harm)))
    assert "points less in the 4 agglutinative languages" in section.answer


@pytest.mark.parametrize("seeds", [1, 2])
def test_below_three_repetitions_there_is_no_interval_over_them_and_it_says_so(seeds):
    section = morphology_section(seen(world(seeds=seeds)))
    found = differences(section)
    over_seeds = found.xs("repetitions", level="over")
    assert (over_seeds["n"] == seeds).all()
    assert found[["low", "high"]].drop("languages", level="over").isna().all(axis=None)
    assert found["p_value"].isna().all()
    assert found.xs("languages", level="over")["low"].notna().all()
    assert any(f"no interval: {seeds} repetitions" in note for note in section.notes)
    assert f"no interval: {seeds} repetitions" in section.answer
    assert section.answer.startswith("Not told from chance: ")


def test_one_agglutinative_language_says_nothing_of_other_languages():
    one = features_of(agglutinative=("fi",), others=(*OTHERS, "hu", "ta", "ko", PROXY))
    section = morphology_section(seen(world(), one))
    found = differences(section)
    assert found.xs("repetitions", level="over")["low"].notna().all()
    assert found.xs("languages", level="over")["low"].isna().all()
    assert found.xs("repetitions and languages", level="over")["p_value"].isna().all()
    assert "5 repetitions, in these languages; for others there are too few" in section.answer
    assert any("no interval: 1 and 8 languages" in note for note in section.notes)


def test_without_a_language_of_each_class_there_is_no_difference():
    none = features_of(agglutinative=(), others=(*OTHERS, *AGGLUTINATIVE))
    assert "9 other languages and no agglutinative one" in morphology_section(seen(world(), none))


def test_without_features_it_says_what_to_type():
    assert "curriculum features" in morphology_section(seen(world(), as_features([])))


def test_without_a_morphological_task_there_is_nothing_to_compare():
    plain = features_of(tasks=dict.fromkeys(MORPHOLOGICAL, 0.0))
    assert "no morphological task" in morphology_section(seen(world(), plain))


def test_without_single_stages_there_is_nothing_to_compare():
    assert "alone" in morphology_section(seen(world(curricula=("none", "pos:900 > nli:900"))))


def test_stages_of_other_sizes_are_not_compared():
    made = world(curricula=("none", "pos:900", "lemmas:900", "nli:300", "qa:2700"))
    section = morphology_section(seen(made))
    assert set(tables(section)["morphology_differences"]["against"]) == {"none"}
    assert any("pos:900: no other task was repeated alone at this size" in x for x in section.notes)
    assert "no other stage of the same size was repeated" in section.answer


def test_a_task_is_compared_at_the_largest_size_that_others_have():
    made = world(curricula=("none", "pos:300", "pos:900", "pos:2700", "nli:300", "nli:900"))
    study = morphology_study(seen(made))
    assert [str(stage) for stage in study.stages] == ["pos:900"]
    assert study.stages[0].same_size == ("nli",)
    assert study.by_stage == ()


def test_the_gain_of_each_stage_stands_beside_their_mean_but_outside_the_family():
    made = world()
    study = morphology_study(seen(made))
    assert [own.stages[0].task for own in study.by_stage] == ["pos", "pos", "lemmas", "lemmas"]
    for mean, pos, lemmas in zip(
        study.comparisons, study.by_stage[:2], study.by_stage[2:], strict=True
    ):
        whole, *parts = (own.difference.over_seeds.mean for own in (mean, pos, lemmas))
        assert whole == pytest.approx(np.mean(parts))
    assert len(study.over_both.tests) == len(study.over_seeds.tests) == 2
    notes = morphology_section(seen(made)).notes
    assert any("Holm over 2 tests" in note for note in notes)


def test_a_language_of_unknown_morphology_is_listed_and_shown_but_in_no_class():
    frame = frame_of(world())
    other = frame.assign(value=frame["value"].where(frame["language"] != DISPUTED, 0.01))
    first, second = (morphology_section(seen(world(), frame=own)) for own in (frame, other))
    pd.testing.assert_frame_equal(differences(first), differences(second))
    assert any(f"{DISPUTED} (disputed)" in note for note in first.notes)
    languages = tables(first)["morphology_languages"].set_index("language")
    assert set(languages.loc[DISPUTED, "class"]) == {"unknown"}


def test_a_task_of_unknown_morphology_or_in_another_language_is_listed_and_not_compared():
    known = {"pos": 1.0, "pos@fi": 1.0, "nli": 0.0}
    made = world(curricula=("none", "pos:900", "pos@fi:900", "nli:900", "new:900"))
    study = morphology_study(seen(made, features_of(tasks=known)))
    assert [(own.task, own.same_size) for own in study.stages] == [("pos", ("nli",))]
    assert any("new: whether it is morphological is unknown" in x for x in study.left_out)
    assert any("pos@fi: its annotation is not English" in x for x in study.left_out)


def test_english_and_proxies_enter_nothing():
    frame = frame_of(world())
    outside = frame["language"].isin((PROXY, ENGLISH))
    other = frame.assign(value=frame["value"].where(~outside, 0.123))
    first, second = (morphology_section(seen(world(), frame=own)) for own in (frame, other))
    for one, two in zip(first.sheets, second.sheets, strict=True):
        pd.testing.assert_frame_equal(one.frame, two.frame)
    assert not {PROXY, ENGLISH} & set(tables(first)["morphology_languages"]["language"])


def test_only_repetitions_complete_for_what_is_compared_count():
    frame = frame_of(world())
    torn = (frame["curriculum"] == "qa:900") & (frame["stage_seed"] == 5)
    other = (frame["curriculum"] == "pos:900 > nli:900") & (frame["stage_seed"] < 5)
    found = differences(morphology_section(seen(world(), frame=frame[~torn & ~other])))
    assert found.loc[("udpos", "none", "repetitions"), "n"] == 5
    assert found.loc[("udpos", SAME_SIZE, "repetitions"), "n"] == 4


def test_the_answer_is_about_structured_targets_together_in_languages_that_all_have():
    made = world(targets=("xnli", "udpos", "panx"))
    frame = frame_of(made)
    frame = frame[~((frame["target"] == "panx") & (frame["language"] == "ko"))]
    section = morphology_section(seen(made, groups={"xnli": "classification"}, frame=frame))
    assert section.answer.startswith("On udpos and panx, ")
    counts = differences(section)["num_agglutinative"].groupby("targets").first()
    assert counts.to_dict() == {"udpos and panx": 3, "xnli": 4, "udpos": 4, "panx": 3}
    names = [picture.name for picture in section.pictures]
    assert names == ["morphology_by_target", "morphology_udpos", "morphology_panx"]


def test_without_structured_targets_the_answer_is_about_all():
    made = world(targets=("xnli", "pawsx"))
    groups = dict.fromkeys(made.targets, "classification")
    assert morphology_section(seen(made, groups=groups)).answer.startswith("On xnli and pawsx, ")


def test_rows_that_stage_and_target_share_are_marked():
    frame = frame_of(world())
    frame = frame.assign(train_overlap=frame["train_overlap"].astype("float64"))
    frame.loc[frame["curriculum"] == "pos:900", "train_overlap"] = 0.25
    notes = morphology_section(seen(world(), frame=frame)).notes
    assert "Marks of pos:900: udpos (training rows overlap up to 25.0%)." in notes


def test_the_section_answers_a_study_that_asks_for_it():
    made = world(targets=("udpos", "panx"))
    report = make_report(
        frame_of(made), objective_of(made, {}), name="planted", question="", asks="morphology",
        features=features_of(),
    )  # fmt: skip
    assert report.finding.startswith("On udpos and panx, ")
    assert "morphology_udpos" in {picture.name for picture in all_pictures(report)}
    page = report_html(report)
    assert "Do morphological stages help in agglutinative languages?" in page
    assert "agglutinative minus others" in page


LABELS_OF_FORMS = {tuple(x) for x in (UPOS, FEATS_EN, FEATURE_PAIRS_EN, LEMMAS_EN, UNIMORPH_EN)}
LABELS_OF_FORMS |= {tuple(POS), tuple(FEATURES)}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_is_morphological_if_its_labels_say_what_forms_mean(task):
    assert task.morphological == (task.labels in LABELS_OF_FORMS)


def test_the_morphological_tasks_are_these():
    assert {name for name, task in TASKS.items() if task.morphological} == {
        *("ud_pos_en", "ud_feats_en", "ud_feature_set_en", "ud_lemmas_en", "unimorph_en"),
        *("udpos", "udpos_xtreme_r", "mini-pos", "mini-features", "mini-udpos"),
    }


@pytest.mark.parametrize("said", [True, False])
def test_an_own_task_may_be_morphological(said):
    entry = OwnTask(
        kind="tagging", files={"train": "a.jsonl", "dev": "b.jsonl"}, morphological=said
    )
    made = own_task("mine", entry.model_dump(mode="json", exclude_defaults=True))
    assert made.morphological is said
