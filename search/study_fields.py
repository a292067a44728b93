"""What may a study file say? Its fields, their defaults and what each must be on its own.

Rules between fields are in `search/study_checks.py`. Names of tasks are looked up here, so that a
misspelt one is reported where it stands. The docstrings are the descriptions of the JSON schema.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_serializer

from search.study_values import (
    NONE,
    AnyTask,
    Count,
    CountOrZero,
    CurriculumText,
    Database,
    Examples,
    Flag,
    FolderName,
    LanguagesOrAll,
    Number,
    Positive,
    StageTask,
    Targets,
    Top,
)
from trainables.tasks import Catalogue, KindName
from trainables.tasks.own import catalogue_of
from trainables.tasks.task import Group


class Fields(BaseModel):
    """A section: frozen, and a field that it does not know is a problem."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class About(Fields):
    """What the study is called and asks."""

    name: FolderName
    """Names the run folder."""
    question: str = ""
    """What the study should answer, in a sentence; shown in reports."""
    asks: Literal["best", "order", "size", "morphology", "semantic", "linguistic"] = "best"
    """What in the report answers it: the best curriculum, or what was learnt of order, size,
    morphology, semantic or linguistic similarity. The features that the answer needs are measured
    when the confirmation has ended."""


class EncoderChoice(Fields):
    """The pretrained encoder that every curriculum starts from."""

    name: str
    """`miniworld`, a hub id like `FacebookAI/xlm-roberta-base`, or a folder."""
    revision: str | None = None
    """Commit or tag on the hub; null = its main branch."""
    retrieval_layer: CountOrZero | None = None
    """Hidden layer that is pooled for retrieval; null = the encoder's own, by target."""
    retrieval_layers: tuple[CountOrZero, ...] | Literal["all"] = ()
    """Hidden layers at which retrieval is scored too, in the same forward pass: a sweep to look
    at. No objective, ranking or confirmation reads them."""


class OwnTask(Fields):
    """A task of the user's: local files or a data set of the hub, and no code.

    Under a declared name: the files of a task whose data nobody may give away, or training rows
    of the task in other languages.
    """

    kind: KindName | None = None
    """Its form: classification, multiple_choice, span_qa, tagging, retrieval, mlm."""
    files: dict[str, str] = {}
    """train, dev, search, report (or names for `splits`) to a file or pattern: .parquet, .jsonl,
    .json, .csv, .tsv, .txt, in UTF-8; relative to the study file; `{language}` is replaced."""
    path: str | None = None
    """Instead of files: a data set of the hub, `org/name`."""
    config: str | None = None
    """Its configuration; `{language}` is replaced."""
    revision: str | None = None
    """Commit or tag on the hub."""
    splits: dict[Literal["train", "dev", "search", "report"], str] = {}
    """Our splits to the data's own names; `name@a` and `@b` are halves of it by id, `@tenth` and
    `@rest` a tenth and the others. Without a dev split a tenth of the training rows is one."""
    columns: dict[str, str | tuple[str, ...]] = {}
    """Our columns to the data's own names, where they differ."""
    labels: tuple[str, ...] = ()
    """In the order of their numbers; by default those in the training rows."""
    metric: str | None = None
    """By default that of the kind."""
    max_length: Count | None = None
    """Tokens of an example; by default 128, for span_qa 384."""
    unanswerable: Flag = False
    """span_qa: whether some questions have no answer in their context."""
    morphological: Flag = False
    """Whether its labels say what the forms of English words mean: POS, features, lemmas,
    inflection."""
    languages: tuple[str, ...] = ()
    """Of a target: those that have search and report splits, English first."""
    train_languages: tuple[str, ...] = ()
    """Other languages in which it trains: NAME@LANGUAGE, NAME@all."""
    train_task: str | None = None
    """Of a target without training rows: the task that fine-tunes it."""
    group: Group | None = None
    """XTREME's group, for `aggregate: group-mean`."""
    licence: str | None = None
    """Of the data."""
    citation: str | None = None
    """Whom to cite."""
    note: str | None = None
    """What else to know about it."""


class Space(Fields):
    """Which curricula can be searched."""

    tasks: tuple[StageTask, ...]
    """Intermediate tasks, as `curriculum tasks` lists them."""
    sizes: tuple[Examples, ...]
    """Numbers of examples that a stage may take of a task; `full` = all of its training set."""
    max_stages: CountOrZero
    """Most stages of a curriculum."""
    joint: Count = 1
    """Most tasks that one stage trains jointly; 1 = no mixtures."""
    repeats: Flag = False
    """Whether a task may come again in a later stage."""
    required: tuple[StageTask, ...] = ()
    """Tasks that every curriculum has."""
    forbidden: tuple[StageTask, ...] = ()
    """Tasks of `tasks` that no curriculum has."""
    given: tuple[CurriculumText, ...] = ()
    """Baselines beside the automatic ones (none, each task alone, all jointly), as text:
    `mnli:9000 > squad:3000+hellaswag:3000`."""


