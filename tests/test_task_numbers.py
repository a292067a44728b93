"""What predictors of an order read: one number per task, from features and from the run itself."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.evidence import evidence
from analysis.features import as_features
from analysis.objective import Objective, ScoredTarget
from analysis.observations import COLUMNS, as_frame
from analysis.planted import METRIC, World, observations, plant
from analysis.studies.predictors import predictors
from analysis.studies.task_features import similarity_of, task_numbers

TASKS, TARGETS = ("alpha", "beta", "gamma"), ("near", "far")
LIKE = {"near": (0.9, 0.5, 0.1), "far": (0.5, 0.5, 0.3)}
LOGME = {"near": (-1.0, -2.0, -3.0), "far": (10.0, 30.0, 20.0)}


def row(feature, value, **where):
    empty = {"task": "", "target": "", "language": "", "other": "", "label": "", "n": 0, "note": ""}
    return {"feature": feature, **empty, **where, "value": value}


def features():
    rows = [row("train_rows", 1000.0 * (i + 1), task=task) for i, task in enumerate(TASKS)]
    for target in TARGETS:
        for i, task in enumerate(TASKS):
            rows.append(row("textemb_cosine", LIKE[target][i], task=task, other=target))
            rows.append(row("textemb_cosine", LIKE[target][i], task=target, other=task))
            rows.append(row("logme", LOGME[target][i], task=task, target=target, language="en"))
        rows.append(row("logme", -9.0, task="none", target=target, language="en"))
    rows += [row("textemb_cosine", 0.7, task=a, other=b) for a in TASKS for b in TASKS if a != b]
    return as_features(rows)


@pytest.fixture
def found():
    """Three tasks trained alone, with a stage row each as a run leaves them."""
    world = World(curricula=("none", *(f"{task}:100" for task in TASKS)), targets=TARGETS, seeds=3)
    frame = observations(world, plant(world, np.random.default_rng(1)))
    first = frame[(frame["curriculum"] != "none")].drop_duplicates("curriculum")
    stages = first.assign(part="stage", target=first["curriculum"], value=[0.9, 0.6, 0.7])
    rows = [*frame.to_dict("records"), *stages.to_dict("records")]
    frame = as_frame([{column: own[column] for column in COLUMNS} for own in rows])
    targets = tuple(
        ScoredTarget(name=name, metric=METRIC, group="classification", languages=world.languages)
        for name in TARGETS
    )
    return evidence(frame, Objective(select="english", targets=targets), features())


def test_each_task_has_a_number_of_every_kind_that_was_measured(found):
    numbers = task_numbers(found)
    assert list(numbers.index) == list(TASKS)
    assert list(numbers["num_examples"]) == [1000, 2000, 3000]
    assert list(numbers["english_dev"]) == [0.9, 0.6, 0.7]
    assert list(numbers["textemb"]) == pytest.approx([0.7, 0.5, 0.2])
    assert "taskemb" not in numbers  # not measured


def test_scores_whose_unit_differs_by_target_are_standardised_before_they_are_averaged(found):
    """near: 1, 0, -1; far: -1, 1, 0 standard deviations."""
    assert list(task_numbers(found)["logme"]) == pytest.approx([0.0, 0.5, -0.5])


def test_the_predictors_rank_by_them(found):
    known = {
        own.name: own for own in predictors(task_numbers(found), similarity_of(found.features))
    }
    assert {"data size", "easy to hard", "TextEmb", "LogME", "least typical first"} <= set(known)
    assert known["TextEmb"].score(("gamma", "beta", "alpha")) == 1.0
    assert known["data size"].score(("alpha", "beta", "gamma")) == 1.0


def test_without_features_the_run_itself_is_what_is_known(found):
    bare = evidence(found.frame, found.objective)
    assert list(task_numbers(bare)) == ["english_dev", "num_examples"]
    assert list(task_numbers(bare)["num_examples"]) == [100, 100, 100]
    assert similarity_of(bare.features) is None
