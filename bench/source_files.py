"""Source files of rules and datasets: their hashes, and the modules that they become."""

import functools
import hashlib
import importlib
import importlib.metadata
import linecache
import re
import sys
import traceback
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from .errors import UsageError


@dataclass(frozen=True, slots=True)
class ExternalFile:
    """The file of an external rule or dataset: plain text, so that it travels to workers.

    Attributes:
        kind: `rule` or `dataset`.
        name: what it is called, its file's stem.
        path: the file, for messages.
        text: its content.
    """

    kind: str
    name: str
    path: str
    text: str

    @property
    def hash(self) -> str:
        """Hash of the content, 16 hexadecimal digits: part of every id of its cells."""
        return hash_of(self.text.encode())


def hash_of(content: bytes) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a source file's content."""
    return hashlib.sha256(content).hexdigest()[:16]


@functools.cache
def hash_of_module(module: ModuleType) -> str | None:
    """Return the hash of an installed module's source; None where it has no file.

    In a package, every Python file in the folder of the module counts, and in those below: it may
    import them. The files are read once, as the module was.
    """
    if module.__file__ is None:
        return None
    file = Path(module.__file__)
    if not module.__package__:
        return hash_of(file.read_bytes())
    files = {path.relative_to(file.parent).as_posix(): path for path in file.parent.rglob("*.py")}
    parts = [f"{name} {hash_of(path.read_bytes())}" for name, path in sorted(files.items())]
    return hash_of("\n".join(parts).encode())


def imported(module: str, what: str) -> ModuleType:
    """Return the module of that name; UsageError, which says `what`, where it does not import."""
    try:
        return importlib.import_module(module)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"{what} does not import: {where(error)}") from error


def executed(source: ExternalFile) -> ModuleType:
    """Return the module of a Python file's content; UsageError with the line where it fails."""
    module = ModuleType(f"sgbench_{source.kind}_{source.name}_{source.hash}")
    module.__file__ = source.path
    sys.modules[module.__name__] = module  # what a dataclass in it looks itself up in
    lines = source.text.splitlines(keepends=True)
    linecache.cache[source.path] = (len(source.text), None, lines, source.path)
    try:
        exec(compile(source.text, source.path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise UsageError(f"{source.path} does not import: {where(error, source.path)}") from error
    return module


def line_in(paths: Collection[str], error: BaseException) -> str:
    """Return the last line in one of the files through which an error came; empty for none."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in paths]
    if not frames:
        return ""
    return f"{Path(frames[-1].filename).name} line {frames[-1].lineno}: {frames[-1].line}: "


def where(error: BaseException, path: str | None = None) -> str:
    """Return an import's error on one line, with the file's line where it was raised."""
    words = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, SyntaxError):
        words = f"{type(error).__name__}: {error.msg}"
        return f"line {error.lineno}: {(error.text or '').strip()}: {words}"
    frames = traceback.extract_tb(error.__traceback__)
    frames = [f for f in frames if f.filename == path] if path else list(frames)
    if not frames:
        return words
    return f"line {frames[-1].lineno}: {(frames[-1].line or '').strip()}: {words}"


def is_package(name: str) -> bool:
    """Tell whether Python itself, or a package that sgbench imports, has a module of that name."""
    return name in sys.stdlib_module_names or name in _requirements()


@functools.cache
def _requirements() -> frozenset[str]:
    """Return the names of the packages that sgbench imports, and its own."""
    try:
        found = importlib.metadata.requires("sgbench") or ()
    except importlib.metadata.PackageNotFoundError:  # run from a folder that is not installed
        found = ()
    names = (re.match(r"[A-Za-z0-9_-]+", line) for line in found)
    return frozenset({"sgbench", *(m[0].lower().replace("-", "_") for m in names if m)})
