"""The command line: each command calls a function elsewhere and shows what comes back.

What a user can cause (ValueError, StudyError included) ends with its message and exit code 2.
"""

from __future__ import annotations

import json
import logging
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

log = logging.getLogger(__name__)

LOG_WIDTH = 100
"""Columns where the output is no terminal."""

out = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else LOG_WIDTH)
err = Console(stderr=True, highlight=False, emoji=False)

Mirror = Annotated[
    Path | None,
    typer.Option(
        envvar="CURRICULUM_MIRROR", help="Folder with datasets/ and models/ as on the hub."
    ),
]

Address = Annotated[
    str | None, typer.Option(help="Ray cluster to join, such as auto or HOST:6379; else local.")
]
Encoder = Annotated[
    str | None, typer.Option(help="Hub id or folder, in place of the study's encoder.")
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]


class _Commands(TyperGroup):
    """Commands of which a ValueError is told without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ValueError as error:
            log.debug("refused", exc_info=True)
            err.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(2) from error


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Which English tasks, in which order, transfer best to other languages?",
)


@app.command()
def search(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="YAML file or preset.")],
    run: Annotated[Path | None, typer.Option(help="Run folder; else runs/<study.name>.")] = None,
    address: Address = None,
    mirror: Mirror = None,
    encoder: Encoder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Everything once on a few rows, in a run of its own.")
    ] = False,
) -> None:
    """Search for the best curriculum, confirm and export it; again the same: go on with it."""
    from search.commands import carry_out
    from search.launch import launch
    from search.variations import varied

    source = varied(study, encoder=encoder, dry=dry_run, run=run, mirror=mirror, on_note=_say)
    launched = launch(source, run=run, mirror=mirror, address=address)
    raise typer.Exit(carry_out(launched, out=out, err=err))


@app.command()
def resume(run: Run, address: Address = None, mirror: Mirror = None) -> None:
    """Go on with an interrupted study."""
    from search.commands import carry_out
    from search.launch import resume as launch_again

    launched = launch_again(run, mirror=mirror, address=address)
    raise typer.Exit(carry_out(launched, out=out, err=err))


@app.command()
def extend(
    run: Run,
    trials: Annotated[int, typer.Option(help="How many more sampled trials.")],
    address: Address = None,
    mirror: Mirror = None,
) -> None:
    """Add trials to a study, and go on."""
    from search.commands import carry_out
    from search.launch import extend as launch_more

    launched = launch_more(run, trials=trials, mirror=mirror, address=address)
    raise typer.Exit(carry_out(launched, out=out, err=err))


@app.command()
def status(run: Run) -> None:
    """Say where a study stands; it may be running."""
    from search.launch import existing, study_in
    from search.status import read_status, status_table

    folder = existing(run)
    config = study_in(folder)
    found = read_status(config, folder)
    for shown in status_table(config, found):
        out.print(shown)
    verb = "report" if found.writer or found.finished else "resume"
    _say(f"next: curriculum {verb} {shlex.quote(str(run))}")


@app.command()
def report(run: Run) -> None:
    """Show what a study found so far, and write it as a page with figures and tables."""
    from search.commands import show_results
    from search.launch import existing, study_in
    from search.report_files import study_report, write_report

    folder = existing(run)
    config = study_in(folder)
    show_results(config, folder, out)
    page = write_report(study_report(config, folder), folder)
    _say(f"\nwrote {page}, figures/ and tables/ beside it")
    _say(f"next: curriculum export {shlex.quote(str(run))} --top 3")


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Run folders.")],
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Also write compare.html, figures and tables here.")
    ] = None,
) -> None:
    """Put studies side by side: what each found, and what of it can be compared."""
    from search.compare import compare_runs, comparison_tables, write_comparison

    found = compare_runs(runs)
    for shown in comparison_tables(found):
        out.print(shown)
    if out_folder is not None:
        _say(f"\nwrote {write_comparison(found, out_folder)}, figures/ and tables/ beside it")


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
        _say("next: curriculum tasks NAME" + (f" --study {shlex.quote(study)}" if study else ""))
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
        on_progress=_say,
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


@app.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    top: Annotated[int, typer.Option(help="How many of the best curricula.")] = 1,
    mirror: Mirror = None,
) -> None:
    """Write the best curricula of a study as files and models, and its tables."""
    from search.export import export_run
    from search.run_folder import RunFolder

    folders = export_run(RunFolder(run), top=top, mirror=mirror, on_progress=_say)
    tables = ("leaderboard.csv", "best_per_target.csv", "benchmark.csv", "observations.parquet")
    for path in [*folders, *(run / table for table in tables if (run / table).exists())]:
        _say(f"wrote {path}")
    _say(f"next: curriculum train {folders[0] / 'curriculum.yaml'} --target TARGET")


@app.command()
def features(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="YAML file, preset, or run folder.")
    ],
    run: Annotated[Path | None, typer.Option(help="Run folder; else runs/<study.name>.")] = None,
    sentence_encoder: Annotated[
        str | None, typer.Option(help="Hub id or folder: compare texts by this encoder too.")
    ] = None,
    mirror: Mirror = None,
) -> None:
    """Measure how alike a study's tasks, texts and languages are, for its report."""
    from search.features import features_of, study_for_features, summary

    config, folder = study_for_features(study, run=run, mirror=mirror)
    written = features_of(
        config, folder, mirror=mirror, sentence_encoder=sentence_encoder, on_progress=_say
    )
    for line in summary(written.frame):
        _say(line)
    _say(f"wrote {written.path}")
    _say(f"next: curriculum report {shlex.quote(str(folder.path))}")


@app.command()
def train(
    curriculum: Annotated[
        str, typer.Argument(help="An exported curriculum.yaml, or text: 'mnli:9000 > squad:3000'.")
    ],
    target: Annotated[str | None, typer.Option(help="Fine-tune this target on it.")] = None,
    out: Annotated[Path | None, typer.Option(help="A new folder for the model.")] = None,
    study: Annotated[
        str | None, typer.Option(help="For text: study file or preset with encoder and recipes.")
    ] = None,
    mirror: Mirror = None,
) -> None:
    """Train one curriculum to an encoder, or with --target to a model with its head."""
    from search.train_one import score_table, train_one
    from search.trial_file import load_trial, mirror_of
    from trainables.stage import TrainingDiverged

    mirror = mirror or mirror_of(curriculum)
    config, choice = load_trial(curriculum, study=study, mirror=mirror)
    try:
        trained = train_one(config, choice, target=target, out=out, mirror=mirror, on_progress=_say)
    except TrainingDiverged as error:
        err.print(f"[bold red]failed:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    if trained.scores:
        _say(score_table(trained.scores))
    _say(f"wrote {trained.folder}")
    _say(f"load it: transformers.{trained.loader}.from_pretrained({str(trained.folder)!r})")
    if target is None:
        again = ["curriculum", "train", curriculum, *(["--study", study] if study else [])]
        _say(f"next: {shlex.join(again)} --target TARGET")


def _say(line: str) -> None:
    """A line as it is: nothing in it is markup, nothing is wrapped."""
    out.print(escape(line), soft_wrap=True)


def main() -> None:
    """Run the command line."""
    app()
