"""The datasets, one file each; own ones come by a file or an installed package.

A dataset's module has `DATASET`, its declaration (`declarations.Dataset`), and five functions of a
data folder: `load`, `data_hash`, `status`, `check` (every file read and hashed) and `fetch`. Own
data needs `load` alone (`loading.external`), or no code where its images lie in a known format
(`loading.described`). Nothing here imports torch, and nothing heavier than the standard library is
imported before it is needed: identities are asked for by every verb.

The kind of a dataset says what `load` returns:

- `images` (`mnist`, `cifar10`, `digits`): `Data`, labelled images.
- `counting` (`counting`, `counting_digits`): `Data` too, of `mnist` and `digits`, whose files and
  hashes they share: digits to be counted in a stream.
- `episodes` (`copy`, `repeat_copy`): `Episodes`, a task that is generated; it has no files.
- `text` (`ptb`, `descriptions`): `Text`, characters to predict. Any other UTF-8 file takes the
  place of such a text where it is named as `corpus`; its content is the data's hash then.
"""

import contextlib
import dataclasses
import re
import shlex
from collections.abc import Generator, Iterable
from pathlib import Path

from .. import registry
from ..errors import DataError, UsageError
from .loading import external
from .loading.corpus import corpus_hash, corpus_symbols, load_corpus
from .loading.files import NOWHERE, need_folder, resolve
from .loading.kinds import Data, Episodes, FileCheck, Level, Loaded, Status, Text

__all__ = [
    "Data",
    "Episodes",
    "FileCheck",
    "Level",
    "Loaded",
    "Status",
    "Text",
    "canonical_hash",
    "corpus_hash",
    "data_hash",
    "fetch",
    "fetching",
    "image_shape",
    "is_canonical",
    "kind",
    "load",
    "load_corpus",
    "names",
    "resolve",
    "status",
    "symbols",
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


def kind(name: str) -> str:
    """Return the kind of the dataset `name`: images, counting, episodes or text."""
    return registry.DATASETS.declared(name).kind


def version(name: str) -> int:
    """Return the version of the dataset `name`, part of every id of its cells."""
    return registry.DATASETS.declared(name).version


def canonical_hash(name: str) -> str:
    """Return the hash (16 hexadecimal digits) of the published data, whatever is on this disk.

    Empty for own data, of which nothing is published.
    """
    return registry.DATASETS.declared(name).canonical


def is_canonical(name: str, found: str) -> bool:
    """Tell whether data of the hash `found` is the published one; own data is its own original."""
    return canonical_hash(name) in ("", found)


def image_shape(name: str) -> tuple[int, int, int]:
    """Return the shape [C, H, W] of the images of `name`; UsageError where it has none."""
    return registry.DATASETS.declared(name).need("shape")


def symbols(name: str, corpus: Path | str | None = None) -> int:
    """Return the size of the input vocabulary of a text or task; UsageError where it has none.

    Args:
        name: of the dataset.
        corpus: the file whose text takes the place of the text `name`; it is read for this.
    """
    if corpus is not None:
        return corpus_symbols(corpus)
    return registry.DATASETS.declared(name).need("symbols")


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
        with _quoted(data_dir):
            return _functions(name).data_hash(resolve(data_dir))
    _refuse_corpus_unless_text(name)
    return corpus_hash(corpus)


def load(
    name: str, data_dir: Path | str | None = None, *, corpus: Path | str | None = None
) -> Loaded:
    """Return the data `name`, of the type that its kind says.

    Args:
        name: of the dataset.
        data_dir: the data folder (else SGBENCH_DATA, else the cache folder).
        corpus: the file whose text takes the place of the text `name`.

    Raises DataError where files are missing or corrupt (which, expected hash, remedy), UsageError
    where `corpus` is not a text that can be used or `name` is none.
    """
    if corpus is None:
        with _quoted(data_dir):
            return _functions(name).load(resolve(data_dir))
    _refuse_corpus_unless_text(name)
    return load_corpus(corpus)


def status(name: str, data_dir: Path | str | None = None) -> Status:
    """Tell what of the data `name` is there, without reading it."""
    found = _functions(name).status(resolve(data_dir))
    nowhere = found.folder is not None and NOWHERE in (found.folder, *found.folder.parents)
    return dataclasses.replace(found, folder=None) if nowhere else found


def fetch(name: str, data_dir: Path | str | None = None) -> None:
    """Download the missing files of the data `name` into `data_dir`, showing progress on stderr.

    Raises DataError where that fails (no network, wrong hash, folder not writable), UsageError
    where no folder is named and the user has none.
    """
    functions, folder = _functions(name), resolve(data_dir)
    with _quoted(data_dir):
        if functions.status(folder).state == "missing":
            need_folder(folder)
        functions.fetch(folder)


def verify(name: str, data_dir: Path | str | None = None) -> list[FileCheck]:
    """Read and hash every file of the data `name`; DataError names each that is not as it should.

    Returns a row per file; of repackaged files, which have no published hash, it says only that
    they can be read and what their hash is.
    """
    checks = _functions(name).check(resolve(data_dir))
    problems = [check.problem for check in checks if check.problem]
    with _quoted(data_dir):
        if problems:
            raise DataError(_joined(problems))
    return checks


def _joined(problems: list[str]) -> str:
    """Return problems on one line, each remedy once, behind the files that it is for."""
    files: dict[str, list[str]] = {}
    for problem in dict.fromkeys(problems):
        what, _, remedy = problem.partition("; ")
        files.setdefault(remedy, []).append(what)
    return " | ".join("; ".join((*of_it, remedy)) for remedy, of_it in files.items())


@contextlib.contextmanager
def _quoted(data_dir: Path | str | None) -> Generator[None]:
    """Name the user's data folder in the remedy of errors: another one is filled without it."""
    try:
        yield
    except DataError as error:
        if data_dir is None:
            raise
        fetch = re.compile(r"(?<=`sgbench data fetch )\w+(?=`)")
        told = fetch.sub(lambda name: name[0] + _option(data_dir), str(error))
        raise DataError(told) from error


def fetching(names: Iterable[str], data_dir: Path | str | None) -> str:
    """Return the command that downloads the files of some datasets to where they are looked for."""
    files = {registry.DATASETS.declared(name).files_of or name for name in names}
    return f"sgbench data fetch {' '.join(sorted(files))}{_option(data_dir)}"


def _option(data_dir: Path | str | None) -> str:
    return "" if data_dir is None else f" --data-dir {shlex.quote(str(data_dir))}"


def _refuse_corpus_unless_text(name: str) -> None:
    if kind(name) != "text":
        texts = [known for known, one in registry.DATASETS.loadable() if one.kind == "text"]
        raise UsageError(
            f"corpus: {name} is no text; leave the corpus out, or choose {' or '.join(texts)}"
        )


def _functions(name: str) -> external.Functions:
    """Return the functions of a dataset: its module's, with defaults where own data lacks some."""
    module = registry.DATASETS.module(name)
    if registry.DATASETS.source_hash(name) is not None:
        return external.functions_of(registry.DATASETS.declared(name), module)
    return external.Functions(
        load=module.load,
        data_hash=module.data_hash,
        status=module.status,
        check=module.check,
        fetch=module.fetch,
    )
