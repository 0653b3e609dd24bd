"""Checkpoints: a program's whole state in one file, replaced atomically.

The file is a SHA-256 and what torch saved, read with `weights_only`, so nothing in it can execute.
One that is torn, damaged, foreign or made by another configuration is ignored: the program then
starts from its beginning.
"""

import hashlib
import io
import os
from pathlib import Path
from typing import Any, cast

import torch

FORMAT = 3
_DIGEST = hashlib.sha256().digest_size


def save(path: Path, identity: str, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, strings, lists, dicts) durably.

    Args:
        path: the file; its folder is made.
        identity: what must be the same for the state to be of use (ids, machine class).
        state: what `load` returns.

    Raises OSError; then the file is what it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "identity": identity, "state": state}, buffer)
    body = buffer.getbuffer()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(hashlib.sha256(body).digest())
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path, *identities: str) -> dict[str, Any] | None:
    """Return the state that `save` wrote for one of `identities`, on the CPU, or None."""
    try:
        data = memoryview(path.read_bytes())
        digest, body = bytes(data[:_DIGEST]), data[_DIGEST:]
        if hashlib.sha256(body).digest() != digest:  # torch would not notice a flipped bit
            return None
        saved: Any = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
        if type(saved) is not dict:
            return None
        found = cast("dict[str, Any]", saved)
        fits = found["format"] == FORMAT and found["identity"] in identities
        return found["state"] if fits else None
    except Exception:  # a foreign file makes torch raise almost anything
        return None
