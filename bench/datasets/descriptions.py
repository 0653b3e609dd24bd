"""descriptions: some 43,000 characters that come with scikit-learn; the demo's text.

They are its descriptions of its datasets (`datasets/descr/*.rst`), joined in the order of their
file names. They have no published split, so this is ours: by characters, the first 90 % train, the
next 5 % are for validation, the last 5 % for the test. The alphabet is what occurs.

Another version of scikit-learn may have another text: that is other data, with its own hash, and
no error. The canonical hash is that of the version in constraints.txt.
"""

import hashlib
from pathlib import Path

from ..declarations import Dataset
from ..errors import DataError
from .loading.files import installed
from .loading.kinds import FileCheck, Status, Text
from .loading.text import split

SHA256 = "efcc63d1a838d2134e9078ff3e2d7c6b66098f891425d381cef4879fe3ca390f"
"""Of the joined files of scikit-learn 1.9.1."""
DATASET = Dataset(
    name="descriptions",
    label="descriptions",
    kind="text",
    version=1,
    canonical=SHA256[:16],
    symbols=92,
    characters=(38_748, 2_153, 2_153),
)
FILES = "datasets/descr/*.rst"


def data_hash(folder: Path) -> str:
    """Return the hash of the installed text; the canonical one where it is missing."""
    try:
        return _sha256(_bundled())[:16]
    except DataError:
        return DATASET.canonical


def load(folder: Path) -> Text:
    """Return the text's three parts, of the canonical text those that `DATASET` declares.

    Raises DataError where the files are missing or cannot be read.
    """
    content = _bundled()
    try:
        return split(content.decode("utf-8"))
    except ValueError as error:  # not UTF-8, or too many symbols
        raise _unusable(f"are no text to train on ({error})") from error


def status(folder: Path) -> Status:
    """Tell whether the text is there and the canonical one."""
    try:
        found, state, source = _sha256(_bundled())[:16], "bundled", "comes with scikit-learn"
    except DataError as error:
        found, state, source = DATASET.canonical, "missing", str(error)
    return Status(
        name="descriptions",
        state=state,
        source=source,
        folder=None,
        data_hash=found,
        canonical=found == DATASET.canonical,
    )


def check(folder: Path) -> list[FileCheck]:
    """Read and hash the text; only the canonical one has a published hash."""
    found, problem = None, None
    try:
        found = _sha256(_bundled())
        load(folder)
    except DataError as error:
        problem = str(error)
    return [
        FileCheck(
            dataset="descriptions",
            file=FILES,
            path=_folder(),
            expected=SHA256 if found == SHA256 else None,
            found=found,
            problem=problem,
        )
    ]


def fetch(folder: Path) -> None:
    """Do nothing: the text is installed with scikit-learn."""


def _bundled() -> bytes:
    """Return the files' contents, joined; DataError where there are none."""
    folder = _folder()
    paths = sorted(folder.glob("*.rst")) if folder else []
    try:
        content = b"".join(path.read_bytes() for path in paths)
    except OSError as error:
        raise _unusable(f"cannot be read ({error})") from error
    if not content:
        raise _unusable("are not there")
    return content


def _folder() -> Path | None:
    folders = installed("sklearn", "datasets", "descr")
    return next((folder for folder in folders if folder.is_dir()), None)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unusable(why: str) -> DataError:
    return DataError(f"descriptions: scikit-learn's {FILES} {why}; reinstall scikit-learn")
