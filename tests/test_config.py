"""Study files: every problem is told at once, in the user's words; what loads can be kept."""

import copy
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.config import (
    FREE,
    StudyConfig,
    StudyError,
    check_resources,
    differences,
    load_study,
    preset_text,
    resolved_yaml,
    schema,
    study_identity,
)
from search.study_fields import Stopping
from search.study_yaml import read_yaml, write_yaml
from trainables.tasks.suites import SUITES

GOOD = {
    "study": {"name": "good"},
    "encoder": {"name": "miniworld"},
    "space": {
        "tasks": ["mnli", "qqp", "wnut17"],
        "sizes": [300, 900, "full"],
        "max_stages": 3,
        "given": ["mnli:900 > qqp:300+wnut17:300"],
    },
    "targets": ["xnli", "udpos", "tatoeba"],
    "languages": {"proxy": ["de", "tr"], "report": ["ar", "zh"]},
    "budget": {"trials": 10},
}

BAD = [
    (
        {"space.tasks": ["mnli", "sqad"]},
        "space.tasks[1] is 'sqad'; no task has this name; did you mean squad?",
    ),
    (
        {"targets": "xtrem"},
        "targets is 'xtrem'; wanted a list of targets, or a benchmark; did you mean xtreme?",
    ),
    ({"targets": ["xnly"]}, "targets[0] is 'xnly'; no task has this name; did you mean xnli?"),
    (
        {"targets": ["mnli"]},
        "targets[0] is 'mnli'; it is an intermediate task, not a target; did you mean xnli?",
    ),
    (
        {"space.tasks": ["mnli", "panx"]},
        "space.tasks[1] is 'panx'; it is a target, not an intermediate task",
    ),
    (
        {"space.tasks": ["tatoeba"]},
        "space.tasks[0] is 'tatoeba'; it has no English training data, so it is no stage",
    ),
    ({"space.sizs": [1]}, "space.sizs is no field; did you mean sizes?"),
    ({"spaces": {}}, "spaces is no field; did you mean space?"),
    (
        {"recipe.stage": {"learning_rat": 1}},
        "recipe.stage.learning_rat is no field; did you mean learning_rate?",
    ),
    (
        {"recipe.stage": {"epochs": 0}},
        "recipe.stage.epochs is 0; wanted a whole number, at least 1",
    ),
    (
        {"recipe.tasks": {"mnly": {}}},
        "recipe.tasks.mnly is 'mnly'; no task has this name; did you mean mnli?",
    ),
    (
        {"recipe.interleave": {"task": "mini-mlmm", "ratio": 0.25}},
        "recipe.interleave.task is 'mini-mlmm'; no task has this name; did you mean mini-mlm?",
    ),
    (
        {"recipe.interleave": {"task": "xnli", "ratio": 0.25}},
        "recipe.interleave.task is 'xnli'; it is a target, not an intermediate task",
    ),
    (
        {"recipe.interleave": {"task": "mini-mlm", "ratio": 0.0}},
        "recipe.interleave.ratio is 0.0; wanted more than 0",
    ),
    (
        {"recipe.interleave": {"task": "mini-mlm", "ratio": "a quarter"}},
        "recipe.interleave.ratio is 'a quarter'; wanted a number",
    ),
    ({"recipe.interleave": {"task": "mini-mlm"}}, "recipe.interleave.ratio is missing"),
    ({"recipe.interleave": "mini-mlm"}, "recipe.interleave is 'mini-mlm'; wanted fields: task, "),
    (
        {"recipe.interleave": {"task": "mnli", "ratio": 1.0}},
        "recipe.interleave.task is mnli, which space.tasks has too",
    ),
    (
        {"recipe.stage": {"sampling": "capped"}},
        "recipe.stage.sampling_cap is not given, but recipe.stage.sampling is capped",
    ),
    (
        {"recipe.stage": {"sampling_cap": 300}},
        "recipe.stage.sampling_cap is 300, but recipe.stage.sampling is proportional",
    ),
    ({"recipe.tasks": {"panx": {}}}, "recipe.tasks.panx is neither a stage nor a target here"),
    (
        {"recipe.tasks": {"mnli": {"batch_size": 48}}},
        (
            "recipe.tasks.mnli.micro_batch is 32, which does not divide "
            "recipe.tasks.mnli.batch_size 48"
        ),
    ),
    (
        {"space.sizes": [300, 900, 90000]},
        "space.sizes[2] is 90000, but wnut17 has 3394 training examples; lower it or drop wnut17",
    ),
    (
        {"space.sizes": [300, 0]},
        "space.sizes[1] is 0; wanted a number of examples, at least 1, or full",
    ),
    ({"space.sizes": [True]}, "space.sizes[0] is True; wanted a number of examples"),
    ({"space.sizes": []}, "space.sizes is empty"),
    ({"space.sizes": 300}, "space.sizes is 300; wanted a list"),
    (
        {"space.given": ["mnli:500000"]},
        "space.given[0] is 500000, but mnli has 392702 training examples",
    ),
    (
        {"space.given": ["squad:300"]},
        (
            "space.given[0] is 'squad:300', but squad is not in space.tasks; known: mnli, "
            "qqp, wnut17"
        ),
    ),
    ({"space.given": ["mnli"]}, "cannot read 'mnli' in the curriculum 'mnli'"),
    ({"space.tasks": []}, "the space is empty: space.tasks has no task"),
    (
        {"space.forbidden": ["mnli", "qqp", "wnut17"]},
        "the space is empty: space.tasks has no task that space.forbidden leaves",
    ),
    ({"space.max_stages": 0}, "the space is empty: space.max_stages is 0"),
    (
        {"space.max_stages": 1, "space.required": ["mnli", "qqp"]},
        "the space is empty: space.required names 2 tasks",
    ),
    ({"space.required": ["squad"]}, "space.required names 'squad', which is not in space.tasks"),
    (
        {"space.required": ["qqp"], "space.forbidden": ["qqp"]},
        "space.required and space.forbidden both name qqp",
    ),
    ({"space.repeats": True, "sampler": {"codec": "lehmer"}}, "sampler.codec is lehmer"),
    ({"confirm.top": "al"}, "confirm.top is 'al'; wanted a whole number, at least 0, or all"),
    ({"confirm.top": True}, "confirm.top is True; wanted a whole number, at least 0, or all"),
    ({"study.asks": "ordre"}, "study.asks is 'ordre'; wanted"),
    ({"space.joint": "2"}, "space.joint is '2'; wanted a whole number"),
    ({"stopping": {"num_rungs": 1}}, "stopping.num_rungs is 1, which stops nothing"),
    ({"stopping": {"reduction_factor": 1}}, "stopping.reduction_factor is 1; wanted at least 2"),
    (
        {"stopping": {"rungs": "scale"}},
        "stopping.rungs is 'scale'; wanted targets or scales or stages; did you mean scales?",
    ),
    (
        {"stopping": {"rungs": "stages"}, "space.max_stages": 1},
        "stopping.rungs is stages, one rung per stage, but space.max_stages is 1",
    ),
    (
        {"stopping": {"rungs": "scales"}, "space.sizes": [300, 1000]},
        (
            "space.sizes[1] is 1000, but rungs of scales share work only between sizes that "
            "are 300 times a power of 3; use 900"
        ),
    ),
    (
        {"stopping": {"rungs": "scales"}, "space.sizes": [3, 9]},
        "space.sizes[0] is 3, but the first rung of scales uses 1/9 of it",
    ),
    ({"stopping": "off"}, "stopping is 'off'; wanted fields: rungs, num_rungs"),
    (
        {"probe": {"train": 8}, "stopping": {}},
        "probe.train is 8, but the first of 3 rungs uses 1/9 of it",
    ),
    ({"seeds.noise": [], "stopping": {}}, "seeds.noise is empty"),
    ({"seeds.noise": [1, 2]}, "seeds.noise[0] is 1, which seeds.stage has"),
    (
        {"seeds.confirm": [2, 12]},
        "seeds.confirm[0] is 2, which seeds.noise has; wanted fresh seeds",
    ),
    ({"seeds.confirm": []}, "seeds.confirm is empty, but confirm.top is not 0"),
    (
        {"objective": {"select": "english"}, "targets": ["tatoeba", "xcopa"], "languages": {}},
        (
            "objective.select is english, but tatoeba, xcopa has no English score: the "
            "objective leaves no target"
        ),
    ),
    (
        {"objective": {"select": "english", "aggregate": "tatoeba"}},
        "objective.select is english, but tatoeba has no English score",
    ),
    (
        {"objective": {"aggregate": "xnly"}},
        "objective.aggregate is 'xnly'; wanted a mean or one of the targets; did you mean xnli?",
    ),
    (
        {"objective": {"select": "proxies"}},
        "objective.select is 'proxies'; wanted proxy or english or all-dev; did you mean proxy?",
    ),
    ({"targets": []}, "targets is empty"),
    ({"targets": ["xnli", "xnli"]}, "targets names xnli 2 times"),
    ({"languages.proxy": []}, "languages.proxy is empty, but objective.select is proxy"),
    ({"languages.proxy": ["de", "enn"]}, "languages.proxy[1] is 'enn', which no target has"),
    ({"languages.proxy": ["en", "de"]}, "languages.proxy[0] is 'en'; English is trained on"),
    (
        {"languages.proxy": ["de", "ar"]},
        "languages.report names ar, which languages.proxy names too",
    ),
    (
        {"languages.proxy": ["ur"], "targets": ["xnli", "xquad"]},
        "targets has xquad, whose search split has no language of languages.proxy",
    ),
    (
        {"languages.proxy": ["th"], "targets": ["xnli", "udpos"]},
        "targets has udpos, whose search split has no language of languages.proxy",
    ),
    (
        {"languages.report": ["sw"]},
        "targets has udpos, of which languages.report leaves no language",
    ),
    (
        {"languages.report": "every"},
        "languages.report is 'every'; wanted a list of languages, or all",
    ),
    ({"sampler": {"name": "TPE"}}, "sampler.name is 'TPE'; did you mean TPESampler?"),
    ({"sampler": {"name": "GridSampler"}}, "sampler.name is 'GridSampler'; use enumerate: true"),
    (
        {"sampler": {"name": "TPESampler", "options": {"n_startup_trial": 3}}},
        (
            "sampler.options.n_startup_trial is no option of TPESampler; did you mean "
            "n_startup_trials?"
        ),
    ),
    (
        {"sampler": {"options": {"seed": 3}}},
        "sampler.options.seed is given; the seed of the sampler is seeds.sampler",
    ),
    ({"budget": {}}, "budget is empty; give exactly one of trials, examples, hours"),
    ({"budget": {"trials": 3, "hours": 2}}, "budget has trials and hours; give exactly one"),
    ({"study.name": "../other"}, "study.name is '../other'; wanted a name for a folder"),
    ({"study.name": ".."}, "study.name is '..'; wanted a name for a folder"),
    ({"study.name": "a\\b"}, "wanted a name for a folder"),
    ({"study": None}, "study.name is missing; wanted: Names the run folder."),
    (
        {"encoder": "miniworld"},
        "encoder is 'miniworld'; wanted fields: name, revision, retrieval_layer",
    ),
    ({"storage": "study.db"}, "storage is 'study.db'; wanted a database URL"),
    ({"resources": {"workers": 0}}, "resources.workers is 0; wanted at least 1"),
    ({"resources": {"gpus": float("nan")}}, "resources.gpus is nan; wanted a finite number"),
    ({"store": {"enabled": "yes"}}, "store.enabled is 'yes'; wanted true or false"),
]


