"""A search without Ray and without training: what a trial scores is drawn, or given."""

from __future__ import annotations

import random

import optuna

from analysis.observations import CONTENDER, CROWDED_PREFIX, IDENTITY
from search.endings import Budget
from search.given import Given
from search.gp.observed import Problem
from search.samplers import sampler_factory
from search.suggestions import Suggestions
from search.tally import identity_of
from search.trials import Trials
from spaces.codecs import CODECS
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.rungs import rungs
from spaces.space import CurriculumSpace
from spaces.stopping import RungTable
from trainables.assignment import Assignment, RungWork

SPACE = CurriculumSpace(tasks=tuple("abcdef"), sizes=(1, 3), max_stages=3)
SINGLES = tuple(parse_curriculum(f"{task}:3") for task in "ab")
TIGHT = CurriculumSpace(tasks=("a", "b"), sizes=(1, 3), max_stages=2)
"""13 curricula: samplers repeat themselves, then it is exhausted."""
NUM_RUNGS = 3
RUNGS = rungs("targets", num_rungs=NUM_RUNGS, reduction_factor=3, max_stages=3)
NEVER = 99.0
"""A z with which nothing is stopped."""


def curricula(texts):
    return [parse_curriculum(text) for text in texts]


def assign(curriculum, role, seed):
    works = [
        RungWork(
            index=i,
            scale=1.0,
            curriculum="",
            train_examples={},
            metrics={},
            eval_items=1,
            splits={"search": {}},
        )
        for i in range(NUM_RUNGS)
    ]
    return Assignment(
        phase="search",
        role=role,
        curriculum=str(curriculum),
        stage_seed=seed or 1,
        target_seed=seed or 1,
        rungs=tuple(works),
    )


def row_of(assignment, rung):
    """Its value depends on curriculum, seed and rung alone."""
    rng = random.Random(f"{assignment.curriculum} {rung}")
    luck = random.Random(f"{assignment.curriculum} {rung} {assignment.stage_seed}")
    return {
        **dict.fromkeys(IDENTITY, ""),
        "phase": "search",
        "curriculum": assignment.curriculum,
        "variant": assignment.variant,
        "role": assignment.role,
        "stage_seed": assignment.stage_seed,
        "target_seed": assignment.target_seed,
        "rung": rung,
        "num_rungs": NUM_RUNGS,
        "value": rng.random() + luck.gauss(0, 0.02),
        "examples_paid": 1.0,
    }


class Search:
    """One search on given observations and a given Optuna study.

    Args:
        script: curricula to propose, in order; None = the sampler decides.
        budget: sampled trials.
        scores: by curriculum and seed, at every rung; others are drawn.
        contenders: so many.
        contend_last: when all else has ended.
    """

    def __init__(
        self,
        script=None,
        *,
        rows=(),
        study=None,
        budget=None,
        noise=(2, 3),
        contenders=0,
        contend_last=False,
        z=1.0,
        sampler="RandomSampler",
        codec="random_keys",
        space=SPACE,
        scores=None,
    ):
        self.scores = scores or {}
        self.rows = list(rows)
        self.study = study or optuna.create_study(direction="maximize")
        self.verdicts = {}
        translate = CODECS[codec](space)
        told = {"space": space, "codec": translate, "rungs": RUNGS, "seed": 1}
        self.suggestions = Suggestions(
            self.study,
            space=space,
            codec=translate,
            new_sampler=sampler_factory(sampler, {}, Problem(**told)),
            seed=7,
            enumerate_all=script is not None,
        )
        if script is not None:
            self.suggestions._in_order = iter(curricula(script))
        chosen = Given(
            empty=Curriculum(), singles=SINGLES, joint=None, others=(), noise_seeds=tuple(noise)
        )
        baselines = [str(curriculum) for curriculum in chosen.baselines]
        self.trials = Trials(
            given=chosen,
            budget=Budget(trials=budget),
            suggestions=self.suggestions,
            rungs=RungTable(num_rungs=NUM_RUNGS, reduction_factor=3, z=z, baselines=baselines),
            assign=assign,
            record=self._record,
            objective=lambda rows: rows[0]["value"],
            elapsed_hours=lambda: 0.0,
            contenders=contenders,
            contend_last=contend_last,
        )
        for row in self.rows:
            self.trials.recall([row])
        self.trials.reconcile()

    def _record(self, rows):
        known = {(identity_of(row), row["rung"]) for row in self.rows}
        new = [row for row in rows if (identity_of(row), row["rung"]) not in known]
        self.rows += new
        return new

    def row_of(self, assignment, rung):
        scored = self.scores.get((assignment.curriculum, assignment.stage_seed))
        row = row_of(assignment, rung)
        return row if scored is None else row | {"value": scored}

    def run(self, rungs=None):
        """One trial after the other, to the end or for so many rungs."""
        while (assignment := self.trials.next()) is not None:
            for work in assignment.rungs:
                if rungs is not None and len(self.rows) >= rungs:
                    return self
                rows = [self.row_of(assignment, work.index)]
                verdict = self.trials.on_rung(assignment, work.index, rows)
                self.verdicts[assignment.identity, work.index] = verdict
                if verdict.ends:
                    break
        assert self.trials.finished()
        return self

    def of_variant(self, variant):
        """Curriculum and seed of such trials, in the order of their ends."""
        last = [r for r in self.rows if r["rung"] == NUM_RUNGS - 1]
        return [(r["curriculum"], r["stage_seed"]) for r in last if r["variant"] == variant]

    @property
    def on_crowded(self):
        """Of crowded prefixes."""
        return self.of_variant(CROWDED_PREFIX)

    @property
    def on_contenders(self):
        """Of curricula that would have been the best."""
        return self.of_variant(CONTENDER)

    @property
    def proposed(self):
        return [str(curriculum) for curriculum in self.suggestions.sampled()]

    @property
    def order(self):
        """Trials in the order in which they began."""
        return list(dict.fromkeys(identity_of(row) for row in self.rows))