class Languages(Fields):
    """Who sees which languages. English is always scored."""

    proxy: tuple[str, ...] = ()
    """Few, typologically spread languages whose search split guides the search; they leave every
    reported mean. A target is guided by those that it has."""
    report: LanguagesOrAll = "all"
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
    """How poor curricula are stopped early (asynchronous successive halving).

    None is, unless a study asks for it: on recorded tables a probe of a ninth or a third of a
    target's examples, with which all run to the end, found better ones for less
    (docs/benchmarks.md).
    """

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

    name: str = "CurriculumSampler"
    """CurriculumSampler, our own Gaussian process over tasks, order and sizes, which weighs what a
    trial may gain with what it has yet to train; or a sampler class of `optuna.samplers`."""
    options: dict[str, Any] = {}
    """Its keyword arguments, without the seed (`seeds.sampler`). CurriculumSampler takes a prior:
    a number by task, higher for tasks that should help more."""
    codec: Literal["random_keys", "lehmer", "slots"] = "slots"
    """How samplers of Optuna see a curriculum."""
    proposals: Annotated[int, Field(ge=1, le=20)] = 1
    """Of so many proposals, the one is run of whose stages most are trained already."""


class Budget(Fields):
    """When the search ends; exactly one of the three. Baselines do not count."""

    trials: Count | None = None
    """Sampled curricula."""
    examples: Count | None = None
    """Examples paid for, in stages, targets and evaluation together."""
    hours: Positive | None = None
    """Hours of searching, over all runs of the study."""


class Seeds(Fields):
    """Random seeds; stages and targets have their own."""

    stage: CountOrZero = 1
    """Of every stage in the search: its rows, their order, its head, dropout."""
    target: CountOrZero = 1
    """Of every target in the search, likewise."""
    sampler: CountOrZero = 1
    """Of the sampler's proposals."""
    noise: tuple[CountOrZero, ...] = (2, 3)
    """Further seeds of three baselines, which measure the noise of every rung; the first is also
    that of prefixes on which many trials stand."""
    contenders: CountOrZero = 1
    """So many of the best so far run on the noise seeds too before they are believed, in an
    enumeration when all others have ended; 0 = none. Such trials do not count as trials. With
    them the best so far is the empty curriculum until another beats it by two standard errors."""
    confirm: tuple[CountOrZero, ...] = (11, 12, 13, 14, 15)
    """Fresh seeds of the confirmation, for stages and targets."""

    @property
    def of_contenders(self) -> tuple[int, ...]:
        """Seeds on which the best of the search ran, beside the study's own."""
        return self.noise if self.contenders else ()


class Confirm(Fields):
    """What is run again on fresh seeds with full targets."""

    top: Top = 2
    """Best curricula to confirm; all = all of the space that ran to the end, to learn from them;
    0 = no confirmation."""
    controls: Flag = True
    """Also the winner's tasks jointly, its stages reversed, and no stages at equal examples."""
    learning_rates: tuple[Positive, ...] = (0.3, 3.0)
    """The empty curriculum also at these multiples of the targets' learning rate."""


class Interleaved(Fields):
    """A task that every stage is trained jointly with, such as masked language modelling."""

    task: StageTask
    """An intermediate task that `space.tasks` does not have."""
    ratio: Positive
    """Its examples per example of a stage; at least one example, at most all that it has."""


class Recipes(Fields):
    """How stages and targets are trained; fields of Recipe in `trainables/recipe.py`."""

    stage: dict[str, Any] = {}
    """For every stage."""
    target: dict[str, Any] = {}
    """For every target."""
    tasks: dict[AnyTask, dict[str, Any]] = {}
    """Fields that differ for single tasks, as stage and as target."""
    interleave: Interleaved | None = None
    """A task trained jointly with every stage, `{task: mini-mlm, ratio: 0.25}`; null = none."""


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
    max_failures: CountOrZero = 2
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
    tasks: dict[FolderName, OwnTask] = {}
    """Tasks of the user's own, by name; or the name of a YAML file beside the study that has
    them."""
    on_bad_row: Literal["stop", "skip"] = "stop"
    """What happens at a row that cannot be used: the study is refused, or the row is left out and
    counted. A file that cannot be read or lacks a column is always refused."""
    space: Space
    targets: Targets
    """Tasks that are fine-tuned on English and scored in other languages; or a benchmark, `xtreme`
    or `xtreme-r`: then languages.proxy has a default."""
    languages: Languages = Languages()
    probe: Probe = Probe()
    full: Full = Full()
    objective: Objective = Objective()
    stopping: Annotated[Stopping | None, BeforeValidator(lambda v: None if v == NONE else v)] = None
    """`none`: every trial runs to the end (None in Python); `{}`: poor ones are stopped."""
    sampler: Sampler = Sampler()
    enumerate: Flag = False
    """Run the whole space instead of sampling it."""
    budget: Budget = Budget()
    seeds: Seeds = Seeds()
    confirm: Confirm = Confirm()
    recipe: Recipes = Recipes()
    resources: Resources = Resources()
    store: Store = Store()
    storage: Database | None = None
    """URL of Optuna's database; null = a journal file in the run folder."""

    @cached_property
    def catalogue(self) -> Catalogue:
        """The tasks that the study can name."""
        return catalogue_of(self.entries)

    @property
    def entries(self) -> dict[str, dict[str, Any]]:
        """Its own tasks as plain values, which travel to workers."""
        return {k: v.model_dump(mode="json", exclude_defaults=True) for k, v in self.tasks.items()}

    def model_copy(self, **how: Any) -> Self:
        """As pydantic's, but the catalogue is that of the copy's own tasks."""
        copied = super().model_copy(**how)
        copied.__dict__.pop("catalogue", None)
        return copied

    @field_serializer("stopping")
    def _write_stopping(self, stopping: Stopping | None) -> Any:
        return NONE if stopping is None else stopping.model_dump(mode="json")
