"""What does the comparison say? Markdown of one table: figures with intervals, limits in sight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf
from statistics import fmean

from benchmarks.rivals.predicted import PREDICTIONS
from benchmarks.rivals.table import RIVALS
from benchmarks.strategies.entries import MOST_SEEN, Entry
from benchmarks.strategies.kept import Found, Line, sets_of, trials_of
from benchmarks.strategies.limits import FIRST, WHILE, limits
from benchmarks.strategies.markdown import (
    evaluations,
    markdown_table,
    points,
    share_of,
)
from benchmarks.strategies.measures import (
    AFTER,
    COSTS,
    LEAST_RELIABLE,
    change_of_regret,
    confirmed_within,
    full_evaluation,
    mean_confirmed_regret,
    mean_regret,
    mean_regret_while,
    share,
    truth_quality,
    whole,
)
from benchmarks.strategies.rungs import reliability_of_mean, rung_qualities
from benchmarks.strategies.steps import REFERENCES, STEPS
from search.recorded_table import RecordedTable
from search.simulate import surrogate_line
from search.turns import in_words

SEEDS = (1, 2, 4)
"""Over which means are foretold."""
CONFIRMED = ("regret, confirmed", "confirmed within")
BOTH = {"examples": "as measured", "papers": "in the papers' proportions"}


def section(
    table: RecordedTable, found: Found, wanted: Mapping[str, Entry], *, figure: str, by: str
) -> Iterator[str]:
    """The lines of one table."""
    commits = sorted({line["commit"] for lines in found.values() for line in lines})
    yield from _facts(table, f"{by}` (code of {', '.join(commits)})")
    headline = [name for name in (*REFERENCES, *RIVALS, *PREDICTIONS, *STEPS) if found.get(name)]
    yield from _headline(table, found, wanted, headline)
    yield f"\n![Regret against full evaluations' worth of examples.]({figure})\n"
    yield from _steps(table, found, wanted)
    yield from _limits(table, found)
    for group in dict.fromkeys(entry.group for entry in wanted.values() if entry.group):
        yield from _ablation(table, found, wanted, group)
    if table.facts.surrogate is None:
        yield from _rungs(table)


def _facts(table: RecordedTable, by: str) -> Iterator[str]:
    truth, facts = table.truths[table.best], table.facts
    seeds = f"mean of {truth.seeds} {'seed' if truth.seeds == 1 else 'seeds'}"
    meaning = seeds if facts.surrogate is None else "computed"
    seen = list(dict.fromkeys(own[:MOST_SEEN] for own in sets_of(table.folder)))
    yield f"\n## {table.config.study.name}\n"
    yield (
        f"{len(table.truths)} curricula. A search sees the seeds {in_words(seen)} in turn, "
        f"and all others are its truth. Where it sees {in_words(seen[:1])}, the true best is "
        f"`{table.best}`, {100 * truth.value:.1f} ({meaning}, "
        f"standard error {100 * truth.error:.1f}), "
        f"none is {100 * table.true_value('none'):.1f}, and within means within "
        f"{100 * table.tolerance:.1f} points. One full evaluation is "
        f"{full_evaluation(table, 'examples'):,.0f} examples as measured, "
        f"{full_evaluation(table, 'papers') / 1e6:.2f} million in the papers' proportions; the "
        f"whole space, each node once, {whole(table):,.0f}. Recorded with `{facts.by}` "
        f"({facts.machine}); compared with `{by}."
    )
    quality = truth_quality(table)
    yield (
        f"\nCurricula differ by {100 * quality.spread:.1f} points (standard deviation, noise taken "
        f"out); the reliability of the truth is {quality.reliability:.2f}."
    )
    if not quality.judges:
        yield (
            f"\n**The truth is too noisy to judge by (wanted: {LEAST_RELIABLE:.1f}). What is "
            "called the true best is luck as much as anything, and regrets stay large whoever "
            "searches: the figures show that the measurement runs, not who is better.**"
        )
    if facts.surrogate is not None:
        yield f"\n**{surrogate_line(facts.surrogate)}**"
    if facts.missing:
        yield f"\n**Not recorded yet: {facts.missing}.**"


def _headline(
    table: RecordedTable, found: Found, wanted: Mapping[str, Entry], names: Sequence[str]
) -> Iterator[str]:
    yield "\n### All ways to search\n"
    yield (
        "Median of full evaluations' worth of examples until the best known came to stay within, "
        "with its bootstrap interval (∞: more than half of the searches never did); mean regret in "
        "points after so many, in the papers' proportions, with t intervals. Confirmed: of what "
        "the confirmation named, of the search's two best and no stages at all, on the other seeds "
        "that it saw; there is one, or two, of them, where a study has five.\n"
    )
    after = [f"regret after {n}" for n in _after(table)]
    columns = ["way", "searches", *(f"to within, {says}" for says in BOTH.values()), *after]
    yield from markdown_table(
        [*columns, *CONFIRMED, "ms per proposal"],
        [_headline_row(table, name, found[name]) for name in names],
    )
    yield ""
    for name in names:
        yield f"- `{name}`: {wanted[name].says}{_version(name)}"
    others = (name for name in (*RIVALS, *PREDICTIONS) if name in wanted and name not in names)
    yield from _not_run({name: wanted[name].absent for name in others})


def _not_run(why: Mapping[str, str]) -> Iterator[str]:
    """A line for each reason, and one for what is to come.

    Args:
        why: by name; empty: it can be run.
    """
    for reason in sorted(set(why.values())):
        names = ", ".join(f"`{name}`" for name, own in why.items() if own == reason)
        yield f"\nNot run: {names}{reason and f' ({reason})'}."


def _version(name: str) -> str:
    package = RIVALS[name].package if name in RIVALS else ""
    return f" ({package})" if package else ""


def _headline_row(table: RecordedTable, name: str, lines: Sequence[Line]) -> list[str]:
    unit = full_evaluation(table, "papers")
    regrets = [mean_regret(lines, n * unit, "papers") for n in _after(table)]
    return [
        f"`{name}`",
        str(len(lines)),
        *(evaluations(table, lines, cost) for cost in COSTS),
        *(points(regret) for regret in regrets),
        *_confirmed(lines),
        f"{fmean(1000 * line['proposing_seconds'] / line['num_sampled'] for line in lines):.0f}",
    ]


def _confirmed(lines: Sequence[Line]) -> Iterator[str]:
    """Cells of `CONFIRMED`."""
    regret = mean_confirmed_regret(lines)
    yield "–" if regret is None else points(regret)
    yield share_of(share(lines, confirmed_within))


def _after(table: RecordedTable) -> list[int]:
    return [n for n in AFTER if n <= trials_of(table.folder)]


def _steps(table: RecordedTable, found: Found, wanted: Mapping[str, Entry]) -> Iterator[str]:
    chain = [name for name in (FIRST, *STEPS) if found.get(name)]
    if len(chain) < 2:
        return
    shared = set.intersection(*({line["repetition"] for line in found[name]} for name in chain))
    found = {name: [x for x in found[name] if x["repetition"] in shared] for name in chain}
    yield "\n### What each step gives\n"
    yield (
        f"Mean regret in points while {WHILE} full evaluations' worth is spent, and by how much "
        f"each step changes it ({len(shared)} paired searches, t intervals; less is better). The "
        "changes of all steps add up to the last row.\n"
    )
    heads = [head for says in BOTH.values() for head in (f"regret, {says}", "change")]
    pairs = list(pairwise(chain))
    yield from markdown_table(
        ["step", "what", *heads],
        [
            [f"`{chain[0]}`", wanted[chain[0]].says, *_changes(table, found, chain[0], None)],
            *([f"`{b}`", wanted[b].says, *_changes(table, found, b, a)] for a, b in pairs),
            ["all", "from the first to the last", *_changes(table, found, chain[-1], chain[0])],
        ],
    )


def _changes(table: RecordedTable, found: Found, name: str, before: str | None) -> Iterator[str]:
    """By both counts of cost: regret of a way, and how it differs from that of another."""
    for cost in COSTS:
        amount = WHILE * full_evaluation(table, cost)
        yield points(mean_regret_while(found[name], amount, cost))
        other = found.get(before or "")
        if other is None:
            yield ""
        else:
            yield points(change_of_regret(found[name], other, amount, cost), sign="+")


def _limits(table: RecordedTable, found: Found) -> Iterator[str]:
    yield "\n### Held against what is wanted\n"
    if not truth_quality(table).judges:
        yield "Not judged: the truth is too noisy."
        return
    rows = [
        [limit.wanted, limit.found, "kept" if limit.kept else "**missed**"]
        for limit in limits(table, found)
    ]
    yield from markdown_table(["wanted", "found", ""], rows)


def _ablation(
    table: RecordedTable, found: Found, wanted: Mapping[str, Entry], group: str
) -> Iterator[str]:
    names = [name for name, entry in wanted.items() if entry.group == group and found.get(name)]
    if not names:
        return
    yield f"\n### Ablation: {group}\n"
    unit = full_evaluation(table, "papers")
    rows = []
    for name in names:
        lines = found[name]
        end = mean_regret(lines, inf, "papers")
        rows.append(
            [
                wanted[name].says,
                *(evaluations(table, lines, cost) for cost in COSTS),
                *(points(mean_regret(lines, n * unit, "papers")) for n in (3, 10)),
                points(end),
                *_confirmed(lines),
                share_of(share(lines, lambda line: bool(line["best_stopped"]))),
            ]
        )
    heads = [f"to within, {says}" for says in BOTH.values()]
    heads += ["regret after 3", "after 10", "in the end", *CONFIRMED, "best stopped"]
    yield from markdown_table(["", *heads], rows)
    yield from _not_run(
        {
            name.removeprefix(f"{group}: "): entry.absent
            for name, entry in wanted.items()
            if entry.group == group and name not in names
        }
    )


def _rungs(table: RecordedTable) -> Iterator[str]:
    yield "\n### How well each rung ranks\n"
    rows = [
        [
            rung.name,
            f"{rung.with_truth:+.2f}",
            f"{rung.between_seeds:+.2f}",
            *(f"{reliability_of_mean(rung.reliability, seeds):.2f}" for seeds in SEEDS),
            f"{100 * rung.best_in_third:.0f} %",
            f"{100 * rung.pick_within:.0f} %",
            ", ".join(f"`{of.target}` ({of.equal:.0%})" for of in rung.blind) or "–",
            ", ".join(f"`{target}` {found:+.2f}" for target, found in rung.with_last.items()),
        ]
        for rung in rung_qualities(table)
    ]
    yield (
        "Reliability: share of the variance between curricula that is not luck, of one trial, and "
        "of means over 2 and 4 seeds as Spearman and Brown foretell it. Best of all within: had a "
        "search trained every curriculum there, on all seeds that it sees, how often would its "
        "highest mean be within? Blind: targets of which so many curricula have the very same "
        "score in a language, as models that give every item one answer. With the last: Spearman "
        "of each target's scores, means over seeds, with those of the last rung.\n"
    )
    heads = ["rung", "Spearman with the truth", "between two seeds", "reliability"]
    heads += [f"of {seeds} seeds" for seeds in SEEDS[1:]]
    yield from markdown_table(
        [*heads, "true best in the highest third", "best of all within", "blind", "with the last"],
        rows,
    )
