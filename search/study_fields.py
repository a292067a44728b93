"""What may a study file say? Its fields, their defaults and what each must be on its own.

Rules between fields are in `search/study_checks.py`. Names of tasks are looked up here, so that a
misspelt one is reported where it stands. The docstrings are the descriptions of the JSON schema.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_serializer

from spaces.curriculum import FULL, parse_curriculum
from trainables.tasks import TASKS, Task

AGGREGATES = ("mean", "group-mean", "standardised-gain")
ALL = "all"
NONE = "none"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
_DATABASES = ("sqlite", "postgresql", "mysql")


def nearest(name: object, known: Iterable[str]) -> str:
    """A clause that offers the nearest of the known names, or lists them."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(names) or 'none'}"


def can_be_stage(task: Task) -> bool:
    """Whether a task can be a stage: intermediate, with English training data."""
    return task.role in ("intermediate", "both") and task.train_size > 0


def _stage_task(name: str) -> str:
    known = [task.name for task in TASKS.values() if can_be_stage(task)]
    task = TASKS.get(name)
    if task is None:
        raise ValueError(f"no task has this name; {nearest(name, known)}")
    if not task.train_size:
        raise ValueError(
            f"it has no English training data, so it is no stage; take it as a target"
            f" or choose among {', '.join(known)}"
        )
    if not can_be_stage(task):
        raise ValueError(f"it is a target, not an intermediate task; {nearest(name, known)}")
    return name


def _target_task(name: str) -> str:
    known = [task.name for task in TASKS.values() if task.role in ("target", "both")]
    if name not in TASKS:
        raise ValueError(f"no task has this name; {nearest(name, known)}")
    if name not in known:
        raise ValueError(f"it is an intermediate task, not a target; {nearest(name, known)}")
    return name


def _any_task(name: str) -> str:
    if name not in TASKS:
        raise ValueError(f"no task has this name; {nearest(name, TASKS)}")
    return name


def _examples(value: Any) -> Any:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not (is_count or value == FULL):
        raise ValueError(f"wanted a number of examples, at least 1, or {FULL}")
    return value


def _curriculum(text: str) -> str:
    return str(parse_curriculum(text))


