"""How far does one driver go? The section on `python -m benchmarks.scaling`, from what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.scaling import MOST_GROWTH
from benchmarks.strategies.markdown import markdown_table


def scaling_section(path: Path) -> Iterator[str]:
    """Markdown; nothing where it was never measured."""
    if not path.exists():
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    yield "\n## Many workers, many trials\n"
    yield (
        f"`{found['command'].strip()}`, {found['date']}, {found['machine']}: a planted space of "
        f"{found['curricula']:,} curricula, costs in the papers' proportions. One budget of "
        "trials, spent by so many simulated workers:\n"
    )
    yield from _workers(found["workers"])
    yield (
        "\nFaster: trials per simulated hour over one worker's. Busy: computing or loading; "
        "waiting: for a node that another computes; tail: idle after the last trial began.\n"
    )
    yield "What a decision takes (CPU time), 64 trials at a time, and the driver's process:\n"
    yield from _decisions(found["decisions"])
    yield ""
    yield from _growth(found["decisions"])
    for missed in found["missed"]:
        yield f"- **missed**: {missed}"
    if not found["missed"]:
        yield "All limits are kept."


def _workers(found: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for number, own in found.items():
        shares = [
            f"{100 * fmean(each[part] for each in own['searches']):.0f} %"
            for part in ("busy", "waiting", "idle", "tail")
        ]
        times, regret = own["times_one_worker"], own["regret_points"]
        row = [number, _with_half(times), _with_half(regret)]
        rows.append([*row, f"{fmean(each['stopped'] for each in own['searches']):.0f}", *shares])
    heads = ["workers", "times as fast", "regret, points", "stopped"]
    yield from markdown_table([*heads, "busy", "waiting", "idle", "tail"], rows)


def _decisions(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [
            f"`{name}`",
            f"{own['trials']:,}",
            *(f"{1000 * own[f'{part}_seconds']:.1f}" for part in ("median", "slow", "longest")),
            f"{own['rss_bytes'] / 1e6:.0f}",
        ]
        for name, thousands in found.items()
        for own in thousands["thousands"]
    ]
    heads = ["strategy", "until trial", "median ms", "99 % ms", "longest ms", "process MB"]
    yield from markdown_table(heads, rows)


def _growth(found: Mapping[str, Any]) -> Iterator[str]:
    """What a further trial holds in memory, where there are several thousands."""
    for name, deciding in found.items():
        first, last = deciding["thousands"][0], deciding["thousands"][-1]
        if more := last["trials"] - first["trials"]:
            each = (last["rss_bytes"] - first["rss_bytes"]) / more
            yield (
                f"`{name}`: {each / 1000:.0f} kB of memory for every trial after the first "
                f"{first['trials']:,}. Optuna's study and our ledgers keep all trials, so it is "
                f"not flat; held to be kept is {MOST_GROWTH} times what the first thousand took.\n"
            )


def _with_half(found: Mapping[str, float]) -> str:
    return f"{found['mean']:.1f} ± {found['mean'] - found['low']:.1f}"
