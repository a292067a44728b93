"""How does a measurement run a packaged study? From a store of its own to its end."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from search.commands import carry_out
from search.config import load_study
from search.launch import launch
from search.study_fields import StudyConfig


def run_packaged(name: str, run: Path, *, store: Path, mirror: Path | None) -> StudyConfig:
    """Run a preset in a folder; gives the study as it ran. Exits where it does not end.

    Args:
        name: of the preset.
        run: its folder; one that was interrupted goes on.
        store: shared with no other study, so that times are of all its work.
        mirror: folder that stands in for the hub.
    """
    study = load_study(name).model_dump(mode="json")
    study["store"]["path"] = str(store)
    launched = launch(study, run=run, mirror=mirror)
    console = Console()
    if carry_out(launched, out=console, err=console):
        sys.exit(f"{name} did not end")
    return launched.config
