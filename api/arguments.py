"""Arguments that several functions take: stores and external files; and their warnings."""

import contextlib
import inspect
import os
import warnings
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bench.errors import SgbenchWarning, UsageError
from ..bench.paths import path_argument

if TYPE_CHECKING:
    from ..results.store.store import Store

PathLike = str | os.PathLike[str]
Where = Mapping[str, Any]
"""Fields and what a cell is to have: a value, a list of values, or `slice(low, high)` for numbers
with low <= value < high; None where the field does not apply. All must hold."""
_PACKAGE = __name__.partition(".")[0]


def open_source(store: PathLike | None, published: bool) -> "Store":
    """Return the store that is read; UsageError where there is none."""
    from ..results.store.published import open_published
    from ..results.store.store import Store

    if published:
        if store is not None:
            raise UsageError("published=True and store exclude each other: give one of them")
        return open_published()
    return Store.existing(folder(store))


def folder(store: PathLike | None) -> Path:
    """Return the folder of a store: SGBENCH_STORE, or else the usual one, where none is named."""
    from ..results.store.store import USUAL

    usual = os.environ.get("SGBENCH_STORE") or USUAL
    given = usual if store is None else os.fspath(store)
    return path_argument(given, "--store")


@contextlib.contextmanager
def own_files(
    rule_files: PathLike | Sequence[PathLike] | None,
    dataset_files: PathLike | Sequence[PathLike] | None,
) -> Generator[None]:
    """Know rules and data sets of the caller's own for as long as the context lasts."""
    from ..bench.registry import DATASETS, RULES

    kinds = (
        (RULES, rule_files, "--rule-file", "SGBENCH_RULE_FILES"),
        (DATASETS, dataset_files, "--dataset-file", "SGBENCH_DATASET_FILES"),
    )
    with contextlib.ExitStack() as stack:
        for registry, given, option, variable in kinds:
            usual = filter(None, os.environ.get(variable, "").split(os.pathsep))
            paths = [given] if isinstance(given, (str, os.PathLike)) else given
            for path in usual if paths is None else paths:
                before = {source.name for source in registry.external_files()}
                name = registry.add_file(os.fspath(path), variable if paths is None else option)
                if name not in before:
                    stack.callback(registry.remove, name)
        yield


def warn(store: "Store") -> None:
    """Warn of what in the store was not usable, each once."""
    while store.warnings:
        say(store.warnings.pop(0))


def say(words: str) -> None:
    """Warn, as of the line outside of the package that called it."""
    depth, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(words.removeprefix("warning: "), SgbenchWarning, stacklevel=depth)
