"""The process of a stage: it joins the others, and trains what it is told until it is told to end.

    python -m sgbench.bench.pipeline.process HOST PORT RANK SIZE CORE FOLDER PIPES

PIPES are, for each neighbour, its rank and the descriptors to read from and to write to; with them
and the FOLDER, messages go through shared memory. The process ends when its standard input does:
with the one that started it.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SgbenchError
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


def cores() -> list[int]:
    """Return the processors that this process may use; empty where the system does not tell.

    One of each core comes before the second thread of any.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    seen, order = Counter[str](), dict[int, tuple[int, int]]()
    for number in sorted(os.sched_getaffinity(0)):
        file = Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")
        core = str(number)
        with contextlib.suppress(OSError):
            core = file.read_text(encoding="ascii")
        order[number] = seen[core], number
        seen[core] += 1
    return sorted(order, key=order.__getitem__)


def own_core() -> int | None:
    """Return the core that this process is pinned to; None where it may use several."""
    available = cores()
    return available[0] if len(available) == 1 else None


def pin(core: int) -> None:
    """Run on one core only, where the system can be told so."""
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {core})


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
