"""The errors that a user can cause, each with its exit code, and those of training."""

import difflib
from collections.abc import Iterable

NEAR = 0.6
"""The likeness (`difflib.SequenceMatcher.ratio`) from which on a name is taken for a slip."""


class SgbenchError(Exception):
    """Base of every error that is shown as one line; `exit_code` becomes the process's."""

    exit_code = 2


class UsageError(SgbenchError, ValueError):
    """An argument is wrong: the message names it and the remedy. Exit code 2."""


class DataError(SgbenchError):
    """A data file is missing or corrupt: the message names it and the remedy. Exit code 2."""


class StoreError(SgbenchError):
    """The store cannot be read or written (a file, read-only, full). Exit code 5."""

    exit_code = 5


class TrainingError(Exception):
    """Training raised something, which is `cause`, after `iterations_done` updates."""

    def __init__(self, cause: Exception | SystemExit, iterations_done: int) -> None:
        super().__init__(f"{type(cause).__name__} after {iterations_done} updates")
        self.cause, self.iterations_done = cause, iterations_done


class SgbenchWarning(UserWarning):
    """Warning of the Python functions; a command prints the same line on stderr."""


def one_line(text: str) -> str:
    r"""Return `text` on one line, without what a terminal would act on.

    >>> one_line("a\n b \x1b[2J")
    'a b [2J'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def did_you_mean(name: object, choices: Iterable[object]) -> str:
    """Return the tail of an error about an unknown `name`: the nearest choice, or all of them.

    Case does not count for what is near, as it does for what is known. Choices that are equally
    near are all told.

    >>> did_you_mean("cdnni", ["dni", "cdni"])
    "; did you mean 'cdni'?"
    >>> did_you_mean("t", ["depth", "T"])
    "; did you mean 'T'?"
    >>> did_you_mean("x", ["dni", "cdni"])
    '; choose from: dni, cdni'
    >>> did_you_mean("bprop", ["no_bprop", "backprop", "bptt"])
    "; did you mean 'no_bprop' or 'backprop'?"
    """
    known, typed = [str(choice) for choice in choices], str(name).casefold()
    likeness = [difflib.SequenceMatcher(None, one.casefold(), typed).ratio() for one in known]
    most = max(likeness, default=0.0)
    if most < NEAR:
        return f"; choose from: {', '.join(known)}"
    near = [repr(one) for one, alike in zip(known, likeness, strict=True) if alike == most]
    return f"; did you mean {' or '.join(near)}?"


def exhausted(error: BaseException) -> bool:
    """Tell whether an error that training raised says that memory is short."""
    words = str(error).lower()
    torch_says = "can't allocate memory" in words or "out of memory" in words
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and torch_says)
