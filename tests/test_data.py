"""Do all real tasks load from a mirror in canonical form, and do errors say what to do?"""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables import hub
from trainables.canonical import FEATURES, PARTS, id_number
from trainables.data import DataError, available_languages, load_rows, provenance, rows_hash
from trainables.files import read_files
from trainables.tasks import TASKS, Catalogue, HubSource

HUB_TASKS = {name: task for name, task in TASKS.items() if isinstance(task.source, HubSource)}
SPLITS = ("train", "dev", "search", "report")
PARALLEL = ("xnli", "xcopa", "xquad", "xquad_xtreme_r")
UNLABELLED_IN_MIRROR = {"mlqa": ("search",), "bucc2018": ("search",)}
"""Targets of which the mirror has some splits only, since it could not have the gold of others."""

every_hub_task = pytest.mark.parametrize("name", HUB_TASKS)


@pytest.fixture(scope="module")
def mirror(shared_folder):
    return shared_folder / "hub"


@pytest.fixture(scope="module")
def load(mirror, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")

    def load(name, language, split):
        return load_rows(TASKS[name], language, split, mirror=mirror, cache=cache)

    return load


def raw_rows(mirror, source, config, split):
    """The rows of the mirror as they are."""
    files = hub.mirror_files(mirror, source, config, split)
    return datasets.Dataset(pa.concat_tables(read_files(files)))


def check_labels(columns, task):
    assert set(columns["label"]) <= set(range(len(task.labels)))
    assert len(set(columns["label"])) > 1


def check_choices(columns, task):
    check_labels(columns, task)
    assert all(len(choices) == len(task.labels) for choices in columns["choices"])
    assert all(all(choices) for choices in columns["choices"])
    assert all(c or q for c, q in zip(columns["context"], columns["question"], strict=True))


def check_spans(columns, task):
    assert all(columns["question"])
    parts = (columns[name] for name in ("context", "answers", "answer_starts"))
    for context, answers, starts in zip(*parts, strict=True):
        assert answers or task.unanswerable
        for text, start in zip(answers, starts, strict=True):
            assert text and context[start : start + len(text)] == text


def check_tags(columns, task):
    for tokens, tags in zip(columns["tokens"], columns["tags"], strict=True):
        assert len(tokens) == len(tags) > 0
        assert all(0 <= tag < len(task.labels) for tag in tags)


def check_features(columns, task):
    for tokens, tags in zip(columns["tokens"], columns["tags"], strict=True):
        assert len(tokens) == len(tags) > 0
        assert all(0 <= tag < len(task.labels) for word in tags for tag in word)
        assert all(len(set(word)) == len(word) for word in tags)


def check_pairs(columns, task):
    assert all(columns["source"]) and all(columns["target"])
    assert columns["source"] != columns["target"]


def check_pools(columns, task):
    names = ("question", "candidates", "contexts", "relevant")
    for question, candidates, contexts, relevant in zip(*(columns[n] for n in names), strict=True):
        assert len(candidates) == len(contexts) and all(candidates)
        assert bool(question) == bool(relevant)
        assert all(0 <= i < len(candidates) for i in relevant)


def check_text(columns, task):
    assert all(columns["text"])


CHECKS = {
    "classification": check_labels,
    "multiple_choice": check_choices,
    "span_qa": check_spans,
    "tagging": check_tags,
    "feature_tagging": check_features,
    "retrieval": check_pairs,
    "mlm": check_text,
    "dual_encoder": check_pools,
}


@pytest.mark.shared
@every_hub_task
def test_every_split_of_the_mirror_loads_in_canonical_form(name, mirror, in_mirror, load):
    task = in_mirror(name)
    for split in SPLITS:
        for language in available_languages(task, split, mirror):
            rows = load(name, language, split)
            assert rows.features == FEATURES[task.kind]
            columns = rows[:]
            assert len(rows) > 0
            assert split == "train" or len(set(columns["id"])) == len(rows)
            CHECKS[task.kind](columns, task)


@pytest.mark.shared
@every_hub_task
def test_what_a_task_declares_is_in_the_mirror(name, mirror, in_mirror):
    task = in_mirror(name)
    wanted = ("train", "dev") if task.role == "intermediate" else ("search", "report")
    wanted = UNLABELLED_IN_MIRROR.get(name, wanted)
    for split in wanted:
        assert available_languages(task, split, mirror)


@pytest.mark.shared
@every_hub_task
def test_class_names_of_the_hub_are_the_labels_in_their_order(name, mirror, in_mirror):
    task = in_mirror(name)
    source = task.source
    if task.kind not in ("classification", "tagging"):
        return
    config = source.config.format(language=source.config_names.get("en", "en"))
    split = next(iter(source.splits.values()))
    raw = raw_rows(mirror, source, config, split)
    for feature in raw.features.values():
        inner = getattr(feature, "feature", feature)
        if isinstance(inner, datasets.ClassLabel):
            assert tuple(inner.names) == task.labels


@pytest.mark.shared
@pytest.mark.parametrize("name", PARALLEL)
@pytest.mark.parametrize("split", ["search", "report"])
def test_translations_have_the_same_ids_and_labels(name, split, mirror, load):
    languages = available_languages(TASKS[name], split, mirror)
    first = load(name, languages[0], split)
    for language in languages[1:]:
        rows = load(name, language, split)
        assert rows["id"][:] == first["id"][:]
        if "label" in rows.column_names:
            assert rows["label"][:] == first["label"][:]


@pytest.mark.shared
@every_hub_task
def test_no_item_is_in_the_search_and_the_report_split_of_any_language(
    name, mirror, in_mirror, load
):
    task = in_mirror(name)
    ids = {
        split: {
            i
            for x in available_languages(task, split, mirror)
            for i in load(name, x, split)["id"][:]
        }
        for split in ("search", "report")
    }
    assert not ids["search"] & ids["report"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["xquad", "xquad_xtreme_r", "tatoeba"])
def test_halves_cover_the_split_and_are_halves_by_id(name, mirror, load):
    source = TASKS[name].source
    for language in available_languages(TASKS[name], "search", mirror):
        search, report = (load(name, language, split) for split in ("search", "report"))
        config = source.config.format(language=source.config_names.get(language, language))
        raw = raw_rows(mirror, source, config, "validation")
        assert len(search) + len(report) == len(raw)
        assert 0.35 < len(search) / len(raw) < 0.65
        assert all(PARTS["a"](id_number(item)) for item in search["id"][:])
        assert all(PARTS["b"](id_number(item)) for item in report["id"][:])


@pytest.mark.shared
@pytest.mark.parametrize("name", [name for name in HUB_TASKS if TASKS[name].train_task])
def test_a_target_without_training_rows_of_its_own_names_the_task_that_has_them(
    name, in_mirror, load
):
    source = Catalogue().trained_on(in_mirror(name))
    assert len(load(source.name, "en", "train")) > 0 and len(load(source.name, "en", "dev")) > 0


@pytest.mark.shared
def test_stand_ins_are_marked(load):
    assert provenance(load("panx", "en", "report"))["stand_in"]
    assert not provenance(load("xnli", "en", "report"))["stand_in"]
    assert provenance(load("xnli", "en", "report"))["place"] == "mirror"
    assert [provenance(load("pawsx", x, "report"))["stand_in"] for x in ("ko", "zh")] == [
        True,
        False,
    ]


@pytest.mark.shared
def test_a_selection_remembers_where_its_rows_come_from(load):
    rows = load("panx", "en", "report")
    assert provenance(rows.select([3, 1])) == provenance(rows)


def test_a_mirror_without_manifest_has_no_stand_ins(tmp_path):
    mirror = tiny_mnli(tmp_path, [0, 1, 2])
    source = dataclasses.replace(TASKS["mnli"].source, stand_in_splits=("dev",))
    task = dataclasses.replace(TASKS["mnli"], source=source)
    assert not provenance(load_rows(task, "en", "dev", mirror=mirror))["stand_in"]
    (mirror / "MANIFEST.md").write_text("## nyu-mll/glue  (hub)\n- dev: STAND-IN\n")
    assert provenance(load_rows(task, "en", "dev", mirror=mirror))["stand_in"]
    (mirror / "MANIFEST.md").write_text("## nyu-mll/glue  (hub)\nreal\n## x/y\nSTAND-IN\n")
    assert not provenance(load_rows(task, "en", "dev", mirror=mirror))["stand_in"]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "language", "split", "message"),
    [
        ("panx", "af", "search", "no 'PAN-X.af'; it has: .*PAN-X.tr"),
        ("udpos", "kk", "search", "no search split in 'kk'"),
        ("udpos", "th", "dev", "no dev split in 'th'; it has one in: en"),
        ("xnli", "xx", "search", "no search split in 'xx'; it has one in: en, ar"),
        ("squad", "en", "search", "no search split; it has: train, dev"),
        ("tatoeba", "en", "train", "no train split"),
    ],
)
def test_what_is_missing_is_said_with_what_there_is(name, language, split, message, load):
    with pytest.raises(DataError, match=message):
        load(name, language, split)


