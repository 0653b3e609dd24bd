"""One timing at a time on a machine: a lock that the system lets go when its holder ends.

What two timings would do to each other no number of rounds takes out again.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from ..errors import UsageError

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there
    fcntl = None


FOLDER = Path("/tmp")
"""Of all users: TMPDIR would give each job of a batch system its own."""


def lock_file() -> Path:
    """Return the file that is locked: one for all users of the machine, whatever their TMPDIR."""
    shared = os.access(FOLDER, os.W_OK | os.X_OK)
    return (FOLDER if shared else Path(tempfile.gettempdir())) / "sgbench-timing.lock"


@contextmanager
def machine_lock(command: str) -> Generator[None]:
    """Hold the machine's lock inside; UsageError, which says who holds it, where another does.

    Args:
        command: what is said of this process to others.
    """
    if fcntl is None:
        yield
        return
    path = lock_file()
    handle = _open(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"{_holder(path)} times on this machine already: wait for its end, or end it"
            ) from None
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        held = {"pid": os.getpid(), "command": command, "since": since}
        with contextlib.suppress(OSError):  # another user's file can be locked, but not written
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(held).encode(), 0)
        yield
    finally:
        os.close(handle)  # and the lock with it; the file stays, for who waits has opened it


def _open(path: Path) -> int:
    """Open the file, made if it is missing, for this user and for all others."""
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
            with contextlib.suppress(OSError):
                path.chmod(0o666)  # whatever the umask
        try:
            return os.open(path, os.O_RDWR)
        except PermissionError:
            return os.open(path, os.O_RDONLY)
    except OSError as error:
        raise UsageError(
            f"{path}, which keeps timings apart, cannot be opened: {error.strerror}; remove it"
        ) from None


def _holder(path: Path) -> str:
    """Return who holds the lock, in words."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        held = cast("dict[str, Any]", found)
        return f"process {held['pid']} ({held['command']}), since {held['since']},"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
