"""The four packages have generic names: they must be ours, and stay off the package index.

PyPI has another `spaces` (Hugging Face); installed together, each overwrites the other in silence.
"""

from __future__ import annotations

import importlib
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("spaces", "trainables", "search", "analysis")
NAME = "curriculum-search"

packages = pytest.mark.parametrize("package", PACKAGES)


@packages
def test_a_package_is_the_one_of_this_repository(package):
    found = Path(importlib.import_module(package).__file__)
    assert found == ROOT / package / "__init__.py"


@packages
def test_no_other_distribution_owns_the_name(package):
    owners = set(packages_distributions().get(package, []))
    assert owners <= {NAME}, f"{owners - {NAME}} also has a package {package}; uninstall it"


def test_the_wheel_holds_the_four_packages_and_no_more():
    listed = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    with_code = {folder.parent.name for folder in ROOT.glob("*/__init__.py")}
    assert set(listed) == set(PACKAGES) == with_code


def test_the_installed_distribution_is_this_project():
    installed = distribution(NAME)
    assert installed.version == PROJECT["project"]["version"]
    assert {(e.name, e.value) for e in installed.entry_points} == set(
        PROJECT["project"]["scripts"].items()
    )


def test_generic_names_must_not_reach_the_package_index():
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


def test_every_folder_with_code_is_a_package():
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            assert (file.parent / "__init__.py").exists(), f"{file.parent} has no __init__.py"


def test_test_files_are_flat_and_no_package():
    tests = ROOT / "tests"
    assert not list(tests.rglob("__init__.py"))
    nested = [f for f in tests.rglob("test_*.py") if f.parent != tests]
    assert nested == []
