"""Commands that need no run: tasks, plans, simulations, schema, scores."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from search.cli_app import Encoder, Mirror, app, out, say


@app.command()
def tasks(
    name: Annotated[str | None, typer.Argument(help="Show everything about this one.")] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Whose tokens a row is shown in; else one of the mirror.")
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Study file or preset, whose own tasks are shown too.")
    ] = None,
    mirror: Mirror = None,
) -> None:
    """List the tasks that can be stages or targets, or describe one with a row and its tokens.

    With a mirror: also which other tasks share rows with it.
    """
    from search.task_tables import task_details, task_list
    from trainables.tasks import Catalogue

    config = None
    if study is not None:
        from search.config import load_study  # here, since it takes longer than the table

        config = load_study(study, mirror=mirror)
    catalogue = Catalogue() if config is None else config.catalogue
    skip = config is not None and config.on_bad_row == "skip"
    if name is None:
        for shown in task_list(catalogue):
            out.print(shown)
        say("next: curriculum tasks NAME" + (f" --study {shlex.quote(study)}" if study else ""))
        return
    task = catalogue.get(name)
    out.print(task_details(task))
    from search.task_example import task_example  # after the facts, which need no torch

    for shown in task_example(task, encoder=encoder, mirror=mirror, skip_bad_rows=skip):
        out.print(shown)
    if mirror is not None:
        from search.overlap_tables import overlap_tables
        from trainables.kept_hashes import RowPlaces
        from trainables.row_cache import DEFAULT_CACHE

        places = RowPlaces(
            catalogue=catalogue,
            mirror=mirror,
            cache=DEFAULT_CACHE.expanduser(),
            skip_bad_rows=skip,
            download=False,
        )
        for shown in overlap_tables(task, places):
            out.print(shown)


@app.command()
def plan(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="YAML file or preset.")],
    run: Annotated[Path | None, typer.Option(help="Its run folder, if it ran before.")] = None,
    table: Annotated[Path | None, typer.Option(help="A recorded table to replay it on.")] = None,
    mirror: Mirror = None,
    encoder: Encoder = None,
) -> None:
    """Say what a study will cost and how noisy it will be, before anything is spent."""
    from search.plan import plan_study
    from search.plan_tables import plan_tables
    from search.replayed import replay
    from search.variations import varied

    source = varied(study, encoder=encoder, dry=False, mirror=mirror)
    planned = plan_study(source, run=run, mirror=mirror)
    replayed = None if table is None else replay(planned.config, table, mirror=mirror)
    for shown in plan_tables(planned, study=study, replayed=replayed):
        out.print(shown)


@app.command()
def simulate(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="Folder of a recorded table.")],
    strategy: Annotated[list[str] | None, typer.Option(help="One or more; else all.")] = None,
    workers: Annotated[int, typer.Option(help="Trials at the same time, 1 to 1024.")] = 1,
    trials: Annotated[int, typer.Option(help="Sampled trials of a search.")] = 50,
    seeds: Annotated[int, typer.Option(help="Searches per strategy.")] = 10,
    failures: Annotated[float, typer.Option(help="Chance to lose a worker per rung.")] = 0.0,
    mirror: Mirror = None,
) -> None:
    """Compare ways to search on a recorded table, before GPU-hours are spent on one of them."""
    from search.simulate import compare_strategies, comparison_tables
    from search.strategies import STRATEGIES

    found = compare_strategies(
        table,
        strategies=strategy or tuple(STRATEGIES),
        workers=workers,
        trials=trials,
        repetitions=seeds,
        failures=failures,
        mirror=mirror,
        on_progress=say,
    )
    for shown in comparison_tables(found):
        out.print(shown)


@app.command()
def schema() -> None:
    """Print the JSON schema of a study file, for editors."""
    from search.config import schema as study_schema

    print(json.dumps(study_schema(), indent=2, ensure_ascii=False))


@app.command()
def score(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help='{"cases": [...]}')],
    task: Annotated[str, typer.Option(help="Benchmark task, such as xquad.")],
) -> None:
    """Score predictions as the official script does: one JSON line per case."""
    from trainables.scorers import score_file

    for line in score_file(task, file):
        print(json.dumps(line, ensure_ascii=False))