def changed(changes, values=GOOD):
    values = copy.deepcopy(values)
    for field, value in changes.items():
        section, _, name = field.partition(".")
        if name:
            values.setdefault(section, {})[name] = value
        else:
            values[section] = value
    return values


def problems_of(source, **options):
    with pytest.raises(StudyError) as caught:
        load_study(source, **options)
    return caught.value.problems


@pytest.mark.parametrize(("changes", "line"), BAD, ids=[str(changes)[:60] for changes, _ in BAD])
def test_bad_input_is_told_with_field_found_and_wanted(changes, line):
    problems = problems_of(changed(changes))
    assert len([p for p in problems if line in p]) == 1, problems


def test_every_problem_is_told_at_once():
    """Of different fields, one of each kind: none hides another."""
    changes = {
        "study.name": "a/b",
        "space.tasks": ["mnli", "sqad", "wnut17"],
        "space.sizes": [300, "fulll", 90000],
        "space.repeat": True,
        "targets": ["xnly", "xquad"],
        "languages.proxy": ["en"],
        "stopping": {"rungs": "target", "num_rungs": 1},
        "sampler": {"name": "TPE"},
        "budget": {"trials": 3, "hours": 1},
        "recipe.stage": {"epochs": 0},
        "recipe.interleave": {"task": "mlx", "ratio": -1.0},
    }
    text = "\n".join(problems_of(changed(changes)))
    for start in (
        "study.name is 'a/b'",
        "space.tasks[1] is 'sqad'",
        "space.sizes[1] is 'fulll'",
        "space.sizes[2] is 90000, but wnut17 has 3394",
        "space.repeat is no field",
        "targets[0] is 'xnly'",
        "targets has xquad, whose search split has no language",
        "languages.proxy[0] is 'en'",
        "stopping.rungs is 'target'",
        "stopping.num_rungs is 1",
        "sampler.name is 'TPE'",
        "budget has trials and hours",
        "recipe.stage.epochs is 0",
        "recipe.interleave.task is 'mlx'",
        "recipe.interleave.ratio is -1.0",
    ):
        assert start in text


