"""digits: 1,797 scans of 8 x 8 pixels that come with scikit-learn; the demo's data.

The scans have no published split, so this is ours: the examples are sorted by label and, within a
label, by the SHA-256 of their position in scikit-learn's file (a fixed shuffle that depends on no
library's generator); every fifth, from the first on, is a test example (360), the others train
(1,437). So every class has its share of both. Both parts are then put in the order of the same
hash, so that the last sixth of the training set, held out for tuning, is a random one.
"""

import gzip
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..declarations import Dataset
from ..errors import DataError
from .loading.files import installed
from .loading.kinds import Data, FileCheck, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHA256 = "205a6f21ad3a9e38a8afc79a9945332cd0fbfeb87e296f384d4544792cceb462"
"""Of the labels (int64, little-endian), then the pixels (uint8), in the file's order."""
DATASET = Dataset(
    name="digits",
    label="digits",
    kind="images",
    version=1,
    canonical=SHA256[:16],
    shape=(1, 8, 8),
    classes=10,
    examples=(1_437, 360),
    pixel_max=16,
)


def data_hash(folder: Path) -> str:
    """Return the canonical hash: `load` accepts nothing else."""
    return DATASET.canonical


def load(folder: Path) -> Data:
    """Return 1,437 training and 360 test images, uint8 [N, 1, 8, 8], pixels from 0 to 16.

    Raises DataError where the installed scikit-learn has other scans than it used to.
    """
    import numpy as np

    pixels, labels = _bundled()
    found = _content_hash(pixels, labels)
    if found != SHA256:
        raise DataError(
            f"digits: scikit-learn's scans have SHA-256 {found}, expected {SHA256};"
            " reinstall scikit-learn"
        )
    shuffled = sorted(range(len(labels)), key=_rank)
    by_label = sorted(shuffled, key=lambda index: labels[index])
    held_out = set(by_label[::5])
    test = np.array([index for index in shuffled if index in held_out])
    train = np.array([index for index in shuffled if index not in held_out])
    images = pixels.reshape(-1, 1, 8, 8)
    return Data(
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
        classes=10,
        pixel_max=16,
    )


def status(folder: Path) -> Status:
    """Tell that the data is always there."""
    return Status(
        name="digits",
        state="bundled",
        source="comes with scikit-learn",
        folder=None,
        data_hash=DATASET.canonical,
        canonical=True,
    )


def check(folder: Path) -> list[FileCheck]:
    """Read and hash the scans."""
    found = _content_hash(*_bundled())
    problem = None if found == SHA256 else "other scans than expected; reinstall scikit-learn"
    return [
        FileCheck(
            dataset="digits",
            file="digits.csv.gz",
            path=_path(),
            expected=SHA256,
            found=found,
            problem=problem,
        )
    ]


def fetch(folder: Path) -> None:
    """Do nothing: the data is installed with scikit-learn."""


def _bundled() -> "tuple[NDArray[np.uint8], NDArray[np.int64]]":
    """Return pixels [1797, 64] and labels [1797] in the file's order.

    The file is read directly where it is in its place, because importing scikit-learn takes
    longer than many a demo cell trains.
    """
    import numpy as np

    path = _path()
    if path is not None:
        try:
            with gzip.open(path, "rt", encoding="ascii") as stream:
                table = np.loadtxt(stream, delimiter=",", dtype=np.uint8)
        except (OSError, EOFError, ValueError) as error:
            raise DataError(f"digits: {path} is damaged; reinstall scikit-learn") from error
        return table[:, :-1], table[:, -1].astype(np.int64)
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    return bunch.data.astype(np.uint8), bunch.target.astype(np.int64)


def _path() -> Path | None:
    paths = installed("sklearn", "datasets", "data", "digits.csv.gz")
    return next((path for path in paths if path.is_file()), None)


def _content_hash(pixels: "NDArray[np.uint8]", labels: "NDArray[np.int64]") -> str:
    return hashlib.sha256(labels.astype("<i8").tobytes() + pixels.tobytes()).hexdigest()


def _rank(index: int) -> str:
    return hashlib.sha256(str(index).encode()).hexdigest()
