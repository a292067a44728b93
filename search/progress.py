"""What does a user see while a study runs? A live table in a terminal, else a line per event.

Fed with the events of `search/floor.py`. The lines are for logs that are read afterwards:
aligned, no line for mere progress, and at most one summary a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from search.floor import TrialEvent
from search.pace import Pace, clock_text, left_text
from search.study import Opening
from search.study_fields import StudyConfig
from search.table_parts import best_text, score, share
from search.tally import Running, Tally
from spaces.standings import Standings
from trainables.assignment import SEARCH, Assignment

SUMMARY_SECONDS = 60.0
"""A log has a summary at most this often."""
PHASES = {"search": "searching", "confirm": "confirming the best"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the events of a run go."""

    opened: Callable[[Opening], None]
    took: Callable[[TrialEvent], None]


@contextmanager
def progress(console: Console, config: StudyConfig) -> Iterator[Progress]:
    """Show a run on a console: live if it is a terminal, else line by line."""
    scene = Scene(config)
    if not console.is_terminal:
        lines = Lines(scene, lambda line: console.print(Text(line), soft_wrap=True))
        yield Progress(opened=lines.opened, took=lines.took)
        return
    live = Live(
        console=console,
        get_renderable=lambda: live_table(scene),
        refresh_per_second=2,
        screen=False,
    )
    with live:
        yield Progress(opened=scene.opened, took=scene.took)


class Scene:
    """What is known of a run at this moment."""

    def __init__(self, config: StudyConfig) -> None:
        self.config = config
        self.began = time.monotonic()
        self.tally: Tally | None = None
        self.pace: Pace | None = None
        self.workers = config.resources.workers

    @property
    def elapsed(self) -> float:
        """Seconds of this launch."""
        return time.monotonic() - self.began

    def opened(self, opening: Opening) -> None:
        """Take in what earlier launches left."""
        seeds = self.config.seeds

        def identity(curriculum: object) -> tuple[str, str, str, int, int]:
            return (SEARCH, str(curriculum), "", seeds.stage, seeds.target)

        self.tally = Tally(opening.value, Standings(seeds.of_contenders))
        self.tally.recall(
            opening.rows,
            stopped=map(identity, opening.stopped),
            failed=map(identity, opening.failed),
        )
        self.pace = Pace(self.config, baselines=opening.baselines, tally=self.tally)

    def took(self, event: TrialEvent) -> None:
        """Take in an event."""
        assert self.tally is not None and self.pace is not None, "opened() comes first"
        self.tally.take(event)

    def left(self) -> float | None:
        """Seconds that the phase will still take, about."""
        return None if self.pace is None else self.pace.seconds_left()


class Lines:
    """One plain line per event.

    Args:
        scene: what is known; fed here.
        write: takes a line.
    """

    def __init__(self, scene: Scene, write: Callable[[str], None]) -> None:
        self._scene = scene
        self._write = write
        self._summarised = time.monotonic()
        self._phase = ""

    def opened(self, opening: Opening) -> None:
        """The repairs, and what is known already."""
        self._scene.opened(opening)
        for repair in opening.repairs:
            self._say("repaired", repair)
        if opening.rows:
            self._say("resumed", summary(self._scene))

    def took(self, event: TrialEvent) -> None:
        """Write the line of an event, and a summary now and then."""
        self._scene.took(event)
        if event.assignment.phase != self._phase:
            self._phase = event.assignment.phase
            self._say(PHASES[self._phase])
        if event.kind != "progress":
            self._write(event_line(event, self._scene.elapsed))
        if time.monotonic() - self._summarised >= SUMMARY_SECONDS:
            self._summarised = time.monotonic()
            self._say("so far", summary(self._scene))

    def _say(self, what: str, text: str = "") -> None:
        self._write(f"{clock_text(self._scene.elapsed):>8}  {what:<9}  {text}".rstrip())


