"""What is searched in `benchmarks/scaling.py`? A table of which every cell is computed."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

from analysis.planted import expected_gain
from analysis.savings import PAPERS
from benchmarks.planted_search import NODE, RUN, planted
from search.assignments import Planner
from search.computed_cells import ComputedCells, ComputedTarget, Law, Luck, Prices
from search.config import load_study
from search.places import Places
from search.recorded_table import Facts, RecordedTable
from search.truths import Truth
from spaces.curriculum import EMPTY_TEXT
from spaces.rungs import rungs
from spaces.space import CurriculumSpace

TASKS = ("nli", "paraphrase", "squad", "choice", "pos", "ner", "features")
STUDY: dict[str, Any] = {
    "study": {"name": "scaling"},
    "encoder": {"name": "miniworld"},
    "space": {
        "tasks": [f"mini-{task}" for task in TASKS],
        "sizes": [1000, 3000, 9000],
        "max_stages": 4,
    },
    "targets": ["mini-xnli", "mini-udpos"],
    "languages": {"proxy": ["dun"], "report": ["bor"]},
    "probe": {"train": 90, "eval": 30},
    "stopping": {},
    "budget": {"trials": 1000},
    "seeds": {"noise": [101, 102]},
}
TRUTH_SEED = 999
SEEDS = (*range(1, 101), 101, 102, TRUTH_SEED)
EXAMPLES_PER_SECOND = 100.0
"""Of one worker."""
LOAD_SECONDS = 5.0
BASE = 0.5
LOW_RUNG = 0.25
"""With a fraction x of the probe gains are x ** 0.25 as large, and luck is as much larger."""
DRAWN = 2_000


def planted_table(study: dict[str, Any] | None = None) -> RecordedTable:
    """A table of a space too large to be trained; another space with `study`."""
    config = load_study(STUDY if study is None else study)
    cache = Path(tempfile.mkdtemp())
    planner = Planner(config, Places(run_id="", cache=cache, store=None, mirror=None))
    given = map(str, planner.given().baselines)
    curricula = tuple(dict.fromkeys((*given, *map(str, planner.space.enumerate()))))
    targets = tuple(
        ComputedTarget(name=name, metric=config.catalogue.get(name).metric, languages=languages)
        for name in config.targets
        for languages in [tuple(planner.languages("search")[name])]
    )
    world = planted(0, planner.space)

    def gain(text: str) -> float:
        return expected_gain(world, text) if text != EMPTY_TEXT else 0.0

    def expected(text: str, scale: float) -> dict[tuple[str, str], float]:
        value = BASE + scale**LOW_RUNG * gain(text)
        return {(t.name, language): value for t in targets for language in t.languages}

    cells = ComputedCells(
        Law(
            targets=targets,
            expected=expected,
            luck=Luck(stage=NODE, run=RUN),
            unit=lambda target, scale: scale**-LOW_RUNG,
            prices=prices(planner.space, targets),
        ),
        curricula=curricula,
        scales=[
            r.target_scale for r in rungs("targets", num_rungs=3, reduction_factor=3, max_stages=4)
        ],
        seeds=SEEDS,
    )
    facts = Facts(
        made="", by="python -m benchmarks.scaling", machine="", seen=SEEDS[:-1],
        truth=(TRUTH_SEED,), load_seconds=LOAD_SECONDS, missing="",
    )  # fmt: skip
    truths = {text: Truth(value=BASE + gain(text), error=0.0, seeds=1) for text in curricula}
    return RecordedTable(folder=cache, config=config, facts=facts, cells=cells, truths=truths)


def prices(space: CurriculumSpace, targets: tuple[ComputedTarget, ...]) -> Prices:
    """A mean whole trial costs what it did in Phang et al. 2020, part by part."""
    rng = random.Random(0)
    mean = fmean(space.draw(rng).num_examples for _ in range(DRAWN))
    evaluations = sum(len(target.languages) for target in targets)

    def price(examples: float) -> tuple[float, float]:
        return examples, examples / EXAMPLES_PER_SECOND

    return Prices(
        stage=lambda stage: price(PAPERS["stage"] * stage.num_examples / mean),
        target=lambda target, scale: price(PAPERS["target"] * scale / len(targets)),
        evaluation=lambda target, language: price(PAPERS["evaluation"] / evaluations),
    )
