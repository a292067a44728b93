"""What ours is compared with: every rival on a planted table, Ray's and others' own objects."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from optuna.trial import TrialState
from planted_table import by_part, planted, study, without_time
from ray.tune.schedulers import AsyncHyperBandScheduler
from ray.tune.search.optuna import OptunaSearch

from analysis.features import as_features, write_features
from benchmarks.rivals.as_documented import RayTune
from benchmarks.rivals.asking import Asked, Report
from benchmarks.rivals.greedy import Greedy
from benchmarks.rivals.predicted import by_feature, predicted, scores_of
from benchmarks.rivals.slots import slots_of
from benchmarks.rivals.table import RIVALS, strategy_of, why_absent
from search.simulation import planner_on, simulate
from search.strategies import with_strategy
from spaces.curriculum import parse_curriculum
from spaces.space import CurriculumSpace
from trainables.features.wanted import feature_row

SPACE = CurriculumSpace(tasks=("a", "b", "c", "d"), sizes=(1000, 3000), max_stages=3)
TRIALS = 40


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """249 curricula at a seed that is seen and at one that is not."""
    return planted(tmp_path_factory.mktemp("rivals"), study(), (1, 3))


@pytest.fixture(scope="module")
def table(world):
    return world[0]


def needed_of(world):
    """Examples of each curriculum at seed 1 through all rungs, nothing shared, by part."""
    found = {}
    for row in world[1]:
        if row["stage_seed"] == 1:
            found.setdefault(row["curriculum"], []).append(row)
    return {text: by_part(rows, "examples_needed") for text, rows in found.items()}


def there(name):
    """The rival; a test of one that is not installed is skipped and says how to install it."""
    if reason := why_absent(RIVALS[name]):
        pytest.skip(reason)
    return RIVALS[name]


def study_of(config, rival, **how):
    return with_strategy(config, strategy_of(rival), stage_seed=1, fresh=(2,), **how)


def replay(table, name, *, trials=TRIALS, seed=1, **how):
    rival = there(name)
    config = study_of(table.config, rival, trials=trials, sampler_seed=seed)
    return simulate(table, config, search=rival.search, **how)


@pytest.mark.parametrize("name", RIVALS)
def test_every_rival_ends_within_its_budget_and_its_winner_is_in_the_space(table, name):
    found = replay(table, name, trials=15, workers=3)
    assert 0 < found.num_sampled <= 15
    assert found.num_sampled == 15 or found.exhausted
    assert len(found.order) == found.num_sampled
    assert (found.ended_by, found.num_failed) == ("", 0)
    space = planner_on(table, table.config).space
    assert space.contains(parse_curriculum(found.winner))
    assert found.finals[found.winner] == max(found.finals.values())
    assert (found.num_stopped > 0) <= RIVALS[name].stops


@pytest.mark.parametrize("name", RIVALS)
def test_equal_seeds_give_equal_runs_of_rivals(table, name):
    first, again = (replay(table, name, trials=12, workers=2) for _ in range(2))
    assert without_time(first) == without_time(again)


@pytest.mark.parametrize("name", ["as documented", "smac", "syne tune"])
def test_another_sampler_seed_is_another_run(table, name):
    first, other = (replay(table, name, trials=8, seed=seed) for seed in (1, 2))
    assert first.order != other.order


@pytest.mark.parametrize("name", ["as documented", "greedy"])
def test_a_rivals_lost_workers_start_again_and_no_rung_is_told_twice(table, name):
    steady, shaky = (replay(table, name, failures=rate, workers=2) for rate in (0.0, 0.2))
    assert (steady.num_lost, shaky.num_sampled) == (0, steady.num_sampled)
    assert shaky.num_lost > 0
    again = shaky.num_lost - shaky.num_failed
    assert len(shaky.order) == shaky.num_sampled + again


class Named:
    """Proposes given curricula, stops nothing."""

    def __init__(self, *texts):
        self.left = [parse_curriculum(text) for text in texts]

    def propose(self, trial):
        return self.left.pop(0) if self.left else None

    def take(self, report):
        return False

    def exhausted(self):
        return not self.left


@pytest.mark.parametrize(("store", "times"), [(False, 2), (True, 1)])
def test_what_is_proposed_again_is_paid_again_without_a_store_only(world, table, store, times):
    again = "mini-nli:1000 > mini-squad:3000"
    other = "mini-choice:3000"

    def search(config, planner, elapsed_hours):
        return Asked(config, planner, Named(again, other, again))

    config = study(store={"enabled": store}, budget={"trials": 3})
    found = simulate(table, config, search=search, workers=3)
    assert [text for text, _, _ in found.order] == [again, other, again]
    assert len({variant for _, variant, _ in found.order}) == 2
    needed = needed_of(world)
    for part in ("stage", "target"):
        wanted = times * needed[again][part] + needed[other][part]
        assert found.spent.by_part[part] == pytest.approx(wanted)


def test_without_a_budget_in_trials_a_rival_is_refused(table):
    with pytest.raises(ValueError, match=r"set budget.trials"):
        simulate(table, study(budget={"hours": 1}), search=RIVALS["greedy"].search)


def test_the_program_as_documented_is_rays_own_objects_and_stops_some(table):
    program = RayTune(SPACE, max_t=9, factor=3, seed=1)
    assert type(program.search_alg) is OptunaSearch
    assert type(program.scheduler) is AsyncHyperBandScheduler
    found = replay(table, "as documented")
    assert 5 < found.num_stopped < TRIALS - 5
    assert len(found.finals) < TRIALS - found.num_stopped + 1
    assert {variant for _, variant, _ in found.order} != {""}  # repeats among them


def test_what_is_stopped_is_told_to_optuna_as_complete_with_its_early_value():
    """So Ray 2.60 does it, and the stopping value is no intermediate one."""
    program = RayTune(SPACE, max_t=9, factor=3, seed=1)
    stopped = []
    for trial, value in enumerate((0.9, 0.5, 0.1)):
        program.propose(trial)
        for iteration in (1, 3, 9):
            report = Report(trial=trial, iteration=iteration, value=value, last=iteration == 9)
            if program.take(report):
                stopped.append(iteration)
                break
    assert stopped == [9, 1, 1]
    told = program.search_alg._ot_study.trials
    assert [t.state for t in told] == [TrialState.COMPLETE] * 3
    assert [t.value for t in told] == [0.9, 0.5, 0.1]
    assert [list(t.intermediate_values) for t in told] == [[1, 3], [], []]
    assert told[0].params.keys() == {f"{kind}_{i}" for kind in ("slot", "size") for i in range(3)}


def test_as_documented_pays_for_every_repeat(world, table):
    found = replay(table, "as documented")
    needed = needed_of(world)
    stages = sum(needed[text]["stage"] for text, _, _ in found.order)
    assert found.spent.by_part["stage"] == pytest.approx(stages)
    assert max(Counter(text for text, _, _ in found.order).values()) > 1


def greedily(value):
    """Curricula in the order in which greedy selection trains them, one at a time."""
    greedy, order = Greedy(SPACE), []
    while (found := greedy.propose(len(order))) is not None:
        order.append(str(found))
        trial = len(order) - 1
        greedy.take(Report(trial=trial, iteration=1, value=value(str(found)), last=True))
    assert greedy.exhausted()
    return order


def test_greedy_goes_on_from_the_best_and_then_from_the_second_best():
    worth = {"a:1000": 0.5, "b:3000": 0.4, "a:1000 > c:1000": 0.7}
    order = greedily(lambda text: worth.get(text, 0.1))
    assert len(order[:8]) == len({text for text in order if ">" not in text}) == 8
    assert all(text.startswith("a:1000 > ") for text in order[8:14])
    assert all(text.startswith("a:1000 > c:1000 > ") for text in order[14:18])
    assert all(text.startswith("b:3000 > ") for text in order[18:24])
    assert len(set(order)) == len(order)


def test_greedy_waits_for_the_whole_round():
    greedy = Greedy(SPACE)
    assert all(greedy.propose(trial) for trial in range(8))
    assert greedy.propose(8) is None
    assert not greedy.exhausted()


def test_a_prediction_proposes_its_few_curricula_the_most_helpful_last(table):
    tasks = table.config.space.tasks
    search = predicted({task: score for score, task in enumerate(tasks)})
    config = study_of(table.config, RIVALS["greedy"], trials=40, sampler_seed=1)
    found = simulate(table, config, search=search)
    a, b, c = tasks[-1], tasks[-2], tasks[-3]
    assert [text for text, _, _ in found.order] == [
        f"{a}:3000",
        f"{a}:1000",
        f"{b}:3000 > {a}:3000",
        f"{b}:1000 > {a}:1000",
        f"{c}:3000 > {b}:3000 > {a}:3000",
        f"{c}:1000 > {b}:1000 > {a}:1000",
    ]
    assert found.exhausted
    with pytest.raises(ValueError, match="no score of mini-choice"):
        simulate(table, config, search=predicted(dict.fromkeys(tasks[:-1], 1.0)))


def test_a_prediction_follows_the_mean_of_a_feature_over_the_studys_targets(table, tmp_path):
    tasks, targets = table.config.space.tasks, table.config.targets
    file = tmp_path / "features.parquet"
    rows = [
        feature_row("logme", {"task": task, "target": target}, value)
        for place, task in enumerate(tasks)
        for target, value in ((targets[0], 0.5), (targets[1], float(place)), ("other", -9.0))
    ]
    write_features(as_features([*rows, feature_row("logme", {"task": "none"}, 3.0)]), file)
    scores = scores_of(file, "logme", targets)
    assert scores == {task: (0.5 + place) / 2 for place, task in enumerate(tasks)}
    assert scores_of(file, "textemb_cosine", targets) == {}  # not measured
    assert scores_of(tmp_path / "none.parquet", "logme", targets) == {}
    config = study_of(table.config, RIVALS["greedy"], trials=40, sampler_seed=1)
    found = simulate(table, config, search=by_feature(file, "logme"))
    assert found.order[0][0] == f"{tasks[-1]}:3000"


def test_slots_say_a_task_once_and_leave_gaps_out():
    values = {"slot_0": "none", "size_0": 1, "slot_1": "b", "size_1": 3000}
    values |= {"slot_2": "b", "size_2": 1000}
    slots = slots_of(SPACE)
    assert str(slots.curriculum(values)) == "b:3000"
    assert slots.categories()["slot_2"] == ("a", "b", "c", "d", "none")
    with pytest.raises(ValueError, match="without required tasks"):
        slots_of(replace(SPACE, required=("a",)))


def test_slots_say_every_curriculum_of_a_space_with_mixtures_and_no_other():
    space = CurriculumSpace(tasks=("a", "b", "c"), sizes=(10, 20), max_stages=2, joint=2)
    categories = slots_of(space).categories()
    assert categories["slot_0"] == ("a", "b", "c", "a+b", "a+c", "b+c", "none")
    said = {
        str(slots_of(space).curriculum(dict(zip(categories, values, strict=True))))
        for values in product(*categories.values())
    }
    assert said == {str(curriculum) for curriculum in space.enumerate()}


def test_smac_knows_the_space_exactly_and_proposes_no_curriculum_twice(table):
    there("smac")
    found = replay(table, "smac", trials=30)
    assert len({text for text, _, _ in found.order}) == 30


def test_syne_tune_stops_some(table):
    there("syne tune")
    assert replay(table, "syne tune", trials=15).num_stopped > 0
