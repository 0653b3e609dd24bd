"""What was measured once about a machine and must not change: the choice of its back-end.

One small JSON file a machine, beside the records; a choice that flipped would flip their bits.
"""

import json
from typing import Any, cast

from ...bench.errors import StoreError
from .atomic_io import write_atomic
from .store import Store


def read(store: Store, machine: str) -> dict[str, Any] | None:
    """Return what `write` kept for `machine`, None where there is nothing or it is not readable."""
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
    """Keep `values` for `machine`, durably. Raises StoreError where the store is not writable."""
    data = json.dumps(values, indent=2, sort_keys=True).encode() + b"\n"
    try:
        write_atomic(store.machine_file(machine), data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"store {store.path} cannot be written: {reason};"
            " make it writable or give another --store"
        ) from error
