"""CIFAR's binary files: records of a label and the pixels of an image, [C, H, W] by channel."""

import math
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .files import UNREADABLE, corrupt, sha256_once
from .kinds import Data, ImageFiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = tuple[int, int, int]
SHAPE: Shape = (3, 32, 32)
PIXELS = math.prod(SHAPE)
RECORD = 1 + PIXELS
"""Bytes of one labelled image of CIFAR-10."""


def data_of(train: bytes, test: bytes, shape: Shape, classes: int, label_bytes: int = 1) -> Data:
    """Return the images of records whose last label byte is the class."""
    train_images, train_labels = _arrays(train, shape, label_bytes)
    test_images, test_labels = _arrays(test, shape, label_bytes)
    return Data(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        classes=classes,
        pixel_max=255,
    )


def _arrays(
    content: bytes, shape: Shape, label_bytes: int
) -> "tuple[NDArray[np.uint8], NDArray[np.int64]]":
    import numpy as np

    records = np.frombuffer(content, np.uint8).reshape(-1, label_bytes + math.prod(shape))
    images = records[:, label_bytes:].reshape(-1, *shape).copy()  # which may be written to
    return images, records[:, label_bytes - 1].astype(np.int64)


def find(folder: Path) -> ImageFiles:
    """Return what the binary files of a folder hold, as their sizes and labels say.

    They are named as CIFAR-10's or CIFAR-100's: `data_batch_*.bin` or `train*.bin`, `test*.bin`. A
    record has one byte of label, or CIFAR-100's two, of which the second is the class. Raises
    ValueError, with the reason in words, where they are not there or not as they should be.
    """
    import numpy as np

    train = _named(folder, ("data_batch_*.bin", "train*.bin"))
    test = _named(folder, ("test*.bin",))
    if not train or not test:
        raise ValueError("no data_batch_*.bin (or train*.bin) and test*.bin")
    record = PIXELS + _label_bytes((*train, *test))
    found = (np.memmap(path, np.uint8, "r")[record - PIXELS - 1 :: record] for path in train + test)
    return ImageFiles(
        files=(*train, *test),
        shape=SHAPE,
        classes=1 + max(int(labels.max()) for labels in found),
        examples=(_count(train, record), _count(test, record)),
    )


def load(found: ImageFiles) -> Data:
    """Return the images of `find`'s files; ValueError where they are not as they were then."""
    label_bytes = _label_bytes(found.files)
    record, contents = PIXELS + label_bytes, [path.read_bytes() for path in found.files]
    content, (train, test) = b"".join(contents), found.examples
    if len(content) != (train + test) * record:
        raise ValueError("the files have changed since they were first looked at")
    start = train * record
    return data_of(content[:start], content[start:], SHAPE, found.classes, label_bytes)


def hashes(found: ImageFiles) -> list[str]:
    """Return the SHA-256 of each of the files."""
    return [sha256_once(path) for path in found.files]


def _named(folder: Path, patterns: Sequence[str]) -> list[Path]:
    for pattern in patterns:
        found = sorted(folder.glob(pattern), key=lambda path: (len(path.name), path.name))
        if found:
            return found
    return []


def _label_bytes(files: Sequence[Path]) -> int:
    """Return the bytes of a record's label: those with which the sizes of all files come out."""
    sizes = [path.stat().st_size for path in files]
    for label_bytes in (1, 2):
        if all(size and size % (PIXELS + label_bytes) == 0 for size in sizes):
            return label_bytes
    names = ", ".join(path.name for path in files)
    raise ValueError(
        f"{names}: their sizes are no multiples of {PIXELS + 1:,} bytes, a label and an image of"
        " 3 x 32 x 32, nor with two bytes of label"
    )


def _count(files: Sequence[Path], record: int) -> int:
    return sum(path.stat().st_size // record for path in files)


def from_archive(path: Path, names: Sequence[str], rows: int) -> list[bytes]:
    """Return the contents of the members called `names` of CIFAR-10's archive, `rows` records each.

    Members are found by their file name alone and read in memory: nothing in the archive says
    where a file is written. Raises DataError where one is missing or of another size.
    """
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name not in names or not member.isfile() or member.size != rows * RECORD:
                    continue
                stream = archive.extractfile(member)
                contents[name] = stream.read() if stream else b""
    except (*UNREADABLE, tarfile.TarError, zlib.error) as error:
        raise corrupt("cifar10", path, f"it cannot be unpacked ({error})") from error
    absent = [name for name in names if len(contents.get(name, b"")) != rows * RECORD]
    if absent:
        raise corrupt("cifar10", path, f"it has no {', '.join(absent)} of {rows:,} images")
    return [contents[name] for name in names]
