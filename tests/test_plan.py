"""What `curriculum plan` says: hand-computed costs, real speeds, noise."""

import re
from math import sqrt

import pytest
from typer.testing import CliRunner

from analysis.objective import Objective, ScoredTarget
from analysis.observations import as_frame
from analysis.savings import PAPERS
from search.assignments import Planner, setup_of
from search.calibration import calibrate
from search.cli import app
from search.config import load_study, resolved_yaml
from search.expected_noise import expected_noise, remedies_for
from search.forecast import forecast
from search.forecast_means import Noise, halving
from search.places import Places
from search.plan import in_papers_proportions, plan_study
from search.study_fields import StudyConfig
from search.work import Counter, cost_of
from spaces.curriculum import parse_curriculum
from trainables.leases import NoLeases
from trainables.recipe import Recipe
from trainables.tasks import get_task
from trainables.train import RungReached, run_assignment
from trainables.workbench import Workbench

PARTS = ("stage", "target", "evaluation")
QUIET = Noise(noise=0.0, spread=0.1)


class TableOfFacts:
    """A world in which every split has 120 rows and every row one feature."""

    task = staticmethod(get_task)

    def rows(self, task, split, language):
        return 120

    def passages(self, task, split, language, limit):
        return 7 * limit

    def features_per_row(self, task):
        return 1.0

    def recipe_of_stage(self, tasks):
        return Recipe(epochs=1)

    def recipe_of_target(self, target):
        return Recipe(epochs=2)


@pytest.fixture
def study():
    recipe = {"learning_rate": 1e-3, "epochs": 1}

    def make(**changes):
        return StudyConfig.model_validate(
            {
                "study": {"name": "planned"},
                "encoder": {"name": "miniworld"},
                "space": {
                    "tasks": ["mini-nli", "mini-pos"],
                    "sizes": [300],
                    "max_stages": 2,
                },
                "targets": ["mini-xnli", "mini-tatoeba"],
                "languages": {"proxy": ["bor"], "report": ["eki"]},
                "probe": {"train": 90, "eval": 60},
                "full": {"train": 90, "eval": 60},
                "budget": {"trials": 2},
                "confirm": {"top": 1},
                "seeds": {"confirm": [11, 12]},
                "recipe": {"stage": recipe, "target": {**recipe, "epochs": 2}},
                **changes,
            }
        )

    return make


@pytest.fixture
def planner(tmp_path):
    def make(config):
        return Planner(
            config, Places(run_id="t", cache=tmp_path / "cache", store=None, mirror=None)
        )

    return make


def forecast_of(config, planner, noise=QUIET, **changes):
    own = planner(config)
    counter = Counter(TableOfFacts())
    return forecast(
        config, own, counter, rates=None, noise=[noise] * own.num_rungs, repeats=3, **changes
    )


@pytest.mark.parametrize(
    ("trials", "rungs", "eta", "kept"),
    [(27, 3, 3, (27, 9, 3)), (16, 3, 3, (16, 6, 2)), (16, 4, 2, (16, 8, 4, 2)), (5, 1, 3, (5,))],
)
def test_halving_keeps_one_in_eta_per_rung(trials, rungs, eta, kept):
    assert halving(trials, rungs, eta) == kept


def test_a_whole_space_pays_every_prefix_once(study, planner):
    """none, a, b, a > b, b > a: six stages are needed, four different ones are trained."""
    found = forecast_of(
        study(enumerate=True, budget={}, stopping="none", confirm={"top": 0}, seeds={"noise": []}),
        planner,
    )
    stage = 300 + 120 / 3  # one epoch, then the dev items, forward only
    jointly = 600 + 2 * 120 / 3  # the baseline of both tasks at once
    costs = [phase.cost for phase in found.phases]
    assert sum(cost.needed["stage"] for cost in costs) == pytest.approx(6 * stage + jointly)
    assert sum(cost.paid["stage"] for cost in costs) == pytest.approx(4 * stage + jointly)
    assert found.num_trials == 2
    assert found.reaching == (2.0,)


def test_targets_and_evaluation_of_a_trial_by_hand(study, planner):
    found = forecast_of(study(stopping="none"), planner)
    target = 90 * 2 + 2 * 60 / 3  # two epochs, a look at as many dev items as are scored
    xnli = 2 * 60 / 3  # English and bor
    tatoeba = 2 * 60 / 3  # bor alone, both sides
    assert found.whole_trial["target"] == pytest.approx(target)
    assert found.whole_trial["evaluation"] == pytest.approx(xnli + tatoeba)


