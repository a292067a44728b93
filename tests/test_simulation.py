"""Searches replayed on recorded tables: planted ones, and rows of really trained curricula."""

from __future__ import annotations

import time
from functools import cache
from statistics import fmean

import optuna
import pytest
from planted_table import (
    FACTS,
    SECONDS_PER_EXAMPLE,
    TASKS,
    Planting,
    by_part,
    enumerated,
    planner_of,
    planted,
    study,
    without_time,
)

from analysis.observations import read_rows
from search.new_search import new_search
from search.recorded_table import (
    MAX_BYTES,
    Facts,
    TableError,
    complete_seeds,
    papers_factors,
    read_table,
    whole_space,
    write_table,
)
from search.simulated import spent_to_within
from search.simulation import simulate
from search.study_fields import StudyConfig
from spaces.curriculum import parse_curriculum


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """249 curricula at four seeds."""
    return planted(tmp_path_factory.mktemp("planted"), study(), (1, 2, 3, 4))


@pytest.fixture(scope="module")
def table(world):
    return world[0]


@pytest.fixture(scope="module")
def enumeration(table):
    """The whole space as so many workers run it; each number of workers is simulated once."""
    return cache(lambda workers=1: simulate(table, enumerated(study()), workers=workers))


def rows_at(world, seed):
    return [row for row in world[1] if row["stage_seed"] == seed]


def observed(rows):
    """Value by curriculum at the last rung: the mean over targets in the proxy language."""
    found = {}
    for row in rows:
        last = row["rung"] == row["num_rungs"] - 1
        if last and row["part"] == "evaluation" and row["language"] == "dun":
            found.setdefault(row["curriculum"], []).append(row["value"])
    return {text: sum(values) / len(values) for text, values in found.items()}


def test_every_kind_of_rung_pays_what_the_recorded_enumeration_paid(tmp_path):
    space = {"tasks": list(TASKS[:2]), "sizes": [1000, 3000], "max_stages": 2}
    for definition in ("targets", "scales", "stages"):
        config = study(space=space, stopping={"rungs": definition, "num_rungs": 2})
        own, rows = planted(tmp_path / definition, config, (1, 3))
        for store, column in ((True, "examples_paid"), (False, "examples_needed")):
            how = enumerated(config).model_dump(mode="json") | {"store": {"enabled": store}}
            found = simulate(own, StudyConfig.model_validate(how), workers=2)
            paid = [row for row in rows if row["stage_seed"] == 1]
            assert found.spent.by_part == pytest.approx(by_part(paid, column)), definition
            assert found.finals == pytest.approx(observed(paid))


def test_an_enumeration_by_one_worker_finds_the_best_observed(world, table, enumeration):
    found = enumeration()
    values = observed(rows_at(world, 1))
    assert found.finals == pytest.approx(values)
    assert found.winner == max(values, key=values.get)
    assert (found.exhausted, found.num_stopped, found.ended_by) == (True, 0, "")
    assert found.moments[-1].truth == table.true_value(found.winner)


def test_with_a_store_it_pays_what_the_recorded_enumeration_paid(world, enumeration):
    found = enumeration()
    assert found.spent.by_part == pytest.approx(by_part(rows_at(world, 1), "examples_paid"))


def test_without_a_store_it_pays_exactly_the_needed_examples(world, table):
    found = simulate(table, enumerated(study(store={"enabled": False})), workers=3)
    assert found.spent.by_part == pytest.approx(by_part(rows_at(world, 1), "examples_needed"))


def test_the_clock_of_one_worker_is_the_sum_of_what_it_did(world, enumeration):
    found = enumeration()
    rows = rows_at(world, 1)
    hits = [r for r in rows if r["examples_needed"] and not r["examples_paid"]]
    loads = sum(row["part"] != "evaluation" for row in hits)
    assert loads > 100
    spent = sum(row["seconds"] for row in rows) + loads * FACTS.load_seconds
    assert found.spent.clock_seconds == pytest.approx(spent)
    assert found.utilisation == pytest.approx(1.0)


@pytest.mark.parametrize("workers", [2, 7, 1024])
def test_more_workers_are_faster_and_change_neither_scores_nor_work(enumeration, workers):
    alone, many = enumeration(), enumeration(workers)
    assert many.finals == alone.finals
    assert many.spent.by_part == pytest.approx(alone.spent.by_part)  # waited for, not repeated
    hours = [found.spent.clock_seconds for found in (alone, many)]
    assert hours[0] / workers <= hours[1] < hours[0]
    assert 0 < many.utilisation <= 1


