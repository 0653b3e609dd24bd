"""The subject of `sgbench check`: a rule or a dataset, given as a file or by its name."""

from __future__ import annotations

import ast
import contextlib
import tomllib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError, did_you_mean
from ..registry import DATASETS, RULES, Registry
from .checks import CheckResult

DECLARATIONS = {"RULE": RULES, "DATASET": DATASETS}
"""The registry of what a Python file declares, by the declaration's name."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked.

    Attributes:
        kind: `rule` or `dataset`.
        name: its name.
        path: its file, None where it is the package's or an installed one's.
    """

    kind: str
    name: str
    path: str | None

    def check(self, data_dir: str | None) -> Iterator[CheckResult]:
        """Run the checks; yield what each finds.

        Raises UsageError or DataError where a dataset cannot be loaded.
        """
        from ..nn import products
        from ..training.torch_settings import configure_torch

        configure_torch("cpu", 1, products.available()[0])
        if self.kind == "rule":
            from .rules import check_rule

            return check_rule(self.name, self.path)
        from .datasets import check_dataset

        return check_dataset(self.name, data_dir, self.path)


@contextlib.contextmanager
def open_subject(text: str) -> Generator[Subject]:
    """Yield the rule or dataset that `text` names, a file's while its registry has it.

    Raises UsageError where there is no such file or name, or it cannot be loaded.
    """
    registry = _registry(text)
    if not _is_file(text):
        registry.declared(text)
        yield Subject(registry.kind, text, None)
        return
    before = {source.name for source in registry.external_files()}
    name = registry.add_file(text, "FILE")
    try:
        yield Subject(registry.kind, name, str(Path(text).absolute()))
    finally:
        if name not in before:
            registry.remove(name)


def _is_file(text: str) -> bool:
    return Path(text).suffix in (".py", ".toml") or Path(text).exists()


def _registry(text: str) -> Registry[Any]:
    """Return the registry of a file's kind, or of a name; without running the file."""
    path = Path(text)
    if not _is_file(text):
        for registry in (RULES, DATASETS):
            if text in registry.names():
                return registry
        known = (*RULES.names(), *DATASETS.names())
        raise UsageError(
            f"FILE {text}: no file, and no rule or dataset of that name{did_you_mean(text, known)}"
        )
    if path.suffix == ".toml":
        _refuse_exhibit(text)
        return DATASETS
    try:
        found = _assigned(ast.parse(path.read_bytes()))
    except (OSError, SyntaxError, ValueError):
        return RULES  # which says what is wrong with the file
    kinds = [registry for name, registry in DECLARATIONS.items() if name in found]
    if len(kinds) != 1:
        has = "both RULE and DATASET" if kinds else "neither RULE nor DATASET"
        raise UsageError(f"FILE {text} has {has} at its top level; it needs one of them")
    return kinds[0]


def _refuse_exhibit(text: str) -> None:
    """Raise UsageError where a TOML file is an exhibit, which is checked before it is run."""
    try:
        found = tomllib.loads(Path(text).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return  # the datasets' reader says what is wrong with the file
    if "grid" in found:
        raise UsageError(f"FILE {text} is an exhibit; `sgbench run {text} --dry-run` checks it")


def _assigned(tree: ast.Module) -> set[str]:
    """Return the names that a module's top level assigns or imports."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found
