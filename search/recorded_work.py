"""What was computed for each row of a recorded table, and what do trials share of it? Its nodes.

Two rows are of the same node if the store would give the second one for nothing: the same rules
as in `trainables/keys.py`, read off the observations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.observations import COLUMNS
from analysis.savings import PARTS
from spaces.curriculum import EMPTY_TEXT

Row = dict[str, Any]
Name = tuple[Any, ...]
Key = tuple[str, float, int, int]
"""What was trained (text form of the stages), fraction of the probe, stage seed, target seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One thing that was computed: a stage, a target on it, or an evaluation."""

    name: Name
    """Equal names: the same node, whichever trial asks for it."""
    part: str
    """stage, target or evaluation."""
    examples: float
    """A forward pass counts a third."""
    seconds: float
    """Of one worker, to compute it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What was observed at one rung: rows, and the node that each of them came from."""

    rows: tuple[Row, ...]
    nodes: tuple[Node, ...]


def cells_of(frame: pd.DataFrame) -> dict[Key, Cell]:
    """Cells by what was trained: two rungs or curricula with the same work share one.

    Args:
        frame: observations of a search; of evaluations the main metric alone.
    """
    found: dict[Key, list[Row]] = {}
    nodes: dict[Name, Node] = {}
    names: dict[int, Name] = {}
    for rows in _bundles(frame):
        key = _key(rows)
        for row, name in zip(rows, node_names(rows, key), strict=True):
            names[id(row)] = name
            nodes[name] = _larger(nodes.get(name), name, row)
        found.setdefault(key, rows)
    timed = _with_seconds(nodes)
    return {
        key: Cell(rows=tuple(rows), nodes=tuple(timed[names[id(row)]] for row in rows))
        for key, rows in found.items()
    }


def only_languages(cell: Cell, languages: Mapping[str, Sequence[str]]) -> Cell:
    """Without the evaluations of other languages.

    Args:
        cell: evaluations of any languages.
        languages: those that are asked for, by target.
    """
    kept = [
        i
        for i, row in enumerate(cell.rows)
        if row["part"] != "evaluation" or row["language"] in languages[row["target"]]
    ]
    if len(kept) == len(cell.rows):
        return cell
    return Cell(rows=tuple(cell.rows[i] for i in kept), nodes=tuple(cell.nodes[i] for i in kept))


def node_names(rows: Sequence[Row], key: Key) -> Iterator[Name]:
    """The node of each row.

    What does not move a node is left out of its name, as in the store: the scale and the target
    seed of a retrieval target, the stage seed where there is no stage.
    """
    trained, scale, stage_seed, target_seed = key
    encoder: Name = ("encoder",) if trained == EMPTY_TEXT else ("stage", trained, stage_seed)
    tuned = {row["target"] for row in rows if row["part"] == "target"}
    for row in rows:
        own = (row["target"], scale, target_seed)
        model = ("target", encoder, *own) if row["target"] in tuned else encoder
        if row["part"] == "stage":
            yield ("stage", row["target"], stage_seed)
        elif row["part"] == "target":
            yield model
        else:
            yield ("evaluation", model, row["target"], row["language"], row["split"])


def by_part(nodes: Iterable[Node]) -> dict[str, float]:
    """Examples of nodes."""
    sums = dict.fromkeys(PARTS, 0.0)
    for node in nodes:
        sums[node.part] += node.examples
    return sums


def key_scale(scale: float) -> float:
    """A fraction as part of a key: single precision must not tell equal ones apart."""
    return round(float(scale), 6)


def _bundles(frame: pd.DataFrame) -> list[list[Row]]:
    """The rows of each trial at each rung."""
    plain = frame.astype(object).where(frame.notna(), None)
    columns = [plain[column].tolist() for column in COLUMNS]
    bundles: dict[tuple[Any, ...], list[Row]] = {}
    for values in zip(*columns, strict=True):
        row = dict(zip(COLUMNS, values, strict=True))
        trial = ("curriculum", "variant", "stage_seed", "target_seed", "rung")
        bundles.setdefault(tuple(row[column] for column in trial), []).append(row)
    return list(bundles.values())


def _key(rows: Sequence[Row]) -> Key:
    stages = [row["target"] for row in rows if row["part"] == "stage"]
    trained = stages[-1] if stages else EMPTY_TEXT
    first = rows[0]
    return trained, key_scale(first["scale"]), first["stage_seed"], first["target_seed"]


def _larger(known: Node | None, name: Name, row: Row) -> Node:
    """A node as far as its rows tell.

    Only the first one in a trial names its cost, only that of the trial that computed it its time.
    """
    return Node(
        name=name,
        part=row["part"],
        examples=max(row["examples_needed"], known.examples if known else 0.0),
        seconds=max(row["seconds"], known.seconds if known else 0.0),
    )


def _with_seconds(nodes: Mapping[Name, Node]) -> dict[Name, Node]:
    """Nodes that were there before the recording get the time of their like, by examples."""
    spent: dict[str, list[float]] = {}
    for node in nodes.values():
        if node.seconds:
            own = spent.setdefault(node.part, [0.0, 0.0])
            own[0] += node.seconds
            own[1] += node.examples
    rates = {part: seconds / examples for part, (seconds, examples) in spent.items() if examples}
    return {
        name: node
        if node.seconds
        else Node(
            name=name,
            part=node.part,
            examples=node.examples,
            seconds=node.examples * rates.get(node.part, 0.0),
        )
        for name, node in nodes.items()
    }
