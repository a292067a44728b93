"""Commands on studies and runs: each calls a function elsewhere and shows what comes back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from search.cli_app import Address, Encoder, Mirror, Run, app, err, out, say


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

    source = varied(study, encoder=encoder, dry=dry_run, run=run, mirror=mirror, on_note=say)
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
    say(f"next: curriculum {verb} {shlex.quote(str(run))}")


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
    say(f"\nwrote {page}, figures/ and tables/ beside it")
    say(f"next: curriculum export {shlex.quote(str(run))} --top 3")


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
        say(f"\nwrote {write_comparison(found, out_folder)}, figures/ and tables/ beside it")


@app.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    top: Annotated[int, typer.Option(help="How many of the best curricula.")] = 1,
    mirror: Mirror = None,
) -> None:
    """Write the best curricula of a study as files and models, and its tables."""
    from search.export import export_run
    from search.run_folder import RunFolder

    folders = export_run(RunFolder(run), top=top, mirror=mirror, on_progress=say)
    tables = ("leaderboard.csv", "best_per_target.csv", "benchmark.csv", "observations.parquet")
    for path in [*folders, *(run / table for table in tables if (run / table).exists())]:
        say(f"wrote {path}")
    say(f"next: curriculum train {folders[0] / 'curriculum.yaml'} --target TARGET")


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
        config, folder, mirror=mirror, sentence_encoder=sentence_encoder, on_progress=say
    )
    for line in summary(written.frame):
        say(line)
    say(f"wrote {written.path}")
    say(f"next: curriculum report {shlex.quote(str(folder.path))}")


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
        trained = train_one(config, choice, target=target, out=out, mirror=mirror, on_progress=say)
    except TrainingDiverged as error:
        err.print(f"[bold red]failed:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    if trained.scores:
        say(score_table(trained.scores))
    say(f"wrote {trained.folder}")
    say(f"load it: transformers.{trained.loader}.from_pretrained({str(trained.folder)!r})")
    if target is None:
        again = ["curriculum", "train", curriculum, *(["--study", study] if study else [])]
        say(f"next: {shlex.join(again)} --target TARGET")
