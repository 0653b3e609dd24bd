"""The package as it is shipped: what is in it, what it imports, and in which direction."""

import fnmatch
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PYPROJECT["project"]["version"]
SHIPPED = ("py.typed", "api", "bench", "results", "reproductions", "reports", "commands")
OURS = {"tests", "examples", "build", "dist"}  # folders that are not shipped


def files():
    """Every file of the package, relative to the root."""
    for top in sorted(ROOT.iterdir()):
        if top.name.startswith(".") or top.name in OURS:
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT)


def dotted(folder):
    return ".".join(("sgbench", *folder.parts))


def run(*arguments, cwd):
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_packages_are_the_folders_that_have_code():
    folders = {path.parent for path in files() if path.suffix == ".py"}
    assert sorted(PYPROJECT["tool"]["setuptools"]["packages"]) == sorted(map(dotted, folders))
    assert [folder for folder in folders if not (ROOT / folder / "__init__.py").is_file()] == []


def test_data_in_the_folders_of_code_is_package_data():
    declared = PYPROJECT["tool"]["setuptools"]["package-data"]

    def shipped(path):
        return any(
            fnmatch.fnmatchcase(path.as_posix(), "/".join([*package.split(".")[1:], glob]))
            for package, globs in declared.items()
            for glob in globs
        )

    data = [path for path in files() if path.parts[0] in SHIPPED and path.suffix != ".py"]
    assert Path("reproductions/exhibits/table1.toml") in data
    assert [path for path in data if not shipped(path)] == []


def test_the_version_is_told_once_and_the_same_everywhere():
    assert importlib.metadata.version("sgbench") == VERSION
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[?([^]\s]+)", changelog, re.MULTILINE)[0] == VERSION
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [VERSION]


def test_every_dependency_is_pinned_within_its_range():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pins = dict(re.fullmatch(r"([\w.-]+)==([\w.]+)", line).groups() for line in lines)
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    project = PYPROJECT["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, [*needed, *PYPROJECT["build-system"]["requires"]]):
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} but pinned {version}"


FIND_TORCH = """
import importlib, pkgutil, sys
import sgbench
names = ["sgbench.bench.cell"]
for folder in ("results", "reproductions", "reports"):
    package = importlib.import_module(f"sgbench.{folder}")
    names += [m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
    if "torch" in sys.modules:
        sys.exit(f"{name} imports torch")
print(len(names))
"""


def test_only_what_trains_imports_torch(tmp_path):
    code, output = run(sys.executable, "-c", FIND_TORCH, cwd=tmp_path)
    assert code == 0, output
    assert int(output) > 20


@pytest.fixture
def lint(tmp_path):
    """Runs import-linter on a copy of the package, after `changes`: {file: line to append}."""
    copy = tmp_path / "sgbench"
    for path in files():
        if path.suffix == ".py":
            (copy / path.parent).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, copy / path)
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    script = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command"
    )

    def lint(changes):
        for name, line in changes.items():
            with (copy / name).open("a", encoding="utf-8") as stream:
                stream.write(f"\n{line}\n")
        return run(
            sys.executable, "-c", f"{script}; lint_imports_command(['--no-cache'])", cwd=tmp_path
        )

    return lint


def test_imports_point_one_way(lint):
    code, output = lint({})
    assert code == 0, output
    modules = sum(path.suffix == ".py" for path in files())
    assert f"Analyzed {modules} files" in output


def test_imports_against_the_direction_are_caught(lint):
    code, output = lint(
        {
            "bench/errors.py": "from ..results import store",
            "results/statistics/intervals.py": "from ...reproductions import exhibit",
            "reproductions/exhibits/where.py": "import sgbench.reports.pages.exhibit",
            "reports/pages/exhibit.py": "def late():\n    from ... import cli",
        }
    )
    assert code == 1, output
    for lower, upper in pairwise(("bench", "results", "reproductions", "reports", "cli")):
        assert f"sgbench.{lower} is not allowed to import sgbench.{upper}" in output
