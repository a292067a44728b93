"""How far is a language from English, by URIEL+ (Khan et al. 2025, arXiv 2409.18472)?

By the package `urielplus`, which is asked for here alone and only when somebody wants distances: it
takes seconds to load. It needs no network. The databases that make URIEL+ out of URIEL (Grambank,
APiCS, SAPHON, BDPROTO, eWAVE, Glottolog) are integrated by the package's own code, but for the
wanted languages alone: for all of them that takes minutes and 4 GB. Nothing is imputed: features
that one of two languages lacks are left out of their distance, and where they share none, the
distance is missing. Two habits of the package are kept from the user: it copies its data into its
own folder at first use (here a folder of ours is read), and configures the root logger.

The distance is the package's `new_distance`: the angle between the two vectors of shared features
over pi / 2, so in [0, 1] for features of 0 and 1, a feature being there if any source says so
(aggregation U), rounded to 4 decimals as it does.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.languages import LANGUAGES

PACKAGE, VERSION = "urielplus", "1.3.2"
"""The one version that is used: other data are other distances, and its insides are used here."""
DISTANCES = (
    *("syntactic", "genetic", "geographic", "phonological", "inventory", "featural"),
    *("morphological", "script"),
)
"""Kinds of distance. `featural` is over syntax, phonology, inventory and morphology together."""
_MATRIX = {"genetic": 0, "geographic": 2, "script": 3}
"""Where a kind's features are; all others are among the typological ones."""
_TYPOLOGICAL = 1
_PREFIX = {"morphological": "M_", "inventory": "INV_", "phonological": "P_", "syntactic": "S_"}
_FILES = ("family_features.npz", "features.npz", "geocoord_features.npz", "script_features.npz")
_BY_LANGUAGE = ("grambank_data", "apics_data", "bdproto_data", "english_dialect_data")
_MISSING = -1.0


