"""The one sentence of a report never says more than the intervals do."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.answer import answer
from analysis.confirmation import Confirmation
from analysis.leaderboard import Leaderboard

NAN = float("nan")
NOTHING = pd.DataFrame()


def board(*scores):
    """A search whose curricula a, b, ... have these scores and gains."""
    ranked = [
        {"curriculum": name, "score": score, "gain": score - 0.5}
        for name, score in zip("ab", scores, strict=False)
    ]
    return Leaderboard(
        ranked=pd.DataFrame(ranked, columns=["curriculum", "score", "gain"]),
        stopped=NOTHING,
        best_per_target=NOTHING,
        average_of_bests=None,
        best_per_budget=NOTHING,
        notes=(),
    )


def confirmed(gain, low, high, *, n=3, winner="a:1", beside=()):
    """A confirmation with this gain on average and (curriculum, gain, low, high) beside it."""
    average = {"target": "average", "report": 0.5, "gain": gain, "low": low, "high": high, "n": n}
    others = [
        {"curriculum": text, "variant": "", "winner_gain": mean, "low": least, "high": most}
        for text, mean, least, most in beside
    ]
    columns = ["curriculum", "variant", "winner_gain", "low", "high"]
    return Confirmation(
        winner=winner,
        candidates=NOTHING,
        comparisons=pd.DataFrame(others, columns=columns),
        per_target=pd.DataFrame([average]),
        per_language=NOTHING,
        notes=(),
    )


@pytest.mark.parametrize(
    ("gain", "low", "high", "words"),
    [
        (0.03, 0.01, 0.05, "gains +3.0 points (95 % interval +1.0 to +5.0, 3 seeds)"),
        (-0.03, -0.05, -0.01, "loses 3.0 points (95 % interval -5.0 to -1.0, 3 seeds)"),
        (0.03, -0.01, 0.07, "nothing that can be told from noise: +3.0 points"),
    ],
)
def test_gain_loss_and_noise_are_told_apart(gain, low, high, words):
    assert words in answer(board(0.9), confirmed(gain, low, high)).sentence


@pytest.mark.parametrize(("n", "words"), [(1, "1 seed gives"), (2, "2 seeds give")])
def test_too_few_seeds_are_named(n, words):
    assert f"{words} no interval" in answer(board(0.9), confirmed(0.03, NAN, NAN, n=n)).sentence


def test_what_does_better_for_sure_is_named_and_nothing_else():
    beside = [("b:1", -0.04, -0.06, -0.02), ("c:1", -0.04, -0.09, 0.01), ("d:1", 0.1, 0.0, 0.2)]
    (line,) = answer(board(0.9), confirmed(0.03, 0.01, 0.05, beside=beside)).better
    assert line == "b:1 does better by 4.0 points (95 % interval 2.0 to 6.0)."


def test_where_the_empty_curriculum_wins_nothing_is_claimed():
    found = answer(board(0.9), confirmed(NAN, NAN, NAN, winner="none"))
    assert found.sentence == "No curriculum beats fine-tuning the targets alone."


def test_a_search_alone_is_called_unconfirmed():
    found = answer(board(0.9, 0.8), None)
    assert found.curriculum == "a"
    assert "+40.0 points over none; it is not confirmed" in found.sentence


def test_without_a_finished_trial_nothing_is_said():
    assert "nothing can be said" in answer(board(), None).sentence