def event_line(event: TrialEvent, elapsed: float) -> str:
    """Time, what happened, where, score, role, curriculum, and why."""
    what, why = _happened(event)
    value = None if event.verdict is None else event.verdict.value
    shown = "" if value is None else score(value)
    role = role_text(event.assignment)
    line = f"{clock_text(elapsed):>8}  {what:<9}  {_where(event):<6}  {shown:>5}  {role:<23}"
    return f"{line}  {event.assignment.curriculum}" + (f"  ({why})" if why else "")


def summary(scene: Scene) -> str:
    """One line on where the study stands."""
    tally = scene.tally
    if tally is None:
        return "starting"
    left = left_text(scene.left())
    return "; ".join([*_counts(scene, tally), f"best: {_best(tally)}", *([left] if left else [])])


def live_table(scene: Scene) -> Group:
    """The whole display in a terminal."""
    tally = scene.tally
    if tally is None:
        return Group(Text(f"{scene.config.study.name}: starting, {clock_text(scene.elapsed)}"))
    parts = [PHASES[tally.phase], clock_text(scene.elapsed), left_text(scene.left())]
    head = Text(f"{scene.config.study.name}: {', '.join(filter(None, parts))}", style="bold")
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("best", Text(_best(tally)))
    trials, costs = _counts(scene, tally)[:2], _counts(scene, tally)[2:]
    facts.add_row("trials", Text("; ".join(trials)))
    facts.add_row("cost", Text("; ".join(costs)))
    running = Table(box=None, pad_edge=False)
    for heading in ("running", "role", "rung", "now"):
        running.add_column(heading, overflow="fold")
    for trial in list(tally.running.values()):
        running.add_row(*map(Text, _running_cells(trial)))
    return Group(head, facts, Text(), running)


def role_text(assignment: Assignment) -> str:
    """What a trial is for, with its seed where it is one of several."""
    if assignment.phase == SEARCH and assignment.role != "noise":
        return assignment.role
    return f"{assignment.variant or assignment.role}, seed {assignment.target_seed}"


def _where(event: TrialEvent) -> str:
    """The rung of a search trial; the split that a confirmation scores."""
    assignment = event.assignment
    if assignment.phase != SEARCH:
        return ", ".join(assignment.rungs[-1].splits)
    return "" if event.rung is None else f"{event.rung + 1}/{len(assignment.rungs)}"


def _best(tally: Tally) -> str:
    return best_text(tally) or "nothing yet"


def _happened(event: TrialEvent) -> tuple[str, str]:
    """A word for the event, and a clause on why."""
    if event.kind == "started":
        return "started", ""
    if event.kind != "rung" or event.verdict is None:
        return event.kind, event.detail
    if event.verdict.stopped:
        return "stopped", event.verdict.reason
    return ("completed" if event.verdict.ends else "goes on"), ""


def _counts(scene: Scene, tally: Tally) -> list[str]:
    """Trials, slots, store hits and examples, each a clause."""
    phase = tally.phase
    of = "" if scene.pace is None or (total := scene.pace.total(phase)) is None else f" of {total}"
    waiting = sum(t.detail.startswith("waiting") for t in list(tally.running.values()))
    spent = tally.spent
    return [
        f"{tally.ended(phase)}{of} ended ({tally.num_completed(phase)} completed, "
        f"{tally.num_stopped} stopped, {tally.num_failed(phase)} failed)",
        f"{len(tally.running) - waiting} of {scene.workers} slots busy",
        f"store hits {share(spent.hits / spent.nodes if spent.nodes else None)}",
        f"{spent.paid:,.0f} examples paid of {spent.needed:,.0f} needed",
    ]


def _running_cells(trial: Running) -> tuple[str, str, str, str]:
    assignment = trial.assignment
    rung = f"{min(trial.rung + 1, len(assignment.rungs))}/{len(assignment.rungs)}"
    return assignment.curriculum, role_text(assignment), rung, trial.detail
