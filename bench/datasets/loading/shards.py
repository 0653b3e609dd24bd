"""CIFAR-10 in other wrappings than six binary files: the published archive, Parquet shards.

Both are turned into the six files' contents: 10,000 records each of a label byte and 3 x 32 x 32
pixel bytes. So every route has one form, one reader and one hash.
"""

import contextlib
import io
import tarfile
import warnings
import zlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from .files import UNREADABLE, corrupt

SIDE = 32
RECORD = 1 + 3 * SIDE * SIDE
"""Bytes of one labelled image."""
MOST_BYTES = 16 * 1024
"""That an encoded image may take; unpacked it has 3,072, and PNG or JPEG add a little."""
MOST_MEMORY = 2**31
"""That reading shards may take, whatever they unfold to; what is read honestly takes a tenth."""


def from_archive(path: Path, names: Sequence[str], rows: int) -> list[bytes]:
    """Return the contents of the members called `names`, `rows` records each.

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


def from_parquet(paths: Sequence[Path], rows: int) -> bytes:
    """Return `rows` records from Parquet shards, in the shards' order.

    A shard has the columns `img` or `image` (encoded PNG or JPEG; a struct with `bytes`, or plain
    binary) and `label`. Raises DataError where one cannot be read, where the rows are not `rows`
    in all or take more than images of that size do (told from the footers, before anything is
    read), where it unfolds to more than they said, or where a label or image is wrong.
    """
    promised = [_rows(path) for path in paths]
    if sum(promised) != rows:
        files = ", ".join(path.name for path in paths)
        why = f"{files} hold {sum(promised):,} images in all, expected {rows:,}"
        raise corrupt("cifar10", paths[0], why)
    records = bytearray()
    for path in paths:
        _unfolds(path)
    with _at_most(MOST_MEMORY), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pillow's, of what is refused for its size anyway
        for path in paths:
            _append(records, path)
    return bytes(records)


def _rows(path: Path) -> int:
    return _metadata(path).num_rows


def _metadata(path: Path) -> Any:
    pa = _pyarrow()

    try:
        return pa.parquet.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise corrupt("cifar10", path, f"it is no Parquet file ({_words(error)})") from error


def _unfolds(path: Path) -> None:
    """Raise DataError where a shard's footer says that it takes too much memory for its rows."""
    metadata = _metadata(path)
    size = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    if size > metadata.num_rows * MOST_BYTES + 2**20:
        why = f"its {metadata.num_rows:,} rows unfold to {size:,} bytes"
        raise corrupt("cifar10", path, why)


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


def _append(records: bytearray, path: Path) -> None:
    """Append the records of one shard, a batch of rows at a time."""
    pa = _pyarrow()

    row = 0
    try:
        with pa.parquet.ParquetFile(path) as file:
            image = next((n for n in ("img", "image") if n in file.schema_arrow.names), None)
            if image is None or "label" not in file.schema_arrow.names:
                names = ", ".join(file.schema_arrow.names)
                raise corrupt("cifar10", path, f"it has columns {names}, not img and label")
            for batch in file.iter_batches(batch_size=1000, columns=[image, "label"]):
                images, labels = _encoded(batch.column(image)), batch.column("label").to_pylist()
                for offset, label in enumerate(labels):
                    if not isinstance(label, int) or not 0 <= label <= 9:
                        why = f"row {row + offset} has label {label}, not 0 to 9"
                        raise corrupt("cifar10", path, why)
                pixels = [_pixels(code, path, row + offset) for offset, code in enumerate(images)]
                records += _pack(labels, b"".join(pixels))
                row += len(labels)
    except DataError:
        raise
    except Exception as error:  # a struct without bytes, too little memory, all that arrow raises
        raise corrupt("cifar10", path, f"it cannot be read ({_words(error)})") from error


def _encoded(column: Any) -> list[Any]:
    pa = _pyarrow()
    return (column.field("bytes") if pa.types.is_struct(column.type) else column).to_pylist()


def _pixels(encoded: Any, path: Path, row: int) -> bytes:
    """Return one image's 32 x 32 x 3 bytes."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG")) as image:
            if image.size == (SIDE, SIDE):
                return (image if image.mode == "RGB" else image.convert("RGB")).tobytes()
            width, height = image.size
    except Exception as error:  # a foreign file makes pillow raise almost anything
        why = f"the image in row {row} cannot be decoded ({_words(error)})"
        raise corrupt("cifar10", path, why) from error
    why = f"the image in row {row} is {width} x {height}, not {SIDE} x {SIDE}"
    raise corrupt("cifar10", path, why)


def _pack(labels: Sequence[int], pixels: bytes) -> bytes:
    """Return the records of `labels` and of as many images of 32 x 32 x 3 bytes."""
    import numpy as np

    records = np.empty((len(labels), RECORD), np.uint8)
    records[:, 0] = labels
    images = np.frombuffer(pixels, np.uint8).reshape(-1, SIDE * SIDE, 3)
    records[:, 1:] = images.transpose(0, 2, 1).reshape(len(labels), -1)
    return records.tobytes()


def _pyarrow() -> Any:
    """Return pyarrow with its Parquet reader; typed as Any because its own types are partial."""
    import pyarrow as pa
    import pyarrow.parquet  # pyright: ignore[reportUnusedImport]

    return pa


def _words(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__
