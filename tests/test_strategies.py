"""Ways to search, compared on a planted table: the strategies, both commands, the benchmark."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from itertools import chain, pairwise
from math import isnan

import numpy as np
import pytest
from planted_table import FACTS, planted, study
from typer.testing import CliRunner

from benchmarks.strategies.ablations import ablations
from benchmarks.strategies.entries import Entry, entries
from benchmarks.strategies.glance import SHOWN, glance
from benchmarks.strategies.kept import depends_of, distinct, found_in, lines
from benchmarks.strategies.limits import OURS, RANDOM_NEEDS, STOPPING, limits
from benchmarks.strategies.measures import (
    change_of_regret,
    mean_regret_while,
    ratio_of_medians,
    regret_after,
    regret_while,
    spent_to_within,
    truth_quality,
)
from benchmarks.strategies.page import section
from benchmarks.strategies.repeat import repeat
from benchmarks.strategies.scaling import scaling_section
from benchmarks.strategies.steps import STEPS
from search.cli import app
from search.config import resolved_yaml
from search.recorded_table import TableError, read_table, with_seen, write_table
from search.replayed import replay
from search.simulate import compare_strategies, regrets
from search.strategies import STRATEGIES, Strategy, strategy_named, with_strategy
from search.study_fields import Sampler, Stopping, StudyConfig
from search.turns import turn_of, turns


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """249 curricula at four seeds."""
    return planted(tmp_path_factory.mktemp("planted"), study(), (1, 2, 3, 4))[0]


def of_strategy(config, name, **changes):
    how = {"trials": 20, "stage_seed": 1, "fresh": (2,), "sampler_seed": 1} | changes
    return with_strategy(config, strategy_named(name), **how)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_is_a_right_study_and_changes_nothing_that_moves_a_score(name):
    config = study()
    changed = of_strategy(config, name, stage_seed=2, fresh=(1,))
    assert StudyConfig.model_validate(changed.model_dump(mode="json")) == changed
    for kept in ("encoder", "space", "targets", "languages", "probe", "objective", "recipe"):
        assert getattr(changed, kept) == getattr(config, kept)
    assert (changed.stopping is None) == (STRATEGIES[name].stopping is None)
    assert changed.store.enabled == STRATEGIES[name].store


def test_ours_is_whatever_a_study_does_by_default():
    ours, defaults = of_strategy(study(stopping={"z": 0.0}), "ours"), StudyConfig.model_fields
    assert (ours.sampler, ours.stopping) == (Sampler(), defaults["stopping"].default)


def test_a_strategy_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"'tpe.asha'; did you mean tpe\+asha"):
        of_strategy(study(), "tpe.asha")
    with pytest.raises(
        ValueError, match="'uniform draws, stopped early' stops early, but there are no seeds"
    ):
        of_strategy(study(), "random+asha", fresh=())
    with pytest.raises(ValueError, match="there are no rungs"):
        of_strategy(study(stopping="none"), "random+asha")


def test_a_strategy_may_see_fewer_languages_and_a_smaller_probe(table):
    less = Strategy(says="less", sampler={}, stopping={}, proxies=1, probe=1)
    config = study(languages={"proxy": ["dun", "ane"], "report": ["bor"]})
    how = {"trials": 20, "stage_seed": 1, "fresh": (2, 3), "sampler_seed": 1}
    changed = with_strategy(config, less, **how)
    assert changed.languages.proxy == ("dun",)
    assert (changed.probe.train, changed.full.train, changed.stopping.num_rungs) == (30, 90, 2)
    own = {"proxy": ["dun", "ane"], "report": ["bor"]}
    odd = study(languages=own, probe={"train": 60, "eval": 30})
    ninth = with_strategy(odd, replace(less, probe=2), **how).probe.train
    recorded = replace(table, config=odd)
    assert ninth == 7 and recorded.fraction_of(ninth) == pytest.approx(1 / 9)
    assert recorded.fraction_of(30) == 0.5  # of no rung
    with pytest.raises(ValueError, match="a probe 3 rungs below the full one; there are 3"):
        with_strategy(config, replace(less, probe=3), **how)


def changed(before, after):
    """Names of the fields in which two strategies differ, for whoever runs them."""
    names = {field.name for field in fields(before)} - {"says"}
    return {name for name in names if getattr(before, name) != getattr(after, name)}


def test_a_step_and_an_ablation_change_one_thing():
    steps = list(STEPS.values())
    for before, after in pairwise(steps):
        own = changed(before, after)
        assert len(own) == 1 or own == {"probe", "stopping"}, after.says
    taken = ablations({})["one part taken away from the last step"]
    one_each = [changed(steps[-1], strategy) for strategy in taken.values()]
    assert one_each == [set(), *({part} for part in taken if part != "none")]


def test_the_last_step_is_the_defaults_of_a_study_but_for_its_own_probe_and_proxies():
    how = {"trials": 8, "stage_seed": 1, "fresh": (2, 3), "sampler_seed": 1}
    defaults = of_strategy(study(), "ours", **how)
    assert with_strategy(study(), replace(STEPS[OURS], probe=0, proxies=None), **how) == defaults


def test_early_stopping_is_judged_as_a_study_has_it_that_asks_for_it():
    how = {"trials": 8, "stage_seed": 1, "fresh": (2, 3), "sampler_seed": 1}
    config = study(stopping={"z": 0.0, "num_rungs": 2})
    stopping = with_strategy(config, STEPS[STOPPING], **how).stopping
    assert stopping == Stopping(num_rungs=2)


def test_our_sampler_is_told_beforehand_only_what_was_measured():
    group = "what our sampler is told beforehand"
    assert group not in ablations({})
    told = ablations({"mini-nli": 0.9, "mini-squad": 0.7})[group]
    right, wrong = (told[name].sampler["options"]["prior"] for name in ("TextEmb", "wrong"))
    assert right == {"mini-nli": 0.9, "mini-squad": 0.7}
    assert wrong == {task: -value for task, value in right.items()}


def test_strategies_are_compared_over_seeds_with_intervals(table):
    found = compare_strategies(
        table.folder, strategies=("random", "random+asha"), trials=20, repetitions=4, workers=2
    )
    for strategy in found.strategies:
        assert [own.facts.seen for own in strategy.tables] == [(1, 2), (1, 2), (1, 3), (1, 3)]
        assert len({run.spent.clock_seconds for run in strategy.runs}) == 4
        own = regrets(strategy, float("inf"))
        judged = list(zip(strategy.tables, strategy.runs, strict=True))
        assert own == [table.regret(run.winner) for table, run in judged]
        assert regrets(strategy, 1.0) is None
        early, late = (regrets(strategy, share * found.whole["examples"]) for share in (0.05, 0.4))
        assert sum(early) > sum(late)
        papers = 0.4 * found.whole["papers"]
        expected = [table.regret(run.at(papers, cost="papers").curriculum) for table, run in judged]
        assert regrets(strategy, papers, cost="papers") == expected
        assert [run.num_sampled for run in strategy.runs] == [20] * 4


def test_a_repetition_that_draws_nothing_at_random_is_counted_once(table):
    found = compare_strategies(
        table.folder, strategies=("random", "ours"), trials=3, repetitions=14
    )
    drawn, ours = found.strategies
    assert (len(drawn.runs), len(ours.runs), len(ours.tables)) == (14, 12, 12)
    assert len(regrets(ours, float("inf"))) == 12
    started = [
        (own.facts.seen, run.order[0]) for own, run in zip(ours.tables, ours.runs, strict=True)
    ]
    assert len(set(started)) == 12


def test_the_command_prints_a_row_per_strategy(table):
    asked = ["simulate", str(table.folder), "--trials", "10", "--seeds", "3", "--failures", "0.05"]
    asked += ["--strategy", "random", "--strategy", "tpe+asha-store", "--workers", "64"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    for row in ("random ", "tpe+asha-store "):
        assert sum(line.strip().startswith(row) for line in result.output.splitlines()) == 3
    assert "the true best is mini-" in result.output
    assert " ± " in result.output
    assert "64 simulated workers, workers lost at a rate of 0.05" in result.output


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["--strategy", "rndom"], "did you mean random?"),
        (["--workers", "0"], "wanted 1 to 1024 workers"),
        (["--trials", "0"], "wanted at least 1 of each"),
    ],
)
def test_the_command_refuses_what_cannot_be(table, changes, said):
    result = CliRunner().invoke(app, ["simulate", str(table.folder), *changes])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_a_study_is_replayed_on_a_table_that_is_near_enough(table):
    small = {"tasks": ["mini-nli", "mini-squad"], "sizes": [1000], "max_stages": 2}
    config = study(space=small, budget={"trials": 4}, confirm={"top": 1})
    found = replay(config, table.folder)
    assert len(found.runs) == 12
    assert [own.facts.seen for own in found.tables] == [
        seeds for seeds in found.turns for _ in seeds
    ]
    assert found.turns == turns(table)
    assert set(found.table.truths) == {
        *("none", "mini-nli:1000", "mini-squad:1000"),
        *("mini-nli:1000 > mini-squad:1000", "mini-squad:1000 > mini-nli:1000"),
    }
    assert found.without_joint
    tried = [set(run.finals) | set(run.stopped) for run in found.runs]
    assert all(own == set(found.table.truths) for own in tried)  # four trials are all there are
    assert 0 <= found.num_confirmed_within <= found.num_within <= 12
    assert found.regret.mean >= 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"encoder": {"name": "miniworld", "retrieval_layer": 1}}, "encoder differs"),
        ({"targets": ["mini-xnli"]}, "targets differs"),
        ({"probe": {"train": 90, "eval": 31}}, "probe.eval is 31, the table's 30"),
        ({"languages": {"proxy": ["dun", "eki"]}}, "languages.proxy has eki, the table dun"),
        ({"space": {"tasks": ["mini-pos"], "sizes": [1000], "max_stages": 1}}, "mini-pos:1000"),
        (
            {"space": {"tasks": ["mini-nli"], "sizes": list(range(1, 300)), "max_stages": 1}},
            "has 250 curricula, the study's space 300; narrow `space`",
        ),
    ],
)
def test_a_table_of_another_study_is_refused(table, changes, said):
    with pytest.raises(TableError, match=said):
        replay(study(**changes), table.folder)


def test_plan_shows_the_study_replayed(table, tmp_path):
    small = {"tasks": ["mini-nli", "mini-squad"], "sizes": [1000], "max_stages": 2}
    values = study(space=small, budget={"trials": 4}).model_dump(mode="json")
    (tmp_path / "study.yaml").write_text(resolved_yaml(StudyConfig.model_validate(values)))
    asked = ["plan", str(tmp_path / "study.yaml"), "--table", str(table.folder)]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    shown = " ".join(result.output.split())
    assert "12 searches 2 sampled trials, of which" in shown
    assert "of 12 searches, after the confirmation in" in shown
    assert "On seeds 1 and 2, 1 and 3, 1 and 4," in shown
    assert "without the joint baseline, which the table lacks" in shown


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two ways to search on three languages, and what was said while it was gone on with."""
    folder = tmp_path_factory.mktemp("compared")
    languages = {"proxy": ["dun", "bor"], "report": ["ane"]}
    space = {"tasks": ["mini-nli", "mini-squad"], "sizes": [1000, 3000], "max_stages": 2}
    how = {"confirm": {"top": 2}, "budget": {"trials": 100}}
    config = study(languages=languages, space=space, **how)
    facts = replace(FACTS, seen=(1, 2, 3), truth=(4,))
    own, _ = planted(folder, config, (1, 2, 3, 4), facts=facts)
    wanted = {
        name: replace(entries(own.folder)[name], repetitions=3) for name in ("random", "noise")
    }
    said = []
    how = {"trials": 8, "wanted": wanted, "processes": 1, "say": said.append}
    out = folder / "lines.jsonl"
    assert not repeat(own.folder, out, **how, minutes=0)
    assert repeat(own.folder, out, **how, minutes=None)
    return own, out, wanted, said


