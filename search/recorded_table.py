"""What did every curriculum of a space score and cost, really trained? A folder says it.

    study.yaml            the study that it was recorded with: space, targets, probe, rungs
    observations.parquet  every curriculum at every rung and seed, in the columns of
                          `analysis/observations.py`; only rows that the objective or a cost reads
    table.yaml            seeds that a strategy may see, seeds that are truth, how it was made;
                          and what stands for curricula that are not recorded, if anything does

Replayed by `search/simulation.py`, recorded by `benchmarks/tables/record.py`. What a curriculum is
really worth says `search/truths.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analysis.observations import COLUMNS, as_frame
from analysis.savings import PAPERS, PARTS
from search.config import load_study, resolved_yaml
from search.recorded_work import (
    Cell,
    Key,
    Row,
    by_part,
    cells_of,
    key_scale,
    only_languages,
)
from search.row_counts import RowCounts
from search.run_folder import write_whole
from search.study_fields import StudyConfig
from search.truths import Truth, truths_of
from trainables.assignment import RungWork

STUDY, OBSERVATIONS, FACTS = "study.yaml", "observations.parquet", "table.yaml"
MAX_BYTES = 5_000_000
"""A larger file of observations holds its floats in single precision."""
MOST_PRICED = 2_000
"""Curricula over which the mean cost of a trial is taken; of a larger table so many are drawn."""
WITHIN = 0.005
"""Half a point: nobody cares about less."""


class TableError(ValueError):
    """A table cannot be used: says what was found, what is wanted, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What `table.yaml` says."""

    made: str
    """Date of the last recording."""
    by: str
    """The command."""
    machine: str
    seen: tuple[int, ...]
    """Stage and target seeds that a strategy may see."""
    truth: tuple[int, ...]
    """Those that no strategy sees."""
    load_seconds: float
    """What loading the weights of a stored node took, measured; 0.0 if it was not."""
    missing: str
    """What is not recorded yet, for people; empty if nothing."""
    rows: RowCounts = field(default_factory=dict)
    """Rows of the study's tasks that a search counts, so that none needs the data."""
    surrogate: Mapping[str, Any] | None = None
    """What stands for the curricula that are not recorded (`search/surrogate_table.py`); None:
    nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedTable:
    """A table in memory; equal to itself alone."""

    folder: Path
    config: StudyConfig
    facts: Facts
    cells: Mapping[Key, Cell]
    truths: Mapping[str, Truth]
    """By curriculum; those without a truth seed are left out."""

    @property
    def best(self) -> str:
        """The curriculum of the highest truth, of those with more than half of the most seeds.

        One that has fewer may be high by luck alone; a last seed that has just begun, with no more
        than a tenth of the curricula, decides nothing.
        """
        counts = sorted((truth.seeds for truth in self.truths.values()), reverse=True)
        most = counts[len(counts) // 10]
        known = {text: truth for text, truth in self.truths.items() if truth.seeds > most / 2}
        return min(known, key=lambda text: (-known[text].value, text))

    @property
    def tolerance(self) -> float:
        """A curriculum so close to the best is as good: 0.5 points or two standard errors."""
        return max(WITHIN, 2 * self.truths[self.best].error)

    def regret(self, curriculum: str) -> float:
        """How far its truth is below the best; of one with fewer truth seeds it may be negative."""
        return self.truths[self.best].value - self.true_value(curriculum)

    def true_value(self, curriculum: str) -> float:
        """The truth of a curriculum.

        Raises:
            TableError: if no truth seed of it is recorded.
        """
        if curriculum not in self.truths:
            raise TableError(
                f"the table {self.folder} has no truth of {curriculum}: seeds "
                f"{_listed(self.facts.truth)} of it are not recorded; go on recording: "
                f"{self.facts.by}"
            )
        return self.truths[curriculum].value

    def cell(
        self, work: RungWork, *, stage_seed: int, target_seed: int, probe: float = 1.0
    ) -> Cell:
        """What was observed where a trial does this work, in the languages that it asks for.

        Args:
            work: of one rung.
            stage_seed: of the trial.
            target_seed: of the trial.
            probe: the full probe of the trial, as a fraction of the recorded one.

        Raises:
            TableError: if it is not recorded.
        """
        key = (work.curriculum, key_scale(work.scale * probe), stage_seed, target_seed)
        if key not in self.cells:
            raise TableError(
                f"the table {self.folder} has no {work.curriculum} with {work.scale * probe:.3g} "
                f"of the probe at seed {stage_seed}; it has fractions "
                f"{_listed(sorted({scale for _, scale, _, _ in self.cells}))} of seeds "
                f"{_listed(sorted({seed for _, _, seed, _ in self.cells}))}"
                + (f", and {self.facts.missing}" if self.facts.missing else "")
            )
        return only_languages(self.cells[key], work.splits["search"])

    def fraction_of(self, num_examples: int) -> float:
        """What a probe of so many examples is of the recorded one; rungs round theirs."""
        whole, stopping = self.config.probe.train, self.config.stopping
        if stopping is not None:
            for power in range(stopping.num_rungs):
                fraction = float(stopping.reduction_factor) ** -power
                if num_examples == max(1, round(whole * fraction)):
                    return fraction
        return num_examples / whole

    def whole_trials(self, seed: int, *, most: int | None = None) -> Iterator[Cell]:
        """The last rung of every curriculum at a seed, or of so many drawn ones."""
        keys = [key for key in self.cells if key[1:] == (1.0, seed, seed)]
        if most is not None and len(keys) > most:
            keys = random.Random(0).sample(keys, most)
        for key in keys:
            yield self.cells[key]


def read_table(folder: Path, *, surrogate: bool = True) -> RecordedTable:
    """Read a table.

    Args:
        folder: of the table.
        surrogate: with what stands for curricula that are not recorded, if it has that.

    Raises:
        TableError: if it is missing, damaged, or no table.
        StudyError: if its study is wrong.
    """
    absent = [name for name in (STUDY, OBSERVATIONS, FACTS) if not (folder / name).is_file()]
    if absent:
        near = ", ".join(sorted(str(p.parent) for p in folder.parent.glob(f"*/{FACTS}")))
        raise TableError(
            f"{folder} is no recorded table: it has no {' and no '.join(absent)}"
            + (f"; beside it: {near}" if near else "")
            + "; record one with: python -m benchmarks.tables.record NAME"
        )
    facts = read_facts(folder / FACTS)
    config = load_study(folder / STUDY)
    frame = _read_frame(folder / OBSERVATIONS)
    truths = truths_of(config, frame, facts.truth)
    if not truths:
        raise TableError(
            f"the table {folder} has no curriculum at a seed of truth "
            f"({_listed(facts.truth)}); go on recording: {facts.by}"
        )
    table = RecordedTable(
        folder=folder, config=config, facts=facts, cells=cells_of(frame), truths=truths
    )
    if facts.surrogate is None or not surrogate:
        return table
    from search.surrogate_table import with_surrogate  # here since it knows what a table is

    return with_surrogate(table, facts.surrogate)


def with_seen(table: RecordedTable, seen: tuple[int, ...]) -> RecordedTable:
    """The same recording, where a strategy sees these seeds and all others are the truth.

    Where it saw all of these before, the truth stays.

    Args:
        table: without a surrogate, if another seed is to be seen.
        seen: of its seeds.
    """
    if set(seen) <= set(table.facts.seen):
        return replace(table, facts=replace(table.facts, seen=seen))
    truth = tuple(s for s in (*table.facts.seen, *table.facts.truth) if s not in seen)
    return replace(
        table,
        facts=replace(table.facts, seen=seen, truth=truth),
        truths=truths_of(table.config, _read_frame(table.folder / OBSERVATIONS), truth),
    )


def write_table(folder: Path, *, config: StudyConfig, rows: Sequence[Row], facts: Facts) -> None:
    """Write a table; of the rows those that nobody reads are left out.

    Raises:
        TableError: if it stays larger than MAX_BYTES.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frame = as_frame(list(needed_rows(config, rows)))
    path = folder / OBSERVATIONS
    temporary = path.with_suffix(".tmp")
    frame.to_parquet(temporary, compression="zstd", index=False)
    if temporary.stat().st_size > MAX_BYTES:
        single = dict.fromkeys(frame.select_dtypes("float64").columns, "float32")
        frame.astype(single).to_parquet(temporary, compression="zstd", index=False)
    if (size := temporary.stat().st_size) > MAX_BYTES:
        raise TableError(f"{temporary} has {size:,} bytes; wanted at most {MAX_BYTES:,}")
    temporary.replace(path)
    write_whole(folder / STUDY, resolved_yaml(config))
    write_facts(folder, facts)


