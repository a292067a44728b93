"""What is read from a hub, in which order, and what is said where it fails?

The hub is a stand-in on 127.0.0.1 that answers what `datasets` and `huggingface_hub` ask. The place
of the hub is decided when they are imported, hence the reading in processes of their own: one of
each for a hub that answers, is down, and must not be asked.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parent.parent
COPY = "refs/convert/parquet"
ADDRESS = re.compile(
    r"(?:api/)?(?P<kind>models/|datasets/)?(?P<id>[^/]+/[^/]+)"
    r"(?:/(?P<what>revision|tree|paths-info|resolve)/(?P<rest>.+))?"
)
README = """---
configs:
- config_name: one
  data_files:
  - split: train
    path: one/train-*
  - split: validation
    path: one/validation-*
---
"""

# Reads what it is told to, one JSON line for each; waiting between retries is left out.
READER = """
import json, logging, sys, time
from dataclasses import replace
from pathlib import Path
from trainables.data import DataError, load_rows, provenance
from trainables.encoder import EncoderError, load_encoder
from trainables.tasks import TASKS

time.sleep = lambda seconds: None
warnings = []
logger = logging.getLogger("trainables.hub")
logger.warning = lambda text, *args: warnings.append(text % args)
mnli = TASKS["mnli"]

def answer(case):
    if "encoder" in case:
        return {"hidden": load_encoder(case["encoder"], revision=case.get("revision")).hidden_size}
    fields = {"config": "one", "revision": None, "splits": {"dev": "validation"}, **case}
    task = replace(mnli, source=replace(mnli.source, **fields))
    rows = load_rows(task, "en", "dev", cache=Path("cache"))
    return {"texts": rows["text"][:], "from": provenance(rows)}

for name, case in json.loads(sys.argv[1]).items():
    warnings.clear()
    try:
        found = answer(case)
    except (DataError, EncoderError) as error:
        found = {"error": str(error)}
    print(json.dumps([name, {**found, "warnings": warnings}]))
"""


def digest(content):
    return hashlib.sha1(content if isinstance(content, bytes) else content.encode()).hexdigest()


def commit(name, branch):
    """The stand-in's commit of a branch of `datasets/org/name` or `models/org/name`."""
    return digest(f"{name} {branch}")


def parquet(text):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"premise": [text], "hypothesis": ["h"], "label": [0]}), sink)
    return sink.getvalue().to_pybytes()


def usual(word):
    """Files of a data set as most are: a README that says where its two splits lie."""
    splits = {f"one/{s}-00000-of-00001.parquet": f"{word} {s}" for s in ("train", "validation")}
    return {"README.md": README.encode(), **{k: parquet(text) for k, text in splits.items()}}


def converted(word):
    """Files of the hub's own parquet copy: two configurations and no README."""
    parts = [(config, split) for config in ("one", "two") for split in ("train", "validation")]
    return {f"{c}/{s}/0000.parquet": parquet(f"{word} {c} {s}") for c, s in parts}


def contents(marker, encoder):
    """Name to branches of files, or to the status that the hub answers."""
    script = f"from pathlib import Path\nPath({str(marker)!r}).touch()\n".encode()
    scripted = {"README.md": b"# by a script\n", "scripted.py": script}
    pickled = {k: v for k, v in encoder.items() if not k.endswith(".safetensors")}
    return {
        "datasets/org/plain": {"main": usual("main"), "v1": usual("v1")},
        "datasets/org/scripted": {"main": scripted, COPY: converted("copy")},
        "datasets/org/turned": {"v1": {**scripted, "turned.py": script}, "main": usual("main")},
        "datasets/org/kept": {"v1": usual("v1")},
        "datasets/org/carded": {"v1": usual("v1")},
        "datasets/org/partial": {COPY: {"one/partial-validation/0000.parquet": parquet("some")}},
        "datasets/org/empty": {"main": {"README.md": b"# nothing\n"}},
        "datasets/org/gated": 403,
        "datasets/org/ill": 500,
        "models/org/tiny": {"main": encoder},
        "models/org/pickled": {"main": {**pickled, "pytorch_model.bin": b"code"}},
        "models/org/gated": 403,
        "models/org/ill": 500,
    }