def test_a_comparison_that_is_interrupted_goes_on_and_repeats_nothing(compared):
    own, out, wanted, said = compared
    assert said[0].endswith("6 searches to run, 0 are there")
    done = int(said[1].partition(" searches to run, ")[2].split()[0])
    assert 1 <= done < 6
    kept = list(lines(out, depends_of(own.folder, wanted, 8)))
    assert len(kept) == 6
    assert len({(line["entry"], line["repetition"]) for line in kept}) == 6
    assert list(lines(out, depends_of(own.folder, wanted, 9))) == []  # another budget


def test_a_search_that_went_as_another_is_counted_once(compared):
    own, out, wanted, _ = compared
    kept = sorted(lines(out, depends_of(own.folder, wanted, 8)), key=lambda x: x["repetition"])
    again = [line | {"repetition": line["repetition"] + 12} for line in kept]
    assert list(distinct(again + kept)) == kept
    other = again[0] | {"seen": [4, 5]}
    assert list(distinct([*kept, other])) == [*kept, other]


def searches(compared):
    """By entry, judged."""
    own, out, wanted, _ = compared
    return found_in(out, own.folder, depends_of(own.folder, wanted, 8))


def test_more_seeds_of_truth_judge_a_search_anew_and_do_not_repeat_it(compared, tmp_path):
    own, out, wanted, _ = compared
    facts = replace(own.facts, truth=(4, 5))
    _, rows = planted(tmp_path, own.config, (1, 2, 3, 4, 5), facts=facts)
    some = [row for row in rows if row["stage_seed"] < 5 or ">" in row["curriculum"]]
    some.sort(key=lambda row: -row["stage_seed"])
    write_table(tmp_path / "more", config=own.config, rows=some, facts=facts)
    more, depends = read_table(tmp_path / "more"), depends_of(tmp_path / "more", wanted, 8)
    assert depends == depends_of(own.folder, wanted, 8)
    found = list(chain.from_iterable(found_in(out, more.folder, depends).values()))
    before = list(chain.from_iterable(searches(compared).values()))
    assert [picks(line) for line in found] == [picks(line) for line in before]
    assert [line["moments"] for line in found] != [line["moments"] for line in before]
    assert max(truth.seeds for truth in more.truths.values()) == 2


