"""The confirmation fixes one winner, and it is the one that every table names."""

import pytest

from analysis.confirmation import confirmation, winner_of
from analysis.observations import as_frame, read_rows
from search.config import load_study
from search.objectives import recorded_objective


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
