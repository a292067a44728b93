"""Let a surrogate stand for the curricula of a table that are not recorded, and say how well.

    python -m benchmarks.tables.surrogate FOLDER

Writes what was fitted and its held-out error into the table's table.yaml; from then on the table is
one of its whole space, and `curriculum simulate` says so. `benchmarks/tables/record.py` does it by
itself for worlds of which only a part is recorded.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.tables.surrogate_facts import add_surrogate
from search.recorded_table import TableError
from search.simulate import surrogate_line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    try:
        facts = add_surrogate(asked.folder)
    except TableError as error:
        sys.exit(f"error: {error}")
    print(surrogate_line(facts))
    for scale, errors in facts["error"].items():
        print(
            f"with {scale:.3g} of the probe: "
            + ", ".join(f"{k} {v:.4f}" for k, v in errors.items())
        )
    print("luck, in units of the noise between seeds:", facts["luck"])


if __name__ == "__main__":
    main()