def picks(line):
    return [moment[-1] for moment in line["moments"]]


def test_regret_is_that_of_the_best_known_by_then_and_of_no_stages_before(compared):
    table = compared[0]
    for line in chain.from_iterable(searches(compared).values()):
        own = with_seen(table, tuple(line["seen"]))
        assert own.facts.seen == turn_of(turns(table), line["repetition"])
        assert regret_after(line, 0.0, "examples") == pytest.approx(own.regret("none"), abs=1e-5)
        for (*spent, regret, text), later in pairwise(line["moments"]):
            between = (spent[0] + later[0]) / 2
            assert regret_after(line, between, "examples") == regret
            assert regret == pytest.approx(own.regret(text), abs=1e-5)
        reached = spent_to_within(line, "papers")
        for moment in line["moments"]:
            if moment[1] >= reached:
                assert own.regret(moment[4]) <= own.tolerance + 1e-9


def test_regret_while_something_is_spent_is_the_mean_over_all_spending_up_to_it(compared):
    for line in chain.from_iterable(searches(compared).values()):
        for amount in (0.5 * line["moments"][-1][1], 2.0 * line["moments"][-1][1]):
            grid = np.linspace(0, amount, 20_001)[1:]
            mean = np.mean([regret_after(line, spent, "papers") for spent in grid])
            assert regret_while(line, amount, "papers") == pytest.approx(mean, abs=1e-4)


