"""mnist: 70,000 handwritten digits of 28 x 28 pixels, in LeCun's four IDX files.

The files, plain or gzipped, are looked for in the data folder, in every folder of it, and of its
`data`, that is called as MNIST is (`MNIST`, `Mnist`; `fetch` puts them in its `mnist`), and in the
folder `raw` of each (torchvision's layout). They may have a dot before `idx`, or lie in a folder of
their own name, as archives have them. Only the published bytes are accepted, so this data is always
canonical: a file with other content is refused.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..declarations import Dataset
from .loading import idx, published
from .loading.files import corrupt, digest, folders_called, foreign, mismatch
from .loading.kinds import Data, FileCheck, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


class IdxFile(NamedTuple):
    """One published file: an array of unsigned bytes behind a header."""

    shape: tuple[int, ...]
    sha256: str
    """Of the unpacked file, header included."""
    gz_sha256: str
    """Of the file as it is served."""


FILES = {
    "train-images-idx3-ubyte": IdxFile(
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "train-labels-idx1-ubyte": IdxFile(
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "t10k-images-idx3-ubyte": IdxFile(
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "t10k-labels-idx1-ubyte": IdxFile(
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}
DATASET = Dataset(
    name="mnist",
    label="MNIST",
    kind="images",
    version=1,
    canonical=digest(file.sha256 for file in FILES.values()),
    shape=(1, 28, 28),
    classes=10,
    examples=(60_000, 10_000),
    pixel_max=255,
)


def data_hash(folder: Path) -> str:
    """Return the canonical hash: `load` accepts nothing else."""
    return DATASET.canonical


def load(folder: Path) -> Data:
    """Return 60,000 training and 10,000 test images, uint8 [N, 1, 28, 28], pixels 0 to 255.

    Raises DataError where a file of `folder` is missing, cannot be read or is not the published
    one.
    """
    import numpy as np

    paths = published.locate_all("mnist", FILES, _folders(folder))
    arrays = [_read(name, paths[name]) for name in FILES]
    train_images, train_labels, test_images, test_labels = arrays
    return Data(
        train_images=train_images[:, None],
        train_labels=train_labels.astype(np.int64),
        test_images=test_images[:, None],
        test_labels=test_labels.astype(np.int64),
        classes=10,
        pixel_max=255,
    )


def status(folder: Path) -> Status:
    """Tell which of the four files are in `folder`."""
    return published.status("mnist", FILES, _folders(folder), "IDX files", DATASET.canonical)


def check(folder: Path) -> list[FileCheck]:
    """Read and hash the four files."""
    sha256s = {name: file.sha256 for name, file in FILES.items()}
    return published.check("mnist", sha256s, _folders(folder), _read)


def fetch(folder: Path) -> None:
    """Download the files that are not in `folder` yet, gzipped, into its `mnist`.

    Raises DataError where that fails, or where a file that is there is corrupt and not `fetch`'s
    own to replace.
    """
    from .loading.fetch import download

    names = {name: f"{name}.gz" for name in FILES}
    for name, path in published.to_fetch(names, _folders(folder), _read):
        urls = [f"{mirror}{path.name}" for mirror in MIRRORS]
        download("mnist", urls, FILES[name].gz_sha256, path)


def _folders(folder: Path) -> list[Path]:
    own = folder / "mnist"
    called = [
        p for at in (folder, folder / "data") for p in folders_called(at, {"mnist"}.__contains__)
    ]
    roots = dict.fromkeys((folder, folder / "MNIST", *called))
    roots.pop(own, None)
    return [path for root in (*roots, own) for path in (root / "raw", root)]


def _read(name: str, path: Path) -> "NDArray[np.uint8]":
    """Return the array in the file at `path`, which is the published one."""
    shape, sha256, _ = FILES[name]
    try:
        array, found = idx.read(path, shape)
    except idx.OtherShapeError as error:
        raise foreign("mnist", path, str(error), sha256) from error
    except ValueError as error:
        raise corrupt("mnist", path, str(error), sha256) from error
    if found != sha256:
        raise mismatch("mnist", path, found, sha256)
    return array
