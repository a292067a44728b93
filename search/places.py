"""Where do a run's files lie on this machine?"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from search.run_folder import RunFolder
from search.study_fields import StudyConfig
from trainables.row_cache import DEFAULT_CACHE
from trainables.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders of one machine, resolved to absolute paths: workers run elsewhere."""

    run_id: str
    cache: Path
    store: str | None
    mirror: Path | None


def places_of(config: StudyConfig, folder: RunFolder, mirror: Path | None) -> Places:
    """Absolute folders of a run.

    Raises:
        StoreError: if the store cannot be used.
    """
    return Places(
        run_id=_run_id(folder),
        cache=cache_of(config),
        store=store_of(config),
        mirror=None if mirror is None else mirror.resolve(),
    )


def store_of(config: StudyConfig) -> str | None:
    """The store, tried out; its default is shared by all studies of a user.

    Raises:
        StoreError: if it cannot be used.
    """
    if not config.store.enabled:
        return None
    store = _absolute(config.store.path or str(DEFAULT_CACHE.expanduser() / "store"))
    Store(store).check_usable()
    return store


def cache_of(config: StudyConfig) -> Path:
    """Folder for rows and tokenised data: beside a store on disk, else the user's own."""
    path = config.store.path
    if not config.store.enabled or path is None or "://" in path:
        return DEFAULT_CACHE.expanduser()
    return Path(_absolute(path)).parent / "cache"


def _run_id(folder: RunFolder) -> str:
    """Made once per run folder: entries of the store remember by it who paid for them."""
    facts = folder.read_facts()
    if "run_id" not in facts:
        folder.remember(run_id=uuid.uuid4().hex)
        facts = folder.read_facts()
    return str(facts["run_id"])


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).expanduser().resolve())
