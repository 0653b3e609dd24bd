"""Images in Hugging Face's Parquet shards, turned into records as in CIFAR's binary files.

A record is a label byte and the pixel bytes of an image. So every route to CIFAR-10 has one form,
one reader and one hash.
"""

import contextlib
import io
import math
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from .cache import cached_contents
from .cifar_binary import SHAPE, Shape, data_of
from .files import corrupt, digest, foreign, sha256_once
from .kinds import Data, ImageFiles

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_MEMORY = 2**31
"""Bytes that reading shards may take, whatever they unfold to; sound ones take a tenth."""
LARGEST: Shape = (3, 256, 256)
"""The largest images that are expected before the first is looked at."""
MOST_CLASSES = 256
"""Numbers that a label byte can hold."""
COLUMNS = ("img", "image")
"""Names of the column of images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The expected content of shards.

    Attributes:
        shape: [C, H, W] of an image, C being 1 or 3.
        classes: labels go from 0 to classes - 1.
        dataset: its name, for messages; None of own data, which has nowhere to be fetched from.
    """

    shape: Shape
    classes: int
    dataset: str | None = None

    @property
    def most_bytes(self) -> int:
        """The most that an encoded image may take: PNG or JPEG add a little to its pixels."""
        return 4096 + 4 * math.prod(self.shape)

    def corrupt(self, path: Path, why: str) -> DataError:
        """Return the error about a bad shard."""
        return corrupt(self.dataset, path, why)

    def foreign(self, path: Path, why: str) -> DataError:
        """Return the error about a sound shard that has something else."""
        return foreign(self.dataset, path, why)


CIFAR10 = Expected(dataset="cifar10", shape=SHAPE, classes=10)


def from_parquet(paths: Sequence[Path], rows: int, expected: Expected = CIFAR10) -> bytes:
    """Return `rows` records from Parquet shards, in the shards' order.

    A shard has the columns `img` or `image` (encoded PNG or JPEG; a struct with `bytes`, or plain
    binary) and `label`. Raises DataError where one cannot be read, where the rows are not `rows`
    in all or take more than images of that size do (told from the footers, before anything is
    read), where it unfolds to more than they said, or where a label or image is wrong.
    """
    promised = [_metadata(path, expected).num_rows for path in paths]
    if sum(promised) != rows:
        files = ", ".join(path.name for path in paths)
        why = f"{files} hold {sum(promised):,} images in all, expected {rows:,}"
        raise expected.foreign(paths[0], why)
    records = bytearray()
    for path in paths:
        _unfolds(path, expected)
    with _guarded():
        for path in paths:
            _append(records, path, expected)
    return bytes(records)


def find(folder: Path) -> ImageFiles:
    """Return what the shards of a folder hold, as their footers, labels and first image say.

    They are named `train-*.parquet` and `test-*.parquet`. Raises ValueError, with the reason in
    words, where there are none, DataError where they are not as they should be.
    """
    train, test = (sorted(folder.glob(f"{part}-*.parquet")) for part in ("train", "test"))
    if not train or not test:
        raise ValueError("no train-*.parquet and test-*.parquet")
    any_size = Expected(shape=LARGEST, classes=MOST_CLASSES)
    count = {path: _metadata(path, any_size).num_rows for path in (*train, *test)}
    for path in count:
        _unfolds(path, any_size)
    with _guarded():
        labels = [_labels(path, any_size) for path in count]
        shape = _first_shape(train[0], any_size)
    return ImageFiles(
        files=(*train, *test),
        shape=shape,
        classes=1 + max(max(some, default=0) for some in labels),
        examples=(sum(map(count.__getitem__, train)), sum(map(count.__getitem__, test))),
    )


def load(found: ImageFiles) -> Data:
    """Return the images of `find`'s files; they are decoded once and kept (`cached_contents`)."""
    expected = Expected(shape=found.shape, classes=found.classes)

    def make() -> list[bytes]:
        parts = zip(("train-", "test-"), found.examples, strict=True)
        return [
            from_parquet([p for p in found.files if p.name.startswith(part)], rows, expected)
            for part, rows in parts
        ]

    key = f"parquet-{digest(hashes(found))}"
    what = f"{found.files[0].parent}: decoding the images"
    train, test = cached_contents(key, ("train", "test"), make, what)
    return data_of(train, test, found.shape, found.classes)


def hashes(found: ImageFiles) -> list[str]:
    """Return the SHA-256 of each of the files."""
    return [sha256_once(path) for path in found.files]


def _metadata(path: Path, expected: Expected) -> Any:
    pa = _pyarrow()

    try:
        return pa.parquet.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise expected.corrupt(path, f"it is no Parquet file ({_words(error)})") from error


def _unfolds(path: Path, expected: Expected) -> None:
    """Raise DataError where a shard's footer says that it takes too much memory for its rows."""
    metadata = _metadata(path, expected)
    size = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    if size > metadata.num_rows * expected.most_bytes + 2**20:
        why = f"its {metadata.num_rows:,} rows unfold to {size:,} bytes"
        raise expected.corrupt(path, why)


