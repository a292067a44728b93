"""Does every target of XTREME and XTREME-R that a small mirror has work, in at most 40 minutes?

    python -m benchmarks.xtreme_mini --mirror DIR [--run RUN]

Runs the packaged study `xtreme-mini` from an empty store, or goes on with a run that was
interrupted, and writes its tables to docs/xtreme_mini.md. Fails where it took longer.
"""

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.packaged import run_packaged
from search.commands import results
from search.run_folder import RunFolder

LIMIT = 40 * 60
"""Seconds of search and confirmation on two cores."""
RESULT = Path(__file__).parent.parent / "docs" / "xtreme_mini.md"
RUN = Path(tempfile.gettempdir()) / "curriculum-xtreme-mini"
HEAD = """\
# All targets on a small mirror

What `curriculum search xtreme-mini` found, {date}, {cpus} CPUs, {minutes:.0f} minutes (limit
{limit:.0f}), by `python -m benchmarks.xtreme_mini --mirror DIR`. It shows that every kind of target
works on real data. The encoder is far too small, and the rows are far too few, for claims about
languages; splits that stand in for others are marked.

```
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mirror", type=Path, default=os.environ.get("CURRICULUM_MIRROR"))
    parser.add_argument("--run", type=Path, default=RUN)
    asked = parser.parse_args()
    if asked.mirror is None:
        sys.exit("no mirror: name one with --mirror or CURRICULUM_MIRROR")
    store, mirror = asked.run / "store", Path(asked.mirror)
    config = run_packaged("xtreme-mini", asked.run, store=store, mirror=mirror)
    folder = RunFolder(asked.run)
    clock = json.loads(folder.clock.read_text())
    seconds = sum(phase["wall_seconds"] for phase in clock.values())
    tables = Console(file=RESULT.open("w", encoding="utf-8"), width=100, highlight=False)
    with tables.file:
        head = {"date": f"{datetime.now(UTC):%d %B %Y}", "cpus": os.cpu_count()}
        tables.file.write(HEAD.format(**head, minutes=seconds / 60, limit=LIMIT / 60))
        for part in results(config, folder):
            tables.print(part)
        tables.file.write("```\n")
    if seconds > LIMIT:
        sys.exit(f"it took {seconds / 60:.0f} minutes, wanted {LIMIT / 60:.0f}")


if __name__ == "__main__":
    main()