class Hub(BaseHTTPRequestHandler):
    """Answers for `server.contents`, and notes in `server.asked` which files were asked for."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        match = ADDRESS.fullmatch(unquote(address.path).strip("/"))
        name = f"{match['kind'] or 'models/'}{match['id']}" if match else ""
        branches = self.server.contents.get(name)
        if branches is None:
            return self.send(401, {}, code="RepoNotFound")
        if isinstance(branches, int):
            return self.send(branches, {}, code="GatedRepo" if branches == 403 else "")
        rest = match["rest"] or "main"
        known = {r: b for b in branches for r in (b, commit(name, b))}
        revision = next((r for r in known if rest == r or rest.startswith(f"{r}/")), None)
        if revision is None:
            return self.send(404, {}, code="RevisionNotFound")
        files, sha = branches[known[revision]], commit(name, known[revision])
        path = rest[len(revision) + 1 :]
        if match["what"] == "resolve":
            return self.send_file(f"{name}/{path}", files.get(path), sha)
        if match["what"] == "tree":
            deep = "true" in parse_qs(address.query).get("recursive", [])
            return self.send_tree(entries(files), path, deep=deep)
        if match["what"] == "paths-info":
            wanted = parse_qs(body).get("paths", [])
            return self.send(200, [e for e in entries(files) if e["path"] in wanted])
        return self.send(200, {"id": match["id"], "sha": sha, "siblings": []})

    do_HEAD = do_POST = do_GET

    def send(self, status, body, code="", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for key, value in ({"X-Error-Code": code, "X-Error-Message": code} | headers).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_file(self, name, content, sha):
        self.server.asked.add(name)
        if content is None:
            return self.send(404, b"", code="EntryNotFound")
        return self.send(200, content, **{"ETag": f'"{digest(content)}"', "X-Repo-Commit": sha})

    def send_tree(self, known, folder, deep):
        if folder and folder not in {e["path"] for e in known}:
            return self.send(404, {}, code="EntryNotFound")
        start = f"{folder}/" if folder else ""
        inside = [e for e in known if e["path"].startswith(start)]
        return self.send(200, [e for e in inside if deep or "/" not in e["path"][len(start) :]])


def entries(files):
    """The hub's records of files and of the folders that they lie in."""
    folders = {str(p) for file in files for p in Path(file).parents if str(p) != "."}
    return [
        *({"type": "file", "path": f, "size": len(c), "oid": digest(c)} for f, c in files.items()),
        *({"type": "directory", "path": f, "size": 0, "oid": digest(f)} for f in folders),
    ]


