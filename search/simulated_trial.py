"""How far is a simulated worker with its trial, and what does it report of it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.observations import TRIAL
from search.recorded_work import Cell, Name, Row
from trainables.assignment import Assignment


@dataclass(slots=True, kw_only=True)
class Running:
    """A worker's way through a trial."""

    trial_id: str
    assignment: Assignment
    cell: Cell
    """What was recorded at its rung."""
    rung: int = 0
    position: int = 0
    """Of the rung's next node."""
    lost_at: int | None = None
    """The worker is lost at this position of the rung or the next that takes work."""
    met: set[Name] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)
    """Of this rung."""


def observe(running: Running, *, paid: bool) -> None:
    """Add the observation of the trial's next node to its rows, and go on to the one after it.

    A node costs a trial something at their first meeting alone, as in `trainables/nodes.py`.

    Args:
        running: is changed.
        paid: whether this trial computed the node.
    """
    assignment, cell = running.assignment, running.cell
    node = cell.nodes[running.position]
    needed = 0.0 if node.name in running.met else node.examples
    running.met.add(node.name)
    running.rows.append(
        cell.rows[running.position]
        | {
            "phase": assignment.phase,
            "curriculum": assignment.curriculum,
            "variant": assignment.variant,
            "role": assignment.role,
            "rung": running.rung,
            "num_rungs": len(assignment.rungs),
            "examples_needed": needed,
            "examples_paid": needed if paid else 0.0,
            "seconds": node.seconds if paid and needed else 0.0,
        }
    )
    running.position += 1


def recorder() -> Callable[[Sequence[Mapping[str, Any]]], list[Mapping[str, Any]]]:
    """Observations in memory: gives back those that are new, as the run folder's does.

    Simulated rows of a trial at a rung come all at once, so that what is remembered is a few
    words per rung.
    """
    known: set[tuple[Any, ...]] = set()

    def record(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        rung = (*(rows[0][column] for column in TRIAL), rows[0]["rung"])
        new = [] if rung in known else list(rows)
        known.add(rung)
        return new

    return record
