"""The key-value store that stages and driver share, and by which processes find each other."""

from __future__ import annotations

import datetime
from typing import Any, Protocol

from ...errors import UsageError

WAIT_SECONDS = 120.0
"""How long it is waited for."""
JOIN_SECONDS = 600.0
"""How long a process waits for the others, to join and where all have to come."""


class Store(Protocol):
    """A key-value store of torch.distributed."""

    def set(self, key: str, value: str) -> None:
        """Set a value."""
        ...

    def get(self, key: str) -> bytes:
        """Return a value, and wait for it."""
        ...

    def check(self, keys: list[str]) -> bool:
        """Tell whether all keys are there."""
        ...

    def wait(self, keys: list[str], timeout: datetime.timedelta) -> None:
        """Wait until all keys are there."""
        ...


def open_store(host: str, port: int, *, serve: bool) -> tuple[Store, int]:
    """Return a store and its port.

    Args:
        host: where it is.
        port: where it is; 0 for any that is free, where it is served.
        serve: whether this process serves it to the others.

    Raises UsageError where it is not there in time, or its port is taken.
    """
    import torch.distributed as dist

    module: Any = dist
    try:
        found = module.TCPStore(
            host,
            port,
            is_master=serve,
            wait_for_workers=False,
            timeout=datetime.timedelta(seconds=WAIT_SECONDS),
        )
    except RuntimeError as error:
        verb, reason = "serve" if serve else "reach", str(error).splitlines()[0]
        raise UsageError(
            f"stages cannot {verb} their store at {host}:{port} ({reason}): give torchrun another"
            " --rdzv-endpoint HOST:PORT, or end what holds the port"
        ) from None
    return found, int(found.port)


def join(store: Store, rank: int, size: int) -> None:
    """Make the group of processes by which stages exchange messages."""
    import torch.distributed as dist

    module: Any = dist
    module.init_process_group(
        "gloo",
        store=module.PrefixStore("stages", store),
        rank=rank,
        world_size=size,
        timeout=datetime.timedelta(seconds=JOIN_SECONDS),
    )