def test_what_steps_change_adds_up_to_what_all_change(compared):
    found = searches(compared)
    chain = [found["random"], found["noise"], found["random"][::-1]]
    steps = [change_of_regret(b, a, 2e7, "papers").mean for a, b in pairwise(chain)]
    assert sum(steps) == pytest.approx(0.0, abs=1e-12) and steps[0] != 0
    last = mean_regret_while(found["noise"], 2e7, "papers").mean
    assert mean_regret_while(found["random"], 2e7, "papers").mean + steps[0] == pytest.approx(last)


def test_every_pair_of_whole_seeds_is_seen_in_turn_and_judged_by_all_others(table):
    assert list(turns(table)) == [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]
    sets = turns(table)
    tables = [with_seen(table, turn_of(sets, i)) for i in range(13)]
    for own in tables:
        assert sorted(own.facts.seen + own.facts.truth) == [1, 2, 3, 4]
        assert all(truth.seeds == 2 for truth in own.truths.values())
    assert [own.facts.seen for own in tables[::2]] == [*turns(table), (1, 2)]
    assert [own.facts.seen for own in tables[1::2]] == list(turns(table))
    began = [own.facts.seen[i % 2] for i, own in enumerate(tables[:12])]
    assert sorted(began) == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert tables[0].truths == table.truths


