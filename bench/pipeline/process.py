"""The process of a stage: it joins the others, and trains what it is told until it is told to end.

    python -m sgbench.bench.pipeline.process HOST PORT RANK SIZE CORE FOLDER PIPES

PIPES are, for each neighbour, its rank and the descriptors to read from and to write to; with them
and the FOLDER, messages go through shared memory. The process ends when its standard input does:
with the one that started it.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SgbenchError
from .cores import pin
from .messages.stores import Store, join, open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from .messages.wires import Wires

FOREVER = datetime.timedelta(days=1)
"""How long it waits for the next cell."""


def serve(
    store: Store,
    rank: int,
    size: int,
    *,
    wires: Callable[[], Wires],
    data_dir: str | None = None,
) -> int:
    """Train what the store says until it says to end; return an exit code.

    Args:
        store: shared with the process that hands out the cells.
        rank: of this stage.
        size: the number of stages.
        wires: makes what joins it to its neighbours, once there is something to train.
        data_dir: where data files are on this machine; where the cell's driver has them if None.
    """
    store.wait(["job/0"], FOREVER)
    if json.loads(store.get("job/0")) is None:
        return 0
    from . import session

    join(store, rank, size)
    joined = wires()
    number = 0
    while True:
        store.wait([f"job/{number}"], FOREVER)
        job: dict[str, Any] | None = json.loads(store.get(f"job/{number}"))
        if job is None:
            return 0
        if data_dir is not None:
            job["data_dir"] = data_dir
        told = _Progress(store, number)
        try:
            found = session.run(job, rank, size, joined, told)
        except Exception as error:
            cause = error.__cause__ or error  # torch's schedules wrap what a layer raises
            reason = " ".join(f"{type(cause).__name__}: {cause}".split())
            answer = {"error": reason, "usage": None, "at": time.time()}
            if isinstance(error, SgbenchError):
                answer["usage"] = str(error)
            store.set(f"result/{number}/{rank}", json.dumps(answer))
            return 1
        store.set(f"result/{number}/{rank}", json.dumps(found))
        number += 1


class _Progress:
    """Tells the driver how far a run is, now and then."""

    def __init__(self, store: Store, number: int) -> None:
        self.store, self.key, self.told = store, f"progress/{number}", 0.0

    def __call__(self, iteration: int) -> None:
        if time.perf_counter() - self.told > 0.5:
            self.told = time.perf_counter()
            self.store.set(self.key, str(iteration))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main(arguments: list[str]) -> int:
    """Join the stages and serve."""
    host, port, rank, size, core, folder, *pipes = arguments
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if int(core) >= 0:
        pin(int(core))
    store, _ = open_store(host, int(port), serve=False)

    def wires() -> Wires:
        from .messages.wires import GlooWires, SharedWires

        numbers = iter(map(int, pipes))
        known = {peer: (read, write) for peer, read, write in zip(*[numbers] * 3, strict=True)}
        if not folder:
            return GlooWires()
        return SharedWires(int(rank), int(size), folder=Path(folder), pipes=known, store=store)

    return serve(store, int(rank), int(size), wires=wires)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads of the process group may still wait for a neighbour
