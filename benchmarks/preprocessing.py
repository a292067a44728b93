"""How fast are rows made canonical and tokenised, by one core, and in how much memory?

    python -m benchmarks.preprocessing [--mirror DIR] [--write]

Rates: examples per second of CPU time with one thread, beside the bare tokenizer on the same texts
in the same run. Memory: the largest anonymous memory (resident set less mapped files) of a fresh
process, above what it holds once the tokenizer is loaded. Rows are real ones of the mirror (its
`local/xlmr-micro` tokenises them; without a mirror the embedded world's), repeated with new ids.
Prints tables; `--write` also writes them to docs/measured/preprocessing.md. Takes some minutes.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

WANTED = {"classification": 5000, "multiple_choice": "-", "span_qa": 1500, "tagging": 5000}
"""Tokenised examples per second and core, by kind (issue 3, speed and memory)."""
REAL = ("mnli", "hellaswag", "squad", "ud_pos_en")
GENERATED = ("mini-nli", "mini-choice", "mini-squad", "mini-pos")
"""Tasks of these kinds, with a mirror and without."""
RATE_ROWS = 6_000
MEMORY = (
    *(("classification", size) for size in (10_000, 100_000, 1_000_000)),
    *(("span_qa", size) for size in (5_000, 50_000)),
)
SEVERAL_ROWS = 50_000
ONE_THREAD = {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
RATE_COLUMNS = {
    "kind": "kind",
    "tokens_per_feature": "tokens per feature",
    "canonical": "canonical rows",
    "hash": "hash",
    "encode": "tokenised",
    "wanted": "wanted",
    "bare": "bare",
    "share_of_bare": "tokenised / bare",
}
MEMORY_COLUMNS = {
    "kind": "kind",
    "rows": "rows",
    "file_mib": "file, MiB",
    "rows_mib": "canonical rows",
    "hash_mib": "hash",
    "encode_mib": "tokenised",
    "encode_seconds": "s",
    "first_open_ms": "first open, ms",
    "later_open_ms": "later, ms",
}
RESULT = Path(__file__).parent.parent / "docs" / "measured" / "preprocessing.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mirror", default=os.environ.get("CURRICULUM_MIRROR", ""))
    parser.add_argument("--write", action="store_true", help="write docs/measured too")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    mirror = Path(asked.mirror) if asked.mirror else None
    if asked.child:
        what, kind, size = asked.child
        measure = {"rates": rates, "memory": memory, "several": several}[what]
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(kind, int(size), mirror, Path(folder))))
        return
    found = {
        "rates": [child("rates", kind, RATE_ROWS, mirror) for kind in WANTED],
        "memory": [child("memory", *case, mirror) for case in MEMORY],
        "several": [child("several", "span_qa", SEVERAL_ROWS, mirror)],
    }
    text = told(found)
    print(text)
    if asked.write:
        RESULT.write_text(text, encoding="utf-8")


def child(what: str, kind: str, size: int, mirror: Path | None) -> dict:
    """What a fresh process measures."""
    command = [sys.executable, "-m", "benchmarks.preprocessing", "--child", what, kind, str(size)]
    done = subprocess.run(
        [*command, "--mirror", str(mirror or "")],
        env=os.environ | ({} if what == "several" else ONE_THREAD),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def rates(kind: str, size: int, mirror: Path | None, folder: Path) -> dict:
    """Examples per CPU second: canonical rows and their hash, tokenising, the bare tokenizer."""
    from trainables.data import load_rows, rows_hash
    from trainables.encoded import encoded

    task, encoder = case(kind, size, mirror, folder)
    cpu = {}
    cpu["canonical"], rows = timed(lambda: load_rows(task, "en", "train", cache=folder))
    cpu["hash"], _ = timed(lambda: rows_hash(rows))
    length = encoder.max_length(task)
    texts = bare_texts(kind, rows)
    one, two = [], []
    for turn in range(2):  # in turns, as the machine may have other work
        two.append(timed(lambda: bare(encoder.tokenizer, texts))[0])
        key = f"turn-{turn}"
        seconds, data = timed(lambda: encoded(rows, task, encoder.tokenizer, length, folder, key))  # noqa: B023
        one.append(seconds)
    cpu |= {"encode": min(one), "bare": min(two)}
    per_second = {name: round(size / seconds) for name, seconds in cpu.items()}
    tokens = round(float(data.lengths.mean()), 1)
    return {
        "kind": kind,
        "rows": size,
        "tokens_per_feature": tokens,
        **per_second,
        "wanted": WANTED[kind],
        "share_of_bare": round(cpu["bare"] / cpu["encode"], 2),
    }


def bare_texts(kind: str, rows: Any) -> list:
    """The texts that the tokenizer is given, as its own library takes them."""
    if kind == "tagging":
        return list(rows["tokens"])
    if kind == "span_qa":
        return list(zip(rows["question"], rows["context"], strict=True))
    if kind == "classification":
        return list(zip(rows["text"], rows["text_pair"], strict=True))
    each = zip(rows["context"], rows["question"], rows["choices"], strict=True)
    return [(c or q, f"{q} {x}" if c and q else x) for c, q, choices in each for x in choices]


def bare(tokenizer: Any, texts: list) -> None:
    """Ids and offsets of all texts, whole, without any list made of them."""
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    for start in range(0, len(texts), 1000):
        some = texts[start : start + 1000]
        backend.encode_batch(some, is_pretokenized=isinstance(some[0], list))


def memory(kind: str, size: int, mirror: Path | None, folder: Path) -> dict:
    """Peaks of anonymous memory in MiB, and what opening the finished file takes."""
    from trainables.data import load_rows, rows_hash
    from trainables.encoded import encoded, open_encoded

    task, encoder = case(kind, size, mirror, folder)
    args = (task, encoder.tokenizer, encoder.max_length(task), folder, "key")
    for text in bare_texts(kind, load_rows(task, "en", "train", cache=folder).select([0])):
        bare(encoder.tokenizer, [text])
    shutil.rmtree(folder / "rows")
    peaks = {}
    peaks["rows"], rows = peak(lambda: load_rows(task, "en", "train", cache=folder))
    peaks["hash"], _ = peak(lambda: rows_hash(rows))
    started = time.monotonic()
    peaks["encode"], data = peak(lambda: encoded(rows, *args))
    seconds = time.monotonic() - started
    fresh = folder / "again.arrow"  # another file is checked in full
    shutil.copy(folder / "key.arrow", fresh)
    opened = [timed(lambda: open_encoded(fresh), time.monotonic)[0] for _ in range(2)]
    return {
        "kind": kind,
        "rows": size,
        "file_mib": round(fresh.stat().st_size / 2**20, 1),
        "tokens": int(data.lengths.sum()),
        **{f"{name}_mib": round(value / 2**20, 1) for name, value in peaks.items()},
        "encode_seconds": round(seconds, 1),
        "first_open_ms": round(1000 * opened[0], 2),
        "later_open_ms": round(1000 * opened[1], 2),
    }


def several(kind: str, size: int, mirror: Path | None, folder: Path) -> dict:
    """Wall seconds of one process, its tokenizer's threads left alone, and of one per CPU."""
    from trainables.data import load_rows
    from trainables.encoded import encoded

    task, encoder = case(kind, size, mirror, folder)
    rows = load_rows(task, "en", "train", cache=folder)
    args = (rows, task, encoder.tokenizer, encoder.max_length(task), folder)
    cpus = len(os.sched_getaffinity(0))
    many, _ = timed(lambda: encoded(*args, "many", processes=cpus), time.monotonic)
    one, _ = timed(lambda: encoded(*args, "one"), time.monotonic)
    same = (folder / "one.arrow").read_bytes() == (folder / "many.arrow").read_bytes()
    seconds = {"one_seconds": round(one, 1), "many_seconds": round(many, 1)}
    return {"kind": kind, "rows": size, "processes": cpus, **seconds, "same_bytes": same}