def test_the_page_shows_every_way_with_its_intervals(compared):
    own, _, wanted, _ = compared
    found = searches(compared)
    page = "\n".join(section(own, found, wanted, figure="figure.svg", by="command"))
    for name in wanted:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` | 3 |"))
        assert row.count(" ± ") == 6
    assert "### How well each rung ranks" in page
    assert "`command` (code of" in page
    row = list(glance([(own, found)]))[-1]
    assert row.startswith(f"| planted | {truth_quality(own).reliability:.2f} | ")
    assert row.count(" ± ") == len(wanted.keys() & set(SHOWN))


def test_a_truth_that_is_mostly_luck_judges_nobody(compared, tmp_path):
    own, _, wanted, _ = compared
    found = searches(compared)
    assert truth_quality(own).judges
    config, facts = own.config, replace(FACTS, seen=(1, 2, 3), truth=(4,))
    loud, _ = planted(tmp_path, config, (1, 2, 3, 4), facts=facts, noise=0.2)
    quality = truth_quality(loud)
    assert quality.reliability < 0.5
    page = "\n".join(section(loud, found, wanted, figure="figure.svg", by="command"))
    assert "too noisy to judge by" in page and "Not judged" in page
    assert not list(limits(loud, {OURS: found["random"]}))


def test_who_never_comes_within_saves_nothing_and_spends_at_least_what_it_did():
    def never_or(spent, tolerance):
        moments = [[0, spent, 0, 0.0, "best"]]
        return {"moments": moments, "tolerance": tolerance, "papers": 9, "spent": [9, 0, 0]}

    there, never = never_or(4, 0.0), never_or(4, -1.0)
    assert ratio_of_medians([never], [there], "papers").value == 0
    assert ratio_of_medians([there], [never], "papers").value == 9 / 4
    assert ratio_of_medians([there], [never, there, there], "papers").value == 1
    assert isnan(ratio_of_medians([never], [never], "papers").value)


def test_ours_is_held_against_random_search_where_that_can_need_so_many(compared):
    own = compared[0]
    one = searches(compared)["random"]
    found = {OURS: one, "random": one}
    assert len(own.truths) < RANDOM_NEEDS
    assert not any("`random`" in limit.wanted for limit in limits(own, found))
    many = replace(own, truths=own.truths | {str(i): own.truths["none"] for i in range(300)})
    assert any("30 times" in limit.wanted and not limit.kept for limit in limits(many, found))


def test_ours_is_worse_where_it_regrets_more_though_nobody_ever_comes_within(compared):
    own, one = compared[0], searches(compared)["random"]
    never = [line | {"tolerance": -1.0} for line in one]
    worse = [
        line | {"moments": [[*m[:3], m[3] + 0.1, m[4]] for m in line["moments"]]} for line in never
    ]

    def kept(ours, theirs):
        found = limits(own, {OURS: ours, "random+asha+store": theirs})
        return next(limit.kept for limit in found if "never worse" in limit.wanted)

    assert kept(never, never) and kept(never, worse)
    assert not kept(worse, never)


def test_every_step_and_ablation_changes_a_study_as_it_says(compared):
    config = study(languages={"proxy": ["dun", "bor", "ane"], "report": ["eki"]})
    how = {"trials": 8, "stage_seed": 1, "fresh": (2, 3), "sampler_seed": 1}
    seen = {}
    for name, entry in entries(compared[0].folder).items():
        assert isinstance(entry, Entry)
        changed = with_strategy(config, entry.strategy, **how)
        assert changed.space == config.space and changed.targets == config.targets
        seen.setdefault(repr(changed), []).append(name)
    steps = ["fixes", "store", "noise", "contenders", "proxies", "probe", "sampler"]
    assert all(sum(name in steps for name in names) <= 1 for names in seen.values())


def test_the_page_says_how_far_one_driver_goes_and_what_is_missed(tmp_path):
    assert list(scaling_section(tmp_path / "never-measured.json")) == []
    shares = {"busy": 0.8, "waiting": 0.0, "idle": 0.0, "tail": 0.2, "stopped": 46}
    times = {"mean": 41.35, "low": 33.4, "high": 49.3, "searches": 3}
    slow = {"median_seconds": 0.0003, "slow_seconds": 0.0028, "longest_seconds": 0.3}
    found = {
        **{"date": "2026-01-01", "command": "again", "machine": "none", "curricula": 74_111},
        "workers": {
            "64": {"times_one_worker": times, "regret_points": times, "searches": [shares]}
        },
        "decisions": {
            "tpe+asha": {
                "thousands": [
                    {"trials": 1000, "rss_bytes": 5e8, **slow},
                    {"trials": 2000, "rss_bytes": 5.1e8, **slow},
                ]
            }
        },
        "missed": ["64 workers are 41.4 times as fast; wanted 55"],
    }
    (tmp_path / "scaling.json").write_text(json.dumps(found))
    page = "\n".join(scaling_section(tmp_path / "scaling.json"))
    assert "| 64 | 41.4 ± 8.0 | 41.4 ± 8.0 | 46 | 80 % | 0 % | 0 % | 20 % |" in page
    assert "| `tpe+asha` | 1,000 | 0.3 | 2.8 | 300.0 | 500 |" in page
    assert "`tpe+asha`: 10 kB of memory for every trial after the first 1,000." in page
    assert "- **missed**: 64 workers are 41.4 times as fast; wanted 55" in page
