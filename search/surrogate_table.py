"""How does a table of which only a part was trained become one of its whole space? And says so.

What is recorded stays as it is; every other curriculum, seed and rung is computed
(`search/computed_cells.py`) from a score without luck and from luck of the recorded size. In this
world the truth of a computed curriculum is its score without luck. The prefixes that it shares with
recorded ones have, at equal seeds, a draw of their own there: how lucky a recorded one was is not
known.

These scores lie beside the observations. Who predicts them (`benchmarks/tables/surrogate_facts.py`)
says in the facts of `table.yaml` how well, and how large luck is.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd

from analysis.objective import target_scores, trial_value
from search.assignments import Planner
from search.computed_cells import ComputedCells, ComputedTarget, Law, Luck, Price, Prices
from search.objectives import objective_from
from search.recorded_scores import Array, Output, Recorded, means_of, recorded_of, trained_whole
from search.recorded_table import RecordedTable, TableError
from search.recorded_work import Node
from search.simulation import planner_on
from search.truths import Truth, seed_effects
from spaces.curriculum import EMPTY_TEXT, Stage, parse_curriculum

PREDICTED = "predicted.parquet"
"""In the folder of a table: scores without luck of curricula that nobody trained to the end."""
DIGITS = 6
"""Of a score."""
Value = Callable[[Sequence[float]], float]
"""The objective of scores in the order of outputs."""


def with_surrogate(table: RecordedTable, facts: Mapping[str, Any]) -> RecordedTable:
    """The table with every curriculum of its space at every seed.

    Args:
        table: as recorded.
        facts: of the surrogate.

    Raises:
        TableError: if predictions are missing, all or some.
    """
    planner = planner_on(table, table.config)
    recorded = recorded_of(table.cells, planner.space)
    texts = everything(planner, recorded)
    try:
        scores = scores_of(texts, recorded, read_predicted(table.folder))
    except KeyError as error:
        raise _unpredicted(table.folder, f"lack {shorten(str(error), 200)}") from error
    return RecordedTable(
        folder=table.folder,
        config=table.config,
        facts=table.facts,
        cells=ChainMap(table.cells, computed(table, recorded, texts, scores, facts)),  # type: ignore[arg-type]
        truths=truths_of(table, recorded, texts, scores),
    )


def truths_of(
    table: RecordedTable,
    recorded: Recorded,
    texts: Sequence[str],
    scores: Mapping[float, Array],
) -> dict[str, Truth]:
    """Of recorded curricula over their seeds of truth, of the others without luck.

    What a seed does to all alike is taken from the first, or they would not compare.
    """
    value, place = value_of(table, recorded), {text: i for i, text in enumerate(recorded.texts)}
    level = recorded.scores[1.0] - seed_effects(recorded.scores[1.0])
    hidden = [i for i, seed in enumerate(recorded.seeds) if seed in table.facts.truth]
    truths = {}
    for text, own in zip(texts, scores[1.0], strict=True):
        if known := table.truths.get(text):
            found = level[hidden, place[text]]
            own = found[np.isfinite(found).all(axis=1)].mean(axis=0)
        error, seeds = (known.error, known.seeds) if known else (0.0, len(table.facts.truth))
        truths[text] = Truth(value=value(own.tolist()), error=error, seeds=seeds)
    return truths


def everything(planner: Planner, recorded: Recorded) -> tuple[str, ...]:
    """All that a search may ask for: baselines, space, and what was trained beside them."""
    given = (str(curriculum) for curriculum in planner.given().baselines)
    space = (str(curriculum) for curriculum in planner.space.enumerate())
    trained = trained_whole(recorded)
    return tuple(dict.fromkeys((*given, *space, *(t for t in recorded.texts if t in trained))))


def untuned_of(table: RecordedTable) -> list[str]:
    """Targets that are scored without training."""
    catalogue = table.config.catalogue
    return [t for t in table.config.targets if catalogue.get(t).kind == "retrieval"]


def scores_of(
    texts: Sequence[str], recorded: Recorded, others: pd.DataFrame | None = None
) -> dict[float, Array]:
    """Scores without luck, (texts, outputs) by scale: means of what is recorded, or predicted.

    Args:
        texts: curricula.
        recorded: to the end, of some of them.
        others: of the rest, as in `read_predicted`; None: there is no rest.
    """
    trained, outputs = trained_whole(recorded), pd.MultiIndex.from_tuples(recorded.outputs)
    found = {}
    for scale, own in recorded.scores.items():
        means = pd.DataFrame(means_of(own)[0], index=list(recorded.texts), columns=outputs)
        known = means.loc[means.index.isin(trained)]
        every = known if others is None else pd.concat([known, others.loc[scale][outputs]])
        found[scale] = every.loc[list(texts)].to_numpy()
    return found


def read_predicted(folder: Path) -> pd.DataFrame:
    """What was predicted for a table: (scale, curriculum) x (target, language).

    Raises:
        TableError: if it is missing or damaged.
    """
    try:
        frame = pd.read_parquet(folder / PREDICTED)
        return frame.pivot(
            index=["scale", "curriculum"], columns=["target", "language"], values="value"
        )
    except (OSError, ValueError, KeyError) as error:
        raise _unpredicted(folder, f"cannot be read: {error}") from error


def _unpredicted(folder: Path, problem: str) -> TableError:
    return TableError(
        f"{folder / PREDICTED}, scores of the curricula that are not recorded, {problem}; "
        f"write them again with: python -m benchmarks.tables.surrogate {folder}"
    )


def write_predicted(
    folder: Path, texts: Sequence[str], outputs: Sequence[Output], scores: Mapping[float, Array]
) -> None:
    """Beside a table.

    Args:
        folder: of the table.
        texts: curricula.
        outputs: targets and languages.
        scores: (texts, outputs) by scale.
    """
    columns = pd.MultiIndex.from_tuples(outputs, names=["target", "language"])
    index = pd.Index(texts, name="curriculum")
    wide = {scale: pd.DataFrame(own, index, columns) for scale, own in scores.items()}
    whole = pd.concat(wide, names=["scale"]).round(DIGITS)
    long = whole.melt(ignore_index=False).reset_index()
    temporary = folder / (PREDICTED + ".tmp")
    long.astype({"value": "float32"}).to_parquet(temporary, compression="zstd", index=False)
    temporary.replace(folder / PREDICTED)


def computed(
    table: RecordedTable,
    recorded: Recorded,
    texts: Sequence[str],
    scores: Mapping[float, Array],
    facts: Mapping[str, Any],
    *,
    seeds: Sequence[int] = (),
) -> ComputedCells:
    """Cells of curricula around these scores, at the table's seeds if no others are asked for."""
    place = {text: i for i, text in enumerate(texts)}
    units = facts["units"]

    def expected(text: str, scale: float) -> dict[Output, float]:
        return dict(zip(recorded.outputs, scores[scale][place[text]].tolist(), strict=True))

    law = Law(
        targets=_targets(table, recorded),
        expected=expected,
        luck=Luck(**facts["luck"]),
        unit=lambda target, scale: float(units[target][scale]),
        prices=prices_of(node for cell in table.cells.values() for node in cell.nodes),
    )
    own = seeds or (*table.facts.seen, *table.facts.truth)
    return ComputedCells(law, curricula=texts, scales=scores, seeds=own)


