"""The command line `curriculum`: all commands (`cli_runs.py`, `cli_before.py`) and its entry."""

from __future__ import annotations

from search import cli_before, cli_runs
from search.cli_app import app

__all__ = ["app", "cli_before", "cli_runs", "main"]  # importing the commands adds them


def main() -> None:
    """Run the command line."""
    app()
