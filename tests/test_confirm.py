"""The confirmation fixes one winner, and it is the one that every table names."""

import pytest

from analysis.confirmation import confirmation, winner_of
from analysis.observations import as_frame, read_rows
from benchmarks.study_runs import tiny_study
from search.assignments import Planner
from search.config import load_study
from search.confirm import candidates_of
from search.objectives import recorded_objective
from search.places import Places
from spaces.curriculum import parse_curriculum


@pytest.mark.parametrize("aggregate", ["mean", "group-mean", "standardised-gain"])
def test_the_winner_is_the_tables_winner_under_every_aggregate(small_run, aggregate):
    config = load_study(small_run.study_file)
    objective = config.objective.model_copy(update={"aggregate": aggregate})
    config = config.model_copy(update={"objective": objective})
    frame = as_frame(read_rows(small_run.observations))
    chosen = recorded_objective(config, frame)
    winner = winner_of(frame, chosen)
    assert winner == "mini-pos:300 > mini-nli:100"
    assert winner == confirmation(frame, chosen).winner


@pytest.mark.parametrize(
    ("top", "wanted"),
    [
        (0, []),
        (1, ["mini-nli:9+mini-pos:9"]),
        (2, ["mini-nli:9+mini-pos:9", "mini-nli:9"]),
        ("all", ["mini-nli:9", "mini-pos:9"]),
    ],
)
def test_the_best_are_confirmed_or_all_of_the_space(tmp_path, top, wanted):
    config = tiny_study(
        tmp_path,
        space={"tasks": ["mini-nli", "mini-pos"], "sizes": [9], "max_stages": 1},
        confirm={"top": top},
    )
    planner = Planner(config, Places(run_id="t", cache=tmp_path, store=None, mirror=None))
    ranked = ["mini-nli:9+mini-pos:9", "mini-nli:9", "none", "mini-pos:9"]
    chosen = candidates_of(map(parse_curriculum, ranked), config, planner)
    assert [str(curriculum) for curriculum in chosen] == wanted
