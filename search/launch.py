"""How does a study come into its run folder, and go on there? Checked in full, then written.

First launch and resume are one act: the folder holds no study yet, or the same one. An extension
changes the budget of the study in the folder, which is no other study.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.config import (
    StudyConfig,
    StudyError,
    check_resources,
    differences,
    load_study,
    resolved_yaml,
)
from search.run_folder import RunFolder, RunFolderError, opened_for_writing, write_whole
from spaces.curriculum import Curriculum

RUNS = Path("runs")
"""Run folders without a place of their own are made here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A study in its run folder, ready to run."""

    config: StudyConfig
    folder: RunFolder
    mirror: Path | None
    address: str | None
    warnings: tuple[str, ...] = ()
    """What the user should know before it starts."""


def launch(
    source: str | Path | Mapping[str, Any],
    *,
    run: Path | None = None,
    mirror: Path | None = None,
    address: str | None = None,
) -> Launch:
    """Put a study into its run folder, new or of an earlier launch of the same study.

    Args:
        source: name of a preset, path of a study file, or its values.
        run: the run folder; None = runs/<study.name>.
        mirror: folder that stands in for the hub; None = the one of the earlier launch.
        address: of a Ray cluster, whose resources are checked when it is joined.

    Raises:
        StudyError: with every problem of the study.
        RunFolderError: if the folder holds another study, with the fields that differ, or another
            process writes to it.
    """
    config = load_study(source, mirror=mirror)
    folder = RunFolder(RUNS / config.study.name if run is None else run)
    if _is_run_folder(folder):
        if changed := differences(study_in(folder), config):
            raise RunFolderError(
                "\n  ".join([f"the run folder {folder.path} holds another study:", *changed])
                + "\nname another folder with --run"
            )
    elif others := _foreign_files(folder):
        raise RunFolderError(
            f"{folder.path} is no run folder and not empty ({', '.join(others[:3])}); "
            "name another folder with --run"
        )
    return _into_folder(config, folder, mirror=mirror, address=address)


def resume(run: Path, *, mirror: Path | None = None, address: str | None = None) -> Launch:
    """Go on with the study of a run folder.

    Raises:
        RunFolderError: if there is none, or another process writes to it.
        StudyError: if the study cannot run here.
    """
    folder = existing(run)
    return _into_folder(study_in(folder), folder, mirror=mirror, address=address)


def extend(
    run: Path, *, trials: int, mirror: Path | None = None, address: str | None = None
) -> Launch:
    """Go on with more sampled trials.

    Raises:
        RunFolderError: if there is no study, or another process writes to it.
        StudyError: if its budget does not count trials.
    """
    folder = existing(run)
    config = study_in(folder)
    if trials < 1:
        raise StudyError([f"trials is {trials}; wanted at least 1"], source="the extension")
    if config.budget.trials is None:
        raise StudyError(
            [
                "budget.trials is not set, so that it cannot be extended by trials; raise the "
                f"budget in {folder.study_file} and type: curriculum resume {folder.path}"
            ],
            source=str(folder.path),
        )
    budget = config.budget.model_copy(update={"trials": config.budget.trials + trials})
    config = config.model_copy(update={"budget": budget})
    return _into_folder(config, folder, mirror=mirror, address=address)


def existing(run: Path) -> RunFolder:
    """The run folder of a study that was launched before.

    Raises:
        RunFolderError: if there is none.
    """
    folder = RunFolder(run)
    if _is_run_folder(folder):
        return folder
    near = sorted(str(path.parent) for path in run.parent.glob("*/run.json"))
    there = f"; beside it: {', '.join(near)}" if near else ""
    raise RunFolderError(
        f"{run} is no run folder: it has no study.yaml and run.json{there}; "
        "start a study with: curriculum search STUDY"
    )


def study_in(folder: RunFolder) -> StudyConfig:
    """The study of a run folder, checked without its data.

    Raises:
        StudyError: if somebody made the file wrong.
    """
    return load_study(folder.study_file)


def _is_run_folder(folder: RunFolder) -> bool:
    """A study file alone may be the one that the user wrote."""
    return folder.facts.is_file() and folder.study_file.is_file()


def _foreign_files(folder: RunFolder) -> list[str]:
    """Names of what is in the folder and was not left by a launch that was killed early."""
    if not folder.path.exists():
        return []
    ours = ("run.", ".run.", f"{folder.study_file.name}.tmp")
    return sorted(p.name for p in folder.path.iterdir() if not p.name.startswith(ours))


def _into_folder(
    config: StudyConfig, folder: RunFolder, *, mirror: Path | None, address: str | None
) -> Launch:
    """Check that the study can run here, then write it; nothing is written before."""
    before = folder.mirror
    mirror = before if mirror is None else mirror.resolve()
    if writer := folder.writer():
        raise RunFolderError(
            f"the run folder {folder.path} is in use by {writer}; wait for it or stop it, "
            "then try again"
        )
    skipped = _check_here(config, mirror=mirror, address=address)
    text = resolved_yaml(config)
    with opened_for_writing(folder):
        place = None if mirror is None else str(mirror)
        folder.remember(mirror=place, finished=None, skipped_rows=skipped)
        if not folder.study_file.exists() or folder.study_file.read_text() != text:
            write_whole(folder.study_file, text)
    warnings = list(skipped)
    if before is not None and before != mirror:
        warnings.append(f"the mirror was {before} in the last launch, now {mirror}")
    return Launch(
        config=config, folder=folder, mirror=mirror, address=address, warnings=tuple(warnings)
    )


def _check_here(config: StudyConfig, *, mirror: Path | None, address: str | None) -> list[str]:
    """Rows, encoder, objective, and the machine if the search runs on it alone.

    Returns:
        A line for each file of which bad rows are skipped.

    Raises:
        StudyError, DataError, EncoderError, StoreError: all are ValueErrors.
    """
    import torch  # here and below, so that a wrong study is refused without waiting for them

    from search.assignments import Planner
    from search.data_checks import skipped_rows
    from search.objectives import objective_from
    from search.places import Places, cache_of, store_of
    from search.row_counts import row_counter
    from trainables.encoder import encoder_folder

    if address is None:
        check_resources(config, cpus=os.cpu_count() or 1, gpus=torch.cuda.device_count())
    store, cache = store_of(config), cache_of(config)
    load_study(
        config.model_dump(mode="json"),
        mirror=mirror,
        num_train_rows=row_counter(config, mirror=mirror, cache=cache),
    )
    encoder_folder(config.encoder.name, revision=config.encoder.revision, mirror=mirror)
    planner = Planner(config, Places(run_id="", cache=cache, store=store, mirror=mirror))
    objective_from(config, planner.languages("search"))
    planner.search(Curriculum(), "baseline", None)  # looks up the targets' rows too
    return skipped_rows(config, planner, mirror=mirror, cache=cache)