def test_trials_that_stop_early_cost_less(study, planner):
    budget = {
        "budget": {"trials": 30},
        "space": {
            "tasks": ["mini-nli", "mini-pos", "mini-squad"],
            "sizes": [300, 900],
            "max_stages": 3,
        },
    }
    stopping, whole = (
        forecast_of(study(**budget, stopping=stopping), planner) for stopping in ({}, "none")
    )
    assert stopping.reaching[0] == whole.reaching[0] == 30
    assert stopping.reaching[0] > stopping.reaching[1] > stopping.reaching[2] > 0
    noisy = forecast_of(study(**budget, stopping={}), planner, Noise(noise=0.5, spread=0.1))
    assert noisy.reaching == (30.0, 30.0, 30.0)


def test_a_budget_in_examples_is_spent_and_not_more_than_one_trial_and_its_seeds_over(
    study, planner
):
    config = study(
        budget={"examples": 3_000},
        space={
            "tasks": ["mini-nli", "mini-pos", "mini-squad"],
            "sizes": [300],
            "max_stages": 3,
        },
    )
    phases = forecast_of(config, planner).phases
    spent = [p.cost.paid for p in phases if p.name in ("search", "contenders")]
    dearest = 3 * (300 + 40) + 3 * (90 * 2 + 80) + 3 * 80
    trial_and_seeds = (1 + len(config.seeds.noise)) * dearest
    total = sum(sum(paid.values()) for paid in spent)
    assert 3_000 <= total < 3_000 + trial_and_seeds


STAGE = {"learning_rate": 1e-3, "epochs": 1}
UNIFORM = {**STAGE, "sampling": "uniform"}
WOVEN = {"task": "mini-mlm", "ratio": 0.25}


@pytest.mark.parametrize(
    ("recipe", "stages", "within", "targets"),
    [
        ({}, "mini-pos:300 > mini-ner:300", 0, []),
        ({}, "none", 0, ["mini-answers"]),
        ({"interleave": WOVEN}, "mini-pos:300 > mini-ner:100+mini-nli:50", 0, []),
        ({"interleave": {**WOVEN, "ratio": 100.0}}, "mini-pos:96", 0, []),
        (
            {"stage": {**STAGE, "sampling": "uniform"}},
            "mini-pos:300 > mini-nli:50+mini-ner:300",
            64,
            [],
        ),
        ({"stage": {**STAGE, "sampling": "uniform"}, "interleave": WOVEN}, "mini-pos:300", 64, []),
    ],
    ids=["plain", "pool", "interleaved", "more than there is", "sampled", "both"],
)
def test_what_is_planned_is_what_a_trial_needs(
    study, planner, tmp_path, recipe, stages, within, targets
):
    """The examples that training really counts are the truth; sampled ones to within a batch."""
    plain = {"stage": STAGE, "target": {**STAGE, "epochs": 2}}
    config = study(recipe={**plain, **recipe}, targets=["mini-tatoeba", "mini-xnli", *targets])
    own = planner(config)
    curriculum = parse_curriculum(stages)
    assignment = own.search(curriculum, "sampled", None)
    setup = setup_of(config, Places(run_id="t", cache=tmp_path, store=None, mirror=None))
    bench = Workbench(setup)

    class Facts(TableOfFacts):
        def rows(self, task, split, language):
            return len(bench.items(task, language, split, 0).rows)

        def passages(self, task, split, language, limit):
            return len(bench.passages(bench.items(task, language, split, limit)).rows)

        recipe_of_stage = staticmethod(setup.recipe_of_stage)
        recipe_of_target = staticmethod(setup.recipe_of_target)

    pieces = Counter(Facts(), setup.interleave).pieces(assignment)
    events = run_assignment(assignment, bench, NoLeases())
    rows = [row for event in events if isinstance(event, RungReached) for row in event.rows]
    needed = {p: sum(r["examples_needed"] for r in rows if r["part"] == p) for p in PARTS}
    planned = cost_of([pieces], set(), None).needed
    assert {p: needed[p] for p in PARTS[1:]} == pytest.approx({p: planned[p] for p in PARTS[1:]})
    collapsed = {r["target"] for r in rows if r["collapsed"]}  # trained twice, unforeseen
    pieces_of_stages = [p.examples for p in pieces.values() if p.part == "stage"]
    prefixes = map(str, curriculum.prefixes()[1:])
    attempts = [2 if prefix in collapsed else 1 for prefix in prefixes]
    assert needed["stage"] == pytest.approx(
        sum(n * k for n, k in zip(pieces_of_stages, attempts, strict=True)),
        abs=within * sum(attempts),
    )


