"""Downloads, by pooch: checked by SHA-256, moved into place whole, with progress on stderr."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from .files import sha256_of

if TYPE_CHECKING:
    from rich.progress import TaskID

CHUNK = 1 << 16  # pooch reads in pieces of this many bytes
TIMEOUT = 30  # seconds without an answer


def download(dataset: str, urls: Sequence[str], sha256: str, path: Path) -> None:
    """Put the file with that SHA-256 at `path`, from the first of `urls` that has it.

    A file that is there and right is left alone; one that is there and wrong is replaced.
    Raises DataError, with each URL's reason and the remedy, where no URL gives the file.
    """
    if path.is_file() and sha256_of(path) == sha256:
        print(f"{path} is there and verified", file=sys.stderr)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"cannot make the folder {path.parent} ({error.strerror}); choose one with --data-dir"
        ) from error
    reasons: list[str] = []
    for url in urls:
        print(f"fetching {url}", file=sys.stderr)
        try:
            _retrieve(url, sha256, path)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            reasons.append(f"{url}: {_reason(error)}")
        else:
            return
    raise DataError(
        f"cannot fetch {dataset}'s {path.name} ({'; '.join(reasons)}); download it by hand into"
        f" {path.parent} (SHA-256 {sha256}), or point --data-dir at a folder that has {dataset}"
    )


def _retrieve(url: str, sha256: str, path: Path) -> None:
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)  # what is fetched is said above, once
    make: Any = pooch.HTTPDownloader  # its stub knows no bars but tqdm's
    with _Bar(path.name) as bar:
        downloader = make(progressbar=bar, chunk_size=CHUNK, timeout=TIMEOUT)
        pooch.retrieve(url, f"sha256:{sha256}", path.name, path.parent, downloader=downloader)


def _reason(error: OSError | ValueError) -> str:
    """Return why a download failed, in a few words on one line."""
    kind = type(error).__name__
    if isinstance(error, ValueError) and "does not match the known hash" in str(error):
        _, _, hashes = str(error).partition("expected ")
        return "wrong file: expected SHA-256 " + hashes.split(". ")[0]
    if kind in {"ConnectionError", "ConnectTimeout", "ReadTimeout", "SSLError", "ProxyError"}:
        return f"no connection ({kind})"
    return " ".join(str(error).split()) or kind


class _Bar:
    """The progress bar that pooch drives, drawn by rich; nothing where stderr is no terminal."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task: TaskID = self._progress.add_task(name, total=None)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @property
    def total(self) -> int:
        """Bytes to come, as the server says; 0 where it does not."""
        return int(self._progress.tasks[0].total or 0)

    @total.setter
    def total(self, total: int) -> None:
        self._progress.update(self._task, total=total or None)

    def update(self, size: int) -> None:
        """Count `size` more bytes."""
        self._progress.advance(self._task, size)

    def reset(self) -> None:
        """Start again from 0 bytes (pooch does so before it fills the bar up)."""
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        """Draw the bar for the last time."""
        self._progress.refresh()
