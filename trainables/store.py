"""Where do computed nodes live? In a folder that many trials, studies and machines share.

    <store>/<key[:2]>/<key>-<numerics>/<name>.safetensors    weights, written first
    <store>/<key[:2]>/<key>-<numerics>/entry.json            written last, renamed into place

An entry is complete when its `entry.json` is there and agrees with its own checksum; anything else
is a miss. `entry.json` spells the inputs of the key, the values, the cost and the checksum of the
weights, which is verified on every read. Nothing is ever unpickled. Weights beyond the size limit
are dropped, least recently used first; metadata stays, since it is small.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import fsspec
import safetensors.torch
import torch

from trainables.keys import Node, digest

log = logging.getLogger(__name__)

Tensors = Mapping[str, torch.Tensor]
ENTRY_FILE = "entry.json"
PARTIAL_FILE = "partial.json"
USED_FILE = "used"
PIN_SECONDS = 15 * 60.0
"""A running trial's pins hold this long after their last renewal."""


class StoreError(ValueError):
    """The store's folder cannot be used: says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A node that was computed: its metadata."""

    kind: str
    key: str
    numerics: str
    inputs: Mapping[str, Any]
    values: Mapping[str, Any]
    """What it found: dev score, metrics, flags."""
    examples: float
    """What it cost in examples processed; a forward pass counts a third."""
    seconds: float
    creator: str
    """The trial that paid for it."""
    weights: Mapping[str, Any] | None
    """File name, SHA-256 and bytes of the weights; None if the node has none."""


