"""Data files: where they are looked for, their hashes, and the errors about bad ones."""

import functools
import gzip
import hashlib
import importlib.util
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, cast

from ...errors import DataError, UsageError, one_line
from ...paths import expand_home

NOWHERE = Path(os.devnull, "no-home-folder")
"""The data folder of a user who has no home and names none: nothing can be in it."""
HOMELESS = "there is no home folder (HOME is not set), so no cache folder"
UNREADABLE = (OSError, EOFError)  # a cut-off gzip stream ends in EOFError


def resolve(data_dir: Path | str | None) -> Path:
    """Return the data folder: `data_dir`, else SGBENCH_DATA, else the user's cache folder.

    It is NOWHERE for a user without a home folder. Raises UsageError where there cannot be one, or
    it is not to be searched.
    """
    given = data_dir or os.environ.get("SGBENCH_DATA")
    folder = expand_home(given, "--data-dir") if given else cache_folder() or NOWHERE
    try:
        (folder / "any").stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        why = f"--data-dir {folder} cannot be searched ({error.strerror})"
        raise UsageError(f"{why}; name another folder") from error
    return folder


def cache_folder() -> Path | None:
    """Return the user's cache folder for sgbench; `fetch` fills it unless told otherwise.

    None for a user without a home folder: HOME is not set, and nobody has the process's uid.
    """
    import platformdirs  # pooch's os_cache is this call, behind a slow import

    try:
        folder = platformdirs.user_cache_path("sgbench")
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None  # older platformdirs leave the ~ in it


def need_folder(folder: Path) -> None:
    """Raise UsageError where a data folder is NOWHERE, and files are to be put into it."""
    if folder == NOWHERE:
        raise UsageError(f"{HOMELESS}; name the folder that files go to by --data-dir")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file at `path`, in hexadecimal; OSError where it is unreadable."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def identity(path: Path) -> tuple[Path, int, int]:
    """Return what changes when the file at `path` does: the path, its size, its time."""
    stat = path.stat()
    return path, stat.st_size, stat.st_mtime_ns


def sha256_once(path: Path) -> str:
    """Return `sha256_of(path)`, from memory where this process has hashed the unchanged file."""
    return _remembered(*identity(path))


@functools.lru_cache(maxsize=32)
def _remembered(path: Path, _size: int, _time: int) -> str:
    return sha256_of(path)


def digest(hashes: Iterable[str]) -> str:
    """Return one identity, 16 hexadecimal digits, for contents that have these SHA-256s."""
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]


def find(folders: Sequence[Path], names: Iterable[str]) -> Path | None:
    """Return the first file with one of `names`, folder by folder; None where there is none."""
    candidates = (folder / name for name in names for folder in folders)
    return next((path for path in candidates if path.is_file()), None)


def folders_called(folder: Path, fits: Callable[[str], bool]) -> list[Path]:
    """Return the folders in `folder` whose name fits in lower case and without - and _, by name."""

    def fitting(path: Path) -> bool:
        return fits(path.name.casefold().replace("-", "").replace("_", "")) and path.is_dir()

    return sorted(filter(fitting, folder.glob("*")))


def installed(package: str, *parts: str) -> list[Path]:
    """Return where the file or folder `parts` of an installed package may be, without importing it.

    Importing a package only to learn its folder can take longer than many a demo cell trains.
    """
    spec = importlib.util.find_spec(package)
    roots = spec.submodule_search_locations if spec else None
    return [Path(root, *parts) for root in roots or []]


def open_maybe_gzip(path: Path) -> IO[bytes]:
    """Open `path` for reading, unpacked on the way where its name ends in .gz."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def missing(dataset: str, files: Sequence[str], folders: Iterable[Path]) -> DataError:
    """Return the error about `files` that are in none of `folders`, with the remedy."""
    folders = list(folders)
    if any(NOWHERE in (folder, *folder.parents) for folder in folders):
        return DataError(
            f"{dataset}: {', '.join(files)} not found: {HOMELESS}; point --data-dir or SGBENCH_DATA"
            " at the files"
        )
    looked = ", ".join(str(folder) for folder in folders)
    return DataError(
        f"{dataset}: {', '.join(files)} not found (looked in {looked}); run"
        f" `sgbench data fetch {dataset}`, or point --data-dir or SGBENCH_DATA at the files"
    )


def corrupt(dataset: str | None, path: Path, why: str, expected: str | None = None) -> DataError:
    """Return the error about a bad file, with the SHA-256 that was expected and the remedy.

    `dataset` is the dataset that it belongs to; None for own data, which cannot be fetched.
    """
    published = f" (published SHA-256 {expected})" if expected else ""
    why = one_line(why)  # a reader's own words may quote what it read
    remedy = f"remove it and run `sgbench data fetch {dataset}`" if dataset else "replace it"
    return DataError(f"{path} is corrupt: {why}{published}; {remedy}")


def foreign(dataset: str | None, path: Path, why: str, expected: str | None = None) -> DataError:
    """Return the error about a sound file that is not the dataset's: of another set, most likely.

    `dataset` is the dataset that was asked for; None for own data, of which nothing is published.
    """
    if dataset is None:
        return corrupt(None, path, why)
    published = f" (published SHA-256 {expected})" if expected else ""
    own = "--set corpus=FILE" if dataset == "ptb" else "--dataset-file"
    return DataError(
        f"{path} is not {dataset}'s published file: {one_line(why)}{published}; point"
        f" --data-dir elsewhere, bring it as data of your own ({own}), or, if it is damaged, remove"
        f" it and run `sgbench data fetch {dataset}`"
    )


def mismatch(dataset: str, path: Path, found: str, expected: str) -> DataError:
    """Return the error about a file whose SHA-256 is not the published one."""
    return foreign(dataset, path, f"its content has SHA-256 {found}", expected)
