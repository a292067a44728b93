"""Several run folders side by side: read, shown in a terminal, and written as one page.

compare.html                    one page that needs nothing else
figures/<name>.svg, .png        its figures
tables/<name>.csv               its tables in full
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from analysis.compare import Comparison, Run, Target, compare
from analysis.compared_report import (
    AGREEMENT,
    INTERVALS,
    NOTHING_SHARED,
    comparison_report,
    summary,
)
from analysis.observations import as_frame, read_rows
from search.launch import existing, study_in
from search.objectives import recorded_objective
from search.report_files import study_report, write_page
from search.result_tables import on_test_bed
from search.run_folder import RunFolder, RunFolderError
from search.study_fields import StudyConfig
from search.table_parts import (
    CURRICULUM_WIDTH,
    Column,
    count,
    curriculum_cell,
    difference,
    fraction,
    heading,
    interval,
    remark,
    score,
    share,
    table,
)

PAGE = "compare.html"
TOP = 10
NARROW = 40
MANY = 5
"""Studies beside whose scores a curriculum has less room."""


def compare_runs(paths: Sequence[Path]) -> Comparison:
    """The studies of run folders side by side, as far as each has come.

    Raises:
        RunFolderError: for fewer than two, one that is none, one twice, or one that is damaged.
    """
    if len(paths) < 2:
        found = f"got {paths[0]} alone" if paths else "got none"
        raise RunFolderError(f"{found}; wanted two or more run folders to put side by side")
    counted = Counter(path.resolve() for path in paths)
    if twice := [str(path) for path in dict.fromkeys(paths) if counted[path.resolve()] > 1]:
        raise RunFolderError(f"{' and '.join(twice)}: the same run folder twice; name each once")
    folders = [existing(path) for path in paths]
    configs = [study_in(folder) for folder in folders]
    names = _names(folders, configs)
    return compare([_run(*each) for each in zip(names, configs, folders, strict=True)])


def write_comparison(found: Comparison, folder: Path) -> Path:
    """Write its page, figures and tables into a folder; gives the page.

    Raises:
        RunFolderError: if the folder has figures or tables that are not a comparison's.
    """
    foreign = [name for name in ("figures", "tables") if (folder / name).exists()]
    if foreign and not (folder / PAGE).exists():
        raise RunFolderError(
            f"--out {folder} has {' and '.join(foreign)} that are not of a comparison and would be "
            "replaced; name another folder, or a new one"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return write_page(comparison_report(found), folder, PAGE)


def _names(folders: Sequence[RunFolder], configs: Sequence[StudyConfig]) -> list[str]:
    """The studies' names; where two are equal, those of the folders, else the whole paths."""
    for names in (
        [config.study.name for config in configs],
        [folder.path.resolve().name for folder in folders],
    ):
        if len(set(names)) == len(names):
            return names
    return [str(folder.path) for folder in folders]


def _run(name: str, config: StudyConfig, folder: RunFolder) -> Run:
    try:
        rows = read_rows(folder.observations, ignore_torn_line=True)
        report = study_report(config, folder)
    except ValueError as error:
        raise RunFolderError(f"{folder.path}: {error}") from error
    frame = as_frame(rows)
    revision = "" if config.encoder.revision is None else f"@{config.encoder.revision}"
    return Run(
        name=name,
        asks=config.study.asks,
        encoder=f"{config.encoder.name}{revision}",
        targets={target: _target(config, frame, target) for target in config.targets},
        settings={
            "test bed": "embedded world" if on_test_bed(config) else "real data",
            "objective": _objective(config, frame),
            "probe": _plain(config.probe.model_dump(mode="json")),
            "full targets": _plain(config.full.model_dump(mode="json")),
            "recipe": _plain(config.recipe.model_dump(mode="json", exclude_defaults=True)),
        },
        hours=_hours(folder),
        report=report,
    )


def _target(config: StudyConfig, frame: pd.DataFrame, name: str) -> Target:
    """What a target's scores are of; whether stand-ins were scored is known once one is."""
    task = config.catalogue.get(name)
    scored = frame[(frame["target"] == name) & (frame["part"] == "evaluation")]
    stand_in = ", stand-in" if scored["stand_in"].any() else ""
    return Target(metric=task.metric, data=f"{task.source}{stand_in}")


def _objective(config: StudyConfig, frame: pd.DataFrame) -> str:
    own = config.objective
    guides = f" of {', '.join(sorted(config.languages.proxy))}" if own.select == "proxy" else ""
    known = recorded_objective(config, frame)
    left_out = "" if known is None or not known.excluded else f" without {len(known.excluded)}"
    return f"{own.aggregate}, {own.select}{guides}{left_out}"


