"""cifar10: 60,000 photographs of 32 x 32 pixels in ten classes.

The files are looked for in the data folder and every folder in it, and in its `uoft-cs` (the Hub's
owner), that is called as CIFAR-10 is (`cifar10`, `CIFAR-10`, `cifar10-png`), and in what archives
unpack to within these: `cifar-10-batches-bin`, `cifar-10-batches-py`, Hugging Face's `plain_text`
and `data`. In this order: the binary version's six files, its archive `cifar-10-binary.tar.gz`, the
Python version's six files (torchvision's), Hugging Face's Parquet shards (`train-*.parquet`,
`test-*.parquet`).

The data's hash is that of the six binary files' contents. The binary files and the archive have
published checksums and are refused unless they have them. Python's batches and shards are converted
to the same six contents: lossless ones (in any order of the five batches) give the canonical hash,
recompressed or reshuffled ones honestly give another.
"""

import functools
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..declarations import Dataset
from ..errors import DataError
from .loading import cifar_pickles
from .loading.cache import cached_contents, cached_hashes, write_files
from .loading.cifar_binary import RECORD, data_of, from_archive
from .loading.files import (
    corrupt,
    digest,
    find,
    folders_called,
    foreign,
    identity,
    mismatch,
    missing,
    sha256_once,
)
from .loading.kinds import Data, FileCheck, Status
from .loading.shards import CIFAR10, from_parquet

ROWS = 10_000
"""Images in each of the six files."""
URLS = ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",)
ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
BINARY = "cifar-10-batches-bin"
FILES = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}
NAMES = tuple(FILES)
PICKLES = tuple(name.removesuffix(".bin") for name in NAMES)
OWNER = "uoft-cs"
"""Whose the data is on the Hub: a folder in which its may lie."""
INSIDE = ("", BINARY, "cifar-10-batches-py", "plain_text", "data")
"""Folders of a folder of CIFAR-10 that may have the files."""
DATASET = Dataset(
    name="cifar10",
    label="CIFAR-10",
    kind="images",
    version=1,
    canonical=digest(FILES.values()),
    shape=CIFAR10.shape,
    classes=CIFAR10.classes,
    examples=(5 * ROWS, ROWS),
    pixel_max=255,
)
WANTED = (
    "the binary version (data_batch_1.bin and so on)",
    ARCHIVE,
    "the Python version (data_batch_1 and so on)",
    "train-*.parquet",
)


CONVERTED = ("Python", "Parquet")
"""Kinds of files whose content decides the data's hash."""


class Source(NamedTuple):
    """Where the data is."""

    kind: str
    """binary, archive, Python or Parquet."""
    paths: list[Path]
    """The files, in the order of their content; the training shards first."""


def data_hash(folder: Path) -> str:
    """Return the hash of what `load` gives; what is converted is so for it once (some seconds).

    Raises DataError where that is corrupt.
    """
    source = _source(folder)
    if source is None or source.kind not in CONVERTED:
        return DATASET.canonical
    return _converted_hash(source.kind, tuple(map(identity, source.paths)))


def load(folder: Path) -> Data:
    """Return 50,000 training and 10,000 test images, uint8 [N, 3, 32, 32], pixels 0 to 255.

    Raises DataError where `folder` has no complete set or a file is not as published.
    """
    *train, test = _contents(_found(folder))
    return data_of(b"".join(train), test, CIFAR10.shape, CIFAR10.classes)


def status(folder: Path) -> Status:
    """Tell which wrapping of the data is in `folder`, and whether it is the published data."""
    source = _source(folder)
    state, text, found = "missing", f"missing {', '.join(WANTED)}", DATASET.canonical
    if source is not None:
        state, text = "ready", f"{source.kind} ({len(source.paths)} files)"
        try:
            found = data_hash(folder)
        except DataError as error:
            state, text = "corrupt", str(error)
    return Status(
        name="cifar10",
        state=state,
        source=text,
        folder=source.paths[0].parent if source else folder / "cifar10",
        data_hash=found,
        canonical=found == DATASET.canonical,
    )


def check(folder: Path) -> list[FileCheck]:
    """Read and hash every file of the set that `load` would use."""
    try:
        source = _found(folder)
    except DataError as error:
        return [FileCheck(dataset="cifar10", file="(any)", problem=str(error))]
    rows = [_check(source.kind, path) for path in source.paths]
    if source.kind in CONVERTED and not any(row.problem for row in rows):
        try:
            _converted_hash(source.kind, tuple(map(identity, source.paths)))
        except DataError as error:
            rows.append(FileCheck(dataset="cifar10", file="(content)", problem=str(error)))
    return rows


def fetch(folder: Path) -> None:
    """Download the published archive and unpack it into `folder`'s cifar10/cifar-10-batches-bin.

    Nothing is downloaded where the binary files, or the archive, are in `folder` already. Raises
    DataError where the download fails, or a binary file that is there is corrupt.
    """
    from .loading.fetch import download

    source = _source(folder)
    if source is not None and source.kind == "binary":
        _contents(source)
        print(f"{source.paths[0].parent} is there and verified", file=sys.stderr)
        return
    own = folder / "cifar10" / ARCHIVE
    archive = source.paths[0] if source is not None and source.kind == "archive" else own
    download("cifar10", URLS, ARCHIVE_SHA256, archive)
    target = folder / "cifar10" / BINARY
    try:
        write_files(target, NAMES, from_archive(archive, NAMES, ROWS))
    except OSError as error:
        raise DataError(f"cannot unpack {archive} into {target}: {error.strerror}") from error
    if archive == own:
        archive.unlink()


