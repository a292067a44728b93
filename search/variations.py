"""How is a study run in another form? With another encoder, or dry: everything once on a few rows.

A dry run loads every data set, trains every stage and target and scores every language that the
study would, at its lengths and batch sizes, so that what fails after days fails in minutes. It
makes do with the machine that it is started on, and says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from search.config import load_study
from search.launch import RUNS
from search.study_fields import StudyConfig
from spaces.curriculum import FULL, Curriculum, Part, Stage, parse_curriculum

ROWS = 32
"""Training examples of the smallest stage and of a target."""
ITEMS = 8
"""Items scored per language."""


def varied(
    source: str | Path,
    *,
    encoder: str | None,
    dry: bool,
    run: Path | None = None,
    mirror: Path | None = None,
    on_note: Callable[[str], None] = lambda _: None,
) -> str | Path | Mapping[str, Any]:
    """A study, or its values in another form.

    Args:
        source: name of a preset, or path of a study file.
        encoder: in place of the study's; None = the study's.
        dry: whether it is to be a dry run.
        run: where it will run; None = under its name.
        mirror: folder that stands in for the hub.
        on_note: takes a line about what a dry run changes beside the numbers of rows.

    Raises:
        StudyError: with every problem of the study.
    """
    if encoder is None and not dry:
        return source
    config = load_study(source, mirror=mirror)
    values = config.model_dump(mode="json")
    if encoder is not None:
        values["encoder"] |= {"name": encoder, "revision": None}
    if not dry:
        return values
    resources = values["resources"]
    for name, there in _here(resources["workers"]).items():
        if resources[name] > there:
            on_note(f"dry run: resources.{name} is {there:g} here in place of {resources[name]:g}")
            resources[name] = there
    return values | _dry(config, run)


def _here(workers: int) -> dict[str, float]:
    """What each of so many workers can have of this machine."""
    import torch  # here, since it takes long to load

    return {
        "gpus": torch.cuda.device_count() / workers,
        "cpus": max(1.0, (os.cpu_count() or 1) / workers),
    }


def _dry(config: StudyConfig, run: Path | None) -> dict[str, Any]:
    """The sections that a dry run changes."""
    name = f"{config.study.name}-dry-run"
    store = (run or RUNS / name) / "store"
    factor = config.stopping.reduction_factor if config.stopping else 3
    rungs = config.stopping.num_rungs if config.stopping else 1
    fewest = max(ROWS, factor ** (rungs - 1))
    ordered = sorted(config.space.sizes, key=lambda size: (size == FULL, size))
    sizes: dict[int | str, int] = {size: fewest * factor**i for i, size in enumerate(ordered)}
    values = config.model_dump(mode="json")
    changes: dict[str, dict[str, Any]] = {
        "study": {"name": name, "question": "Dry run: does everything load, train and score?"},
        "space": {
            "sizes": [sizes[size] for size in config.space.sizes],
            "given": [_shrunk(text, sizes, fewest) for text in config.space.given],
        },
        "probe": {"train": fewest, "eval": ITEMS},
        "full": {"train": fewest, "eval": ITEMS},
        "budget": {"trials": 2, "examples": None, "hours": None},
        "seeds": {"noise": config.seeds.noise[:1], "confirm": config.seeds.confirm[:2]},
        "confirm": {
            "top": 2 if config.confirm.top == "all" else min(2, config.confirm.top),
            "learning_rates": config.confirm.learning_rates[:1],
        },
        "recipe": {
            **{part: values["recipe"][part] | _ONE_EPOCH for part in ("stage", "target")},
            "tasks": {task: own | _ONE_EPOCH for task, own in values["recipe"]["tasks"].items()},
        },
        "store": {"path": str(store)},
    }
    changed = {section: values[section] | fields for section, fields in changes.items()}
    return changed | {"enumerate": False, "storage": None}


_ONE_EPOCH = {"epochs": 1, "evaluations": 1}


def _shrunk(text: str, sizes: Mapping[int | str, int], fewest: int) -> str:
    """A curriculum with a small number of examples in the place of each."""
    stages = [
        Stage(tuple(Part(p.task, sizes.get(p.num_examples or FULL, fewest)) for p in stage.parts))
        for stage in parse_curriculum(text).stages
    ]
    return str(Curriculum(tuple(stages)))