def _folder_name(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(
            "wanted a name for a folder: letters, digits, _ . and - only, and a "
            "letter or digit first"
        )
    return name


def _languages_or_all(value: Any) -> Any:
    if isinstance(value, str) and value != ALL:
        raise ValueError(f"wanted a list of languages, or {ALL}")
    return value


def _nothing_word(value: Any) -> Any:
    return None if value == NONE else value


def _database(url: str) -> str:
    scheme = url.split("://")[0].split("+")[0]
    if "://" not in url or scheme not in _DATABASES:
        raise ValueError(
            "wanted a database URL such as sqlite:///study.db, postgresql://… or "
            "mysql+pymysql://…, or null"
        )
    return url


Count = Annotated[int, Field(strict=True, ge=1)]
CountOrNone = Annotated[int, Field(strict=True, ge=0)]
Number = Annotated[float, Field(strict=True, ge=0)]
Positive = Annotated[float, Field(strict=True, gt=0)]
Flag = Annotated[bool, Field(strict=True)]
Examples = Annotated[int | Literal["full"], BeforeValidator(_examples)]
StageTask = Annotated[str, AfterValidator(_stage_task)]
TargetTask = Annotated[str, AfterValidator(_target_task)]
AnyTask = Annotated[str, AfterValidator(_any_task)]


class Fields(BaseModel):
    """A section: frozen, and a field that it does not know is a problem."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class About(Fields):
    """What the study is called and asks."""

    name: Annotated[str, AfterValidator(_folder_name)]
    """Names the run folder."""
    question: str = ""
    """What the study should answer, in a sentence; shown in reports."""


class EncoderChoice(Fields):
    """The pretrained encoder that every curriculum starts from."""

    name: str
    """`miniworld`, `miniworld-demo`, a hub id like `FacebookAI/xlm-roberta-base`, or a folder."""
    revision: str | None = None
    """Commit or tag on the hub; null = its main branch."""
    retrieval_layer: CountOrNone | None = None
    """Hidden layer that is mean-pooled for retrieval; null = the encoder's own."""


class Space(Fields):
    """Which curricula can be searched."""

    tasks: tuple[StageTask, ...]
    """Intermediate tasks, as `curriculum tasks` lists them."""
    sizes: tuple[Examples, ...]
    """Numbers of examples that a stage may take of a task; `full` = all of its training set."""
    max_stages: CountOrNone
    """Most stages of a curriculum."""
    joint: Count = 1
    """Most tasks that one stage trains jointly; 1 = no mixtures."""
    repeats: Flag = False
    """Whether a task may come again in a later stage."""
    required: tuple[StageTask, ...] = ()
    """Tasks that every curriculum has."""
    forbidden: tuple[StageTask, ...] = ()
    """Tasks of `tasks` that no curriculum has."""
    given: tuple[Annotated[str, AfterValidator(_curriculum)], ...] = ()
    """Baselines beside the automatic ones (none, each task alone, all jointly), as text:
    `mnli:9000 > squad:3000+hellaswag:3000`."""


class Languages(Fields):
    """Who sees which languages. English is always scored."""

    proxy: tuple[str, ...] = ()
    """Few, typologically spread languages whose search split guides the search; they leave every
    reported mean. A target is guided by those that it has."""
    report: Annotated[Literal["all"] | tuple[str, ...], BeforeValidator(_languages_or_all)] = "all"
    """Languages of the reported means; `all` = every language of a target without the proxies."""


class Probe(Fields):
    """Targets at search time: nested subsets, so that one trial is cheap."""

    train: Count = 2000
    """Most English training examples of a target."""
    eval: Count = 300
    """Most items scored per language."""


class Full(Fields):
    """Targets in the confirmation; numbers make it cheaper than the published protocol."""

    train: Examples = "full"
    """Most English training examples of a target."""
    eval: Examples = "full"
    """Most items scored per language."""


class Objective(Fields):
    """The one number that the search maximises."""

    select: Literal["proxy", "english", "all-dev"] = "proxy"
    """proxy: search split of the proxy languages; english: of English only; all-dev: of every
    language, marked in every table."""
    aggregate: str = "mean"
    """mean over targets, group-mean, standardised-gain, or the name of one target."""


class Stopping(Fields):
    """How poor curricula are stopped early (asynchronous successive halving)."""

    rungs: Literal["targets", "scales", "stages"] = "targets"
    """What grows from rung to rung: the probe, the whole curriculum with it, or the stages."""
    num_rungs: Count = 3
    """Comparison points, the last one included."""
    reduction_factor: Annotated[int, Field(strict=True, ge=2)] = 3
    """Each rung uses so many times the examples of the one before and keeps one in so many."""
    z: Number = 1.0
    """Standard errors of a difference by which a score must miss the cut."""


class Sampler(Fields):
    """Who proposes curricula."""

    name: str = "TPESampler"
    """A sampler class of `optuna.samplers`."""
    options: dict[str, Any] = {}
    """Its keyword arguments, without the seed (`seeds.sampler`)."""
    codec: Literal["random_keys", "lehmer", "slots"] = "random_keys"
    """How Optuna sees a curriculum."""


class Budget(Fields):
    """When the search ends; exactly one of the three. Baselines and duplicates do not count."""

    trials: Count | None = None
    """Sampled curricula."""
    examples: Count | None = None
    """Examples paid for, in stages, targets and evaluation together."""
    hours: Positive | None = None
    """Hours of searching, over all runs of the study."""


class Seeds(Fields):
    """Random seeds; stages and targets have their own."""

    stage: CountOrNone = 1
    target: CountOrNone = 1
    sampler: CountOrNone = 1
    noise: tuple[CountOrNone, ...] = (2, 3)
    """Further stage seeds of three baselines, which measure the noise of every rung."""
    confirm: tuple[CountOrNone, ...] = (11, 12, 13, 14, 15)
    """Fresh seeds of the confirmation, for stages and targets."""


class Confirm(Fields):
    """What is run again on fresh seeds with full targets."""

    top: CountOrNone = 2
    """Best curricula to confirm; 0 = no confirmation."""
    controls: Flag = True
    """Also the winner's tasks jointly, its stages reversed, and no stages at equal examples."""
    learning_rates: tuple[Positive, ...] = (0.3, 3.0)
    """The empty curriculum also at these multiples of the targets' learning rate."""


class Recipes(Fields):
    """How stages and targets are trained; fields of Recipe in `trainables/recipe.py`."""

    stage: dict[str, Any] = {}
    """For every stage."""
    target: dict[str, Any] = {}
    """For every target."""
    tasks: dict[AnyTask, dict[str, Any]] = {}
    """Fields that differ for single tasks, as stage and as target."""


class Resources(Fields):
    """What the search may use; changes no score, apart from threads and gpus."""

    workers: Count = 1
    """Trials at the same time."""
    threads: Count = 1
    """CPU threads of one trial; part of the numerics class."""
    cpus: Positive = 1.0
    """CPUs of one trial."""
    gpus: Number = 0.0
    """GPUs of one trial; 0.5 = two trials share one."""
    max_failures: CountOrNone = 2
    """How often a trial that lost its worker starts again."""


class Store(Fields):
    """Where everything computed is kept, for all studies."""

    path: str | None = None
    """Folder or URL that every machine sees; null = ~/.cache/curriculum-search/store."""
    limit_gb: Positive = 50.0
    """Above this size the least recently used weights go."""
    enabled: Flag = True
    """false: every trial computes everything itself."""
    accept_other_numerics: Flag = False
    """Use results of other devices, types or thread counts too; such rows are marked."""


class StudyConfig(Fields):
    """A whole study."""

    study: About
    encoder: EncoderChoice
    space: Space
    targets: tuple[TargetTask, ...]
    """Tasks that are fine-tuned on English and scored in other languages."""
    languages: Languages = Languages()
    probe: Probe = Probe()
    full: Full = Full()
    objective: Objective = Objective()
    stopping: Annotated[Stopping | None, BeforeValidator(_nothing_word)] = Stopping()
    """`none`: every trial runs to the end (None in Python)."""
    sampler: Sampler = Sampler()
    enumerate: Flag = False
    """Run the whole space instead of sampling it."""
    budget: Budget = Budget()
    seeds: Seeds = Seeds()
    confirm: Confirm = Confirm()
    recipe: Recipes = Recipes()
    resources: Resources = Resources()
    store: Store = Store()
    storage: Annotated[str, AfterValidator(_database)] | None = None
    """URL of Optuna's database; null = a journal file in the run folder."""

    @field_serializer("stopping")
    def _write_stopping(self, stopping: Stopping | None) -> Any:
        return NONE if stopping is None else stopping.model_dump(mode="json")
