"""Where are the files of a hub data set: in a mirror folder, or on the hub?

A mirror is a folder `datasets/<org>/<name>/` with the same parquet files as the hub, placed as the
data set's README says (`configs:`), or else as `FOLDERS` says. On the hub the pinned
revision is tried, then the hub's own parquet copy, then other ids: since datasets 4 nothing loads
by a script, and no code of a data set is ever run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import datasets
import yaml

from trainables.files import DataError, read_files
from trainables.tasks.task import HubSource

PARQUET_COPY = "refs/convert/parquet"
"""The branch where the hub itself keeps a parquet copy of a data set."""

FOLDERS = (
    *("{config}/{split}-*.parquet", "{config}/{split}/*.parquet"),
    *("{config}/{split}.*", "{config}.txt"),
)
"""Where a split lies without a README: as most data sets, as the hub's parquet copy, or as a user
puts files; text alone has no splits."""

LOCAL = "local/"
"""How the names of data sets begin that are on no hub."""

_log = logging.getLogger(__name__)


class NotInMirrorError(DataError):
    """The mirror has the data set, but not this configuration or split."""


def mirror_files(mirror: Path | None, source: HubSource, config: str, split: str) -> list[Path]:
    """Files of a split in the mirror; none if the mirror lacks the whole data set.

    Raises:
        DataError: if there is no such mirror folder.
        NotInMirrorError: if the mirror has the data set but not the configuration or split.
    """
    if mirror is None:
        return []
    if not (mirror / "datasets").is_dir():
        missing = "is no folder" if not mirror.is_dir() else "has no folder 'datasets'"
        raise DataError(
            f"the mirror {mirror} {missing}: wanted MIRROR/datasets/<org>/<name>/...; "
            "give another one, or none to read from the hub"
        )
    for name in (source.path, *source.fallbacks):
        folder = mirror / "datasets" / name
        if folder.is_dir():
            return _split_files(folder, config, split)
    return []


def have_ids(files: list[Path], prefix: str) -> bool:
    """Whether any row of the files has an id that begins so."""
    tables = read_files(files)
    return any(item.startswith(prefix) for table in tables for item in table["id"].to_pylist())


def stands_in(mirror: Path | None, source: HubSource) -> bool:
    """Whether the mirror's MANIFEST.md says STAND-IN in its section about the data set."""
    manifest = mirror / "MANIFEST.md" if mirror is not None else None
    if manifest is None or not manifest.is_file():
        return False
    _, _, section = manifest.read_text(encoding="utf-8").partition(f"## {source.path} ")
    return "STAND-IN" in section.partition("\n## ")[0]


def read_hub(
    source: HubSource, config: str, split: str, folder: Path | None
) -> tuple[datasets.Dataset, dict[str, Any]]:
    """Rows of a split from the hub, and the id and revision that worked.

    Args:
        source: ids and revision.
        config: configuration name.
        split: the hub's split name.
        folder: where downloads are kept; None for the Hugging Face default.

    Raises:
        DataError: no network, or nothing loads; the message lists every attempt.
    """
    if source.path.startswith(LOCAL):
        raise DataError(
            f"{source.path} is on no hub: put its files into MIRROR/datasets/{source.path}, or "
            "name your own in the study file under tasks"
        )
    failures = []
    for path, revision in _attempts(source):
        try:
            with quiet():
                rows = datasets.load_dataset(
                    path,
                    config,
                    split=split,
                    revision=revision,
                    cache_dir=str(folder) if folder is not None else None,
                )
        except ConnectionError as error:
            raise DataError(
                f"cannot reach the hub for {path} ({config}, {split}): {error}. Without network "
                "give a mirror folder: --mirror DIR or CURRICULUM_MIRROR"
            ) from error
        except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
            failures.append(f"  {path}@{revision or 'main'}: {_first_line(error)}")
        else:
            if failures:
                _log.warning("%s is read since others fail:\n%s", path, "\n".join(failures))
            return rows, {"place": "hub", "id": path, "revision": revision or "main"}
    raise DataError(f"no {config} {split} of {source.path} on the hub:\n" + "\n".join(failures))


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars of `datasets` inside."""
    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


def _attempts(source: HubSource) -> list[tuple[str, str | None]]:
    return [
        (source.path, source.revision),
        (source.path, PARQUET_COPY),
        *((path, None) for path in source.fallbacks),
    ]


def _split_files(folder: Path, config: str, split: str) -> list[Path]:
    declared = _declared(folder).get(config, {})
    usual = tuple(place.format(config=config, split=split) for place in FOLDERS)
    patterns = declared.get(split, ()) if declared else usual
    files = sorted({file for pattern in patterns for file in folder.glob(pattern)})
    if files:
        return files
    splits = sorted(declared) or sorted({_split_of(f) for f in folder.glob(f"{config}/*.parquet")})
    if splits:
        raise NotInMirrorError(
            f"the mirror's {folder.name} has no split {split!r} of {config}; "
            f"it has: {', '.join(splits)}"
        )
    configs = sorted(_declared(folder)) or sorted(d.name for d in folder.iterdir() if d.is_dir())
    raise NotInMirrorError(
        f"the mirror's {folder.name} has no {config!r}; it has: {', '.join(configs)}"
    )


@cache
def _declared(folder: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Configuration to split to file patterns, as the README's head says; else nothing."""
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    if not text.startswith("---\n"):
        return {}
    try:
        configs = yaml.safe_load(text.split("---\n", 2)[1]).get("configs", [])
        declared = {c["config_name"]: _patterns(c.get("data_files")) for c in configs}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise DataError(f"cannot read the head of {readme}: {_first_line(error)}") from error
    for pattern in (p for splits in declared.values() for ps in splits.values() for p in ps):
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise DataError(f"{readme} names files outside its folder: {pattern!r}")
    return declared


def _patterns(data_files: Any) -> dict[str, tuple[str, ...]]:
    """Split to patterns, where `data_files` lists them; other forms: as without a README."""
    if not isinstance(data_files, list) or not all(isinstance(x, dict) for x in data_files):
        return {}
    return {
        part["split"]: (part["path"],) if isinstance(part["path"], str) else tuple(part["path"])
        for part in data_files
    }


def _split_of(file: Path) -> str:
    return file.stem.split("-0")[0]


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