def test_no_number_of_workers_is_faster_than_the_longest_curriculum(world, enumeration):
    found = enumeration(1024)
    needed = {}
    for row in rows_at(world, 1):
        needed[row["curriculum"]] = needed.get(row["curriculum"], 0.0) + row["examples_needed"]
    assert found.spent.clock_seconds >= SECONDS_PER_EXAMPLE * max(needed.values())


@pytest.mark.parametrize("sampler", ["RandomSampler", "TPESampler"])
def test_equal_seeds_give_equal_runs(table, sampler):
    config = study(sampler={"name": sampler}, budget={"trials": 15})
    how = {"workers": 4, "failures": 0.1}
    first, again = (simulate(table, config, **how, failure_seed=5) for _ in range(2))
    assert without_time(first) == without_time(again)
    other = simulate(table, config, **how, failure_seed=6)
    assert other.spent.clock_seconds != first.spent.clock_seconds


def test_what_a_search_sees_of_a_curriculum_is_the_same_with_any_workers_and_failures(world, table):
    own, other = (observed(rows_at(world, seed)) for seed in (1, 2))
    for workers, failures in ((1, 0.0), (16, 0.0), (16, 0.2)):
        found = simulate(table, study(), workers=workers, failures=failures)
        assert found.num_stopped > 0
        for text, value in found.finals.items():
            assert pytest.approx(value) in (own[text], fmean((own[text], other[text])))
        on_both = [text for text in found.finals if pytest.approx(found.finals[text]) != own[text]]
        assert {"none", found.winner} <= {*on_both} < found.finals.keys()


def test_lost_workers_are_counted_and_their_trials_start_again(table):
    config = enumerated(study(resources={"max_failures": 50}))
    steady, shaky = (simulate(table, config, workers=4, failures=rate) for rate in (0.0, 0.1))
    assert steady.num_lost == 0
    assert 249 * 3 * 0.05 < shaky.num_lost < 249 * 3 * 0.2
    assert (shaky.num_failed, shaky.finals) == (0, steady.finals)
    assert len(shaky.order) == len(steady.order) + shaky.num_lost
    lost = shaky.spent.examples - steady.spent.examples
    assert 0 < lost < shaky.num_lost * 3000
    assert shaky.spent.clock_seconds > steady.spent.clock_seconds


def test_the_lease_of_a_lost_worker_is_waited_for_until_it_expires(table):
    config = enumerated(study(resources={"max_failures": 50}))
    found = simulate(table, config, failures=0.05)
    waited = found.spent.clock_seconds * (1 - found.utilisation)
    assert 10 * found.num_lost < waited < 30 * found.num_lost
    alone = enumerated(study(resources={"max_failures": 50}, store={"enabled": False}))
    assert simulate(table, alone, failures=0.05).utilisation == pytest.approx(1.0)


def test_a_trial_that_may_not_start_again_fails_and_a_row_of_them_ends_the_search(table):
    config = enumerated(study(resources={"max_failures": 0}))
    some = simulate(table, config, failures=0.02)
    assert some.num_failed == some.num_lost > 0
    assert len(some.finals) == 250 - some.num_failed
    most = simulate(table, config, failures=0.95)
    assert "3 trials failed one after another" in most.ended_by
    assert most.num_lost == 3


def test_a_budget_in_hours_is_of_the_simulated_clock(table):
    longer, shorter = (
        simulate(table, study(budget={"hours": hours}, stopping="none")) for hours in (0.5, 0.2)
    )
    assert shorter.num_sampled < longer.num_sampled
    longest = 0.5  # hours of a trial, at most
    assert 0.2 <= shorter.spent.clock_seconds / 3600 < 0.2 + longest


def test_a_budget_in_examples_is_of_what_is_paid(table):
    found = simulate(table, study(budget={"examples": 100_000}))
    assert 100_000 <= found.spent.examples < 110_000


