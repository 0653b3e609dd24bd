"""The datasets, one file each; the folder is the registry.

A dataset's module has `FAMILY`, `VERSION` (raised when `load` gives other values for the same
files), `CANONICAL` (the hash of the published set's content) and five functions of a data folder:
`load`, `data_hash`, `status`, `check` (every file read and hashed) and `fetch`. What is private to
the loading of files starts with an underscore. Nothing here imports torch, and nothing heavier
than the standard library is imported before it is needed: identities are asked for by every verb.

A dataset that is another's files in another use says so by `FILES_OF`.

The family says what `load` returns:

- `images` (`mnist`, `cifar10`, `digits`): `Data`, labelled images.
- `counting` (`counting`, `counting_digits`): `Data` too, of `mnist` and `digits`, whose files and
  hashes they share: digits to be counted in a stream.
- `episodes` (`copy`, `repeat_copy`): `Episodes`, a task that is generated; it has no files.
- `text` (`ptb`, `descriptions`): `Text`, characters to predict. Any other UTF-8 file takes the
  place of such a text where it is named as `corpus`; its content is the data's hash then.
"""

from pathlib import Path
from typing import Any

from .. import registry
from ..errors import DataError, UsageError
from .loading.corpus import corpus_hash, load_corpus
from .loading.files import resolve
from .loading.kinds import Data, Episodes, FileCheck, Level, Status, Text

__all__ = [
    "Data",
    "Episodes",
    "FileCheck",
    "Level",
    "Status",
    "Text",
    "canonical_hash",
    "corpus_hash",
    "data_hash",
    "family",
    "fetch",
    "load",
    "load_corpus",
    "names",
    "resolve",
    "status",
    "verify",
    "version",
    "with_files",
]


def names() -> tuple[str, ...]:
    """Return the names of the datasets."""
    return registry.DATASETS.names()


def with_files() -> tuple[str, ...]:
    """Return the names of the datasets whose files, if they have any, are their own."""
    return tuple(n for n, one in registry.DATASETS.loadable() if one.files_of is None)


def family(name: str) -> str:
    """Return the family of the dataset `name`: images, counting, episodes or text."""
    return registry.DATASETS.declared(name).kind


def version(name: str) -> int:
    """Return the version of the dataset `name`, part of every id of its cells."""
    return registry.DATASETS.declared(name).version


def canonical_hash(name: str) -> str:
    """Return the hash (16 hexadecimal digits) of the published data, whatever is on this disk."""
    return registry.DATASETS.declared(name).canonical


def data_hash(
    name: str, data_dir: Path | str | None = None, *, corpus: Path | str | None = None
) -> str:
    """Return the hash of the data that `load` gives; the canonical one where files are missing.

    Two routes to the same values (plain or packed files, lossless images) have the same hash.
    Files that carry published names are not read here: `load` refuses them unless they are the
    published ones. Only files that anyone may have repackaged are hashed, once a process.

    Args:
        name: of the dataset.
        data_dir: the data folder (else SGBENCH_DATA, else the cache folder).
        corpus: the file whose text takes the place of the text `name`.

    Raises UsageError where `corpus` cannot be read or `name` is no text.
    """
    if corpus is None:
        return _module(name).data_hash(resolve(data_dir))
    _refuse_corpus_unless_text(name)
    return corpus_hash(corpus)


def load(
    name: str, data_dir: Path | str | None = None, *, corpus: Path | str | None = None
) -> Data | Episodes | Text:
    """Return the data `name`; what it is follows from its family.

    Args:
        name: of the dataset.
        data_dir: the data folder (else SGBENCH_DATA, else the cache folder).
        corpus: the file whose text takes the place of the text `name`.

    Raises DataError where files are missing or corrupt (which, expected hash, remedy), UsageError
    where `corpus` is not a text that can be used or `name` is none.
    """
    if corpus is None:
        return _module(name).load(resolve(data_dir))
    _refuse_corpus_unless_text(name)
    return load_corpus(corpus)


def status(name: str, data_dir: Path | str | None = None) -> Status:
    """Tell what of the data `name` is there, without reading it."""
    return _module(name).status(resolve(data_dir))


def fetch(name: str, data_dir: Path | str | None = None) -> None:
    """Download what is missing of the data `name` into `data_dir`, showing progress on stderr.

    Raises DataError where that fails (no network, wrong hash, folder not writable).
    """
    _module(name).fetch(resolve(data_dir))


def verify(name: str, data_dir: Path | str | None = None) -> list[FileCheck]:
    """Read and hash every file of the data `name`; DataError names each that is not as it should.

    Returns a row a file; of repackaged files, which have no published hash, it says only that
    they can be read and what their hash is.
    """
    checks: list[FileCheck] = _module(name).check(resolve(data_dir))
    problems = [check.problem for check in checks if check.problem]
    if problems:
        raise DataError(" | ".join(problems))
    return checks


def _refuse_corpus_unless_text(name: str) -> None:
    if family(name) != "text":
        texts = [known for known in names() if family(known) == "text"]
        raise UsageError(
            f"corpus: {name} is no text; leave the corpus out, or choose {' or '.join(texts)}"
        )


def _module(name: str) -> Any:
    return registry.DATASETS.module(name)
