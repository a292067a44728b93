"""How is a study file read and written? Plain YAML values; the same key twice is a problem.

Numbers such as 1e-5 are numbers here (YAML 1.2); PyYAML alone would read them as text.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

_NUMBER = re.compile(r"^[-+]?(?:\d+(?:\.\d*)?|\.\d+)[eE][-+]?\d+$")
_FIRST_CHARACTERS = list("-+.0123456789")


def read_yaml(text: str) -> tuple[Any, list[str]]:
    """The plain values of a YAML text, and its problems, one a line; None if it cannot be read."""
    loader = _Loader(text)
    try:
        return loader.get_single_data(), loader.problems
    except yaml.YAMLError as error:
        return None, [f"not YAML: {_one_line(error)}"]
    finally:
        loader.dispose()


def write_yaml(values: Any) -> str:
    """YAML text that `read_yaml` turns back into equal values; keys keep their order."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which notes keys that come twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.problems: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        first_lines: dict[Any, int] = {}
        for key_node, _ in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if isinstance(key, str) and key in first_lines:
                self.problems.append(
                    f"line {line}: {key!r} is given again after line {first_lines[key]}; keep one"
                )
            first_lines.setdefault(str(key), line)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, which quotes text that `_Loader` would read as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, _FIRST_CHARACTERS)


def _construct_float(loader: _Loader, node: yaml.ScalarNode) -> float:
    text = loader.construct_scalar(node)
    return float(text) if _NUMBER.match(text) else loader.construct_yaml_float(node)


_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)


def _one_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).replace("\n", " ")
    return f"line {mark.line + 1}, column {mark.column + 1}: {what}" if mark else what
