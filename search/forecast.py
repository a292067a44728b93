"""Which trials will a study run, and what will they cost? Simulated before anything is spent.

Curricula are drawn uniformly from the space, so sharing is that of a sampler without preferences:
one that stays near the best shares more. Their quality is drawn too, and ASHA decides on it with
the noise that the plan expects. One trial runs at a time; several at once stop slightly less.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from math import inf

from search.assignments import Planner
from search.calibration import Rates
from search.confirm import candidates_of
from search.contenders import Contenders
from search.controls import controls_of
from search.forecast_means import Forecast, Noise, Phase, halving, mean_forecast
from search.study_fields import StudyConfig
from search.work import Cost, Counter, Name, Piece, cost_of
from spaces.curriculum import Curriculum, parse_curriculum
from spaces.standings import Standings
from spaces.stopping import RungTable
from trainables.assignment import Assignment

MAX_SIMULATED = 2_000
"""Trials of one simulation; the plan of a longer study says that it ends there."""
REPEATS = 5

Pieces = Mapping[Name, Piece]


def forecast(
    config: StudyConfig,
    planner: Planner,
    counter: Counter,
    *,
    rates: Rates | None,
    noise: Sequence[Noise],
    repeats: int = REPEATS,
) -> Forecast:
    """Simulate a study.

    Args:
        config: of the study.
        planner: its assignments.
        counter: of their work.
        rates: seconds; needed for a budget in hours.
        noise: at each rung.
        repeats: simulated studies.

    Raises:
        ValueError: if the budget is in hours and there are no rates.
    """
    if config.budget.hours is not None and rates is None:
        raise ValueError("budget.hours cannot be planned without a calibration on this machine")
    runs = [
        _Simulation(config, planner, counter, rates, noise, random.Random(seed)).run()
        for seed in range(repeats)
    ]
    return mean_forecast(runs)


class _Simulation:
    """One study, drawn."""

    def __init__(
        self,
        config: StudyConfig,
        planner: Planner,
        counter: Counter,
        rates: Rates | None,
        noise: Sequence[Noise],
        rng: random.Random,
    ) -> None:
        self._config, self._planner, self._counter = config, planner, counter
        self._rates, self._noise, self._rng = rates, noise, rng
        self._given, self._own = planner.given(), config.seeds.stage
        self._known: set[Name] = set()
        self._eta = 3 if config.stopping is None else config.stopping.reduction_factor
        self._qualities: dict[Curriculum, float] = {}
        self._standings = Standings()
        self._contenders = Contenders(
            self._standings,
            noise_seeds=self._given.noise_seeds,
            top=config.seeds.contenders,
            assign=planner.search,
            is_running=lambda _: False,
            has_ended=lambda _: False,
        )
        self._further: list[Pieces] = []
        """Of contenders."""
        self._table = RungTable(
            num_rungs=planner.num_rungs,
            reduction_factor=self._eta,
            z=0.0 if config.stopping is None else config.stopping.z,
            baselines=[str(curriculum) for curriculum in self._given.baselines],
        )

    def run(self) -> Forecast:
        """All phases in their order, each on top of what the earlier ones left in the store."""
        baselines = self._baselines()
        noise_seeds = self._noise_seeds()
        before = set(self._known)
        search, reaching, whole, capped = self._search()
        contenders = cost_of(self._further, before, self._rates)
        if not search.trials:  # a space whose curricula are all baselines
            whole = {part: n / baselines.trials for part, n in baselines.cost.needed.items()}
        return Forecast(
            phases=(
                baselines,
                noise_seeds,
                search,
                Phase(name="contenders", trials=len(self._further), cost=contenders),
                self._confirmation(),
            ),
            num_trials=int(search.trials),
            capped=capped,
            halving=halving(int(search.trials), self._planner.num_rungs, self._eta),
            reaching=reaching,
            whole_trial=whole,
        )

    def _baselines(self) -> Phase:
        found = []
        for curriculum in self._given.baselines:
            for rung in range(self._planner.num_rungs):
                self._table.record(rung, str(curriculum), self._value(curriculum, rung))
            self._ends(curriculum)
            found.append(self._planner.search(curriculum, "baseline", None))
        return self._phase("baselines", found)

    def _noise_seeds(self) -> Phase:
        singles = self._given.singles[:1]  # the best is not known yet, and its size is theirs
        joint = () if self._given.joint is None else (self._given.joint,)
        found = []
        for curriculum in (self._given.empty, *singles, *joint):
            for seed in self._given.noise_seeds:
                self._repeats(curriculum, seed)
                found.append(self._planner.search(curriculum, "noise", seed))
        return self._phase("noise seeds", found)

    def _ends(self, curriculum: Curriculum) -> None:
        self._standings.record(str(curriculum), self._own, self._value(curriculum, -1))

    def _repeats(self, curriculum: Curriculum, seed: int) -> None:
        self._standings.record(str(curriculum), seed, self._value(curriculum, -1), repeat=True)

    def _run_contenders(self) -> Iterator[Pieces]:
        while pending := self._contenders.pending():
            self._repeats(parse_curriculum(pending[0].curriculum), pending[0].stage_seed)
            yield self._counter.pieces(pending[0])

    def _search(self) -> tuple[Phase, tuple[float, ...], dict[str, float], bool]:
        reaching = [0.0] * self._planner.num_rungs
        trials: list[Pieces] = []
        whole: list[Pieces] = []
        before = set(self._known)
        spent = 0.0
        curricula, capped = self._drawn(), False
        for curriculum in curricula:
            if self._spent(len(trials), spent):
                break
            if len(trials) == MAX_SIMULATED:
                capped = True
                break
            assignment = self._planner.search(curriculum, "sampled", None)
            last = self._last_rung(curriculum)
            for rung in range(last + 1):
                reaching[rung] += 1
            trials.append(self._counter.pieces(assignment, until=last))
            whole.append(self._counter.pieces(assignment))
            further = [*self._run_contenders()]
            self._further += further
            spent += self._amount(cost_of([trials[-1], *further], self._known, self._rates))
        cost = cost_of(trials, before, self._rates)
        needed = cost_of(whole, set(), None).needed
        mean = {part: n / max(1, len(whole)) for part, n in needed.items()}
        search = Phase(name="search", trials=len(trials), cost=cost)
        return search, tuple(reaching), mean, capped

    def _drawn(self) -> Iterator[Curriculum]:
        """Curricula besides the baselines, each once, until the space is exhausted."""
        space, seen = self._planner.space, set(self._given.baselines)
        count = space.count()
        if count <= 10 * MAX_SIMULATED:
            order = [space.nth(i) for i in self._rng.sample(range(count), count)]
            yield from (curriculum for curriculum in order if curriculum not in seen)
            return
        while True:
            curriculum = space.draw(self._rng)
            if curriculum not in seen:
                seen.add(curriculum)
                yield curriculum

    def _last_rung(self, curriculum: Curriculum) -> int:
        """Where ASHA stops it, given values drawn around its quality."""
        for rung in range(self._planner.num_rungs):
            self._table.record(rung, str(curriculum), self._value(curriculum, rung))
            if self._table.decide(rung, str(curriculum), noise=self._noise[rung].noise).stop:
                return rung
        self._ends(curriculum)
        return self._planner.num_rungs - 1

    def _value(self, curriculum: Curriculum, rung: int) -> float:
        quality = self._qualities.setdefault(curriculum, self._rng.gauss(0, 1))
        here = self._noise[rung]
        return here.spread * quality + self._rng.gauss(0, here.noise)

    def _spent(self, num_trials: int, amount: float) -> bool:
        budget = self._config.budget
        if budget.trials is not None:
            return num_trials >= budget.trials
        limit = budget.examples if budget.hours is None else budget.hours * 3600
        return amount >= (inf if limit is None else limit)

    def _amount(self, cost: Cost) -> float:
        """What of the budget a cost uses: examples, or seconds of all workers together."""
        if self._config.budget.hours is None or cost.seconds is None:
            return sum(cost.paid.values())
        return sum(cost.seconds.values()) / self._config.resources.workers

    def _confirmation(self) -> Phase:
        config, planner = self._config, self._planner
        empty = Curriculum()
        ranked = map(parse_curriculum, self._standings.ranked())
        best = candidates_of(ranked, config, planner)
        if not best:
            return self._phase("confirmation", [])
        trials = [
            self._both_splits(curriculum, role, seed)
            for seed in config.seeds.confirm
            for curriculum, role in (*((c, "candidate") for c in best), (empty, "baseline"))
        ]
        if config.confirm.controls:
            for seed in config.seeds.confirm:
                controls = controls_of(best[0], planner, config, seed)
                trials += [self._counter.pieces(assignment) for assignment in controls]
        return self._phase_of("confirmation", trials)

    def _both_splits(self, curriculum: Curriculum, role: str, seed: int) -> Pieces:
        """One model, scored on the search split first and on the report split in the end."""
        search, report = (
            self._counter.pieces(self._planner.confirm(curriculum, role, seed, split=split))
            for split in ("search", "report")
        )
        return search | report

    def _phase(self, name: str, trials: Sequence[Assignment]) -> Phase:
        return self._phase_of(name, [self._counter.pieces(assignment) for assignment in trials])

    def _phase_of(self, name: str, trials: Sequence[Pieces]) -> Phase:
        cost = cost_of(trials, self._known, self._rates)
        return Phase(name=name, trials=len(trials), cost=cost)
