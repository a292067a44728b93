"""How are the problems of a study file told? One line each: field, found, wanted, nearest name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from search.study_fields import StudyConfig
from search.study_values import nearest

Path = tuple[int | str, ...]

_PHRASES = {
    "Input should be ": "wanted ",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
    "a valid dictionary": "fields with values",
    "greater than or equal to": "at least",
    "greater than": "more than",
}
"""Pydantic's words and ours."""


class StudyError(ValueError):
    """A study cannot be run as it is written; the message has every problem, one a line."""

    def __init__(self, problems: Iterable[str], *, source: str = "the study") -> None:
        self.problems = tuple(problems)
        """One line each."""
        count = len(self.problems)
        head = f"{source} has {count} problem{'' if count == 1 else 's'}:"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


def field_problems(error: ValidationError, under: Path = ()) -> list[tuple[Path, str]]:
    """Where each problem is, and its line; `under`: the section that alone was validated."""
    found = error.errors(include_url=False)
    return [
        ((*under, *_path(each["loc"])), _line({**each, "loc": (*under, *each["loc"])}))
        for each in found
    ]


def field_text(path: Sequence[int | str]) -> str:
    """A field as the user wrote it: `space.sizes[2]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _line(details: ErrorDetails) -> str:
    path = _path(details["loc"])
    field, found = field_text(path), _short(details["input"])
    kind = details["type"]
    if kind == "missing":
        return f"{field} is missing; wanted: {_description(path)}"
    if kind == "extra_forbidden":
        return f"{field} is no field; {nearest(path[-1], _names_beside(path))}"
    if kind in ("model_type", "model_attributes_type"):
        return f"{field} is {found}; wanted fields: {', '.join(_names_beside((*path, '')))}"
    return f"{field} is {found}; {_wanted(details)}"


def _wanted(details: ErrorDetails) -> str:
    if details["type"] == "value_error":
        return str(details["ctx"]["error"])
    if details["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", details["ctx"]["expected"])
        return f"wanted {' or '.join(known)}; {nearest(details['input'], known)}"
    if details["type"] == "tuple_type":
        return "wanted a list"
    if details["type"] == "string_type":
        return "wanted text (in quotes, if YAML takes it for something else)"
    wanted = details["msg"]
    for theirs, ours in _PHRASES.items():
        wanted = wanted.replace(theirs, ours)
    return wanted


def _path(loc: Sequence[int | str]) -> Path:
    """The place in the file: pydantic's own words (`[key]`) are left out."""
    return tuple(part for part in loc if part != "[key]")


def _names_beside(path: Path) -> list[str]:
    """Names of the fields of the section that holds a path."""
    model = _section(path[:-1])
    return list(model.model_fields) if model else []


def _description(path: Path) -> str:
    model = _section(path[:-1])
    text = model.model_fields[str(path[-1])].description if model else None
    return (text or "a section of that name").replace("\n", " ")


def _section(path: Path) -> type[BaseModel] | None:
    model: type[BaseModel] = StudyConfig
    is_key = False
    for part in path:
        if is_key:  # a name that the user gave, as of a task
            is_key = False
            continue
        annotation = model.model_fields[str(part)].annotation if part in model.model_fields else 0
        options = [annotation, *get_args(annotation)]
        models = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        if not models:
            return None
        model, is_key = models[0], get_origin(annotation) is dict
    return model


def _short(value: Any) -> str:
    text = "empty" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
