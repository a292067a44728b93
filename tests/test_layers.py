"""Which way the arrows run: spaces <- trainables <- search, spaces <- analysis <- search."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "spaces": set(),
    "trainables": {"spaces"},
    "analysis": {"spaces"},
    "search": {"spaces", "trainables", "analysis"},
}
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print(*sorted(set(sys.argv[2:]) & sys.modules.keys()))
"""
SLOW = ("torch", "ray", "transformers", "datasets", "statsmodels", "scipy.stats", "scipy.optimize")
"""What no module of spaces and analysis loads when it is imported: a report opens in a second."""


def imported(path: Path) -> Iterator[str]:
    """Top-level names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def importers(folder: str, name: str) -> list[str]:
    """Files under a folder of the repository that import a package."""
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, f"no files under {folder}"
    return [str(file.relative_to(ROOT)) for file in files if name in imported(file)]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package):
    for other in MAY_IMPORT.keys() - MAY_IMPORT[package] - {package}:
        assert importers(package, other) == []


@pytest.mark.parametrize("package", ["spaces", "analysis"])
@pytest.mark.parametrize("heavy", ["torch", "ray"])
def test_spaces_and_analysis_name_neither_torch_nor_ray(package, heavy):
    assert importers(package, heavy) == []


def printed_alone(code, *arguments):
    """Words that code prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("package", ["spaces", "analysis"])
def test_no_module_of_spaces_and_analysis_loads_what_is_slow(package):
    assert printed_alone(IMPORT_ALL, package, *SLOW) == []


def test_a_report_of_a_study_opens_without_torch_ray_and_data_sets():
    code = "import search.study_api, search.report_files\nfrom search.config import load_study\n"
    code += "import sys\nload_study('demo')\nprint(*set(sys.argv[1:]) & sys.modules.keys())"
    assert printed_alone(code, *SLOW[:-1]) == []


def test_ray_is_imported_in_one_file_of_trainables():
    assert importers("trainables", "ray") == ["trainables/trainable.py"]


def test_a_plan_and_a_simulation_need_no_ray():
    code = "import sys, search.plan, search.simulation\nprint(*{'ray'} & sys.modules.keys())"
    assert printed_alone(code) == []


def test_declaring_a_task_needs_no_torch():
    assert importers("trainables/tasks", "torch") == []


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_are_absolute(package):
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}:{node.lineno}"


@pytest.mark.parametrize("forbidden", ["pickle", "cloudpickle", "dill", "shelve", "marshal"])
def test_nothing_of_ours_is_pickled(forbidden):
    assert [file for package in MAY_IMPORT for file in importers(package, forbidden)] == []
