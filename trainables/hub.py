"""Where are the files of a hub data set: in a mirror folder, or on the hub?

A mirror is a folder `datasets/<org>/<name>/` with the same parquet files as the hub, placed as the
data set's README says (`configs:`), or else as `FOLDERS` says. On the hub the pinned
revision is tried, then the hub's own parquet copy, then other ids alike: since datasets 4 nothing
loads by a script, and no code of a data set is ever run. A hub that cannot be reached is no reason
to take another copy: then all machines of a study would not read the same.
"""

from __future__ import annotations

import logging
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import datasets
import yaml
from huggingface_hub import HfApi
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # whatever it names so

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

_NOT_LOADED = (
    *(OSError, ValueError, RuntimeError),
    *(datasets.exceptions.DatasetsError, httpx.HTTPError),
)
"""What `datasets` raises where nothing loads; errors of the network pass through as they are."""

_MIRROR_HINT = "give a mirror folder: --mirror DIR or CURRICULUM_MIRROR"

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
        DataError: the hub cannot be reached, or nothing loads; the message lists every attempt.
    """
    if source.path.startswith(LOCAL):
        raise DataError(
            f"{source.path} is on no hub: put its files into MIRROR/datasets/{source.path}, or "
            "name your own in the study file under tasks"
        )
    failures: list[str] = []
    for path, revision in attempts(source):
        try:
            rows, commit = _load(path, revision, config, split, folder)
        except _NOT_LOADED as error:
            if down := _why_unreachable(error):
                tried = "".join(f"\n{failure}" for failure in failures)
                raise DataError(
                    f"cannot reach the hub for {path} ({config}, {split}): {down}. Try again "
                    f"later, or {_MIRROR_HINT}{tried}"
                ) from error
            failures.append(f"  {path}@{revision or 'main'}: {_in_short(error)}")
        else:
            found = {"place": "hub", "id": path, "revision": revision or "main", "commit": commit}
            if failures:
                name = f"{path}@{found['revision']}"
                _log.warning("%s is read since others fail:\n%s", name, "\n".join(failures))
            return rows, found
    raise DataError(
        f"no {config} {split} of {source.path} on the hub:\n" + "\n".join(failures) + "\n"
        f"Log in where the hub asks for it (hf auth login), or {_MIRROR_HINT}"
    )


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


def attempts(source: HubSource) -> list[tuple[str, str | None]]:
    """Ids and revisions (None: the main branch) in the order in which they are tried."""
    pinned = [(source.path, source.revision), *((path, None) for path in source.fallbacks)]
    return [
        attempt for path, revision in pinned for attempt in ((path, revision), (path, PARQUET_COPY))
    ]


def _load(
    path: str, revision: str | None, config: str, split: str, folder: Path | None
) -> tuple[datasets.Dataset, str]:
    """Rows and the commit they are from; `hf://`: a folder of that name here is not meant."""
    commit, place = _commit(path, revision), f"hf://datasets/{path}"
    kept = str(folder) if folder is not None else None
    with quiet():
        if revision == PARQUET_COPY:  # it has no README that says what its configurations are
            _check_copy(path, commit, config, split)
            files = f"{place}@{commit}/{config}/{split}/*.parquet"
            builder = datasets.load_dataset_builder(
                "parquet", data_files={split: files}, cache_dir=kept
            )
        else:
            builder = datasets.load_dataset_builder(place, config, revision=commit, cache_dir=kept)
            if builder.hash != commit:  # where a load fails, `datasets` takes what it has
                raise DataError(f"does not load, and what was loaded before is of {builder.hash}")
        builder.download_and_prepare()
        return builder.as_dataset(split=split), commit


def _check_copy(path: str, commit: str, config: str, split: str) -> None:
    """Refuse a parquet copy without the split; one cut short by the hub is `partial-SPLIT`."""
    found = HfApi().list_repo_tree(path, config, revision=commit, repo_type="dataset")
    splits = sorted(Path(entry.path).name for entry in found)
    if split not in splits:
        raise DataError(f"no split {split!r} of {config}; it has: {', '.join(splits)}")


def _commit(path: str, revision: str | None) -> str:
    """The commit that a branch or tag is at; a commit is one already, which needs no network."""
    if revision is not None and re.fullmatch("[0-9a-f]{40}", revision):
        return revision
    return str(HfApi().dataset_info(path, revision=revision).sha)


def _why_unreachable(error: BaseException | None) -> str:
    """Why the hub does not answer, if the error or what led to it says so; else nothing.

    An ill hub (status 500 and more) does not answer either. `datasets` says of both that there are
    no such files, hence the look at what led to its error.
    """
    reason, seen = "", set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        down = (ConnectionError, LocalEntryNotFoundError, httpx.TransportError)
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if isinstance(error, down) or status >= 500:
            reason = _in_short(error)
        error = error.__cause__ or error.__context__
    return reason


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


def _in_short(error: BaseException) -> str:
    """Its message on one line; those of the hub say on the third what is the matter."""
    return textwrap.shorten(str(error) or type(error).__name__, 300).rstrip(".")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
