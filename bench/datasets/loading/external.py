"""External datasets: defaults for functions that its module lacks, and checks of what it loads."""

import functools
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ... import source_files
from ...declarations import Dataset
from ...errors import DataError, SgbenchError
from .kinds import Data, Episodes, FileCheck, Loaded, Status, Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    problem = next(_problems(dataset, found), None)
    if problem:
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


def _problems(dataset: Dataset, found: Loaded) -> Iterator[str]:
    """Yield the faults of loaded data, in words."""
    wanted = {"episodes": Episodes, "text": Text}.get(dataset.kind, Data)
    if type(found) is not wanted:
        yield f"load gives {type(found).__name__}, and kind {dataset.kind} is {wanted.__name__}"
        return
    match found:
        case Data():
            yield from _image_problems(dataset, found)
        case Text():
            yield from _text_problems(dataset, found)
        case Episodes():
            yield from _episode_problems(dataset, found)


def _image_problems(dataset: Dataset, data: Data) -> Iterator[str]:
    yield from _unequal(dataset, data, "classes", "pixel_max")
    shape, pixel_max = dataset.need("shape"), dataset.need("pixel_max")
    parts = (("train", data.train_images, data.train_labels),)
    parts += (("test", data.test_images, data.test_labels),)
    for (part, images, labels), count in zip(parts, dataset.need("examples"), strict=True):
        yield from _array(f"{part}_images", images, "uint8", (count, *shape))
        yield from _array(f"{part}_labels", labels, "int64", (count,))
        if images.max(initial=0) > pixel_max:
            yield f"{part}_images has a pixel {images.max()}, pixel_max is {pixel_max}"
        if labels.min(initial=0) < 0 or labels.max(initial=0) >= data.classes:
            yield f"{part}_labels has {labels.min()} to {labels.max()}, not 0 to {data.classes - 1}"


def _text_problems(dataset: Dataset, text: Text) -> Iterator[str]:
    if len(text.alphabet) != dataset.symbols:
        yield f"alphabet has {len(text.alphabet)} symbols, DATASET.symbols is {dataset.symbols}"
    parts = (("train", text.train), ("valid", text.valid), ("test", text.test))
    for (part, codes), count in zip(parts, dataset.need("characters"), strict=True):
        yield from _array(part, codes, "uint8", (count,))
        if codes.max(initial=0) >= len(text.alphabet):
            yield f"{part} has a code {codes.max()}, the alphabet {len(text.alphabet)} symbols"


def _episode_problems(dataset: Dataset, task: Episodes) -> Iterator[str]:
    yield from _unequal(dataset, task, "symbols", "classes")
    if not task.levels:
        yield "levels is empty"
    for level in task.levels:
        steps = {len(level.source), len(level.constant), len(level.wanted)}
        drawn = max((*level.source, *level.wanted), default=0)
        if len(steps) > 1:
            yield f"level {level.length}: source, constant and wanted differ in length"
        if drawn >= level.copied:
            yield f"level {level.length}: symbol {drawn} is none of {level.copied} drawn ones"
        if max(level.constant, default=0) >= task.symbols:
            yield f"level {level.length}: code {max(level.constant)}, symbols is {task.symbols}"


def _unequal(dataset: Dataset, data: Data | Episodes, *names: str) -> Iterator[str]:
    for name in names:
        said, found = getattr(dataset, name), getattr(data, name)
        if said != found:
            yield f"load gives {name}={found}, DATASET.{name} is {said}"


def _array(name: str, array: "NDArray[Any]", dtype: str, shape: tuple[int, ...]) -> Iterator[str]:
    import numpy as np

    found: Any = array
    if not isinstance(found, np.ndarray) or found.dtype != dtype or found.shape != shape:
        is_ = getattr(array, "dtype", type(array).__name__)
        yield f"{name} is {is_} {getattr(array, 'shape', '')}, not {dtype} {shape} as DATASET says"
