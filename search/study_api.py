"""How is a study run and read from Python? `from search import Study`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.features import read_features
from analysis.leaderboard import Leaderboard, leaderboard
from analysis.observations import as_frame, read_rows
from search import launch
from search.config import StudyConfig, load_study
from search.objectives import recorded_objective
from search.run_folder import RunFolder
from spaces.curriculum import Curriculum, parse_curriculum

if TYPE_CHECKING:
    from analysis.report import Report
    from search.floor import TrialEvent
    from search.study import Outcome


class Study:
    """A study and its run folder, which need not be there before the first `run`.

    >>> study = Study.load("demo")
    >>> study.config.study.name
    'demo'

    In a notebook, of a study that ran:

    >>> report = Study.open("runs/demo").report()  # doctest: +SKIP
    >>> report.tables["leaderboard"]  # every table, as a data frame  # doctest: +SKIP
    >>> report.figures["tree"]  # every figure, as matplotlib's; its axes: `.axes`  # doctest: +SKIP
    >>> Study.open("runs/demo").observations()  # everything measured  # doctest: +SKIP

    The functions of `analysis.figures` draw the same on axes of yours.
    """

    def __init__(self, config: StudyConfig, folder: RunFolder, *, mirror: Path | None) -> None:
        self.config = config
        self.folder = folder
        self._mirror = mirror

    @classmethod
    def load(
        cls,
        source: str | Path | Mapping[str, Any],
        *,
        run: str | Path | None = None,
        mirror: str | Path | None = None,
    ) -> Study:
        """A study from the name of a preset, a file or its values; nothing starts.

        Args:
            source: preset, YAML file, or mapping.
            run: its run folder; None = runs/<study.name>.
            mirror: folder that stands in for the hub.

        Raises:
            StudyError: with every problem of the study.
        """
        place = None if mirror is None else Path(mirror)
        config = load_study(source, mirror=place)
        folder = launch.RUNS / config.study.name if run is None else Path(run)
        return cls(config, RunFolder(folder), mirror=place)

    @classmethod
    def open(cls, run: str | Path) -> Study:
        """The study of a run folder.

        Raises:
            RunFolderError: if there is none.
        """
        folder = launch.existing(Path(run))
        return cls(launch.study_in(folder), folder, mirror=folder.mirror)

    def run(
        self,
        *,
        address: str | None = None,
        on_event: Callable[[TrialEvent], None] = lambda _: None,
    ) -> Outcome:
        """Search and confirm, or go on with it where an earlier launch ended.

        Args:
            address: of a Ray cluster to join; None starts a local one, or takes the one that
                this process is connected to.
            on_event: told of everything that trials report.

        Raises:
            ValueError: if the study cannot run here, or another process runs it.
            SearchStopped: if it cannot go on; call again to resume.
        """
        values = self.config.model_dump(mode="json")
        return self._run(
            launch.launch(values, run=self.folder.path, mirror=self._mirror, address=address),
            on_event,
        )

    def extend(
        self,
        *,
        trials: int,
        address: str | None = None,
        on_event: Callable[[TrialEvent], None] = lambda _: None,
    ) -> Outcome:
        """Add sampled trials to the budget and go on; the rest is as in `run`."""
        launched = launch.extend(
            self.folder.path, trials=trials, mirror=self._mirror, address=address
        )
        self.config = launched.config
        return self._run(launched, on_event)

    def best(self, k: int = 1) -> list[Curriculum]:
        """The k best curricula that ran to the end of the search, best first."""
        return [parse_curriculum(text) for text in self.leaderboard()["curriculum"].head(k)]

    def leaderboard(self) -> pd.DataFrame:
        """Curricula that ran to the end, best first; columns as in `analysis/leaderboard.py`."""
        return self.results().ranked

    def results(self) -> Leaderboard:
        """The leaderboard with the stopped curricula and the best per target and budget.

        Raises:
            ValueError: if nothing is scored yet.
        """
        frame = self.observations()
        objective = recorded_objective(self.config, frame)
        if objective is None:
            raise ValueError(f"nothing is scored yet in {self.folder.path}; run the study first")
        return leaderboard(frame, objective)

    def report(self) -> Report:
        """What the study says so far; `tables` are frames and `figures` matplotlib's, by name."""
        from search.report_files import study_report

        return study_report(self.config, self.folder)

    def observations(self) -> pd.DataFrame:
        """Everything measured, one row each; columns as in `analysis/observations.py`."""
        return as_frame(read_rows(self.folder.observations, ignore_torn_line=True))

    def features(self) -> pd.DataFrame:
        """What was measured of its tasks and languages; columns as in `analysis/features.py`.

        Raises:
            FeaturesError: if nothing was measured yet, or the file is damaged.
        """
        return read_features(self.folder.path)

    def _run(self, launched: launch.Launch, on_event: Callable[[TrialEvent], None]) -> Outcome:
        from search.study import run_study  # here since Ray is imported with it

        outcome = run_study(
            launched.config,
            launched.folder,
            mirror=launched.mirror,
            address=launched.address,
            on_event=on_event,
        )
        launched.folder.remember(finished="yes")
        return outcome
