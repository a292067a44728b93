"""Does the same study on a warm store train nothing, and how long does a trial take then?

    python -m benchmarks.warm_store [FOLDER]

Runs a tiny enumerated study twice, each time in a run folder of its own, on one store. Prints one
JSON line per number of workers: what the second run paid, and its seconds per trial beside the
limit of issue 2, section 9. `seconds_per_trial` holds the start of the worker processes (imports
and encoder, about 5 s of CPU each), `seconds_per_further_trial` does not. A folder that holds a
finished first run is used again, so that it can be repeated.
"""

import contextlib
import io
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

LIMIT_SECONDS = 0.5
RECIPE = {"learning_rate": 1e-3, "epochs": 1}
STUDY = {
    "study": {"name": "warm-store"},
    "encoder": {"name": "miniworld"},
    "space": {
        "tasks": ["mini-nli", "mini-pos", "mini-squad"],
        "sizes": [100, 300],
        "max_stages": 2,
    },
    "targets": ["mini-xnli", "mini-udpos", "mini-tatoeba"],
    "languages": {"proxy": ["bor", "dun"], "report": ["eki"]},
    "probe": {"train": 90, "eval": 60},
    "stopping": {"z": 1000.0},  # three rungs, and nothing stops: both runs have the same trials
    "enumerate": True,
    "confirm": {"top": 0},
    "seeds": {"noise": []},
    "recipe": {"stage": RECIPE, "target": RECIPE},
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    for workers in (2, 1):
        if not (folder / "cold" / "finished").exists():
            run(folder, "cold", workers=2)
            (folder / "cold" / "finished").touch()
        name = f"warm-{workers}"
        shutil.rmtree(folder / name, ignore_errors=True)
        found = run(folder, name, workers=workers)
        found["seconds_per_trial_wanted"] = LIMIT_SECONDS
        found["kept"] = found["examples_paid"] == 0 and found["seconds_per_trial"] <= LIMIT_SECONDS
        print(json.dumps(found), flush=True)


def run(folder: Path, name: str, *, workers: int) -> dict:
    """One run of the study; Ray's start and end are timed apart."""
    from analysis.observations import TRIAL, read
    from search.floor import TrialEvent
    from search.run_folder import RunFolder
    from search.study import run_study
    from search.study_fields import StudyConfig

    config = StudyConfig.model_validate(
        STUDY | {"store": {"path": str(folder / "store")}, "resources": {"workers": workers}}
    )
    run_folder = RunFolder(folder / name)
    ends: list[float] = []

    def take(event: TrialEvent) -> None:
        if event.verdict is not None and event.verdict.ends:
            ends.append(time.monotonic())

    started = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()):  # the one line of JSON is the output
        run_study(config, run_folder, on_event=take)
    whole = time.monotonic() - started
    frame = read(run_folder.observations)
    spent = json.loads(run_folder.clock.read_text())["search"]
    trials = len(frame[list(TRIAL)].drop_duplicates())
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}",
        "workers": workers,
        "trials": trials,
        "examples_needed": round(float(frame["examples_needed"].sum())),
        "examples_paid": round(float(frame["examples_paid"].sum())),
        "search_seconds": round(spent["wall_seconds"], 2),
        "seconds_per_trial": round(spent["wall_seconds"] / trials, 3),
        "seconds_per_further_trial": round((ends[-1] - ends[0]) / (len(ends) - 1), 3),
        "start_and_end_seconds": round(whole - spent["wall_seconds"], 2),
        "slots_busy": round(spent["busy_seconds"] / (spent["wall_seconds"] * workers), 3),
    }


if __name__ == "__main__":
    main()