PINNED = commit("datasets/org/plain", "v1")
KEPT = commit("datasets/org/kept", "v1")
CARDED = commit("datasets/org/carded", "v1")
NO_TEST = {"splits": {"dev": "test"}}
ONLINE = {
    "pinned": {"path": "org/plain", "revision": PINNED},
    "tag": {"path": "org/plain", "revision": "v1"},
    "unpinned": {"path": "org/plain"},
    "script": {"path": "org/scripted"},
    "script again": {"path": "org/scripted", "splits": {"dev": "train"}},
    "script, other configuration": {"path": "org/scripted", "config": "two"},
    "script, no split": {"path": "org/scripted", **NO_TEST},
    "script as fallback": {"path": "org/none", "fallbacks": ["org/scripted"]},
    "no revision": {"path": "org/scripted", "revision": "f" * 40},
    "no split": {"path": "org/plain", "revision": PINNED, **NO_TEST},
    "no configuration": {"path": "org/plain", "config": "three"},
    "no files": {"path": "org/empty"},
    "cut short": {"path": "org/partial"},
    "no configuration of a copy": {"path": "org/scripted", "config": "three"},
    "unknown": {"path": "org/none"},
    "fallback": {"path": "org/none", "fallbacks": ["org/nothing", "org/plain"]},
    "gated": {"path": "org/gated"},
    "gated with fallback": {"path": "org/gated", "fallbacks": ["org/plain"]},
    "ill": {"path": "org/ill", "revision": "e" * 40, "fallbacks": ["org/plain"]},
    "ill, unpinned": {"path": "org/ill"},
    "kept": {"path": "org/kept", "revision": KEPT},
    "only the card": {"path": "org/carded", "revision": CARDED, "config": "three"},
    "before it turned": {"path": "org/turned"},
    "turned": {"path": "org/turned", "revision": commit("datasets/org/turned", "v1")},
    "encoder": {"encoder": "org/tiny"},
    "encoder, no revision": {"encoder": "org/tiny", "revision": "v9"},
    "pickled encoder": {"encoder": "org/pickled"},
    "unknown encoder": {"encoder": "org/none"},
    "gated encoder": {"encoder": "org/gated"},
    "ill encoder": {"encoder": "org/ill"},
}
CUT_OFF = {
    "kept": {"path": "org/kept", "revision": KEPT, "splits": {"dev": "train"}},
    "not kept": {"path": "org/scripted", "config": "two", "splits": {"dev": "train"}},
    "only the card kept": {"path": "org/carded", "revision": CARDED},
    "never asked": {"path": "org/elsewhere", "revision": "d" * 40, "fallbacks": ["org/plain"]},
    "kept encoder": {"encoder": "org/tiny"},
    "encoder never asked": {"encoder": "org/elsewhere"},
}


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory, tiny_folder):
    """The server, while it runs, and the folder that the readers work in."""
    folder = tmp_path_factory.mktemp("hub")
    shadow = folder / "org/plain/one"
    shadow.mkdir(parents=True)
    (shadow / "validation-00000-of-00001.parquet").write_bytes(parquet("a folder here"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    encoder = {file.name: file.read_bytes() for file in tiny_folder.iterdir()}
    server.contents, server.asked = contents(folder / "executed", encoder), set()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server, folder
    server.shutdown()
    server.server_close()
    thread.join()


def read(folder, port, cases, **env):
    settings = {
        "HF_ENDPOINT": f"http://127.0.0.1:{port}",
        "HF_HOME": str(folder / "home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    cleared = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "CURRICULUM_"))}
    done = subprocess.run(
        [sys.executable, "-c", READER, json.dumps(cases)],
        cwd=folder,
        env=cleared | settings | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def online(stand_in):
    server, folder = stand_in
    return read(folder, server.server_port, ONLINE)


@pytest.fixture(scope="module", params=["down", "offline"])
def cut_off(request, online, stand_in):
    """The same machine later: no hub answers, or it must not be asked."""
    _, folder = stand_in
    port = 9  # of the discard service: nothing listens
    return read(
        folder, port, CUT_OFF, **{"HF_HUB_OFFLINE": "1"} if request.param == "offline" else {}
    )


def expect_from(found, path, revision, commit):
    facts = found["from"]
    assert (facts["place"], facts["id"], facts["config"]) == ("hub", path, "one")
    assert (facts["revision"], facts["commit"]) == (revision, commit)


def test_the_pinned_commit_is_read_and_named(online):
    assert online["pinned"]["texts"] == ["v1 validation"]
    assert online["pinned"]["warnings"] == []
    expect_from(online["pinned"], "org/plain", PINNED, PINNED)


def test_a_tag_and_the_main_branch_are_named_with_their_commits(online):
    assert online["tag"]["texts"] == ["v1 validation"]
    expect_from(online["tag"], "org/plain", "v1", PINNED)
    assert online["unpinned"]["texts"] == ["main validation"]
    main = commit("datasets/org/plain", "main")
    expect_from(online["unpinned"], "org/plain", "main", main)


def test_a_folder_of_the_same_name_is_not_taken_for_the_hub(online, stand_in):
    _, folder = stand_in
    assert (folder / "org/plain").is_dir()
    assert online["unpinned"]["texts"] == ["main validation"]


def test_instead_of_a_script_its_parquet_copy_is_read(online):
    found = online["script"]
    assert found["texts"] == ["copy one validation"]
    expect_from(found, "org/scripted", COPY, commit("datasets/org/scripted", COPY))
    (warning,) = found["warnings"]
    assert warning.startswith(f"org/scripted@{COPY} is read since others fail")
    assert "org/scripted@main: Dataset scripts are no longer supported" in warning


def test_each_configuration_and_split_of_a_parquet_copy_is_read_alone(online):
    assert online["script again"]["texts"] == ["copy one train"]
    assert online["script, other configuration"]["texts"] == ["copy two validation"]


def test_no_script_is_ever_run(online, stand_in):
    server, folder = stand_in
    assert "datasets/org/scripted/scripted.py" in server.asked
    assert not (folder / "executed").exists()
    exec(server.contents["datasets/org/scripted"]["main"]["scripted.py"], {})
    assert (folder / "executed").exists(), "it would have been seen"


def test_a_fallback_by_a_script_is_read_from_its_parquet_copy(online):
    found = online["script as fallback"]
    assert found["texts"] == ["copy one validation"]
    expect_from(found, "org/scripted", COPY, commit("datasets/org/scripted", COPY))


def test_a_missing_revision_falls_to_the_parquet_copy(online):
    found = online["no revision"]
    assert found["texts"] == ["copy one validation"]
    expect_from(found, "org/scripted", COPY, commit("datasets/org/scripted", COPY))
    assert f"org/scripted@{'f' * 40}: Revision" in found["warnings"][0]


def test_an_unknown_id_falls_to_the_fallback_ids_in_their_order(online):
    found = online["fallback"]
    assert found["texts"] == ["main validation"]
    expect_from(found, "org/plain", "main", commit("datasets/org/plain", "main"))
    tried = re.findall(r"^  (\S+):", found["warnings"][0], re.MULTILINE)
    ids = ("org/none", "org/nothing")
    assert tried == [f"{name}@{branch}" for name in ids for branch in ("main", COPY)]


def test_a_gated_data_set_falls_to_the_fallback_id(online):
    assert online["gated with fallback"]["texts"] == ["main validation"]
    assert "gated repo" in online["gated with fallback"]["warnings"][0]


@pytest.mark.parametrize(
    ("case", "head", "attempts"),
    [
        (
            "no split",
            "no one test of org/plain on the hub",
            [
                (f"org/plain@{PINNED}", r"Unknown split \"test\".*'train', 'validation'"),
                (f"org/plain@{COPY}", "Revision Not Found"),
            ],
        ),
        (
            "script, no split",
            "no one test of org/scripted on the hub",
            [
                ("org/scripted@main", "scripts are no longer supported"),
                (f"org/scripted@{COPY}", "no split 'test' of one; it has: train, validation$"),
            ],
        ),
        (
            "no configuration",
            "no three validation of org/plain on the hub",
            [
                ("org/plain@main", r"'three' not found. Available: \['one'\]"),
                (f"org/plain@{COPY}", "Revision Not Found"),
            ],
        ),
        (
            "no files",
            "no one validation of org/empty on the hub",
            [("org/empty@main", "doesn't contain any data"), (f"org/empty@{COPY}", "Not Found")],
        ),
        (
            "cut short",
            "no one validation of org/partial on the hub",
            [
                ("org/partial@main", "Not Found"),
                (f"org/partial@{COPY}", "no split 'validation' .* it has: partial-validation$"),
            ],
        ),
        (
            "no configuration of a copy",
            "no three validation of org/scripted on the hub",
            [("org/scripted@main", "scripts"), (f"org/scripted@{COPY}", "/three.*EntryNotFound")],
        ),
        (
            "unknown",
            "no one validation of org/none on the hub",
            [("org/none@main", "Repository Not Found"), (f"org/none@{COPY}", "Not Found")],
        ),
        (
            "gated",
            "no one validation of org/gated on the hub",
            [("org/gated@main", "gated repo"), (f"org/gated@{COPY}", "gated repo")],
        ),
    ],
)
def test_where_nothing_loads_every_attempt_is_listed(case, head, attempts, online):
    first, *lines, last = online[case]["error"].splitlines()
    assert first == f"{head}:"
    for line, (place, reason) in zip(lines, attempts, strict=True):
        assert re.match(rf"  {re.escape(place)}: .*{reason}", line), line
    assert "hf auth login" in last and "--mirror DIR or CURRICULUM_MIRROR" in last


@pytest.mark.parametrize("case", ["ill", "ill, unpinned"])
def test_an_ill_hub_is_no_reason_to_read_another_copy(case, online):
    error = online[case]["error"]
    assert re.match(r"cannot reach the hub for org/ill \(one, validation\): .*500", error)
    assert "Try again later, or give a mirror folder: --mirror DIR or CURRICULUM_MIRROR" in error


def test_what_was_loaded_before_is_not_taken_for_another_revision(online):
    assert online["before it turned"]["texts"] == ["main validation"]
    before = commit("datasets/org/turned", "main")
    assert f"does not load, and what was loaded before is of {before}" in online["turned"]["error"]


def test_what_is_kept_of_the_pinned_commit_is_read_without_a_hub(cut_off):
    assert cut_off["kept"]["texts"] == ["v1 train"]
    expect_from(cut_off["kept"], "org/kept", KEPT, KEPT)


@pytest.mark.parametrize("case", ["not kept", "only the card kept", "never asked"])
def test_without_a_hub_the_mirror_is_named(case, cut_off):
    path = CUT_OFF[case]["path"]
    error = cut_off[case]["error"]
    assert error.startswith(f"cannot reach the hub for {path} (")
    assert re.search("Connection refused|HF_HUB_OFFLINE|Couldn't reach", error)
    assert error.endswith("give a mirror folder: --mirror DIR or CURRICULUM_MIRROR")


def test_an_encoder_of_the_hub_is_read_and_kept(online, cut_off):
    assert online["encoder"]["hidden"] == cut_off["kept encoder"]["hidden"] == 32


def test_pickled_weights_are_refused_and_never_downloaded(online, stand_in):
    server, _ = stand_in
    error = online["pickled encoder"]["error"]
    assert "'org/pickled'" in error and "no *.safetensors file" in error
    assert "save it as safetensors" in error
    asked = {name for name in server.asked if name.startswith("models/org/pickled/")}
    assert "models/org/pickled/config.json" in asked
    assert not any(name.endswith(".bin") for name in server.asked)


@pytest.mark.parametrize(
    ("case", "wanted", "reason"),
    [
        ("encoder, no revision", "'org/tiny' at v9", "Revision Not Found"),
        ("unknown encoder", "'org/none'", "Repository Not Found"),
        ("gated encoder", "'org/gated'", "gated repo"),
        ("ill encoder", "'org/ill'", "500 Internal Server Error"),
    ],
)
def test_an_encoder_that_cannot_be_had_is_said_with_the_reason(case, wanted, reason, online):
    error = online[case]["error"]
    assert error.startswith(f"no encoder {wanted}: ")
    assert reason in error and "--mirror DIR or CURRICULUM_MIRROR" in error


def test_without_a_hub_an_encoder_asks_for_a_mirror(cut_off):
    error = cut_off["encoder never asked"]["error"]
    assert error.startswith("no encoder 'org/elsewhere': no mirror was given; the hub said: ")
    assert re.search("Connection refused|HF_HUB_OFFLINE", error)
    assert "--mirror DIR or CURRICULUM_MIRROR" in error
