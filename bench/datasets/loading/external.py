"""External datasets: defaults for functions that its module lacks, and checks of what it loads."""

import functools
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ... import source_files
from ...declarations import Dataset
from ...errors import DataError, SgbenchError
from . import validation
from .kinds import Data, FileCheck, Loaded, Status, Text

if TYPE_CHECKING:
    pass

Load = Callable[[Path], Loaded]


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The functions of a dataset, each of a data folder.

    Attributes:
        load: returns the data.
        data_hash: returns the hash of what `load` gives.
        status: tells what is there.
        check: reads and hashes every file.
        fetch: downloads what is missing.
    """

    load: Load
    data_hash: Callable[[Path], str]
    status: Callable[[Path], Status]
    check: Callable[[Path], list[FileCheck]]
    fetch: Callable[[Path], None]


class Module(Protocol):
    """A module of an external dataset; it may have the other functions of `Functions` too.

    Attributes:
        load: takes a data folder and returns the data.
    """

    load: Load


def functions_of(dataset: Dataset, module: Module) -> Functions:
    """Return an external dataset's functions: its module's, else the defaults here."""
    path = str(getattr(module, "__file__", dataset.name))
    raw = module.load
    load = functools.partial(_load, dataset, raw, path)
    data_hash = getattr(module, "data_hash", functools.partial(_data_hash, dataset, raw, path))

    def status(folder: Path) -> Status:
        found, state, source = dataset.canonical, "ready", f"own file {path}"
        try:
            found = data_hash(folder)
        except SgbenchError as error:
            state, source = "missing", str(error)
        return Status(
            name=dataset.name,
            state=state,
            source=source,
            folder=None,
            data_hash=found,
            canonical=dataset.canonical in ("", found),
        )

    def check(folder: Path) -> list[FileCheck]:
        found, problem = None, None
        try:
            found = content_hash(load(folder))
        except SgbenchError as error:
            problem = str(error)
        row = FileCheck(dataset=dataset.name, file=path, found=found, problem=problem)
        return [row]

    def fetch(folder: Path) -> None:
        del folder
        print(f"{dataset.name}: own data, there is nothing to fetch", file=sys.stderr)

    return Functions(
        load=load,
        data_hash=data_hash,
        status=getattr(module, "status", status),
        check=getattr(module, "check", check),
        fetch=getattr(module, "fetch", fetch),
    )


def _load(dataset: Dataset, raw: Load, path: str, folder: Path) -> Loaded:
    """Return the data; DataError where `load` fails or its data is not as declared."""
    try:
        found = raw(folder)
    except SgbenchError:
        raise
    except Exception as error:
        raise DataError(f"{path}: load fails: {source_files.where(error, path)}") from error
    for _, problem in validation.problems(dataset, found):
        raise DataError(f"{path}: {problem}; change load, or DATASET")
    return found


@functools.lru_cache(maxsize=8)
def _data_hash(dataset: Dataset, raw: Load, path: str, folder: Path) -> str:
    return content_hash(_load(dataset, raw, path, folder))


def content_hash(data: Loaded) -> str:
    """Return the hash of the content of data, 16 hexadecimal digits."""
    if isinstance(data, Data):
        head = f"{data.classes} {data.pixel_max}"
        arrays = [data.train_images, data.train_labels, data.test_images, data.test_labels]
    elif isinstance(data, Text):
        head, arrays = data.alphabet, [data.train, data.valid, data.test]
    else:
        head, arrays = repr(data), []
    found = hashlib.sha256(head.encode())
    for array in arrays:
        found.update(repr(array.shape).encode())
        found.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return found.hexdigest()[:16]