def _plain(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {json.dumps(value)}" for key, value in values.items()).replace('"', "")


def _hours(folder: RunFolder) -> float | None:
    if not folder.clock.exists():
        return None
    phases = json.loads(folder.clock.read_text()).values()
    return sum(float(phase["wall_seconds"]) for phase in phases) / 3600


def comparison_tables(found: Comparison) -> Iterator[RenderableType]:
    """The comparison for a terminal: what each found, gains side by side, common curricula."""
    yield Text(f"\n{', '.join(found.runs['run'])}", style="bold")
    yield remark(summary(found))
    yield from _findings(found)
    yield from _spent(found)
    yield from _gains(found)
    yield from _common(found)
    yield heading("Before you compare")
    for line in (*found.warnings, *found.missing):
        yield remark(f"- {line}")
    if not (found.warnings or found.missing):
        yield remark("nothing found that keeps these studies from being compared")


def _findings(found: Comparison) -> Iterator[RenderableType]:
    yield heading("What each found")
    columns = [Column("study", number=False), Column("gain"), Column("95 % interval")]
    columns += [Column("seeds"), Column("confirmed", number=False)]
    rows = [
        [
            str(row["run"]),
            difference(row["gain"]),
            interval(row["low"], row["high"]),
            count(row["n"]),
            str(row["confirmed"]),
            curriculum_cell(str(row["curriculum"]), NARROW),
        ]
        for row in found.runs.to_dict(orient="records")
    ]
    yield table([*columns, Column("best curriculum", number=False)], rows)
    yield remark("gain: over none, each study's average over its own targets and languages")
    for name, texts in found.findings.items():
        yield remark(f"{name}: {' '.join(texts)}")


def _spent(found: Comparison) -> Iterator[RenderableType]:
    yield heading("What each asked and spent")
    columns = [Column("study", number=False), Column("asks", number=False)]
    columns += [Column("encoder", number=False), Column("needed"), Column("paid")]
    columns += [Column("saved"), Column("hours")]
    rows = [
        [
            *(str(row["run"]), str(row["asks"]), str(row["encoder"])),
            *(count(row["examples_needed"]), count(row["examples_paid"]), share(row["share"])),
            fraction(row["hours"]),
        ]
        for row in found.runs.to_dict(orient="records")
    ]
    yield table(columns, rows)
    yield remark("needed, paid: examples, as if nothing were shared, and computed by the study")
    for row in found.runs.to_dict(orient="records"):
        languages = f"; reported languages: {row['languages']}" if row["languages"] else ""
        yield remark(f"{row['run']}: targets {row['targets']}{languages}")


def _gains(found: Comparison) -> Iterator[RenderableType]:
    yield heading("Gain of each winner on the same targets (report split)")
    if found.gains.empty:
        yield remark(NOTHING_SHARED)
        return
    columns = [Column("target", number=False), Column("study", number=False), Column("gain")]
    rows = [
        [
            *(str(row["target"]), str(row["run"]), difference(row["gain"])),
            *(interval(row["low"], row["high"]), count(row["n"])),
        ]
        for row in found.gains.to_dict(orient="records")
    ]
    yield table([*columns, Column("95 % interval"), Column("seeds")], rows)
    yield remark(INTERVALS)


def _common(found: Comparison) -> Iterator[RenderableType]:
    names = [str(name) for name in found.runs["run"]]
    yield heading(f"Curricula that more than one ran: {len(found.common):,}")
    if found.common.empty:
        return
    short = names if sum(map(len, names)) <= NARROW else [str(i + 1) for i in range(len(names))]
    width = CURRICULUM_WIDTH if len(names) < MANY else NARROW
    rows = [
        [*(score(row[name]) for name in names), curriculum_cell(str(row["curriculum"]), width)]
        for row in found.common.head(TOP).to_dict(orient="records")
    ]
    yield table([*map(Column, short), Column("curriculum", number=False)], rows)
    if short != names:
        pairs = zip(short, names, strict=True)
        yield remark("; ".join(f"{number}: {name}" for number, name in pairs))
    columns = [Column("study", number=False), Column("and", number=False)]
    ranked = [
        [str(row["first"]), str(row["second"]), fraction(row["spearman"]), count(row["n"])]
        for row in found.agreement.to_dict(orient="records")
    ]
    yield heading("Do they rank them alike?")
    yield table([*columns, Column("rank agreement"), Column("curricula")], ranked)
    yield remark(AGREEMENT)
