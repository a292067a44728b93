"""What happens after a study is launched? Run, export, show; and how it ends for the shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from signal import Signals

from rich.console import Console, RenderableType
from rich.text import Text

from analysis.observations import as_frame, read_rows
from search.confirm_tables import confirmation_results
from search.endings import Interrupted, SearchStopped
from search.interrupts import interruptible
from search.launch import Launch
from search.objectives import recorded_objective
from search.result_tables import TEST_BED, on_test_bed, search_results, times
from search.run_folder import RunFolder
from search.study_fields import StudyConfig
from search.table_parts import heading, remark

FAILED = 1
SIGNALLED = 128
"""Exit code of a shell's child that ended by signal n: this plus n."""


def carry_out(launched: Launch, *, out: Console, err: Console) -> int:
    """Run a study to its results; gives the exit code.

    Raises:
        ValueError: for what the user can cause, before a trial starts.
    """
    from search.progress import progress  # here since Ray is imported with it
    from search.report_files import study_report, write_report  # and matplotlib with this
    from search.study import run_study

    folder = launched.folder
    for warning in launched.warnings:
        say(err, f"warning: {warning}")
    say(out, f"run folder: {folder.path}")
    say(out, f"to stop: Ctrl-C; to go on later: {resume_command(launched)}")
    try:
        with progress(out, launched.config) as shown:
            outcome = run_study(
                launched.config,
                folder,
                mirror=launched.mirror,
                address=launched.address,
                on_event=shown.took,
                on_open=shown.opened,
            )
        with interruptible():
            _measure_features(launched, out)
            export(launched, out)
    except Interrupted as stop:
        name = Signals(stop.signal_number).name
        return _ended(err, launched, f"stopped by {name}", SIGNALLED + stop.signal_number)
    except (SearchStopped, OSError) as stop:
        return _ended(err, launched, f"error: {stop}", FAILED)
    folder.remember(finished="yes")
    if outcome.exhausted:
        say(out, "the space is exhausted: every curriculum of it was tried")
    show_results(launched.config, folder, out)
    write_report(study_report(launched.config, folder), folder)
    for shown_part in where_and_next(launched):
        out.print(shown_part)
    return 0


def show_results(config: StudyConfig, folder: RunFolder, out: Console) -> None:
    """The tables of a study as far as it has come."""
    for part in results(config, folder):
        out.print(part)


def results(config: StudyConfig, folder: RunFolder) -> Iterator[RenderableType]:
    """All tables of a run folder, which may be written to meanwhile."""
    rows = read_rows(folder.observations, ignore_torn_line=True)
    frame = as_frame(rows)
    objective = recorded_objective(config, frame)
    yield Text(f"\n{config.study.name}", style="bold")
    if config.study.question:
        yield remark(config.study.question)
    if on_test_bed(config):
        yield remark(TEST_BED)
    for line in folder.skipped_rows:
        yield remark(line)
    if objective is None:
        yield remark("nothing is scored yet")
        return
    yield from search_results(config, frame, objective)
    yield from confirmation_results(frame, objective)
    if folder.clock.exists():
        yield from times(json.loads(folder.clock.read_text()))


def export(launched: Launch, out: Console) -> None:
    """Write the best curricula as files and models."""
    from search.export import export_run

    top = launched.config.confirm.top
    export_run(
        launched.folder,
        top=1 if top == "all" else max(1, top),
        mirror=launched.mirror,
        on_progress=lambda line: say(out, line),
    )


def _measure_features(launched: Launch, out: Console) -> None:
    """What the answer to the study's question needs, unless the run folder has features."""
    from search.features import NEEDED, features_of

    asks, folder = launched.config.study.asks, launched.folder
    if asks not in NEEDED or folder.features.exists():
        return
    say(out, f"measuring the features that the answer needs ({asks})")
    features_of(
        launched.config,
        folder,
        mirror=launched.mirror,
        parts=NEEDED[asks],
        on_progress=lambda line: say(out, f"  {line}"),
    )


def where_and_next(launched: Launch) -> Iterator[RenderableType]:
    """Where everything lies, and what to type next."""
    folder, config = launched.folder, launched.config
    yield heading("Where everything lies")
    best = sorted(path for path in folder.best.glob("*") if path.is_dir())
    places = {
        "study": folder.study_file,
        "report": folder.path / "report.html",
        "observations": folder.observations,
        "leaderboard": folder.path / "leaderboard.csv",
        "best curriculum": best[0] / "curriculum.yaml" if best else None,
        "its encoder": best[0] / "encoder" if best else None,
    }
    for name, path in places.items():
        if path is not None and path.exists():
            yield _line(f"{name:<16} {path}")
    yield heading("Next")
    run = shlex.quote(str(folder.path))
    more = config.budget.trials
    if more is not None:
        yield _line(f"curriculum extend {run} --trials {more}")
    if best:
        get = config.catalogue.get
        target = next(name for name in config.targets if get(name).kind != "retrieval")
        exported = shlex.quote(str(best[0] / "curriculum.yaml"))
        yield _line(f"curriculum train {exported} --target {target}")
    yield _line(f"curriculum report {run}")


def resume_command(launched: Launch) -> str:
    """What to type to go on."""
    command = ["curriculum", "resume", str(launched.folder.path)]
    if launched.address is not None:
        command += ["--address", launched.address]
    return shlex.join(command)


def say(console: Console, line: str) -> None:
    """A line as it is: nothing in it is markup, nothing is wrapped."""
    console.print(Text(line), soft_wrap=True)


def _ended(err: Console, launched: Launch, what: str, code: int) -> int:
    say(err, what)
    say(err, "everything that was finished is kept; to go on, type:")
    say(err, f"  {resume_command(launched)}")
    return code


def _line(text: str) -> RenderableType:
    """A line to copy from: never wrapped."""
    return Text(f"  {text}", no_wrap=True, overflow="ignore")
