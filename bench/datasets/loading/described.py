"""Own images without code: three lines of TOML over a folder of files in a known format.

    name = "Fashion-MNIST"          how tables write it
    format = "idx"                  or "cifar-binary", "parquet"
    folder = "FashionMNIST/raw"     where the files are

A folder that is not absolute is looked for beside the TOML file, then in the data folder
(SGBENCH_DATA, else the cache folder). Classes, shape and sizes are read from the files; pixels go
from 0 to 255. The hash of the files is the data's.
"""

import functools
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ...declarations import Dataset
from ...errors import DataError, UsageError, did_you_mean, one_line
from ...paths import expand_home
from . import cifar_binary, idx, shards
from .files import digest, identity, resolve
from .kinds import Data, FileCheck, ImageFiles

KEYS = ("name", "format", "folder")


@dataclass(frozen=True, slots=True)
class Format:
    """How images lie in a folder; what cannot be is a ValueError or DataError.

    Attributes:
        find: takes a folder and returns what its files hold, without loading the images.
        load: takes that and returns the images.
        hashes: takes that and returns the SHA-256 of each file.
    """

    find: Callable[[Path], ImageFiles]
    load: Callable[[ImageFiles], Data]
    hashes: Callable[[ImageFiles], list[str]]


FORMATS = {
    "idx": Format(idx.find, idx.load, idx.hashes),
    "cifar-binary": Format(cifar_binary.find, cifar_binary.load, cifar_binary.hashes),
    "parquet": Format(shards.find, shards.load, shards.hashes),
}


class Described:
    """The dataset of a TOML file, with the functions of a dataset's module.

    Args:
        name: the file's stem.
        path: the file.
        label: how tables write it.
        form: the format, of `FORMATS`.
        found: its files.
    """

    def __init__(self, name: str, path: str, label: str, form: str, found: ImageFiles) -> None:
        self.__file__, self._form, self._found = path, form, found
        self.DATASET = Dataset(
            name=name,
            label=label,
            kind="images",
            version=1,
            shape=found.shape,
            classes=found.classes,
            examples=found.examples,
            pixel_max=255,
        )

    def load(self, folder: Path) -> Data:
        """Return the images, wherever the data folder is."""
        del folder
        try:
            return FORMATS[self._form].load(self._found)
        except (OSError, ValueError) as error:
            raise self._error(error) from error

    def data_hash(self, folder: Path) -> str:
        """Return the hash of the files' contents."""
        del folder
        return digest(self._hashes())

    def check(self, folder: Path) -> list[FileCheck]:
        """Read and hash every file."""
        name, problem = self.DATASET.name, None
        try:
            hashes = self._hashes()
            self.load(folder)
        except DataError as error:
            return [FileCheck(dataset=name, file="(any)", problem=str(error))]
        return [
            FileCheck(dataset=name, file=path.name, path=path, found=sha256, problem=problem)
            for path, sha256 in zip(self._found.files, hashes, strict=True)
        ]

    def _hashes(self) -> tuple[str, ...]:
        try:
            return _hashes(self._form, self._found, tuple(map(identity, self._found.files)))
        except (OSError, ValueError) as error:
            raise self._error(error) from error

    def _error(self, error: OSError | ValueError) -> DataError:
        return DataError(f"{self.__file__}: {_words(error)}; name a folder that has the files")


@functools.lru_cache(maxsize=8)
def _hashes(
    form: str, found: ImageFiles, identities: tuple[tuple[Path, int, int], ...]
) -> tuple[str, ...]:
    del identities  # of the files: another one is another file
    return tuple(FORMATS[form].hashes(found))


def read(name: str, path: str, text: str) -> Described:
    """Return the dataset that a TOML file describes.

    Args:
        name: the file's stem, which is the dataset's name.
        path: the file, for messages and as where its folder is looked for.
        text: its content.

    Raises UsageError that names the key where one is missing, unknown or of no use.
    """
    values = _values(path, text)
    form = values["format"]
    if form not in FORMATS:
        raise UsageError(f"{path}: format = {form!r}{did_you_mean(form, FORMATS)}")
    folder = _folder(path, values["folder"])
    try:
        found = FORMATS[form].find(folder)
    except (OSError, ValueError, DataError) as error:
        raise UsageError(
            f"{path}: folder = {values['folder']!r}: {folder}: {_words(error)}; name a folder of"
            f" files in the format {form}"
        ) from error
    if found.classes < 2 or not all(found.examples):
        raise UsageError(
            f"{path}: folder = {values['folder']!r}: {folder} has {found.classes} classes and"
            f" {found.examples[0]:,} + {found.examples[1]:,} images; name a folder with more"
        )
    return Described(name, path, values["name"], form, found)


def _values(path: str, text: str) -> dict[str, str]:
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:  # brackets nested without end
        raise UsageError(f"{path} is no TOML: {one_line(str(error))}; it has {_needed()}") from None
    for key, value in values.items():
        if key not in KEYS:
            raise UsageError(f"{path}: unknown key {key!r}{did_you_mean(key, KEYS)}")
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{path}: {key} = {value!r} must be a string; it has {_needed()}")
    missing = [key for key in KEYS if key not in values]
    if missing:
        raise UsageError(f"{path} lacks {', '.join(missing)}; it has {_needed()}")
    return cast("dict[str, str]", values)


def _needed() -> str:
    return f'name = "…", format = one of {", ".join(FORMATS)}, folder = "…"'


def _folder(path: str, folder: str) -> Path:
    """Return the folder; UsageError with where it was looked for if there is none."""
    own = expand_home(folder, f"{path}: folder =")
    places = [own] if own.is_absolute() else [Path(path).parent / own, resolve(None) / own]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        looked = " and ".join(map(str, places))
        raise UsageError(
            f"{path}: folder = {folder!r} is not there (looked for {looked}); name it from the"
            " root, beside this file, or within SGBENCH_DATA"
        )
    return found


def _words(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return one_line(reason or str(error))