@pytest.mark.parametrize("name", ["missing", "file", "empty"])
def test_a_wrong_mirror_folder_is_refused(name, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="wanted MIRROR/datasets"):
        load_rows(TASKS["mnli"], "en", "dev", mirror=tmp_path / name)


def test_without_network_the_mirror_is_suggested(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"cannot reach the hub for google/xquad .*--mirror DIR"):
        load_rows(TASKS["xquad"], "tr", "search", cache=tmp_path)


def tiny_mnli(folder, labels, *, readme=False):
    """A mirror of MNLI's dev split alone, laid out by a README or by folder names."""
    root = folder / "datasets/nyu-mll/glue"
    place = root / ("data" if readme else "mnli")
    place.mkdir(parents=True)
    count = len(labels)
    table = pa.table(
        {
            "premise": [f"premise {i}" for i in range(count)],
            "hypothesis": [f"hypothesis {i}" for i in range(count)],
            "label": labels,
            "idx": list(range(count)),
        }
    )
    for part, rows in enumerate((table.slice(0, 2), table.slice(2))):
        pq.write_table(rows, place / f"validation_matched-{part:05d}-of-00002.parquet")
    if readme:
        (root / "README.md").write_text(
            "---\nconfigs:\n- config_name: mnli\n  data_files:\n"
            "  - split: validation_matched\n    path: data/validation_matched-*\n---\n# GLUE\n"
        )
    return folder


