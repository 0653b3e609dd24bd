"""counting: MNIST's digits as a stream to count in (Figure 8); files and hash are mnist's.

The program draws the stream and counts in it (`families.pair.digit_streams`).
"""

import dataclasses
from pathlib import Path

from . import mnist
from .loading.kinds import Data, FileCheck, Status

DATASET = dataclasses.replace(
    mnist.DATASET, name="counting", label="MNIST", kind="counting", version=1, files_of="mnist"
)


def data_hash(folder: Path) -> str:
    """Return the canonical hash: `load` accepts nothing else."""
    return mnist.data_hash(folder)


def load(folder: Path) -> Data:
    """Return mnist's images and labels; DataError as mnist's."""
    return mnist.load(folder)


def status(folder: Path) -> Status:
    """Tell which of mnist's files are in `folder`."""
    found = mnist.status(folder)
    return dataclasses.replace(found, name="counting", source=f"the data of mnist: {found.source}")


def check(folder: Path) -> list[FileCheck]:
    """Read and hash mnist's files."""
    return [dataclasses.replace(found, dataset="counting") for found in mnist.check(folder)]


def fetch(folder: Path) -> None:
    """Download what is missing of mnist's files."""
    mnist.fetch(folder)
