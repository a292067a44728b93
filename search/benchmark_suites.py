"""What does `targets: xtreme` in a study file mean? The benchmark's targets, and its proxies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainables.tasks.suites import SUITES


def with_suite(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a study with the targets of the suite that it names, one by one.

    A study that is guided by proxies and names none gets those of the suite.
    """
    found = dict(values)
    name = found.get("targets")
    if not isinstance(name, str) or name not in SUITES:
        return found
    found["targets"] = list(SUITES[name].targets)
    objective, languages = found.get("objective") or {}, found.get("languages") or {}
    if not isinstance(objective, Mapping) or not isinstance(languages, Mapping):
        return found  # told where the fields are checked
    if objective.get("select", "proxy") == "proxy" and "proxy" not in languages:
        found["languages"] = {"proxy": list(SUITES[name].proxies), **languages}
    return found
