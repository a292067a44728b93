"""What is a `curriculum.yaml`? A study file with one more section, which names one trial of it.

    trial: {phase: confirm, curriculum: "mnli:9000 > squad:3000", stage_seed: 11, target_seed: 11}

`confirm` trains targets in full and scores both splits; `search` trains and scores them as the
search did at its last rung. The store's place is left out: it is no part of what is computed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from search.assignments import Planner
from search.config import load_study
from search.run_folder import RunFolder
from search.study_fields import StudyConfig
from search.study_values import StageTask, nearest
from search.study_yaml import read_yaml, write_yaml
from spaces.curriculum import parse_curriculum
from trainables.assignment import CONFIRM, SEARCH, Assignment
from trainables.tasks.task import SplitName

FILES = (".yaml", ".yml")
SPLITS: tuple[SplitName, ...] = ("search", "report")
_HEAD = """\
# One curriculum of the study {study!r}, with all that decides its scores. Train it again:
#   curriculum train {name}               the encoder after the last stage
#   curriculum train {name} --target T    a target fine-tuned on it
"""


class TrialFileError(ValueError):
    """The curriculum to be trained cannot be read: says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialChoice:
    """One trial of a study, by the columns of its observations."""

    phase: str = CONFIRM
    curriculum: str
    stage_seed: int
    target_seed: int

    def __post_init__(self) -> None:
        if self.phase not in (SEARCH, CONFIRM):
            raise TrialFileError(f"trial.phase is {self.phase!r}; wanted {SEARCH} or {CONFIRM}")
        for name in ("stage_seed", "target_seed"):
            seed: Any = getattr(self, name)
            if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
                raise TrialFileError(f"trial.{name} is {seed!r}; wanted a whole number from 0 on")
        parse_curriculum(self.curriculum)


def trial_text(config: StudyConfig, choice: TrialChoice, name: str = "curriculum.yaml") -> str:
    """The file of a trial."""
    values = config.model_dump(mode="json", exclude={"store", "storage"})
    head = _HEAD.format(study=config.study.name, name=name)
    return head + write_yaml({"trial": asdict(choice), **values})


def load_trial(
    source: str, *, study: str | None = None, mirror: Path | None = None
) -> tuple[StudyConfig, TrialChoice]:
    """The study and the trial that a user names.

    Args:
        source: path of a curriculum.yaml, or a curriculum in text form.
        study: study file or preset that says the rest for the text form.
        mirror: folder that stands in for the hub.

    Raises:
        TrialFileError, StudyError: with what is wrong.
    """
    if not source.endswith(FILES):
        return _from_text(source, study, mirror)
    if study is not None:
        raise TrialFileError(f"{source} says its study itself; leave --study out")
    try:
        values, problems = read_yaml(Path(source).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TrialFileError(f"{source} cannot be read: {error}") from error
    if problems or not isinstance(values, dict) or not isinstance(values.get("trial"), dict):
        wanted = "; ".join(problems) or "wanted a section `trial`, as `curriculum export` writes it"
        raise TrialFileError(f"{source} is no file of a curriculum: {wanted}")
    trial = values.pop("trial")
    config = load_study(values | _store_of(Path(source)), mirror=mirror)
    return config, _choice(trial, config)


def assignment_of(choice: TrialChoice, planner: Planner) -> Assignment:
    """What training the trial asks for, in one go.

    Raises:
        TrialFileError: for a task that is no stage, or a size above its rows.
    """
    _check_stages(choice.curriculum, planner)
    curriculum = planner.resolved(choice.curriculum)
    if choice.phase == SEARCH:
        made = planner.search(curriculum, "sampled", None)
        made = replace(made, rungs=made.rungs[-1:])
    else:
        splits = {split: planner.languages(split) for split in SPLITS}
        made = planner.confirm(curriculum, "candidate", choice.stage_seed, split="search")
        made = replace(made, rungs=(replace(made.rungs[0], splits=splits),))
    return replace(made, stage_seed=choice.stage_seed, target_seed=choice.target_seed)


def mirror_of(source: str) -> Path | None:
    """The mirror that the run of an exported file used last; None for anything else."""
    run = _run_of(Path(source)) if source.endswith(FILES) else None
    return None if run is None else run.mirror


def _from_text(
    text: str, study: str | None, mirror: Path | None
) -> tuple[StudyConfig, TrialChoice]:
    if study is None:
        parse_curriculum(text)
        raise TrialFileError(
            f"{text!r} names no encoder and no recipe; say --study with a study file or a preset"
        )
    config = load_study(study, mirror=mirror)
    return config, _choice({"curriculum": text}, config)


def _choice(trial: dict[str, Any], config: StudyConfig) -> TrialChoice:
    known = [field.name for field in fields(TrialChoice)]
    for name in trial:
        if name not in known:
            raise TrialFileError(f"trial.{name} is no field; {nearest(name, known)}")
    if not isinstance(trial.get("curriculum"), str):
        raise TrialFileError(f"trial.curriculum is {trial.get('curriculum')!r}; wanted its text")
    seeds = {"stage_seed": config.seeds.stage, "target_seed": config.seeds.target}
    return TrialChoice(**{**seeds, **trial})


def _check_stages(text: str, planner: Planner) -> None:
    stage_task = TypeAdapter[str](StageTask)
    for part in (part for stage in parse_curriculum(text).stages for part in stage.parts):
        try:
            context = {"catalogue": planner.catalogue}
            stage_task.validate_python(part.task, context=context)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise TrialFileError(f"the curriculum has {part.task!r}: {reason}") from error
        rows = planner.train_size(part.task)
        if part.num_examples > rows:
            raise TrialFileError(
                f"the curriculum has {part}, but {part.task} has {rows} training examples; "
                "lower it, or write `full`"
            )


def _store_of(path: Path) -> dict[str, Any]:
    """The store of the run that an exported file lies in: what it trained is there."""
    run = _run_of(path)
    return {} if run is None else {"store": load_study(run.study_file).store.model_dump()}


def _run_of(path: Path) -> RunFolder | None:
    """The run folder of RUN/best/NN/curriculum.yaml."""
    parents = path.absolute().parents
    run = RunFolder(parents[2]) if len(parents) > 2 and parents[1].name == "best" else None
    return run if run is not None and run.study_file.is_file() else None
