"""The conformance checks of a dataset."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import torch

from .. import datasets, registry
from ..datasets import Data, Episodes, Text
from ..declarations import Dataset
from ..errors import DataError
from .checks import Check, CheckResult, Failed, Skipped, Warned, run_checks
from .settings import Setting, baseline_of

Loaded = Data | Episodes | Text
KINDS: dict[str, type[object]] = {
    "images": Data,
    "counting": Data,
    "episodes": Episodes,
    "text": Text,
}
"""What `load` returns, by the kind that DATASET declares."""
UPDATES = 3
PARTS = ("train", "test")


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
    wanted = KINDS[declared.kind]
    if not isinstance(loaded, wanted):
        words = f"load returns a {type(loaded).__name__}; kind {declared.kind} needs a"
        return iter([CheckResult("loads", "fails", f"{words} {wanted.__name__}")])
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
        ("loads", f"load returns a {type(loaded).__name__}, whose values have the types", types),
        ("declared", "sizes are those that DATASET declares", sizes),
        ("ranges", "labels, pixels and codes are in their ranges", ranges),
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


def types(declared: Dataset, loaded: Loaded) -> None:
    """Values have the types and numbers of dimensions of the kind."""
    del declared
    if isinstance(loaded, Data):
        for part in PARTS:
            images, labels = _part(loaded, part)
            _array(f"{part}_images", images, np.uint8, "[N, C, H, W]", 4)
            _array(f"{part}_labels", labels, np.int64, "[N]", 1)
            if len(images) != len(labels):
                raise Failed(f"{len(images)} {part}_images have {len(labels)} {part}_labels")
    elif isinstance(loaded, Text):
        for part in ("train", "valid", "test"):
            _array(part, getattr(loaded, part), np.uint8, "[characters]", 1)
    else:
        for level in loaded.levels:
            if not len(level.source) == len(level.constant) == len(level.wanted):
                raise Failed(f"level {level.length}: source, constant and wanted differ in length")


def sizes(declared: Dataset, loaded: Loaded) -> None:
    """Sizes are those of the declaration."""
    if isinstance(loaded, Data):
        found: dict[str, Any] = {
            "shape": loaded.train_images.shape[1:],
            "classes": loaded.classes,
            "examples": (len(loaded.train_images), len(loaded.test_images)),
            "pixel_max": loaded.pixel_max,
        }
        if loaded.test_images.shape[1:] != found["shape"]:
            raise Failed(f"test images are {loaded.test_images.shape[1:]}, not {found['shape']}")
    elif isinstance(loaded, Text):
        lengths = (len(loaded.train), len(loaded.valid), len(loaded.test))
        found = {"symbols": len(loaded.alphabet), "characters": lengths}
    else:
        found = {"symbols": loaded.symbols, "classes": loaded.classes}
    for name, value in found.items():
        said = getattr(declared, name)
        if said != value:
            raise Failed(f"DATASET.{name} is {said}, and what is loaded has {value}")


def ranges(declared: Dataset, loaded: Loaded) -> None:
    """Labels are classes, pixels and codes at most the largest."""
    del declared
    if isinstance(loaded, Data):
        for part in PARTS:
            images, labels = _part(loaded, part)
            _within(f"{part}_labels", labels, loaded.classes - 1, "classes - 1")
            _within(f"{part}_images", images, loaded.pixel_max, "pixel_max")
    elif isinstance(loaded, Text):
        for part in ("train", "valid", "test"):
            _within(part, getattr(loaded, part), len(loaded.alphabet) - 1, "the last symbol")
        if len(set(loaded.alphabet)) < len(loaded.alphabet):
            raise Failed("the alphabet has a symbol twice")
    else:
        for level in loaded.levels:
            for name, least, most in (
                ("source", -1, level.copied - 1),
                ("wanted", -1, level.copied - 1),
                ("constant", 0, loaded.symbols - 1),
            ):
                values = getattr(level, name)
                if min(values) < least or max(values) > most:
                    raise Failed(f"level {level.length}: {name} is not between {least} and {most}")
        lengths = [level.length for level in loaded.levels]
        if not lengths or len(set(lengths)) < len(lengths):
            raise Failed("levels must not be empty, and their lengths must differ")


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


def _part(loaded: Data, part: str) -> tuple[Any, Any]:
    return getattr(loaded, f"{part}_images"), getattr(loaded, f"{part}_labels")


def _array(name: str, found: object, dtype: type, shape: str, dimensions: int) -> None:
    if not isinstance(found, np.ndarray):
        raise Failed(f"{name} is a {type(found).__name__}; it is a NumPy array")
    array = cast("np.ndarray[Any, Any]", found)
    if array.dtype != dtype or array.ndim != dimensions or not len(array):
        is_ = f"{array.dtype} {list(array.shape)}"
        raise Failed(f"{name} is {is_}; it is {np.dtype(dtype)} {shape}, and not empty")


def _within(name: str, found: Any, most: int, words: str) -> None:
    low, high = int(found.min()), int(found.max())
    if low < 0 or high > most:
        raise Failed(f"{name} goes from {low} to {high}; it must lie between 0 and {most}, {words}")
