"""Laws over all packaged studies."""

from importlib.resources import files

import jsonschema
import pytest

from search.config import StudyError, load_study, preset_text, presets, resolved_yaml, schema
from search.study_yaml import read_yaml
from spaces.space import CurriculumSpace
from trainables.tasks import TASKS


@pytest.fixture(scope="module")
def rules():
    return jsonschema.Draft202012Validator(schema())


def test_the_presets_that_the_documents_name_are_there():
    assert {"demo", "miniworld", "real-small"} <= set(presets())


@pytest.mark.parametrize("name", presets())
def test_a_preset_loads_and_its_resolved_file_is_the_same_study(name):
    config = load_study(name)
    assert config.study.name == name
    assert load_study(resolved_yaml(config)) == config


@pytest.mark.parametrize("name", presets())
def test_a_preset_fits_the_schema(name, rules):
    assert not list(rules.iter_errors(read_yaml(preset_text(name))[0]))


@pytest.mark.parametrize("name", presets())
def test_a_preset_explains_itself(name):
    lines = preset_text(name).splitlines()
    assert lines[0].startswith("# ")
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize("name", presets())
def test_a_preset_asks_for_what_every_task_has(name):
    config = load_study(name)
    for size in config.space.sizes:
        assert size == "full" or all(size <= TASKS[t].train_size for t in config.space.tasks)
    for target in config.targets if config.objective.select == "proxy" else ():
        assert set(TASKS[target].languages) & set(config.languages.proxy)


@pytest.mark.parametrize("name", ["order", "size", "morphology", "semantic", "linguistic"])
def test_a_study_of_a_question_runs_everything_and_repeats_it(name):
    """What it says rests on fresh seeds, and no language leaves its means as a guide."""
    config = load_study(name)
    assert config.study.asks == name
    assert (config.enumerate, config.stopping, config.confirm.top) == (True, None, "all")
    assert config.objective.select == "english"
    assert len(config.seeds.confirm) >= 3


def test_the_demo_searches_the_space_that_was_promised():
    config = load_study("demo")
    space = CurriculumSpace(
        tasks=config.space.tasks,
        sizes=config.space.sizes,
        max_stages=config.space.max_stages,
        joint=config.space.joint,
    )
    assert space.count() == 1137
    trained = [name for name in config.targets if TASKS[name].train_size]
    assert len(trained) == 3
    assert len(config.targets) == 4
    assert (len(config.languages.proxy), len(config.languages.report)) == (2, 3)
    assert config.budget.trials >= 16
    assert (config.confirm.top, len(config.seeds.confirm)) == (2, 2)


def test_an_unknown_preset_is_refused_with_the_nearest():
    with pytest.raises(StudyError, match="did you mean demo"):
        preset_text("demoo")


def test_presets_are_files_of_the_package():
    assert (files("search") / "presets" / "demo.yaml").is_file()


@pytest.mark.shared
def test_real_small_asks_for_rows_that_the_sample_mirror_has(shared_folder, tmp_path):
    from trainables.data import load_rows

    mirror = shared_folder / "hub"

    def num_train_rows(task):
        return len(load_rows(task, "en", "train", mirror=mirror, cache=tmp_path))

    load_study("real-small", mirror=mirror, num_train_rows=num_train_rows)