def read_facts(path: Path) -> Facts:
    """What a table says of itself.

    Raises:
        TableError: if it is damaged.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        facts = Facts(**{**found, "seen": tuple(found["seen"]), "truth": tuple(found["truth"])})
    except (yaml.YAMLError, TypeError, KeyError) as error:
        wanted = ", ".join(Facts.__dataclass_fields__)
        raise TableError(f"{path} is damaged: {error}; wanted {wanted}") from error
    if both := set(facts.seen) & set(facts.truth):
        raise TableError(f"{path}: seeds {_listed(sorted(both))} are seen and truth; wanted one")
    return facts


def write_facts(folder: Path, facts: Facts) -> None:
    """Write what a table says of itself."""
    values = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    values |= {"seen": list(facts.seen), "truth": list(facts.truth)}
    write_whole(folder / FACTS, yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def needed_rows(config: StudyConfig, rows: Iterable[Row]) -> Iterator[Row]:
    """Stages, the study's targets, and of their evaluations the main metric on the search split."""
    metrics = {target: config.catalogue.get(target).metric for target in config.targets}
    for row in rows:
        main = row["split"] == "search" and row["metric"] == metrics.get(row["target"])
        trained = row["part"] == "stage" or (row["part"] == "target" and row["target"] in metrics)
        if row["phase"] == "search" and (trained or main):
            yield row


