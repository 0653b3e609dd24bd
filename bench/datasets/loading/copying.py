"""Codes and episodes of the two copying tasks.

Codes: the alphabet's symbols come first, then the blank, the stop symbol and, where a task has
them, the numbers 1, 2, 3, ... An episode reads N drawn symbols, what announces their reproduction
(a stop symbol last) and then N x R blanks. The paper (arXiv 1608.05343) leaves three things open;
the choices here:

- The alphabet has `ALPHABET` symbols.
- Only the reproduced symbols count, not the outputs while a network reads, so a
  guess costs log2(ALPHABET) bits a symbol whatever N and R are.
- Reproduction begins one step after the stop symbol, on the first blank. So an episode takes more
  steps than its T_task says, which is a label taken from the paper (N x R + 3), not a count.
"""

import hashlib
from collections.abc import Sequence

from .kinds import Level, Status

ALPHABET = 2
"""Symbols to draw from; the paper gives no number. Change it with both tasks' versions."""
BLANK = ALPHABET
STOP = ALPHABET + 1


def number(value: int) -> int:
    """Return the code of the number `value`, from 1."""
    return STOP + value


def level(copied: int, repeats: int, announcement: Sequence[int]) -> Level:
    """Return the level of `copied` symbols wanted `repeats` times after the `announcement`."""
    reading, asking, answering = copied, len(announcement), copied * repeats
    return Level(
        length=answering + 3,  # the paper's T_task
        copied=copied,
        repeats=repeats,
        source=(*range(copied), *[-1] * (asking + answering)),
        constant=(*[BLANK] * reading, *announcement, *[BLANK] * answering),
        wanted=(*[-1] * (reading + asking), *[*range(copied)] * repeats),
    )


def identity(name: str) -> str:
    """Return what stands for the hash of data that has no files: one of the task's name.

    The task of that name has its version in its module's `DATASET`.
    """
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def status(name: str) -> Status:
    """Tell that the task `name` is always there."""
    return Status(
        name=name,
        state="generated",
        source="drawn while training",
        folder=None,
        data_hash=identity(name),
        canonical=True,
    )