@pytest.mark.parametrize("readme", [True, False], ids=["readme", "folders"])
def test_a_mirror_is_read_as_its_readme_or_its_folders_say(tmp_path, readme):
    rows = load_rows(
        TASKS["mnli"], "en", "dev", mirror=tiny_mnli(tmp_path, [0, 1, 2], readme=readme)
    )
    assert rows["label"][:] == [0, 1, 2]
    assert rows["text_pair"][2] == "hypothesis 2"
    with pytest.raises(DataError, match="no split 'train' of mnli; it has: validation_matched"):
        load_rows(TASKS["mnli"], "en", "train", mirror=tmp_path)


def test_rows_without_gold_label_are_left_out_and_counted(tmp_path):
    rows = load_rows(TASKS["mnli"], "en", "dev", mirror=tiny_mnli(tmp_path, [0, -1, 2, -1]))
    assert rows["label"][:] == [0, 2]
    assert rows["id"][:] == ["validation_matched-0", "validation_matched-2"]
    assert provenance(rows)["dropped"] == 2


def test_cached_rows_are_memory_mapped_and_the_same(tmp_path):
    mirror, cache = tiny_mnli(tmp_path / "m", [0, 1, 2]), tmp_path / "cache"
    mapped = load_rows(TASKS["mnli"], "en", "dev", mirror=mirror, cache=cache)
    assert [Path(f["filename"]).is_relative_to(cache) for f in mapped.cache_files] == [True]
    in_memory = load_rows(TASKS["mnli"], "en", "dev", mirror=mirror)
    assert in_memory.cache_files == []
    assert rows_hash(mapped) == rows_hash(in_memory)
    assert provenance(mapped) == provenance(in_memory)


