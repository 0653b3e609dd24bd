"""Checkpoints: a program's whole state in one file, replaced atomically.

The file is torch's, read with `weights_only`, so nothing in it can execute. One that is torn,
foreign or made by another configuration is ignored: the program then starts from its beginning.
"""

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

FORMAT = 1


def save(path: Path, identity: str, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, strings, lists, dicts) durably.

    Args:
        path: the file; its folder is made.
        identity: what must be the same for the state to be of use (ids, machine class).
        state: what `load` returns.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            torch.save({"format": FORMAT, "identity": identity, "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path, identity: str) -> dict[str, Any] | None:
    """Return the state that `save` wrote for `identity`, on the CPU, or None."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if saved["format"] == FORMAT and saved["identity"] == identity:
            return saved["state"]
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError):
        return None
    except (pickle.UnpicklingError, zipfile.BadZipFile):
        return None
    return None