def case(kind: str, size: int, mirror: Path | None, folder: Path) -> tuple[Any, Any]:
    """A task whose training rows are a file of the given size, and the encoder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from trainables.data import load_rows
    from trainables.encoder import load_encoder
    from trainables.tasks import FileSource, get_task

    names = dict(zip(WANTED, GENERATED if mirror is None else REAL, strict=True))
    task = get_task(names[kind])
    real = load_rows(task, "en", "train", mirror=mirror).with_format("arrow")[:RATE_ROWS]
    path, done = folder / "rows.parquet", 0
    with pq.ParquetWriter(path, real.schema) as writer:
        while done < size:
            some = real.slice(0, size - done)
            ids = pa.array([f"row-{done + i}" for i in range(len(some))], real.schema.field(0).type)
            assert real.column_names[0] == "id"
            writer.write_table(some.set_column(0, real.schema.field(0), ids))
            done += len(some)
    own = FileSource(files={"train": str(path)}, splits={"train": "train"})
    encoder = load_encoder("miniworld" if mirror is None else "local/xlmr-micro", mirror=mirror)
    return replace(task, source=own, train_size=size), encoder


def timed(
    act: Callable[[], Any], clock: Callable[[], float] = time.process_time
) -> tuple[float, Any]:
    """Seconds, of the CPU and of all threads of this process unless the clock is another."""
    started = clock()
    result = act()
    return clock() - started, result


def peak(act: Callable[[], Any]) -> tuple[int, Any]:
    """The most anonymous memory in bytes while it acts, above what there was, every 5 ms."""
    before, most, over = anonymous(), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            most.append(max(most.pop(), anonymous() - before))

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = act()
    over.set()
    watcher.join()
    return most[0], result


def anonymous() -> int:
    """Bytes of memory that are no file's."""
    found = psutil.Process().memory_info()
    return found.rss - found.shared


def told(found: dict[str, list[dict]]) -> str:
    lines = [
        "# Preprocessing: rates and memory",
        "",
        f"{datetime.now(UTC):%d %B %Y}, `python -m benchmarks.preprocessing --mirror DIR --write`, "
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}. Rows: "
        f"{RATE_ROWS:,} of the data set, repeated with new ids.",
        "",
        "Examples per second of CPU time, one thread; `bare`: the tokenizer alone, on whole texts.",
        "",
        *table(found["rates"], RATE_COLUMNS),
        "",
        "Peak of anonymous memory (MiB) above what there was before each step, and opening.",
        "",
        *table(found["memory"], MEMORY_COLUMNS),
    ]
    for s in found["several"]:
        lines += [
            "",
            f"{s['rows']:,} rows of {s['kind']}: {s['one_seconds']} s in one process, whose "
            f"tokenizer may use all CPUs, {s['many_seconds']} s in {s['processes']} processes, "
            f"their start included; the same bytes: {'yes' if s['same_bytes'] else 'NO'}.",
        ]
    raw = [json.dumps(each) for some in found.values() for each in some]
    return "\n".join([*lines, "", "```", *raw, "```", ""])


def table(found: list[dict], columns: dict[str, str]) -> list[str]:
    """Lines of a table: `columns` from the key to its title, the first one text."""
    rows = [
        [x if isinstance(x, str) else f"{x:,}" for x in (each[key] for key in columns)]
        for each in found
    ]
    lines = [list(columns.values()), ["---", *["---:"] * (len(columns) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
