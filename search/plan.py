"""What will a study cost, and can its result be believed? Asked before anything is spent.

Counts are exact up to the simulation (`search/forecast.py`); seconds are measured on this machine
in a short calibration (`search/calibration.py`); noise is measured if the run folder has
observations, else bounded (`search/expected_noise.py`). Nothing is written but caches.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from analysis.observations import as_frame, read_rows
from analysis.savings import PAPERS
from search.assignments import Planner, setup_of
from search.calibration import Rates, calibrate
from search.config import StudyError, differences, load_study
from search.expected_noise import NoiseForecast, Remedies, expected_noise, remedies_for
from search.forecast import forecast
from search.forecast_means import Forecast
from search.launch import RUNS, study_in
from search.objectives import objective_from
from search.places import Places, cache_of
from search.row_counts import CountRows, row_counter
from search.run_folder import RunFolder
from search.study_fields import StudyConfig
from search.work import Cost, Counter
from spaces.rungs import Rung
from trainables.assignment import Setup
from trainables.data import load_rows
from trainables.kept_hashes import RowPlaces
from trainables.pools import passages_of
from trainables.task_overlaps import Shared, task_overlaps
from trainables.tasks.task import SplitName, Task
from trainables.workbench import item_indices

ENTRY_BYTES = 4_096
"""One disk block: metadata of an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What the store will hold, in bytes."""

    weights: float
    """Encoders after stages and targets; heads, which are small, left out."""
    num_encoders: float
    encoder: int
    """One encoder."""
    limit: float
    """The store's own."""
    free: int | None
    """On the disk of the store; None for a store at a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that `curriculum plan` shows."""

    config: StudyConfig
    space_size: int
    rungs: tuple[Rung, ...]
    probe_examples: tuple[int, ...]
    """Training examples of all trained targets of the probe, by rung."""
    forecast: Forecast
    rates: Rates | None
    no_rates: str
    """Why there are none."""
    papers: tuple[Cost, ...]
    """The forecast's phases as if a whole trial cost what it did in Phang et al. 2020."""
    disk: Disk | None
    noise: NoiseForecast
    remedies: Remedies | None
    overlaps: tuple[Shared, ...]
    """Of each stage with the training, search and report rows of each target."""


def plan_study(
    source: str | Path | Mapping[str, Any], *, run: Path | None = None, mirror: Path | None = None
) -> Plan:
    """Check a study against the rows that are there, and plan it.

    Args:
        source: name of a preset, path of a study file, or its values.
        run: its run folder, if it has run before; None = runs/<study.name>.
        mirror: folder that stands in for the hub; None = the one that the run folder remembers.

    Raises:
        StudyError: with every problem of the study.
        ValueError: as `make_plan`.
    """
    config = load_study(source, mirror=mirror)
    folder = RunFolder(RUNS / config.study.name if run is None else run)
    same = folder.study_file.is_file() and not differences(study_in(folder), config)
    if run is not None and not same:
        raise StudyError([f"the run folder {run} does not hold this study; leave out --run"])
    mirror = folder.mirror if mirror is None and same else mirror
    load_study(
        config.model_dump(mode="json"),
        mirror=mirror,
        num_train_rows=row_counter(config, mirror=mirror, cache=cache_of(config)),
    )
    return make_plan(config, folder=folder if same else None, mirror=mirror)


def make_plan(
    config: StudyConfig, *, folder: RunFolder | None = None, mirror: Path | None = None
) -> Plan:
    """Plan a study.

    Args:
        config: of the study.
        folder: its run folder, if it has run before: noise is then measured.
        mirror: folder that stands in for the hub.

    Raises:
        ValueError: if rows or the encoder are missing, or hours cannot be planned.
    """
    places = _places(config, mirror)
    planner, setup = Planner(config, places), setup_of(config, places)
    rates, no_rates = _rates(config, planner, setup)
    features = {} if rates is None else rates.features_per_row
    facts = _Facts(setup, planner.num_rows, features)
    counter = Counter(facts, setup.interleave)
    objective = objective_from(config, planner.languages("search"))
    frame = as_frame([] if folder is None else read_rows(folder.observations))
    items = _items(config, planner, facts)
    noise = expected_noise(objective, items, num_rungs=planner.num_rungs, frame=frame)
    found = forecast(config, planner, counter, rates=rates, noise=noise.rungs)
    empty = planner.search(planner.given().empty, "baseline", None)
    return Plan(
        config=config,
        space_size=planner.space.count(),
        rungs=planner.rungs,
        probe_examples=tuple(sum(work.train_examples.values()) for work in empty.rungs),
        forecast=found,
        rates=rates,
        no_rates=no_rates,
        papers=tuple(in_papers_proportions(p.cost, found.whole_trial) for p in found.phases),
        disk=None if rates is None else _disk(config, places, found, rates.encoder_bytes),
        noise=noise,
        remedies=remedies_for(noise, objective, frame, found.whole_trial),
        overlaps=_overlaps(config, planner, setup, places),
    )


