"""A tiny encoder with random weights, and tiny tasks of every kind that it can learn."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import datasets
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from trainables.encoder import load_encoder
from trainables.tasks import get_task
from trainables.tasks.task import MiniworldSource, Task

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ENGLISH = [f"w{i}" for i in range(30)]
FOREIGN = [f"x{i}" for i in range(30)]
MARKS = ["good", "key", "what", "?", "."]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_folder():
    """The folder of shared data beside the repository, or where CURRICULUM_SHARED says."""
    default = Path(__file__).resolve().parent.parent.parent / "shared"
    folder = Path(os.environ.get("CURRICULUM_SHARED", default))
    if not folder.is_dir():
        pytest.skip(f"no shared data in {folder}; CURRICULUM_SHARED names another place")
    return folder


@pytest.fixture(scope="session")
def in_mirror(shared_folder):
    """A task by name if the mirror has its data set; others, read from the hub, are skipped."""

    def find(name):
        task = get_task(name)
        ids = (task.source.path, *task.source.fallbacks)
        found = [p for x in ids if (p := shared_folder / "hub/datasets" / x).is_dir()]
        if not found:
            pytest.skip(f"the mirror has no {task.source.path}")
        if task.name == "unimorph_en" and not (found[0] / task.source.config).is_dir():
            pytest.skip(f"the mirror has no {task.source.config} in {task.source.path}")
        return task

    return find


@pytest.fixture(scope="session")
def ray_session():
    """One local Ray cluster of two CPUs for all tests that search; `cluster()` joins it."""
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, namespace="curriculum-search"
    )
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def study_root(tmp_path_factory):
    """A folder of tiny studies whose stores lie side by side: they share prepared data."""
    folder = tmp_path_factory.mktemp("studies")
    (folder / "cache").mkdir()
    return folder


@pytest.fixture(scope="session")
def finished_study(study_root):
    """Configuration and run folder of a tiny study that ran in one go, to compare with."""
    from benchmarks.study_runs import run_alone, tiny_study

    config = tiny_study(study_root / "store", confirm={"top": 0})
    run_alone(config, study_root / "run")
    return config, study_root / "run"


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """A Hugging Face folder of an XLM-R of two layers; dropout is on."""
    return save_tiny(tmp_path_factory.mktemp("tiny"), "xlm-roberta")


@pytest.fixture(scope="session")
def tiny_bert_folder(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("tiny-bert"), "bert")


@pytest.fixture
def tiny_encoder(tiny_folder):
    """A fresh copy of the tiny encoder."""
    return load_encoder(str(tiny_folder))


@pytest.fixture(scope="session")
def tiny_tasks():
    """One task per kind."""
    labels = {
        "classification": ("no", "yes"),
        "multiple_choice": ("0", "1", "2"),
        "tagging": ("O", "B-A", "I-A", "B-B"),
        "feature_tagging": ("A=1", "A=2", "B=1"),
    }
    metrics = {
        "span_qa": "qa",
        "tagging": "f1",
        "feature_tagging": "feature_f1",
        "retrieval": "retrieval_accuracy",
        "mlm": "mlm_accuracy",
        "dual_encoder": "map_at_20",
    }
    return {
        kind: Task(
            name=f"tiny-{kind}",
            kind=kind,
            source=MiniworldSource(generator="none"),
            labels=labels.get(kind, ()),
            metric=metrics.get(kind, "accuracy"),
            role="both",
            max_length=32,
            train_size=200,
            licence="none",
            citation="none",
        )
        for kind in ROWS
    }


@pytest.fixture(scope="session")
def tiny_rows():
    """Rows by kind: `tiny_rows(kind, num_rows, seed)` gives a data set."""

    def make(kind, num_rows=100, seed=0):
        rng = random.Random(f"{kind} {seed}")
        rows = [{"id": str(i), **ROWS[kind](rng)} for i in range(num_rows)]
        return datasets.Dataset.from_list(rows)

    return make


def save_tiny(folder, family):
    words = {word: i for i, word in enumerate(SPECIAL + ENGLISH + FOREIGN + MARKS)}
    rules = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    rules.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    rules.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B:1 </s>:1" if family == "bert" else "<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    inputs = ["input_ids", "token_type_ids"] if family == "bert" else ["input_ids"]
    PreTrainedTokenizerFast(
        tokenizer_object=rules,
        model_max_length=64,
        model_input_names=[*inputs, "attention_mask"],
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
    ).save_pretrained(folder)
    sizes = {
        "vocab_size": len(words),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 66,
        "pad_token_id": 1,
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if family == "bert":
            BertModel(BertConfig(**sizes)).save_pretrained(folder)
        else:
            config = XLMRobertaConfig(**sizes, type_vocab_size=1)
            XLMRobertaModel(config).save_pretrained(folder)
    return folder


def _classification(rng):
    words, label = rng.choices(ENGLISH, k=rng.randint(2, 8)), rng.randint(0, 1)
    if label:
        words[rng.randrange(len(words))] = "good"
    return {
        "text": " ".join(words),
        "text_pair": " ".join(rng.choices(ENGLISH, k=3)),
        "label": label,
    }


def _multiple_choice(rng):
    choices, label = rng.sample(ENGLISH, 3), rng.randint(0, 2)
    choices[label] = "good"
    return {
        "context": " ".join(rng.choices(ENGLISH, k=rng.randint(2, 6))),
        "question": "what ?",
        "choices": choices,
        "label": label,
    }


def _span_qa(rng):
    before, after = (rng.choices(ENGLISH, k=rng.randint(1, 20)) for _ in range(2))
    answer = " ".join(rng.choices(FOREIGN, k=rng.randint(1, 2)))
    context = " ".join([*before, "key", answer, *after])
    return {
        "context": context,
        "question": "what ?",
        "answers": [answer],
        "answer_starts": [context.index("key") + 4],
    }


def _tagging(rng):
    tokens = rng.choices(ENGLISH + FOREIGN, k=rng.randint(2, 10))
    return {"tokens": tokens, "tags": [(1 if t[0] == "x" else 3 * (t[-1] == "3")) for t in tokens]}


def _feature_tagging(rng):
    tokens = rng.choices(ENGLISH + FOREIGN, k=rng.randint(2, 10))
    signs = [(t[0] == "x", t[-1] in "13", t[-1] in "1234") for t in tokens]
    return {"tokens": tokens, "tags": [[i for i, has in enumerate(x) if has] for x in signs]}


def _retrieval(rng):
    numbers = rng.sample(range(30), k=rng.randint(4, 8))
    return {
        "source": " ".join(FOREIGN[i] for i in numbers),
        "target": " ".join(ENGLISH[i] for i in numbers),
    }


def _mlm(rng):
    """Words count on from one to the next, so that a hidden one can be told."""
    first, size = rng.randrange(20), rng.randint(2, 10)
    return {"text": " ".join(ENGLISH[first : first + size])}


def _dual_encoder(rng):
    """The right candidate repeats the rare words of the question."""
    words = rng.sample(FOREIGN, k=rng.randint(3, 5))
    wrong = " ".join(rng.choices(ENGLISH, k=5))
    candidates, right = [wrong], rng.randint(0, 1)
    candidates.insert(right, " ".join([*rng.sample(words, k=3), *rng.choices(ENGLISH, k=2)]))
    return {
        "question": " ".join([*words, "what ?"]),
        "candidates": candidates,
        "contexts": ["", "good ."],
        "relevant": [right],
    }


ROWS = {
    "classification": _classification,
    "multiple_choice": _multiple_choice,
    "span_qa": _span_qa,
    "tagging": _tagging,
    "feature_tagging": _feature_tagging,
    "retrieval": _retrieval,
    "mlm": _mlm,
    "dual_encoder": _dual_encoder,
}


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The run folder of a small finished study of the embedded world, made without Ray.

    Searched: none, one stage, two stages; confirmed on seeds 11 and 12: none and two stages.
    """
    from analysis.observations import append
    from search.assignments import Planner, setup_of
    from search.config import load_study, resolved_yaml
    from search.run_folder import RunFolder
    from search.study import places_of
    from trainables.leases import NoLeases
    from trainables.train import RungReached, run_assignment
    from trainables.workbench import Workbench

    folder = RunFolder(tmp_path_factory.mktemp("small") / "run")
    folder.path.mkdir()
    recipe = {"learning_rate": 1e-3, "epochs": 1}
    config = load_study(
        {
            "study": {"name": "small"},
            "encoder": {"name": "miniworld"},
            "space": {"tasks": ["mini-nli", "mini-pos"], "sizes": [100, 300], "max_stages": 2},
            "targets": ["mini-xnli", "mini-udpos", "mini-tatoeba"],
            "languages": {"proxy": ["dun"], "report": ["bor"]},
            "objective": {"aggregate": "mini-xnli"},  # the confirmed curriculum beats none there
            "probe": {"train": 90, "eval": 40},
            "full": {"train": 150, "eval": 60},
            "stopping": {"num_rungs": 2},
            "budget": {"trials": 1},
            "seeds": {"confirm": [11, 12]},
            "confirm": {"top": 1},
            "recipe": {"stage": recipe, "target": recipe},
            "store": {"path": str(folder.path.parent / "store")},
        }
    )
    folder.study_file.write_text(resolved_yaml(config))
    places = places_of(config, folder, None)
    planner, bench = Planner(config, places), Workbench(setup_of(config, places))
    none, one, two = map(planner.resolved, SMALL_CURRICULA)
    assignments = [planner.search(none, "baseline", None), planner.search(one, "baseline", None)]
    assignments += [planner.search(two, "sampled", None)]
    for split in ("search", "report"):
        for seed in config.seeds.confirm:
            assignments.append(planner.confirm(two, "candidate", seed, split=split))
            assignments.append(planner.confirm(none, "baseline", seed, split=split))
    for assignment in assignments:
        for event in run_assignment(assignment, bench, NoLeases()):
            if isinstance(event, RungReached):
                known = {row["part"] for row in event.rows if row["split"] == "report"}
                parts = known or {"stage", "target", "evaluation"}
                append(folder.observations, [r for r in event.rows if r["part"] in parts])
    return folder


SMALL_CURRICULA = ("none", "mini-nli:100", "mini-pos:300 > mini-nli:100")


@pytest.fixture
def browser(tmp_path):
    """Opens a page in headless Chromium: its console is in `stderr`, its final HTML in `stdout`."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium: the page is not opened in a browser")

    def opened(page, *flags):
        quiet = (
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"),
        )
        return subprocess.run(
            [chromium, *quiet, "--dump-dom", *flags, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )

    return opened
