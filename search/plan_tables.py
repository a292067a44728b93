"""How is a plan shown? Tables and sentences for a terminal; what is measured and what is not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from search.calibration import Rates
from search.forecast import REPEATS
from search.forecast_means import Noise, Phase
from search.overlap_tables import study_overlaps
from search.plan import Plan
from search.replayed import Replayed
from search.turns import in_words
from search.work import PARTS, Cost
from spaces.crowding import CROWDED
from spaces.stopping import MIN_RELIABILITY

NO_REMEDY = "No remedy of this kind reaches it: choose harder or other targets."


def plan_tables(
    plan: Plan, *, study: str, replayed: Replayed | None = None
) -> Iterator[RenderableType]:
    """What `curriculum plan` prints, from top to bottom.

    Args:
        plan: to show.
        study: how the user named the study, for the commands to type next.
        replayed: the study on a recorded table, if there is one near enough.
    """
    yield from _space(plan)
    yield from _trials(plan)
    yield "\n[bold]Examples paid for, by phase[/]"
    yield _cost_table(plan.forecast.phases)
    yield from _cost_notes(plan)
    yield "\n[bold]The same in the papers' proportions[/]"
    yield _cost_table([_as_phase(p, cost) for p, cost in _papers(plan)])
    yield (
        "As if a whole trial cost what a curriculum does in Phang et al. 2020: 269,000 examples in "
        "stages, 1.63 million in targets, 122,000 in evaluation. Times are this encoder's."
    )
    if plan.rates is not None:
        yield f"\n[bold]Speed[/], measured here in {_time(plan.rates.seconds)}"
        yield _rate_table(plan.rates)
        if plan.rates.load > (os.cpu_count() or 1):
            yield (
                f"Other work runs here (load {plan.rates.load:.1f} on {os.cpu_count()} CPUs): "
                "without it all times are shorter."
            )
    yield from _disk(plan)
    yield from study_overlaps(plan.overlaps, plan.config.catalogue)
    yield from _remedies(plan)
    if replayed is not None:
        yield from _replayed(replayed)
    yield f"\nnext: curriculum search {escape(study)}"


def _space(plan: Plan) -> Iterator[str]:
    config, found = plan.config, plan.forecast
    share = found.num_trials / plan.space_size
    trials = f"{found.num_trials:,} sampled trials are {100 * share:.2g} % of it"
    if not found.num_trials:
        trials = "all of them are baselines"
    yield (
        f"[bold]Plan of {escape(config.study.name)}[/]: {plan.space_size:,} curricula of up to "
        f"{config.space.max_stages} stages over {len(config.space.tasks)} tasks; {trials}."
    )
    if config.budget.trials is None and not config.enumerate:
        more = "at least that many" if found.capped else "about that many"
        yield f"The budget has room for {more} trials."


def _trials(plan: Plan) -> Iterator[RenderableType]:
    stops = len(plan.rungs) > 1
    yield "\n[bold]Trials per rung[/]" if stops else "\n[bold]Trials[/], none is stopped early"
    yield _rung_table(plan) if stops else _trial_table(plan)
    yield from _beside_them(plan)
    if stops:
        yield (
            f"expected: mean of {REPEATS} simulated searches in which ASHA meets the noise shown; "
            "it keeps more than halving does, since it never waits and forgives what noise can "
            "explain."
        )
    yield f"noise, spread: standard deviations in points. {plan.noise.source}"


def _rung_table(plan: Plan) -> Table:
    headings = ("rung", "probe examples", "by halving", "expected", "noise", "spread", "reliable")
    table = _table(headings)
    for i, (rung, noise) in enumerate(zip(plan.rungs, plan.noise.rungs, strict=True)):
        last = i == len(plan.rungs) - 1
        table.add_row(
            f"{rung.index + 1} of {len(plan.rungs)}",
            f"{plan.probe_examples[i]:,}",
            f"{plan.forecast.halving[i]:,}",
            f"{plan.forecast.reaching[i]:,.1f}",
            *_noise_cells(noise, stops=not last),
        )
    return table


def _trial_table(plan: Plan) -> Table:
    table = _table(("probe examples", "trials", "noise", "spread", "reliable"))
    cells = f"{plan.probe_examples[-1]:,}", f"{plan.forecast.reaching[-1]:,.0f}"
    table.add_row(*cells, *_noise_cells(plan.noise.rungs[-1], stops=False))
    return table


def _noise_cells(noise: Noise, *, stops: bool) -> tuple[str, str, str]:
    mark = _mark(noise.reliability) if stops else ""
    return f"{100 * noise.noise:.1f}", f"{100 * noise.spread:.1f}", f"{noise.reliability:.2f}{mark}"


def _mark(reliability: float) -> str:
    return "  stops nothing" if reliability < MIN_RELIABILITY else ""


def _beside_them(plan: Plan) -> Iterator[str]:
    rest = ", ".join(
        f"{_count(phase.trials)} {phase.name} trials"
        if phase.name == "confirmation"
        else f"{_count(phase.trials)} {phase.name}"
        for phase in plan.forecast.phases
        if phase.name != "search"
    )
    yield f"Beside them, always to the end: {rest}."
    if plan.config.seeds.noise:
        yield (
            f"Not planned: a prefix on which {CROWDED} trials stand runs on a second seed, as one "
            "or two trials."
        )


def _cost_table(phases: Sequence[Phase]) -> Table:
    table = _table(("phase", "trials", "stages", "targets", "evaluation", "total", "slot time"))
    for phase in phases:
        table.add_row(phase.name, _count(phase.trials), *_cells(phase.cost.paid), _slot_time(phase))
    paid = _sum([phase.cost.paid for phase in phases])
    needed = _sum([phase.cost.needed for phase in phases])
    table.add_section()
    seconds = [phase.cost.seconds for phase in phases if phase.cost.seconds is not None]
    timed = _sum(seconds) if seconds else None
    trials = sum(phase.trials for phase in phases)
    whole = "" if timed is None else _time(sum(timed.values()))
    table.add_row("all", _count(trials), *_cells(paid), whole)
    table.add_row("without sharing", "", *_cells(needed), "")
    table.add_row("saved by sharing", "", *_shares(needed, paid), "")
    if timed is not None:
        times = [_time(timed[part]) for part in PARTS]
        table.add_row("slot time", "", *times, whole, "")
    return table


def _cost_notes(plan: Plan) -> Iterator[str]:
    workers = plan.config.resources.workers
    yield (
        "saved: curricula drawn uniformly, so that the sampler's preference for good prefixes, "
        "which shares more, is left out, and so is what the store holds from other studies."
    )
    if plan.rates is None:
        yield f"No times: {plan.no_rates}. Run `curriculum plan` on a machine like the workers."
        return
    seconds = [sum(p.cost.seconds.values()) for p in plan.forecast.phases if p.cost.seconds]
    yield (
        f"With {workers} trials at the same time, each as fast as here and never waiting: "
        f"{_time(sum(seconds) / workers)}. Starting up comes on top."
    )


def _rate_table(rates: Rates) -> Table:
    table = _table(("task", "s / 1,000 trained", "s / 1,000 scored", "features per row"))
    for task, scoring in rates.score_seconds.items():
        training, features = rates.train_seconds.get(task), rates.features_per_row.get(task)
        table.add_row(
            task,
            "" if training is None else f"{1000 * training:.2f}",
            f"{1000 * scoring:.2f}",
            "" if features is None else f"{features:.2f}",
        )
    return table


def _disk(plan: Plan) -> Iterator[str]:
    disk = plan.disk
    if disk is None:
        return
    yield (
        f"\n[bold]Disk[/]: {_count(disk.num_encoders)} encoders of {_bytes(disk.encoder)} make "
        f"{_bytes(disk.weights)}; the store may hold {_bytes(disk.limit)}"
        + ("." if disk.free is None else f", and {_bytes(disk.free)} are free.")
    )
    if disk.weights > disk.limit:
        yield "The least recently used weights will go, and some may be trained again."
    if disk.free is not None and min(disk.weights, disk.limit) > disk.free:
        yield "[bold red]The disk will be full[/]: lower store.limit_gb or move store.path."


def _remedies(plan: Plan) -> Iterator[RenderableType]:
    if len(plan.rungs) == 1:
        return
    if plan.remedies is None:
        yield "\n[bold]Noise[/]: every rung that stops trials is expected to be reliable enough."
        return
    rung, found = plan.remedies.rung + 1, plan.remedies.table
    yield (
        f"\n[bold]Noise[/]: at rung {rung} less than half of the differences is expected to be "
        "real, so it will stop nothing. Remedies, the cheapest first:"
    )
    table = _table(("remedy", "times", "examples per trial", "enough"))
    for remedy, times, examples, enough in found.itertuples(index=False, name=None):
        told = "yes" if enough else "no"
        table.add_row(str(remedy), f"{times:.1f}", f"{examples:,.0f}", told)
    yield table if len(found) else NO_REMEDY
    if len(found) and found.iloc[0]["remedy"] == "more items":
        items = plan.config.probe.eval * float(found.iloc[0]["times"])
        yield f"Set probe.eval to {items:,.0f}, where the targets have so many items."


def _replayed(found: Replayed) -> Iterator[str]:
    runs, table = found.runs, found.table
    num, within = len(runs), 100 * table.tolerance
    yield f"\n[bold]Replayed[/] on {escape(str(table.folder))}, {num} searches"
    yield (
        f"{fmean(run.num_sampled for run in runs):.0f} sampled trials, of which "
        f"{fmean(run.num_stopped for run in runs):.0f} are stopped, and "
        f"{fmean(run.spent.examples for run in runs):,.0f} examples before the confirmation."
    )
    regret = found.regret
    if regret is not None:
        half = "" if regret.low is None else f" ± {100 * (regret.mean - regret.low):.1f}"
        yield (
            f"What the search finds is {100 * regret.mean:.1f}{half} points below the true best "
            f"({table.best}): within {within:.1f} points of it in {found.num_within} of {num} "
            f"searches, after the confirmation in {found.num_confirmed_within}."
        )
    yield (
        f"On seeds {in_words(found.turns)} of the table in turn, judged by all its others"
        + ("; without the joint baseline, which the table lacks." if found.without_joint else ".")
    )


def _papers(plan: Plan) -> Iterator[tuple[Phase, Cost]]:
    return zip(plan.forecast.phases, plan.papers, strict=True)


def _as_phase(phase: Phase, cost: Cost) -> Phase:
    return Phase(name=phase.name, trials=phase.trials, cost=cost)


def _table(headings: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i == 0 else "right", no_wrap=True)
    return table


def _cells(amounts: Mapping[str, float]) -> list[str]:
    return [f"{amounts[part]:,.0f}" for part in PARTS] + [f"{sum(amounts.values()):,.0f}"]


def _shares(needed: Mapping[str, float], paid: Mapping[str, float]) -> list[str]:
    pairs = [(needed[part], paid[part]) for part in PARTS]
    pairs.append((sum(needed.values()), sum(paid.values())))
    return [f"{100 * (1 - part / whole):.0f} %" if whole else "" for whole, part in pairs]


def _sum(amounts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {part: sum(amount[part] for amount in amounts) for part in PARTS}


def _slot_time(phase: Phase) -> str:
    return "" if phase.cost.seconds is None else _time(sum(phase.cost.seconds.values()))


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _bytes(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1e3:.0f} kB"


def _time(seconds: float) -> str:
    """Two units at most: `9.4 s`, `45 s`, `2 min 05 s`, `3 h 20 min`, `4 d 01 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if not minutes:
        return f"{rest} s"
    if not hours:
        return f"{minutes} min {rest:02d} s"
    if hours < 24:
        return f"{hours} h {minutes_left:02d} min"
    return f"{hours // 24} d {hours % 24:02d} h"
