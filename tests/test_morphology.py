"""Are the labels of the morphological tasks what the words are, and do they cover real rows?"""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.label_lists import LEMMAS_HEAD, PAIRS_HEAD, feature_pairs, lemma_scripts
from trainables.data import load_rows, provenance
from trainables.scorers import feature_f1, set_accuracy
from trainables.tasks import TASKS, adapters, labels
from trainables.tasks.edit_scripts import apply_script, edit_script
from trainables.tasks.labels import OTHER

UD = "datasets/universal-dependencies/universal_dependencies"
words = st.text(max_size=8) | st.text("aAbB", max_size=8)


@given(form=words, lemma=words)
@example("", "")
@example("", "=")
@example("İstanbul", "istanbul")
@example("STRASSE", "straße")
@example("a", "b|1+a")
@example("ab|0+c", "b")
@example("\n", "a\n")
def test_a_script_makes_the_lemma_of_its_form(form, lemma):
    assert apply_script(edit_script(form, lemma), form) == lemma


@pytest.mark.shared
def test_scripts_make_the_lemmas_of_all_languages_of_the_mirror(shared_folder):
    files = sorted((shared_folder / "hub" / UD).glob("*/*.parquet"))
    assert len({file.parent for file in files}) == 25
    for file in files:
        for row in pq.read_table(file, columns=["tokens", "lemmas"]).to_pylist():
            for form, lemma in zip(row["tokens"], row["lemmas"], strict=True):
                assert apply_script(edit_script(form, lemma), form) == lemma, (file, form, lemma)


@pytest.mark.parametrize(
    ("forms", "lemmas", "script"),
    [
        ("walks Dogs CARS", "walk dog car", "lower:0+|1+"),
        ("running Sitting", "run sit", "lower:0+|4+"),
        ("cities FLIES", "city fly", "lower:0+|3+y"),
        ("London PARIS paris", "London Paris Paris", "capital:0+|0+"),
        ("CDs PCs", "CD PC", "upper:0+|1+"),
        ("iPhones McDonalds", "iPhone McDonald", "kept:0+|1+"),
        ("was is Am 's", "be be be be", "=be"),
        ("ungern unfroh", "gern froh", "lower:2+|0+"),
    ],
)
def test_words_that_inflect_alike_share_a_script(forms, lemmas, script):
    pairs = zip(forms.split(), lemmas.split(), strict=True)
    assert {edit_script(*pair) for pair in pairs} == {script}


def test_a_script_that_cuts_more_than_there_is_makes_nothing():
    assert apply_script("lower:2+|2+", "abc") is None
    with pytest.raises(ValueError, match="'-s' is no edit script"):
        apply_script("-s", "dogs")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "head", "made"),
    [
        ("ud_lemmas_en.txt", LEMMAS_HEAD, lemma_scripts),
        ("ud_feature_pairs_en.txt", PAIRS_HEAD, feature_pairs),
    ],
)
def test_a_packaged_list_is_what_the_mirror_gives(file, head, made, shared_folder):
    packaged = labels.files(labels.__package__).joinpath(file).read_text(encoding="utf-8")
    assert packaged == "\n".join([head, *made(shared_folder / "hub"), ""])


@pytest.mark.shared
@pytest.mark.parametrize(("name", "most"), [("ud_feats_en", 0.005), ("ud_lemmas_en", 0.02)])
def test_few_words_of_unseen_rows_are_other(name, most, shared_folder):
    task = TASKS[name]
    rows = load_rows(task, "en", "dev", mirror=shared_folder / "hub")
    tags = [task.labels[tag] for row in rows["tags"] for tag in row]
    assert 0 < tags.count(OTHER) / len(tags) < most