@pytest.mark.parametrize("name", ["rows.arrow", "rows.json"])
def test_a_truncated_entry_is_made_again(tmp_path, name):
    mirror, cache = tiny_mnli(tmp_path / "m", [0, 1, 2]), tmp_path / "cache"
    before = rows_hash(load_rows(TASKS["mnli"], "en", "dev", mirror=mirror, cache=cache))
    file = next(cache.rglob(name))
    file.write_bytes(file.read_bytes()[:-9])
    again = load_rows(TASKS["mnli"], "en", "dev", mirror=mirror, cache=cache)
    assert rows_hash(again) == before


def test_retrieval_has_no_training_rows_in_any_language():
    for name in ("tatoeba", "mini-tatoeba"):
        assert available_languages(TASKS[name], "train") == ()


def test_a_changed_mirror_is_read_again(tmp_path):
    cache = tmp_path / "cache"
    for labels in ([0, 1, 2], [0, 1, 2, 2]):
        mirror = tiny_mnli(tmp_path / str(len(labels)), labels)
        rows = load_rows(TASKS["mnli"], "en", "dev", mirror=mirror, cache=cache)
        assert rows["label"][:] == labels


def test_many_at_once_leave_one_entry(tmp_path):
    mirror, cache = tiny_mnli(tmp_path / "m", [0, 1, 2]), tmp_path / "cache"

    def load(_):
        return rows_hash(load_rows(TASKS["mnli"], "en", "dev", mirror=mirror, cache=cache))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(8)))) == 1
    assert len(list((cache / "rows").iterdir())) == 1


def test_a_broken_mirror_file_is_named(tmp_path):
    mirror = tiny_mnli(tmp_path, [0, 1, 2])
    file = next(mirror.rglob("*00000-of*.parquet"))
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(DataError, match=r"cannot read .*mnli"):
        load_rows(TASKS["mnli"], "en", "dev", mirror=mirror)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("configs: [", "cannot read the head"),
        ("configs:\n- data_files: x", "cannot read the head"),
        (
            "configs:\n- config_name: mnli\n  data_files:\n  - split: train\n    path: ../x*",
            "outside its folder",
        ),
    ],
)
def test_a_bad_readme_is_refused(tmp_path, head, message):
    mirror = tiny_mnli(tmp_path, [0, 1, 2])
    (mirror / "datasets/nyu-mll/glue/README.md").write_text(f"---\n{head}\n---\n")
    with pytest.raises(DataError, match=message):
        load_rows(TASKS["mnli"], "en", "dev", mirror=mirror)


def test_other_columns_are_refused_by_name(tmp_path):
    source = dataclasses.replace(TASKS["mnli"].source, adapter="question_pairs")
    task = dataclasses.replace(TASKS["mnli"], source=source)
    with pytest.raises(DataError, match="no column 'question1'; it has: premise, hypothesis"):
        load_rows(task, "en", "dev", mirror=tiny_mnli(tmp_path, [0, 1, 2]))


@pytest.mark.shared
def test_integers_that_mean_other_labels_are_refused(mirror):
    task = dataclasses.replace(TASKS["panx"], labels=TASKS["panx"].labels[::-1])
    with pytest.raises(DataError, match="labels are O, B-PER"):
        load_rows(task, "en", "search", mirror=mirror)


def numbered(count):
    columns = {
        "id": [f"r{i}" for i in range(count)],
        "tokens": [["ä", str(i)] for i in range(count)],
    }
    return datasets.Dataset.from_dict(columns)


def test_rows_hash_ignores_how_rows_are_stored():
    rows = numbered(2500)
    pieces = [rows.select(range(i, min(i + 7, 2500))) for i in range(0, 2500, 7)]
    chunked = datasets.concatenate_datasets(pieces)
    assert rows_hash(chunked) == rows_hash(rows)
    assert rows_hash(rows.select(list(range(2500)))) == rows_hash(rows)
    assert rows_hash(rows.select_columns(["tokens", "id"])) == rows_hash(rows)


def test_rows_hash_depends_on_every_value_and_the_order():
    rows = numbered(20)
    changed = [dict(row) for row in rows]
    changed[7]["tokens"] = ["ä", "8"]
    others = [
        datasets.Dataset.from_list(changed),
        rows.select(range(19)),
        rows.select(list(reversed(range(20)))),
        rows.rename_column("id", "name"),
    ]
    assert len({rows_hash(rows), *map(rows_hash, others)}) == 1 + len(others)