def test_a_wrong_field_is_not_blamed_on_another():
    problems = problems_of(changed({"space.max_stages": "three", "space.joint": 0}))
    assert [p.split()[0] for p in problems] == ["space.max_stages", "space.joint"]


def test_sizes_are_compared_with_the_rows_that_are_there():
    def rows(task):
        if task.name in ("qqp", "mini-mlm"):
            raise ValueError("no such split in the mirror")
        return {"mnli": 8999}.get(task.name, task.train_size)

    woven = {"task": "mini-mlm", "ratio": 0.5}
    changes = {"space.sizes": [3000, 9000], "recipe.interleave": woven}
    problems = problems_of(changed(changes), num_train_rows=rows)
    assert (
        "space.sizes[1] is 9000, but mnli has 8999 training examples; lower it or drop mnli"
        in problems
    )
    assert "qqp of space.tasks has no rows: no such split in the mirror" in problems
    assert "mini-mlm of recipe.interleave has no rows: no such split in the mirror" in problems


def test_a_missing_mirror_is_told_with_the_other_problems(tmp_path):
    problems = problems_of(changed({"targets": []}), mirror=tmp_path / "none")
    assert len(problems) == 2
    assert "is not a folder" in problems[0]
    load_study(GOOD, mirror=tmp_path)


