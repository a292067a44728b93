"""The command line: each command calls a function elsewhere and shows what comes back.

What a user can cause (ValueError, StudyError included) ends with its message and exit code 2.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

log = logging.getLogger(__name__)

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


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
def tasks(
    name: Annotated[str | None, typer.Argument(help="Show everything about this one.")] = None,
) -> None:
    """List the tasks that can be stages or targets, or describe one."""
    from search.task_tables import task_details, task_table

    out.print(task_table() if name is None else task_details(name))
    if name is None:
        out.print("next: curriculum tasks NAME")


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


def main() -> None:
    """Run the command line."""
    app()
