"""What do tasks promise before anything is trained on them? Features of a table's study.

    python -m benchmarks.tables.features NAME [--runs DIR] [--out DIR]

For ways to search that follow a prediction alone (`benchmarks/rivals/predicted.py`): TextEmb of
tasks and targets, and LogME of the targets' labels after each task alone, which the store of the
recording (`--runs`) has trained already.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from benchmarks.tables.record import DEFAULT_RUNS, HERE, first_run
from benchmarks.tables.worlds import WORLDS
from search.features import features_of

PARTS = ("TextEmb", "evidence")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=WORLDS)
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS)
    parser.add_argument("--out", type=Path, default=HERE)
    asked = parser.parse_args()
    world = WORLDS[asked.name]
    config, folder = first_run(world, asked.runs / asked.name)
    written = features_of(config, folder, parts=PARTS, on_progress=print)
    for name in (asked.name, *world.views):
        shutil.copyfile(written.path, asked.out / name / written.path.name)
    print(f"{len(written.frame)} values of {written.frame['feature'].nunique()} features")


if __name__ == "__main__":
    main()