def test_the_best_few_are_confirmed_on_fresh_seeds_and_the_best_of_them_wins(world, table):
    seeds = {"noise": [2], "confirm": [3, 4]}
    alone = simulate(table, study())
    found = simulate(table, study(seeds=seeds, confirm={"top": 3}))
    assert (found.moments, found.spent) == (alone.moments, alone.spent)  # it comes after
    best = sorted(found.finals, key=lambda text: -found.finals[text])[:3]
    fresh = [observed(rows_at(world, seed)) for seed in (3, 4)]
    assert found.confirmed == max(best, key=lambda text: sum(values[text] for values in fresh))
    assert alone.confirmed is None and alone.confirmation is None
    needed = sum(parse_curriculum(text).num_examples for text in best)
    assert 0 < found.confirmation.by_part["stage"] <= 2 * needed
    assert found.confirmation.clock_seconds > 0


def test_where_every_stage_harms_the_empty_curriculum_is_what_is_confirmed(tmp_path):
    space = {"tasks": ["mini-paraphrase"], "sizes": [1000, 3000], "max_stages": 1}
    config = study(space=space, seeds={"noise": [2], "confirm": [3, 4]}, confirm={"top": 1})
    own, rows = planted(tmp_path, config, (1, 2, 3, 4), noise=0.001)
    found = simulate(own, config)
    assert found.confirmed == own.best == "none"
    last = [row for row in rows if row["scale"] == 1.0 and row["stage_seed"] in (3, 4)]
    candidate = next(text for text in found.finals if text != "none")
    paid = {(row["curriculum"], row["stage_seed"]): row for row in last if row["part"] == "target"}
    both = [paid[text, seed]["examples_needed"] for text in ("none", candidate) for seed in (3, 4)]
    assert found.confirmation.by_part["target"] == sum(both)


def test_a_smaller_probe_and_fewer_languages_are_parts_of_the_table(tmp_path):
    space = {"tasks": list(TASKS[:2]), "sizes": [1000], "max_stages": 2}
    stopping = {"num_rungs": 2}
    both = {"proxy": ["dun", "bor"], "report": ["ane"]}
    config = study(space=space, stopping=stopping, languages=both)
    own, rows = planted(tmp_path, config, (1, 3))
    fewer = both | {"proxy": ["dun"]}
    narrow = study(space=space, stopping=stopping, languages=fewer)
    small = study(space=space, stopping="none", probe={"train": 30, "eval": 30}, languages=fewer)
    found = [simulate(own, enumerated(how)) for how in (config, narrow, small)]
    spent = [each.spent.by_part for each in found]
    assert spent[0]["target"] == spent[1]["target"] > spent[2]["target"] > 0
    other = [row for row in rows if row["stage_seed"] == 1 and row["language"] == "bor"]
    saved = spent[0]["evaluation"] - spent[1]["evaluation"]
    assert saved == pytest.approx(sum(row["examples_paid"] for row in other))
    text = f"{TASKS[0]}:1000"
    cell = own.cells[text, 0.333333, 1, 1]
    scores = [r["value"] for r in cell.rows if r["language"] == "dun"]
    assert found[2].finals[text] == pytest.approx(sum(scores) / len(scores))


def test_early_stopping_costs_less_where_targets_cost_most(table):
    whole, stopped = (
        simulate(table, study(sampler={"name": "RandomSampler"}, stopping=stopping))
        for stopping in ("none", {"num_rungs": 3})
    )
    assert stopped.num_stopped > 20
    assert stopped.spent.by_part["target"] < whole.spent.by_part["target"]


def test_the_truth_is_the_mean_over_seeds_that_no_strategy_sees(world, table):
    hidden = [observed(rows_at(world, seed)) for seed in FACTS.truth]
    plain = {text: sum(own[text] for own in hidden) / 2 for text in table.truths}
    shift = table.truths["none"].value - plain["none"]  # what seeds do to all alike
    for text, truth in table.truths.items():
        assert truth.value == pytest.approx(plain[text] + shift)
        assert truth.seeds == 2
    assert table.best == max(table.truths, key=lambda text: table.truths[text].value)
    noise = 0.004 / 2**0.5  # of the mean of two targets
    error = table.truths[table.best].error
    assert error == pytest.approx(noise / 2**0.5, rel=0.1)
    assert table.tolerance == max(0.005, 2 * error)


def test_what_a_seed_does_to_all_curricula_is_no_part_of_a_truth(world, table, tmp_path):
    kept = {text for text in table.truths if text.count(">") == 1}
    rows = [
        row | {"value": row["value"] + 0.1} if row["stage_seed"] == 4 else row
        for row in world[1]
        if row["stage_seed"] != 4 or row["curriculum"] in kept
    ]
    write_table(tmp_path, config=study(), rows=rows, facts=FACTS)
    partial = read_table(tmp_path)
    lower = {text: table.truths[text].value - own.value for text, own in partial.truths.items()}
    assert {text for text, own in partial.truths.items() if own.seeds == 2} == kept
    assert max(lower.values()) - min(lower.values()) < 0.02  # of 0.1 that seed 4 adds
    assert partial.truths[partial.best].error == pytest.approx(
        table.truths[table.best].error, rel=0.1
    )


