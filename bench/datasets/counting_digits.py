"""counting_digits: scikit-learn's digits as a stream to count in; the demo's stand-in for counting.

The scans, and the hash, are those of `digits`.
"""

import dataclasses
from pathlib import Path

from . import digits
from .loading.kinds import Data, FileCheck, Status

DATASET = dataclasses.replace(
    digits.DATASET,
    name="counting_digits",
    label="digits",
    kind="counting",
    version=1,
    files_of="digits",
)


def data_hash(folder: Path) -> str:
    """Return the canonical hash: `load` accepts nothing else."""
    return digits.data_hash(folder)


def load(folder: Path) -> Data:
    """Return the scans and labels of digits; DataError as there."""
    return digits.load(folder)


def status(folder: Path) -> Status:
    """Tell that the data is always there."""
    return dataclasses.replace(digits.status(folder), name="counting_digits")


def check(folder: Path) -> list[FileCheck]:
    """Read and hash the scans."""
    return [dataclasses.replace(found, dataset="counting_digits") for found in digits.check(folder)]


def fetch(folder: Path) -> None:
    """Do nothing: the data is installed with scikit-learn."""
