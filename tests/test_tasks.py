"""Laws over every declared task."""

import dataclasses
import re

import pytest

from trainables.canonical import FEATURES
from trainables.hub import LOCAL
from trainables.tasks import TASKS, FileSource, HubSource, by_name, get_task, labels
from trainables.tasks.adapters import ADAPTERS
from trainables.tasks.columns import WANTED

METRICS = {
    "classification": {"accuracy"},
    "multiple_choice": {"accuracy"},
    "span_qa": {"qa", "mlqa"},
    "tagging": {"f1", "accuracy"},
    "feature_tagging": {"feature_f1", "exact_match"},
    "retrieval": {"retrieval_accuracy", "bucc_f1"},
    "mlm": {"mlm_accuracy"},
    "dual_encoder": {"map_at_20"},
}
# google-research/xtreme evaluate.py, XTREME_TASK2LANGS, in its own order (lareqa and mewslix:
# literature.md 2.4); XTREME-R's lists are in
# XTREME_R_ADDS and literature.md 2.4
OFFICIAL_LANGUAGES = {
    "pawsx": "de en es fr ja ko zh",
    "xnli": "ar bg de el en es fr hi ru sw th tr ur vi zh",
    "panx": (
        "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka"
        " ko th sw yo my zh kk tr et fi hu"
    ),
    "udpos": (
        "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr"
        " ur vi yo zh"
    ),
    "tatoeba": (
        "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th"
        " sw zh kk tr et fi hu"
    ),
    "bucc2018": "de fr ru zh",
    "xquad": "en es de el ru tr ar vi th zh hi",
    "lareqa": "ar de el en es hi ru th tr vi zh",
    "mewslix": "ar de en es fa ja pl ro ta tr uk",
    "mlqa": "en es de ar hi vi zh",
    "tydiqa": "en ar bn fi id ko ru sw te",
    "xcopa": "et ht id it qu sw ta th tr vi zh",
}
XTREME_R_ADDS = {"panx": "qu pl uk az lt pa gu ro", "tatoeba": "az lt pl uk ro", "xquad": "ro"}

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
every_hub_task = pytest.mark.parametrize(
    "task", [pytest.param(t, id=n) for n, t in TASKS.items() if isinstance(t.source, HubSource)]
)
every_target = pytest.mark.parametrize(
    "task", [pytest.param(t, id=n) for n, t in TASKS.items() if t.role != "intermediate"]
)


@every_task
def test_name_can_stand_in_a_curriculum_and_a_path(task):
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", task.name)
    assert get_task(task.name) is task


def test_a_duplicate_name_is_refused():
    task = next(iter(TASKS.values()))
    with pytest.raises(ValueError, match="two tasks are named"):
        by_name([task, dataclasses.replace(task)])


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean squad"):
        get_task("squadd")


@every_task
def test_kind_and_metric_are_known(task):
    assert task.kind in FEATURES
    assert task.metric in METRICS[task.kind]


@every_task
def test_labels_fit_the_kind(task):
    assert len(set(task.labels)) == len(task.labels)
    if task.kind in ("span_qa", "retrieval", "mlm", "dual_encoder"):
        assert task.labels == ()
    elif task.kind == "multiple_choice":
        assert task.labels == tuple(str(i) for i in range(len(task.labels)))
    elif isinstance(task.source, FileSource):
        assert task.labels == ()  # those of the user's files
    else:
        assert len(task.labels) >= 2


@every_task
def test_languages_are_unique_and_english_is_first(task):
    assert len(set(task.languages)) == len(task.languages) > 0
    assert "en" not in task.languages[1:]
    assert set(task.report_only) < set(task.languages)


@pytest.mark.parametrize("name", OFFICIAL_LANGUAGES)
def test_languages_are_those_of_the_benchmark(name):
    assert sorted(TASKS[name].languages) == sorted(OFFICIAL_LANGUAGES[name].split())


@pytest.mark.parametrize("name", XTREME_R_ADDS)
def test_xtreme_r_has_the_same_task_with_more_languages(name):
    task, more = TASKS[name], TASKS[f"{name}_xtreme_r"]
    added = XTREME_R_ADDS[name].split()
    assert sorted(more.languages) == sorted([*task.languages, *added])
    assert (more.kind, more.labels, more.metric) == (task.kind, task.labels, task.metric)


@every_task
def test_licence_citation_and_length_are_stated(task):
    assert task.licence and task.citation
    assert 8 <= task.max_length <= 512
    assert (task.train_size == 0) == (task.kind == "retrieval")


@every_task
def test_a_task_in_another_language_is_a_stage_with_rows_of_its_own(task):
    for language in task.train_languages:
        translated = get_task(f"{task.name}@{language}")
        assert translated.role == "intermediate" and translated.source_language == language
        if isinstance(translated.source, HubSource):
            assert {"train", "dev"} <= set(translated.source.splits)
            assert "{language}" in translated.source.config or translated.source.id_prefixes
    if task.train_languages:
        parts = get_task(f"{task.name}@all").source.parts
        assert [part.source_language for part in parts] == ["en", *task.train_languages]


@every_task
def test_overlaps_name_known_tasks_both_ways(task):
    for other in task.overlaps:
        assert task.name in TASKS[other].overlaps


@every_hub_task
def test_revision_is_pinned_or_its_absence_explained(task):
    revision = task.source.revision
    if task.source.path.startswith(LOCAL):
        assert revision is None  # on no hub
    elif revision is None:
        assert "No revision" in task.note
    else:
        assert re.fullmatch(r"[0-9a-f]{40}|\d+\.\d+", revision)


@every_hub_task
def test_source_names_organisation_adapter_and_splits(task):
    source = task.source
    assert all(name.count("/") == 1 for name in (source.path, *source.fallbacks))
    assert source.adapter in ADAPTERS or set(WANTED[task.kind]) <= set(source.columns)
    assert set(source.splits) <= {"train", "dev", "search", "report"}
    marked = [mark.split(":") for mark in source.stand_in_splits]
    assert {split for split, *_ in marked} <= set(source.splits)
    assert {language for _, *rest in marked for language in rest} <= set(task.languages)
    spoken = {*task.languages, *(() if task.translations else task.train_languages)}
    assert ("{language}" in source.config or bool(source.id_prefixes)) == (len(spoken) > 1)
    assert tuple(source.id_prefixes) in ((), task.languages)
    assert set(source.config_names) <= set(task.languages)


@every_hub_task
def test_a_task_that_is_trained_names_its_english_rows(task):
    splits = set(task.source.splits)
    if task.role == "intermediate":
        assert splits == {"train", "dev"} and task.languages == ("en",)
    elif task.kind != "retrieval":
        assert "train" in splits or task.train_task in TASKS
        assert "dev" in splits or task.train_task in TASKS


@every_target
def test_a_train_task_has_the_same_form(task):
    if task.train_task is not None:
        train = TASKS[task.train_task]
        assert (train.kind, train.labels) == (task.kind, task.labels)
        assert (train.train_size, train.max_length) == (task.train_size, task.max_length)


@every_target
def test_search_and_report_are_two_splits(task):
    if isinstance(task.source, HubSource):
        assert task.source.splits["search"] != task.source.splits["report"]


def test_feature_labels_are_whole_bundles_in_ud_order():
    assert labels.FEATS_EN[:2] == ("_", "<other>")
    for bundle in labels.FEATS_EN[2:]:
        names = [part.split("=")[0] for part in bundle.split("|")]
        assert names == sorted(names, key=str.lower), bundle
    assert "Number=Sing" in labels.FEATS_EN
