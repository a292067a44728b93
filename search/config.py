"""What is a study? A YAML file, a packaged preset or a mapping, validated in full before anything.

The fields are in `search/study_fields.py`, the rules between them in `search/study_checks.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from search.benchmark_suites import with_suite
from search.own_tasks import checked_entries, with_entries, with_labels
from search.space_checks import NumTrainRows
from search.study_checks import rule_problems
from search.study_errors import StudyError, field_problems
from search.study_fields import StudyConfig
from search.study_values import NONE, nearest
from search.study_yaml import read_yaml, write_yaml
from trainables.tasks import Catalogue
from trainables.tasks.own import catalogue_of
from trainables.tasks.suites import SUITES

__all__ = [
    "StudyConfig",
    "StudyError",
    "check_resources",
    "differences",
    "load_study",
    "preset_text",
    "presets",
    "resolved_yaml",
    "schema",
    "study_identity",
]

FREE = (
    "study.question",
    "budget",
    "resources.workers",
    "resources.cpus",
    "resources.max_failures",
    "store.path",
    "store.limit_gb",
    "store.enabled",
)
"""Fields that may change between two runs of one study: they move no value that is recorded."""

_VALID: dict[str, Any] = {
    "study": {"name": "placeholder"},
    "encoder": {"name": "placeholder"},
    "space": {"tasks": [], "sizes": [], "max_stages": 0},
    "targets": [],
}
"""Stands in for required fields that are wrong, so that the others can still be checked."""


_VALID_ITEMS = {"space.sizes": "full", "space.given": NONE}
"""Stands in for a wrong item, so that the others keep their positions."""

_OPTIONAL = ("recipe.interleave",)
"""Left out as a whole where a field in it is wrong: without that field it says nothing."""


def load_study(
    source: str | Path | Mapping[str, Any],
    *,
    mirror: Path | None = None,
    num_train_rows: NumTrainRows | None = None,
) -> StudyConfig:
    """A study that is right in itself.

    Args:
        source: name of a preset, path of a YAML file, YAML text, or its values.
        mirror: folder that stands in for the hub; it must be there.
        num_train_rows: English training rows of a task that are really there; without it sizes
            are compared with what the tasks declare.

    Raises:
        StudyError: with every problem, one a line.
        DataError: if the rows of a task of the user's, which has no labels, cannot be read.
    """
    values, problems, name = _read(source)
    if mirror is not None and not mirror.is_dir():
        problems.append(
            f"the mirror {mirror} is not a folder; wanted one with datasets/ and models/"
        )
    if values is None:
        raise StudyError(problems, source=name)
    entries, found = checked_entries(values.get("tasks"))
    if found:  # names of such tasks would be unknown everywhere else
        raise StudyError([*problems, *found], source=name)
    config, wrong, found = _validated(values, catalogue_of(entries))
    problems += found
    problems += rule_problems(config, num_train_rows=num_train_rows, wrong=wrong)
    if problems:
        raise StudyError(problems, source=name)
    return with_labels(config, mirror)


def presets() -> tuple[str, ...]:
    """Names of the packaged studies."""
    names = [entry.name for entry in (files("search") / "presets").iterdir()]
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def preset_text(name: str) -> str:
    """The file of a preset, to be copied and changed.

    Raises:
        StudyError: if there is none of that name.
    """
    if name not in presets():
        raise StudyError([f"no preset is named {name!r}; {nearest(name, presets())}"])
    return (files("search") / "presets" / f"{name}.yaml").read_text(encoding="utf-8")


def resolved_yaml(config: StudyConfig) -> str:
    """What a run folder keeps as study.yaml: all fields with defaults; loads as an equal config."""
    return write_yaml(config.model_dump(mode="json"))


def study_identity(config: StudyConfig) -> str:
    """SHA-256, 64 hexadecimal digits, of all fields that must stay when a study is resumed."""
    text = json.dumps(_fixed(config), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(old: StudyConfig, new: StudyConfig) -> list[str]:
    """Fields that make two configs different studies: `space.max_stages: 3, now 2`."""
    before, after = _fixed(old), _fixed(new)
    return [
        f"{field}: {json.dumps(before.get(field))}, now {json.dumps(after.get(field))}"
        for field in dict.fromkeys([*before, *after])
        if before.get(field) != after.get(field)
    ]


def check_resources(config: StudyConfig, *, cpus: float, gpus: float) -> None:
    """Nothing, if a cluster with so many CPUs and GPUs can run all workers at the same time.

    Raises:
        StudyError: with what is missing.
    """
    asked, problems = config.resources, []
    for name, each, there in (("cpus", asked.cpus, cpus), ("gpus", asked.gpus, gpus)):
        wanted = asked.workers * each
        if wanted > there:
            fitting = int(there / each)
            remedy = f"workers {fitting}" if fitting else f"fewer {name} per trial"
            problems.append(
                f"resources.workers is {asked.workers} with resources.{name} {each:g} each, which "
                f"makes {wanted:g} {name}, but there are {there:g}; use {remedy}"
            )
    if problems:
        raise StudyError(problems)


def schema() -> dict[str, Any]:
    """JSON schema of a study file, for editors; the fields of recipes and an example included."""
    from pydantic import TypeAdapter

    from trainables.recipe import Recipe  # here since it imports torch

    found = StudyConfig.model_json_schema()
    recipe = TypeAdapter(Recipe).json_schema() | {"additionalProperties": False}
    parts = found["$defs"]["Recipes"]["properties"]
    found["$defs"]["Recipe"] = recipe
    for part in ("stage", "target"):
        parts[part] = {"$ref": "#/$defs/Recipe", "description": parts[part]["description"]}
    parts["tasks"]["additionalProperties"] = {"$ref": "#/$defs/Recipe"}
    targets = found["properties"]["targets"]
    one_by_one = {name: targets.pop(name) for name in ("items", "type")}
    targets["anyOf"] = [one_by_one, {"enum": list(SUITES)}]
    stopping = found["properties"]["stopping"]
    stopping["anyOf"] = [{"const": NONE} if o == {"type": "null"} else o for o in stopping["anyOf"]]
    example, _ = read_yaml(preset_text("demo"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A study of curriculum-search",
        "examples": [example],
        **found,
    }


def _read(source: str | Path | Mapping[str, Any]) -> tuple[Any, list[str], str]:
    """Plain values (None if there are none), problems, and what to call it."""
    folder = Path()
    if isinstance(source, Mapping):
        return *_written_out(source, folder), "the study"
    if isinstance(source, str) and "\n" in source:
        text, name = source, "the study"
    elif str(source) in presets():
        text, name = preset_text(str(source)), f"preset {source}"
    else:
        try:
            text, name = Path(source).read_text(encoding="utf-8"), str(source)
            folder = Path(source).parent
        except (OSError, UnicodeDecodeError) as error:
            why = "no file" if isinstance(error, FileNotFoundError) else f"not readable ({error})"
            hint = nearest(source, presets())
            return None, [f"{why}, and no preset of that name; {hint}"], f"study {str(source)!r}"
    values, problems = read_yaml(text)
    if not problems and not isinstance(values, dict):
        problems = [f"wanted sections with fields (study, encoder, space, …), found {values!r:.60}"]
    if not isinstance(values, dict):
        return None, problems, name
    values, found = _written_out(values, folder)
    return values, problems + found, name


def _written_out(values: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The values with what they only name in its place, and problems, one a line."""
    found, problems = with_entries(values, folder)
    return with_suite(found), problems


