"""What our sampler believes of curricula, and what it proposes."""

import random
import re
import subprocess
import sys
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState, create_trial

from analysis.planted import SizeLaw, World, expected_gain
from search.assignments import Planner
from search.clock import Clock
from search.config import load_study
from search.gp import model
from search.gp.acquisition import log_expected_improvement, propose, scores_of
from search.gp.features import Features
from search.gp.kernel import (
    BELIEFS,
    LEVEL_OF_SEED,
    across_points,
    covariance,
    gradient,
    names_of,
    parts_of,
    points_of,
    variances_of,
)
from search.gp.model import condition, fit, noise_of, some_of
from search.gp.observed import (
    Costs,
    Known,
    Observation,
    Problem,
    known_of,
    other_seed_key,
    remaining_cost,
)
from search.gp.of_study import problem_of as problem_of_study
from search.gp.sampler import Belief
from search.places import Places
from search.run_folder import RunFolder, opened_for_writing
from search.samplers import sampler_factory
from search.study import Recorder, open_search
from search.suggestions import Outcome, Suggestions
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum, Part, Stage, parse_curriculum
from spaces.rungs import rungs
from spaces.space import CurriculumSpace


def space_of(tasks, sizes=(100, 300), max_stages=2, **others):
    return CurriculumSpace(tasks=tuple(tasks), sizes=sizes, max_stages=max_stages, **others)


SPACES = {
    "plain": space_of("abc"),
    "sizes of their own": space_of("ab", {"a": (1, 3), "b": (9,)}),
    "mixtures": space_of("abc", joint=2),
    "repeats": space_of("ab", max_stages=3, repeats=True),
    "mixtures and repeats": space_of("ab", joint=2, repeats=True),
    "required": space_of("abc", required=("a", "b")),
    "forbidden": space_of("abc", forbidden=("b",)),
    "one curriculum": space_of("a", forbidden=("a",)),
}
ORDERS = space_of("abcd", (300,), 4, required=tuple("abcd"))
"""24 orders of the same content."""
WIDE = space_of("abcdef", (100, 300, 900), 4)
THREE = rungs("targets", num_rungs=3, reduction_factor=3, max_stages=4)


def problem_of(space, codec="slots", **told):
    return Problem(space=space, codec=CODECS[codec](space), **told)


def observed(values, *, fidelity=0.0, seed=0):
    """Observations of a curriculum's text to a value."""
    return [
        Observation(curriculum=parse_curriculum(str(c)), fidelity=fidelity, seed=seed, value=v)
        for c, v in values.items()
    ]


def believed(observations, space, prior=None, item_variance=0.0):
    features = Features(space, prior)
    fitted = fit(observations, features, item_variance=item_variance)
    return condition(observations, features, fitted)


def scattered(space, number, seed=0):
    """Observations all over a space, with fidelities and seeds."""
    rng = random.Random(seed)
    return [
        Observation(
            curriculum=space.draw(rng),
            fidelity=float(rng.randrange(3)),
            seed=rng.randrange(2),
            value=rng.random(),
        )
        for _ in range(number)
    ]


