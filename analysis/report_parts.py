"""What is a report made of? Pictures, tables and sections, as records."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure with what it shows."""

    name: str
    """Of its files."""
    caption: str
    """One or two sentences that also serve who cannot see it."""
    figure: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table with what it shows."""

    name: str
    """Of its CSV file."""
    caption: str
    frame: pd.DataFrame
    shown: tuple[str, ...] | None = None
    """Columns on the page, those that the frame has; None: all. The file has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report under one heading."""

    heading: str
    answer: str = ""
    """What it found, in one sentence with an interval; empty where it answers no question."""
    notes: tuple[str, ...] = ()
    """What must be read with it, one paragraph each."""
    pictures: tuple[Picture, ...] = ()
    sheets: tuple[Sheet, ...] = ()
