"""CIFAR-10 in other wrappings than six binary files: the published archive, Parquet shards.

Both are turned into the six files' contents: 10,000 records each of a label byte and 3 x 32 x 32
pixel bytes. So every route has one form, one reader and one hash.
"""

import io
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._files import UNREADABLE, corrupt

SIDE = 32
RECORD = 1 + 3 * SIDE * SIDE
"""Bytes of one labelled image."""


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
    in all (told from the footers, before anything is read), or where a label or image is wrong.
    """
    promised = [_rows(path) for path in paths]
    if sum(promised) != rows:
        files = ", ".join(path.name for path in paths)
        why = f"{files} hold {sum(promised):,} images in all, expected {rows:,}"
        raise corrupt("cifar10", paths[0], why)
    records = bytearray()
    for path in paths:
        _append(records, path)
    return bytes(records)


def _rows(path: Path) -> int:
    pa = _pyarrow()

    try:
        return pa.parquet.read_metadata(path).num_rows
    except (OSError, pa.ArrowException) as error:
        raise corrupt("cifar10", path, f"it is no Parquet file ({_line(error)})") from error


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
    except (OSError, KeyError, pa.ArrowException) as error:  # KeyError: a struct without bytes
        raise corrupt("cifar10", path, f"it cannot be read ({_line(error)})") from error


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
    except (OSError, SyntaxError, TypeError, ValueError) as error:  # what pillow raises
        why = f"the image in row {row} cannot be decoded ({_line(error)})"
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


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
