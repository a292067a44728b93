"""A recorded table whose truth is planted: rows as a run with a store writes them, untrained."""

from __future__ import annotations

import random

from analysis.observations import COLUMNS
from analysis.planted import World, expected_gain
from search.assignments import Planner
from search.computed_cells import Prices
from search.config import load_study
from search.places import Places
from search.recorded_table import Facts, read_table, write_table
from search.study_fields import StudyConfig
from spaces.curriculum import parse_curriculum

TASKS = ("mini-nli", "mini-paraphrase", "mini-squad", "mini-choice")
WORLD = World(
    curricula=(),
    task={"mini-nli": 0.05, "mini-squad": 0.03, "mini-choice": 0.01, "mini-paraphrase": -0.01},
    precedence={("mini-squad", "mini-nli"): 0.02, ("mini-choice", "mini-squad"): 0.01},
)
TARGETS = ("mini-xnli", "mini-tatoeba")
SECONDS_PER_EXAMPLE = 0.01
PRICES = Prices(
    stage=lambda stage: (stage.num_examples, SECONDS_PER_EXAMPLE * stage.num_examples),
    target=lambda target, scale: (180 * scale, 1.8 * scale),
    evaluation=lambda target, language: (10.0, 0.1),
)
"""Of computed cells."""
FACTS = Facts(
    made="2026-01-01",
    by="python -m benchmarks.tables.record planted",
    machine="none",
    seen=(1, 2),
    truth=(3, 4),
    load_seconds=0.5,
    missing="",
)


def study(**changes):
    values = {
        "study": {"name": "planted"},
        "encoder": {"name": "miniworld"},
        "space": {"tasks": list(TASKS), "sizes": [1000, 3000], "max_stages": 3},
        "targets": list(TARGETS),
        "languages": {"proxy": ["dun"], "report": ["bor"]},
        "probe": {"train": 90, "eval": 30},
        "stopping": {},
        "budget": {"trials": 40},
        "seeds": {"noise": [2]},
        "sampler": {"name": "RandomSampler"},
        "confirm": {"top": 0},
    }
    return load_study(values | changes)


def enumerated(config):
    """The whole space, every rung, nothing stopped."""
    values = config.model_dump(mode="json") | {"enumerate": True, "budget": {}}
    values["seeds"] |= {"noise": [], "confirm": []}
    return StudyConfig.model_validate(values)


def planner_of(config, cache):
    return Planner(config, Places(run_id="", cache=cache, store=None, mirror=None))


class Planting:
    """Rows as a run with a store writes them, without training: its own account of who pays."""

    def __init__(self, noise=0.004):
        self.noise = noise
        self.rows = []
        self.stored = set()

    def run(self, assignment, ends=lambda rung, rows: False):
        met = set()
        seed = assignment.stage_seed
        for work in assignment.rungs:
            before = len(self.rows)
            trained = parse_curriculum(work.curriculum)
            shared = self, assignment, work, met
            for prefix in trained.prefixes()[1:]:
                node = ("stage", str(prefix), seed)
                cost = prefix.stages[-1].num_examples
                _row(shared, node, cost, part="stage", target=str(prefix))
            for target, examples in work.train_examples.items():
                model = (str(trained), seed if len(trained) else None)
                if examples:
                    model = (*model, target, examples, seed)
                    cost = 2.0 * examples
                    _row(shared, ("target", *model), cost, part="target", target=target)
                for language in work.splits["search"][target]:
                    rng = random.Random(f"{model} {language}")
                    gain = expected_gain(WORLD, str(trained)) if len(trained) else 0.0
                    _row(
                        shared,
                        ("evaluation", *model, target, language),
                        work.eval_items / 3,
                        part="evaluation",
                        target=target,
                        language=language,
                        split="search",
                        metric=work.metrics[target],
                        value=0.5 + gain + rng.gauss(0, self.noise),
                    )
            if ends(work.index, self.rows[before:]):
                break
        return self


def _row(shared, node, cost, **own):
    planting, assignment, work, met = shared
    needed = 0.0 if node in met else float(cost)
    paid = 0.0 if node in planting.stored else needed
    met.add(node)
    planting.stored.add(node)
    row = {
        "phase": "search",
        "curriculum": assignment.curriculum,
        "variant": assignment.variant,
        "role": assignment.role,
        "rung": work.index,
        "num_rungs": len(assignment.rungs),
        "scale": work.scale,
        "stage_seed": assignment.stage_seed,
        "target_seed": assignment.target_seed,
        "language": "en",
        "split": "dev",
        "layer": None,
        "metric": "score",
        "value": 0.5,
        "items": 10,
        "numerics": "none",
        "stand_in": False,
        "overlap": None,
        "train_overlap": None,
        "collapsed": False,
        "examples_needed": needed,
        "examples_paid": paid,
        "seconds": paid * SECONDS_PER_EXAMPLE,
        **own,
    }
    assert set(row) == set(COLUMNS)
    planting.rows.append(row)


def planted(folder, config, seeds, facts=FACTS, **how):
    """A table of the whole space at all seeds; also the rows of each seed's enumeration."""
    planting, planner = Planting(**how), planner_of(config, folder / "cache")
    for seed in seeds:
        for curriculum in dict.fromkeys((*planner.given().baselines, *planner.space.enumerate())):
            planting.run(planner.search(curriculum, "sampled", seed))
    write_table(folder / "table", config=config, rows=planting.rows, facts=facts)
    return read_table(folder / "table"), planting.rows


def by_part(rows, column):
    sums = {}
    for row in rows:
        sums[row["part"]] = sums.get(row["part"], 0.0) + row[column]
    return sums


def without_time(found):
    return {
        name: getattr(found, name)
        for name in found.__dataclass_fields__
        if name != "proposing_seconds"
    }