def test_an_interleaved_task_is_timed_and_counted(study, tmp_path):
    plans = []
    for recipe in ({"stage": STAGE}, {"stage": STAGE, "interleave": WOVEN}):
        config = study(recipe=recipe, store={"path": str(tmp_path / "store")}, confirm={"top": 0})
        plans.append(plan_study(config.model_dump(mode="json")))
    plain, woven = plans
    assert plain.rates is not None and woven.rates is not None
    assert set(woven.rates.train_seconds) == {*plain.rates.train_seconds, "mini-mlm"}
    assert set(woven.rates.score_seconds) == {*plain.rates.score_seconds, "mini-mlm"}
    nli, pos = 300 + 300 / 3, 300 + 300 / 3  # baselines: each alone, and both jointly
    costs = [plan.forecast.phases[0].cost for plan in plans]
    assert costs[0].needed["stage"] == pytest.approx(2 * (nli + pos))
    added = 75 + 75 / 3, 150 + 150 / 3
    assert costs[1].needed["stage"] == pytest.approx(2 * (nli + pos) + 2 * added[0] + added[1])


def test_a_target_that_the_search_does_not_score_is_timed_all_the_same(study, tmp_path):
    config = study(
        targets=["mini-xnli", "mini-tatoeba"],
        objective={"select": "english"},
        languages={"proxy": []},
        store={"path": str(tmp_path / "store")},
    )
    rates = plan_study(config.model_dump(mode="json")).rates
    assert rates is not None and rates.score_seconds["mini-tatoeba"] > 0


def test_every_rate_is_measured_and_positive(study, tmp_path):
    setup = setup_of(study(), Places(run_id="t", cache=tmp_path, store=None, mirror=None))
    recipe = Recipe()
    rates = calibrate(
        setup,
        {"mini-pos": recipe, "mini-xnli": recipe},
        {"mini-xnli": ("en", "search"), "mini-tatoeba": ("bor", "report")},
    )
    assert set(rates.train_seconds) == {"mini-pos", "mini-xnli"}
    assert set(rates.score_seconds) == {"mini-pos", "mini-xnli", "mini-tatoeba"}
    assert all(s > 0 for s in (*rates.train_seconds.values(), *rates.score_seconds.values()))
    assert rates.features_per_row == {"mini-pos": 1.0, "mini-xnli": 1.0}
    assert rates.encoder_bytes > 100_000
    assert not (tmp_path / "store").exists()


def test_noise_of_items_is_binomial():
    """One target in one language with 100 items: sqrt(0.25 / 100); of two such, 1 / sqrt 2."""
    one = objective("a")
    found = expected_noise(one, {("a", "de"): 100}, num_rungs=1, frame=as_frame([]))
    assert found.rungs[0].noise == pytest.approx(0.05)
    two = objective("a", "b")
    items = {("a", "de"): 100, ("b", "de"): 100}
    found = expected_noise(two, items, num_rungs=2, frame=as_frame([]))
    assert [rung.noise for rung in found.rungs] == pytest.approx([0.05 / sqrt(2)] * 2)
    assert not found.measured


def test_the_remedy_brings_noise_down_to_what_is_wanted():
    """Noise 0.05 against 0.02 is to be a third of the variance of 0.02: 18.75 times the items."""
    one = objective("a")
    noise = expected_noise(one, {("a", "de"): 100}, num_rungs=2, frame=as_frame([]))
    cost = {"stage": 500.0, "target": 400.0, "evaluation": 100.0}
    found = remedies_for(noise, one, as_frame([]), cost)
    assert found is not None
    assert list(found.table["remedy"]) == ["more items", "more seeds"]
    assert list(found.table["times"]) == pytest.approx([18.75, 19])
    assert list(found.table["examples"]) == pytest.approx([1000 + 17.75 * 100, 19 * 1000])


