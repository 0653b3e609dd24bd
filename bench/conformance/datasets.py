"""The conformance checks of a dataset."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import torch

from .. import datasets, registry
from ..datasets import Data, Episodes, Loaded, Text
from ..datasets.loading import validation
from ..declarations import Dataset
from ..errors import DataError
from .checks import Check, CheckResult, Failed, Skipped, Warned, run_checks
from .settings import Setting, baseline_of

UPDATES = 3


def check_dataset(
    name: str, data_dir: str | None = None, path: str | None = None
) -> Iterator[CheckResult]:
    """Check a dataset; yield what each check finds, as it is found.

    Args:
        name: of the dataset, which is registered.
        data_dir: the data folder.
        path: its file, for the lines where it raises; None where it has none of its own.

    Raises UsageError or DataError where it cannot be loaded.
    """
    declared = registry.DATASETS.declared(name)
    loaded: Any = _loaded(name, data_dir)
    if not isinstance(loaded, validation.KINDS[declared.kind]):
        ((check, problem),) = validation.problems(declared, loaded)
        return iter([CheckResult(check, "fails", problem)])
    return run_checks(_checks(declared, cast("Loaded", loaded), data_dir), {}, path)


def _loaded(name: str, data_dir: str | None) -> Any:
    """Return the data, as the module gives it where the package would refuse it: checks tell why.

    Raises the DataError where `load` itself fails.
    """
    try:
        return datasets.load(name, data_dir)
    except DataError as error:
        try:
            return registry.DATASETS.module(name).load(datasets.resolve(data_dir))
        except Exception:
            raise error from None


def _checks(declared: Dataset, loaded: Loaded, data_dir: str | None) -> list[Check]:
    table: tuple[tuple[str, str, Callable[[Dataset, Any], None]], ...] = (
        (
            "loads",
            f"load returns a {type(loaded).__name__}, whose values have the types",
            functools.partial(validate, "loads"),
        ),
        (
            "declared",
            "sizes are those that DATASET declares",
            functools.partial(validate, "declared"),
        ),
        (
            "ranges",
            "labels, pixels and codes are in their ranges",
            functools.partial(validate, "ranges"),
        ),
        ("same_twice", "loaded again it is the same", functools.partial(same_twice, data_dir)),
        ("hash", "its hash is the same twice", functools.partial(hash_, data_dir)),
        ("splits", "what is tested on is not trained on", splits),
        ("order", "the last sixth, held out for validation, has every class", order),
        ("trains", f"{UPDATES} updates of every network that reads {declared.kind}", trains),
    )
    return [
        Check(name=name, sentence=words, run=functools.partial(run, declared, loaded))
        for name, words, run in table
    ]


def validate(check: str, declared: Dataset, loaded: Loaded) -> None:
    """One check of `validation` finds nothing; Skipped where one before it does."""
    for found, problem in validation.problems(declared, loaded):
        if found == check:
            raise Failed(problem)
        raise Skipped(f"{found} fails")


def same_twice(data_dir: str | None, declared: Dataset, loaded: Loaded) -> None:
    """Loading again gives the same values."""
    again = datasets.load(declared.name, data_dir)
    names = [name for name in type(loaded).__dataclass_fields__ if name != "levels"]
    for name in names:
        if not np.array_equal(getattr(loaded, name), getattr(again, name)):
            raise Failed(f"{name} differs when it is loaded again: order and content are data")
    if isinstance(loaded, Episodes) and loaded != again:
        raise Failed("the levels differ when they are loaded again")


def hash_(data_dir: str | None, declared: Dataset, loaded: Loaded) -> None:
    """The data's hash, which is in every id, is 16 hexadecimal digits, twice the same."""
    del loaded
    one, other = (datasets.data_hash(declared.name, data_dir) for _ in range(2))
    if one != other or not re.fullmatch(r"[0-9a-f]{16}", one):
        words = "it must return the same 16 hexadecimal digits"
        raise Failed(f"data_hash returned {one!r}, then {other!r}; {words}")


def splits(declared: Dataset, loaded: Loaded) -> None:
    """No test example is a training example."""
    del declared
    if isinstance(loaded, Episodes):
        raise Skipped("episodes are generated")
    if isinstance(loaded, Text):
        if loaded.test.tobytes() in loaded.train.tobytes():
            raise Failed("the test text is a part of the training text")
        return
    if np.shares_memory(loaded.train_images, loaded.test_images):
        raise Failed("training and test images are one array in memory; copy one of them")
    seen = {image.tobytes() for image in loaded.train_images}
    shared = sum(image.tobytes() in seen for image in loaded.test_images)
    if shared:
        raise Warned(
            f"{shared:,} of {len(loaded.test_images):,} test images are training images too,"
            " pixel for pixel"
        )


def order(declared: Dataset, loaded: Loaded) -> None:
    """Examples are not sorted by label: validation holds out the last sixth."""
    del declared
    if not isinstance(loaded, Data):
        raise Skipped("it is for labelled images")
    labels = loaded.train_labels
    cut = len(labels) - len(labels) // 6
    for words, part in (("to train on", labels[:cut]), ("held out", labels[cut:])):
        missing = sorted(set(range(loaded.classes)) - set(part.tolist()))
        if missing:
            raise Warned(
                f"with split=validation the part {words} lacks the classes"
                f" {', '.join(map(str, missing[:5]))}; are the examples sorted by label?"
            )


def trains(declared: Dataset, loaded: Loaded) -> None:
    """Every network that reads the kind trains a few updates."""
    for name in registry.FAMILIES.names():
        family: Any = registry.FAMILIES.declared(name)
        for network in family.networks if declared.kind in family.data_kinds else ():
            setting = Setting(baseline_of(family), family, network, declared.name)
            with family.grad_mode():
                program = family.program([setting.cell()], loaded, torch.device("cpu"))
                for _ in range(UPDATES):
                    program.step()
            if not torch.isfinite(program.weights.flat).all():
                raise Failed(f"{network}: after {UPDATES} updates a weight is not finite")
