"""IDX files: arrays of unsigned bytes behind a header, plain or gzipped, as MNIST's are."""

import functools
import hashlib
import math
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .files import UNREADABLE, open_maybe_gzip
from .kinds import Data, ImageFiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = tuple[int, ...]
Result = TypeVar("Result")


class OtherShapeError(ValueError):
    """A sound IDX file holds an array of another shape."""


MOST_UNFOLDED = 1032
"""Bytes that deflate can make of one."""
PARTS = ("train images", "train labels", "test images", "test labels")
_NAME = re.compile(r".*?(?P<part>train|t10k|test)-(?P<what>images|labels)[-.]idx[13]-ubyte(\.gz)?")


def read(path: Path, shape: Shape) -> "tuple[NDArray[np.uint8], str]":
    """Return the array in a file and the SHA-256 of the file, unpacked, header included.

    Its header is believed only if it is that of `shape`. Raises ValueError, with the reason in
    words, where the file cannot be read or is not as its header says; OtherShapeError where it is
    as it says, and says another shape.
    """
    try:
        return _read(path, shape)
    except (*UNREADABLE, zlib.error) as error:
        raise ValueError(f"it cannot be read ({error})") from error


def shape_of(path: Path) -> Shape:
    """Return the shape in a file's header; ValueError where it is none or promises too much."""
    try:
        return _shape_of(path)
    except (*UNREADABLE, zlib.error) as error:
        raise ValueError(f"it cannot be read ({error})") from error


def _read(path: Path, shape: Shape) -> "tuple[NDArray[np.uint8], str]":
    import numpy as np

    expected = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
    with open_maybe_gzip(path) as stream:
        header = stream.read(len(expected))
        if header != expected:
            words = f"its header says {_describe(header)}, not {_describe(expected)}"
            raise OtherShapeError(words) if _sound(path) else ValueError(words)
        size = math.prod(shape)
        body = bytearray(stream.read(size + 1))  # one more, to notice a file that goes on
    if len(body) != size:
        more = "more" if len(body) > size else f"only {len(body):,}"
        raise ValueError(f"its header promises {size:,} bytes and {more} follow")
    found = hashlib.sha256(header)
    found.update(body)
    return np.frombuffer(body, np.uint8).reshape(shape), found.hexdigest()


def _shape_of(path: Path) -> Shape:
    with open_maybe_gzip(path) as stream:
        magic = stream.read(4)
        if len(magic) < 4 or magic[:3] != b"\0\0\x08" or magic[3] not in (1, 3):
            raise ValueError(f"it begins with 0x{magic.hex()}, not 0x00000803 or 0x00000801")
        header = stream.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise ValueError("it ends in its header")
    shape = tuple(int.from_bytes(header[at : at + 4], "big") for at in range(0, len(header), 4))
    size, there = math.prod(shape), path.stat().st_size
    if size > there * (MOST_UNFOLDED if path.suffix == ".gz" else 1):
        raise ValueError(f"its header promises {size:,} bytes, and the file has {there:,}")
    return shape


def _sound(path: Path) -> bool:
    """Tell whether a file is as its header says, as far as that can be told without unpacking."""
    try:
        size = math.prod(shape := _shape_of(path))
    except (*UNREADABLE, ValueError, zlib.error):
        return False
    return path.suffix == ".gz" or path.stat().st_size == 4 + 4 * len(shape) + size


def _describe(header: bytes) -> str:
    """Return an IDX header in words: `0x00000803, 60000 x 28 x 28`."""
    sizes = [int.from_bytes(header[at : at + 4], "big") for at in range(4, len(header), 4)]
    return f"0x{header[:4].hex()}, {' x '.join(map(str, sizes))}"


def find(folder: Path) -> ImageFiles:
    """Return what four files of a folder hold, as their headers and labels say.

    They are named as MNIST's: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same
    with `t10k` or `test`. Anything may stand before that, `.gz` behind. Raises ValueError, with
    the reason in words, where they are not there or not as they should be.
    """
    files = _four(folder)
    train, train_labels, test, test_labels = shapes = [_said(path, shape_of) for path in files]
    if [len(shape) for shape in shapes] != [3, 1, 3, 1] or train[1:] != test[1:]:
        words = ", ".join(" x ".join(map(str, shape)) for shape in shapes)
        raise ValueError(f"train images, their labels, test images, theirs: {words}, do not fit")
    for images, labels, path in zip(
        (train, test), (train_labels, test_labels), files[1::2], strict=True
    ):
        if labels[0] != images[0]:
            raise ValueError(f"{path.name}: {labels[0]:,} labels of {images[0]:,} images")
    largest = (
        int(_said(path, lambda found: read(found, shape_of(found)))[0].max(initial=0))
        for path in files[1::2]
    )
    return ImageFiles(
        files=files,
        shape=(1, train[1], train[2]),
        classes=1 + max(largest),
        examples=(train[0], test[0]),
    )


def load(found: ImageFiles) -> Data:
    """Return the images of `find`'s files; ValueError where they are not as they were then."""
    import numpy as np

    train, train_labels, test, test_labels = (array for array, _ in _contents(found))
    return Data(
        train_images=train[:, None],
        train_labels=train_labels.astype(np.int64),
        test_images=test[:, None],
        test_labels=test_labels.astype(np.int64),
        classes=found.classes,
        pixel_max=255,
    )


def hashes(found: ImageFiles) -> list[str]:
    """Return the SHA-256 of each of the files, unpacked; ValueError as `load`."""
    return [sha256 for _, sha256 in _contents(found)]


def _contents(found: ImageFiles) -> "list[tuple[NDArray[np.uint8], str]]":
    size = found.shape[1:]
    shapes = [shape for count in found.examples for shape in ((count, *size), (count,))]
    pairs = zip(found.files, shapes, strict=True)
    return [_said(path, functools.partial(read, shape=shape)) for path, shape in pairs]


def _four(folder: Path) -> tuple[Path, ...]:
    """Return the images and labels to train on, then those for the test; packed ones last."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: (path.suffix == ".gz", path.name)):
        match = _NAME.fullmatch(path.name)
        if match:
            part = "train" if match["part"] == "train" else "test"
            found.setdefault(f"{part} {match['what']}", []).append(path)
    absent = [part for part in PARTS if part not in found]
    if absent:
        raise ValueError(
            f"no IDX file of {' or '.join(absent)}, which are named as MNIST's:"
            " train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,"
            " t10k-labels-idx1-ubyte, or with .gz"
        )
    for part in PARTS:
        names = {path.name.removesuffix(".gz") for path in found[part]}
        if len(names) > 1:
            raise ValueError(f"several files of {part}: {', '.join(sorted(names))}; leave one")
    return tuple(found[part][0] for part in PARTS)


def _said(path: Path, read: Callable[[Path], Result]) -> Result:
    """Return `read(path)`, with the file named in its errors."""
    try:
        return read(path)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