def in_papers_proportions(cost: Cost, whole_trial: Mapping[str, float]) -> Cost:
    """A cost with each part rescaled so that a whole trial costs what it did in the papers.

    Seconds are rescaled likewise: those of this encoder at the papers' numbers of examples.
    """
    factors = {part: PAPERS[part] / n if n else 0.0 for part, n in whole_trial.items()}

    def scaled(amounts: Mapping[str, float]) -> dict[str, float]:
        return {part: amount * factors[part] for part, amount in amounts.items()}

    return replace(
        cost,
        needed=scaled(cost.needed),
        paid=scaled(cost.paid),
        seconds=None if cost.seconds is None else scaled(cost.seconds),
    )


class _Facts:
    """Rows that are there, features measured, recipes of the study."""

    def __init__(self, setup: Setup, rows: CountRows, features: Mapping[str, float]) -> None:
        self._setup, self._rows, self._features = setup, rows, features
        self._passages: dict[tuple[str, SplitName, str, int], int] = {}
        self.task = setup.catalogue.get
        self.recipe_of_stage = setup.recipe_of_stage
        self.recipe_of_target = setup.recipe_of_target

    def rows(self, task: str, split: SplitName, language: str) -> int:
        """Rows of a split, looked up once."""
        return self._rows(self.task(task), split, "" if split in ("train", "dev") else language)

    def passages(self, task: str, split: SplitName, language: str, limit: int) -> int:
        """Different passages of the items that are scored, looked up once."""
        key = (task, split, language, limit)
        if key not in self._passages:
            setup, mirror = self._setup, self._setup.mirror
            rows = load_rows(
                self.task(task),
                language,
                split,
                mirror=None if mirror is None else Path(mirror),
                cache=Path(setup.cache),
                skip_bad_rows=setup.skip_bad_rows,
            )
            self._passages[key] = len(passages_of(rows.select(item_indices(rows, limit))))
        return self._passages[key]

    def features_per_row(self, task: str) -> float:
        """1 if it was not measured."""
        return self._features.get(task, 1.0)


def _rates(config: StudyConfig, planner: Planner, setup: Setup) -> tuple[Rates | None, str]:
    """The calibration, or why there is none. A task that is stage and target is timed as stage."""
    if setup.device == "cuda" and not torch.cuda.is_available():
        return None, "trials use a GPU (resources.gpus) and this machine has none"
    stages = dict.fromkeys(planner.space.usable)
    if stages and setup.interleave is not None:
        stages[setup.interleave.task] = None
    targets = [config.catalogue.get(name) for name in config.targets]
    trained = [task for task in targets if task.kind != "retrieval"]
    recipes = {task.train_task or task.name: setup.recipe_of_target(task) for task in trained}
    recipes |= {task: setup.recipe_of_stage((task,)) for task in stages}
    return calibrate(setup, recipes, _timed_on(planner)), ""


def _timed_on(planner: Planner) -> dict[str, tuple[str, SplitName]]:
    """A language by target, and the split whose rows are timed: the search's where it has one."""
    splits: tuple[SplitName, ...] = ("report", "search")
    return {
        target: (found[-1], split)
        for split in splits
        for target, found in planner.languages(split).items()
        if found
    }


def _items(config: StudyConfig, planner: Planner, facts: _Facts) -> dict[tuple[str, str], int]:
    """Items that the search scores, by target and language."""
    limit = config.probe.eval
    return {
        (target, language): min(limit, facts.rows(target, "search", language))
        for target, languages in planner.languages("search").items()
        for language in languages
    }


def _overlaps(
    config: StudyConfig, planner: Planner, setup: Setup, places: Places
) -> tuple[Shared, ...]:
    """Whatever the sizes: all rows of a stage are compared, in the languages of the study."""
    where = RowPlaces(
        catalogue=config.catalogue,
        mirror=places.mirror,
        cache=places.cache,
        skip_bad_rows=setup.skip_bad_rows,
    )
    woven = () if setup.interleave is None else (setup.interleave.task,)
    stages = map(config.catalogue.get, dict.fromkeys((*planner.space.usable, *woven)))
    targets = map(config.catalogue.get, config.targets)

    def languages(target: Task, split: SplitName) -> list[str]:
        return planner.languages(split).get(target.name, [])

    return tuple(task_overlaps(stages, targets, where, languages=languages))


def _disk(config: StudyConfig, places: Places, found: Forecast, encoder: int) -> Disk:
    encoders = sum(phase.cost.encoders for phase in found.phases)
    free = None
    if places.store is not None and "://" not in places.store:
        free = shutil.disk_usage(_nearest_folder(Path(places.store))).free
    return Disk(
        weights=float(encoders) * (encoder + ENTRY_BYTES),
        num_encoders=encoders,
        encoder=encoder,
        limit=config.store.limit_gb * 1e9,
        free=free,
    )


def _nearest_folder(path: Path) -> Path:
    """The path, or the first folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _places(config: StudyConfig, mirror: Path | None) -> Places:
    """As a run has them; nothing is made or tested."""
    cache_folder = cache_of(config)
    store = None
    if config.store.enabled:
        store = config.store.path or str(cache_folder / "store")
    resolved = None if mirror is None else mirror.resolve()
    return Places(run_id="plan", cache=cache_folder, store=store, mirror=resolved)