def test_a_key_that_comes_twice_is_told_with_both_lines():
    text = write_yaml(GOOD) + "targets: [xnli]\n"
    (problem,) = problems_of(text)
    assert re.fullmatch(r"line \d+: 'targets' is given again after line \d+; keep one", problem)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("demoo", "did you mean demo?"),
        ("a: [\n", "not YAML: line 2"),
        ("just\ntext", "wanted sections with fields"),
        ("", "no preset"),
        ("!!python/object/apply:os.getcwd []\n", "not YAML"),
        ("a: &x [1]\nb: *y\n", "not YAML"),
    ],
)
def test_what_is_no_study_file_is_told(source, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert line in "\n".join(problems_of(source))


def test_a_file_its_text_its_values_and_its_path_are_one_study(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(write_yaml(GOOD))
    assert (
        load_study(path)
        == load_study(str(path))
        == load_study(path.read_text())
        == load_study(GOOD)
    )


def test_a_benchmark_stands_for_its_targets_and_brings_proxies():
    study = {name: value for name, value in GOOD.items() if name != "languages"}
    for name, suite in SUITES.items():
        config = load_study({**study, "targets": name})
        assert config.targets == suite.targets
        assert config.languages.proxy == suite.proxies
        assert load_study(resolved_yaml(config)) == config
    own = load_study({**study, "targets": "xtreme", "languages": {"proxy": ["de", "ko"]}})
    assert own.languages.proxy == ("de", "ko")
    english = load_study({**study, "targets": "xtreme", "objective": {"select": "english"}})
    assert english.languages.proxy == ()


def test_an_empty_section_means_its_defaults():
    assert load_study(write_yaml(GOOD) + "probe:\nseeds:\n") == load_study(GOOD)


def test_an_empty_stopping_section_stops_as_its_defaults_say():
    assert load_study(write_yaml(GOOD) + "stopping:\n").stopping == Stopping()


def test_stopping_none_is_no_stopping():
    assert load_study(changed({"stopping": "none"})).stopping is None


def test_numbers_in_exponent_form_are_numbers():
    config = load_study(write_yaml(GOOD) + "recipe: {stage: {learning_rate: 1e-5}}\n")
    assert config.recipe.stage["learning_rate"] == 1e-5


@pytest.mark.parametrize("text", ["1e5", "3", "no", "none", "null", "2020-01-01"])
def test_text_that_looks_like_something_else_survives(text):
    assert read_yaml(write_yaml({"a": text})) == ({"a": text}, [])


def test_the_store_is_an_absolute_place(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert load_study(changed({"store": {"path": "kept"}})).store.path == str(tmp_path / "kept")
    assert load_study(changed({"store": {"path": "s3://kept"}})).store.path == "s3://kept"
    home = load_study(changed({"store": {"path": "~/kept"}})).store.path
    assert home == str(Path.home() / "kept")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stopping": "none"},
        {"store": {"path": "kept"}},
        {"recipe.interleave": {"task": "mini-mlm", "ratio": 0.25}},
        {"recipe.stage": {"sampling": "temperature", "sampling_temperature": 2.0}},
    ],
)
def test_the_resolved_file_is_complete_and_loads_as_the_same_study(changes):
    config = load_study(changed(changes))
    text = resolved_yaml(config)
    assert load_study(text) == config
    assert set(read_yaml(text)[0]) == set(StudyConfig.model_fields)


OTHER = {
    "study.name": "other",
    "study.question": "why?",
    "study.asks": "order",
    "encoder.name": "local/xlmr-micro",
    "encoder.revision": "abc",
    "encoder.retrieval_layer": 2,
    "encoder.retrieval_layers": [1, 3],
    "space.tasks": ["mnli", "qqp"],
    "space.sizes": [300],
    "space.max_stages": 2,
    "space.joint": 2,
    "space.repeats": True,
    "space.required": ["mnli"],
    "space.forbidden": ["mnli"],
    "space.given": [],
    "tasks": {"mine": {"kind": "retrieval", "files": {"search": "a.csv", "report": "b.csv"}}},
    "on_bad_row": "skip",
    "targets": ["xnli"],
    "languages.proxy": ["de"],
    "languages.report": "all",
    "probe.train": 90,
    "probe.eval": 90,
    "full.train": 90,
    "full.eval": 90,
    "objective.select": "all-dev",
    "objective.aggregate": "group-mean",
    "stopping.rungs": "stages",
    "stopping.num_rungs": 2,
    "stopping.reduction_factor": 2,
    "stopping.z": 2,
    "sampler.name": "RandomSampler",
    "sampler.options": {"prior": {"mnli": 1.0}},
    "sampler.codec": "lehmer",
    "sampler.proposals": 4,
    "enumerate": True,
    "budget.trials": 11,
    "budget.examples": 10,
    "budget.hours": 1,
    "seeds.stage": 7,
    "seeds.target": 7,
    "seeds.sampler": 7,
    "seeds.noise": [8],
    "seeds.confirm": [9],
    "seeds.contenders": 2,
    "confirm.top": 1,
    "confirm.controls": False,
    "confirm.learning_rates": [],
    "recipe.stage": {"epochs": 1},
    "recipe.target": {"epochs": 1},
    "recipe.tasks": {"mnli": {"epochs": 1}},
    "recipe.interleave": {"task": "mini-mlm", "ratio": 0.25},
    "resources.workers": 2,
    "resources.threads": 2,
    "resources.cpus": 2,
    "resources.gpus": 1,
    "resources.max_failures": 1,
    "store.path": "elsewhere",
    "store.limit_gb": 1,
    "store.enabled": False,
    "store.accept_other_numerics": True,
    "storage": "sqlite:///study.db",
}


def test_the_table_of_other_values_has_every_field():
    found = set()
    for name, field in StudyConfig.model_fields.items():
        section = getattr(load_study(GOOD), name)
        section = Stopping() if name == "stopping" else section
        names = getattr(type(section), "model_fields", None)
        found |= {f"{name}.{each}" for each in names} if names else {name}
        assert field.description or names
    assert found == set(OTHER)


@pytest.mark.parametrize("field", OTHER)
def test_identity_moves_with_every_field_that_is_not_free(field):
    changes = {field: OTHER[field]}
    if field in ("budget.examples", "budget.hours"):
        changes["budget.trials"] = None
    base = changed({"space.given": []}) if field == "space.tasks" else GOOD
    base = changed({"stopping": {}}) if field.startswith("stopping.") else base
    before, after = load_study(base), load_study(changed(changes, base))
    assert before != after
    is_free = field in FREE or field.split(".")[0] in FREE
    assert (study_identity(before) == study_identity(after)) == is_free
    named = [line for line in differences(before, after) if line.startswith(field)]
    assert len(named) == (0 if is_free else 1)


def test_resources_that_are_not_there_are_refused():
    config = load_study(changed({"resources": {"workers": 3, "gpus": 0.5}}))
    check_resources(config, cpus=3, gpus=1.5)
    with pytest.raises(StudyError, match=r"makes 1.5 gpus, but there are 1; use workers 2"):
        check_resources(config, cpus=3, gpus=1)
    with pytest.raises(StudyError, match=r"(?s)3 cpus.*fewer gpus per trial"):
        check_resources(config, cpus=2, gpus=0)


def test_the_schema_accepts_what_loads_and_refuses_a_misspelt_field():
    rules = jsonschema.Draft202012Validator(schema())
    rules.check_schema(schema())
    assert rules.is_valid(GOOD | {"targets": "xtreme"})
    assert not rules.is_valid(GOOD | {"targets": "xtrem"})
    for values in (
        GOOD,
        read_yaml(resolved_yaml(load_study(GOOD)))[0],
        changed({"stopping": "none"}),
    ):
        assert not list(rules.iter_errors(values))
    for bad in ({"space.sizs": [1]}, {"recipe.stage": {"learning_rat": 1}}, {"stopping": "off"}):
        assert list(rules.iter_errors(changed(bad)))


def test_the_schema_describes_every_field():
    sections = schema()["$defs"]
    names = set(sections) - {"Recipe"}
    missing = [
        f"{name}.{field}"
        for name in names
        for field, rules in sections[name]["properties"].items()
        if "description" not in rules
    ]
    assert missing == []


def fields_of(values, path=()):
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from fields_of(value, (*path, key))


JUNK = st.sampled_from(
    [None, True, -1, 0, 7, 1.5, float("inf"), "", "junk", "none", "full", "../x", [], ["junk"],
     [1, [2]], {}, {"junk": 1}, {1: 2}, [None], "mnli", "xnli", "de"]
)  # fmt: skip
DEMO = read_yaml(preset_text("demo"))[0]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(list(fields_of(DEMO))), JUNK), min_size=1, max_size=4))
def test_any_value_in_any_field_is_a_study_or_a_study_error(replacements):
    values = copy.deepcopy(DEMO)
    for path, junk in replacements:
        holder = values
        for key in path[:-1]:
            has_it = isinstance(holder, dict) or (isinstance(holder, list) and isinstance(key, int))
            holder = holder[key] if has_it and key in dict(fields_here(holder)) else None
        if isinstance(holder, dict | list) and path[-1] in dict(fields_here(holder)):
            holder[path[-1]] = junk
    try:
        config = load_study(values)
    except StudyError as error:
        assert all(error.problems)
    else:
        assert load_study(resolved_yaml(config)) == config


def fields_here(holder):
    if isinstance(holder, dict):
        return list(holder.items())
    return list(enumerate(holder)) if isinstance(holder, list) else []