def test_a_repeated_id_is_numbered(tmp_path):
    place = tmp_path / "datasets/google/xtreme/tatoeba.tur"
    place.mkdir(parents=True)
    english = ["Good day.", "Good day.", "Good day.", "Bye."]
    table = pa.table({"source_sentence": ["a", "b", "c", "d"], "target_sentence": english})
    pq.write_table(table, place / "validation-00000-of-00001.parquet")
    ids = [
        item
        for split in ("search", "report")
        for item in load_rows(TASKS["tatoeba"], "tr", split, mirror=tmp_path)["id"]
    ]
    assert len(set(ids)) == 4
    assert len({id_number(item.split("#")[0]) % 2 for item in ids if "#" in item}) == 1


def test_tatoeba_of_both_sources_has_the_same_ids_and_halves(tmp_path):
    english = [f"Sentence number {number}." for number in range(20)]
    foreign = [f"Cümle {number}." for number in range(20)]
    columns = {
        ("google/xtreme", "tatoeba.tur", "validation"): ("source_sentence", "target_sentence"),
        ("mteb/tatoeba-bitext-mining", "tur-eng", "test"): ("sentence1", "sentence2"),
    }
    for (path, config, split), names in columns.items():
        place = tmp_path / "datasets" / path / config
        place.mkdir(parents=True)
        table = pa.table(dict(zip(names, (foreign, english), strict=True)))
        pq.write_table(table, place / f"{split}-00000-of-00001.parquet")
    for split in ("search", "report"):
        one, two = (
            load_rows(TASKS[name], "tr", split, mirror=tmp_path)
            for name in ("tatoeba", "tatoeba_xtreme_r")
        )
        assert rows_hash(one) == rows_hash(two)


def test_languages_of_one_configuration_are_told_apart_by_id(tmp_path):
    place = tmp_path / "datasets/google-research-datasets/tydiqa/secondary_task"
    place.mkdir(parents=True)
    ids = [f"{name}-{i}-1" for i in range(9) for name in ("english", "finnish")]
    rows = [
        {
            "id": i,
            "context": "a b",
            "question": "?",
            "answers": {"text": ["b"], "answer_start": [2]},
        }
        for i in ids
    ]
    for split in ("train", "validation"):
        pq.write_table(pa.Table.from_pylist(rows), place / f"{split}-00000-of-00001.parquet")
    task = TASKS["tydiqa"]
    assert available_languages(task, "search", tmp_path) == ("en", "fi")
    found = [load_rows(task, "fi", split, mirror=tmp_path) for split in ("search", "report")]
    assert sorted(item for half in found for item in half["id"]) == sorted(ids[1::2])
    train = load_rows(task, "en", "train", mirror=tmp_path)
    assert train["id"][:] == ids[::2]
    assert provenance(train)["dropped"] == 0
    with pytest.raises(DataError, match="'ko' has no rows"):
        load_rows(task, "ko", "search", mirror=tmp_path)


def test_rarer_feature_bundles_become_other(tmp_path):
    place = tmp_path / "datasets/universal-dependencies/universal_dependencies/en_ewt"
    place.mkdir(parents=True)
    table = pa.table({"tokens": [["a", "b", "c"]], "feats": [["Number=Sing", None, "Odd=Yes"]]})
    pq.write_table(table, place / "dev-00000-of-00001.parquet")
    task = TASKS["ud_feats_en"]
    (tags,) = load_rows(task, "en", "dev", mirror=tmp_path)["tags"]
    assert [task.labels[tag] for tag in tags] == ["Number=Sing", "_", "<other>"]


def test_a_fallback_id_is_found_in_the_mirror(tmp_path):
    mirror = tiny_mnli(tmp_path, [0, 1, 2])
    source = dataclasses.replace(
        TASKS["mnli"].source, path="gone/glue", fallbacks=("nyu-mll/glue",)
    )
    task = dataclasses.replace(TASKS["mnli"], source=source)
    assert len(load_rows(task, "en", "dev", mirror=mirror)) == 3
