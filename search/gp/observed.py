"""What does a study know of curricula? Observations, what runs, what is trained: by its trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, log
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from spaces.codecs import Codec
from spaces.curriculum import Curriculum, Stage, parse_curriculum
from spaces.rungs import Rung, rungs
from spaces.space import CurriculumSpace

OTHER_SEED = "other seed"
"""Key of the study's user attributes under which values at other seeds stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a trial costs, in examples."""

    fixed: float = 1.0
    """Targets and evaluation of one trial, at all rungs: no other trial has them."""
    of_stage: Callable[[Stage], float] = lambda stage: float(stage.num_examples)
    """Training of a stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What our sampler is told of a search, beside its trials."""

    space: CurriculumSpace
    codec: Codec
    rungs: tuple[Rung, ...] = rungs("targets", num_rungs=1, reduction_factor=3, max_stages=1)
    """Step k of a trial is the value at rung k."""
    costs: Costs = Costs()
    item_variance: float = 0.0
    """Of a value, since a finite number of items is scored; 0: not known."""
    seed: int = 0
    """Stage seed of the study's own trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A value of what was trained of a curriculum until a rung: a curriculum itself."""

    curriculum: Curriculum
    fidelity: float
    """0 for a probe of all its examples, 1 for a third of them, 2 for a ninth."""
    seed: int
    value: float
    """Higher is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that a proposal depends on."""

    observations: tuple[Observation, ...] = ()
    """Each curriculum, fidelity and seed once."""
    running: tuple[Curriculum, ...] = ()
    tried: frozenset[Curriculum] = field(default_factory=frozenset)
    """Also those that failed or run."""
    trained: frozenset[Curriculum] = field(default_factory=frozenset)
    """Prefixes that trials of this study trained, or train: a warm store must not change what is
    proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one trial says."""

    trial: FrozenTrial
    curriculum: Curriculum
    observations: tuple[Observation, ...]
    trained: frozenset[Curriculum]


Memory = dict[int, Told]
"""What trials say, by number: Optuna makes a new record of a trial that changes, so that each
record of theirs is read once."""


def known_of(
    study: optuna.Study,
    problem: Problem,
    *,
    asking: int | None = None,
    memory: Memory | None = None,
) -> Known:
    """What the trials of a study say.

    Args:
        study: trials without the parameters of the problem's codec say nothing.
        problem: what the search is.
        asking: number of the trial that is to be proposed.
        memory: of the same problem, from one question to the next; is changed.
    """
    memory = {} if memory is None else memory
    sign = -1.0 if study.direction == StudyDirection.MINIMIZE else 1.0
    observations: dict[tuple[Curriculum, float, int], Observation] = {}
    running: list[Curriculum] = []
    tried: set[Curriculum] = set()
    trained: set[Curriculum] = set()

    def observe(found: Observation) -> None:
        observations.setdefault((found.curriculum, found.fidelity, found.seed), found)

    names = problem.codec.distributions().keys()
    for trial in study.get_trials(deepcopy=False):
        if trial.number == asking or not names <= trial.params.keys():
            continue
        told = memory.get(trial.number)
        if told is None or told.trial is not trial:
            told = memory[trial.number] = _told_by(trial, problem, sign)
        tried.add(told.curriculum)
        trained |= told.trained
        for observation in told.observations:
            observe(observation)
        if not trial.state.is_finished():
            running.append(told.curriculum)
    for text, seed, by_rung in _at_other_seeds(study.user_attrs):
        values = list(zip(problem.rungs, (sign * value for value in by_rung), strict=False))
        for observation in _observed(parse_curriculum(text), values, problem, seed):
            observe(observation)
    return Known(
        observations=tuple(observations.values()),
        running=tuple(running),
        tried=frozenset(tried),
        trained=frozenset(trained),
    )


def _told_by(trial: FrozenTrial, problem: Problem, sign: float) -> Told:
    curriculum = problem.codec.decode(trial.params)
    if trial.state == TrialState.FAIL:
        return Told(trial=trial, curriculum=curriculum, observations=(), trained=frozenset())
    values = [(rung, sign * value) for rung, value in _values_of(trial, problem.rungs)]
    whole = trial.state != TrialState.PRUNED
    reached = problem.rungs if whole else problem.rungs[: len(values)]
    return Told(
        trial=trial,
        curriculum=curriculum,
        observations=tuple(_observed(curriculum, values, problem, problem.seed)),
        trained=frozenset(to_train(curriculum, reached)),
    )


def _observed(
    curriculum: Curriculum, values: Sequence[tuple[Rung, float]], problem: Problem, seed: int
) -> Iterator[Observation]:
    """Values at rungs, of parts that have tasks of the space alone."""
    for rung, value in values:
        part = rung.part_of(curriculum)
        if set(part.tasks) <= set(problem.space.usable):
            yield Observation(curriculum=part, fidelity=_fidelity(rung), seed=seed, value=value)


def to_train(curriculum: Curriculum, until: Sequence[Rung]) -> list[Curriculum]:
    """The stage nodes of a curriculum, each as the prefix that ends with it."""
    parts = {(rung.stage_scale, rung.num_stages): rung for rung in until}  # the others repeat them
    nodes = [p for rung in parts.values() for p in rung.part_of(curriculum).prefixes()[1:]]
    return nodes if len(parts) == 1 else list(dict.fromkeys(nodes))


def remaining_cost(curriculum: Curriculum, known: Known, problem: Problem) -> float:
    """Examples that a trial of it would have to pay for.

    EEIPU's remaining cost of a pipeline of which a prefix is memoised (Essofi et al. 2024, arXiv
    2411.03731), counted instead of modelled.
    """
    nodes = to_train(curriculum, problem.rungs)
    new = (node.stages[-1] for node in nodes if node not in known.trained)
    return problem.costs.fixed + sum(problem.costs.of_stage(stage) for stage in new)


def _fidelity(rung: Rung) -> float:
    return -log(rung.target_scale) / log(3) if rung.target_scale < 1 else 0.0


def _values_of(trial: FrozenTrial, of: Sequence[Rung]) -> list[tuple[Rung, float]]:
    """Finite values by rung; a completed trial has one at the last."""
    steps = dict(trial.intermediate_values)
    if trial.state == TrialState.COMPLETE and trial.value is not None:
        steps[len(of) - 1] = trial.value
    return [(of[k], v) for k, v in sorted(steps.items()) if k < len(of) and isfinite(v)]


def other_seed_key(curriculum: str, seed: int) -> str:
    """Name of the study's user attribute with the values of a curriculum at another seed."""
    return f"{OTHER_SEED} {seed}: {curriculum}"


def _at_other_seeds(attributes: Mapping[str, Any]) -> Iterator[tuple[str, int, list[float]]]:
    """Curriculum, seed and values by rung, in the order of names."""
    for key in sorted(attributes):
        if key.startswith(OTHER_SEED):
            seed, _, text = key.removeprefix(OTHER_SEED).partition(": ")
            yield text, int(seed), attributes[key]