def test_a_curriculum_with_fewer_truth_seeds_is_not_the_true_best(world, tmp_path):
    rows = [r for r in world[1] if r["stage_seed"] != 4 or r["curriculum"].count(">") < 2]
    write_table(tmp_path, config=study(), rows=rows, facts=FACTS)
    partial = read_table(tmp_path)
    assert partial.truths[partial.best].seeds == 2
    assert partial.best.count(">") < 2
    alone = next(text for text, truth in partial.truths.items() if truth.seeds == 1)
    errors = [partial.truths[text].error for text in (alone, partial.best)]
    assert errors[0] == pytest.approx(2**0.5 * errors[1])


def test_in_the_papers_proportions_a_whole_trial_costs_what_theirs_did(table):
    config = enumerated(study(stopping="none", store={"enabled": False}))
    found = simulate(table, config)
    assert found.spent.papers == pytest.approx(250 * (269_000 + 1_630_000 + 122_000))


def test_the_whole_space_costs_what_enumerating_it_without_rungs_pays(table):
    found = simulate(table, enumerated(study(stopping="none")))
    assert found.spent.by_part == pytest.approx(whole_space(table, 1))
    assert found.spent.papers == pytest.approx(
        sum(n * papers_factors(table, 1)[part] for part, n in found.spent.by_part.items())
    )


def test_spent_to_within_is_when_the_best_known_came_to_stay(table, enumeration):
    found = enumeration()
    reached = spent_to_within(found, table)
    for moment in found.moments:
        near = table.regret(moment.curriculum) <= table.tolerance
        assert near or reached is None or moment.spent.examples < reached
    last_is_near = table.regret(found.winner) <= table.tolerance
    assert (reached is not None) == last_is_near
    assert found.at(found.moments[2].spent.examples) == found.moments[2]
    assert found.at(0.0) is None
    third = found.moments[2]
    assert found.at(third.spent.papers, cost="papers") == third
    assert found.at(third.spent.clock_seconds - 1e-9, cost="clock_seconds") == found.moments[1]


def test_a_real_run_replayed_on_its_own_rows_takes_the_same_decisions(finished_study, tmp_path):
    config, run = finished_study
    rows = read_rows(run / "observations.jsonl")
    facts = Facts(**{**_values(FACTS), "seen": (9,), "truth": (1,), "load_seconds": 0.0})
    write_table(tmp_path, config=config, rows=rows, facts=facts)
    found = simulate(read_table(tmp_path), config)
    trials = dict.fromkeys((r["curriculum"], r["variant"], r["stage_seed"]) for r in rows)
    assert found.order == tuple(trials)
    assert found.spent.by_part == pytest.approx(by_part(rows, "examples_paid"))
    assert found.spent.clock_seconds == pytest.approx(sum(row["seconds"] for row in rows), abs=0.05)
    last = {r["curriculum"] for r in rows if r["rung"] == 2 and r["role"] != "noise"}
    assert set(found.finals) == last
    sampled = {r["curriculum"] for r in rows if r["role"] == "sampled"}
    assert found.num_stopped == len(sampled - last)


@pytest.mark.parametrize("sampler", ["RandomSampler", "TPESampler", "CurriculumSampler"])
def test_one_worker_takes_the_decisions_of_the_search_itself(table, tmp_path, sampler):
    config = study(sampler={"name": sampler}, budget={"trials": 30})
    planting = Planting()
    trials, _ = new_search(
        config,
        planner_of(config, tmp_path),
        study=optuna.create_study(direction="maximize"),
        record=lambda rows: rows,
        elapsed_hours=lambda: 0.0,
    )
    order, stopped = [], []
    while (assignment := trials.next()) is not None:
        order.append((assignment.curriculum, assignment.variant, assignment.stage_seed))

        def ends(rung, rows, assignment=assignment):
            verdict = trials.on_rung(assignment, rung, rows)
            stopped.extend([assignment.curriculum] if verdict.stopped else [])
            return verdict.ends

        planting.run(assignment, ends)
    found = simulate(table, config)
    assert found.order == tuple(order)
    assert found.num_stopped == len(stopped) > 5
    assert any(variant for _, variant, _ in order)  # crowded prefixes among them
    assert found.spent.by_part == pytest.approx(by_part(planting.rows, "examples_paid"))


