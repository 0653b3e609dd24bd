"""What a dataset is once loaded, and what is told of its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A labelled image set, whole and undecorated; a network's input is image / pixel_max."""

    train_images: "NDArray[np.uint8]"
    """[N, C, H, W], in an order that is part of the data."""
    train_labels: "NDArray[np.int64]"
    """[N], from 0 to classes - 1."""
    test_images: "NDArray[np.uint8]"
    """[N, C, H, W]."""
    test_labels: "NDArray[np.int64]"
    """[N]."""
    classes: int
    pixel_max: int
    """The largest value a pixel can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One dataset as `sgbench data list` shows it."""

    name: str
    state: str
    """bundled, ready (the files are there; `verify` reads them) or missing."""
    source: str
    """What the data comes from: which files, or what is missing."""
    folder: Path | None
    """Where the files are, or would be fetched to; None for bundled data."""
    data_hash: str
    """16 hexadecimal digits; the canonical one where the files are missing."""
    canonical: bool
    """Whether the data is the published set, value for value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """One data file, read and hashed."""

    dataset: str
    file: str
    path: Path | None = None
    expected: str | None = None
    """Published SHA-256; None where none is published (repackaged files)."""
    found: str | None = None
    """SHA-256 of what is there; None where it is missing or cannot be read."""
    problem: str | None = None
    """What is wrong, in words, with the remedy; None where nothing is."""
