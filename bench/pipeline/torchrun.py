"""Stages on several machines: each is a process that `torchrun` started.

All run the same command. That of rank 0 is the driver, whose stage is a process of its own; the
others serve as stages and nothing else. They meet at torchrun's store.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

from ..errors import UsageError
from . import process
from .cores import cores, pin
from .messages.stores import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Generator


def rank() -> int | None:
    """Return the rank of this process in a job of torchrun; None where there is no such job."""
    return int(os.environ["RANK"]) if "TORCHELASTIC_RUN_ID" in os.environ else None


def check(stages: int) -> None:
    """Raise UsageError where torchrun started another number of processes."""
    started = int(os.environ["WORLD_SIZE"])
    if started != stages:
        raise UsageError(
            f"stages={stages}, but torchrun started {started} processes: give --nnodes and"
            f" --nproc-per-node whose product is {stages}, or select such cells"
        )


def host() -> str:
    """Return the host of the store of torchrun's job."""
    return os.environ["MASTER_ADDR"]


def store() -> tuple[Store, int]:
    """Return the store of torchrun's job, and its port."""
    of_the_agent = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    port, first = int(os.environ["MASTER_PORT"]), rank() == 0
    return open_store(host(), port, serve=first and not of_the_agent)


def serve(data_dir: str | None) -> int:
    """Be the stage of this process, and return its exit code.

    Args:
        data_dir: where data files are on this machine; where the driver has them if None.
    """
    found, _ = store()
    available = cores()
    if available:
        pin(available[int(os.environ["LOCAL_RANK"]) % len(available)])
    from .messages.wires import GlooWires

    size = int(os.environ["WORLD_SIZE"])
    code = process.serve(found, rank() or 0, size, wires=GlooWires, data_dir=data_dir)
    os._exit(code)  # threads of the process group may still wait for a neighbour


@contextlib.contextmanager
def dismissing() -> Generator[None]:
    """Let the other processes end where the command inside had no cell for them."""
    try:
        yield
    finally:
        with contextlib.suppress(Exception):
            found, _ = store()
            if not found.check(["job/0"]):
                found.set("job/0", json.dumps(None))
