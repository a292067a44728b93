"""A task trained jointly with every stage: its examples, its part in names, what does not count."""

import json
from dataclasses import replace

import pytest

from search.assignments import Planner, setup_of
from search.config import load_study
from search.controls import controls_of
from search.places import Places
from spaces.curriculum import Part, Stage, parse_curriculum
from trainables.assignment import Interleave, setup_from_json
from trainables.leases import NoLeases
from trainables.nodes import Trial, ensure, pretrained
from trainables.steps import stage_training
from trainables.workbench import Workbench

WOVEN = {"task": "mini-mlm", "ratio": 0.25}
NLI = parse_curriculum("mini-nli:300").stages[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("interleaved")


@pytest.fixture(scope="module")
def make(folder):
    """A configuration and a workbench of a small study with these recipe fields."""

    def of(**recipe):
        stage = {"learning_rate": 1e-3, "epochs": 1, **recipe.pop("stage", {})}
        config = load_study(
            {
                "study": {"name": "interleaved"},
                "encoder": {"name": "miniworld"},
                "space": {"tasks": ["mini-nli", "mini-pos"], "sizes": [300], "max_stages": 2},
                "targets": ["mini-xnli"],
                "languages": {"proxy": ["dun"]},
                "budget": {"trials": 1},
                "recipe": {"stage": stage, **recipe},
                "store": {"path": str(folder / "store")},
            }
        )
        places = Places(
            run_id="t", cache=folder / "cache", store=str(folder / "store"), mirror=None
        )
        return Planner(config, places), Workbench(setup_of(config, places)), config

    return of


def trial_on(bench, planner):
    assignment = planner.search(parse_curriculum("mini-nli:300"), "sampled", None)
    return Trial(assignment=assignment, bench=bench, leases=NoLeases())


def trained(make, on=NLI, **recipe):
    """A stage that is ready to be trained, and who would."""
    planner, bench, _ = make(**recipe)
    trial = trial_on(bench, planner)
    return trial, stage_training(trial, pretrained(trial), on, seed=1, name="stage")


def key(make, on=NLI, **recipe):
    return trained(make, on, **recipe)[1].node.key


@pytest.mark.parametrize(
    ("ratio", "num_rows", "wanted"),
    [(0.25, 9000, 75), (1.0, 9000, 300), (2.5, 9000, 750), (2.5, 400, 400), (0.001, 9000, 1)],
)
def test_examples_are_in_proportion_to_the_stage_at_least_one_at_most_all(ratio, num_rows, wanted):
    joint = Stage((Part("mini-nli", 100), Part("mini-pos", 200)))
    for stage in (NLI, joint):
        assert Interleave(task="mini-mlm", ratio=ratio).part(stage, num_rows) == Part(
            "mini-mlm", wanted
        )


def test_every_stage_has_the_task_as_one_more_part(make):
    computed = trained(make, interleave=WOVEN)[1]
    parts = [(part["task"], part["num_examples"]) for part in computed.node.inputs["parts"]]
    assert parts == [("mini-nli", 300), ("mini-mlm", 75)]


def test_a_stage_of_the_task_itself_has_no_more_of_it(make):
    itself = parse_curriculum("mini-mlm:300").stages[0]
    assert key(make, itself, interleave=WOVEN) == key(make, itself)


def test_names_tell_what_is_interleaved_and_how_much(make):
    others = [{**WOVEN, "ratio": 0.5}, {**WOVEN, "task": "mini-ner"}]
    keys = [key(make), *(key(make, interleave=woven) for woven in (WOVEN, *others))]
    assert len(set(keys)) == 4


def test_sampling_is_in_the_name_of_a_stage_of_several_parts_alone(make):
    uniform = {"stage": {"sampling": "uniform"}}
    assert key(make, **uniform) == key(make)
    assert key(make, interleave=WOVEN, **uniform) != key(make, interleave=WOVEN)
    joint = Stage((Part("mini-nli", 100), Part("mini-pos", 200)))
    assert key(make, joint, **uniform) != key(make, joint)


def test_its_dev_score_is_kept_and_counts_for_nothing(make):
    # A woven task that collapses (one example of it): the stage's own score decides.
    trial, computed = trained(make, interleave={**WOVEN, "ratio": 0.001})
    generator = ensure(trial, computed)
    while True:
        try:
            next(generator)
        except StopIteration as end:
            entry = end.value
            break
    values = entry.values
    assert list(values["dev"]) == ["mini-nli", "mini-mlm"]
    assert values["score"] == values["dev"]["mini-nli"] != values["dev"]["mini-mlm"]
    assert values["items"] == 300
    assert values["collapsed"] == (values["score"] < 1.1 * majority(trial.bench))
    assert entry.examples == pytest.approx(301 + 301 / 3)  # one dev item of the woven task


def majority(bench):
    labels = list(bench.items("mini-nli", "en", "dev", 500).rows["label"])
    return max(map(labels.count, set(labels))) / len(labels)


def test_overlap_counts_the_rows_of_the_interleaved_task(make):
    shares = []
    for recipe in ({}, {"interleave": {**WOVEN, "ratio": 100.0}}):
        _, bench, _ = make(**recipe)
        scored = bench.items("mini-mlm", "en", "train", 40)
        shares.append(bench.marks(scored, None, parse_curriculum("mini-nli:300"), 1).overlap)
    assert shares[0] < 0.1 and shares[1] > 0.8  # texts under 20 letters are no overlap


def test_equal_examples_means_those_of_the_interleaved_task_too(make):
    extra = []
    for recipe in ({}, {"interleave": WOVEN}):
        planner, _, config = make(**recipe)
        winner = parse_curriculum("mini-nli:300 > mini-pos:100")
        controls = controls_of(winner, planner, config, 11)
        extra += [c.extra_examples for c in controls if c.variant == "equal examples"]
    assert extra == [400, 500]


def test_a_setup_travels_as_plain_values(make):
    for recipe in ({}, {"interleave": WOVEN}):
        setup = make(**recipe)[1].setup
        assert setup_from_json(json.loads(json.dumps(setup.to_json()))) == setup
    assert setup.interleave == Interleave(task="mini-mlm", ratio=0.25)
    assert replace(setup, interleave=None) != setup