def _values(record):
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def test_200_trials_take_under_5_seconds_beside_the_sampler(table):
    started = time.process_time()
    found = simulate(table, study(budget={"trials": 200}), workers=8)
    spent = time.process_time() - started
    assert found.num_sampled == 200
    assert spent - found.proposing_seconds < 5


def test_a_large_table_is_written_in_single_precision_and_replays_alike(
    world, table, tmp_path, monkeypatch
):
    whole = (table.folder / "observations.parquet").stat().st_size
    monkeypatch.setattr("search.recorded_table.MAX_BYTES", whole - 1)
    write_table(tmp_path, config=study(), rows=world[1], facts=FACTS)
    assert (tmp_path / "observations.parquet").stat().st_size < whole < MAX_BYTES
    single = simulate(read_table(tmp_path), study())
    assert single.order == simulate(table, study()).order
    monkeypatch.setattr("search.recorded_table.MAX_BYTES", 10)
    with pytest.raises(TableError, match="wanted at most 10"):
        write_table(tmp_path, config=study(), rows=world[1], facts=FACTS)


def copied(table, folder, **files):
    for name in ("study.yaml", "observations.parquet", "table.yaml"):
        (folder / name).write_bytes((table.folder / name).read_bytes())
    return folder


def test_what_is_no_table_is_refused_with_what_it_lacks(table, tmp_path):
    with pytest.raises(TableError, match=r"has no study.yaml.*beside it: .*table; record one"):
        read_table(table.folder.parent / "nothing")
    folder = copied(table, tmp_path)
    (folder / "observations.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TableError, match=r"observations.parquet is damaged: .*record the table"):
        read_table(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2", "is damaged"),
        ("seen: [1]\n", "is damaged.*wanted made, by"),
        ("", "is damaged"),
    ],
)
def test_damaged_facts_are_refused(table, tmp_path, text, said):
    folder = copied(table, tmp_path)
    (folder / "table.yaml").write_text(text)
    with pytest.raises(TableError, match=said):
        read_table(folder)


def test_a_seed_is_seen_or_truth_and_there_is_a_truth(world, tmp_path):
    both = Facts(**{**_values(FACTS), "truth": (2, 3)})
    write_table(tmp_path, config=study(), rows=world[1], facts=both)
    with pytest.raises(TableError, match="seeds 2 are seen and truth"):
        read_table(tmp_path)
    none = Facts(**{**_values(FACTS), "truth": (8, 9)})
    write_table(tmp_path, config=study(), rows=world[1], facts=none)
    with pytest.raises(TableError, match=r"no curriculum at a seed of truth \(8, 9\)"):
        read_table(tmp_path)


def test_what_is_not_recorded_is_named(world, table, tmp_path):
    with pytest.raises(TableError, match=r"no none with 0.111 of the probe at seed 7"):
        simulate(table, study(seeds={"stage": 7, "target": 7, "noise": [2]}))
    with pytest.raises(TableError, match=r"0.0625 of the probe.*it has fractions 0.111"):
        simulate(table, study(stopping={"reduction_factor": 4}))
    lacking = [r for r in world[1] if r["stage_seed"] < 3 or r["curriculum"] == "none"]
    write_table(tmp_path, config=study(), rows=lacking, facts=FACTS)
    with pytest.raises(TableError, match="has no truth of mini-"):
        simulate(read_table(tmp_path), study())


def test_seeds_to_search_on_are_seen_ones_with_every_curriculum(world, table, tmp_path):
    texts = list(table.truths)
    assert complete_seeds(table, texts) == (1, 2)
    rows = [r for r in world[1] if (r["stage_seed"], r["curriculum"]) != (2, texts[100])]
    write_table(tmp_path, config=study(), rows=rows, facts=FACTS)
    assert complete_seeds(read_table(tmp_path), texts) == (1,)


@pytest.mark.parametrize(("workers", "failures"), [(0, 0.0), (1025, 0.0), (1, 1.0), (1, -0.1)])
def test_workers_and_failures_have_limits(table, workers, failures):
    with pytest.raises(ValueError, match="wanted 1 to 1024 workers"):
        simulate(table, study(), workers=workers, failures=failures)
