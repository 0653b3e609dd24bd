"""Checkpoints: the state of each of a program's cells in a file, replaced atomically.

A file is a SHA-256 and what torch saved, read with `weights_only`, so nothing in it can execute.
One that is torn, damaged, foreign or made by another configuration is ignored: the program then
starts from its beginning.
"""

import hashlib
import io
import os
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch

FORMAT = 4
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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(bytes(_DIGEST))  # until it is known
            body: Any = _Hashing(file)
            try:
                torch.save({"format": FORMAT, "identity": identity, "state": state}, body)
            except RuntimeError as error:  # torch's writer has its own for what ours raises
                raise body.failed or error from None
            file.seek(0)
            file.write(body.digest.digest())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class _Hashing(io.RawIOBase):
    """A file that is written and hashed at once: a state of gigabytes is never held twice."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()
        self.failed: OSError | None = None

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any, /) -> int:
        """Write and hash; return how many bytes that is."""
        self.digest.update(data)
        try:
            return self._file.write(data)
        except OSError as error:
            self.failed = error
            raise


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
