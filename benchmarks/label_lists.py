"""The label lists that stand in `trainables/tasks/*.txt`, computed from a mirror.

    python -m benchmarks.label_lists lemmas MIRROR > trainables/tasks/ud_lemmas_en.txt
    python -m benchmarks.label_lists pairs MIRROR > trainables/tasks/ud_feature_pairs_en.txt

`tests/test_morphology.py` compares the files with what this gives.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from trainables.tasks.edit_scripts import edit_script

LEAST = 3
"""Words of the training split that a listed edit script has."""
EWT = "datasets/universal-dependencies/universal_dependencies/en_ewt"
LEMMAS_HEAD = """\
# Edit scripts from form to lemma (edit_scripts.py): the labels of ud_lemmas_en after "<other>".
# Every script of 3 or more words in 3,000 training sentences of UD English-EWT
# (universaldependencies.org, CC BY-SA 4.0), sorted. Made by
#     python -m benchmarks.label_lists lemmas MIRROR > trainables/tasks/ud_lemmas_en.txt
# The list is fixed: rows from a mirror and from the hub have the same labels."""
PAIRS_HEAD = """\
# Morphological features of English, each with a value: the labels of ud_feature_set_en.
# Every one in 3,800 sentences of all splits of UD English-EWT (universaldependencies.org,
# CC BY-SA 4.0), and those of the whole treebank by its stats.xml, sorted. Made by
#     python -m benchmarks.label_lists pairs MIRROR > trainables/tasks/ud_feature_pairs_en.txt
# The list is fixed: rows from a mirror and from the hub have the same labels."""
STATS_ONLY = ("Style=Arch", "Style=Coll")
"""Of stats.xml (UniversalDependencies/UD_English-EWT), but rarer than the sample shows."""


def lemma_scripts(mirror: Path) -> list[str]:
    """Edit scripts of at least `LEAST` words, sorted."""
    found: Counter[str] = Counter()
    for row in _sentences(mirror, "train"):
        pairs = zip(row["tokens"], row["lemmas"], strict=True)
        found.update(edit_script(form, lemma) for form, lemma in pairs)
    return sorted(script for script, count in found.items() if count >= LEAST)


def feature_pairs(mirror: Path) -> list[str]:
    """Every Feature=Value, sorted."""
    bundles = (b for row in _sentences(mirror, "*") for b in row["feats"] if b)
    return sorted({pair for bundle in bundles for pair in bundle.split("|")} | {*STATS_ONLY})


def _sentences(mirror: Path, split: str) -> Iterator[dict[str, Any]]:
    for file in sorted((mirror / EWT).glob(f"{split}-*.parquet")):
        yield from pq.read_table(file, columns=["tokens", "lemmas", "feats"]).to_pylist()


if __name__ == "__main__":
    made = {"lemmas": (LEMMAS_HEAD, lemma_scripts), "pairs": (PAIRS_HEAD, feature_pairs)}
    head, listed = made[sys.argv[1]]
    print(head, *listed(Path(sys.argv[2])), sep="\n")