def _validated(
    values: dict[str, Any], catalogue: Catalogue
) -> tuple[StudyConfig, list[str], list[str]]:
    """A config, its fields that are placeholders, and the problems of single fields."""
    sections = [name for name, field in StudyConfig.model_fields.items() if name != "storage"]
    written = {k: {} if v is None and k in sections else deepcopy(v) for k, v in values.items()}
    context = {"catalogue": catalogue}
    try:
        return _absolute(StudyConfig.model_validate(written, context=context)), [], []
    except ValidationError as error:
        found = field_problems(error)
    places = dict.fromkeys(path[:3] for path, _ in reversed(found))
    wrong = [_stand_in(written, path) for path in places]
    return StudyConfig.model_validate(written, context=context), wrong, [line for _, line in found]


def _stand_in(values: dict[str, Any], path: Sequence[int | str]) -> str:
    """Put something valid, or the default, where the field of a problem is.

    Called from the last problem to the first, so that items left out move no other.

    Returns:
        The field, with `[]` where one item of a list is concerned.
    """
    names = [str(part) for part in path[:2] if isinstance(part, str)]
    field, item = ".".join(names), path[len(names)] if len(path) > len(names) else None
    section = values.get(names[0])
    if len(names) == 1 or not isinstance(section, dict):
        holder, valid, name = values, _VALID, names[0]
    else:
        holder, valid, name = section, _VALID.get(names[0], {}), names[1]
    if isinstance(item, int | str) and field not in _OPTIONAL:
        if field in _VALID_ITEMS:
            holder[name][item] = _VALID_ITEMS[field]
        else:
            del holder[name][item]
        return f"{field}[]"
    holder.pop(name, None)
    if name in valid:
        holder[name] = deepcopy(valid[name])
    return field


def _absolute(config: StudyConfig) -> StudyConfig:
    """The same with folders as absolute paths, since workers run elsewhere."""
    path, name = config.store.path, config.encoder.name
    if path is not None and "://" not in path:
        store = config.store.model_copy(update={"path": str(Path(path).expanduser().absolute())})
        config = config.model_copy(update={"store": store})
    if (Path(name) / "config.json").is_file():
        encoder = config.encoder.model_copy(update={"name": str(Path(name).absolute())})
        config = config.model_copy(update={"encoder": encoder})
    return config


def _fixed(config: StudyConfig) -> dict[str, Any]:
    """Values of the fields that must stay, by field."""
    found: dict[str, Any] = {}
    for section, content in config.model_dump(mode="json").items():
        is_section = isinstance(getattr(config, section), BaseModel)
        fields = content.items() if is_section else [("", content)]
        found |= {f"{section}.{name}".removesuffix("."): value for name, value in fields}
    gpus = found.pop("resources.gpus")
    found["resources.gpus above 0"] = gpus > 0
    return {
        field: value
        for field, value in found.items()
        if field not in FREE and field.split(".")[0] not in FREE
    }