def whole_space(table: RecordedTable, seed: int) -> dict[str, float]:
    """Examples by part of everything at a seed, each node once and without lower rungs."""
    nodes = {node.name: node for cell in table.whole_trials(seed) for node in cell.nodes}
    return by_part(nodes.values())


@lru_cache(maxsize=4)
def papers_factors(table: RecordedTable, seed: int) -> dict[str, float]:
    """By part: examples of the papers' protocol (`analysis/savings.py`) per example of the table.

    So that the mean whole trial, with nothing shared and without lower rungs, costs what it did
    in Phang et al. 2020.
    """
    trials, needed = 0, dict.fromkeys(PARTS, 0.0)
    for cell in table.whole_trials(seed, most=MOST_PRICED):
        trials += 1
        for part, examples in by_part({node.name: node for node in cell.nodes}.values()).items():
            needed[part] += examples
    return {part: PAPERS[part] * trials / needed[part] if needed[part] else 0.0 for part in PARTS}


def complete_seeds(table: RecordedTable, curricula: Iterable[str]) -> tuple[int, ...]:
    """Seeds that a strategy may see and of which all these curricula are recorded to the end."""
    texts = list(curricula)
    return tuple(
        seed
        for seed in table.facts.seen
        if all((text, 1.0, seed, seed) in table.cells for text in texts)
    )


def _read_frame(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        raise TableError(f"{path} is damaged: {error}; record the table again") from error
    if absent := set(COLUMNS) - set(frame.columns):
        raise TableError(f"{path} has no columns {_listed(sorted(absent))}; it is no table")
    single = dict.fromkeys(frame.select_dtypes("float32").columns, "float64")
    return frame[list(COLUMNS)].astype(single)


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values)) or "none"