def value_of(table: RecordedTable, recorded: Recorded) -> Value:
    """The objective of scores; where it is a gain, over the empty curriculum's own means."""
    languages: dict[str, list[str]] = {target: [] for target in table.config.targets}
    for target, language in recorded.outputs:
        languages[target].append(language)
    objective = objective_from(table.config, languages)
    metrics = objective.metrics

    def rows(scores: Sequence[float]) -> list[dict[str, Any]]:
        scored = {"part": "evaluation", "split": "search"}
        return [
            scored | {"target": t, "language": language, "metric": metrics[t], "value": score}
            for (t, language), score in zip(recorded.outputs, scores, strict=True)
        ]

    empty = None
    if EMPTY_TEXT in trained_whole(recorded):
        means, _ = means_of(recorded.scores[1.0])
        own = means[recorded.texts.index(EMPTY_TEXT)]
        empty = target_scores(rows(own.tolist()), objective)

    def value(scores: Sequence[float]) -> float:
        found = trial_value(rows(scores), objective, empty=empty)
        assert found is not None, "every score is known, and the empty curriculum was trained"
        return found

    return value


def prices_of(nodes: Iterable[Node]) -> Prices:
    """What the like of a node cost, by the mean; a stage that nobody trained by its examples."""
    seen: dict[tuple[Any, ...], list[Price]] = {}
    for node in {node.name: node for node in nodes}.values():
        seen.setdefault(_like(node), []).append((node.examples, node.seconds))
    means = {
        like: (fmean(examples for examples, _ in own), fmean(seconds for _, seconds in own))
        for like, own in seen.items()
    }
    stages = [(parse_curriculum(like[1]), own) for like, own in means.items() if like[0] == "stage"]
    total = sum(stage.num_examples for stage, _ in stages) or 1
    examples, seconds = (sum(own[i] for _, own in stages) / total for i in (0, 1))

    def of_stage(stage: Stage) -> Price:
        like = (examples * stage.num_examples, seconds * stage.num_examples)
        return means.get(("stage", str(stage)), like)

    return Prices(
        stage=of_stage,
        target=lambda target, scale: means["target", target, scale],
        evaluation=lambda target, language: means["evaluation", target, language],
    )


def _like(node: Node) -> tuple[Any, ...]:
    """What decides the price of a node; for its names see `search/recorded_work.py`."""
    if node.part == "stage":
        return "stage", str(parse_curriculum(node.name[1]).stages[-1])
    if node.part == "target":
        return "target", node.name[2], node.name[3]
    return "evaluation", node.name[2], node.name[3]


def _targets(table: RecordedTable, recorded: Recorded) -> tuple[ComputedTarget, ...]:
    untuned = untuned_of(table)
    return tuple(
        ComputedTarget(
            name=target,
            metric=table.config.catalogue.get(target).metric,
            languages=tuple(language for own, language in recorded.outputs if own == target),
            tuned=target not in untuned,
        )
        for target in table.config.targets
    )
