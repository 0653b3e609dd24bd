"""Corpora: any UTF-8 file as a text to train on in the place of a dataset's.

A byte-order mark at its beginning, as some editors write, is no part of the text, nor of its hash.
"""

import codecs
import functools
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ...errors import UsageError
from ...paths import expand_home
from .files import identity, sha256_once
from .kinds import Text
from .text import MOST_SYMBOLS, split, symbols

SHORTEST = 1_000
"""Characters a corpus must have: with fewer, validation and test would be under 50 each."""

Read = TypeVar("Read")


def load_corpus(path: Path | str) -> Text:
    """Return the text of the file at `path`, line ends as they are, split 90 / 5 / 5.

    A byte-order mark at its beginning is left out.

    Raises UsageError where there is no such file, it is not UTF-8, has fewer than SHORTEST
    characters, or more symbols than a byte can hold.
    """
    path = expand_home(path, "corpus:")
    content = _read(path, _unmarked)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"corpus: {path} is not UTF-8 (byte {content[error.start]:#04x} at {error.start:,});"
            " convert it, or name another file"
        ) from error
    if len(text) < SHORTEST:
        size = f"has {len(text):,} characters" if text else "is empty"
        raise UsageError(f"corpus: {path} {size}; name a text of {SHORTEST:,} characters or more")
    try:
        return split(text)
    except ValueError as error:
        raise UsageError(
            f"corpus: {path} has {error}; replace the rare ones, or name another file"
        ) from error


def corpus_hash(path: Path | str) -> str:
    """Return the hash of the text at `path`: 16 hexadecimal digits of its SHA-256.

    A byte-order mark is left out of it, which is said on stderr once. Raises UsageError where there
    is no such file. `load_corpus` judges its content.
    """
    return _read(expand_home(path, "corpus:"), lambda path: _hash(*identity(path)))[:16]


def corpus_symbols(path: Path | str) -> int:
    """Return the number of symbols of the file at `path`; the most of a file that is no text.

    Raises UsageError where there is no such file.
    """
    return _read(expand_home(path, "corpus:"), lambda path: _symbols(*identity(path)))


@functools.lru_cache(maxsize=8)
def _hash(path: Path, _size: int, _time: int) -> str:
    if not _is_marked(path):
        return sha256_once(path)
    print(f"corpus: {path} begins with a byte-order mark, which is left out", file=sys.stderr)
    return hashlib.sha256(_unmarked(path)).hexdigest()


def _is_marked(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _unmarked(path: Path) -> bytes:
    """Return the content of a file without its byte-order mark."""
    return path.read_bytes().removeprefix(codecs.BOM_UTF8)


@functools.lru_cache(maxsize=8)
def _symbols(path: Path, _size: int, _time: int) -> int:
    try:
        return min(MOST_SYMBOLS, len(symbols(_unmarked(path).decode("utf-8"))))
    except UnicodeDecodeError:
        return MOST_SYMBOLS


def _read(path: Path, read: Callable[[Path], Read]) -> Read:
    """Return `read(path)`; UsageError in place of what it raises."""
    remedy = "name a UTF-8 text file"
    try:
        if path.exists() and not path.is_file():  # a pipe would keep its reader waiting
            raise UsageError(f"corpus: {path} is a folder or no plain file; {remedy}")
        return read(path)
    except FileNotFoundError as error:
        raise UsageError(f"corpus: {path} is not there; {remedy}") from error
    except OSError as error:
        raise UsageError(f"corpus: {path} cannot be read ({error.strerror}); {remedy}") from error
