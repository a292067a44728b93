"""What is one trial asked to do? Records that travel to a worker as plain JSON values.

`Setup` is what all trials of a study share; `Assignment` is one curriculum with its seeds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from spaces.curriculum import Part, Stage
from trainables.recipe import Recipe
from trainables.tasks import Catalogue, Task
from trainables.tasks.own import catalogue_of
from trainables.tasks.task import SplitName

SEARCH, CONFIRM = "search", "confirm"

DEV_ITEMS = 500
"""English dev items at most, for stages and best steps (jiant's `eval_subset_num`)."""


def stage_dev_items(num_examples: int) -> int:
    """English dev items of a stage: no more than it is trained on, so that little stays cheap."""
    return min(DEV_ITEMS, num_examples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interleave:
    """A task that every stage is trained jointly with.

    So X-STILTs mix masked language modelling into intermediate training (arXiv 2005.13013).
    """

    task: str
    ratio: float
    """Its examples per example of the stage, above 0."""

    def part(self, stage: Stage, num_rows: int) -> Part | None:
        """What it adds to a stage; None where the stage has the task itself.

        Args:
            stage: with sizes as numbers.
            num_rows: training rows that the task has.
        """
        if self.task in stage.tasks:
            return None
        return Part(self.task, min(max(1, round(self.ratio * stage.num_examples)), num_rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything that decides how curricula are trained and scored in a study."""

    run_id: str
    """Names the run folder's life: entries remember who paid for them."""
    encoder: str
    revision: str | None = None
    retrieval_layer: int | None = None
    """Hidden layer for retrieval; None = the encoder's own, see `trainables/sentence_views.py`."""
    retrieval_layers: list[int] | Literal["all"] = field(default_factory=list)
    """Hidden layers at which retrieval is scored too; the objective never reads them."""
    mirror: str | None = None
    cache: str
    """Local folder for tokenised data."""
    store: str | None
    """Path or URL; None = every trial computes everything itself."""
    store_limit_bytes: float = float("inf")
    accept_other_numerics: bool = False
    stage_recipe: Recipe
    target_recipe: Recipe
    task_recipes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Recipe fields that differ for single tasks, as stage and as target."""
    interleave: Interleave | None = None
    """Trained jointly with every stage; the curriculum's text does not say it."""
    threads: int = 1
    """CPU threads of one trial."""
    device: str = "cpu"
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The study's own tasks, as `trainables/tasks/own.py` reads them."""
    skip_bad_rows: bool = False
    partial_seconds: float = 180.0
    """A stage in training keeps its state in the store this often."""

    @property
    def catalogue(self) -> Catalogue:
        """The tasks that the study can name."""
        return catalogue_of(self.tasks)

    def recipe_of_stage(self, tasks: tuple[str, ...]) -> Recipe:
        """How a stage of these tasks is trained; only a stage of one task has its own fields."""
        own = self.task_recipes.get(tasks[0], {}) if len(tasks) == 1 else {}
        return replace(self.stage_recipe, **own)

    def recipe_of_target(self, target: Task) -> Recipe:
        """How a target is trained: its own fields before those of the task that trains it."""
        trained_on = self.task_recipes.get(target.train_task or target.name, {})
        return replace(
            self.target_recipe, **{**trained_on, **self.task_recipes.get(target.name, {})}
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values; `setup_from_json` reads them back."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RungWork:
    """What is trained and scored until one comparison point of ASHA."""

    index: int
    scale: float
    """Fraction of the examples that this rung uses."""
    curriculum: str
    """The stages to train until here, sizes as numbers."""
    train_examples: dict[str, int]
    """Training examples by target; 0 for retrieval."""
    metrics: dict[str, str]
    """The main metric of each target."""
    eval_items: int
    """Items per language at most."""
    splits: dict[SplitName, dict[str, list[str]]]
    """Split name to target to languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One curriculum at given seeds, through all its rungs."""

    phase: str
    role: str
    """baseline, noise, sampled, candidate or control."""
    variant: str = ""
    """What a control changes ("lr x3", "equal examples"); "crowded prefix" or "contender" for a
    noise trial of one; else empty."""
    curriculum: str
    stage_seed: int
    target_seed: int
    rungs: tuple[RungWork, ...]
    learning_rate_factor: float = 1.0
    """Multiplies the targets' learning rate (controls)."""
    extra_examples: int = 0
    """Examples that each target sees beyond its own epochs (control at equal total examples)."""

    @property
    def identity(self) -> tuple[str, str, str, int, int]:
        """What makes two assignments the same trial."""
        return (self.phase, self.curriculum, self.variant, self.stage_seed, self.target_seed)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `assignment_from_json` reads them back."""
        return asdict(self)


def setup_from_json(values: dict[str, Any]) -> Setup:
    """The inverse of `Setup.to_json`."""
    recipes = {name: Recipe(**values[name]) for name in ("stage_recipe", "target_recipe")}
    woven = values["interleave"]
    return Setup(
        **{**values, **recipes, "interleave": None if woven is None else Interleave(**woven)}
    )


def assignment_from_json(values: dict[str, Any]) -> Assignment:
    """The inverse of `Assignment.to_json`."""
    return Assignment(**{**values, "rungs": tuple(RungWork(**r) for r in values["rungs"])})


def target_dev_items(eval_items: int) -> int:
    """English dev items of one look at a target: no more than are scored per language (0: all)."""
    return min(eval_items or DEV_ITEMS, DEV_ITEMS)
