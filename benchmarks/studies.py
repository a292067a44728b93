"""What do the five packaged studies find, and does each end within 12 minutes on two cores?

    python -m benchmarks.studies [NAME …] [--runs DIR]

Runs each from an empty store of its own to its report, or goes on with one that was interrupted,
writes its finding and its time to docs/measured/studies.md, and records its run folder, without
models, for the tests. Fails where one took longer. The studies of real data, which need a mirror
(CURRICULUM_MIRROR) and have no limit, run when they are named.
"""

import argparse
import gzip
import json
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.report import Report
from benchmarks.packaged import run_packaged
from search.config import load_study, resolved_yaml
from search.report_files import study_report
from search.run_folder import RunFolder

LIMIT = 12 * 60
"""Seconds from the launch to the written report."""
STUDIES = ("order", "size", "morphology", "semantic", "linguistic")
REAL = ("real-order", "real-linguistic")
REPOSITORY = Path(__file__).parent.parent
RECORDED = REPOSITORY / "tests" / "recorded"
FIGURES = REPOSITORY / "docs" / "measured" / "studies"
RESULT = FIGURES.with_suffix(".md")
RESULTS = FIGURES.with_suffix(".json")
HEAD = """\
# What the packaged studies found

By `python -m benchmarks.studies`, each from an empty store to its written report. The first five
are of the embedded world, **a test bed: nothing in them is a finding about human languages**. Those
called real are of real data with a small real encoder (`local/xlmr-micro` of the mirror), far too
small for claims about languages: they show that the whole way works on real data.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*STUDIES, *REAL, []], default=[])
    parser.add_argument(
        "--runs", type=Path, default=Path(tempfile.gettempdir()) / "curriculum-studies"
    )
    asked = parser.parse_args()
    names = asked.names or STUDIES
    mirror = os.environ.get("CURRICULUM_MIRROR")
    if set(names) & set(REAL) and mirror is None:
        sys.exit("no mirror: name one with CURRICULUM_MIRROR")
    late = []
    for name in names:
        report, seconds = _run(name, asked.runs / name, Path(mirror) if mirror else None)
        _publish(name, report, seconds)
        if name in STUDIES and seconds > LIMIT:
            late.append(f"{name} took {seconds / 60:.1f} minutes")
    if late:
        sys.exit(f"{'; '.join(late)}; wanted {LIMIT / 60:.0f}")


def _run(name: str, run: Path, mirror: Path | None) -> tuple[Report, float]:
    """The report of a finished study, and the seconds of all launches that it took."""
    spent = run.parent / f"{name}.seconds"
    before = float(spent.read_text()) if spent.exists() else 0.0
    if not RunFolder(run).facts.exists() or not RunFolder(run).read_facts().get("finished"):
        started = time.monotonic()
        try:
            run_packaged(name, run, store=run.parent / f"{name}.store", mirror=mirror)
        finally:
            before += time.monotonic() - started
            spent.write_text(str(before))
    folder = RunFolder(run)
    if name in STUDIES:
        _record(name, folder)
    return study_report(load_study(name), folder), before


def _record(name: str, folder: RunFolder) -> None:
    """What a report is made of, small enough to be kept."""
    kept = RECORDED / name
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "study.yaml").write_text(resolved_yaml(load_study(name)), encoding="utf-8")
    data = gzip.compress(folder.observations.read_bytes(), mtime=0)
    (kept / "observations.jsonl.gz").write_bytes(data)
    if folder.features.exists():
        shutil.copy(folder.features, kept / "features.parquet")


def _publish(name: str, report: Report, seconds: float) -> None:
    """Add a study to the document, with the figures of the section that answers it."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    answering = report.sections[0]
    FIGURES.mkdir(exist_ok=True)
    pictures = {}
    for picture in answering.pictures:
        file = FIGURES / f"{name}_{picture.name}.svg"
        picture.figure.savefig(file, facecolor="white", metadata={"Date": None})
        pictures[f"{FIGURES.name}/{file.name}"] = picture.caption
    found[name] = {
        "question": report.question,
        "finding": report.finding or report.answer.sentence,
        "notes": list(answering.notes),
        "pictures": pictures,
        "minutes": round(seconds / 60, 1),
        "date": f"{datetime.now(UTC):%d %B %Y}",
        "cpus": os.cpu_count(),
    }
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    RESULT.write_text(HEAD + "".join(_text(n, found[n]) for n in (*STUDIES, *REAL) if n in found))


def _text(name: str, found: dict[str, Any]) -> str:
    notes = "".join(f"- {note}\n" for note in found["notes"])
    pictures = "".join(f"\n![{caption}]({path})\n" for path, caption in found["pictures"].items())
    return (
        f"\n## {name}\n\n*{found['question']}*\n\n**{found['finding']}**\n\n{notes}{pictures}\n"
        f"{found['minutes']} minutes on {found['cpus']} CPUs, {found['date']}.\n"
    )


if __name__ == "__main__":
    main()