@pytest.mark.shared
@pytest.mark.parametrize("split", ["train", "dev"])
def test_sets_and_bundles_are_the_same_features(split, shared_folder):
    mirror = shared_folder / "hub"
    sets, bundles = (TASKS[name] for name in ("ud_feature_set_en", "ud_feats_en"))
    rows, bundled = (load_rows(task, "en", split, mirror=mirror) for task in (sets, bundles))
    assert provenance(rows)["dropped"] == 0
    assert rows["tokens"] == bundled["tokens"]
    for words_of, tags in zip(rows["tags"], bundled["tags"], strict=True):
        for word, tag in zip(words_of, tags, strict=True):
            bundle = bundles.labels[tag]
            if bundle != OTHER:
                assert ("|".join(sets.labels[x] for x in word) or "_") == bundle


def written(folder, path, split, columns):
    (folder / "datasets" / path).mkdir(parents=True)
    file = folder / "datasets" / path / f"{split}-00000-of-00001.parquet"
    pq.write_table(pa.table(columns), file)
    return folder


def test_a_sentence_with_an_unlisted_feature_is_left_out_and_counted(tmp_path):
    feats = [["Number=Sing|Person=3", None, "_"], ["Odd=Yes", None, None]]
    columns = {"tokens": [["a", "b", "c"]] * 2, "feats": feats}
    mirror = written(tmp_path, f"{UD.removeprefix('datasets/')}/en_ewt", "dev", columns)
    task = TASKS["ud_feature_set_en"]
    rows = load_rows(task, "en", "dev", mirror=mirror)
    (tags,) = rows["tags"]
    assert [[task.labels[tag] for tag in word] for word in tags] == [
        ["Number=Sing", "Person=3"], [], [],
    ]  # fmt: skip
    assert provenance(rows)["dropped"] == 1


INFLECTED = [
    ("touch", "touch", "V;NFIN"),
    ("touch", "touching", "V;V.PTCP;PRS"),
    ("sing", "sang", "V;PST"),
    ("sing", "sung", "V;V.PTCP;PST"),
    ("sing", "sings", "V;3;SG;PRS"),
    ("song", "songs", "N;PL"),
]


def test_english_inflections_are_pairs_with_the_tag_as_label(tmp_path):
    columns = dict(zip(("lemma", "form", "tag"), zip(*INFLECTED, strict=True), strict=True))
    mirror = written(tmp_path, "local/sigmorphon2018/english", "validation", columns)
    task = TASKS["unimorph_en"]
    rows = load_rows(task, "en", "dev", mirror=mirror)
    named = [(row["text"], row["text_pair"], task.labels[row["label"]]) for row in rows]
    assert named == INFLECTED[:-1]
    assert provenance(rows)["dropped"] == 1


@pytest.mark.shared
def test_inflections_of_a_mirror_are_read(shared_folder, monkeypatch):
    mirror, english = shared_folder / "hub", TASKS["unimorph_en"]
    file = next((mirror / "datasets" / english.source.path / "turkish").glob("train-*"))
    raw = pq.read_table(file).to_pydict()
    tags = sorted(set(raw["tag"]))
    monkeypatch.setattr(adapters, "_LABEL_OF_UNIMORPH", {tag: i for i, tag in enumerate(tags)})
    source = replace(english.source, config="turkish")
    turkish = replace(english, source=source, labels=tuple(tags))
    rows = load_rows(turkish, "en", "train", mirror=mirror)
    assert (rows["text"][:], rows["text_pair"][:]) == (raw["lemma"], raw["form"])
    assert [tags[label] for label in rows["label"]] == raw["tag"]
    assert len(rows) == 500


def test_features_are_scored_as_sigmorphon_2019_scores_them():
    gold = [["Number=Sing", "Person=3"], [], ["Tense=Past"], ["Case=Nom"]]
    found = [["Person=3"], ["Number=Plur"], ["Tense=Past"], []]
    # 2 right of 3 predicted and of 4 gold; the second word's none is no feature
    assert feature_f1(gold, found) == pytest.approx(2 * (2 / 3) * (2 / 4) / (2 / 3 + 2 / 4))
    assert set_accuracy(gold, found) == 1 / 4
    assert set_accuracy([["a", "b"]], [["b", "a"]]) == 1.0
    assert feature_f1([["a"]], [[]]) == 0.0
    with pytest.raises(ValueError, match="of 1 words, wanted 2"):
        feature_f1([[], []], [[]])