def _folders(folder: Path) -> list[Path]:
    return [root / name for root in _roots(folder) for name in INSIDE]


def _roots(folder: Path) -> list[Path]:
    inside = [p for at in (folder, folder / OWNER) for p in folders_called(at, _is_called_so)]
    return [folder, *inside]


def _is_called_so(name: str) -> bool:
    """Tell whether a folder of this name, in lower case and without - and _, is of CIFAR-10."""
    return name.startswith("cifar10") and not name.startswith("cifar100")


def _source(folder: Path) -> Source | None:
    folders = _folders(folder)
    for place in folders:
        if all((place / name).is_file() for name in FILES):
            return Source("binary", [place / name for name in FILES])
    archive = find(folders, [ARCHIVE])
    if archive is not None:
        return Source("archive", [archive])
    for place in folders:
        if all((place / name).is_file() for name in PICKLES):
            return Source("Python", [place / name for name in PICKLES])
    for place in folders:
        train, test = (sorted(place.glob(f"{part}-*.parquet")) for part in ("train", "test"))
        if train and test:
            return Source("Parquet", train + test)
    return None


def _found(folder: Path) -> Source:
    source = _source(folder)
    if source is not None:
        return source
    for place in _folders(folder):
        absent = [name for name in FILES if not (place / name).is_file()]
        if len(absent) < len(FILES):
            raise missing("cifar10", absent, [place])
    raise missing("cifar10", [" or ".join(WANTED)], _roots(folder))


def _contents(source: Source) -> list[bytes]:
    """Return the six files' contents, whatever they are wrapped in."""
    if source.kind == "binary":
        return [_read(path) for path in source.paths]
    if source.kind == "archive":
        row = _check("archive", source.paths[0])
        if row.problem:
            raise DataError(row.problem)
    return cached_contents(*_conversion(source))


def _conversion(source: Source) -> tuple[str, tuple[str, ...], Callable[[], list[bytes]], str]:
    """Return the cache's key, names and maker for any form but binary, and what is being done."""
    key = digest(sha256_once(path) for path in source.paths)
    what = "unpacking the archive" if source.kind == "archive" else "decoding the images"
    return f"cifar10-{key}", NAMES, functools.partial(_convert, source), f"cifar10: {what}"


def _convert(source: Source) -> list[bytes]:
    if source.kind == "archive":
        return from_archive(source.paths[0], NAMES, ROWS)
    if source.kind == "Python":
        batches = [_batch(path) for path in source.paths]
        return [*_published_order(batches[:-1]), batches[-1]]
    train = [path for path in source.paths if path.name.startswith("train-")]
    test = [path for path in source.paths if path.name.startswith("test-")]
    records, size = from_parquet(train, 5 * ROWS), ROWS * RECORD
    batches = [records[start : start + size] for start in range(0, len(records), size)]
    return [*_published_order(batches), from_parquet(test, ROWS)]


def _batch(path: Path) -> bytes:
    try:
        return cifar_pickles.records(path, ROWS)
    except ValueError as error:
        raise corrupt("cifar10", path, str(error)) from error


def _published_order(batches: list[bytes]) -> list[bytes]:
    """Return the training batches as published where they are those, in whatever order."""
    by_hash = {hashlib.sha256(batch).hexdigest(): batch for batch in batches}
    published = [FILES[name] for name in NAMES[:-1]]
    return [by_hash[sha256] for sha256 in published] if set(by_hash) == set(published) else batches


@functools.lru_cache(maxsize=8)
def _converted_hash(kind: str, identities: tuple[tuple[Path, int, int], ...]) -> str:
    source = Source(kind, [path for path, _, _ in identities])
    return digest(cached_hashes(*_conversion(source)))


def _read(path: Path) -> bytes:
    row = _check("binary", path)
    if row.problem:
        raise DataError(row.problem)
    return path.read_bytes()


def _check(kind: str, path: Path) -> FileCheck:
    expected = ARCHIVE_SHA256 if kind == "archive" else FILES.get(path.name)
    found, problem = None, None
    try:
        size = path.stat().st_size
        if kind == "binary" and size != ROWS * RECORD:
            error = corrupt if size % RECORD else foreign
            raise error("cifar10", path, f"{size:,} bytes, not {ROWS * RECORD:,}", expected)
        try:
            found = sha256_once(path)
        except OSError as error:
            raise corrupt("cifar10", path, f"it cannot be read ({error})", expected) from error
        if expected is not None and found != expected:
            raise mismatch("cifar10", path, found, expected)
    except DataError as error:
        problem = str(error)
    return FileCheck(
        dataset="cifar10",
        file=path.name,
        path=path,
        expected=expected,
        found=found,
        problem=problem,
    )
