"""Types of loaded data, and of the status of its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UsageError

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
class ImageFiles:
    """The files of a labelled image set, and its sizes, known before they are loaded."""

    files: tuple[Path, ...]
    """In the order of their content, those to train on first."""
    shape: tuple[int, int, int]
    """[C, H, W] of an image."""
    classes: int
    examples: tuple[int, int]
    """Images to train on, and for the test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text as codes of its characters, cut into three parts."""

    train: "NDArray[np.uint8]"
    """[characters], in the order of the text; from 0 to len(alphabet) - 1."""
    valid: "NDArray[np.uint8]"
    test: "NDArray[np.uint8]"
    alphabet: str
    """The symbol of each code, in the order of codes; at most 256 symbols."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One difficulty of a generated task: input and target at each step of an episode."""

    length: int
    """T_task, as the paper counts it: not the number of steps, which is len(source)."""
    copied: int
    """N: symbols drawn for an episode, each uniformly from 0 to classes - 1."""
    repeats: int
    """R: how often the drawn symbols are wanted."""
    source: tuple[int, ...]
    """[steps]: which of the drawn symbols is read; -1 where `constant` is."""
    constant: tuple[int, ...]
    """[steps]: the code that is read where `source` is -1; elsewhere a valid code without use."""
    wanted: tuple[int, ...]
    """[steps]: which of the drawn symbols is the target; -1 where nothing counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """A task whose episodes are drawn while it is learned, with a curriculum of levels."""

    symbols: int
    """Size of the input vocabulary: codes are from 0 to symbols - 1."""
    classes: int
    """Number of outputs; the drawn symbols, and the targets, are codes from 0 to classes - 1."""
    levels: tuple[Level, ...]
    """The curriculum, the easiest first; no two of the same length."""

    def rung(self, length: int) -> int:
        """Return the index of the level whose T_task is `length`; UsageError where none is."""
        lengths = [level.length for level in self.levels]
        if length not in lengths:
            near = sorted(sorted(lengths, key=lambda known: abs(known - length))[:2])
            raise UsageError(
                f"no level has T_task {length}: they go from {lengths[0]} to {lengths[-1]},"
                f" the nearest {' and '.join(map(str, near))}"
            )
        return lengths.index(length)


Loaded = Data | Episodes | Text
"""The result of a dataset's `load`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One dataset as `sgbench data list` shows it."""

    name: str
    state: str
    """bundled, generated, ready (the files are there; `verify` reads them), corrupt or missing."""
    source: str
    """Where the data comes from, or the files that are missing."""
    folder: Path | None
    """Where the files are, or would be fetched to; None for bundled and generated data."""
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
    """SHA-256 of the file; None where it is missing or cannot be read."""
    problem: str | None = None
    """The fault and its remedy, in words; None where there is no fault."""
