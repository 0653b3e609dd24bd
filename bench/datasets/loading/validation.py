"""Validation of loaded data, check by check, for `load` and for `sgbench check`.

The checks are `loads` (types and numbers of dimensions), `declared` (sizes as DATASET says) and
`ranges` (labels, pixels and codes). Where one finds something, those after it are not looked at:
they go by what it found wrong.
"""

from collections.abc import Iterator
from typing import Any, cast

from ...declarations import Dataset
from .kinds import Data, Episodes, Loaded, Text

KINDS: dict[str, type[object]] = {
    "images": Data,
    "counting": Data,
    "episodes": Episodes,
    "text": Text,
}
"""Types that `load` returns, by the kind that DATASET declares."""
PARTS = ("train", "test")


def problems(dataset: Dataset, data: object) -> Iterator[tuple[str, str]]:
    """Yield the check and the problem, in words, of all that is wrong with loaded data."""
    wanted = KINDS[dataset.kind]
    if not isinstance(data, wanted):
        what = f"load returns a {type(data).__name__}"
        yield "loads", f"{what}; kind {dataset.kind} needs a {wanted.__name__}"
        return
    loaded = cast("Loaded", data)
    for check, found in (
        ("loads", _types(loaded)),
        ("declared", _sizes(dataset, loaded)),
        ("ranges", _ranges(loaded)),
    ):
        wrong = False
        for words in found:
            wrong = True
            yield check, words
        if wrong:
            return


def _types(loaded: Loaded) -> Iterator[str]:
    if isinstance(loaded, Data):
        for part in PARTS:
            images, labels = _part(loaded, part)
            yield from _array(f"{part}_images", images, "uint8", "[N, C, H, W]", 4)
            yield from _array(f"{part}_labels", labels, "int64", "[N]", 1)
            if len(images) != len(labels):
                yield f"{len(images)} {part}_images have {len(labels)} {part}_labels"
    elif isinstance(loaded, Text):
        for part in ("train", "valid", "test"):
            yield from _array(part, getattr(loaded, part), "uint8", "[characters]", 1)
    else:
        for level in loaded.levels:
            if not len(level.source) == len(level.constant) == len(level.wanted):
                yield f"level {level.length}: source, constant and wanted differ in length"


def _sizes(dataset: Dataset, loaded: Loaded) -> Iterator[str]:
    if isinstance(loaded, Data):
        found: dict[str, Any] = {
            "shape": loaded.train_images.shape[1:],
            "classes": loaded.classes,
            "examples": (len(loaded.train_images), len(loaded.test_images)),
            "pixel_max": loaded.pixel_max,
        }
        if loaded.test_images.shape[1:] != found["shape"]:
            yield f"test images are {loaded.test_images.shape[1:]}, not {found['shape']}"
    elif isinstance(loaded, Text):
        lengths = (len(loaded.train), len(loaded.valid), len(loaded.test))
        found = {"symbols": len(loaded.alphabet), "characters": lengths}
    else:
        found = {"symbols": loaded.symbols, "classes": loaded.classes}
    for name, value in found.items():
        said = getattr(dataset, name)
        if said != value:
            yield f"load gives {name}={value}, DATASET.{name} is {said}"


def _ranges(loaded: Loaded) -> Iterator[str]:
    if isinstance(loaded, Data):
        for part in PARTS:
            images, labels = _part(loaded, part)
            yield from _within(f"{part}_labels", labels, loaded.classes - 1, "classes - 1")
            yield from _within(f"{part}_images", images, loaded.pixel_max, "pixel_max")
    elif isinstance(loaded, Text):
        for part in ("train", "valid", "test"):
            codes = getattr(loaded, part)
            yield from _within(part, codes, len(loaded.alphabet) - 1, "the last symbol")
        if len(set(loaded.alphabet)) < len(loaded.alphabet):
            yield "the alphabet has a symbol twice"
    else:
        for level in loaded.levels:
            for name, least, most in (
                ("source", -1, level.copied - 1),
                ("wanted", -1, level.copied - 1),
                ("constant", 0, loaded.symbols - 1),
            ):
                values = getattr(level, name)
                if min(values, default=0) < least or max(values, default=0) > most:
                    yield f"level {level.length}: {name} must lie between {least} and {most}"
        lengths = [level.length for level in loaded.levels]
        if not lengths or len(set(lengths)) < len(lengths):
            yield "levels must not be empty, and their lengths must differ"


def _part(loaded: Data, part: str) -> tuple[Any, Any]:
    return getattr(loaded, f"{part}_images"), getattr(loaded, f"{part}_labels")


def _array(name: str, found: object, dtype: str, shape: str, dimensions: int) -> Iterator[str]:
    import numpy as np

    if not isinstance(found, np.ndarray):
        yield f"{name} is a {type(found).__name__}; it must be a NumPy array"
        return
    array = cast("np.ndarray[Any, Any]", found)
    if array.dtype != dtype or array.ndim != dimensions or not len(array):
        is_ = f"{array.dtype} {list(array.shape)}"
        yield f"{name} is {is_}; it must be {dtype} {shape}, and not empty"


def _within(name: str, found: Any, most: int, words: str) -> Iterator[str]:
    low, high = int(found.min()), int(found.max())
    if low < 0 or high > most:
        yield f"{name} goes from {low} to {high}; it must lie between 0 and {most}, {words}"
