"""Cores for stages: which this process may use, and pinning it to one of them."""

import contextlib
import os
from collections import Counter
from pathlib import Path


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
