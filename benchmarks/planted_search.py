"""Which sampler finds good curricula with the fewest trials and examples, in worlds whose truth is
planted? And how long does our own think?

    python -m benchmarks.planted_search [--worlds 12] [--trials 40]

Effects of tasks, places, orders and sizes are drawn anew for every world; noise is shared along
prefixes. Nothing is trained, and nothing here is a finding about tasks or languages. A prior is a
task's true gain alone, or its opposite.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import permutations

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.trial import TrialState

from analysis.planted import SizeLaw, World, expected_gain
from search.gp.observed import Costs, Problem, remaining_cost
from search.gp.observed import Known as Trained
from search.samplers import OWN_SAMPLER, sampler_factory
from search.suggestions import Outcome, Suggestions
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.rungs import rungs
from spaces.space import CurriculumSpace

SPACE = CurriculumSpace(tasks=tuple("abcdef"), sizes=(1_000, 3_000, 9_000), max_stages=5)
LARGE = CurriculumSpace(tasks=tuple("abcdefghi"), sizes=(1_000, 3_000, 9_000), max_stages=9)
FIXED = 20_000
"""Examples of a trial's targets and their evaluation."""
NODE, RUN = 0.005, 0.007
"""Standard deviations of a stage node, shared by all on it, and of a trial alone."""
LOOKED_AT = (5, 10, 20, 40, 80)
WAYS = {
    "CurriculumSampler": (OWN_SAMPLER, 0),
    "with a right prior": (OWN_SAMPLER, 1),
    "with a wrong prior": (OWN_SAMPLER, -1),
    "TPESampler": ("TPESampler", 0),
    "RandomSampler": ("RandomSampler", 0),
}


def main() -> None:
    """Print a table and the time per proposal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=12)
    parser.add_argument("--trials", type=int, default=40)
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    after = [number for number in LOOKED_AT if number <= asked.trials]
    print(f"Share of the best gain of 3,000 draws that the best-scored trial has, {asked.worlds}")
    print(f"worlds, after {', '.join(map(str, after))} trials; then thousands of examples paid")
    for name, (sampler, sign) in WAYS.items():
        found = []
        for seed in range(asked.worlds):
            world = planted(seed, SPACE)
            rng = random.Random(0)
            top = max(expected_gain(world, str(SPACE.draw(rng))) for _ in range(3_000))
            prior = {task: sign * expected_gain(world, f"{task}:9000") for task in SPACE.tasks}
            path = searched(world, SPACE, sampler, seed, asked.trials, prior if sign else None)
            found.append([(path[k - 1][0] / top, path[k - 1][1] / 1e3) for k in after])
        gains, paid = np.mean(found, axis=0).T
        error = np.std([own[-1][0] for own in found]) / asked.worlds**0.5
        print(f"{name:20}", *(f"{g:5.2f}" for g in gains), f"+- {error:.2f} |", end="")
        print(*(f"{p:6.0f}" for p in paid), flush=True)
    print(
        "Seconds of CPU per proposal, up to 9 stages of 9 tasks, 3 rungs:",
        *map("{}: {:.2f}".format, *thinking()),
    )


def planted(seed: int, space: CurriculumSpace) -> World:
    """A world in which tasks, places, orders and sizes matter."""
    rng = np.random.default_rng(seed)
    tasks = space.tasks
    return World(
        curricula=("none",),
        task={task: float(rng.normal(0.005, 0.012)) for task in tasks},
        place={task: float(rng.normal(0, 0.003)) for task in tasks},
        precedence={pair: float(rng.normal(0, 0.008)) for pair in permutations(tasks, 2)},
        size={
            task: SizeLaw(kind="power", scale=float(abs(rng.normal(0, 0.004))), shape=0.5)
            for task in tasks
        },
    )


def searched(
    world: World,
    space: CurriculumSpace,
    sampler: str,
    seed: int,
    trials: int,
    prior: Mapping[str, float] | None,
) -> list[tuple[float, float]]:
    """After each trial the true gain of the one with the best score, and examples paid so far."""
    problem = problem_of(space)
    score, asked = scores(world, seed), suggestions(problem, sampler, seed, prior)
    path, trained, paid = [], set[Curriculum](), 0.0
    best = (-1.0, 0.0)
    for task in ("", *space.tasks):
        curriculum = parse_curriculum(f"{task}:9000" if task else "none")
        asked.open(curriculum, role="baseline")
        asked.tell(curriculum, Outcome((score(curriculum),), TrialState.COMPLETE))
    for _ in range(trials):
        proposed = asked.ask()
        assert proposed is not None
        value = score(proposed)
        asked.tell(proposed, Outcome((value,), TrialState.COMPLETE))
        paid += remaining_cost(proposed, Trained(trained=frozenset(trained)), problem)
        trained |= set(proposed.prefixes())
        best = max(best, (value, expected_gain(world, str(proposed))))
        path.append((best[1], paid))
    return path


def problem_of(space: CurriculumSpace) -> Problem:
    """Of one rung."""
    codec = CODECS["random_keys"](space)
    return Problem(space=space, codec=codec, costs=Costs(fixed=FIXED))


def suggestions(
    problem: Problem, sampler: str, seed: int, prior: Mapping[str, float] | None = None
) -> Suggestions:
    """A study without trials."""
    options = {} if prior is None else {"prior": prior}
    new_sampler: Callable[[int], BaseSampler] = sampler_factory(sampler, options, problem)
    return Suggestions(
        optuna.create_study(direction="maximize"),
        space=problem.space,
        codec=problem.codec,
        new_sampler=new_sampler,
        seed=seed,
    )


def scores(world: World, seed: int) -> Callable[[Curriculum], float]:
    """Noisy scores; stage nodes have drawn their luck once."""
    rng, nodes = random.Random(seed), dict[Curriculum, float]()

    def score(curriculum: Curriculum) -> float:
        for prefix in curriculum.prefixes()[1:]:
            nodes.setdefault(prefix, rng.gauss(0, NODE))
        luck = sum(nodes[prefix] for prefix in curriculum.prefixes()[1:])
        return 0.5 + expected_gain(world, str(curriculum)) + luck + rng.gauss(0, RUN)

    return score


def thinking() -> tuple[list[int], list[float]]:
    """Numbers of trials, and CPU seconds of one proposal after each."""
    world, rng = planted(0, LARGE), random.Random(0)
    three = rungs("targets", num_rungs=3, reduction_factor=3, max_stages=9)
    problem = replace(problem_of(LARGE), rungs=three)
    score, asked = scores(world, 0), suggestions(problem, OWN_SAMPLER, 0)
    numbers, seconds = [50, 200, 600], []
    for number in numbers:
        while asked.num_sampled < number:
            curriculum = LARGE.draw(rng)
            asked.open(curriculum, role="sampled")
            value, reached = score(curriculum), rng.choices((1, 2, 3), weights=(2, 1, 1))[0]
            state = TrialState.COMPLETE if reached == 3 else TrialState.PRUNED
            asked.tell(curriculum, Outcome((value,) * reached, state))
        before = time.process_time()
        asked.ask()
        seconds.append(time.process_time() - before)
    return numbers, seconds


if __name__ == "__main__":
    main()