@contextlib.contextmanager
def _guarded() -> Generator[None]:
    """Read shards within `MOST_MEMORY`, without Pillow's warnings of what is refused anyway."""
    with _at_most(MOST_MEMORY), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _at_most(size: int) -> Generator[None]:
    """Let the process take `size` bytes more than it has, where the system can be told so.

    A few hundred bytes of a page say anything about what they unfold to, and the reader, which
    believes them, has no limit of its own.
    """
    try:
        import resource

        import psutil

        before = resource.getrlimit(resource.RLIMIT_AS)
        most = psutil.Process().memory_info().vms + size
        if before[0] == resource.RLIM_INFINITY or most < before[0]:
            resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    except (ImportError, OSError, ValueError):  # Windows; a system without such a limit
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _append(records: bytearray, path: Path, expected: Expected) -> None:
    """Append the records of one shard, a batch of rows at a time."""
    row, most = 0, expected.classes - 1
    for images, labels in _batches(path, expected, 1000):
        for offset, label in enumerate(labels):
            if not isinstance(label, int) or not 0 <= label <= most:
                why = f"row {row + offset} has label {label}, not 0 to {most}"
                raise expected.foreign(path, why)
        pixels = [_pixels(code, path, row + n, expected) for n, code in enumerate(images)]
        records += _pack(labels, b"".join(pixels), expected.shape)
        row += len(labels)


def _batches(
    path: Path, expected: Expected, size: int, *, images: bool = True
) -> Generator[tuple[list[Any], list[Any]]]:
    """Yield the encoded images (none where they are not asked for) and labels of `size` rows."""
    pa = _pyarrow()

    try:
        with pa.parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            column = next((name for name in COLUMNS if name in names), None)
            if column is None or "label" not in names:
                why = f"it has columns {', '.join(names)}, not img and label"
                raise expected.foreign(path, why)
            if not _holds_images(file.schema_arrow.field(column).type):
                raise expected.foreign(path, f"its {column} names images, but does not hold them")
            wanted = [column, "label"] if images else ["label"]
            for batch in file.iter_batches(batch_size=size, columns=wanted):
                encoded = _encoded(batch.column(column)) if images else []
                yield encoded, batch.column("label").to_pylist()
    except DataError:
        raise
    except Exception as error:  # too little memory, all that arrow raises
        raise expected.corrupt(path, f"it cannot be read ({_words(error)})") from error


def _holds_images(kind: Any) -> bool:
    """Tell whether a column's type is that of encoded images: plain, or a struct with `bytes`."""
    return not _pyarrow().types.is_struct(kind) or kind.get_field_index("bytes") >= 0


def _labels(path: Path, expected: Expected) -> list[int]:
    batches = _batches(path, expected, 10_000, images=False)
    found = [label for _, labels in batches for label in labels]
    bad = [one for one in found if not isinstance(one, int) or not 0 <= one < MOST_CLASSES]
    if bad:
        raise expected.corrupt(path, f"it has a label {bad[0]}, not 0 to {MOST_CLASSES - 1}")
    return found


def _encoded(column: Any) -> list[Any]:
    pa = _pyarrow()
    return (column.field("bytes") if pa.types.is_struct(column.type) else column).to_pylist()


def _first_shape(path: Path, expected: Expected) -> Shape:
    for images, _ in _batches(path, expected, 1):
        with _decoded(images[0], path, 0, expected) as image:
            return (1 if image.mode in ("1", "L") else 3, image.height, image.width)
    raise expected.corrupt(path, "it has no image")


def _pixels(encoded: Any, path: Path, row: int, expected: Expected = CIFAR10) -> bytes:
    """Return one image's H x W x C bytes."""
    channels, height, width = expected.shape
    mode = "L" if channels == 1 else "RGB"
    with _decoded(encoded, path, row, expected) as image:
        if image.size == (width, height):
            return (image if image.mode == mode else image.convert(mode)).tobytes()
        size = f"{image.width} x {image.height}"
    why = f"the image in row {row} is {size}, not {width} x {height}"
    raise expected.foreign(path, why)


@contextlib.contextmanager
def _decoded(encoded: Any, path: Path, row: int, expected: Expected) -> "Generator[Image]":
    """Open an image; what goes wrong with it is the shard's fault."""
    from PIL import Image

    if encoded is None:
        raise expected.foreign(path, f"it names the image in row {row}, but does not hold it")
    try:
        with Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG")) as image:
            yield image
    except Exception as error:  # a foreign file makes pillow raise almost anything
        why = f"the image in row {row} cannot be decoded ({_words(error)})"
        raise expected.corrupt(path, why) from error


def _pack(labels: Sequence[int], pixels: bytes, shape: Shape) -> bytes:
    """Return the records of `labels` and of as many images of H x W x C bytes."""
    import numpy as np

    size = math.prod(shape)
    records = np.empty((len(labels), 1 + size), np.uint8)
    records[:, 0] = labels
    images = np.frombuffer(pixels, np.uint8).reshape(len(labels), -1, shape[0])
    records[:, 1:] = images.transpose(0, 2, 1).reshape(len(labels), size)
    return records.tobytes()


def _pyarrow() -> Any:
    """Return pyarrow with its Parquet reader; typed as Any because its own types are partial."""
    import pyarrow as pa
    import pyarrow.parquet  # pyright: ignore[reportUnusedImport]

    return pa


def _words(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__
