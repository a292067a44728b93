"""What do all tables say together? One row each, before the pages of single tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from benchmarks.strategies.kept import Found
from benchmarks.strategies.markdown import evaluations, markdown_table, points
from benchmarks.strategies.measures import full_evaluation, mean_regret, truth_quality
from search.recorded_table import RecordedTable

SHOWN = ("random", "as documented", "random+asha+store", "TextEmb", "probe", "sampler")
"""Ways to search; `probe` is TPE with everything but our sampler."""
REGRET_AFTER = 10
"""Full evaluations' worth of examples."""


def glance(tables: Sequence[tuple[RecordedTable, Found]]) -> Iterator[str]:
    """Every table that was searched, with what a few ways came to on it.

    Args:
        tables: each with its searches by the name of the way.
    """
    shown = [name for name in SHOWN if any(found.get(name) for _, found in tables)]
    yield "## All tables at a glance\n"
    yield (
        "Reliability: share of the truths' variance that is not luck. Lead: points of the true "
        "best over the best single task or all tasks jointly, which every search of ours tries "
        "first. For each way, the median of full evaluations' worth of examples until the best "
        "known came to stay within, and the mean regret in points after "
        f"{REGRET_AFTER}; both in the papers' proportions.\n"
    )
    heads = ["table", "reliability", "lead", "as good as the best"]
    yield from markdown_table(
        [*heads, *chain.from_iterable((f"`{name}`: to within", "regret") for name in shown)],
        [_row(table, found, shown) for table, found in tables],
    )


def _row(table: RecordedTable, found: Found, shown: Sequence[str]) -> list[str]:
    best = table.truths[table.best].value
    lead = best - max(t.value for text, t in table.truths.items() if ">" not in text)
    good = sum(best - truth.value <= table.tolerance for truth in table.truths.values())
    amount = REGRET_AFTER * full_evaluation(table, "papers")
    row = [
        table.config.study.name,
        f"{truth_quality(table).reliability:.2f}",
        f"{100 * lead:.1f}",
        f"{good} of {len(table.truths)}",
    ]
    for name in shown:
        lines = found.get(name, [])
        row.append(evaluations(table, lines, "papers") if lines else "–")
        row.append(points(mean_regret(lines, amount, "papers")) if lines else "–")
    return row
