"""repeat_copy: read N symbols, a number R and a stop symbol, then reproduce the N symbols R times.

The levels raise N and R alternately from N = 1, R = 2 up to N = R = 16, which gives the T_task =
N x R + 3 that the paper's curves step through: 5, 7, 9, 12, 15, 19, ... Only the reproduced symbols
count; that choice, the size of the alphabet, the steps of an episode and where the ladder starts
are left open by the paper (see `loading.copying`).
"""

from collections.abc import Iterator
from pathlib import Path

from ..declarations import Dataset
from .loading import copying
from .loading.kinds import Episodes, FileCheck, Level, Status

MOST = 16
"""The largest R, the last number that has a code: T_task 259, the paper's networks reach 67."""
DATASET = Dataset(
    name="repeat_copy",
    label="Repeat Copy",
    kind="episodes",
    version=1,
    canonical=copying.identity("repeat_copy"),
    symbols=copying.number(MOST) + 1,
    classes=copying.ALPHABET,
)


def data_hash(folder: Path) -> str:
    """Return the canonical hash: there are no files that could differ."""
    return DATASET.canonical


def load(folder: Path) -> Episodes:
    """Return the task; it reads nothing."""
    return Episodes(
        symbols=copying.number(MOST) + 1,
        classes=copying.ALPHABET,
        levels=tuple(_ladder()),
    )


def status(folder: Path) -> Status:
    """Tell that the task is always there."""
    return copying.status("repeat_copy")


def check(folder: Path) -> list[FileCheck]:
    """Return no row: there are no files."""
    return []


def fetch(folder: Path) -> None:
    """Do nothing: there are no files."""


def _ladder() -> Iterator[Level]:
    """Yield the levels: (N, R) = (1, 2), (2, 2), (2, 3), (3, 3), ..."""
    for repeats in range(2, MOST + 1):
        for copied in (repeats - 1, repeats):
            announcement = [copying.number(repeats), copying.STOP]
            yield copying.level(copied, repeats, announcement)
