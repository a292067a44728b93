"""What is known of a study's languages without its encoder? Rows of distances to English and facts.

By construction for the embedded world, else published (`analysis/languages.py`, URIEL+). A language
of which something is unknown has a row that says so.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from analysis import uriel
from analysis.languages import LANGUAGES
from search.assignments import SOURCE_LANGUAGE
from trainables.features.wanted import Row, feature_row
from trainables.features.world import world_rows
from trainables.keys import feature_node
from trainables.miniworld.languages import LANGUAGES as WORLD
from trainables.nodes import Computed, Event, Progress, Result, Trial, ensure


def language_rows(
    trial: Trial, *, invented: Sequence[str], human: Sequence[str]
) -> Generator[Event, None, list[Row]]:
    """Rows of `distance_*` and facts.

    Args:
        trial: whose store keeps the distances of URIEL+.
        invented: languages of the embedded world.
        human: all others; English, where both have it, is the human one.
    """
    rows = world_rows([x for x in invented if x in WORLD and x not in human])
    if human:
        rows += fact_rows(human)
        rows += yield from uriel_rows(trial, human)
    return rows


def fact_rows(languages: Sequence[str]) -> list[Row]:
    """Script, family, agglutinative or not, and text in CC-100."""
    rows: list[Row] = []
    unknown = "not in the table of analysis/languages.py"
    for code in languages:
        facts, where = LANGUAGES.get(code), {"language": code}
        if facts is None:
            names = ("script", "family", "agglutinative", "cc100_gib", "cc100_tokens")
            rows += [feature_row(feature, where, note=unknown) for feature in names]
            continue
        rows.append(feature_row("script", where, label=facts.script))
        rows.append(feature_row("family", where, label=facts.family))
        known = facts.agglutinative is not None
        value = float(bool(facts.agglutinative)) if known else None
        note = "" if known else "disputed"
        rows.append(feature_row("agglutinative", where, value, note=note))
        rows.append(feature_row("cc100_gib", where, facts.cc100_gib))
        note = "" if facts.cc100_tokens is not None else "no spaces between words"
        rows.append(feature_row("cc100_tokens", where, facts.cc100_tokens, note=note))
    return rows


def uriel_rows(trial: Trial, languages: Sequence[str]) -> Generator[Event, None, list[Row]]:
    """Distances of URIEL+ to English; `n` is the number of features that both languages have."""
    if note := uriel.obstacle():
        return [
            _distance_row(code, kind, note=note) for code in languages for kind in uriel.DISTANCES
        ]
    entry = yield from ensure(trial, _uriel(languages))
    found, rows = entry.values, []
    for code in languages:
        for kind in uriel.DISTANCES:
            if code in found["unknown"]:
                rows.append(_distance_row(code, kind, note="unknown to URIEL+"))
                continue
            value, n = found["distances"][code][kind], found["features"][code][kind]
            note = f"URIEL+ {found['version']}" if n else "no feature that English has too"
            rows.append(_distance_row(code, kind, value, n=n, note=note))
    return rows


def _uriel(languages: Sequence[str]) -> Computed:
    """A node: it takes seconds, and needs neither encoder nor rows."""
    codes = sorted(languages)
    inputs = {
        "version": uriel.VERSION,
        "languages": {code: LANGUAGES[code].iso3 for code in codes if code in LANGUAGES},
        "unknown": [code for code in codes if code not in LANGUAGES],
    }

    def compute() -> Generator[Event, None, Result]:
        yield Progress("distances of URIEL+")
        found = uriel.uriel_distances(codes)
        table = found.table.astype(object).where(found.table.notna(), None)
        values = {
            "distances": table.to_dict(orient="index"),
            "features": found.features.astype(int).to_dict(orient="index"),
            "unknown": list(found.unknown),
            "version": found.version,
        }
        return Result(values=values, examples=0.0)

    node = feature_node([], purpose="URIEL+ distances 1", inputs=inputs)
    return Computed(node, compute, "distances of URIEL+")


def _distance_row(
    code: str, kind: str, value: float | None = None, *, n: int = 0, note: str
) -> Row:
    where = {"language": code, "other": SOURCE_LANGUAGE}
    return feature_row(f"distance_{kind}", where, value, n=n, note=note)