class Store:
    """Entries under a path or URL (any file system that fsspec knows)."""

    def __init__(self, path: str, *, limit_bytes: float = float("inf")) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(path)
        self._limit_bytes = limit_bytes
        self._unchecked_bytes = float("inf")  # the first commit looks at the whole store
        self._notices: list[str] = []
        self.path = path

    def check_usable(self) -> None:
        """Write and read a small file.

        Raises:
            StoreError: if the folder cannot be written and read.
        """
        probe = f"{self._root}/.probe-{uuid.uuid4().hex}"
        try:
            self._write(probe, b"curriculum-search")
            found = self._fs.cat_file(probe)
            self._fs.rm_file(probe)
        except OSError as error:
            raise StoreError(
                f"the store {self.path!r} cannot be written and read ({error}); "
                "name a folder that every machine of the search can use as store.path"
            ) from error
        if found != b"curriculum-search":
            raise StoreError(f"the store {self.path!r} does not give back what was written to it")

    def find(
        self, node: Node, *, weights: bool = False, accept_other_numerics: bool = False
    ) -> Entry | None:
        """The complete entry of a node, or None; with `weights`, only if they were not evicted."""
        folders = [self._folder(node)]
        if accept_other_numerics:
            folders += self._other_folders(node)
        for folder in folders:
            entry = self._read_entry(folder)
            if entry is not None and not (weights and self._evicted(folder, entry)):
                return entry
        return None

    def tensors(self, entry: Entry) -> dict[str, torch.Tensor] | None:
        """The weights of an entry, or None if they were damaged: the entry is then removed."""
        folder = self._entry_folder(entry.key, entry.numerics)
        found = entry.weights or {}
        try:
            data = self._fs.cat_file(f"{folder}/{found['file']}")
        except FileNotFoundError:
            return None
        if hashlib.sha256(data).hexdigest() != found["sha256"]:
            self._notice(f"store entry {folder} is damaged: its weights are computed again")
            self._remove(folder)
            return None
        self._write(f"{folder}/{USED_FILE}", b"")
        return safetensors.torch.load(data)

    def commit(
        self,
        node: Node,
        *,
        values: Mapping[str, Any],
        examples: float,
        seconds: float,
        creator: str,
        tensors: Tensors | None = None,
    ) -> Entry:
        """Make a computed node an entry; if another writer was first, theirs stays."""
        existing = self.find(node, weights=True)
        if existing is not None:
            return existing
        folder = self._folder(node)
        weights = None if tensors is None else self._write_tensors(folder, "weights", tensors)
        entry = Entry(
            kind=node.kind,
            key=node.key,
            numerics=node.numerics,
            inputs=node.inputs,
            values=values,
            examples=examples,
            seconds=seconds,
            creator=creator,
            weights=weights,
        )
        self._write_json(f"{folder}/{ENTRY_FILE}", asdict(entry))
        self.drop_partial(node)
        self._evict_after(0 if weights is None else weights["bytes"])
        return entry

    def save_partial(self, node: Node, tensors: Tensors, numbers: Mapping[str, Any]) -> None:
        """Keep the state of a stage in training; replaces the state kept before."""
        folder = self._folder(node)
        before = self._read_json(f"{folder}/{PARTIAL_FILE}")
        weights = self._write_tensors(folder, "partial", tensors)
        self._write_json(f"{folder}/{PARTIAL_FILE}", {"numbers": numbers, "weights": weights})
        if before is not None:
            self._rm(f"{folder}/{before['weights']['file']}")

    def load_partial(self, node: Node) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """The state last kept, or None if there is none that is whole."""
        folder = self._folder(node)
        partial = self._read_json(f"{folder}/{PARTIAL_FILE}")
        if partial is None:
            return None
        try:
            data = self._fs.cat_file(f"{folder}/{partial['weights']['file']}")
        except FileNotFoundError:
            return None
        if hashlib.sha256(data).hexdigest() != partial["weights"]["sha256"]:
            self._notice(f"partial checkpoint {folder} is damaged: the stage starts again")
            return None
        return safetensors.torch.load(data), partial["numbers"]

    def drop_partial(self, node: Node) -> None:
        """Remove the state of a stage that is finished."""
        for path in self._fs.glob(f"{self._folder(node)}/partial*"):
            self._rm(path)  # also what a killed process left without its metadata

    def pin(self, holder: str, keys: Iterable[str], *, seconds: float = PIN_SECONDS) -> None:
        """Protect the weights of these nodes from eviction for some time; replaces earlier pins."""
        pins = {"keys": sorted(keys), "until": time.time() + seconds}
        self._write_json(f"{self._root}/pins/{digest(holder)}.json", pins)

    def taken_notices(self) -> list[str]:
        """What was found damaged since the last call, one sentence each, for people."""
        notices, self._notices = self._notices, []
        return notices

    def entries(self) -> Iterator[Entry]:
        """Every complete entry."""
        for path in self._fs.glob(f"{self._root}/??/*/{ENTRY_FILE}"):
            entry = self._read_entry(path.rpartition("/")[0])
            if entry is not None:
                yield entry

    # Eviction

    def _evict_after(self, written_bytes: int) -> None:
        """Look at the whole store only when enough was written to matter."""
        self._unchecked_bytes += written_bytes
        if self._unchecked_bytes > self._limit_bytes / 100:
            self._unchecked_bytes = 0
            self.evict()

    def evict(self) -> None:
        """Drop weights, least recently used first, until the store is within its limit."""
        if self._limit_bytes == float("inf"):
            return
        weights = self._fs.glob(f"{self._root}/??/*/weights-*.safetensors", detail=True)
        total = sum(info["size"] for info in weights.values())
        if total <= self._limit_bytes:
            return
        pinned = self._pinned_keys()
        for path in sorted(weights, key=self._last_used):
            if path.rpartition("/")[0].rpartition("/")[2].partition("-")[0] in pinned:
                continue
            self._rm(path)
            total -= weights[path]["size"]
            if total <= self._limit_bytes:
                return
        log.warning(
            "the store %s holds %.2f GB, above its limit of %.2f GB, and all of it is in use; "
            "raise store.limit_gb",
            self.path,
            total / 1e9,
            self._limit_bytes / 1e9,
        )

    def _last_used(self, path: str) -> float:
        used = f"{path.rpartition('/')[0]}/{USED_FILE}"
        try:
            return float(self._fs.modified(used).timestamp())
        except FileNotFoundError:
            return float(self._fs.modified(path).timestamp())

    def _pinned_keys(self) -> set[str]:
        keys: set[str] = set()
        for path in self._fs.glob(f"{self._root}/pins/*.json"):
            pins = self._read_json(path)
            if pins is not None and pins["until"] > time.time():
                keys.update(pins["keys"])
        return keys

    # Files

    def _folder(self, node: Node) -> str:
        return self._entry_folder(node.key, node.numerics)

    def _entry_folder(self, key: str, numerics: str) -> str:
        return f"{self._root}/{key[:2]}/{key}-{digest(numerics)[:8]}"

    def _other_folders(self, node: Node) -> list[str]:
        return sorted(self._fs.glob(f"{self._root}/{node.key[:2]}/{node.key}-*"))

    def _read_entry(self, folder: str) -> Entry | None:
        data = self._read_json(f"{folder}/{ENTRY_FILE}")
        return None if data is None else Entry(**data)

    def _evicted(self, folder: str, entry: Entry) -> bool:
        return entry.weights is not None and not self._fs.exists(
            f"{folder}/{entry.weights['file']}"
        )

    def _write_tensors(self, folder: str, name: str, tensors: Tensors) -> dict[str, Any]:
        """Write under a name nobody else uses, so that two writers never mix their files."""
        data = safetensors.torch.save(
            {k: t.detach().cpu().contiguous() for k, t in tensors.items()}
        )
        file = f"{name}-{uuid.uuid4().hex}.safetensors"
        self._write(f"{folder}/{file}", data)
        return {"file": file, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    def _write_json(self, path: str, value: Mapping[str, Any]) -> None:
        """Write beside the place and rename into it, with the value's own checksum inside."""
        data = json.dumps({"value": value, "checksum": digest(value)}, indent=1).encode()
        temporary = f"{path}.{uuid.uuid4().hex}.tmp"
        self._write(temporary, data)
        self._fs.mv(temporary, path)

    def _read_json(self, path: str) -> dict[str, Any] | None:
        try:
            data = self._fs.cat_file(path)
        except FileNotFoundError:
            return None
        try:
            found = json.loads(data)
            value: dict[str, Any] = found["value"]
            whole = digest(value) == found["checksum"]
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            self._notice(f"{path} is damaged: taken as missing and made again")
            return None
        return value

    def _notice(self, message: str) -> None:
        log.warning("%s", message)
        self._notices.append(message)

    def _write(self, path: str, data: bytes) -> None:
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            self._fs.pipe_file(path, data)
        except OSError:
            self._rm(path)  # half of it, on a full disk
            raise

    def _rm(self, path: str) -> None:
        """Remove a file that another process may be removing too."""
        try:
            self._fs.rm_file(path)
        except FileNotFoundError:
            log.debug("%s was removed by another process", path)

    def _remove(self, folder: str) -> None:
        """Take an entry away: metadata first, so that it is never complete without weights."""
        self._rm(f"{folder}/{ENTRY_FILE}")
        for path in self._fs.glob(f"{folder}/weights-*"):
            self._rm(path)
