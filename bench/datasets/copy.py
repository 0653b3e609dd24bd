"""copy: read N symbols and a stop symbol, then reproduce the N symbols, with N from 1 to 100.

Its level of N symbols has T_task = N + 3. Only the reproduced symbols count; that choice, the size
of the alphabet and the steps of an episode are left open by the paper (see `loading.copying`).
"""

from pathlib import Path

from ..declarations import Dataset
from .loading import copying
from .loading.kinds import Episodes, FileCheck, Status

DATASET = Dataset(
    name="copy",
    label="Copy",
    kind="episodes",
    version=1,
    canonical=copying.identity("copy"),
    symbols=copying.STOP + 1,
    classes=copying.ALPHABET,
)
LONGEST = 100
"""N of the last level, five times and more what the paper's networks reach (Table 2: 16)."""


def data_hash(folder: Path) -> str:
    """Return the canonical hash: there are no files that could differ."""
    return DATASET.canonical


def load(folder: Path) -> Episodes:
    """Return the task; it reads nothing."""
    return Episodes(
        symbols=copying.STOP + 1,
        classes=copying.ALPHABET,
        levels=tuple(copying.level(copied, 1, [copying.STOP]) for copied in range(1, LONGEST + 1)),
    )


def status(folder: Path) -> Status:
    """Tell that the task is always there."""
    return copying.status("copy")


def check(folder: Path) -> list[FileCheck]:
    """Return no row: there are no files."""
    return []


def fetch(folder: Path) -> None:
    """Do nothing: there are no files."""
