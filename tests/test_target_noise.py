"""A target that a probe leaves blind is told from one that it does not."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from planted_table import FACTS, planted, study
from rich.console import Console

from analysis.objective import objective_values
from analysis.observations import append, as_frame
from analysis.target_noise import FEWEST, TargetNoise, blindness, target_noises
from search.noise_tables import noise_results
from search.objectives import recorded_objective
from search.run_folder import RunFolder
from search.status import read_status, status_table

ITEMS = 80


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Of 57 curricula, scores of two targets on steps of one item; then those of one are stuck."""
    tasks = ["mini-nli", "mini-squad", "mini-choice", "mini-paraphrase"]
    space = {"tasks": tasks, "sizes": [1000, 3000], "max_stages": 2}
    config = study(space=space, languages={"proxy": ["dun", "bor"], "report": ["ane"]})
    facts = replace(FACTS, seen=(1,), truth=(2,))
    _, rows = planted(tmp_path_factory.mktemp("blind"), config, (1, 2), facts=facts, noise=0.02)
    frame = pd.DataFrame(rows)
    scored = frame["part"] == "evaluation"
    frame.loc[scored, "items"] = ITEMS
    frame.loc[scored, "value"] = (frame.loc[scored, "value"] * ITEMS).round() / ITEMS
    frame.loc[frame["stage_seed"] == 2, "role"] = "noise"
    return config, frame


def stuck(frame, share, *, target="mini-xnli"):
    """So many of the curricula have one score, as a model that gives all items one answer."""
    texts = sorted(set(frame["curriculum"]))
    chosen = np.random.default_rng(0).permutation(texts)[: round(share * len(texts))]
    own = (frame["target"] == target) & (frame["part"] == "evaluation")
    return frame.assign(value=frame["value"].mask(own & frame["curriculum"].isin(chosen), 0.35))


def noises(config, frame):
    objective = recorded_objective(config, frame)
    values = objective_values(frame, objective)
    return {found.target: found for found in target_noises(frame, objective, values)}


def test_noise_trials_alone_say_nothing_of_targets(recorded):
    config, frame = recorded
    assert noises(config, frame[frame["role"] == "noise"]) == {}


def test_a_target_is_blind_where_many_models_give_all_items_one_answer(recorded):
    config, frame = recorded
    seeing = noises(config, frame)
    assert list(seeing) == list(config.targets)
    assert not any(found.is_blind for found in seeing.values())
    for share in (0.4, 0.7, 1.0):
        found = noises(config, stuck(frame, share))
        assert found["mini-xnli"].is_blind
        assert found["mini-xnli"].equal == pytest.approx(share, abs=0.05)
        assert found["mini-tatoeba"] == seeing["mini-tatoeba"]
    assert "40%" in blindness(noises(config, stuck(frame, 0.4))["mini-xnli"])


def test_ties_of_few_items_are_not_blindness():
    tied = {"target": "t", "spread": 0.1, "noise": None, "reliability": None}
    few = TargetNoise(num_curricula=50, equal=0.3, explained=0.35, **tied)  # of 16 items
    assert not few.is_blind
    assert TargetNoise(num_curricula=50, equal=0.3, explained=0.2, **tied).is_blind
    assert not TargetNoise(num_curricula=FEWEST - 1, equal=1.0, explained=0.1, **tied).is_blind


def test_noise_and_reliability_are_those_of_the_target_alone(recorded):
    config, frame = recorded
    objective = recorded_objective(config, frame)
    found = noises(config, frame)["mini-xnli"]
    values = objective_values(frame, objective)
    last = values[values["rung"] == 2].pivot_table(
        index="curriculum", columns="stage_seed", values="mini-xnli"
    )
    assert found.spread == pytest.approx(last[1].std())
    assert found.noise == pytest.approx(((last[1] - last[2]) ** 2 / 2).mean() ** 0.5)
    assert found.reliability == pytest.approx(1 - found.noise**2 / found.spread**2)


def test_the_terminal_names_a_blind_target_and_what_to_do(recorded):
    config, frame = recorded
    blind = stuck(frame, 0.5)
    shown = _text(noise_results(config, blind, recorded_objective(config, blind)))
    assert "Which targets tell the curricula apart?" in shown
    assert "mini-xnli: 5" in shown and "(probe.train)" in shown


def test_status_names_a_blind_target_while_the_search_runs(recorded, tmp_path):
    config, frame = recorded
    folder = RunFolder(tmp_path)
    rows = as_frame(stuck(frame, 0.5).to_dict("records"))
    append(folder.observations, rows.astype(object).where(rows.notna(), None).to_dict("records"))
    (line,) = read_status(config, folder).blind
    assert line.startswith("mini-xnli: 5")
    shown = _text(status_table(config, read_status(config, folder)))
    assert "blind mini-xnli: 5" in shown


def _text(parts):
    """As a terminal shows them, on one line."""
    console = Console(width=100, record=True, file=StringIO())
    for part in parts:
        console.print(part)
    return " ".join(console.export_text().split())