class NoUriel(ValueError):
    """The package is not there in its version; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """Distances to one language."""

    table: pd.DataFrame
    """Index: language code; a column by kind, in [0, 1], NaN where no feature is shared."""
    features: pd.DataFrame
    """Of the same form: number of features that both languages have."""
    unknown: tuple[str, ...]
    """Languages that URIEL+ or our table of codes does not know; not in the tables."""
    version: str
    """Of the package."""


def obstacle() -> str:
    """Why distances cannot be had; "" if they can."""
    if importlib.util.find_spec(PACKAGE) is None:
        return f"the package {PACKAGE} is not installed"
    found = version(PACKAGE)
    return "" if found == VERSION else f"{PACKAGE} {found} is installed, wanted {VERSION}"


def uriel_distances(languages: Sequence[str], *, to: str = "en") -> Distances:
    """Distances of languages to one, which is among them with zeros if it is asked for.

    Args:
        languages: codes of the tasks, see `analysis/languages.py`.
        to: the other end.

    Raises:
        NoUriel: if the package is not there.
    """
    wanted = dict.fromkeys(languages)
    known = _knowledge(tuple(sorted({to, *wanted} & LANGUAGES.keys())))
    there = [code for code in wanted if code in known.places]
    if to not in known.places:
        raise ValueError(f"URIEL+ does not know {to!r}, to which distances are wanted")
    found = {code: known.distances(code, to) for code in there}
    return Distances(
        table=_frame(found, 0),
        features=_frame(found, 1),
        unknown=tuple(code for code in wanted if code not in known.places),
        version=VERSION,
    )


def angular_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Angle of two vectors over pi / 2, rounded to 4 decimals; a vector of zeros counts as ones.

    As `URIELPlusQuerying._angular_distance`.
    """
    ends = [v if np.linalg.norm(v) else np.full(v.shape, 1e-10) for v in (a, b)]
    units = [v / np.linalg.norm(v) for v in ends]
    return round(float(2 * np.arccos(np.clip(units[0] @ units[1], -1.0, 1.0)) / np.pi), 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Knowledge:
    """What URIEL+ knows of some languages."""

    places: Mapping[str, Mapping[int, int]]
    """Language to matrix to its row there."""
    values: Mapping[int, NDArray[np.float64]]
    """Matrix to (languages, features), -1 where unknown."""
    names: Mapping[int, NDArray[np.str_]]
    """Matrix to the names of its features."""

    def distances(self, a: str, b: str) -> dict[str, tuple[float, int]]:
        """Distance and number of shared features, by kind."""
        found = {}
        for kind in DISTANCES:
            matrix = _MATRIX.get(kind, _TYPOLOGICAL)
            values, prefix = self.values[matrix], _PREFIX.get(kind, "")
            ends = [values[self.places[code][matrix]] for code in (a, b)]
            of_kind = np.char.startswith(self.names[matrix], prefix)
            shared = of_kind & (ends[0] != _MISSING) & (ends[1] != _MISSING)
            distance = angular_distance(*(v[shared] for v in ends)) if shared.any() else np.nan
            found[kind] = (distance, int(shared.sum()))
        return found


@lru_cache(maxsize=4)
def _knowledge(codes: tuple[str, ...]) -> _Knowledge:
    """Load the package and what it knows of these languages."""
    if reason := obstacle():
        raise NoUriel(
            f"distances of URIEL+ were asked for, but {reason}; "
            f"type: pip install {PACKAGE}=={VERSION}"
        )
    iso = {LANGUAGES[code].iso3: code for code in codes}
    with _quiet_root_logger(), tempfile.TemporaryDirectory() as folder:
        base, glottocodes = _opened(Path(folder), list(iso))
        rows = [{str(name): i for i, name in enumerate(names)} for names in base.langs]
        matrices = range(len(_FILES))
        places = {
            code: {m: rows[m][glottocodes[own]] for m in matrices}
            for own, code in iso.items()
            if all(glottocodes.get(own) in rows[m] for m in matrices)
        }
        return _Knowledge(
            places=places,
            values={m: _aggregated(base.data[m]) for m in matrices},
            names={m: np.asarray(base.feats[m], dtype=str) for m in matrices},
        )


def _opened(folder: Path, iso: Sequence[str]) -> tuple[Any, dict[str, str]]:
    """URIEL+ of some languages, all databases integrated; and the Glottocode of each."""
    package = Path(str(importlib.import_module(PACKAGE).__file__)).parent
    path = package / "database/urielplus_csvs/uriel_glottocode_map.csv"
    mapping = pd.read_csv(path, dtype=str, keep_default_na=False)
    pairs = zip(mapping["iso_code"], mapping["glottocode"], strict=True)
    glottocodes = {own: glotto for own, glotto in pairs if own in iso and glotto}
    _copy_databases(package / "database", folder / "database", set(glottocodes.values()), set(iso))
    base = _restricted(package, iso)
    base.cur_dir = str(folder)
    base.integrate_databases()
    return base, glottocodes


def _restricted(package: Path, iso: Sequence[str]) -> Any:
    """The package's object over original URIEL, with the rows of some languages alone."""
    urielplus = importlib.import_module(f"{PACKAGE}.urielplus")
    base = object.__new__(urielplus.URIELPlus)
    loaded = []
    for name in _FILES:
        with np.load(package / "database/original_uriel" / name, allow_pickle=False) as arrays:
            matrix = dict(arrays)
        rows = np.flatnonzero(np.isin(matrix["langs"], iso))
        loaded.append({**matrix, "langs": matrix["langs"][rows], "data": matrix["data"][rows]})
    parts = [[matrix[part] for matrix in loaded] for part in ("feats", "langs", "data", "sources")]
    base.loaded_features = loaded
    super(urielplus.URIELPlus, base).__init__(*parts)
    base.databases = base.imputation = base.querying = base
    base._refresh_indexes()
    return base


def _copy_databases(source: Path, target: Path, glottocodes: set[str], iso: set[str]) -> None:
    """The package's tables; of those by language only the rows that are wanted."""
    tables = target / "urielplus_csvs"
    shutil.copytree(source / "urielplus_csvs", tables, ignore=shutil.ignore_patterns("*.py*"))
    (target / "original_uriel").mkdir()
    for name in _FILES:
        shutil.copy(source / "original_uriel" / name, target / "original_uriel" / name)
    for name in (*_BY_LANGUAGE, "script_data", "saphon_data", "dialects"):
        path = tables / f"{name}.csv"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        column = 1 if name == "saphon_data" else 0
        wanted = [x for x in lines[1:] if x.split(",")[column].strip('"\n ') in glottocodes]
        path.write_text("".join([lines[0], *wanted]), encoding="utf-8")


def _aggregated(data: NDArray[Any]) -> NDArray[np.float64]:
    """(languages, features, sources) -> (languages, features): what the largest source says.

    Geography has a single source, so that its mean, which the package takes, is the same.
    """
    values = data.astype(np.float64)
    known: NDArray[np.float64] = np.where(np.isfinite(values), values, _MISSING).max(axis=2)
    return known


@contextmanager
def _quiet_root_logger() -> Iterator[None]:
    """Put the root logger back as it was; the package logs every step there."""
    root = logging.getLogger()
    before, level, disabled = list(root.handlers), root.level, logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(disabled)
        root.handlers[:] = before
        root.setLevel(level)


def _frame(found: Mapping[str, Mapping[str, tuple[float, int]]], part: int) -> pd.DataFrame:
    rows = {code: {kind: pair[part] for kind, pair in row.items()} for code, row in found.items()}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(DISTANCES))
    return frame.rename_axis(index="language").astype("float64")