def theta_of(names, seed):
    rng = np.random.default_rng(seed)
    return np.array([rng.normal(*BELIEFS[name]) for name in names])


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("seed", range(3))
def test_the_covariance_is_symmetric_and_positive_definite(space, seed):
    features = Features(space, {space.tasks[0]: 1.0})
    theta = theta_of(names_of(features.groups), seed)
    theta[-1] = -30.0  # hardly any noise of its own, which alone would make it definite
    parts = parts_of(points_of(scattered(space, 40, seed), features))
    found = covariance(theta, parts)
    assert np.allclose(found, found.T)
    assert np.linalg.eigvalsh(found).min() > -1e-9 * np.trace(found)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_the_gradient_is_that_of_the_covariance(space):
    features = Features(space)
    names = names_of(features.groups)
    theta = theta_of(names, 0)
    parts = parts_of(points_of(scattered(space, 12), features, item_noise=0.1))
    weights = np.random.default_rng(1).standard_normal((12, 12))
    found = gradient(theta, parts, weights + weights.T)
    for k, name in enumerate(names):
        step = np.eye(len(theta))[k] * 1e-5
        change = covariance(theta + step, parts) - covariance(theta - step, parts)
        slope = np.sum(change * (weights + weights.T)) / 2e-5
        assert found[k] == pytest.approx(slope, rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_what_is_predicted_has_the_covariance_of_what_is_observed_without_its_noise(space):
    features = Features(space, {space.tasks[0]: 1.0})
    theta = theta_of(names_of(features.groups), 0)
    observations = scattered(space, 10)
    elsewhere = [replace(o, fidelity=0.0, seed=9) for o in observations]
    both = points_of([*observations, *elsewhere], features)
    asked = features.describe([o.curriculum for o in observations])
    joint = covariance(theta, parts_of(both))
    points = points_of(observations, features)
    assert across_points(theta, points, asked) == pytest.approx(joint[:10, 10:])
    stage, run = np.exp(theta[-2:])
    nodes = np.array([len(o.curriculum) for o in observations])
    noise = stage * nodes + run + LEVEL_OF_SEED
    assert variances_of(theta, asked) + noise == pytest.approx(np.diag(joint)[10:])


def discordant(one, other):
    """Pairs of tasks that two orders put differently."""
    places = [{task: i for i, task in enumerate(c.tasks)} for c in (one, other)]
    return sum(
        places[0][a] < places[0][b] and places[1][a] > places[1][b]
        for a, b in permutations("abcd", 2)
    )


def test_the_mallows_part_falls_exponentially_with_discordant_pairs():
    features = Features(ORDERS)
    names = names_of(features.groups)
    theta = np.array([0.0 if name in ("mallows", "order_rate") else -60.0 for name in names])
    curricula = [*ORDERS.enumerate()]
    points = points_of(observed(dict.fromkeys(curricula, 0.0)), features)
    parts = parts_of(points)
    found = np.log(covariance(theta, parts) - parts.constant)
    pairs = np.array([[discordant(a, b) for b in curricula] for a in curricula])
    assert pairs.max() == 6
    assert np.allclose(found, found[0, -1] / 6 * pairs)
    assert found[0, -1] < -1


def test_equal_orders_differ_in_no_feature_of_order_and_equal_tasks_in_none_of_content():
    features = Features(SPACES["mixtures"])
    texts = ["a:100 > b:300", "b:300 > a:100", "a:100+b:300", "a:300 > b:300", "a:100"]
    found = features.describe([parse_curriculum(text) for text in texts])
    base, swapped, mixed, larger, single = range(len(texts))
    same = {
        group: [bool(np.array_equal(rows[base], rows[k])) for k in (swapped, mixed, larger, single)]
        for group, rows in found.linear.items()
    }
    assert same == {
        "presence": [True, True, True, False],
        "size": [True, True, False, False],
        "together": [True, True, True, False],
        "order": [False, False, True, False],
        "next": [False, False, True, False],
        "recent": [False, False, True, False],
        "mixed": [True, False, True, True],
    }


def test_a_task_that_comes_again_has_its_examples_summed_and_its_last_place():
    features = Features(SPACES["repeats"])
    texts = ("b:300 > a:300", "a:100 > b:300 > a:300")
    found = features.describe([parse_curriculum(text) for text in texts]).linear
    assert {*found} == {"presence", "size", "together", "order", "next", "recent", "again"}
    for group in ("size", "again", "order", "next"):
        assert not np.array_equal(*found[group]), group
    for group in ("presence", "together", "recent"):
        assert np.array_equal(*found[group]), group


def test_log_expected_improvement_is_right_where_it_is_large_and_where_it_is_tiny():
    grid = np.linspace(-12, 12, 2_000_001)
    density = np.exp(-0.5 * grid**2) / np.sqrt(2 * np.pi)
    for mean, deviation, best in product((-1.0, 0.0, 0.7), (0.1, 1.0), (-0.5, 0.0)):
        gains = np.maximum(mean + deviation * grid - best, 0.0)
        wanted = np.sum(gains * density) * (grid[1] - grid[0])
        found = log_expected_improvement(np.array([mean]), np.array([deviation]), best)[0]
        if wanted > 1e-12:
            assert found == pytest.approx(np.log(wanted), abs=1e-3)
    for u in (-20.0, -500.0, -1e5):  # Mills' ratio, to the third term
        wanted = -(u**2) / 2 - np.log(2 * np.pi) / 2 - 2 * np.log(-u) + np.log1p(-3 / u**2)
        found = log_expected_improvement(np.array([u]), np.array([1.0]), 0.0)[0]
        assert found == pytest.approx(wanted, rel=1e-4)
    all_along = log_expected_improvement(np.linspace(-3000, 5, 5000), np.ones(5000), 0.0)
    assert np.all(np.diff(all_along) > 0)


def planted(seed, tasks="abcdef", **others):
    """A world in which tasks, places, orders and sizes matter."""
    rng = np.random.default_rng(seed)
    return World(
        **{
            "curricula": ("none",),
            "task": {task: float(rng.normal(0.005, 0.012)) for task in tasks},
            "place": {task: float(rng.normal(0, 0.003)) for task in tasks},
            "precedence": {pair: float(rng.normal(0, 0.008)) for pair in permutations(tasks, 2)},
            "size": {
                task: SizeLaw(kind="power", scale=float(abs(rng.normal(0, 0.01))), shape=0.5)
                for task in tasks
            },
            **others,
        }
    )


class Runs:
    """Scores of a planted world: a draw per stage node, shared by all on it, and one per run."""

    def __init__(self, world, seed, node=0.004, run=0.006):
        self._world, self._rng, self._node, self._run = world, random.Random(seed), node, run
        self._nodes = {}

    def __call__(self, curriculum):
        nodes = [
            self._nodes.setdefault(prefix, self._rng.gauss(0, self._node))
            for prefix in curriculum.prefixes()[1:]
        ]
        gain = expected_gain(self._world, str(curriculum))
        return 0.5 + gain + sum(nodes) + self._rng.gauss(0, self._run)


def agreement(posterior, world, curricula):
    """Correlation of predicted with true values."""
    means, _ = posterior.predict(curricula)
    return np.corrcoef(means, [expected_gain(world, str(c)) for c in curricula])[0, 1]


def test_a_planted_precedence_is_learnt_from_half_of_the_orders():
    world = World(curricula=("none",), precedence={("a", "b"): 0.04, ("c", "a"): 0.02})
    unexplained = []
    for seed in range(4):
        orders = [*ORDERS.enumerate()]
        random.Random(seed).shuffle(orders)
        runs = Runs(world, seed, node=0.002, run=0.004)
        posterior = believed(observed({c: runs(c) for c in orders[:12]}), ORDERS)
        truth = np.array([0.5 + expected_gain(world, str(c)) for c in orders[12:]])
        errors = posterior.value(posterior.predict(orders[12:])[0]) - truth
        unexplained.append(np.mean(errors**2) / truth.var())
    assert np.mean(unexplained) < 0.35


def test_doubt_is_honest_about_curricula_that_were_not_seen():
    surprises = []
    for seed in range(6):
        world, rng = planted(seed), random.Random(seed)
        runs = Runs(world, seed)
        drawn = list(dict.fromkeys(WIDE.draw(rng) for _ in range(90)))
        posterior = believed(observed({c: runs(c) for c in drawn[:45]}), WIDE)
        means, deviations = posterior.predict(drawn[45:])
        truth = np.array([0.5 + expected_gain(world, str(c)) for c in drawn[45:]])
        unit = posterior.value(np.array([1.0])) - posterior.value(np.array([0.0]))
        surprises += list((truth - posterior.value(means)) / (deviations * unit))
    assert 0.7 < np.std(surprises) < 1.3
    assert abs(np.mean(surprises)) < 0.5


def test_low_rungs_teach_about_high_ones():
    gained = []
    for seed in range(4):
        world, rng = planted(seed), random.Random(seed)
        runs = Runs(world, seed)
        drawn = list(dict.fromkeys(WIDE.draw(rng) for _ in range(70)))
        finals = observed({c: runs(c) for c in drawn[:8]})
        lower = observed({c: runs(c) - 0.1 for c in drawn[:40]}, fidelity=2.0)
        alone = agreement(believed(finals, WIDE), world, drawn[40:])
        together = believed([*finals, *lower], WIDE)
        gained.append(agreement(together, world, drawn[40:]) - alone)
        level = np.mean([0.5 + expected_gain(world, str(c)) for c in drawn[40:]])
        means, _ = together.predict(drawn[40:])
        assert np.mean(together.value(means)) == pytest.approx(level, abs=0.03)  # not 0.1 below
    assert np.mean(gained) > 0.1
    assert min(gained) > -0.05


def test_noise_is_learnt_from_seeds():
    rng, chance = random.Random(0), random.Random(1)
    drawn = list(dict.fromkeys(WIDE.draw(rng) for _ in range(20)))
    values = {c: 0.5 + chance.gauss(0, 0.02) for c in drawn}
    repeated = {c: values[c] for c in drawn[:6]}
    found = {}
    for name, noise in (("same", 0.0), ("noisy", 0.04)):
        again = [
            one
            for seed in (2, 3)
            for one in observed(
                {c: v + chance.gauss(0, noise) for c, v in repeated.items()}, seed=seed
            )
        ]
        fitted = fit([*observed(values), *again], Features(WIDE), item_variance=0.0)
        found[name] = sum(sd**2 for sd in noise_of(fitted).values()) ** 0.5
    assert found["same"] < 0.007
    assert found["noisy"] > 0.015


def test_finite_items_are_noise_from_the_start():
    values = {c: 0.5 + 0.01 * k for k, c in enumerate(SPACES["plain"].enumerate()) if k < 8}
    fitted = fit(observed(values), Features(SPACES["plain"]), item_variance=0.02**2)
    assert noise_of(fitted)["items"] == pytest.approx(0.02 * model.OWN_SHARE**0.5)
    sure, doubtful = (
        believed(observed(values), SPACES["plain"], item_variance=v) for v in (0.0, 0.02**2)
    )
    tried = [*values]
    assert np.all(doubtful.predict(tried)[1] > sure.predict(tried)[1])


def test_the_luck_of_a_shared_prefix_is_not_taken_for_quality():
    """Many curricula on one lucky node: that they agree with each other says less than if each
    had nodes of its own."""
    space = space_of("abcdefgh", (300,), 2)
    on_it = {f"a:300 > {task}:300": 0.56 for task in "bcdefgh"}
    others = {f"{task}:300": 0.5 for task in "bcdefgh"}
    observations = observed(on_it | others)
    features = Features(space)
    fitted = fit(observations, features, item_variance=0.0)
    theta = fitted.theta.copy()
    theta[fitted.names.index("stage")] = 0.0
    doubts = [
        condition(observations, features, fitted if t is None else replaced(fitted, t))
        for t in (None, theta)
    ]
    a = [parse_curriculum("a:300")]
    assert doubts[1].predict(a)[0] < doubts[0].predict(a)[0]
    assert doubts[1].predict(a)[1] > doubts[0].predict(a)[1]


def replaced(fitted, theta):
    return model.Fitted(names=fitted.names, theta=theta, unit=fitted.unit)


def test_a_wrong_prior_is_overcome_and_a_right_one_helps_at_first():
    few, many = {}, {}
    for seed in range(5):
        world, rng = planted(seed, precedence={}, place={}), random.Random(seed)
        runs = Runs(world, seed)
        drawn = list(dict.fromkeys(WIDE.draw(rng) for _ in range(120)))
        right = {task: expected_gain(world, f"{task}:900") for task in WIDE.tasks}
        wrong = {task: -gain for task, gain in right.items()}
        values = observed({c: runs(c) for c in drawn[:40]})
        for name, prior in (("right", right), ("none", None), ("wrong", wrong)):
            for found, number in ((few, 4), (many, 40)):
                posterior = believed(values[:number], WIDE, prior)
                found.setdefault(name, []).append(agreement(posterior, world, drawn[40:]))
    few, many = ({name: np.mean(v) for name, v in found.items()} for found in (few, many))
    assert few["right"] > few["none"] + 0.1 > few["wrong"] + 0.1
    assert many["wrong"] > many["none"] - 0.05
    assert many["wrong"] > 0.8


def test_at_equal_promise_what_has_less_to_train_is_proposed():
    space = space_of("abcd", (300,), 2)
    problem = problem_of(space, costs=Costs(fixed=100.0))
    values = {"none": 0.5, "a:300": 0.51, "b:300": 0.51, "c:300": 0.51, "d:300": 0.51}
    posterior = believed(observed(values), space)
    pair = [parse_curriculum(text) for text in ("a:300 > b:300", "c:300 > d:300")]
    nothing, with_c = Known(), Known(trained=frozenset([parse_curriculum("c:300")]))
    assert [remaining_cost(c, nothing, problem) for c in pair] == [700, 700]
    assert [remaining_cost(c, with_c, problem) for c in pair] == [700, 400]
    equal = scores_of(pair, posterior, nothing, problem, incumbent=0.0)
    assert equal[0] == pytest.approx(equal[1], abs=0.02)
    cheaper = scores_of(pair, posterior, with_c, problem, incumbent=0.0)
    assert cheaper - equal == pytest.approx([0.0, np.log(7 / 4)])
    tried = frozenset(o.curriculum for o in posterior.observations)
    known = Known(tried=tried, trained=with_c.trained)
    proposed = propose(posterior, known, problem, random.Random(0))
    assert str(proposed).startswith("c:300 > ")


def test_what_a_rung_trains_of_a_curriculum_is_what_costs():
    whole = parse_curriculum("a:900 > b:900")
    scales = rungs("scales", num_rungs=2, reduction_factor=3, max_stages=2)
    problem = problem_of(space_of("ab", (300, 900)), rungs=scales, costs=Costs(fixed=10.0))
    assert remaining_cost(whole, Known(), problem) == 10 + 2 * 900 + 2 * 300
    short = Known(trained=frozenset([parse_curriculum("a:300")]))
    assert remaining_cost(whole, short, problem) == 10 + 2 * 900 + 300


def told(study, text, state, values, problem):
    study.add_trial(
        create_trial(
            state=state,
            value=values[-1] if state == TrialState.COMPLETE else None,
            params=problem.codec.encode(parse_curriculum(text)),
            distributions=problem.codec.distributions(),
            intermediate_values=dict(enumerate(values)),
        )
    )


def test_stopped_trials_teach_at_their_rung_and_failed_ones_nothing():
    study = optuna.create_study(direction="maximize")
    problem = problem_of(WIDE, rungs=THREE, seed=1)
    told(study, "a:900 > b:100", TrialState.COMPLETE, (0.3, 0.4, 0.5), problem)
    told(study, "c:900", TrialState.PRUNED, (0.2,), problem)
    told(study, "d:900", TrialState.FAIL, (), problem)
    told(study, "e:900", TrialState.RUNNING, (0.1,), problem)
    study.set_user_attr(other_seed_key("a:100+b:100", 7), [0.25, 0.35])
    study.set_user_attr("somebody's", 1)
    known = known_of(study, problem)
    found = [(str(o.curriculum), round(o.fidelity), o.seed, o.value) for o in known.observations]
    assert found == [
        ("a:900 > b:100", 2, 1, 0.3),
        ("a:900 > b:100", 1, 1, 0.4),
        ("a:900 > b:100", 0, 1, 0.5),
        ("c:900", 2, 1, 0.2),
        ("e:900", 2, 1, 0.1),
        ("a:100+b:100", 2, 7, 0.25),
        ("a:100+b:100", 1, 7, 0.35),
    ]
    assert [*map(str, known.running)] == ["e:900"]
    assert {*map(str, known.tried)} == {"a:900 > b:100", "c:900", "d:900", "e:900"}
    assert {*map(str, known.trained)} == {"a:900", "a:900 > b:100", "c:900", "e:900"}


@pytest.mark.parametrize(
    ("definition", "wanted"),
    [
        ("stages", [("a:900", 0.3), ("a:900 > b:300", 0.4), ("a:900 > b:300 > c:900", 0.5)]),
        (
            "scales",
            [
                ("a:100 > b:33 > c:100", 0.3),
                ("a:300 > b:100 > c:300", 0.4),
                ("a:900 > b:300 > c:900", 0.5),
            ],
        ),
    ],
)
def test_every_part_of_a_curriculum_that_was_scored_is_an_observation(definition, wanted):
    study = optuna.create_study(direction="maximize")
    of = rungs(definition, num_rungs=3, reduction_factor=3, max_stages=3)
    problem = problem_of(WIDE, rungs=of)
    told(study, "a:900 > b:300 > c:900", TrialState.COMPLETE, (0.3, 0.4, 0.5), problem)
    found = [(str(o.curriculum), o.value) for o in known_of(study, problem).observations]
    assert found == wanted


def test_a_study_that_minimises_is_turned_round():
    study = optuna.create_study(direction="minimize")
    problem = problem_of(WIDE)
    told(study, "a:900", TrialState.COMPLETE, (0.3,), problem)
    assert [o.value for o in known_of(study, problem).observations] == [-0.3]


def test_where_trials_run_doubt_shrinks_and_expectations_stay():
    runs, rng = Runs(planted(0), 0), random.Random(0)
    drawn = list(dict.fromkeys(WIDE.draw(rng) for _ in range(40)))
    posterior = believed(observed({c: runs(c) for c in drawn[:20]}), WIDE)
    after = posterior.believing(drawn[20:22], seed=0)
    before_means, before_doubts = posterior.predict(drawn[20:])
    means, doubts = after.predict(drawn[20:])
    assert means == pytest.approx(before_means, abs=1e-6)
    assert np.all(doubts[:2] < 0.8 * before_doubts[:2])
    assert np.all(doubts <= before_doubts + 1e-9)


def asked_of(study, space, *, sampler="CurriculumSampler", codec="slots", seed=7, **told):
    problem = problem_of(space, codec, **told)
    return Suggestions(
        study,
        space=space,
        codec=problem.codec,
        new_sampler=sampler_factory(sampler, {}, problem),
        seed=seed,
    )


def search(space, runs, *, number, sampler="CurriculumSampler", seed=0, baselines=True):
    """Curricula in the order in which they were tried, singles and none first."""
    asked = asked_of(optuna.create_study(direction="maximize"), space, sampler=sampler, seed=seed)
    largest = [Stage((Part(task, space.sizes_of(task)[-1]),)) for task in space.usable]
    given = [Curriculum(), *(Curriculum((stage,)) for stage in largest)] if baselines else []
    for curriculum in given:
        asked.open(curriculum, role="baseline")
        asked.tell(curriculum, Outcome((runs(curriculum),), TrialState.COMPLETE))
    found = []
    for _ in range(number):
        curriculum = asked.ask()
        if curriculum is None:
            break
        found.append(curriculum)
        asked.tell(curriculum, Outcome((runs(curriculum),), TrialState.COMPLETE))
    return found


def test_it_finds_better_curricula_than_random_in_a_third_of_the_trials():
    space, ahead = space_of("abcde", (100, 900), 4), 0
    for seed in range(4):
        world = planted(seed, "abcde")
        ours = search(space, Runs(world, seed), number=12, seed=seed)
        drawn = search(space, Runs(world, seed), number=36, seed=seed, sampler="RandomSampler")
        best = [max(expected_gain(world, str(c)) for c in found) for found in (ours, drawn)]
        ahead += best[0] > best[1]
    assert ahead >= 3


def test_running_trials_keep_others_away():
    space = space_of("abcde", (100, 900), 4)
    study = optuna.create_study(direction="maximize")
    asked, runs = asked_of(study, space), Runs(planted(0, "abcde"), 0)
    for curriculum in search(space, runs, number=8):
        asked.open(curriculum, role="sampled")
        asked.tell(curriculum, Outcome((runs(curriculum),), TrialState.COMPLETE))
    at_once = [asked.ask() for _ in range(5)]
    assert len(set(at_once)) == 5


@pytest.mark.parametrize(
    ("codec", "space"),
    [
        pytest.param(codec, space, id=f"{codec}-{name}")
        for codec, (name, space) in product(CODECS, SPACES.items())
        if codec != "lehmer" or not space.repeats  # it has no repeats
    ],
)
def test_every_space_is_searched_to_its_end_with_every_codec(codec, space):
    asked = asked_of(optuna.create_study(direction="maximize"), space, codec=codec)
    number, found = min(space.count(), 12), []
    for k in range(number):
        found.append(asked.ask())
        asked.tell(found[-1], Outcome((0.5 + 0.01 * (k % 3),), TrialState.COMPLETE))
    assert len(set(found)) == number
    assert all(map(space.contains, found))
    assert (asked.ask() is None) == (space.count() == number)


def test_what_was_proposed_is_what_the_same_question_gets_again():
    problem = problem_of(WIDE)
    runs, rng = Runs(planted(0), 0), random.Random(0)
    values = observed({WIDE.draw(rng): runs(WIDE.draw(rng)) for _ in range(20)})
    known = Known(observations=tuple(values), tried=frozenset(o.curriculum for o in values))
    one, other = (
        propose(Belief(problem).after(known), known, problem, random.Random(3)) for _ in range(2)
    )
    assert one == other


def test_of_too_many_observations_the_best_and_the_highest_fidelities_stay(monkeypatch, caplog):
    finals = observed({f"a:{k}": (k * 7) % 40 for k in range(1, 41)})
    lower = observed({f"b:{k}": float(k) for k in range(1, 41)}, fidelity=1.0)
    kept = some_of([*lower, *finals], 50)
    assert len(kept) == 50
    assert [o for o in kept if o.fidelity == 0] == finals
    assert {o.value for o in kept if o.fidelity == 1} >= {40.0, 39.0, 38.0, 37.0, 36.0}
    assert some_of(finals, 40) == finals
    monkeypatch.setattr(model, "MOST_OBSERVATIONS", 10)
    model._say_once.cache_clear()
    posterior = believed(finals, space_of("ab"))
    believed(finals, space_of("ab"))
    assert len(posterior.observations) == 10
    assert caplog.text.count("learns from 10 observations") == 1


def test_values_that_are_all_alike_or_few_are_no_problem():
    space = SPACES["plain"]
    for number in (1, 2, 6):
        values = {c: 0.5 for k, c in enumerate(space.enumerate()) if k < number}
        posterior = believed(observed(values), space)
        means, doubts = posterior.predict([*space.enumerate()])
        assert posterior.value(means) == pytest.approx(0.5)
        assert np.all(doubts > 0)


STUDY = {
    "study": {"name": "s"},
    "encoder": {"name": "miniworld"},
    "space": {"tasks": ["mini-nli", "mini-pos"], "sizes": [90, 270], "max_stages": 2},
    "targets": ["mini-xnli", "mini-tatoeba"],
    "languages": {"proxy": ["bor"], "report": ["eki"]},
    "probe": {"train": 90, "eval": 60},
    "full": {"train": 90, "eval": 60},
    "stopping": {},
    "budget": {"trials": 2},
    "recipe": {"stage": {"epochs": 2}, "target": {"epochs": 3}},
    "sampler": {"name": "CurriculumSampler", "options": {"prior": {"mini-nli": 1.0}}},
}


@pytest.fixture
def opened(tmp_path):
    """A study of the miniworld, its planner, and its search with an empty run folder."""
    config = load_study(STUDY)
    planner = Planner(config, Places(run_id="t", cache=tmp_path, store=None, mirror=None))
    folder = RunFolder(tmp_path / "run")
    with opened_for_writing(folder):
        yield config, planner, folder


def test_a_study_tells_what_its_trials_cost(opened):
    config, planner, _ = opened
    told = problem_of_study(config, planner)
    rungs_train = 10 + 30 + 90
    xnli = 3 * rungs_train + 3 * 3 * 60 / 3 + 3 * 2 * 60 / 3  # dev at each epoch; en and bor
    tatoeba = 3 * 2 * 60 / 3  # both sides
    assert told.costs.fixed == pytest.approx(xnli + tatoeba)
    for size in (90, 270):
        stage = Stage((Part("mini-nli", size),))
        dev = told.costs.of_stage(stage) - 2 * size
        assert 0 < dev <= 270 / 3
    assert 0.5**2 / 240 < told.item_variance < 0.5**2 / 60
    assert (told.seed, len(told.rungs), told.space.max_stages) == (1, 3, 2)


def test_a_study_that_names_it_is_searched_with_it(opened):
    config, planner, folder = opened
    recorder = Recorder(folder.observations)
    _, suggestions = open_search(config, folder, planner, recorder, Clock(folder.clock))
    given = [Curriculum(), *planner.given().singles]
    for k, curriculum in enumerate(given):
        suggestions.open(curriculum, role="baseline")
        suggestions.tell(curriculum, Outcome((0.4, 0.45, 0.5 + k / 100), TrialState.COMPLETE))
    suggestions.note_other_seed("none", 2, (0.4, 0.45, 0.51))
    proposed = suggestions.ask()
    assert proposed not in given
    known = known_of(suggestions._study, problem_of_study(config, planner))
    assert [o.seed for o in known.observations if str(o.curriculum) == "none"] == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"n_startup_trials": 3}, "sampler.options.n_startup_trials is no option of Curri"),
        ({"prior": {"mini-nly": 1.0}}, "names 'mini-nly'; did you mean mini-nli?"),
        ({"prior": {"mini-nli": "much"}}, "sampler.options.prior.mini-nli is 'much'; wanted a nu"),
        ({"prior": 3}, "sampler.options.prior is 3; wanted a number by task"),
    ],
)
def test_wrong_options_are_refused_before_the_search(options, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        load_study({**STUDY, "sampler": {"name": "CurriculumSampler", "options": options}})


def test_a_search_opens_without_loading_the_model():
    code = "import sys, search.suggestions, search.part_checks\n"
    code += "print('search.gp.model' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_curriculum_that_collapsed_hides_nothing_of_the_others():
    world, rng = planted(1), random.Random(1)
    runs = Runs(world, 1)
    drawn = list(dict.fromkeys(WIDE.draw(rng) for _ in range(80)))
    values = {c: runs(c) for c in drawn[:40]}
    without = agreement(believed(observed(values), WIDE), world, drawn[40:])
    collapsed = observed(values | {drawn[0]: 0.02, drawn[1]: 0.05})
    assert agreement(believed(collapsed, WIDE), world, drawn[40:]) > without - 0.15
    means, _ = believed(collapsed, WIDE).predict(drawn[:40])
    assert set(np.argsort(means)[:8]) >= {0, 1}
