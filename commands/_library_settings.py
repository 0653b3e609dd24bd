"""Settings of libraries in the user's environment and files: set aside, or told of where broken."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from ..bench.errors import one_line

PACKAGE = __name__.partition(".")[0]
_PREFIXES = {"distributed": ("DASK_",), "numpy": ("NUMPY_", "NPY_"), "torch": ("TORCH", "PYTORCH_")}


def set_aside() -> None:
    """Keep settings for matplotlib, which decide nothing here, from stopping this process.

    It is told to draw without a window, as what a Jupyter kernel tells its children may not be
    installed; its files of settings are not read, but for one in the working folder, which it
    always reads first; and files bear no date.
    """
    os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
    os.environ.pop("SOURCE_DATE_EPOCH", None)


def unloadable(error: Exception) -> str | None:
    """Return one line on a library that `error` kept from being imported; None of other errors.

    It names the file that the library was reading and the variables that may be to blame.
    """
    frames = list(_frames(error))
    ours = [index for index, frame in enumerate(frames) if _root(frame) == PACKAGE]
    frames = frames[ours[-1] + 1 :] if ours else frames
    known = (*sys.stdlib_module_names, "__main__")
    importing = [f for f in frames if f.f_code.co_name == "<module>" and _root(f) not in known]
    if not importing:
        return None
    library = _root(importing[-1])
    culprits = [*_variables(library, str(error)), *_files(frames)]
    if isinstance(error, ImportError) and not culprits:
        remedy = "install sgbench's requirements anew"
    else:
        remedy = f"mend or remove its settings ({', '.join(culprits) or 'variables or files'})"
    return f"{library} cannot be loaded: {one_line(str(error)):.300}; {remedy}"


def _frames(error: Exception) -> Iterator[FrameType]:
    """Yield the frames from where an error was caught to where it was raised."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def _root(frame: FrameType) -> str:
    """Return the top-level package of a frame's code."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _variables(library: str, message: str) -> list[str]:
    """Return the variables that are the library's by name, or whose value the message quotes."""
    prefixes = _PREFIXES.get(library, (f"{library.upper()}_",))
    return [
        name
        for name, value in sorted(os.environ.items())
        if name.startswith(prefixes) or (value and repr(value) in message)
    ]


def _files(frames: list[FrameType]) -> list[str]:
    """Return the file that a library was reading: one that its functions name, and not its own."""
    for frame in reversed(frames):
        for value in frame.f_locals.values():
            if not isinstance(value, str | Path) or len(str(value)) > 1000:
                continue
            path = Path(value)
            try:
                readable = path.is_file() and "site-packages" not in path.parts
            except (OSError, ValueError):
                continue
            if readable and path.suffix != ".py":
                return [str(path.absolute())]
    return []
