"""The application that every command belongs to: its consoles, its options, how it refuses.

What a user can cause (ValueError, StudyError included) ends with its message and exit code 2.
"""

from __future__ import annotations

import logging
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


def say(line: str) -> None:
    """A line as it is: nothing in it is markup, nothing is wrapped."""
    out.print(escape(line), soft_wrap=True)
