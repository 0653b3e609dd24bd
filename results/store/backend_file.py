"""The matrix-product back-end of each machine: measured once, then kept beside the records.

It is one small JSON file a machine. It must not change, because results would change in their last
bits with it.
"""

import json
from typing import Any, cast

from ...bench.errors import StoreError
from ..files.atomic_io import write_atomic, writing
from .store import Store


def read(store: Store, machine: str) -> dict[str, Any] | None:
    """Return the values that `write` stored for `machine`; None where there are none to be read."""
    try:
        kept: Any = json.loads(store.machine_file(machine).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(kept, dict):
        return None
    values: dict[str, Any] = dict(cast("dict[str, Any]", kept))
    named = isinstance(values.get("torch"), str) and isinstance(values.get("matmul"), str)
    error: Any = values.get("matmul_error", "")
    return values if named and (error is None or isinstance(error, float)) else None


def write(store: Store, machine: str, values: dict[str, Any]) -> None:
    """Store `values` for `machine`, durably.

    Raises StoreError where the store cannot be written or is open for reading only.
    """
    if store.read_only:
        raise StoreError(f"store {store.path} can only be read: give another --store")
    data = json.dumps(values, indent=2, sort_keys=True).encode() + b"\n"
    with writing(store.path):
        write_atomic(store.machine_file(machine), data)