def test_noise_is_measured_where_seeds_were_run():
    """Seeds at 0.4 and 0.6 give a standard deviation of 0.2 / sqrt 2."""
    rows = [
        row("none", 1, 0.4, "baseline"),
        row("none", 2, 0.6, "noise"),
        row("x:300", 1, 0.9, "sampled"),
    ]
    found = expected_noise(objective("a"), {("a", "de"): 100}, num_rungs=1, frame=as_frame(rows))
    assert found.measured
    assert found.rungs[0].noise == pytest.approx(0.2 / sqrt(2))


def test_a_whole_trial_costs_what_it_did_in_the_papers(study, planner):
    found = forecast_of(study(stopping="none"), planner)
    search = next(phase for phase in found.phases if phase.name == "search")
    scaled = in_papers_proportions(search.cost, found.whole_trial)
    per_trial = {part: scaled.needed[part] / search.trials for part in PARTS}
    assert per_trial == pytest.approx(dict(PAPERS))


def test_plan_prints_its_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["plan", "demo"], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    shown = result.stdout
    assert "1,137 curricula of up to 3 stages" in shown
    for phase in (
        "baselines",
        "noise seeds",
        "search",
        "contenders",
        "confirmation",
        "saved by sharing",
    ):
        assert re.search(rf"^{phase} .*\d", shown, re.MULTILINE), phase
    assert re.search(r"^mini-squad +\d+\.\d\d", shown, re.MULTILINE)
    assert "Not measured" in shown
    assert "none is stopped early" in shown
    assert "ASHA" not in shown
    assert shown.splitlines()[-1] == "next: curriculum search demo"
    assert not list(tmp_path.iterdir())


def test_plan_of_a_study_that_stops_early_shows_its_rungs(tmp_path):
    values = load_study("demo").model_dump(mode="json") | {"stopping": {}}
    (tmp_path / "study.yaml").write_text(resolved_yaml(StudyConfig.model_validate(values)))
    result = CliRunner().invoke(app, ["plan", str(tmp_path / "study.yaml")])
    assert result.exit_code == 0, result.output
    assert re.search(r"^3 of 3 +300 +\d", result.stdout, re.MULTILINE)
    assert "simulated searches in which ASHA meets the noise" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["plan", "dmo"], "dmo"), (["plan", "demo", "--run", "nowhere"], "nowhere")],
)
def test_a_study_or_run_that_is_not_there_ends_with_2(arguments, told):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_hours_cannot_be_planned_without_speed(study, planner):
    with pytest.raises(ValueError, match=r"budget\.hours"):
        forecast_of(study(budget={"hours": 1}), planner)


def test_a_study_on_a_gpu_is_planned_without_times_where_there_is_none(study, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    config = study(resources={"gpus": 1}, store={"path": str(tmp_path / "store")})
    plan = plan_study(config.model_dump(mode="json"))
    assert plan.rates is None and "GPU" in plan.no_rates
    assert plan.forecast.phases[0].cost.seconds is None


def objective(*targets):
    scored = [
        ScoredTarget(name=t, metric="accuracy", group="classification", languages=("en", "de"))
        for t in targets
    ]
    return Objective(proxy_languages=("de",), targets=tuple(scored))


def row(curriculum, seed, value, role):
    return {
        "phase": "search",
        "curriculum": curriculum,
        "variant": "",
        "role": role,
        "rung": 0,
        "num_rungs": 1,
        "scale": 1.0,
        "stage_seed": seed,
        "target_seed": seed,
        "part": "evaluation",
        "target": "a",
        "language": "de",
        "split": "search",
        "layer": None,
        "metric": "accuracy",
        "value": value,
        "items": 100,
        "numerics": "cpu",
        "stand_in": False,
        "overlap": 0.0,
        "train_overlap": 0.0,
        "collapsed": False,
        "examples_needed": 10.0,
        "examples_paid": 10.0,
        "seconds": 1.0,
    }


def test_a_space_of_baselines_alone_has_a_whole_trial_too(study, planner):
    """One task at one size: `none` and it are baselines, and nothing is left to sample."""
    small = {"tasks": ["mini-nli"], "sizes": [300], "max_stages": 1}
    found = forecast_of(
        study(space=small, enumerate=True, budget={}, stopping="none", seeds={"noise": []}), planner
    )
    assert found.num_trials == 0
    needed = found.phases[0].cost.needed
    assert dict(found.whole_trial) == pytest.approx({part: needed[part] / 2 for part in PARTS})
